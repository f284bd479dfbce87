"""An institution, and those whose instruments it measures."""

from datetime import date

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel, TenantQuerySet


class Institution(models.Model):
    """计量技术机构, the tenant. Holds public facts only, because every other institution may read this table."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("机构名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=150, blank=True)
    short_code = models.CharField(_("编号代码"), max_length=8, unique=True)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    region_code = models.CharField(_("行政区划代码"), max_length=12)
    address = models.CharField(_("地址"), max_length=200)
    address_en = models.CharField(_("英文地址"), max_length=250, blank=True)
    postcode = models.CharField(_("邮编"), max_length=10, blank=True)
    phone = models.CharField(_("电话"), max_length=40)
    complaint_phone = models.CharField(_("投诉电话"), max_length=40)

    protection = "no_delete"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("institutions:today", args=[self.slug])

    @property
    def institution_id(self) -> int:
        """Its own, so that acts on it are audited like those on its rows."""
        return self.pk


class ValidQuerySet(TenantQuerySet):
    def valid_on(self, day: date):
        """Rows in force on that day; an open end is in force for good."""
        return self.filter(valid_from__lte=day).filter(models.Q(valid_until=None) | models.Q(valid_until__gte=day))


class Customer(TenantModel):
    """送检单位 or client: whose instruments are measured."""

    audit_omits = ("contact", "phone")

    name = models.CharField(_("客户名称"), max_length=100)
    address = models.CharField(_("客户地址"), max_length=200, blank=True)
    contact = models.CharField(_("联系人"), max_length=60, blank=True)
    phone = models.CharField(_("联系电话"), max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "name"], name="customer_name_once")]

    def __str__(self):
        return self.name
