"""The CMC along a stretch of its range: the U that holds everywhere on it.

A CMC is piecewise simple: between the points looked at here it only rises or only falls. Source: institutions/scope/cmc.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import pairwise

from institutions.scope.cmc import DIGITS, Cmc, cells, table


def most(cmc: Cmc, low: Decimal, high: Decimal) -> Decimal | None:
    """The largest U from low to high; of a matrix, under the best conditions for each value. None: not stated all along.

    All in the unit of the range. Raises: cmc.Unclear for what cannot be read.
    """
    if cmc.form == "matrix":
        stated = list(_in_cells(cmc, low, high))
    else:
        stated = [cmc.at(point) for point in _turns(cmc, low, high)]
    return None if None in stated else max(stated)


def _turns(cmc: Cmc, low: Decimal, high: Decimal) -> set[Decimal]:
    """Both ends, the points of a table between them, and where a relative U between two of these turns back."""
    found = {low, high}
    if cmc.form == "table":
        points = table(cmc.points)
        found |= {value for value, _U in points}
        if cmc.relative:
            found |= set(_vertices(points))
    return {point for point in found if low <= point <= high}


def _vertices(points: tuple[tuple[Decimal, Decimal], ...]) -> Iterator[Decimal]:
    """Of ratio times value, which is a parabola between two points, the vertex."""
    with localcontext() as context:
        context.prec = DIGITS
        for (x0, r0), (x1, r1) in pairwise(points):
            rise = (r1 - r0) / (x1 - x0)
            if rise:
                yield (rise * x0 - r0) / (2 * rise)


def _in_cells(cmc: Cmc, low: Decimal, high: Decimal) -> Iterator[Decimal | None]:
    """The U between each two neighbouring edges of cells, where the same cells apply."""
    known = cells(cmc.points)
    edges = sorted({low, high} | {edge for cell in known for edge in (cell.low, cell.high) if low < edge < high})
    for first, last in pairwise(edges) if low < high else [(low, high)]:
        stated = [cell.U for cell in known if cell.low <= first and last <= cell.high]
        yield _at(cmc, min(stated), max(first, last, key=abs)) if stated else None


def _at(cmc: Cmc, stated: Decimal, value: Decimal) -> Decimal | None:
    """What a cell states, as U at the value."""
    return replace(cmc, form="constant", constant=stated, slope=Decimal(0), points="").at(value)
