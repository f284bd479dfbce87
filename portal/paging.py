"""Paging by key: as quick on the last page as on the first, and steady while rows are added."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.http import HttpRequest

SIZE = 50
MOST_COUNTED = 1000


def counted(rows: QuerySet) -> str:
    """How many rows there are, in words for a page; beyond a thousand only that: nobody reads more off a list."""
    return _in_words(rows.order_by()[: MOST_COUNTED + 1].count())


def counted_each(**lists: QuerySet) -> dict[str, str]:
    """`counted` of each of the lists, by their names. One query for all of them."""
    parts, values = [], []
    for name, rows in lists.items():
        sql, given = rows.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS {connection.ops.quote_name(name)})")
        values += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        counts = dict(zip(lists, cursor.fetchone(), strict=True))
    return {name: _in_words(count) for name, count in counts.items()}


def _in_words(count: int) -> str:
    return str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


@dataclass(frozen=True)
class Page:
    """Rows of one page, and the names of the rows at its ends where the list goes on beyond them."""

    rows: list[Any]
    before: str
    after: str

    def links(self, request: HttpRequest) -> dict[str, str]:
        """`previous_url` and `next_url` as the data table takes them; the filters of the request stay."""
        return {
            "previous_url": _address(request, before=self.before) if self.before else "",
            "next_url": _address(request, after=self.after) if self.after else "",
        }


def page_of(rows: QuerySet, *order: str, request: HttpRequest, key: str = "ref", size: int = SIZE) -> Page:
    """The page before or after the row that the request names in `before` or `after`; else the first one.

    `order`: fields without nulls, with "-" for descending, together unique: end with "pk". `key`: the field that names
    a row in an address. A name that is not among the rows gives the first page.
    """
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    direction = [_turned(name) for name in order] if before else list(order)
    place = (before or after).replace("\x00", "")[:60]
    named = _values(rows.filter(**{key: place}), direction) if place else None
    found = list((rows.filter(_beyond(named, direction)) if named else rows).order_by(*direction)[: size + 1])
    more, found = len(found) > size, found[:size]
    has_next, has_previous = (True, more) if before and named else (more, named is not None)
    if before:
        found.reverse()
    return Page(
        rows=found,
        before=getattr(found[0], key) if found and has_previous else "",
        after=getattr(found[-1], key) if found and has_next else "",
    )


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _values(named: QuerySet, order: list[str]) -> dict[str, Any] | None:
    """What the row holds in the fields of the order."""
    return next(iter(named.order_by().values(*(name.lstrip("-") for name in order))[:1]), None)


def _beyond(values: dict[str, Any], order: list[str]) -> Q:
    """Rows that come after one with these values. An index in that order is entered there, however deep it lies."""
    down = {name.startswith("-") for name in order}
    if len(down) == 1:
        names = [name.lstrip("-") for name in order]
        here = _together(Value(values[name]) for name in names)
        return Q(_compared("<" if down.pop() else ">", _together(map(F, names)), here))
    beyond, equal = Q(), Q()
    for name in order:
        field = name.lstrip("-")
        beyond |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": values[field]})
        equal &= Q(**{field: values[field]})
    return beyond


def _together(parts: Iterable[Any]) -> Func:
    return Func(*parts, template="ROW(%(expressions)s)", output_field=BooleanField())


def _compared(sign: str, left: Func, right: Func) -> Func:
    return Func(left, right, template="%(expressions)s", arg_joiner=f" {sign} ", output_field=BooleanField())


def _address(request: HttpRequest, **place: str) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query.update(place)
    return f"{request.path}?{query.urlencode()}"
