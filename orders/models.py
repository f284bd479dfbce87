"""From a customer's wish to a sample on the bench."""

from datetime import date

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institutions.models import Customer
from portal.tenancy import TenantModel


class Item(TenantModel):
    """样品: a customer's instrument received for verification or calibration, with what was agreed about it."""

    class State(models.TextChoices):
        RECEIVED = "received", _("已接收")
        IN_LAB = "in_lab", _("检校中")
        DONE = "done", _("已完成")

    class Activity(models.TextChoices):
        CALIBRATION = "calibration", _("校准")
        VERIFICATION = "verification", _("检定")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.RECEIVED)
    number = models.CharField(_("样品编号"), max_length=30, editable=False)
    order_number = models.CharField(_("委托单号"), max_length=30)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, verbose_name=_("客户"))
    activity = models.CharField(_("服务类别"), max_length=12, choices=Activity)
    name = models.CharField(_("器具名称"), max_length=80)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    model = models.CharField(_("型号规格"), max_length=80)
    serial_number = models.CharField(_("出厂编号"), max_length=60)
    manufacturer = models.CharField(_("制造单位"), max_length=100)
    condition = models.CharField(_("样品状态"), max_length=200, default=_("外观完好，功能正常"))
    received_on = models.DateField(_("接收日期"))
    promised_on = models.DateField(_("承诺完成日期"))
    decision_rule = models.CharField(
        _("判定规则"), max_length=30, blank=True, help_text=_("客户要求作符合性声明时，合同评审约定的规则")
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "number"], name="item_number_once")]

    def __str__(self):
        return f"{self.number} {self.name}"

    def get_absolute_url(self):
        return reverse("orders:item", args=[self.institution.slug, self.ref])

    @staticmethod
    def overdue_on(day: date) -> models.Q:
        """Items that were promised before that day and are not done."""
        return models.Q(promised_on__lt=day) & ~models.Q(state=Item.State.DONE)
