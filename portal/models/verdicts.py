"""How institutions stand against the clauses: one row as long as a clause stands in one state, one row a day it was asked."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class ClauseStanding(TenantModel):
    """A clause of the catalogue in one state, from the day on which it was found so until the day on which it was not.

    The row without `until` is how the clause stands now. Figures, evidence and advice are those of the latest day.
    """

    class State(models.TextChoices):
        MET = "met", _("符合")
        NOT_MET = "not_met", _("不符合")
        UNKNOWN = "unknown", _("未判定")
        NOT_APPLICABLE = "not_applicable", _("不适用")

    protection = "no_delete"

    clause = models.CharField(_("条款"), max_length=40)
    state = models.CharField(_("情况"), max_length=20, choices=State)
    since = models.DateField(_("起始日期"))
    until = models.DateField(_("结束日期"), null=True)
    # Name -> number or text; [{"label", "url", "text", "row_id"}]; what to do, and the page where it is done.
    figures = models.JSONField(_("数字"), default=dict)
    evidence = models.JSONField(_("依据"), default=list)
    advice = models.TextField(_("建议"), blank=True)
    fix = models.CharField(max_length=300, blank=True)
    found_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "clause"], condition=models.Q(until=None), name="clause_stands_once"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")), name="clause_stood_forwards"
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "clause", "-id"], name="clause_history"),
            models.Index(
                fields=["institution", "since", "id"], condition=models.Q(until=None, state="not_met"),
                name="clauses_not_met",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.clause} {self.get_state_display()}"


class Evaluation(TenantModel):
    """All clauses of an institution were asked for a day; asked again on the same day, the row tells of the last time."""

    protection = "no_delete"

    day = models.DateField(_("日期"))
    evaluated_at = models.DateTimeField(_("评定时间"), db_default=DatabaseClock(), editable=False)
    met = models.PositiveSmallIntegerField(_("符合"))
    not_met = models.PositiveSmallIntegerField(_("不符合"))
    unknown = models.PositiveSmallIntegerField(_("未判定"))
    not_applicable = models.PositiveSmallIntegerField(_("不适用"))
    # Of those not met, what must be done or left: not what should or may.
    duties_not_met = models.PositiveSmallIntegerField(_("不符合（应、不得）"))
    by_chapter = models.JSONField(default=dict)  # letter of the document -> chapter -> state -> number

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "day"], name="one_evaluation_a_day")]

    def __str__(self):
        return f"{self.day}"

    @property
    def by_state(self) -> dict[str, int]:
        """State -> number of clauses, of all documents."""
        return {str(state): getattr(self, state) for state in ClauseStanding.State}

    @property
    def by_document(self) -> dict[str, dict[str, int]]:
        """Letter of the document -> state -> number of clauses."""
        return {letter: _sum(chapters.values()) for letter, chapters in self.by_chapter.items()}


def _sum(parts: Any) -> dict[str, int]:
    parts = list(parts)
    return {str(state): sum(part.get(state, 0) for part in parts) for state in ClauseStanding.State}
