"""What is on file about a piece of equipment."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from institutions.models.institution import ValidQuerySet
from portal.models import RegisterRow

from .equipment import Equipment


class EquipmentPaper(RegisterRow):
    """设备档案: manual, acceptance record, photo, software validation ... of one piece of equipment."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("照片")
        MANUAL = "manual", _("说明书")
        ACCEPTANCE = "acceptance", _("验收记录")
        CONTRACT = "contract", _("购置合同")
        VALIDATION = "validation", _("软件确认记录")
        CERTIFICATE = "certificate", _("标准物质证书")
        OTHER = "other", _("其他")

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="papers", verbose_name=_("设备"))
    kind = models.CharField(_("种类"), max_length=15, choices=Kind)
    title = models.CharField(_("名称"), max_length=100)
    dated_on = models.DateField(_("日期"), null=True, blank=True)
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, related_name="+", verbose_name=_("文件"))

    class Meta:
        verbose_name = _("设备档案")

    def __str__(self):
        return self.title


class MandatoryFile(RegisterRow):
    """强检器具档案: the entry in the official system for equipment under mandatory verification. Source: A-6.4.2-s1."""

    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, related_name="mandatory_files", verbose_name=_("强检器具")
    )
    receipt = models.CharField(_("备案回执号"), max_length=60, help_text=_("官方系统给出的编号"))
    filed_on = models.DateField(_("备案日期"))
    verifying_body = models.CharField(_("检定机构"), max_length=100)
    certificate_number = models.CharField(_("检定证书编号"), max_length=80)
    due_on = models.DateField(_("检定有效期至"))
    updated_on = models.DateField(_("档案更新日期"))
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("备案回执"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("强检器具档案")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "equipment"], condition=models.Q(state="current"), name="one_mandatory_file"
            )
        ]

    def __str__(self):
        return f"{self.equipment} {self.receipt}"


class ExternalUse(RegisterRow):
    """借用检查: equipment that is not ours was checked before it was used here. Source: D-4.4.1.2."""

    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, related_name="external_uses", verbose_name=_("借用的设备")
    )
    owner = models.CharField(_("出借方"), max_length=100)
    valid_from = models.DateField(_("借用自"))
    valid_until = models.DateField(_("借用至"))
    traceability_checked = models.BooleanField(_("溯源已核对"), default=False)
    condition_checked = models.BooleanField(_("状态已检查"), default=False)
    approved_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("批准人")
    )
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("记录")
    )

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("借用检查")

    def __str__(self):
        return f"{self.equipment} {self.valid_from}～{self.valid_until}"


class AlternativeTraceability(RegisterRow):
    """替代溯源: why strict traceability is not possible and what stands in for it. Source: C-5.3.3-s1."""

    class Reference(models.TextChoices):
        MATERIAL = "material", _("有证标准物质")
        AGREED_METHOD = "agreed_method", _("约定方法")
        CONSENSUS = "consensus", _("协议标准")
        COMPARISON = "comparison", _("实验室间比对")

    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, related_name="alternatives", verbose_name=_("设备")
    )
    reference = models.CharField(_("替代方式"), max_length=15, choices=Reference)
    justification = models.CharField(_("理由"), max_length=300)
    approved_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("批准人")
    )
    valid_from = models.DateField(_("生效日期"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("证明文件")
    )

    objects = ValidQuerySet.as_manager()

    @classmethod
    def in_force(cls, day: date) -> models.QuerySet["AlternativeTraceability"]:
        """Those that stand in for traceability on that day. Source: C-5.3.3-s1."""
        return cls.objects.filter(state=cls.State.CURRENT).valid_on(day)

    class Meta:
        verbose_name = _("替代溯源")

    def __str__(self):
        return f"{self.equipment} {self.get_reference_display()}"
