"""修正值: the corrections from a certificate, and every place that holds a copy of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .equipment import Equipment
from .traceability import Traceability


class CorrectionSet(TenantModel):
    """One edition of the corrections of a piece of equipment, made from a certificate. Never changed. Source: D-4.4.3.6.

    `values` lists {"nominal", "correction", "unit"} as texts.
    """

    protection = "append_only"

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="correction_sets")
    traceability = models.ForeignKey(Traceability, on_delete=models.PROTECT, related_name="+")
    edition = models.PositiveIntegerField(_("版次"))
    made_on = models.DateField(_("启用日期"))
    values = models.JSONField(_("修正值"), default=list)
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("修正值")
        constraints = [
            models.UniqueConstraint(fields=["institution", "equipment", "edition"], name="one_edition_of_corrections")
        ]

    def __str__(self):
        return f"{self.equipment} v{self.edition}"


class CorrectionCopy(RegisterRow):
    """修正值的存放处: software, a data sheet or the instrument itself, which must hold the newest edition."""

    class Kind(models.TextChoices):
        SOFTWARE = "software", _("软件")
        SHEET = "sheet", _("原始记录模板或表格")
        INSTRUMENT = "instrument", _("仪器内部")
        PAPER = "paper", _("纸质文件")

    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, related_name="correction_copies", verbose_name=_("设备")
    )
    kind = models.CharField(_("种类"), max_length=12, choices=Kind)
    place = models.CharField(_("存放处"), max_length=120, help_text=_("哪个软件、哪张表、哪台计算机"))
    keeper = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("维护人"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("修正值存放处")

    def __str__(self):
        return self.place


class CopyUpdate(TenantModel):
    """A copy holds this edition now, somebody has looked. Never changed."""

    protection = "append_only"

    copy = models.ForeignKey(CorrectionCopy, on_delete=models.PROTECT, related_name="updates")
    edition = models.ForeignKey(CorrectionSet, on_delete=models.PROTECT, related_name="updates")
    updated_on = models.DateField(_("更新日期"))
    updated_by = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("修正值更新")
        constraints = [models.UniqueConstraint(fields=["institution", "copy", "edition"], name="copy_updated_once")]

    def __str__(self):
        return f"{self.copy} v{self.edition_id}"
