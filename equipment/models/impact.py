"""影响追溯: what a piece of equipment that was not right may have done to the results."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel

from .clocks import EquipmentEvent
from .equipment import Equipment


class ImpactQuestion(TenantModel):
    """Opened when equipment is stopped: everything measured with it since `since` is looked at and answered for.

    `since` is the day after the last one on which it was known to be good; without one, the question goes back to the
    first use. Source: D-4.4.3.2-s3.
    """

    class State(models.TextChoices):
        OPEN = "open", _("待评估")
        ANSWERED = "answered", _("已评估")

    class Conclusion(models.TextChoices):
        NONE = "none", _("对结果没有影响")
        SOME = "some", _("部分结果受影响，已列出处置")
        ALL = "all", _("期间结果全部受影响，已列出处置")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="impact_questions")
    event = models.ForeignKey(EquipmentEvent, on_delete=models.PROTECT, related_name="+")
    since = models.DateField(_("追溯起点"), null=True, blank=True)
    until = models.DateField(_("追溯终点"))
    conclusion = models.CharField(_("结论"), max_length=10, choices=Conclusion, blank=True)
    answer = models.CharField(_("评估与处置"), max_length=1000, blank=True)
    looked_at = models.PositiveIntegerField(_("涉及的记录数"), null=True, blank=True)
    answered_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("评估人"),
    )  # fmt: skip
    answered_on = models.DateField(_("评估日期"), null=True, blank=True)
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("影响追溯")

    def __str__(self):
        return f"{self.equipment} {self.get_state_display()}"
