"""The verbs of traceability: record a certificate with its points, confirm that it suits the use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from portal import audit, documents
from portal.actors import Actor
from portal.models import Document
from portal.permissions import Permission
from portal.transitions import Refused, Transition

from .. import events
from ..clocks import winding
from ..models import Confirmation, Equipment, EquipmentClock, Traceability, TracePoint
from . import confirming, gates

TRACE = Transition(
    "record", frozenset({""}), Traceability.State.RECORDED, Permission.EQUIPMENT_MANAGE,
    gates=(
        gates.equipment_still_exists, gates.dates_are_in_order, gates.uncertainty_is_complete,
        gates.not_traced_to_itself, gates.certificate_is_on_file, gates.recorded_once, gates.dcc_comes_once,
    ),
    event=events.equipment_traced,
)  # fmt: skip
CONFIRM = Transition(
    "confirm", frozenset({""}), "", Permission.EQUIPMENT_CONFIRM,
    gates=(gates.confirmed_after_calibration, gates.restriction_is_stated, gates.conclusion_suits_the_points),
    event=events.equipment_confirmed,
)  # fmt: skip


def trace(
    equipment: Equipment, values: Mapping[str, Any], file: UploadedFile | None, *,
    points: Sequence[Mapping[str, Any]] = (), dcc: Document | None = None, actor: Actor, at: datetime,
) -> Traceability:  # fmt: skip
    """The equipment's traceability certificate is on record with its points and files; confirming it is another act.

    `values` holds the fields of Traceability; expanded_uncertainty, coverage_factor and uncertainty_unit come together
    or not at all; its `file` stands for the uploaded one where that is here already. `points` hold those of TracePoint,
    each in its own unit. The row is never changed: a mistake is corrected by recording the certificate again.
    Source: A-6.2.2, B-4.4.2-s1, B-4.4.2-s7.
    """
    blank = Traceability(institution_id=equipment.institution_id, equipment=equipment, dcc=dcc, **values)
    blank.scan = file
    blank.given = [TracePoint(institution_id=equipment.institution_id, **point) for point in points]
    Equipment.objects.in_turn(equipment.pk)
    with TRACE.applied_to(blank, actor=actor, at=at) as row:
        if file is not None:
            row.file = documents.upload(file, actor=actor, at=at)
    return row


def keep_points(row: Traceability) -> None:
    """The points that came with the certificate are on record with it."""
    for point in row.given:
        point.traceability = row
    TracePoint.objects.bulk_create(row.given)


def trace_and_confirm(
    equipment: Equipment, values: Mapping[str, Any], confirmation: Mapping[str, Any], file: UploadedFile | None, *,
    actor: Actor, at: datetime, **more: Any,
) -> Traceability:  # fmt: skip
    """The certificate is on record and confirmed, or neither; `more` is what `trace` takes besides. Raises: Refused."""
    try:
        with transaction.atomic():
            row = trace(equipment, values, file, actor=actor, at=at, **more)
            confirm(row, confirmation, actor=actor, at=at)
    except Refused as refused:  # what the verbs have noted about it is gone with the rest
        said = [[refusal.clause, refusal.text] for refusal in refused.refusals]
        audit.record(actor, "traceability.record", equipment, succeeded=False, changes={"refused": said})
        raise
    return row


def confirm(traceability: Traceability, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> Confirmation:
    """The results of a certificate have been held against what the use requires, with a conclusion.

    `values` holds the fields of Confirmation; a comparison of the points goes before the words of `finding`. Until there
    is one that says the equipment is fit, the certificate covers no day; a later one takes its place.
    Source: C-5.5.4, B-4.4.2-s2.
    """
    blank = Confirmation(institution_id=traceability.institution_id, traceability=traceability, **values)
    points = traceability.points.order_by("pk")
    compared = confirming.finding(confirming.judged(points, blank.requirement, blank.permitted))
    blank.finding = "；".join(filter(None, (compared, blank.finding)))[:300]
    with CONFIRM.applied_to(blank, actor=actor, at=at) as confirmation:
        pass
    return confirmation


def move_the_clock(row: Traceability) -> None:
    """The equipment is due again when its newest certificate ends, and the line of a plan that asked for it is done.

    A certificate recorded again takes back what its earlier row did, and does it with the facts as they are now: however
    often it is recorded, it counts once.
    """
    before = row.earlier.first()
    if before is None:
        if winding.newest_certificate(row.equipment, _clock(row)) == row:
            winding.wind_by_certificates(row.equipment, _clock(row))
        winding.tick(row.equipment, _clock(row), row.calibrated_on)
    elif (_clock(before), before.calibrated_on, before.valid_until) != (
        _clock(row),
        row.calibrated_on,
        row.valid_until,
    ):
        for kind in {_clock(before), _clock(row)}:
            winding.wind_by_certificates(row.equipment, kind)
        winding.untick(row.equipment, _clock(before), before.calibrated_on)
        winding.tick(row.equipment, _clock(row), row.calibrated_on)


def _clock(row: Traceability) -> str:
    """The kind of clock that the certificate moves."""
    verified = row.kind == Traceability.Kind.VERIFICATION
    return EquipmentClock.Kind.VERIFICATION if verified else EquipmentClock.Kind.CALIBRATION
