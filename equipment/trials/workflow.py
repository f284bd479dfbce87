"""The verbs of tests of a measurement standard: repeatability, stability, and the verification of its results."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Transition

from .. import events
from ..checking.intermediate import STORED
from ..clocks import winding
from ..models import EquipmentClock, MeasurementStandard, StandardPart, StandardTest
from ..statistics import rounded
from . import gates, kinds
from .kinds import Group

PLACES = -STORED.adjusted()

TEST = Transition(
    "record", frozenset({""}), "", Permission.EQUIPMENT_CONFIRM,
    gates=(
        gates.standard_is_there, gates.tested_by_somebody_there, gates.limit_suits, gates.often_enough,
        gates.groups_are_apart, gates.uncertainties_are_known, gates.recorded_once,
    ),
    event=events.standard_tested,
)  # fmt: skip


def test(
    standard: MeasurementStandard, kind: str, groups: Sequence[Group], values: dict[str, Any],
    file: UploadedFile | None, *, compared_with: StandardTest | None = None, actor: Actor, at: datetime,
) -> StandardTest:  # fmt: skip
    """The test is on record with its groups, its figure and the verdict; it is never changed.

    `groups` in the order of time, the day of the last one is that of the test. `compared_with`: the stability test
    before, whose last group the yearly one is held against; without it a stability is that of a new standard. `values`:
    performed_by, quantity, unit, nominal, limit_kind, limit, conditions. A stability that holds moves the clocks of the
    main standards. Raises: Refused. Source: JJF 1033-2023, C-7.1.2-s2.
    """
    if compared_with is not None:
        groups = [kinds.groups_of(compared_with)[-1], *groups]
    figure = kinds.figure_of(kind, groups)
    blank = _blank(
        standard, groups, kind=kind, figure=figure, verdict=kinds.verdict_of(kind, figure, values["limit"]), **values
    )
    return _kept(blank, file, actor=actor, at=at)


def verify(
    standard: MeasurementStandard, own: Group, other: Group, values: dict[str, Any], file: UploadedFile | None, *,
    actor: Actor, at: datetime,
) -> StandardTest:  # fmt: skip
    """It is on record whether a result of the standard is confirmed by a higher standard or by other laboratories.

    `own`: our value with our U; `other`: the reference with its U, or the values of the other laboratories. `values`:
    performed_by, quantity, unit, nominal, limit_kind, conditions; how far they may lie apart follows. Raises: Refused.
    Source: JJF 1033-2023, C-7.1.2-s2.
    """
    found = kinds.compared(values["limit_kind"], own, other)
    verdict = StandardTest.Verdict.PASSED if found.confirmed else StandardTest.Verdict.FAILED
    blank = _blank(
        standard, (own, other), kind=StandardTest.Kind.VERIFICATION, figure=abs(found.difference), verdict=verdict,
        limit=rounded(found.allowed, PLACES), **values,
    )  # fmt: skip
    return _kept(blank, file, actor=actor, at=at)


def _blank(standard: MeasurementStandard, groups: Sequence[Group], *, figure: Decimal, **values: Any) -> StandardTest:
    return StandardTest(
        institution_id=standard.institution_id, standard=standard, performed_on=groups[-1].on,
        groups=[group.stored for group in groups], figure=rounded(figure, PLACES), **values,
    )  # fmt: skip


def _kept(blank: StandardTest, file: UploadedFile | None, *, actor: Actor, at: datetime) -> StandardTest:
    with TEST.applied_to(blank, actor=actor, at=at) as row:
        if file is not None:
            row.file = documents.upload(file, actor=actor, at=at)
    return row


def move_the_clocks(row: StandardTest) -> None:
    """The main standards of that day need their next stability test only after the interval of their clocks."""
    parts = row.standard.parts.filter(role=StandardPart.Role.MAIN).select_related("equipment")
    for part in parts:
        if part.there_on(row.performed_on):
            winding.wind(part.equipment, EquipmentClock.Kind.STABILITY, row.performed_on)
