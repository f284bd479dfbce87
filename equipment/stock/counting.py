"""What was scanned or typed while counting, and how far the counting is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from portal import glyphs
from portal.ledger.leaves import canonical

from ..codes.reading import LENGTH, read_token
from ..models import DeviceCode, Equipment, StockCheck, StockLine

Outcome = StockLine.Outcome
GONE = (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)


@dataclass(frozen=True)
class Understood:
    """What a text stands for: a piece of equipment, or a sentence that says why it stands for none.

    `foreign`: it is no number of ours that was mistyped, but a code that was really there.
    """

    equipment: Equipment | None
    problem: str = ""
    foreign: bool = False


def understood(text: str, institution_id: int) -> Understood:
    """A code of ours by its address or its token; else the institution's own number; else a serial number that is unique."""
    rows = Equipment.objects.filter(institution_id=institution_id).exclude(state__in=GONE).select_related("institution")
    token, scanned = read_token(text), "/" in text
    if len(token) == LENGTH:
        code = DeviceCode.objects.filter(institution_id=institution_id, token=token).select_related("equipment").first()
        if code is not None and code.state == DeviceCode.State.LINKED and code.equipment.state in GONE:
            told = {"name": code.equipment, "state": code.equipment.get_state_display()}
            return Understood(None, _("%(name)s 在台账上的状态是“%(state)s”。请查明为什么还在。") % told, True)
        if code is not None and code.state == DeviceCode.State.LINKED:
            return Understood(code.equipment)
        if code is not None:
            return Understood(None, _("这枚码没有关联设备（%(state)s）。") % {"state": code.get_state_display()}, True)
    typed = text.strip()
    named = list(rows.filter(asset_number__iexact=typed)[:9])
    if found := next((row for row in named if row.asset_number == typed or len(named) == 1), None):
        return Understood(found)
    if named:
        return Understood(
            None, _("有几台设备的管理编号只差大小写。请照标签上的大小写键入“%(text)s”。") % {"text": typed[:60]}
        )
    same = list(rows.filter(serial_number__iexact=typed)[:2]) if typed else []
    if len(same) == 1:
        return Understood(same[0])
    if same:
        return Understood(None, _("有几台设备的出厂编号都是“%(text)s”。请键入管理编号。") % {"text": typed[:60]})
    return Understood(
        None, _("台账里没有“%(text)s”。请核对编号。") % {"text": typed[:60]}, scanned or len(token) == LENGTH
    )


def lines_of(check: StockCheck) -> QuerySet[StockLine]:
    """What a check expects, and what was found beyond that: without what was counted by mistake and taken back."""
    return _counting(StockLine.objects.filter(institution_id=check.institution_id, check_of=check))


def _counting(lines: QuerySet[StockLine]) -> QuerySet[StockLine]:
    return lines.exclude(outcome=Outcome.UNEXPECTED, found_at=None)


def written(text: str) -> str:
    """What was scanned as it is written down: a letter that no report could print is a question mark."""
    return "".join(letter if glyphs.is_drawn(letter) else "?" for letter in text.strip()[:120])


@dataclass(frozen=True)
class Figures:
    """How many lines of a check have which outcome."""

    found: int
    missing: int
    unexpected: int

    @property
    def expected(self) -> int:
        return self.found + self.missing


def figures(check: StockCheck) -> Figures:
    """How far the counting is. One query."""
    return figures_of([check])[check.pk]


def figures_of(checks: Sequence[StockCheck]) -> dict[int, Figures]:
    """How far each of the checks is, by their keys; all of them are one institution's. One query."""
    if not checks:
        return {}
    lines = StockLine.objects.filter(
        institution_id=checks[0].institution_id, check_of__in=[check.pk for check in checks]
    )
    counts = {one.value: Count("pk", filter=Q(outcome=one)) for one in Outcome}
    known = {row.pop("check_of"): row for row in _counting(lines).values("check_of").annotate(**counts)}
    return {check.pk: Figures(**known.get(check.pk, dict.fromkeys(Outcome.values, 0))) for check in checks}


def digest(check: StockCheck) -> str:
    """SHA-256 of what is signed: which lines there are and what came of each."""
    told = lines_of(check).order_by("pk").values_list("equipment__asset_number", "scanned", "outcome", "found_by__name")
    said = {"check": check.ref, "title": check.title, "lines": [list(line) for line in told.iterator(chunk_size=5000)]}
    return hashlib.sha256(canonical(said)).hexdigest()
