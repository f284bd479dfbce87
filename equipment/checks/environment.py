"""Clauses decided by rooms: what is asked of each, what was read there, and what was done when it was outside."""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.rows import current, evidence, lines, listed, open_sites
from institutions.models import Institution, Room
from portal.clauses import Evidence, Verdict, clause, none_in_breach, window

from ..environment import standing
from ..environment.periods import Kind, Period
from ..environment.requirements import versions
from ..models import EnvironmentReading, EnvironmentRequirement
from ..models.environment import Element
from .rows import in_use, moments, register_row

E = Element
# Source: B-6.6.1-d-s2.
EIGHT = (E.TEMPERATURE, E.HUMIDITY, E.NOISE, E.VIBRATION, E.ELECTROMAGNETIC, E.WIND, E.LIGHTING, E.POWER)
# Source: C-5.4.1.
FIVE = (E.TEMPERATURE, E.HUMIDITY, E.POWER, E.VIBRATION, E.ELECTROMAGNETIC)
# Source: D-4.2.2.1-s2.
NINE = (
    E.STERILITY, E.DUST, E.ELECTROMAGNETIC, E.RADIATION, E.HUMIDITY, E.POWER, E.TEMPERATURE, E.NOISE, E.VIBRATION,
)  # fmt: skip
# Energy, lighting, surroundings. Source: D-4.2.1.3.
FACILITIES = (E.POWER, E.LIGHTING, E.TEMPERATURE, E.HUMIDITY)


def requirements(institution: Institution, day: date) -> list[EnvironmentRequirement]:
    """What counts on the day of elements in rooms, whether they matter or not."""
    rows = versions(day).filter(institution=institution, room__state=Room.State.CURRENT)
    return list(rows.select_related("room__site", "method").order_by("room__name", "element", "pk"))


def _is_said(row: EnvironmentRequirement) -> bool:
    """Limits, or why it does not matter."""
    return bool(row.reason.strip()) if not row.needed else row.low is not None or row.high is not None


def _unanswered(
    institution: Institution, day: date, keep: Callable[[Period], bool] = lambda period: True
) -> list[Evidence]:
    """Times of the last year for which nobody said what was done, one line for each element of a room."""
    found: dict[tuple[Any, ...], tuple[Period, int]] = {}
    for period in standing.unanswered(institution, *moments(*window(day))):
        if keep(period):
            asked = period.requirement
            key = (asked.room_id, asked.element, asked.method_id)
            known = found.get(key, (period, 0))
            found[key] = (known[0], known[1] + 1)
    told = []
    for period, count in found.values():
        text = _("%(word)s %(count)d 次没有处置，最近 %(when)s")
        text %= {"word": period.word, "count": count, "when": f"{period.began_at.astimezone():%Y-%m-%d %H:%M}"}
        told.append(register_row(institution, "environment-requirements", period.requirement, text))
    return told


def _fix(institution: Institution) -> str:
    return listed(institution, "environment-actions")


@clause("B-6.6.1-d-s1")
def rooms_are_watched(institution: Institution, day: date) -> Verdict:
    """Every element that matters in a room is read at its interval; times outside or without readings are answered."""
    rows = [row for row in requirements(institution, day) if row.needed]
    loose = [
        register_row(institution, "environment-requirements", row, _("没有定记录间隔"))
        for row in rows
        if not row.interval_minutes
    ]
    return none_in_breach(
        rows, loose + _unanswered(institution, day), nothing=_("没有环境要求。"),
        advice=_("请按间隔监测；超限或缺记录的时段，登记原因和处置。"), fix=_fix(institution),
    )  # fmt: skip


def _laboratories(institution: Institution, day: date, stated: Iterable[EnvironmentRequirement]) -> list[Room]:
    """The rooms in which work is done: those that matter for quality, and those of which something is asked."""
    asked = {row.room_id for row in stated}
    sites = [site.pk for site in open_sites(institution, day)]
    rows = current(Room, institution).filter(Q(quality_critical=True) | Q(pk__in=asked), site__in=sites)
    return list(rows.select_related("site").order_by("site__name", "name", "pk"))


def _silent(
    institution: Institution, rooms: Iterable[Room], stated: Iterable[EnvironmentRequirement], wanted: Collection[str]
) -> list[Evidence]:
    """The rooms of which it is not written down whether some of these elements matter."""
    said: dict[int, set[str]] = {}
    for row in stated:
        if _is_said(row):
            said.setdefault(row.room_id, set()).add(row.element)
    return [
        evidence(institution, "rooms", room, _("没有写明：%(names)s") % {"names": _titles(missing)})
        for room in rooms
        if (missing := [name for name in wanted if name not in said.get(room.pk, ())])
    ]


def _titles(elements: Iterable[str]) -> str:
    return _("、").join(str(Element(name).label) for name in elements)


@clause("B-6.6.1-d-s2")
def eight_elements_are_considered(institution: Institution, day: date) -> Verdict:
    """Of each laboratory room it is stated for all eight elements what must be kept, or why it does not matter."""
    stated = requirements(institution, day)
    rooms = _laboratories(institution, day, stated)
    return none_in_breach(
        rooms, _silent(institution, rooms, stated, EIGHT), nothing=_("没有登记实验室房间。"),
        advice=_("请逐个房间写明八项要素的限值，或不需要监测的理由。"),
        fix=listed(institution, "environment-requirements"),
    )  # fmt: skip


