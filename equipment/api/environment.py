"""Doors for programs: readings of rooms in."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from institutions.models import Room
from portal import api
from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.routes import Audience, door

from ..environment import Reading, Unfit, note, stated
from ..environment.noting import MOST, OLDEST
from ..environment.requirements import by_room, of_day, spelled, stated_between, usual_unit
from ..models import Element, EnvironmentReading, Equipment

SHOWN_FLAWS = 100


@door("GET", to=Audience.API)
def rooms(request: Request) -> Response:
    """The rooms with their requirements: what a logger needs to know to send readings."""
    rows = stated(timezone.localdate()).visible_to(actor_of(request))
    requirements = list(rows.select_related("room__site", "method", "monitor"))
    listed = by_room(requirements)
    found = {row.room_id: row.room for row in requirements}
    rows = [
        {
            "ref": room.ref,
            "name": room.name,
            "site": room.site.name,
            "requirements": [
                {
                    "element": row.element,
                    "title": str(Element(row.element).label),
                    "method": str(row.method or ""),
                    "since": f"{row.since:%Y-%m-%d}",
                    "low": _figure(row.low),
                    "high": _figure(row.high),
                    "unit": row.unit,
                    "interval_minutes": row.interval_minutes,
                    "monitor": row.monitor.asset_number if row.monitor else None,
                }
                for row in listed[pk]
            ],
        }
        for pk, room in sorted(found.items())
    ]
    return Response({"rooms": rows})


def _figure(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"


class ReadingFields(serializers.Serializer):
    """One reading as it is sent. Context: `room` and `monitor`, each row by what it may be called."""

    room = api.Named(error_messages=api.one_sentence(
        gettext_lazy("没有这个房间。请写房间页面地址里的 12 位代码，或用 GET rooms 查。")
    ))  # fmt: skip
    element = serializers.ChoiceField(Element.choices, error_messages=api.one_sentence(
        gettext_lazy("没有这个要素。可以写：%(names)s。") % {"names": "、".join(Element.values)}
    ))  # fmt: skip
    value = api.Number(34, None, error_messages=api.one_sentence(
        gettext_lazy("value 不是数。请填数字，例如 20.1。")
    ))  # fmt: skip
    unit = serializers.CharField(max_length=30, allow_blank=True, allow_null=True, default="", error_messages=
        api.one_sentence(gettext_lazy("unit 要是单位的符号，例如 ℃。也可以不写。"))
    )  # fmt: skip
    taken_at = api.Moment(error_messages=api.one_sentence(
        gettext_lazy("taken_at 看不懂。请按 2026-03-09T14:05:00+08:00 的样子填写。")
    ))  # fmt: skip
    monitor = api.Named(allow_null=True, default=None, error_messages=api.one_sentence(
        gettext_lazy("没有这台环境监测设备：{name}。请写管理编号，并核对它的用途。")
    ))  # fmt: skip


@door("POST", to=Audience.API, right=Permission.ENVIRONMENT_NOTE)
def readings(request: Request) -> Response:
    """Up to a thousand readings are on record, all or none; sent again, they are passed over."""
    actor = actor_of(request)
    rows = api.rows_of(request.data, "readings", MOST)
    sent = ReadingFields(data=rows, many=True, context=_known(rows, actor))
    if sent.is_valid():
        batch = _batch(sent.validated_data, actor)
        try:
            noted = note(batch, source=EnvironmentReading.Source.AUTOMATIC, actor=actor, at=timezone.now(), again=True)
        except Unfit as unfit:
            flaws = [api.flaw(one.sentence, row=one.place, field=one.field) for one in unfit.flaws]
        else:
            return Response({"new": noted.new, "known": noted.known}, status=201 if noted.new else 200)
    else:
        flaws = api.flaws_of(sent.errors)
    bad = len({one["row"] for one in flaws})
    text = _("%(bad)d 条读数有误，所以这一批 %(all)d 条都没有记。请改正后整批重发。") % {"bad": bad, "all": len(rows)}
    raise api.Broken(text, flaws=flaws[:SHOWN_FLAWS])


def _known(rows: list[dict[str, Any]], actor: Actor) -> dict[str, dict[str, Any]]:
    """The rooms and the instruments that the batch names, by what it may call them. Three queries."""
    named = {name: {row.get(name) for row in rows if isinstance(row.get(name), str)} for name in ("room", "monitor")}
    rooms = Room.objects.visible_to(actor).filter(state=Room.State.CURRENT, ref__in=_sound(named["room"]))
    monitors: dict[str, Equipment] = {}
    known = Equipment.objects.visible_to(actor).filter(role=Equipment.Role.ENVIRONMENT).select_related("institution")
    for row in known.filter(asset_number__in=_sound(named["monitor"])):
        monitors[row.asset_number] = row
    for row in known.filter(ref__in=_sound(named["monitor"])):
        monitors.setdefault(row.ref, row)
    return {"room": {room.ref: room for room in rooms}, "monitor": monitors}


def _sound(texts: Iterable[str]) -> list[str]:
    """What PostgreSQL can be asked for."""
    return [text.strip() for text in texts if "\x00" not in text and len(text) <= 60]


def _batch(rows: list[dict[str, Any]], actor: Actor) -> list[Reading]:
    """The rows as readings; a unit that is not said is that of the room's requirement of the day. One query."""
    at, batch = timezone.now(), []
    asked = stated_between(at - OLDEST, at).visible_to(actor).filter(room__in={row["room"] for row in rows})
    requirements = list(asked.order_by("pk"))
    for row in rows:
        room, element, taken_at = row["room"], row["element"], row["taken_at"]
        unit = spelled(row["unit"] or "")
        if not unit:
            requirement = of_day(requirements, room.pk, element, timezone.localdate(taken_at))
            unit = requirement.unit if requirement else usual_unit(element)
        batch.append(Reading(room, element, row["value"], unit, taken_at, row["monitor"]))
    return batch
