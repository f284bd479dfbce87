"""Persons whom two institutions of a region employ at once: the attempt that was refused, and the employment in its way.

Neither institution may learn which the other one is. In the scope of a region the database shows both rows where both
institutions lie in it, and nothing where only one does: the wall between institutions decides that, not this code.
Source: C-5.1.5.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import DateField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from institutions.models import Employment, EmploymentConflict, Institution

NEWEST_FIRST = ("-pk",)
ENDLESS = Cast(Value("infinity"), DateField())


@dataclass(frozen=True)
class Pair:
    """A person, the institution that wanted to employ it in that time, and the one that employs it."""

    name: str
    trying: Institution
    started_on: date
    ended_on: date | None
    noticed_at: datetime
    other: Institution
    other_since: date
    other_until: date | None

    def lasts_on(self, day: date) -> bool:
        """Whether the employment that stands in the way goes on that day."""
        return self.other_until is None or self.other_until >= day


def _in_the_way() -> QuerySet[Employment]:
    """Employments of an outer conflict's person at another institution, in force while the refused one would be."""
    return Employment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=OuterRef("started_on")), state=Employment.State.CURRENT,
        person=OuterRef("person"), started_on__lte=Coalesce(OuterRef("ended_on"), ENDLESS),
    ).exclude(institution=OuterRef("institution"))  # fmt: skip


def conflicts(institution: Institution | None = None, lasting_on: date | None = None) -> QuerySet[EmploymentConflict]:
    """The refused employments whose two sides lie in the region, the latest of each person and institution.

    With an institution, those in which it is one of the sides; with a day, those whose other employment goes on that day.
    Needs the scope of the region.
    """
    others = _in_the_way()
    if lasting_on:
        others = others.filter(Q(ended_on=None) | Q(ended_on__gte=lasting_on))
    later = EmploymentConflict.objects.filter(
        institution=OuterRef("institution"), person=OuterRef("person"), pk__gt=OuterRef("pk")
    )
    rows = EmploymentConflict.objects.exclude(Exists(later))
    if institution is None:
        return rows.filter(Exists(others))
    here = Q(institution=institution) & Exists(others)
    return rows.filter(here | Exists(others.filter(institution=institution)))


def pairs_of(found: Collection[EmploymentConflict]) -> list[Pair]:
    """Each refused employment with the employments in its way, in the same order. Two queries, however many there are."""
    institutions = Institution.objects.in_bulk([row.institution_id for row in found])
    persons = [row.person_id for row in found]
    known: dict[int, list[Employment]] = {person_id: [] for person_id in persons}
    rows = Employment.objects.filter(person__in=persons, state=Employment.State.CURRENT)
    for row in rows.select_related("institution").order_by("started_on", "pk"):
        known[row.person_id].append(row)
    return [
        Pair(
            row.name, institutions[row.institution_id], row.started_on, row.ended_on, row.noticed_at,
            other.institution, other.started_on, other.ended_on,
        )
        for row in found
        for other in known[row.person_id]
        if other.institution_id != row.institution_id and _overlap(row, other)
    ]  # fmt: skip


def _overlap(one: EmploymentConflict, other: Employment) -> bool:
    begins = other.ended_on is None or one.started_on <= other.ended_on
    return begins and (one.ended_on is None or other.started_on <= one.ended_on)
