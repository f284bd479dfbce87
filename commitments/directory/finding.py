"""Answers a search of the directory a page at a time: institutions, or lines of scope where a measurement is asked for.

Of a measurement with a needed U an index finds the lines that reach it somewhere; whether they reach it there is reckoned
from the CMC of each. Searching costs the same number of queries whatever is asked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, F, Func, Q, QuerySet
from django.http import HttpRequest

from commitments.capabilities import cmc_of
from commitments.models import DirectoryEntry, DirectoryLine
from commitments.quantities import CEILING
from institutions import units
from institutions.models import Institution
from institutions.scope.cmc import Unclear
from portal import searching
from portal.paging import Page, page_of

from . import places, standing, stretch, terms
from .asked import Needed

SIZE = 30
CANDIDATES = 100  # lines of which one page of a search by U reckons the CMC
KIND = ("instrument", "measurand", "field", "si_unit")
ORDER = (*KIND, "pk")
OF_WHOM = ("place", "name", "pledge")


def institutions(asked: dict[str, Any], request: HttpRequest, day: date, size: int = SIZE) -> Page:
    """A page of entries in the order of their names. One query, or two."""
    return page_of(entries(asked, day), "name", "pk", request=request, key="slug", size=size)


def entries(asked: dict[str, Any], day: date) -> QuerySet[DirectoryEntry]:
    """The institutions that are asked for, by everything but what they measure."""
    rows = DirectoryEntry.objects.filter(_of_whom(asked, day)).defer("words")
    return rows.filter(fields__contains=[asked["field"]]) if asked.get("field") else rows


def entry_of(institution: Institution) -> DirectoryEntry:
    """Its entry; of one that is not entered yet, what is known of every institution."""
    return DirectoryEntry.objects.filter(institution=institution).defer("words").first() or DirectoryEntry(
        institution=institution, name=institution.name, name_en=institution.name_en, slug=institution.slug,
        region_code=institution.region_code, address=institution.address, fields=[],
    )  # fmt: skip


def fields_of(institution: Institution, day: date) -> list[dict[str, Any]]:
    """Its fields with the number of lines in force, the largest first."""
    rows = DirectoryLine.objects.in_force(day).filter(institution=institution)
    return list(rows.values("field").annotate(count=Count("pk")).order_by("-count", "field"))


def lines(asked: dict[str, Any], request: HttpRequest, day: date, size: int = SIZE) -> Page:
    """A page of lines with their entries, in the order of instruments. At most four queries.

    With a needed U a page may hold fewer lines than fit, or none, and still have a next one: it goes on looking there.
    """
    needed = asked["needed"]
    sifting = needed is not None and needed.U is not None
    page = page_of(rows(asked, day), *ORDER, request=request, key="pk", size=max(CANDIDATES, size) if sifting else size)
    page = replace(page, rows=_whole(page.rows))
    if sifting:
        return _sifted(page, lambda line: reaches(line, needed), backwards="before" in request.GET, size=size)
    return page


def rows(asked: dict[str, Any], day: date) -> QuerySet[DirectoryLine]:
    """The lines that are asked for, a needed U apart, which they reach somewhere; no more of each than one index holds."""
    found = DirectoryLine.objects.in_force(day).only(*ORDER)
    needed = asked["needed"]
    if asked["what"] or asked["field"] or needed:
        found = _of_kinds(found, terms.kinds(asked["what"], asked["field"], needed.scale.key if needed else ""))
    if any(asked[name] for name in OF_WHOM):
        # By number: few of them are entered by the index of institutions, many are met along the order.
        whose = DirectoryEntry.objects.filter(_of_whom(asked, day)).values_list("institution_id", flat=True)
        found = found.filter(searching.OneOf(F("institution_id"), list(whose)))
    return found.filter(_reaching(needed)) if needed else found


def _whole(found: list[DirectoryLine]) -> list[DirectoryLine]:
    """The same lines with everything that is shown of them, and their entries."""
    known = DirectoryLine.objects.select_related("entry").defer("entry__words").in_bulk([row.pk for row in found])
    return [known[row.pk] for row in found if row.pk in known]


def _of_whom(asked: dict[str, Any], day: date) -> Q:
    found = Q()
    if asked["place"]:
        found &= places.within(asked["place"])
    if asked["name"]:
        found &= Q(words__contains=searching.plain(asked["name"]))
    if asked["pledge"]:
        found &= standing.filtered(asked["pledge"], day)
    return found


def _of_kinds(found: QuerySet[DirectoryLine], kinds: list[terms.Kind]) -> QuerySet[DirectoryLine]:
    """Lines of these kinds: every column is one of theirs, and where that says too much, all columns together."""
    columns = [{getattr(kind, name) for kind in kinds} for name in KIND]
    for name, values in zip(KIND, columns, strict=True):
        found = found.filter(searching.OneOfTexts(F(name), sorted(values)))
    known = terms.known().kinds
    if sum(
        all(getattr(kind, name) in values for name, values in zip(KIND, columns, strict=True)) for kind in known
    ) > len(kinds):
        together = Func(*KIND, template="%(expressions)s", arg_joiner=" || E'\\n' || ", output_field=CharField())
        texts = ["\n".join(getattr(kind, name) for name in KIND) for kind in kinds]
        found = found.filter(searching.OneOfTexts(together, texts))
    return found


def _reaching(needed: Needed) -> Q:
    """Lines that hold the whole range, and somewhere a U that is good enough."""
    scale = needed.scale
    # Compared as the columns are rounded: lower ends down, upper ends up, so that an end that is met exactly counts.
    found = Q(low__lte=scale.value(needed.low), high__gte=scale.value(needed.high, CEILING))
    return found if needed.U is None else found & Q(best__lte=scale.difference(needed.U))


def reached(line: DirectoryLine, needed: Needed) -> Decimal | None:
    """The U of a line that holds the asked range, there or the largest along it, in the asked unit; None: not stated."""
    cmc = cmc_of(line)
    first, last = (_between(end, needed.unit, cmc.range_unit) for end in (needed.low, needed.high))
    try:
        U = stretch.most(cmc, first, last)
    except Unclear:
        return None
    return None if U is None else _between(U, cmc.range_unit, needed.unit, difference=True)


def reaches(line: DirectoryLine, needed: Needed) -> bool:
    """Whether that U is small enough."""
    U = reached(line, needed)
    return U is not None and (needed.U is None or U <= needed.U)


def _between(value: Decimal, source: str, target: str, *, difference: bool = False) -> Decimal:
    return value if source == target else units.convert(value, source, target, difference=difference)


def _sifted(page: Page, good: Callable[[Any], bool], *, backwards: bool, size: int) -> Page:
    """Of the rows that were looked at the good ones, as many as fit; the neighbouring pages begin where this one ends."""
    kept = [row for row in page.rows if good(row)]
    shown = kept[-size:] if backwards else kept[:size]
    before, after = page.before, page.after
    if len(shown) < len(kept):
        before, after = (shown[0].pk, after) if backwards else (before, shown[-1].pk)
    return Page(rows=shown, before=before, after=after)
