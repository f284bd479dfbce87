"""能力 of an institution as the directory shows it: each line of scope in words, and in coherent SI to be searched."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from institutions.models import Institution, ScopeItem
from institutions.scope import cmc
from institutions.units import UnknownUnit

from . import holding
from .directory import terms
from .models import DirectoryEntry, DirectoryLine
from .quantities import CEILING, coherent

SAID = (
    "region_code", "field", "instrument", "measurand", "si_unit", "low", "high", "best", "valid_from", "valid_until", "shown",
    "cmc",
)  # fmt: skip
BATCH = 1000
NEVER = date(1900, 1, 1)  # the last day of a line that was taken back: the portal deletes no rows


def refresh(entry: DirectoryEntry, *, at: datetime, only: Collection[int] | None = None) -> None:
    """The directory has the institution's lines that are or will be in force, and no other; what is the same stays.

    `only`: keys of the lines of scope that were written, None for all of them.
    """
    lines = DirectoryLine.objects.filter(institution_id=entry.institution_id)
    items = ScopeItem.objects.filter(institution_id=entry.institution_id, state=ScopeItem.State.ACTIVE)
    if only is not None:
        lines, items = lines.filter(line__in=only), items.filter(pk__in=only)
    known = {row.line: row for row in lines}
    day = timezone.localdate(at)
    wanted = {}
    for item in items.select_related("qualification", "site", "method").iterator(chunk_size=BATCH):
        dates = in_force(item, day)
        if dates is not None:
            wanted[item.pk] = said(entry.institution, item, *dates)
    gone = [row.pk for row in known.values() if row.line not in wanted and row.valid_until != NEVER]
    DirectoryLine.objects.filter(pk__in=gone).update(valid_until=NEVER, shown={}, cmc={})
    changed = {line: facts for line, facts in wanted.items() if line not in known or _differs(known[line], facts)}
    DirectoryLine.objects.bulk_create(
        [
            DirectoryLine(institution_id=entry.institution_id, entry=entry, line=line, **facts)
            for line, facts in changed.items()
        ],
        update_conflicts=True, unique_fields=["line"], update_fields=SAID, batch_size=BATCH,
    )  # fmt: skip
    terms.forget()


def in_force(item: ScopeItem, day: date) -> tuple[date, date | None] | None:
    """From when and until when the line counts, on the day or later, as its own dates, paper and site say; None: never."""
    paper, site = item.qualification, item.site
    if paper.state not in paper.COUNTING or site.state != site.State.CURRENT:
        return None
    begins = max(filter(None, (item.valid_from, paper.valid_from, site.opened_on)))
    first = max(begins, day)
    if not paper.valid_on(first) or not site.open_on(first):
        return None
    ends = min(filter(None, (item.valid_until, holding.good_until(paper, first), site.closed_on)), default=None)
    return None if ends is not None and ends < first else (begins, ends)


def said(institution: Institution, item: ScopeItem, valid_from: date, valid_until: date | None) -> dict[str, Any]:
    """What the directory says of the line, by column of DirectoryLine."""
    stated = item.cmc
    return {
        "region_code": institution.region_code, "field": item.field, "instrument": item.instrument,
        "measurand": item.measurand, "valid_from": valid_from, "valid_until": valid_until,
        **_in_si(item, stated),
        "shown": {
            "instrument_en": item.instrument_en, "measurand_en": item.measurand_en, "range": item.range_text,
            "cmc": stated.text, "stated": item.cmc_stated, "method": item.method.code, "site": item.site.name,
            "address": item.site.address, "limits": item.limits, "paper": str(item.qualification),
        },
        "cmc": {
            "form": stated.form, "constant": str(stated.constant), "slope": str(stated.slope), "unit": stated.unit,
            "relative": stated.relative, "points": stated.points, "range_unit": stated.range_unit,
            "parameter": item.parameter, "parameter_unit": item.parameter_unit,
        },
    }  # fmt: skip


def cmc_of(line: DirectoryLine) -> cmc.Cmc:
    """The CMC of a line of the directory as a function of the value, in the unit of the line."""
    kept = {name: line.cmc[name] for name in ("form", "unit", "relative", "points", "range_unit")}
    return cmc.Cmc(constant=Decimal(line.cmc["constant"]), slope=Decimal(line.cmc["slope"]), **kept)


def _in_si(item: ScopeItem, stated: cmc.Cmc) -> dict[str, Any]:
    """Range and smallest U in coherent SI: never narrower and never larger than stated. Without a unit: not to be searched."""
    try:
        unit = coherent(item.unit)
        least = _least(item, stated)
    except (UnknownUnit, cmc.Unclear):
        return {"si_unit": "", "low": None, "high": None, "best": None}
    low, high = unit.value(item.range_low), unit.value(item.range_high, CEILING)
    return {"si_unit": unit.key, "low": low, "high": high, "best": unit.difference(least)}


def _least(item: ScopeItem, stated: cmc.Cmc) -> Decimal:
    """No U on the line is smaller, in the unit of the range."""
    low, high = item.range_low, item.range_high
    nearest = Decimal(0) if low <= 0 <= high else min(abs(low), abs(high))  # to zero, where U is smallest
    if stated.form == ScopeItem.Form.TABLE:
        smallest = min(U for _value, U in cmc.table(stated.points))
    elif stated.form == ScopeItem.Form.MATRIX:
        smallest = min(cell.U for cell in cmc.cells(stated.points))
    else:
        return stated.at(nearest) or Decimal(0)
    flat = cmc.Cmc("constant", smallest, Decimal(0), stated.unit, stated.relative, "", stated.range_unit)
    return flat.at(nearest) or Decimal(0)


def _differs(row: DirectoryLine, facts: dict[str, Any]) -> bool:
    return any(getattr(row, name) != fact for name, fact in facts.items())
