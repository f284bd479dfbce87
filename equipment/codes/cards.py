"""What the public may read of a thing with a code: which one it is, how it stands by its dates, and whose it is.

A card is published in the transaction that changes one of its facts. An own instrument shows the dates of its status
label, a customer's the last certificate issued for it; the customer is never on it. Source: A-6.5.2.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Min
from django.utils import timezone

from portal import codes
from portal.ledger import leaves
from portal.models import SmartCode

from ..labels import facts
from ..models import DeviceCode, Equipment, EquipmentClock, Label

# The last certificate of a customer's instrument as its own card shows it: {"state", "reason", "certificate"}, or None.
Certified = Callable[[Equipment], dict[str, Any] | None]
_certified: list[Certified] = []


def certified_by(function: Certified) -> Certified:
    """This function knows the certificates of customers' instruments from now on."""
    _certified[:] = [function]
    return function


def refresh(rows: Iterable[Equipment | int], *, at: datetime) -> None:
    """The public page behind the code of each of these rows (or of their keys) says what is so now; one query where none has one."""
    linked = DeviceCode.objects.filter(equipment__in=rows, state=DeviceCode.State.LINKED)
    publish(linked.select_related("equipment__institution"), at=at)


def publish(linked: Iterable[DeviceCode], *, at: datetime) -> None:
    """The public page behind each of these codes says what is so now. `linked` have equipment and institution at hand."""
    linked = list(linked)
    if not linked:
        return
    things, day = [code.equipment for code in linked], timezone.localdate(at)
    labels = dict(zip([row.pk for row in things], facts.drafts(things, day), strict=True))
    ends = _ends(things)
    cards = {code.token: card(code.equipment, labels[code.equipment_id], ends) for code in linked}
    codes.publish_all(linked[0].institution_id, SmartCode.Kind.DEVICE, cards, at=at)


def card(equipment: Equipment, label: Label, ends: dict[int, date]) -> dict[str, Any]:
    """The card of one thing. `label` is what its status label would say today, `ends` when its clocks run out."""
    institution = equipment.institution
    said = {
        "kind": codes.EQUIPMENT,
        "device": identity(equipment),
        "institution": {
            "name": institution.name,
            "name_en": institution.name_en,
            "phone": institution.phone,
            "complaint_phone": institution.complaint_phone,
        },
    }
    if equipment.role == Equipment.Role.CUSTOMER:
        return said | (certificate_of(equipment) or {"state": "unproven"})
    if label.word == Label.Word.STOPPED:
        return said | {"state": "stopped"}
    until = min(filter(None, (label.valid_until, ends.get(equipment.pk), _perishes(equipment))), default=None)
    standing = {
        "word": str(label.get_word_display()),
        "traced_on": label.dated_on.isoformat() if label.dated_on else "",
        "until": until.isoformat() if until else "",
        "restriction": label.restriction,
    }
    return said | {"state": "in_use", "standing": standing}


def identity(equipment: Equipment) -> dict[str, str]:
    """By what somebody who holds the thing recognises it."""
    return {
        "name": equipment.name,
        "model": equipment.model,
        "serial_number": equipment.serial_number or equipment.asset_number,
        "manufacturer": equipment.manufacturer,
        "range": equipment.range_text,
    }


def expected(institution_id: int) -> dict[str, dict[str, Any]]:
    """What the card of each code in force must say whatever the day: digest of the token -> parts of the card.

    For the verification of public pages. An own instrument's card names no certificate. Source: E4.26.
    """
    linked = DeviceCode.objects.filter(institution_id=institution_id, state=DeviceCode.State.LINKED)
    found = {}
    for code in linked.select_related("equipment").order_by("pk").iterator(chunk_size=200):
        theirs = code.equipment.role == Equipment.Role.CUSTOMER
        said = (certificate_of(code.equipment) if theirs else None) or {}
        facts_of_it = {
            "kind": codes.EQUIPMENT,
            "device": identity(code.equipment),
            "certificate": said.get("certificate"),
        }
        found[leaves.subject(code.token)] = facts_of_it
    return found


def withdrawn(institution_id: int) -> set[str]:
    """Under what the cards of retired codes stand."""
    retired = DeviceCode.objects.filter(institution_id=institution_id, state=DeviceCode.State.RETIRED)
    return {codes.withdrawn_digest(token) for token in retired.values_list("token", flat=True)}


def certificate_of(equipment: Equipment) -> dict[str, Any] | None:
    """State, reason and certificate of a customer's instrument, or None when there is no certificate of ours."""
    return next((found for known in _certified if (found := known(equipment))), None)


def _ends(rows: list[Equipment]) -> dict[int, date]:
    """The first day on which a clock that blocks its use runs out, by equipment. One query."""
    clocks = EquipmentClock.objects.filter(
        equipment__in=rows, needed=True, state=EquipmentClock.State.CURRENT, kind__in=EquipmentClock.BLOCKING,
        due_on__isnull=False,
    )  # fmt: skip
    return dict(clocks.values_list("equipment").annotate(first=Min("due_on")).order_by())


def _perishes(equipment: Equipment) -> date | None:
    perishable = (Equipment.Role.REFERENCE_MATERIAL, Equipment.Role.CONSUMABLE)
    return equipment.expires_on if equipment.role in perishable else None
