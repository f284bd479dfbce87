"""盘点: what should be there, what was found, and what was found that nobody expected."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel

from .equipment import Equipment


class StockCheck(TenantModel):
    """One 盘点: opened over a site, a room or everything, and closed with a report."""

    class State(models.TextChoices):
        OPEN = "open", _("进行中")
        CLOSED = "closed", _("已结束")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    title = models.CharField(_("名称"), max_length=60)
    site = models.ForeignKey(
        "institutions.Site", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("场所")
    )
    room = models.ForeignKey(
        "institutions.Room", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("房间")
    )
    opened_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    opened_by = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("盘点")

    def __str__(self):
        return self.title

    @property
    def scope(self) -> str:
        """What is counted, in words."""
        if self.room is not None:
            return f"{self.room.site.name} {self.room.name}"
        return self.site.name if self.site is not None else str(_("全部场所"))


class StockLine(TenantModel):
    """One piece of equipment of a 盘点, or a code that belongs to none."""

    class Outcome(models.TextChoices):
        MISSING = "missing", _("未盘到")
        FOUND = "found", _("已盘到")
        UNEXPECTED = "unexpected", _("不应在此")

    check_of = models.ForeignKey(StockCheck, on_delete=models.PROTECT, related_name="lines")
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    scanned = models.CharField(_("扫到的内容"), max_length=120, blank=True)
    outcome = models.CharField(_("结果"), max_length=12, choices=Outcome, default=Outcome.MISSING)
    found_at = models.DateTimeField(null=True, blank=True)
    found_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("盘点结果")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "check_of", "equipment", "scanned"], nulls_distinct=False, name="counted_once"
            )
        ]

    def __str__(self):
        return f"{self.equipment or self.scanned} {self.get_outcome_display()}"
