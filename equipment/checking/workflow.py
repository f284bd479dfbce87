"""The verb of 期间核查: a check is recorded with its verdict, moves the clock, and stops what has failed."""

from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Transition

from .. import events
from ..clocks import winding
from ..life import workflow
from ..models import CheckPlan, Equipment, EquipmentClock, EquipmentEvent, IntermediateCheck
from ..statistics import rounded
from . import gates
from .intermediate import STORED, differences_before, judged, missing_figures, terms_of
from .readings import Readings

Verdict = IntermediateCheck.Verdict
KIND = EquipmentClock.Kind.INTERMEDIATE_CHECK
PLACES = -STORED.adjusted()

CHECK = Transition(
    "record", frozenset({""}), "", Permission.EQUIPMENT_CONFIRM,
    gates=(
        gates.plan_stands, gates.procedure_in_force, gates.equipment_is_there, gates.checked_by_somebody_there,
        gates.recorded_once,
    ),
    event=events.intermediate_check_recorded,
)  # fmt: skip


def check(
    plan: CheckPlan,
    readings: Readings,
    values: dict[str, Any],
    file: UploadedFile | None,
    *,
    actor: Actor,
    at: datetime,
) -> IntermediateCheck:
    """The check is on record with its verdict and the terms it was given by; it is never changed.

    `values`: performed_on, performed_by, conditions. What has failed is quarantined in the same transaction, unless a
    later check of the plan is known; what has not failed moves the clock once all plans of the equipment are done.
    Raises: Refused. Source: C-5.5.3, D-4.4.3.5, D-4.4.3.2-s1.
    """
    blank = IntermediateCheck(
        institution_id=plan.institution_id,
        plan=plan,
        equipment=plan.equipment,
        readings=list(readings.values),
        **values,
    )
    Equipment.objects.in_turn(plan.equipment_id)
    # A plan without its figures gives no verdict; the gate says so.
    if not missing_figures(plan):
        found = judged(plan, readings.values, differences_before(plan, blank.performed_on))
        blank.mean, blank.figure = rounded(found.mean, PLACES), rounded(found.figure, PLACES)
        blank.verdict, blank.terms = found.verdict, terms_of(plan, readings.texts, found.remarks)
    if blank.verdict != Verdict.FAILED:
        blank.next_on = winding.next_after(plan.equipment, KIND, blank.performed_on)
    with CHECK.applied_to(blank, actor=actor, at=at) as row:
        if file is not None:
            row.file = documents.upload(file, actor=actor, at=at)
    return row


def round_done(equipment: Equipment, *, without: IntermediateCheck | None = None) -> date | None:
    """The day since which every current plan has a check that did not fail; None while one of them has none.

    `without`: as it was before that check.
    """
    days = []
    for plan in equipment.check_plans.filter(state=CheckPlan.State.CURRENT):
        last = plan.checks.exclude(pk=without and without.pk).order_by("performed_on", "pk").last()
        if last is None or last.verdict == Verdict.FAILED:
            return None
        days.append(last.performed_on)
    return min(days, default=None)


def move_the_clock(row: IntermediateCheck) -> None:
    """Once all plans of the equipment are done, its clock runs from the earliest of them."""
    done_on, done_before = round_done(row.equipment), round_done(row.equipment, without=row)
    if done_on is not None and (done_before is None or done_on > done_before):
        winding.wind(row.equipment, KIND, done_on)


def stop(row: IntermediateCheck, *, actor: Actor, at: datetime) -> None:
    """Equipment in use whose newest check of the plan has failed is quarantined, with the figures as the reason."""
    newest = row.plan.checks.order_by("performed_on", "pk").last()
    # Somebody else may be stopping it at this moment.
    equipment = Equipment.objects.select_for_update(of=("self",)).get(pk=row.equipment_id)
    if equipment.state != Equipment.State.IN_USE or newest != row:
        return
    reason = _("期间核查不合格：%(what)s，%(day)s 核查。") % {"what": row.plan, "day": row.performed_on}
    workflow.quarantine(equipment, reason, kind=EquipmentEvent.Kind.OUT_OF_SPEC, actor=actor, at=at)