@clause("C-5.4.1")
def facilities_suit_the_methods(institution: Institution, day: date) -> Verdict:
    """Each laboratory room of each open site states the five elements; being outside was answered each time."""
    sites, stated = open_sites(institution, day), requirements(institution, day)
    rooms = _laboratories(institution, day, stated)
    housed = {room.site_id for room in rooms}
    bare = [
        evidence(institution, "sites", site, _("没有实验室房间的环境要求")) for site in sites if site.pk not in housed
    ]
    breaches = bare + _silent(institution, rooms, stated, FIVE)
    breaches += _unanswered(institution, day, lambda period: period.kind == Kind.OUTSIDE)
    return none_in_breach(
        sites, breaches, nothing=_("没有启用的场所。"), advice=_("请按规程规范写明各房间的环境要求，处置超限的时段。"),
        fix=listed(institution, "environment-requirements"),
    )  # fmt: skip


@clause("C-5.3.1-s2")
def equipment_is_kept_in_its_conditions(institution: Institution, day: date) -> Verdict:
    """Where equipment in use stands and limits are stated there are readings, and being outside was answered."""
    homes = in_use(institution, day).filter(room=OuterRef("room")).order_by()
    first, last = moments(*window(day))
    read = EnvironmentReading.objects.filter(
        institution=institution,
        room=OuterRef("room"),
        element=OuterRef("element"),
        taken_at__gte=first,
        taken_at__lt=last,
    )
    rows = versions(day).filter(Exists(homes), institution=institution, needed=True)
    rows = list(rows.select_related("room__site").annotate(read=Exists(read)).order_by("room", "element", "pk"))
    places = {(row.room_id, row.element) for row in rows}
    breaches = [
        register_row(institution, "environment-requirements", row, _("近 365 天没有记录"))
        for row in rows
        if not row.read
    ]
    breaches += _unanswered(
        institution,
        day,
        lambda period: (
            period.kind == Kind.OUTSIDE and (period.requirement.room_id, period.requirement.element) in places
        ),
    )
    return none_in_breach(
        rows, breaches, nothing=_("存放设备的房间没有环境要求。"),
        advice=_("请监测并记录存放设备的房间，登记超限的处置。"), fix=_fix(institution),
    )  # fmt: skip


@clause("C-5.4.2-s2")
def strict_rooms_are_read_automatically(institution: Institution, day: date) -> Verdict:
    """Where the conditions are strict a logger has read them within the year."""
    first, last = moments(*window(day))
    logged = EnvironmentReading.objects.filter(
        institution=institution, room=OuterRef("room"), element=OuterRef("element"),
        source=EnvironmentReading.Source.AUTOMATIC, taken_at__gte=first, taken_at__lt=last,
    )  # fmt: skip
    rows = versions(day).filter(institution=institution, strict=True, needed=True)
    bare = rows.exclude(Exists(logged)).select_related("room__site").order_by("room", "element", "pk")
    return none_in_breach(
        rows.count(), [register_row(institution, "environment-requirements", row, _("没有自动记录")) for row in bare],
        nothing=_("没有严苛的环境要求。"), advice=_("请接入自动记录的监测设备，按接口说明送来读数。"),
    )  # fmt: skip


# --- project by project


def _unstated(
    institution: Institution, day: date, stated: Iterable[EnvironmentRequirement], wanted: Collection[str]
) -> tuple[int, list[Evidence]]:
    """How many projects there are, a method at a site, and those of which elements are not written down."""
    known = [(row.room.site_id, row.method_id, row.element) for row in stated if _is_said(row)]
    projects = {(line.method_id, line.site_id): line for line in lines(institution, day)}
    found = []
    for (method, site), line in projects.items():
        said = {element for place, only, element in known if place == site and only in (None, method)}
        if missing := [name for name in wanted if name not in said]:
            label = f"{line.method.code} {line.site}"
            url = reverse("portal:register_new", args=[institution.slug, "environment-requirements"])
            text = _("没有写明：%(names)s") % {"names": _titles(missing)}
            found.append(Evidence(label, f"{url}?element={missing[0]}", text, line.pk))
    return len(projects), found


@clause("D-4.2.1.3")
def energy_and_light_suit_the_projects(institution: Institution, day: date) -> Verdict:
    """For every project supply, lighting and surroundings are stated, and being outside was answered each time."""
    count, breaches = _unstated(institution, day, requirements(institution, day), FACILITIES)
    breaches += _unanswered(
        institution, day, lambda period: period.kind == Kind.OUTSIDE and period.requirement.element in FACILITIES
    )
    return none_in_breach(
        count, breaches, nothing=_("没有有效的能力范围。"),
        advice=_("请逐个项目写明供电、照明和温湿度的要求，处置超限的时段。"),
        fix=listed(institution, "environment-requirements"),
    )  # fmt: skip


@clause("D-4.2.2.1-s2")
def nine_factors_are_considered(institution: Institution, day: date) -> Verdict:
    """For every project it is stated of all nine factors what must be kept, or why it does not matter."""
    count, breaches = _unstated(institution, day, requirements(institution, day), NINE)
    return none_in_breach(
        count, breaches, nothing=_("没有有效的能力范围。"), advice=_("请逐个项目写明九类因素的限值，或与它无关的理由。"),
        fix=listed(institution, "environment-requirements"),
    )  # fmt: skip
