"""期间核查: what is checked between two calibrations, against which limit, and what came out."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .equipment import Equipment


class CheckPlan(RegisterRow):
    """核查方案: the quantity, the check standard, the rule and its figures. Source: C-5.5.3, D-4.4.3.5."""

    class Rule(models.TextChoices):
        LIMIT = "limit", _("与参考值之差不超过限值")
        H_VALUE = "h_value", _("H 值：差值与合成不确定度之比不大于 1")
        CHART = "chart", _("控制图：均值 ± 3 倍标准偏差")

    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, related_name="check_plans", verbose_name=_("被核查设备")
    )
    check_standard = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("核查标准")
    )
    quantity = models.CharField(_("核查参数"), max_length=60)
    unit = models.CharField(_("单位"), max_length=30)
    nominal = models.DecimalField(_("核查点"), max_digits=24, decimal_places=12)
    rule = models.CharField(_("判定规则"), max_length=10, choices=Rule)
    reference = models.DecimalField(
        _("参考值"), max_digits=24, decimal_places=12, help_text=_("溯源后第一次核查的平均值，或核查标准的值")
    )
    limit = models.DecimalField(_("限值"), max_digits=24, decimal_places=12, null=True, blank=True)
    deviation = models.DecimalField(
        _("标准偏差 s"), max_digits=24, decimal_places=12, null=True, blank=True, help_text=_("控制图用")
    )
    uncertainty = models.DecimalField(
        _("核查值的 U"), max_digits=24, decimal_places=12, null=True, blank=True, help_text=_("H 值用，k = 2")
    )
    reference_uncertainty = models.DecimalField(
        _("参考值的 U"), max_digits=24, decimal_places=12, null=True, blank=True, help_text=_("H 值用，k = 2")
    )
    procedure = models.ForeignKey(
        "institutions.ManagementDocument", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("核查程序"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("核查方案")

    def __str__(self):
        return f"{self.equipment} {self.quantity} {self.nominal.normalize():f} {self.unit}"


class IntermediateCheck(TenantModel):
    """One check as it was done: readings, their mean, how far it lies off, and the verdict of the rule. Never changed."""

    protection = "append_only"

    class Verdict(models.TextChoices):
        PASSED = "passed", _("合格")
        WARNING = "warning", _("预警")
        FAILED = "failed", _("不合格")

    plan = models.ForeignKey(CheckPlan, on_delete=models.PROTECT, related_name="checks", verbose_name=_("核查方案"))
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="checks")
    performed_on = models.DateField(_("核查日期"))
    performed_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("核查人")
    )
    readings = ArrayField(models.DecimalField(max_digits=24, decimal_places=12), verbose_name=_("读数"))
    mean = models.DecimalField(_("平均值"), max_digits=24, decimal_places=12)
    figure = models.DecimalField(_("差值或 H 值"), max_digits=24, decimal_places=12)
    verdict = models.CharField(_("结论"), max_length=10, choices=Verdict)
    terms = models.JSONField(_("判定时的方案"), default=dict)
    conditions = models.CharField(_("环境与说明"), max_length=300, blank=True)
    next_on = models.DateField(_("下次核查"), null=True, blank=True)
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("期间核查")
        indexes = [models.Index(fields=["institution", "equipment", "performed_on"], name="checks_of_equipment")]

    def __str__(self):
        return f"{self.performed_on} {self.get_verdict_display()}"
