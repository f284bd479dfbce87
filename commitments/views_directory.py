"""The public directory: who measures what, where, how well, and what their pledge is worth. For anybody, without sign-in.

Every search is an address that can be passed on, and every page has a twin for programs behind the same question.
"""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.views_capability import institution_at, paper_data, papers_on
from portal.paging import Page, counted
from portal.routes import Audience, door
from portal.tenancy import tenant

from .directory import finding, shown, standing
from .directory.asked import Needed, Search
from .models import DirectoryEntry, DirectoryLine

MOST_ROWS = 100  # on a page for programs
TURNING = ("after", "before")
HEADERS = {"Cache-Control": "public, no-cache"}  # a pledge that has fallen since is not shown from a browser's memory


@door("GET", to=Audience.PUBLIC, limit="search")
def directory(request: HttpRequest) -> HttpResponse:
    """The form and what it finds: institutions, or lines of scope once something of a measurement is asked."""
    kept = _said(request.GET)
    if kept != request.GET:  # a form sends its empty fields along; an address to pass on goes without them
        return redirect(f"{request.path}?{kept.urlencode()}" if kept else request.path)
    form, day = Search(request.GET), timezone.localdate()
    context: dict[str, Any] = {"form": form, "day": day, "by_line": form.asks_for_capability}
    if form.is_valid():
        asked = form.cleaned_data
        page = _found(request, form, day, finding.SIZE)
        rows = [_line(row, asked["needed"], day) if form.asks_for_capability else _entry(row, day) for row in page.rows]
        query = _without(request.GET, *TURNING).urlencode()
        context |= page.links(request) | {
            "rows": rows, "asked": asked, "conditions": _conditions(form, request),
            "total": "" if form.asks_for_capability else counted(finding.entries(asked, day)),
            "json_url": reverse("commitments:directory_data") + (f"?{query}" if query else ""),
        }  # fmt: skip
    return _for_all(render(request, "public/directory.html", context))


@door("GET", to=Audience.PUBLIC, limit="search")
def data(request: HttpRequest) -> HttpResponse:
    """The same for a program: `institutions` or `lines`, and `next`, the address of the page after."""
    form, day = Search(request.GET), timezone.localdate()
    if not form.is_valid():
        return _json({"errors": {name: list(texts) for name, texts in form.errors.items()}}, status=400)
    page, by_line = _found(request, form, day, MOST_ROWS), form.asks_for_capability
    told = [shown.line_data(row, form.cleaned_data["needed"], day) for row in page.rows] if by_line else [
        shown.entry_data(row, day) for row in page.rows
    ]  # fmt: skip
    return _json(
        {"day": day.isoformat(), "lines" if by_line else "institutions": told, "next": page.links(request)["next_url"]}
    )


@door("GET", to=Audience.PUBLIC)
def directory_one(request: HttpRequest, slug: str) -> HttpResponse:
    """One institution: what its pledge is worth today, its papers, what it measures, and where to complain."""
    institution, day = institution_at(slug), timezone.localdate()
    with tenant(institution.pk):
        entry = finding.entry_of(institution)
        context = {
            "institution": institution, "day": day, "entry": entry, "pledge": shown.pledge(entry, day),
            "papers": list(papers_on(institution, day)), "fields": finding.fields_of(institution, day),
            "capability_url": reverse("capability:page", args=[slug]),
            "json_url": reverse("commitments:directory_one_data", args=[slug]),
        }  # fmt: skip
        answer = render(request, "public/directory_one.html", context)
    return _for_all(answer)


@door("GET", to=Audience.PUBLIC)
def one_data(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for a program."""
    institution, day = institution_at(slug), timezone.localdate()
    with tenant(institution.pk):
        answer = shown.entry_data(finding.entry_of(institution), day) | {
            "day": day.isoformat(), "credit_code": institution.credit_code, "phone": institution.phone,
            "complaint_phone": institution.complaint_phone,
            "qualifications": [paper_data(row) for row in papers_on(institution, day)],
            "fields": [{"field": row["field"], "lines": row["count"]} for row in finding.fields_of(institution, day)],
            "capability": reverse("capability:lines", args=[slug]),
        }  # fmt: skip
    return _json(answer)


def _said(typed: QueryDict) -> QueryDict:
    kept = typed.copy()
    for name in typed:
        if not typed.get(name, "").strip():
            del kept[name]
    return kept


def _without(typed: QueryDict, *names: str) -> QueryDict:
    kept = typed.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def _found(request: HttpRequest, form: Search, day: date, size: int) -> Page:
    if not form.asks_for_capability:
        return finding.institutions(form.cleaned_data, request, day, size)
    for name in TURNING:  # lines are named by their numbers
        place = request.GET.get(name, "")
        if place and not (place.isascii() and place.isdigit() and len(place) < 19):
            request.GET = _without(request.GET, name)
    return finding.lines(form.cleaned_data, request, day, size)


def _entry(row: DirectoryEntry, day: date) -> dict[str, Any]:
    return {"entry": row, "pledge": shown.pledge(row, day), "place": shown.place(row)}


def _line(row: DirectoryLine, needed: Needed | None, day: date) -> dict[str, Any]:
    return {"line": row, "reached": shown.reached(row, needed), **_entry(row.entry, day)}


def _conditions(form: Search, request: HttpRequest) -> list[dict[str, str]]:
    """Each condition in words, with the address of the same search without it."""
    typed, found = form.data, []
    for name in ("what", "place", "name", "field"):
        if name in typed:
            found.append((str(form.fields[name].label), typed[name], (name,)))
    needed = form.cleaned_data["needed"]
    if needed:
        found.append((_("测量范围"), shown.needed_range(needed), ("low", "high", "unit", "U", "U_unit")))
    if needed and needed.U is not None:
        found.append((_("U 不大于"), f"{typed['U']} {typed.get('U_unit') or needed.unit}", ("U", "U_unit")))
    if form.cleaned_data["pledge"]:
        found.append((_("诚信承诺"), str(standing.WORDS[form.cleaned_data["pledge"]][1]), ("pledge",)))
    rest = ((label, text, _without(typed, *names, *TURNING).urlencode()) for label, text, names in found)
    return [
        {"label": label, "text": text, "url": f"{request.path}?{query}" if query else request.path}
        for label, text, query in rest
    ]


def _for_all(answer: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        answer[name] = value
    return answer


def _json(data: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False}, headers=HEADERS)
