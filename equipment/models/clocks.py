"""What must be done again and again with a piece of equipment, and everything that happened to it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .equipment import Equipment


class EquipmentClock(RegisterRow):
    """周期: one thing that is due again and again, or the decision that it need not be done, with the reason.

    `due_on` is the last day by which it has to be done again. It moves when the deed is recorded: to the validity printed
    on a certificate, else by `interval_months`.
    """

    class Kind(models.TextChoices):
        CALIBRATION = "calibration", _("校准")
        VERIFICATION = "verification", _("检定")
        INTERMEDIATE_CHECK = "intermediate_check", _("期间核查")
        MAINTENANCE = "maintenance", _("维护保养")
        STABILITY = "stability", _("稳定性考核")
        LABEL_CHECK = "label_check", _("标识与铅封检查")
        PROTECTION_CHECK = "protection_check", _("防调整措施检查")

    # Overdue, these put the equipment out of use by themselves. Source, C-5.5.3.
    BLOCKING = frozenset(
        {Kind.CALIBRATION, Kind.VERIFICATION, Kind.INTERMEDIATE_CHECK, Kind.MAINTENANCE, Kind.STABILITY}
    )

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="clocks", verbose_name=_("设备"))
    kind = models.CharField(_("事项"), max_length=20, choices=Kind)
    needed = models.BooleanField(_("需要"), default=True, help_text=_("经评估不需要的，取消勾选并写明依据"))
    interval_months = models.PositiveSmallIntegerField(
        _("间隔（月）"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    basis = models.CharField(
        _("依据"), max_length=200, help_text=_("规程条款、使用频度、历次结果、风险和成本；不需要的写明理由")
    )
    due_on = models.DateField(_("下次到期"), null=True, blank=True, help_text=_("最后一个有效日"))
    lead_days = models.PositiveSmallIntegerField(_("提前安排（天）"), default=30, validators=[MaxValueValidator(365)])
    responsible = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("责任人"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("周期")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "equipment", "kind"], condition=models.Q(state="current"),
                name="one_clock_of_a_kind",
            )
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["due_on", "institution"], include=["id"], condition=models.Q(state="current", needed=True),
                name="clock_due",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.equipment} {self.get_kind_display()}"


class EquipmentEvent(TenantModel):
    """履历: something that happened to a piece of equipment, from purchase to scrap. Never changed.

    `state_after` is the state it put the equipment into, empty when it changed none; the last one up to a day is the
    state of that day. `next_on` is the last day for which the deed holds, where it has to be done again.
    """

    protection = "append_only"

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("购置")
        ACCEPTANCE = "acceptance", _("验收")
        RETURN_VERIFICATION = "return_verification", _("投用前验证")
        MAINTENANCE = "maintenance", _("维护保养")
        REPAIR = "repair", _("修理")
        ADJUSTMENT = "adjustment", _("调整")
        SEAL = "seal", _("铅封变动")
        REPLACEMENT = "replacement", _("更换部件")
        STORAGE_CHECK = "storage_check", _("保管检查")
        LABEL_CHECK = "label_check", _("标识与铅封检查")
        PROTECTION_CHECK = "protection_check", _("防调整措施检查")
        OVERLOAD = "overload", _("过载")
        MISHANDLED = "mishandled", _("误操作")
        SUSPICIOUS = "suspicious", _("结果可疑")
        DEFECT = "defect", _("故障")
        OUT_OF_SPEC = "out_of_spec", _("超出规定限度")
        SOFTWARE = "software", _("软件变更")
        MOVE = "move", _("移动")
        STORE = "store", _("封存")
        SCRAP = "scrap", _("报废")
        OTHER = "other", _("其他")

    # What puts equipment out of use at once. Source: D-4.4.3.2-s1.
    TROUBLE = frozenset({Kind.OVERLOAD, Kind.MISHANDLED, Kind.SUSPICIOUS, Kind.DEFECT, Kind.OUT_OF_SPEC})
    # After these it is traced again before it is used. Source: A-6.2.1.2-s2.
    BREAKS_TRACEABILITY = frozenset({Kind.REPAIR, Kind.ADJUSTMENT, Kind.SEAL})

    class Result(models.TextChoices):
        PASSED = "passed", _("合格")
        FAILED = "failed", _("不合格")

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="events", verbose_name=_("设备"))
    kind = models.CharField(_("事项"), max_length=20, choices=Kind)
    happened_on = models.DateField(_("日期"))
    state_after = models.CharField(max_length=20, choices=Equipment.State, blank=True)
    text = models.CharField(_("情况"), max_length=500)
    result = models.CharField(_("结果"), max_length=10, choices=Result, blank=True)
    done_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("执行人"),
    )  # fmt: skip
    approved_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("批准人"),
    )  # fmt: skip
    next_on = models.DateField(_("下次到期"), null=True, blank=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("记录")
    )
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("履历")
        indexes = [models.Index(fields=["institution", "equipment", "happened_on"], name="events_of_equipment")]

    def __str__(self):
        return f"{self.happened_on} {self.get_kind_display()}"
