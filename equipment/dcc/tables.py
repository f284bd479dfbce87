"""The results of a DCC: columns with their units and U, brought together into points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from institutions import units
from portal.decimals import LARGEST_EXPONENT, MOST_DIGITS, plain

from .schema import NAMES, SI, NotADcc

MOST_POINTS, MOST_VALUES = 300, 10_000
# What a column is, by the last part of the names that PTB's good practice gives it: "basic_measuredValue".
ROLES = {
    "nominalValue": "nominal",
    "calibrationValue": "nominal",
    "referenceValue": "reference",
    "measuredValue": "value",
    "measurementError": "error",
}
LIMITS = ("toleranceLimitLower", "toleranceLimitUpper")
DIFFERENCES = ("error", "permitted")


@dataclass(frozen=True)
class Column:
    """Equally meant values in one unit: each with its U and k where it has them."""

    values: tuple[Decimal, ...]
    unit: str
    u: tuple[Decimal, ...] = ()
    k: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class DccPoint:
    """One point as the form takes it: texts with the digits of the certificate, "" for what it does not say."""

    quantity: str
    unit: str
    nominal: str
    value: str = ""
    error: str = ""
    uncertainty: str = ""
    coverage_factor: str = ""
    permitted: str = ""


def points_of(root: Any, unit: str, notices: list[str]) -> list[DccPoint]:
    """The points of every table of results; of a quantity in several units the one in `unit` is taken, else the first.

    What could not be read is added to `notices` in words.
    """
    found: list[DccPoint] = []
    for number, data in enumerate(root.iterfind(".//dcc:results/dcc:result/dcc:data", NAMES), 1):
        for table in _tables(data):
            points = list(_points(table, unit))
            found += points
            if not points:
                notices.append(
                    _("第 %(number)d 组结果没有标明哪一列是参考值、示值或误差，没有读入。请照证书键入。")
                    % {"number": number}
                )
    if len(found) > MOST_POINTS:
        notices.append(_("DCC 有 %(now)d 个点，只读入前 %(most)d 个。") % {"now": len(found), "most": MOST_POINTS})
    return found[:MOST_POINTS]


def _tables(data: Any) -> Iterator[list[Any]]:
    """The quantities that belong together: those of a list, or those beside each other."""
    lists = data.findall("dcc:list", NAMES)
    for one in lists:
        yield [quantity for quantity in one.iterfind(".//dcc:quantity", NAMES) if _of_list(quantity, one)]
    if loose := data.findall("dcc:quantity", NAMES):
        yield loose


def _of_list(quantity: Any, table: Any) -> bool:
    """Whether the quantity is a column of the table, not something said about one."""
    return not any(
        parent.tag.endswith("}measurementMetaData") for parent in quantity.iterancestors() if parent is not table
    )


def _points(quantities: Sequence[Any], unit: str) -> Iterator[DccPoint]:
    columns: dict[str, Column] = {}
    name = ""
    for quantity in quantities:
        role = _role(quantity)
        column = _column(quantity, unit)
        if role and column and role not in columns:
            columns[role] = column
            name = name or words(quantity, "dcc:name")
        for about in quantity.iterfind("dcc:measurementMetaData/dcc:metaData/dcc:data/dcc:quantity", NAMES):
            if _role(about) or _role(about.getparent().getparent()) == "nominal":
                column = _column(about, unit)
                if column is not None:
                    columns.setdefault("nominal", column)
        if role == "error" and (limit := _limit(quantity, unit)):
            columns["permitted"] = limit
    if not columns and len(quantities) == 1 and (only := _column(quantities[0], unit)):
        columns, name = {"value": only}, words(quantities[0], "dcc:name")
    if not {"value", "error", "reference"} & columns.keys():
        return
    yield from _rows(columns, name)


def _rows(columns: dict[str, Column], name: str) -> Iterator[DccPoint]:
    """One point for each place of the columns, all in the unit of the values; what cannot be converted is left out."""
    leading = next(columns[role] for role in ("value", "reference", "error") if role in columns)
    known = {role: _in(column, leading.unit, difference=role in DIFFERENCES) for role, column in columns.items()}
    fitting = {role: column for role, column in known.items() if column}
    reference, value, error = (fitting.get(role) for role in ("reference", "value", "error"))
    at = fitting.get("nominal") or reference or value
    if at is None:
        return
    for place in range(max(len(column.values) for column in fitting.values())):
        measured, true, off = _at(value, place), _at(reference, place), _at(error, place)
        if off is None and measured is not None and true is not None:
            off = measured - true
        u, k = next(
            ((_place(one.u, place), _place(one.k, place)) for one in (error, value, reference) if one and one.u),
            (None, None),
        )
        yield DccPoint(
            quantity=name[:60], unit=leading.unit, nominal=_text(_at(at, place)),
            value=_text(true if measured is None else measured), error=_text(off), uncertainty=_text(u),
            coverage_factor=_text(k), permitted=_text(_at(fitting.get("permitted"), place)),
        )  # fmt: skip


def _role(element: Any) -> str:
    """What the element says it is, as a key of a table; "" when it says nothing that is known."""
    for word in element.get("refType", "").split():
        if role := ROLES.get(word.rpartition("_")[2]):
            return role
    return ""


def _limit(quantity: Any, unit: str) -> Column | None:
    """The tolerance of an error where it lies evenly on both sides."""
    found: dict[str, Column] = {}
    for about in quantity.iterfind("dcc:measurementMetaData/dcc:metaData/dcc:data/dcc:quantity", NAMES):
        for word in about.get("refType", "").split():
            kind = word.rpartition("_")[2]
            if kind in LIMITS and (column := _column(about, unit)):
                found[kind] = column
    low, high = (found.get(name) for name in LIMITS)
    if low is None or high is None or tuple(-value for value in low.values) != high.values:
        return None
    return high


def _column(quantity: Any, unit: str) -> Column | None:
    """The values of the quantity in `unit` where it is given in several, with U and k from whichever carries them."""
    given = [one for one in (_read(element) for element in _reals(quantity)) if one is not None]
    if not given:
        return None
    chosen = next((one for one in given if one.unit == unit), given[0])
    other = next((one for one in given if one.u), None)
    if not chosen.u and other and (u := _converted(other.u, other.unit, chosen.unit, difference=True)):
        chosen = replace(chosen, u=u, k=other.k)
    return chosen


def _in(column: Column, unit: str, *, difference: bool) -> Column | None:
    """The column in another unit, or None where that cannot be."""
    values = _converted(column.values, column.unit, unit, difference=difference)
    u = _converted(column.u, column.unit, unit, difference=True)
    return None if values is None else Column(values, unit, u or (), column.k)


def _converted(values: Sequence[Decimal], old: str, new: str, *, difference: bool) -> tuple[Decimal, ...] | None:
    if old == new:
        return tuple(values)
    try:
        found = tuple(units.convert(value, old, new, difference=difference) for value in values)
    except ValueError:  # an unknown unit, too
        return None
    return tuple(map(_as_known, found, values)) if difference else found


def _as_known(value: Decimal, before: Decimal) -> Decimal:
    """The value with as many significant digits as before: a U of 0.010 becomes 1.0 in per cent."""
    last = value.adjusted() - len(before.as_tuple().digits) + 1
    return value.quantize(Decimal(1).scaleb(last)) if value and value.as_tuple().exponent > last else value


def _reals(quantity: Any) -> Iterator[Any]:
    for element in quantity:
        if element.tag in (f"{{{SI}}}real", f"{{{SI}}}realListXMLList"):
            yield element
        elif element.tag in (f"{{{SI}}}hybrid", f"{{{SI}}}list"):
            yield from _reals(element)


def _read(element: Any) -> Column | None:
    values = _numbers(element, "si:value", "si:valueXMLList")
    token = (_first(element, "si:unit", "si:unitXMLList") or "").split()
    if not values or len(set(token)) != 1:
        return None
    u = _numbers(
        element, ".//si:valueExpandedMU", ".//si:valueExpandedMUXMLList", ".//si:expandedUnc/si:uncertainty",
        ".//si:expandedUncXMLList/si:uncertaintyXMLList",
    )  # fmt: skip
    k = _numbers(element, ".//si:coverageFactor", ".//si:coverageFactorXMLList")
    try:
        symbol = units.from_d_si(token[0]).symbol
    except units.UnknownUnit:
        symbol = token[0][:30]
    return Column(values, symbol, u, k)


def _first(element: Any, *paths: str) -> str | None:
    return next((text for path in paths if (text := element.findtext(path, namespaces=NAMES))), None)


def _numbers(element: Any, *paths: str) -> tuple[Decimal, ...]:
    words, told = (_first(element, *paths) or "").split(), {"line": element.sourceline}
    if len(words) > MOST_VALUES:
        raise NotADcc(_("第 %(line)d 行的值太多。请照证书键入要登记的点。") % told)
    try:
        found = tuple(Decimal(word) for word in words)
    except InvalidOperation as error:
        raise NotADcc(_("第 %(line)d 行的值看不懂。请照证书键入。") % told) from error
    # Written out, 1E999999999 would fill the memory.
    if any(abs(one.adjusted()) > LARGEST_EXPONENT or len(one.as_tuple().digits) > MOST_DIGITS for one in found):
        raise NotADcc(_("第 %(line)d 行有一个值的位数太多，超出任何测量。请出具机构更正，或照证书键入。") % told)
    return found


def words(element: Any, path: str) -> str:
    """What the element is called: in Chinese where it says so, else in the first language."""
    contents = element.findall(f"{path}/dcc:content", NAMES)
    chosen = next((one for one in contents if one.get("lang") == "zh"), contents[0] if contents else None)
    return " ".join((chosen.text or "").split()) if chosen is not None else ""


def _at(column: Column | None, place: int) -> Decimal | None:
    return _place(column.values, place) if column else None


def _place(values: Sequence[Decimal], place: int) -> Decimal | None:
    """The value at this place; a single one holds for all."""
    if len(values) == 1:
        return values[0]
    return values[place] if place < len(values) else None


def _text(value: Decimal | None) -> str:
    return plain(value) if value is not None else ""
