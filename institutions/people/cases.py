"""Everything that is on record about people, read at once: what the rules of authorisation judge by."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection

from portal.models import RegisterRow

from ..models import (
    Authorisation,
    Credential,
    Employment,
    Experience,
    Institution,
    LegalStatus,
    Method,
    ScopeItem,
    TrainingAttendance,
)


def in_turn(institution_id: int) -> None:
    """Whoever else decides about people of this institution has finished, and waits until this transaction ends.

    What one decision counts (fields of a signatory, people of a field) another one changes: they go one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('people'), %s::int)", [institution_id])


@dataclass(frozen=True)
class House:
    """What of the institution matters for its people, as of a day.

    `verification_only`: fields in which everything is done by verification regulations and nobody calibrates.
    """

    institution: Institution
    defence: bool = False
    industry_centre: bool = False
    verification_only: frozenset[str] = frozenset()


@dataclass
class Case:
    """What is on record about one person here, withdrawn rows included: they tell what once held."""

    employments: list[Employment] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    experience: list[Experience] = field(default_factory=list)
    attendances: list[TrainingAttendance] = field(default_factory=list)
    authorisations: list[Authorisation] = field(default_factory=list)

    def turning_days(self) -> list[date]:
        """The days on which something that is known now begins to hold or holds no more, in their order."""
        days: set[date] = set()
        for row in self.credentials:
            days |= {row.valid_from, _after(row.valid_until)}
        for employed in self.employments:
            days |= {employed.started_on, _after(employed.ended_on), _after(employed.last_day_within_age)}
        return sorted(day for day in days if day < date.max)


def _after(day: date | None) -> date:
    return day + timedelta(1) if day else date.max


def house_of(institution: Institution, day: date) -> House:
    """The institution as of the day. Three queries."""
    status = LegalStatus.objects.filter(institution=institution).on(day).first()
    return House(
        institution,
        defence=status is not None and status.system == LegalStatus.System.DEFENCE,
        industry_centre=status is not None and status.is_industry_centre,
        verification_only=_verification_only(institution, day),
    )


def _verification_only(institution: Institution, day: date) -> frozenset[str]:
    lines = ScopeItem.objects.filter(institution=institution, valid_from__lte=day).exclude(valid_until__lt=day)
    by_kind = lines.values_list("field", "method__kind").distinct()
    calibrated = set(
        Authorisation.objects.filter(institution=institution, role=Authorisation.Role.CALIBRATOR)
        .standing()
        .values_list("field", flat=True)
    )
    kinds = defaultdict(set)
    for name, kind in by_kind:
        kinds[name].add(kind)
    return frozenset(
        name for name, found in kinds.items() if found == {Method.Kind.REGULATION} and name not in calibrated
    )


def cases_of(institution: Institution, person_ids: Collection[int] | None = None) -> dict[int, Case]:
    """The cases by person, of these or of everybody. Five queries, however many people there are."""

    def mine(model: Any, path: str = "employment__") -> Any:
        rows = model.objects.filter(institution=institution)
        return rows if person_ids is None else rows.filter(**{f"{path}person_id__in": list(person_ids)})

    cases: dict[int, Case] = defaultdict(Case)
    for row in mine(Employment, "").order_by("started_on", "pk"):
        cases[row.person_id].employments.append(row)
    person_of = {row.pk: person_id for person_id, case in cases.items() for row in case.employments}
    employed = {row.pk: row for case in cases.values() for row in case.employments}

    def into(name: str, rows: Any) -> None:
        for row in rows:
            row.employment = employed[row.employment_id]
            getattr(cases[person_of[row.employment_id]], name).append(row)

    into("credentials", mine(Credential).order_by("valid_from", "pk"))
    into("experience", mine(Experience).order_by("started_on", "pk"))
    into("attendances", mine(TrainingAttendance).select_related("training").order_by("training__held_on", "pk"))
    into("authorisations", mine(Authorisation).order_by("valid_from", "pk"))
    return dict(cases)


def current(row: RegisterRow) -> bool:
    """Whether the row counts."""
    return row.state == RegisterRow.State.CURRENT
