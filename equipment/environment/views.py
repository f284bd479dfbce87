"""Pages of rooms: how all of them stand now, one over time, writing down readings."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Room
from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.routes import door

from ..models import Element, EnvironmentReading, EnvironmentRequirement
from . import Unfit, note, periods_of, series
from .forms import NoteForm, PasteForm
from .requirements import by_room, counts_on, rooms_with, stated_between
from .shown import SPANS, Span, edges, figure_rows, line_of, period_columns, period_rows, worst_of
from .standing import LOOK_BACK, last_readings

BOARD = timedelta(hours=24)
SHOWN_PERIODS = 20


def _requirements(actor: Actor, first: datetime, last: datetime) -> Any:
    """What was asked of rooms at some moment between the two."""
    return stated_between(first, last).visible_to(actor).select_related("room__site", "method", "monitor")


@door("GET")
def environment(request: HttpRequest, slug: str) -> HttpResponse:
    """Every room with what was read last, and the periods of the last week that nobody has answered."""
    actor, at = actor_of(request), timezone.now()
    week = list(_requirements(actor, at - LOOK_BACK, at))
    requirements = [row for row in week if counts_on(row, timezone.localdate(at))]
    known = last_readings(requirements)
    listed, first = by_room(requirements), at - BOARD
    rooms = rooms_with(requirements)
    drawn = series.binned(actor.institution_id, [room.pk for room in rooms], first, at, timedelta(minutes=30))
    cards = [_room_card(slug, room, listed[room.pk], known, drawn, first, at) for room in rooms]
    open_periods = [one for one in periods_of(week, at - LOOK_BACK, at, at=at) if not one.answered]
    context = {
        "cards": cards,
        "may_note": actor.may(Permission.ENVIRONMENT_NOTE),
        "may_keep": actor.may(Permission.EQUIPMENT_MANAGE),
        "open_count": len(open_periods),
        "table": {
            "caption": _("没有处置的时段"),
            "dense": True,
            "columns": period_columns(with_room=True),
            "rows": period_rows(
                slug, open_periods[:SHOWN_PERIODS], may_answer=actor.may(Permission.ENVIRONMENT_NOTE), with_room=True
            ),
            "count": _("最近 7 天共 %(count)d 段") % {"count": len(open_periods)},
        },
    }
    return render(request, "equipment/environment.html", context)


def _room_card(
    slug: str, room: Room, requirements: list[EnvironmentRequirement], known: dict, drawn: series.Binned,
    first: datetime, at: datetime,
) -> dict[str, Any]:  # fmt: skip
    lines = [line_of(row, known.get((room.pk, row.element)), series.of(row, drawn), first, at) for row in requirements]
    tone, words = worst_of(lines)
    return {"room": room, "lines": lines, "tone": tone, "words": words}


def _room(request: HttpRequest, ref: str) -> Room:
    rows = Room.objects.visible_to(actor_of(request)).exclude(state=Room.State.WITHDRAWN)
    return get_object_or_404(rows.select_related("site"), ref=ref)


@door("GET", ref="institutions.Room.ref")
def room(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One room over a day, a week or a month (`?span=`, `?on=` its last day): pictures, figures, periods with answers.

    Unasked it ends today, or, when nothing was read in that time, with the day of the newest reading.
    """
    actor, at, found = actor_of(request), timezone.now(), _room(request, ref)
    span = SPANS.get(request.GET.get("span", ""), SPANS["day"])
    today, now = timezone.localdate(at), _of_room(actor, found, at)
    known = last_readings(now)
    newest = max((timezone.localdate(one.taken_at) for one in known.values()), default=today)
    day = min(_asked_day(request) or _latest_shown(span, newest, today), today)
    first, last = edges(span, day)
    requirements = by_room(_requirements(actor, first, min(last, at)).filter(room=found)).get(found.pk, [])
    drawn = series.binned(actor.institution_id, [found.pk], first, last, span.step)
    periods = periods_of(requirements, first, last, at=at)
    context = {
        "room": found,
        "lines": [line_of(row, known.get((found.pk, row.element)), [], first, at) for row in now],
        "pictures": _pictures(requirements, drawn, periods, first, min(last, at), span),
        "spans": [
            {"title": one.title, "url": f"?span={one.name}&on={day}", "current": one is span} for one in SPANS.values()
        ],
        "earlier": f"?span={span.name}&on={day - timedelta(days=span.days)}",
        "later": f"?span={span.name}&on={min(day + timedelta(days=span.days), today)}" if day < today else "",
        "shown": _days_shown(first, last),
        "newest": newest,
        "newest_url": f"?span={span.name}&on={newest}" if not first <= _begin(newest) < last else "",
        "is_back": day < today and _asked_day(request) is None,
        "may_note": actor.may(Permission.ENVIRONMENT_NOTE) and bool(now),
        "require_url": _require_url(request, found),
        "periods": {
            "caption": _("超限与没有记录的时段"),
            "dense": True,
            "columns": period_columns(),
            "rows": period_rows(slug, periods, may_answer=actor.may(Permission.ENVIRONMENT_NOTE)),
            "empty": {"title": _("这段时间都在限值之内"), "text": _("没有超限，也没有断记录。")},
        },
    }
    return render(request, "equipment/room.html", context)


