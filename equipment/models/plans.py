"""计划与资源: what the year brings, and what each method needs."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow

from .clocks import EquipmentClock
from .equipment import Equipment


class EquipmentPlan(RegisterRow):
    """年度计划: provision, traceability or inspection of equipment, approved by somebody. Source: A-5.1-c, C-5.3.2."""

    class Kind(models.TextChoices):
        PROVISION = "provision", _("器具配备计划")
        TRACEABILITY = "traceability", _("溯源计划")
        INSPECTION = "inspection", _("检查计划")

    kind = models.CharField(_("计划种类"), max_length=15, choices=Kind)
    year = models.PositiveSmallIntegerField(_("年度"), validators=[MinValueValidator(2000), MaxValueValidator(2100)])
    approved_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("批准人"),
    )  # fmt: skip
    approved_on = models.DateField(_("批准日期"), null=True, blank=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("批准的计划"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("年度计划")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "kind", "year"], condition=models.Q(state="current"), name="one_plan_a_year"
            )
        ]

    def __str__(self):
        return f"{self.year} {self.get_kind_display()}"


class PlanLine(RegisterRow):
    """One thing of a plan: which equipment, what, by when; done when the deed is recorded."""

    plan = models.ForeignKey(EquipmentPlan, on_delete=models.PROTECT, related_name="lines", verbose_name=_("计划"))
    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="plan_lines", verbose_name=_("设备")
    )
    clock = models.CharField(_("事项"), max_length=20, choices=EquipmentClock.Kind, blank=True)
    what = models.CharField(_("内容"), max_length=200)
    due_on = models.DateField(_("完成期限"))
    done_on = models.DateField(_("完成日期"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("计划事项")

    def __str__(self):
        return self.what


class ResourceSlot(RegisterRow):
    """资源配备: something a method needs, and the equipment that fills the need. Source: B-4.4.1, D-4.4.1.1."""

    class Category(models.TextChoices):
        MEASURING_INSTRUMENT = "measuring_instrument", _("测量仪器")
        SOFTWARE = "software", _("软件")
        MEASUREMENT_STANDARD = "measurement_standard", _("测量标准")
        REFERENCE_MATERIAL = "reference_material", _("标准物质")
        REFERENCE_DATA = "reference_data", _("参考数据")
        REAGENT = "reagent", _("试剂")
        CONSUMABLE = "consumable", _("消耗品")
        AUXILIARY = "auxiliary", _("辅助装置")

    method = models.ForeignKey(
        "institutions.Method", on_delete=models.PROTECT, related_name="+", verbose_name=_("方法")
    )
    category = models.CharField(_("资源类别"), max_length=25, choices=Category)
    needed = models.BooleanField(_("方法需要"), default=True, help_text=_("方法不需要这类资源的，取消勾选"))
    requirement = models.CharField(_("方法的要求"), max_length=200, help_text=_("名称、准确度等；不需要的写明依据"))
    range_low = models.DecimalField(_("要求下限"), max_digits=24, decimal_places=12, null=True, blank=True)
    range_high = models.DecimalField(_("要求上限"), max_digits=24, decimal_places=12, null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="slots", verbose_name=_("配备的设备")
    )

    class Meta:
        verbose_name = _("资源配备")

    def __str__(self):
        return f"{self.method} {self.get_category_display()}"
