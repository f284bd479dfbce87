"""Doors for programs: the institution's own pledges, and the directory of everybody's. Read only; docs/api.md describes them."""

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal import api, codes
from portal.actors import actor_of
from portal.routes import Audience, door

from .days import day_of
from .directory import finding, shown, standing
from .directory.asked import Search
from .models import Commitment, CommitmentWithdrawal, DirectoryEntry

MOST = 100  # rows of one answer
S = Commitment.State


@door("GET", to=Audience.API)
def pledges(request: Request) -> Response:
    """The pledges of the institution, the newest first: what each is worth today, and how those ended that did. Three queries."""
    actor, day = actor_of(request), timezone.localdate()
    entry = DirectoryEntry.objects.visible_to(actor).defer("words").first()
    rows = Commitment.objects.visible_to(actor).select_related("template", "withdrawal__remediation")
    rows = rows.prefetch_related("confirmations").order_by("-made_at", "-pk")[:MOST]
    return Response({"day": day.isoformat(), "pledges": [_facts(row, entry, day) for row in rows]})


def _facts(row: Commitment, entry: DirectoryEntry | None, day: date) -> dict[str, Any]:
    public = entry if row.state == S.PUBLIC else None
    worth = standing.of(public, day) if public else standing.Standing.WITHDRAWN if row.state == S.WITHDRAWN else None
    ended = getattr(row, "withdrawal", None)
    return {
        "ref": row.ref,
        "number": row.number,
        "state": row.state,
        "standing": worth and str(worth),
        "wording": str(row.template),
        "signed_on": _iso(row.signed_on),
        "published_on": row.published_at and _iso(day_of(row.published_at)),
        "confirm_by": _iso(row.confirm_by),
        "confirmed_on": sorted(done.confirmed_on.isoformat() for done in row.confirmations.all()),
        "holds_until": public and _iso(public.holds_until),
        "withdrawal": ended and _ending(ended),
        "page": codes.address(row.token) if row.token else None,
    }


def _ending(ended: CommitmentWithdrawal) -> dict[str, Any]:
    """Why it fell and since when, and how far the remediation has come; null where none was begun."""
    remedy = getattr(ended, "remediation", None)
    return {
        "cause": ended.cause,
        "reason": ended.reason,
        "trigger_on": _iso(ended.trigger_on),
        "withdrawn_on": _iso(day_of(ended.withdrawn_at)),
        "remediation": remedy and remedy.state,
    }


@door("GET", to=Audience.API)
def directory(request: Request) -> Response:
    """Institutions, or lines of scope once something of a measurement is asked; `after` names the last row of the page before."""
    form, day = Search(request.GET), timezone.localdate()
    if not form.is_valid():
        flaws = [api.flaw(str(text), field=name) for name, texts in form.errors.items() for text in texts]
        raise api.Malformed(_("查询条件看不懂。请改正后再查。"), flaws=flaws)
    asked = form.cleaned_data
    if not form.asks_for_capability:
        page = finding.institutions(asked, request, day, MOST)
        rows = [shown.entry_data(row, day) for row in page.rows]
        return Response({"day": day.isoformat(), "institutions": rows, "after": page.after or None})
    for name in ("after", "before"):  # lines are named by their numbers
        place = request.GET.get(name, "")
        if place and not (place.isascii() and place.isdigit() and len(place) < 19):
            raise api.Malformed(_("%(name)s 要是上一次答复里 after 的值。") % {"name": name}, field=name)
    page = finding.lines(asked, request, day, MOST)
    rows = [shown.line_data(row, asked["needed"], day) for row in page.rows]
    return Response({"day": day.isoformat(), "lines": rows, "after": str(page.after) if page.after else None})


def _iso(day: date | None) -> str | None:
    return day and day.isoformat()
