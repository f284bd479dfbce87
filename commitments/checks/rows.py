"""What the checks of this app share: the pledges of an institution as they stood on a day, and rows as evidence.

A pledge is public from the day of its publication to the day before its withdrawal.
"""

from datetime import date

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Institution
from portal import codes
from portal.clauses import Evidence, Verdict, not_applicable, read_once, window

from ..days import day_of
from ..holding import Break, breaks
from ..models import Commitment, CommitmentConfirmation


@read_once
def _pledges(institution: Institution, day: date) -> list[Commitment]:
    """All that were ever signed, given up ones aside, the oldest first; what was never published comes last.

    With `confirmed_on` and `was_due_on` of the last confirmation by the day.
    """
    said = CommitmentConfirmation.objects.filter(commitment=OuterRef("pk"), confirmed_on__lte=day)
    last = said.order_by("-confirmed_on", "-pk")
    rows = Commitment.objects.filter(institution=institution, signed_on__isnull=False)
    rows = rows.exclude(state=Commitment.State.DROPPED)
    rows = rows.select_related("template", "signed_by", "scan", "withdrawal__remediation")
    rows = rows.annotate(
        confirmed_on=Subquery(last.values("confirmed_on")[:1]), was_due_on=Subquery(last.values("due_on")[:1])
    )
    return list(rows.order_by("published_at", "pk"))


def signed(institution: Institution, day: date) -> list[Commitment]:
    """Those signed by the day, published or not, withdrawn ones too."""
    return [row for row in _pledges(institution, day) if row.signed_on <= day]


def published(institution: Institution, day: date) -> list[Commitment]:
    """Those that had become public by the day, withdrawn ones too, the oldest first."""
    return [row for row in signed(institution, day) if row.published_at and day_of(row.published_at) <= day]


def lately_public(institution: Institution, day: date) -> list[Commitment]:
    """Of these what was public at some time in the year that ends on the day."""
    first, _last = window(day)
    return [row for row in published(institution, day) if not row.withdrawn_at or day_of(row.withdrawn_at) >= first]


def public(institution: Institution, day: date) -> Commitment | None:
    """The one that was public on the day."""
    rows = published(institution, day)
    return next((row for row in rows if not row.withdrawn_at or day_of(row.withdrawn_at) > day), None)


def withdrawn(institution: Institution, day: date) -> list[Commitment]:
    """Those that had been withdrawn by the day, the oldest first."""
    return [row for row in published(institution, day) if row.withdrawn_at and day_of(row.withdrawn_at) <= day]


@read_once
def broken(institution: Institution, day: date) -> list[Break]:
    """What a pledge that is public on the day should have fallen by: conditions that are broken, and still it stands."""
    row = public(institution, day)
    if row is None:
        return []
    return [one for one in breaks(institution, day, day_of(row.published_at)) if one.day <= day]


@read_once
def codes_shown(institution: Institution, day: date) -> codes.Shown:
    """The unit codes of the institution, as the pages behind them are now."""
    return codes.shown(institution.pk, codes.UNIT, [row.token for row in _pledges(institution, day) if row.token])


def page(institution: Institution) -> str:
    """The page of the pledge."""
    return reverse("commitments:pledge", args=[institution.slug])


def evidence(institution: Institution, row: Commitment, text: str = "") -> Evidence:
    """A pledge with its page."""
    return Evidence(row.number or str(row.get_state_display()), page(institution), text, row.pk)


def nothing_public() -> Verdict:
    """For clauses that ask something of a public pledge only."""
    return not_applicable(_("当天没有公开的承诺书。"))


def never_public() -> str:
    return _("近一年没有公开过承诺书。")
