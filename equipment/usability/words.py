"""合格, 准用, 停用: what a label says, read off the live state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from portal.transitions import Refusal

from ..models import Confirmation, Equipment
from .devices import reasons_against


@dataclass(frozen=True)
class Word:
    """What a piece of equipment is good for on a day: the word, its tone (ok, due, bad), and what it is restricted to."""

    text: str
    tone: str
    restriction: str = ""


def live_word(equipment: Equipment, day: date, against: Sequence[Refusal] | None = None) -> Word:
    """停用 when anything is against its use that day, 准用 when the use is restricted, else 合格. Source: C-5.3.4-s2.

    `against`: the reasons of that day where they are at hand already.
    """
    if reasons_against(equipment, day) if against is None else against:
        return Word(_("停用"), "bad")
    if restriction := restriction_on(equipment, day):
        return Word(_("准用"), "due", restriction)
    return Word(_("合格"), "ok")


def restriction_on(equipment: Equipment, day: date) -> str:
    """What the confirmation of that day restricts the use to; empty when it does not. Source: C-5.5.4."""
    trace = equipment.traced_on(day)
    confirmation = trace and trace.confirmation_on(day)
    if confirmation is None or confirmation.conclusion != Confirmation.Conclusion.RESTRICTED:
        return ""
    return confirmation.restriction