def _pictures(
    requirements: list[EnvironmentRequirement], drawn: series.Binned, periods: list, first: datetime, last: datetime,
    span: Span,
) -> list[dict[str, Any]]:  # fmt: skip
    """One picture with its table for each element, where anything was read."""
    found = []
    for element in dict.fromkeys(row.element for row in requirements):
        same = [row for row in requirements if row.element == element]
        work = [row for row in same if row.method_id == same[0].method_id]
        bins = series.of(same[0], drawn)
        found.append(
            {
                "title": Element(element).label,
                "unit": same[0].unit,
                "plot": series.plot_of(same, drawn, periods, first, last, span.step) if bins else None,
                "table": {
                    "caption": _("%(element)s的读数") % {"element": Element(element).label},
                    "dense": True,
                    "columns": [
                        {"title": _("时间"), "day": True}, {"title": _("最低"), "numeric": True},
                        {"title": _("平均"), "numeric": True}, {"title": _("最高"), "numeric": True},
                        {"title": _("读数个数"), "numeric": True},
                    ],
                    "rows": figure_rows(work, bins, first, span),
                },
            }
        )  # fmt: skip
    return found


def _asked_day(request: HttpRequest) -> date | None:
    try:
        day = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2100 else None


def _latest_shown(span: Span, newest: date, today: date) -> date:
    """The last day of the time that is shown unasked: today, or, when nothing was read in it, the day of the newest reading."""
    return today if _begin(newest) >= edges(span, today)[0] else newest


def _begin(day: date) -> datetime:
    return edges(SPANS["day"], day)[0]


def _days_shown(first: datetime, last: datetime) -> str:
    start, end = timezone.localdate(first), timezone.localdate(last - timedelta(seconds=1))
    return f"{start:%Y-%m-%d}" if start == end else f"{start:%Y-%m-%d} – {end:%Y-%m-%d}"


def _require_url(request: HttpRequest, found: Room) -> str:
    if not actor_of(request).may(Permission.EQUIPMENT_MANAGE):
        return ""
    url = reverse("portal:register_new", args=[request.institution.slug, "environment-requirements"])
    return f"{url}?room={found.ref}"


# --- writing down


@door("GET", "POST", right=Permission.ENVIRONMENT_NOTE, ref="institutions.Room.ref")
def room_note(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The readings of a room's instruments are on record, all that were typed or none."""
    found, at = _room(request, ref), timezone.now()
    form = _note_form(request, found, at)
    if request.method == "GET" or not form.is_valid():
        return _note_page(request, found, form, status=200 if request.method == "GET" else 422)
    batch, actor = form.batch(), actor_of(request)
    reason = form.cleaned_data["reason"]
    try:
        noted = note(batch, source=EnvironmentReading.Source.MANUAL, actor=actor, at=at, reason=reason)
    except Unfit as unfit:
        form.take(batch, unfit.flaws)
        return _note_page(request, found, form, status=409)
    messages.success(request, _("已记下 %(count)d 个读数。") % {"count": noted.new})
    return redirect("equipment:room", slug, ref)


@door("GET", "POST", right=Permission.ENVIRONMENT_NOTE, limit="upload", ref="institutions.Room.ref")
def room_paste(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The pasted readings are on record, all or none."""
    found, at = _room(request, ref), timezone.now()
    actor = actor_of(request)
    form = PasteForm(
        request.POST if request.method == "POST" else None, room=found, requirements=_of_room(actor, found, at),
        actor=actor, now=at, auto_id="paste-%s", initial={"source": EnvironmentReading.Source.AUTOMATIC},
    )  # fmt: skip
    if request.method == "GET" or not form.is_valid():
        return _paste_page(request, found, form, status=200 if request.method == "GET" else 422)
    known = form.cleaned_data
    try:
        noted = note(
            form.readings, source=known["source"], actor=actor, at=at, reason=known["reason"], again=True
        )  # fmt: skip
    except Unfit as unfit:
        form.take(unfit.flaws)
        return _paste_page(request, found, form, status=409)
    told = _("已记下 %(new)d 个读数。") % {"new": noted.new}
    if noted.known:
        told += _("另有 %(known)d 个以前已经记过，没有重复。") % {"known": noted.known}
    messages.success(request, told)
    return redirect("equipment:room", slug, ref)


def _of_room(actor: Actor, found: Room, at: datetime) -> list[EnvironmentRequirement]:
    """What is asked of the room now."""
    return by_room(_requirements(actor, at, at).filter(room=found)).get(found.pk, [])


def _note_form(request: HttpRequest, found: Room, at: datetime) -> NoteForm:
    actor = actor_of(request)
    requirements = _of_room(actor, found, at)
    return NoteForm(
        request.POST if request.method == "POST" else None, room=found, requirements=requirements,
        last=last_readings(requirements), actor=actor, now=at,
    )  # fmt: skip


def _note_page(request: HttpRequest, found: Room, form: Form, *, status: int) -> HttpResponse:
    context = {"room": found, "form": form, "require_url": _require_url(request, found)}
    return render(request, "equipment/room_note.html", context, status=status)


def _paste_page(request: HttpRequest, found: Room, form: Form, *, status: int) -> HttpResponse:
    context = {"room": found, "form": form, "require_url": _require_url(request, found)}
    return render(request, "equipment/room_paste.html", context, status=status)
