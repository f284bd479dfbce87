"""Conditions before a requirement of a room is stated, amended or withdrawn."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.clock import CHINA
from portal.transitions import Refusal

from ..models import EnvironmentReading, EnvironmentRequirement
from .noting import OLDEST
from .periods import Kind, periods_of
from .requirements import starts, stated_between

# What decides which readings lie outside.
LIMITS = ("room_id", "method_id", "element", "since", "needed", "low", "high", "unit")


def changes_nothing_past(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What readings have been held against stays: other limits are another requirement, from their own first day on.

    A mistake can be put right on the day on which the requirement begins to count, and, while nothing was read yet, within
    a day of its being entered. Source: C-5.4.1, D-4.2.2.1-s1.
    """
    known = _as_it_was(row)
    if known is not None and _counts_already(known, at):
        yield Refusal(
            "C-5.4.1",
            _(
                "这条要求自 %(since)s 起已在使用，改了会改变以往的判定。限值变了，请登记一条自 %(today)s 起的新要求；"
                "确实登错的，写明原因作废，再重新登记。"
            )
            % {"since": known.since, "today": timezone.localdate(at)},
        )


def _as_it_was(row: EnvironmentRequirement) -> EnvironmentRequirement | None:
    """The row as it is on record, where it is to be judged by something else from now on."""
    known = EnvironmentRequirement.objects.filter(pk=row.pk).first() if row.pk else None
    return known if known and any(getattr(row, name) != getattr(known, name) for name in LIMITS) else None


def _counts_already(known: EnvironmentRequirement, at: datetime) -> bool:
    if known.since >= timezone.localdate(at):
        return False
    readings = EnvironmentReading.objects.filter(
        institution_id=known.institution_id, room=known.room_id, element=known.element, taken_at__gte=starts(known)
    )
    return at - known.recorded_at > timedelta(days=1) or readings.exists()


def hides_no_excursion(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Limits are not moved under readings that lie outside of them before somebody has answered for those.

    Otherwise an excursion would be gone with nothing to say what was done about it. Source: D-4.2.2.1-s1.
    """
    if not row.pk:
        yield from _unanswered(row, row.since, at)
    elif known := _as_it_was(row):
        yield from _unanswered(known, min(row.since, known.since), at)


def leaves_no_excursion(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A requirement goes when everything that lay outside of it is answered for. Source: D-4.2.2.1-s1."""
    yield from _unanswered(row, row.since, at)


def _unanswered(about: EnvironmentRequirement, begins: date, at: datetime) -> Iterator[Refusal]:
    if begins > timezone.localdate(at):
        return
    first = max(at - OLDEST, datetime.combine(begins, time.min, tzinfo=CHINA))
    same = stated_between(first, at).filter(
        institution_id=about.institution_id, room=about.room_id, method=about.method_id, element=about.element
    )
    found = [
        period
        for period in periods_of(list(same), first, at, at=at)
        if period.kind is Kind.OUTSIDE and not period.answered
    ]
    if found:
        began = timezone.localtime(found[-1].began_at)
        yield Refusal(
            "D-4.2.2.1-s1",
            _(
                "%(began)s 起有 %(count)d 段超限还没有处置，改了要求就看不到了。请先登记超限处置（限值录错的写明），再改。"
            )
            % {"began": f"{began:%Y-%m-%d %H:%M}", "count": len(found)},
        )
