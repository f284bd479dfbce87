"""The verbs of a status label: print it, print it again, void it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, entitlement
from portal.actors import Actor
from portal.numbering import next_numbers
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from ..models import Equipment, Label
from . import facts, gates

State = Label.State
SERIES = "BQ"
MOST = 1000  # of one printing: what people put into a printer at once

PRINT = Transition(
    "print", frozenset({""}), State.PRINTED, Permission.EQUIPMENT_MANAGE,
    gates=(
        gates.is_labelled_by_us, gates.bears_its_dates, gates.comes_from_its_certificate, gates.names_its_restriction,
    ),
)  # fmt: skip
VOID = Transition("void", frozenset({State.PRINTED}), State.VOID, Permission.EQUIPMENT_MANAGE)


@dataclass(frozen=True)
class Printed:
    """What came of a printing: the labels in the order of the rows, and equipment with the reasons why it has none."""

    labels: list[Label]
    refused: list[tuple[Equipment, list[Refusal]]]


@transaction.atomic
def print_labels(rows: Sequence[Equipment], *, actor: Actor, at: datetime) -> Printed:
    """Each of the rows has a label on record that says what its live state says, with a number of its own.

    A label that says what the last one of the same equipment said is a reprint and names it. What has something against
    it gets none, with every reason; the others are printed all the same. `rows` have their institution at hand.
    Raises: PermissionDenied; Refused for more than MOST rows or none. Source: C-5.3.4-s2, C-5.3.4-s3, A-6.2.3.1-s2.
    """
    actor.require(PRINT.permission, actor.institution_id)
    entitlement.confirm(actor, PRINT.permission, actor.institution_id)
    if not 0 < len(rows) <= MOST:
        raise Refused(Refusal("label", _wrong_number(len(rows))))
    labels, refused = [], []
    for label in facts.drafts(rows, timezone.localdate(at)):
        if against := PRINT.refusals(label, actor=actor, at=at):
            refused.append((label.equipment, against))
        else:
            labels.append(label)
    if labels:
        _number(labels, actor, at)
        Label.objects.bulk_create(labels)
        audit.record_many(actor, map(_act, labels))
    return Printed(labels, refused)


def _wrong_number(count: int) -> str:
    if not count:
        return _("没有选中设备。请先勾选设备，或按筛选打印全部。")
    return _("一次最多打印 %(most)d 枚，现在选了 %(count)d 台。请用筛选分几批打印。") % {"most": MOST, "count": count}


def _number(labels: list[Label], actor: Actor, at: datetime) -> None:
    year, institution = timezone.localdate(at).year, labels[0].equipment.institution
    numbers = next_numbers(actor.institution_id, SERIES, year, len(labels))
    last = _last_printed(labels)
    for label, number in zip(labels, numbers, strict=True):
        label.state = State.PRINTED
        label.serial = f"{institution.short_code}-{SERIES}-{year}-{number:06d}"
        label.printed_by_id = actor.employment_id
        before = last.get(label.equipment_id)
        label.reprint_of = before if before is not None and facts.says_the_same(label, before) else None


def _last_printed(labels: list[Label]) -> dict[int, Label]:
    """The newest label in force of each piece of equipment. One query."""
    known = Label.objects.filter(
        institution_id=labels[0].institution_id, equipment__in=[label.equipment_id for label in labels],
        state=State.PRINTED,
    )  # fmt: skip
    return {label.equipment_id: label for label in known.order_by("equipment", "-pk").distinct("equipment")}


def _act(label: Label) -> audit.Act:
    reason = _("重印 %(serial)s") % {"serial": label.reprint_of.serial} if label.reprint_of else ""
    return audit.Act(
        verb=PRINT.name_for(label), row=label, changes=audit.differences({}, audit.snapshot(label)), was="",
        became=label.state, reason=reason,
    )  # fmt: skip


def void(label: Label, reason: str, *, actor: Actor, at: datetime) -> Label:
    """The label counts for nothing any more, with the reason; its number stays taken. Source: A-6.2.3.1-s2."""
    with VOID.applied_to(label, actor=actor, at=at, reason=reason) as label:
        if not reason.strip():
            raise Refused(Refusal("A-6.2.3.1-s2", _("请写明作废的原因，例如印错、损坏或已撕下。")))
        label.void_because = reason[:200]
    return label
