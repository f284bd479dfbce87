"""The verbs of a device code: make it, link it to equipment, to another one, retire it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal import audit, codes, entitlement
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from ..models import CodeLink, DeviceCode, Equipment
from . import cards, gates

State = DeviceCode.State
MOST = 1000  # of one printing
GATES = (gates.is_still_there, gates.has_no_other_code)

MAKE = Transition("make", frozenset({""}), State.BLANK, Permission.EQUIPMENT_MANAGE)
LINK = Transition("link", frozenset({State.BLANK}), State.LINKED, Permission.EQUIPMENT_MANAGE)
RELINK = Transition("relink", frozenset({State.LINKED}), State.LINKED, Permission.EQUIPMENT_MANAGE)
RETIRE = Transition("retire", frozenset({State.BLANK, State.LINKED}), State.RETIRED, Permission.EQUIPMENT_MANAGE)


@transaction.atomic
def make_blank(count: int, *, actor: Actor, at: datetime) -> list[DeviceCode]:
    """So many codes that belong to nothing yet; whoever scans one reads that there is no such code. Raises: Refused."""
    _may(actor)
    if not 0 < count <= MOST:
        raise Refused(Refusal("code", _("一次印 1 到 %(most)d 枚空白码。请改数量。") % {"most": MOST}))
    return _made([DeviceCode(institution_id=actor.institution_id) for _one in range(count)], actor)


@transaction.atomic
def make_for(
    rows: Sequence[Equipment], *, actor: Actor, at: datetime
) -> tuple[list[DeviceCode], list[tuple[Equipment, list[Refusal]]]]:
    """Each of the rows has a code in force with its public page: the one it had, else a new one.

    Returns: the codes in the order of the rows, and rows without one with the reasons. `rows` have their institution at
    hand. Raises: PermissionDenied; Refused for more than MOST rows or none.
    """
    _may(actor)
    if not 0 < len(rows) <= MOST:
        raise Refused(Refusal("code", _("一次最多 %(most)d 枚，请选 1 台以上、不超过这个数的设备。") % {"most": MOST}))
    Equipment.objects.in_turn(*(row.pk for row in rows))
    known = {
        code.equipment_id: code
        for code in DeviceCode.objects.filter(
            institution_id=actor.institution_id, equipment__in=rows, state=State.LINKED
        ).select_related("equipment__institution")
    }
    new = [row for row in rows if row.pk not in known]
    refused = [
        (row, against) for row in new if (against := list(gates.is_still_there(DeviceCode(equipment=row), actor, at)))
    ]
    off = {row.pk for row, _against in refused}
    fresh = [
        DeviceCode(institution_id=actor.institution_id, equipment=row, state=State.LINKED)
        for row in new
        if row.pk not in off
    ]
    made = _made(fresh, actor)
    CodeLink.objects.bulk_create([_line(code, code.equipment, True, "", actor) for code in made])
    cards.publish(made, at=at)
    known |= {code.equipment_id: code for code in made}
    return [known[row.pk] for row in rows if row.pk in known], refused


def link(code: DeviceCode, equipment: Equipment, *, actor: Actor, at: datetime) -> DeviceCode:
    """A blank code belongs to this equipment, and its public page says so. Raises: Refused."""
    with transaction.atomic():
        with LINK.applied_to(code, actor=actor, at=at) as code:
            _put(code, equipment, "", actor, at)
        cards.publish([code], at=at)
    return code


def relink(code: DeviceCode, equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> DeviceCode:
    """The code belongs to another piece of equipment, with the reason; where it was before stays on record.

    Raises: Refused, also without a reason and for the equipment that it belongs to already.
    """
    with transaction.atomic():
        with RELINK.applied_to(code, actor=actor, at=at, reason=reason) as code:
            _stated(reason)
            if code.equipment_id == equipment.pk:
                raise Refused(Refusal("code", _("这枚码已经关联 %(name)s。请选择另一台设备。") % {"name": equipment}))
            _taken_off(code, reason, actor)
            _put(code, equipment, reason, actor, at)
        cards.publish([code], at=at)
    return code


def retire(code: DeviceCode, reason: str, *, actor: Actor, at: datetime) -> DeviceCode:
    """The code counts for nothing any more: whoever scans it reads that there is no such code. Raises: Refused."""
    with transaction.atomic():
        with RETIRE.applied_to(code, actor=actor, at=at, reason=reason) as code:
            _stated(reason)
            if code.equipment is not None:
                _taken_off(code, reason, actor)
        codes.unpublish(code.institution_id, code.token, at=at)
    return code


def _may(actor: Actor) -> None:
    actor.require(MAKE.permission, actor.institution_id)
    entitlement.confirm(actor, MAKE.permission, actor.institution_id)


def _made(new: list[DeviceCode], actor: Actor) -> list[DeviceCode]:
    DeviceCode.objects.bulk_create(new)
    audit.record_many(
        actor,
        (
            audit.Act(verb=MAKE.name_for(code), row=code, changes={}, was="", became=code.state, reason="")
            for code in new
        ),
    )
    return new


def _put(code: DeviceCode, equipment: Equipment, reason: str, actor: Actor, at: datetime) -> None:
    code.equipment = equipment
    Equipment.objects.in_turn(equipment.pk)
    if against := [refusal for gate in GATES for refusal in gate(code, actor, at)]:
        raise Refused(*against)
    _line(code, equipment, True, reason, actor).save()


def _taken_off(code: DeviceCode, reason: str, actor: Actor) -> None:
    _line(code, code.equipment, False, reason, actor).save()


def _line(code: DeviceCode, equipment: Equipment, linked: bool, reason: str, actor: Actor) -> CodeLink:
    return CodeLink(
        institution_id=code.institution_id, code=code, equipment=equipment, linked=linked, because=reason[:200],
        made_by_id=actor.employment_id,
    )  # fmt: skip


def _stated(reason: str) -> None:
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明原因，例如贴错设备、码已损坏。")))
