"""The regulator's own pages. What lies inside an institution is read at its own address, and every look is logged."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from institutions import exporting, second_factor
from institutions.models import Institution
from portal import exports
from portal.actors import Actor
from portal.clauses import documents
from portal.digest import left_words
from portal.paging import page_of
from portal.routes import Audience, door
from portal.tenancy import scope

from . import jurisdiction, looks, pairs
from .jurisdiction import STATES, WORST_FIRST, WORST_IN_DOCUMENT, Summary
from .words import fact_line

SIZE = 20
COUNTED = ("not_met", "unknown", "met")


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR, limit="search")
def home(request: HttpRequest) -> HttpResponse:
    """The institutions of a region of this regulator, those with most broken duties first, each with its worst facts."""
    request.actor = actor = jurisdiction.regulator(request.user)
    asked = _asked(request, actor)
    region, day = asked["region"], timezone.localdate()
    with scope(user_id=actor.user_id, region=region):
        inside = jurisdiction.institutions(region)
        page = page_of(_rows(asked), *_order(asked), key="slug", request=request, size=SIZE)
        summaries = jurisdiction.summaries(page.rows, day)
        filtered = any(asked[name] for name in ("text", "letter", "state"))
        context = {
            "region": region,
            "regions": jurisdiction.tabs(actor, region, request.path),
            "figures": jurisdiction.totals(inside) | {"pairs": pairs.conflicts(lasting_on=day).count()},
            "document": documents().get(asked["letter"]),
            "rows": [_row(row, summaries[row.pk], asked["letter"], day) for row in page.rows],
            "filters": {"caption": _("筛选"), "columns": [], "rows": [], "filters": _filters(actor, asked),
                        "clear_url": request.path if filtered else ""},
            "paging": {"caption": "", "columns": [], "rows": [], "count": _("本页 %(count)d 家") % {"count": len(page.rows)},
                       **page.links(request)},
            "export": _export(request),
        }  # fmt: skip
        looks.looked(request, actor, looks.LIST, summaries)
        return render(request, "oversight/home.html", context)


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, limit="export")
def export(request: HttpRequest) -> HttpResponseBase:
    """The institutions of the list, with counts and worst facts, as a file; each institution reads that it was in one."""
    request.actor = actor = jurisdiction.regulator(request.user)
    asked, query, day = _asked(request, actor), request.GET.urlencode(), timezone.localdate()
    back = reverse("oversight:home") + (f"?{query}" if query else "")
    with scope(user_id=actor.user_id, region=asked["region"]):
        rows = _rows(asked).order_by(*_order(asked))
        if rows.count() > looks.MOST:
            messages.error(
                request, _("一次最多导出 %(most)d 家机构。请先用筛选缩小范围，再导出。") % {"most": looks.MOST}
            )
            return redirect(back)
        summaries = cache(lambda: jurisdiction.summaries(rows, day))  # asked for once the proof has been taken
        answer = exporting.send(
            request, "oversight.export", name=_("辖区机构"), rows=rows, columns=_columns(summaries), back=back,
            narrowed_by={row["label"]: dict(row.get("choices", ())).get(row["value"], row["value"])
                         for row in _filters(actor, asked)},
        )  # fmt: skip
        if answer.status_code == 200:
            looks.looked(request, actor, looks.EXPORT, summaries())
        return answer


def _asked(request: HttpRequest, actor: Actor) -> dict[str, str]:
    """What the address asks for, as far as it makes sense: region, text, letter of a document, state."""
    given = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:80] for name in ("region", "q", "doc", "state")
    }
    return {
        "region": jurisdiction.region_of(actor, given["region"]),
        "text": given["q"],
        "letter": given["doc"] if given["doc"] in documents() else "",
        "state": given["state"] if given["state"] in STATES else "",
    }


def _rows(asked: dict[str, str]) -> QuerySet[Institution]:
    return jurisdiction.institutions(asked["region"], **{name: asked[name] for name in ("text", "letter", "state")})


def _order(asked: dict[str, str]) -> tuple[str, ...]:
    return WORST_IN_DOCUMENT if asked["letter"] else WORST_FIRST


def _filters(actor: Actor, asked: dict[str, str]) -> list[dict[str, Any]]:
    """The whole of a single region is the empty choice; of several regions each is a choice of its own."""
    whole = actor.regions[0] if len(actor.regions) == 1 else ""
    regions = [
        (code, _("%(code)s（%(count)d 家）") % {"code": code, "count": count})
        for code, count in jurisdiction.parts(actor).items()
        if code != whole
    ]
    papers = [(paper.letter, f"{paper.letter} · {paper.name}") for paper in documents().values()]
    region = asked["region"] if asked["region"] != whole else ""
    return [
        {"kind": "search", "name": "q", "label": _("机构名称、信用代码"), "value": asked["text"]},
        {"kind": "select", "name": "region", "label": _("行政区划"), "value": region, "choices": regions},
        {"kind": "select", "name": "doc", "label": _("文件"), "value": asked["letter"], "choices": papers},
        {
            "kind": "select",
            "name": "state",
            "label": _("情况"),
            "value": asked["state"],
            "choices": list(STATES.items()),
        },
    ]


def _export(request: HttpRequest) -> dict[str, Any]:
    """What the export button shows; the file holds what the filters of the address leave."""
    query = request.GET.urlencode()
    url = reverse("oversight:export")
    return {
        "url": f"{url}?{query}" if query else url,
        "formats": exports.FORMATS,
        "most": looks.MOST,
        "proof": second_factor.proof_form(request, name="export"),
    }


def _row(row: Institution, summary: Summary, letter: str, day: date) -> dict[str, Any]:
    """An institution as the list shows it."""
    counts = jurisdiction.by_document(summary.evaluation, letter)
    soonest = summary.ending[0] if summary.ending else None
    return {
        "row": row,
        "url": reverse("oversight:institution", args=[row.slug]),
        "evaluation": summary.evaluation,
        "duties": summary.evaluation.duties_not_met if summary.evaluation else 0,
        "counts": {state: counts.get(state, 0) for state in COUNTED} if counts else {},
        "facts": [fact_line(fact, row, day) for fact in summary.facts],
        "ending": len(summary.ending),
        "soonest": soonest,
        "left": left_words(soonest.due_on.year, (soonest.due_on - day).days) if soonest else "",
    }


def _columns(summaries: Callable[[], dict[int, Summary]]) -> dict[str, Callable[[Institution], Any]]:
    """The columns of the file; counts are of all documents."""

    def counted(state: str) -> Callable[[Institution], Any]:
        return lambda row: jurisdiction.by_document(summaries()[row.pk].evaluation, "").get(state)

    def fact(place: int) -> Callable[[Institution], Any]:
        def told(row: Institution) -> str:
            facts = summaries()[row.pk].facts[place : place + 1]
            return "".join(f"{fact.text}（{fact.clause.id}，{fact.since}）" for fact in facts)

        return told

    def of_evaluation(name: str) -> Callable[[Institution], Any]:
        return lambda row: getattr(summaries()[row.pk].evaluation, name, None)

    def soonest(row: Institution) -> date | None:
        ending = summaries()[row.pk].ending
        return ending[0].due_on if ending else None

    return {
        _("机构"): lambda row: row.name,
        _("统一社会信用代码"): lambda row: row.credit_code,
        _("行政区划"): lambda row: row.region_code,
        _("地址"): lambda row: row.address,
        _("业务电话"): lambda row: row.phone,
        _("不符合的“应、不得”条款"): of_evaluation("duties_not_met"),
        _("不符合"): counted("not_met"),
        _("未判定"): counted("unknown"),
        _("符合"): counted("met"),
        _("不适用"): counted("not_applicable"),
        _("最突出的问题 1"): fact(0),
        _("最突出的问题 2"): fact(1),
        _("最突出的问题 3"): fact(2),
        _("60 天内到期（项）"): lambda row: len(summaries()[row.pk].ending),
        _("最近到期日"): soonest,
        _("评定日期"): of_evaluation("day"),
    }
