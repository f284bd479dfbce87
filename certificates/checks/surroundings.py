"""Clauses decided by the conditions that records hold against what their rooms and methods ask for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Exists, IntegerField, Max, Min, OuterRef, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from equipment.checks.rows import moments, register_row
from equipment.environment import standing
from equipment.environment.periods import Kind
from equipment.environment.requirements import counts_on, scale_between, spelled, versions
from equipment.models.environment import Element, EnvironmentRequirement
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach

from ..models import Procedure, RawRecord, Reading
from .rows import records, shown_records, year_before

CELL = "condition:"
# The fifth letter of the clause takes in whatever else a method names. Source: C-5.4.1-e.
NAMED = {Element.TEMPERATURE, Element.HUMIDITY, Element.POWER, Element.VIBRATION}
OTHERS = frozenset(set(Element.values) - NAMED)


@dataclass(frozen=True)
class Place:
    """Records that the conditions cannot tell apart: one data sheet in one room, and one of its conditions, in a time in
    which no requirement took the place of another; `since` is a day of that time.
    """

    procedure_id: int
    method_id: int
    site_id: int
    room: str
    key: str
    since: date


class Surroundings:
    """What was read into the records of a year, and what it is held against: the requirements of each record's day. Three
    queries.
    """

    def __init__(self, institution: Institution, day: date):
        self.institution, self.day = institution, day
        first, last = year_before(day)
        rows = versions(first, last).filter(institution=institution)
        self.requirements = list(rows.select_related("room__site", "method").order_by("pk"))
        sheets = Procedure.objects.filter(institution=institution).exclude(state=Procedure.State.DRAFT)
        self.sheets = {row.pk: row for row in sheets.select_related("method").order_by("code", "version")}
        turns = {edge for row in self.requirements for edge in (row.since, row.until) if edge and first < edge <= last}
        self.turns = sorted({first, *turns})
        self.places = {
            Place(procedure, method, site, room, cell.removeprefix(CELL), self.turns[turn]): (low, high)
            for procedure, method, site, room, cell, turn, low, high in self._readings()
        }

    def _readings(self) -> QuerySet:
        rows = Reading.objects.filter(
            institution=self.institution, record__in=records(self.institution, self.day), cell__startswith=CELL,
            replaced_by=None, value__isnull=False,
        ).order_by()  # fmt: skip
        names = (
            "record__procedure_id",
            "record__procedure__method_id",
            "record__site_id",
            "record__room",
            "cell",
            "turn",
        )
        turns = [When(record__performed_on__lt=after, then=Value(place)) for place, after in enumerate(self.turns[1:])]
        turn = Case(*turns, default=Value(len(self.turns) - 1), output_field=IntegerField())
        return rows.annotate(turn=turn).values_list(*names).annotate(Min("value"), Max("value"))

    @property
    def stands(self) -> list[EnvironmentRequirement]:
        """The limits of rooms that count on the day."""
        return [row for row in self.requirements if row.needed and counts_on(row, self.day)]

    def condition(self, place: Place) -> dict:
        """What the data sheet says of it."""
        asked = (
            self.sheets[place.procedure_id].definition.get("conditions", ())
            if place.procedure_id in self.sheets
            else ()
        )
        return next((one for one in asked if one["key"] == place.key), {})

    def limits(self, place: Place) -> tuple[Decimal | None, Decimal | None]:
        """The narrowest limits of the data sheet and of the room at that time, in the unit in which it was read."""
        sheet = self.condition(place)
        lows = [Decimal(sheet["minimum"])] if "minimum" in sheet else []
        highs = [Decimal(sheet["maximum"])] if "maximum" in sheet else []
        for row in self.requirements:
            here = row.room.site_id == place.site_id and _same(row.room.name, place.room)
            asked = row.needed and row.element == place.key and row.method_id in (None, place.method_id)
            if not (here and asked and counts_on(row, place.since)):
                continue
            scale = scale_between(spelled(row.unit), spelled(sheet.get("unit", row.unit)))
            if scale is not None:
                lows += [scale.of(row.low)] if row.low is not None else []
                highs += [scale.of(row.high)] if row.high is not None else []
        return max(lows, default=None), min(highs, default=None)

    def outside(self, elements: Collection[str]) -> list[Evidence]:
        """The records with one of these conditions outside. One query, none where all are inside."""
        wrong = Q()
        for place, (least, most) in self.places.items():
            low, high = self.limits(place)
            if element_of(place.key) not in elements or not _leaves(least, most, low, high):
                continue
            there = Q(
                record__procedure_id=place.procedure_id, record__site_id=place.site_id, record__room=place.room,
                cell=CELL + place.key, record__performed_on__gte=place.since,
            )  # fmt: skip
            if after := next((turn for turn in self.turns if turn > place.since), None):
                there &= Q(record__performed_on__lt=after)
            over = Q(value__lt=low) if low is not None else Q(pk=None)
            over |= Q(value__gt=high) if high is not None else Q(pk=None)
            wrong |= there & over
        if not wrong:
            return []
        readings = Reading.objects.filter(wrong, record=OuterRef("pk"), institution=self.institution, replaced_by=None)
        rows = records(self.institution, self.day).filter(Exists(readings))
        return shown_records(rows, self.institution, _("环境超出要求"))

    def asked(self, elements: Collection[str]) -> list[Procedure]:
        """The data sheets in force whose method sets limits for one of these elements."""
        approved = (row for row in self.sheets.values() if row.state == Procedure.State.APPROVED)
        return [row for row in approved if any(element in elements for element in _limited(row))]

    def unset(self, elements: Collection[str]) -> list[Evidence]:
        """Those of the data sheets for whose method no room sets the element."""
        found = []
        for row in self.asked(elements):
            names = [
                element for element in _limited(row)
                if element in elements and not any(
                    one.element == element and one.method_id in (None, row.method_id) for one in self.stands
                )
            ]  # fmt: skip
            if names:
                url = reverse("certificates:procedure", args=[self.institution.slug, row.ref])
                text = _("没有登记环境要求：%(names)s") % {
                    "names": _("、").join(str(Element(name).label) for name in names)
                }
                found.append(Evidence(str(row), url, text, row.pk))
        return found

    def stated(self, elements: Collection[str]) -> int:
        """How often one of the elements is limited: by data sheets and by rooms."""
        rooms = [row for row in self.stands if row.element in elements]
        return len(self.asked(elements)) + len(rooms)


def element_of(key: str) -> str:
    """The element that a condition of a data sheet is about."""
    return key if key in Element.values else Element.OTHER


def _limited(row: Procedure) -> Iterable[str]:
    conditions = row.definition.get("conditions", ())
    return [element_of(one["key"]) for one in conditions if "minimum" in one or "maximum" in one]


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _leaves(least: Decimal, most: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is not None and least < low) or (high is not None and most > high)


def _fix(institution: Institution) -> str:
    return reverse("portal:register", args=[institution.slug, "environment-requirements"])


@clause("A-6.3")
def surroundings_were_suitable(institution: Institution, day: date) -> Verdict:
    """All conditions in records of the last year were inside what the room and the method ask for."""
    found = Surroundings(institution, day)
    return none_in_breach(
        records(institution, day).count() if found.stated(Element.values) else 0, found.outside(Element.values),
        nothing=_("没有环境要求，或近 365 天没有提交的原始记录。"),
        advice=_("这些记录的环境超出要求。请评估影响，必要时重测。"), fix=_fix(institution),
    )  # fmt: skip


def _element(institution: Institution, day: date, elements: Collection[str], name: str) -> Verdict:
    found = Surroundings(institution, day)
    return none_in_breach(
        found.stated(elements), found.unset(elements) + found.outside(elements),
        nothing=_("没有方法对%(name)s提出要求。") % {"name": name},
        advice=_("请登记房间对这一要素的要求；超出的记录评估影响，必要时重测。"), fix=_fix(institution),
    )  # fmt: skip


@clause("C-5.4.1-a")
def temperature_was_kept(institution: Institution, day: date) -> Verdict:
    """Where a method limits the temperature a room does too, and records were inside."""
    return _element(institution, day, {Element.TEMPERATURE}, str(Element.TEMPERATURE.label))


@clause("C-5.4.1-b")
def humidity_was_kept(institution: Institution, day: date) -> Verdict:
    """Where a method limits the humidity a room does too, and records were inside."""
    return _element(institution, day, {Element.HUMIDITY}, str(Element.HUMIDITY.label))


@clause("C-5.4.1-c")
def supply_was_kept(institution: Institution, day: date) -> Verdict:
    """Where a method limits the power supply a room does too, and records were inside."""
    return _element(institution, day, {Element.POWER}, str(Element.POWER.label))


@clause("C-5.4.1-d")
def vibration_was_kept(institution: Institution, day: date) -> Verdict:
    """Where a method limits vibration a room does too, and records were inside."""
    return _element(institution, day, {Element.VIBRATION}, str(Element.VIBRATION.label))


@clause("C-5.4.1-e")
def other_factors_were_kept(institution: Institution, day: date) -> Verdict:
    """Where a method limits electromagnetic interference or another factor a room does too, and records were inside."""
    return _element(institution, day, OTHERS, _("电磁干扰等"))


@clause("D-4.2.2.1-s1")
def surroundings_were_recorded(institution: Institution, day: date) -> Verdict:
    """Every record has the conditions that its data sheet asks for; being outside in a room was answered each time."""
    rows, first_last = records(institution, day), moments(*year_before(day))
    sheets = Procedure.objects.filter(institution=institution, pk__in=rows.values("procedure"))
    missing = RawRecord.objects.none()
    for sheet in sheets.order_by("pk"):
        for one in sheet.definition.get("conditions", ()):
            if one.get("required"):
                read = Reading.objects.filter(
                    record=OuterRef("pk"), cell=CELL + one["key"], institution=institution, replaced_by=None,
                    value__isnull=False,
                )  # fmt: skip
                missing |= rows.filter(~Exists(read), procedure=sheet)
    breaches = shown_records(missing, institution, _("没有记录要求的环境条件"))
    breaches += [
        register_row(institution, "environment-requirements", period.requirement, _("超限没有处置"))
        for period in standing.unanswered(institution, *first_last)
        if period.kind == Kind.OUTSIDE
    ]
    return none_in_breach(
        rows.count(), breaches, nothing=_("近 365 天没有提交的原始记录。"),
        advice=_("缺环境条件的请重测；超限的时段请登记处置。"),
        fix=reverse("portal:register", args=[institution.slug, "environment-actions"]),
    )  # fmt: skip
