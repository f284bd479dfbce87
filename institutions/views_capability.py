"""The public capability statement: every line of scope in force, for anybody, without sign-in. Source: B-4.3-s3.

It opens the scope of one institution for reading what that institution must publish, and nothing else of it is put on
the page: lines in force, their sites, methods and qualifications, its windows and what it has recorded as shown to the
public: process, fees, time limits, how to complain. Source: B-6.2.4-s1, C-4.4-s1, C-6.2.1.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import PUBLIC, Actor
from portal.paging import Page, page_of
from portal.routes import Audience, door
from portal.tenancy import tenant

from .models import Institution, PublicItem, Qualification, ScopeItem, ServiceWindow
from .views_scope import holding

SIZE, MOST_LINES = 40, 200
HEADERS = {"Cache-Control": "public, max-age=60"}
SEARCHED = ("instrument", "instrument_en", "measurand", "measurand_en", "method__code", "field")


@door("GET", to=Audience.PUBLIC, limit="search")
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """What the institution can measure today, with its qualifications."""
    institution, day = institution_at(slug), timezone.localdate()
    with tenant(institution.pk):
        lines, text = _lines(request, institution, day, SIZE)
        papers = list(papers_on(institution, day))
        context = {
            "institution": institution, "day": day, "q": text, "lines": lines.rows, "papers": papers,
            "windows": list(_windows(institution, day)), "public_items": _public_items(institution, day),
            "total": _in_force(institution, day).count(), "json_url": reverse("capability:lines", args=[slug]),
            **lines.links(request),
        }  # fmt: skip
        answer = render(request, "public/capability.html", context)
    for name, value in HEADERS.items():
        answer[name] = value
    return answer


@door("GET", to=Audience.PUBLIC, limit="search")
def lines(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for a program, a page at a time: `next` is the address of the page after."""
    institution, day = institution_at(slug), timezone.localdate()
    with tenant(institution.pk):
        found, _text = _lines(request, institution, day, MOST_LINES)
        answer = {
            "institution": {
                "name": institution.name, "name_en": institution.name_en, "credit_code": institution.credit_code,
            },
            "day": day.isoformat(),
            "qualifications": [paper_data(row) for row in papers_on(institution, day)],
            "public_items": [_item_data(row) for row in _public_items(institution, day)],
            "lines": [_line_data(line) for line in found.rows],
            "next": found.links(request)["next_url"],
        }  # fmt: skip
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False}, headers=HEADERS)


def institution_at(slug: str) -> Institution:
    """The institution of a public address. Raises: Http404."""
    found = Institution.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(_("没有这个机构。"))
    return found


def _in_force(institution: Institution, day: date):
    return ScopeItem.objects.visible_to(_reader(institution)).valid_on(day)


def _reader(institution: Institution) -> Actor:
    """The public, as far as this institution's published rows."""
    return replace(PUBLIC, institution_id=institution.pk)


def _lines(request: HttpRequest, institution: Institution, day: date, size: int) -> tuple[Page, str]:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    rows = holding(_in_force(institution, day), text, SEARCHED).select_related("method", "site", "qualification")
    return page_of(rows, "instrument", "measurand", "pk", request=request, size=size), text


def papers_on(institution: Institution, day: date) -> QuerySet[Qualification]:
    """What the public reads of its qualifications: those valid that day. Needs its scope."""
    rows = Qualification.objects.visible_to(_reader(institution)).valid_on(day)
    return rows.order_by("kind", "number", "pk")


def _windows(institution: Institution, day: date):
    rows = ServiceWindow.objects.visible_to(_reader(institution)).filter(state=ServiceWindow.State.CURRENT)
    return rows.valid_on(day).select_related("site").order_by("name", "pk")


def _public_items(institution: Institution, day: date) -> list[PublicItem]:
    """What is shown to the public that day, in the order of the kinds."""
    rows = PublicItem.objects.visible_to(_reader(institution)).filter(state=PublicItem.State.CURRENT)
    place = {kind: number for number, kind in enumerate(PublicItem.Kind.values)}
    return sorted(rows.filter(published_on__lte=day), key=lambda row: (place[row.kind], row.published_on, row.pk))


def _item_data(row: PublicItem) -> dict[str, Any]:
    return {
        "kind": row.kind, "title": row.title, "content": row.content, "published_on": row.published_on.isoformat(),
    }  # fmt: skip


def paper_data(row: Qualification) -> dict[str, Any]:
    """A qualification for a program."""
    return {
        "kind": row.kind, "title": row.get_kind_display(), "number": row.number, "issuer": row.issuer,
        "valid_from": row.valid_from.isoformat(), "valid_until": row.valid_until and row.valid_until.isoformat(),
    }  # fmt: skip


def _line_data(line: ScopeItem) -> dict[str, Any]:
    return {
        "instrument": line.instrument, "instrument_en": line.instrument_en, "measurand": line.measurand,
        "measurand_en": line.measurand_en, "field": line.field, "range": line.range_text,
        "range_low": f"{line.range_low.normalize():f}", "range_high": f"{line.range_high.normalize():f}", "unit": line.unit,
        "cmc": line.cmc.text, "cmc_points": line.cmc_stated,
        "method": line.method.code, "method_title": line.method.title, "site": line.site.name,
        "site_address": line.site.address, "limits": line.limits, "qualification": line.qualification.number,
        "valid_until": line.valid_until and line.valid_until.isoformat(),
    }  # fmt: skip
