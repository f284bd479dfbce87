"""How a pledge stands on a day, for its regulator: reckoned from dates, whatever job has run or not."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, DateField, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.models import Commitment, CommitmentWithdrawal, DirectoryEntry, Hearing, Remediation

S = Commitment.State
STATES = {
    "valid": gettext_lazy("有效"), "overdue": gettext_lazy("逾期未确认"), "lapsed": gettext_lazy("条件已失效，待撤销"),
    "hearing": gettext_lazy("拟撤销，待陈述或决定"), "withdrawn": gettext_lazy("已撤销"),
    "review": gettext_lazy("整改待审查"), "unremedied": gettext_lazy("已撤销，整改未认可"),
    "making": gettext_lazy("起草、签署中"), "dropped": gettext_lazy("已放弃"),
}  # fmt: skip
COUNTED = ("valid", "overdue", "lapsed", "hearing", "review", "withdrawn")


@dataclass(frozen=True)
class Standing:
    """One word with its tone, and a note that says since when or how long."""

    tone: str
    word: str
    note: str = ""


def standing(pledge: Commitment, holds_until: date | None, day: date) -> Standing:
    """What the pledge is worth that day. `holds_until`: the last day on which its conditions are known to hold."""
    if pledge.state == S.WITHDRAWN:
        return Standing("bad", _("已撤销"))
    if pledge.state != S.PUBLIC:
        return Standing("off" if pledge.state == S.DROPPED else "progress", pledge.get_state_display())
    if holds_until is not None and holds_until < day:
        return Standing("bad", _("条件已失效"), _("%(day)s 之后条件不再具备") % {"day": holds_until})
    if pledge.is_overdue(day):
        return Standing("due", _("逾期未确认"), _("逾期 %(days)d 天") % {"days": (day - pledge.confirm_by).days})
    return Standing("ok", _("有效"))


def _which(state: str, day: date) -> Q:
    """The pledges of which the word of STATES is true that day."""
    public = Q(state=S.PUBLIC)
    lapsed, overdue = Q(holds_until__lt=day), Q(confirm_by__lt=day)
    holding = Q(holds_until=None) | Q(holds_until__gte=day)
    return {
        "valid": public & holding & Q(confirm_by__gte=day),
        "overdue": public & holding & overdue,
        "lapsed": public & lapsed,
        "hearing": public & Q(in_hearing=True),
        "withdrawn": Q(state=S.WITHDRAWN),
        "review": Q(withdrawal__remediation__state=Remediation.State.SUBMITTED),
        "unremedied": Q(state=S.WITHDRAWN) & ~Q(withdrawal__cause=CommitmentWithdrawal.Cause.VOLUNTARY)
        & (Q(withdrawal__remediation=None) | ~Q(withdrawal__remediation__state=Remediation.State.ACCEPTED)),
        "making": Q(state__in=Commitment.IN_THE_MAKING),
        "dropped": Q(state=S.DROPPED),
    }[state]  # fmt: skip


def pledges_of(region: str, day: date, *, text: str = "", state: str = "", cause: str = "") -> QuerySet[Commitment]:
    """The pledges of the region with `holds_until` and `in_hearing`; those given up only when they are asked for.

    `state`: a key of STATES; `cause`: of a withdrawal. Sorted by nothing yet. Needs the scope of the region.
    """
    entry = DirectoryEntry.objects.filter(institution=OuterRef("institution"), token=OuterRef("token"))
    hearing = Hearing.objects.filter(commitment=OuterRef("pk"), state__in=Hearing.OPEN)
    rows = Commitment.objects.filter(institution__region_code__startswith=region).annotate(
        holds_until=Subquery(entry.values("holds_until")[:1], output_field=DateField()), in_hearing=Exists(hearing)
    )
    if text:
        rows = rows.filter(
            Q(institution__name__icontains=text)
            | Q(institution__credit_code__icontains=text)
            | Q(number__icontains=text)
        )
    if cause:
        rows = rows.filter(withdrawal__cause=cause)
    return rows.filter(_which(state, day)) if state else rows.exclude(state=S.DROPPED)


def totals(rows: QuerySet[Commitment], day: date) -> dict[str, int]:
    """Of these rows of `pledges_of`: how many there are of each word of COUNTED. One query."""
    return rows.aggregate(**{name: Count("pk", filter=_which(name, day)) for name in COUNTED})
