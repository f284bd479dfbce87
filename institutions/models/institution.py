"""An institution, its sites, what it is qualified for, and what it can measure there."""

from datetime import date
from decimal import Decimal

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


class Site(TenantModel):
    """场所: a place named on a qualification, where measurements are made."""

    name = models.CharField(_("场所"), max_length=60)
    address = models.CharField(_("地址"), max_length=200)

    def __str__(self):
        return self.name


class ValidQuerySet(TenantQuerySet):
    def valid_on(self, day: date):
        """Rows in force on that day; an open end is in force for good."""
        return self.filter(valid_from__lte=day).filter(models.Q(valid_until=None) | models.Q(valid_until__gte=day))


class Qualification(TenantModel):
    """资质: a licence, accreditation or authorisation with its validity."""

    class Kind(models.TextChoices):
        BUSINESS_LICENCE = "business_licence", _("营业执照")
        CNAS = "cnas_accreditation", _("实验室认可证书")
        LEGAL_INSTITUTION = "legal_metrology_institution", _("法定计量检定机构授权")
        AUTHORISATION = "metrology_authorisation", _("计量授权证书")

    kind = models.CharField(_("种类"), max_length=40, choices=Kind)
    number = models.CharField(_("证书编号"), max_length=80)
    issuer = models.CharField(_("发证机关"), max_length=100)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ValidQuerySet.as_manager()

    def __str__(self):
        return f"{self.get_kind_display()} {self.number}"

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    @property
    def permits_verification(self) -> bool:
        """Whether verifications for others may rest on it. Source: C-4.1.2-c-s1."""
        return self.kind in (self.Kind.LEGAL_INSTITUTION, self.Kind.AUTHORISATION)


class ScopeItem(TenantModel):
    """能力范围 line: instrument, quantity, method, range and site, with the CMC as a + b·|x| in the unit of the range."""

    class State(models.TextChoices):
        ACTIVE = "active", _("有效")
        SUSPENDED = "suspended", _("已暂停")

    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    qualification = models.ForeignKey(Qualification, on_delete=models.PROTECT, verbose_name=_("依据资质"))
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("场所"))
    method = models.ForeignKey("institutions.Method", on_delete=models.PROTECT, verbose_name=_("方法"))
    instrument = models.CharField(_("测量仪器"), max_length=80)
    measurand = models.CharField(_("被测量"), max_length=60)
    field = models.CharField(_("专业领域"), max_length=30)
    range_low = models.DecimalField(_("下限"), max_digits=24, decimal_places=12)
    range_high = models.DecimalField(_("上限"), max_digits=24, decimal_places=12)
    unit = models.CharField(_("单位"), max_length=30)
    cmc_constant = models.DecimalField(_("CMC 常数项 a"), max_digits=24, decimal_places=12)
    cmc_slope = models.DecimalField(_("CMC 比例项 b"), max_digits=24, decimal_places=12, default=0)
    valid_from = models.DateField(_("生效日期"))
    valid_until = models.DateField(_("失效日期"), null=True, blank=True)

    objects = ValidQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(range_low__lte=models.F("range_high")), name="scope_range_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(cmc_constant__gt=0) | models.Q(cmc_slope__gt=0), name="scope_cmc_is_positive"
            ),
        ]

    def __str__(self):
        return f"{self.instrument} {self.measurand} ({self.range_low.normalize():f}～{self.range_high.normalize():f})"

    def covers(self, point: Decimal) -> bool:
        """Whether the point, in the unit of the line, lies inside the range, limits included."""
        return self.range_low <= point <= self.range_high

    def cmc_at(self, point: Decimal) -> Decimal:
        """The smallest expanded uncertainty (k = 2) the line allows at the point, in its unit."""
        return self.cmc_constant + self.cmc_slope * abs(point)


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
