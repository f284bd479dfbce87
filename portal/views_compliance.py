"""How an institution stands against the clauses: the stored verdicts, or those of a day gone by, with their rows."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from . import compliance as words
from . import evaluations, exports, limits, standing
from .actors import actor_of
from .clauses import State, catalogue
from .models import ClauseStanding, Evaluation
from .permissions import Permission, Role
from .routes import door

ROWS = 60
MOST_CHANGES = 8


class Seen:
    """What a page shows: the latest stored evaluation, or one of a day that is asked for and not stored.

    `wait`: seconds until a day may be asked for again; `problem`: what is wrong with the day that was typed; `by_reader`:
    the page is for somebody who may change nothing.
    """

    def __init__(self, request: HttpRequest):
        self.institution = request.institution
        self.on: date | None = None
        self.problem, self.wait = "", 0
        self.last = standing.latest(self.institution)
        self.by_reader = Role.REGULATOR in actor_of(request).roles
        typed = request.GET.get("on", "").strip()
        if typed:
            self._ask(request, typed)

    def _ask(self, request: HttpRequest, typed: str) -> None:
        try:
            day = date.fromisoformat(typed[:10])
        except ValueError:
            self.problem = _("看不懂这个日期。请按 2026-03-09 的样子填写，再看那天的情况。")
            return
        if not date(2000, 1, 1) <= day <= timezone.localdate():
            self.problem = _("请选 2000-01-01 到今天之间的日期。")
            return
        self.wait = limits.limit("evaluate", request)
        if not self.wait:
            self.on = day
            self.rows = standing.as_of(self.institution, day)

    @property
    def evaluation(self) -> Evaluation | None:
        if self.on is None:
            return self.last
        summed = standing.summed(self.rows)
        return Evaluation(institution=self.institution, day=self.on, evaluated_at=timezone.now(), **summed)

    def states(self) -> dict[str, str]:
        """Clause -> state, in the order of the catalogue."""
        if self.on is not None:
            return {name: row.state for name, row in self.rows.items()}
        known = dict(standing.current(self.institution).values_list("clause", "state"))
        return {name: known[name] for name in catalogue() if name in known}

    def of(self, names: list[str]) -> list[ClauseStanding]:
        """How these clauses stand, with figures, evidence and advice."""
        if self.on is not None:
            return [self.rows[name] for name in names]
        found = {row.clause: row for row in standing.current(self.institution).filter(clause__in=names)}
        return [found[name] for name in names if name in found]

    def told(self, rows: list[ClauseStanding]) -> list[dict[str, Any]]:
        """These standings in the words of the pages."""
        return [words.told(row, self.institution, self.on, to_reader=self.by_reader) for row in rows]


@door("GET", limit="search")
def compliance(request: HttpRequest, slug: str) -> HttpResponse:
    """The clauses as they were last evaluated: counts by document and chapter, what changed, and the list, narrowed."""
    seen = Seen(request)
    if seen.wait:
        return limits.refused(request, seen.wait)
    found, narrowed = seen.evaluation, words.Narrowed.by(request.GET)
    base = f"{request.path}?on={seen.on}&" if seen.on else f"{request.path}?"
    context = {
        "seen": seen, "found": found, "job": None if seen.on else words.job(seen.institution, seen.last),
        "may_ask": not seen.by_reader,
        "today": timezone.localdate(), "clear_url": base.rstrip("?&") if narrowed.is_set else "",
    }  # fmt: skip
    if found is not None:
        context |= _overview(seen, found, base) | _list(request, seen, narrowed)
        if not seen.on:
            context["export"] = exports.offer(request, reverse("portal:compliance_export", args=[slug]))
    return render(request, "portal/compliance.html", context, status=422 if seen.problem else 200)


def _overview(seen: Seen, found: Evaluation, base: str) -> dict[str, Any]:
    before = None if seen.on else standing.a_week_before(found)
    changed = [] if seen.on else words.changed(seen.institution, found.day)
    return {
        "totals": words.totals(found, before, base),
        "documents": words.matrix(found, base),
        "changed": changed[:MOST_CHANGES],
        "more_changed": max(0, len(changed) - MOST_CHANGES),
    }


def _list(request: HttpRequest, seen: Seen, narrowed: words.Narrowed) -> dict[str, Any]:
    """One page of the clauses that are asked for, by chapter."""
    states = {name: state for name, state in seen.states().items() if narrowed.takes(catalogue()[name])}
    names = [name for name, state in states.items() if narrowed.state in (state, words.ALL)]
    pages = max(1, -(-len(names) // ROWS))
    typed = request.GET.get("page", "")
    page = min(int(typed), pages) if typed.isascii() and typed.isdigit() and len(typed) < 6 and int(typed) else 1
    shown = seen.of(names[(page - 1) * ROWS : page * ROWS])
    counts = {**{str(state): 0 for state in State}, words.ALL: len(states)}
    for state in states.values():
        counts[state] += 1
    return {
        "tabs": [
            {
                "title": title, "count": counts[state], "current": narrowed.state == state,
                "url": _with(request, state=state, page=""),
            }
            for state, title in [*words.TITLES.items(), (words.ALL, _("全部"))]
        ],
        "filters": narrowed.filters(),
        "state": narrowed.state,
        "chapters": words.by_chapter(seen.told(shown)),
        "count": _("共 %(count)d 条，第 %(page)d / %(pages)d 页") % {"count": len(names), "page": page, "pages": pages},
        "previous_url": _with(request, page=page - 1) if page > 1 else "",
        "next_url": _with(request, page=page + 1) if page < pages else "",
    }  # fmt: skip


def _with(request: HttpRequest, **values: Any) -> str:
    """The address of this page with other values; an empty one is left out."""
    query = request.GET.copy()
    for name, value in values.items():
        query.pop(name, None)
        if value:
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}#list"


@door("GET", limit="search", clause="portal.Clause.id")
def compliance_clause(request: HttpRequest, slug: str, clause: str) -> HttpResponse:
    """One clause: what it asks, how it stands with every row kept, how it stood, and what refuses in its name."""
    if clause not in catalogue():
        raise Http404
    seen, row = Seen(request), catalogue()[clause]
    if seen.wait:
        return limits.refused(request, seen.wait)
    entries = seen.told(seen.of([clause]))
    context = {
        "seen": seen, "clause": row,
        "entry": entries[0] if entries else None,
        "facts": words.facts(row, seen.last, seen.on),
        "history": words.timeline(standing.history(seen.institution, clause)),
        "gates": words.gates(clause),
        "registers": words.registers_of(clause, seen.institution),
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "portal/compliance_clause.html", context, status=422 if seen.problem else 200)


@door("POST", limit="evaluate")
def compliance_evaluate(request: HttpRequest, slug: str) -> HttpResponse:
    if evaluations.ask_for(request.institution, actor=actor_of(request)):
        messages.success(request, _("已开始重新评定，完成后本页会提示。"))
    else:
        messages.info(request, _("评定正在进行，不必再点。完成后本页会提示。"))
    return redirect("portal:compliance", slug=slug)


@door("GET")
def compliance_progress(request: HttpRequest, slug: str) -> JsonResponse:
    """How far the evaluation is that somebody asked for."""
    job = words.job(request.institution, standing.latest(request.institution))
    if job is None:
        job = {
            "state": "done", "done": 1, "total": 1, "text": _("评定完成。"),
            "result_url": reverse("portal:compliance", args=[slug]), "result_label": _("查看结果"),
        }  # fmt: skip
    return JsonResponse({name: job[name] for name in job if name not in ("title", "url")})


@door("POST", right=Permission.EXPORT, limit="export")
def compliance_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The clauses of the list with their figures, rows and advice as a file, in the order of the catalogue."""
    narrowed, query = words.Narrowed.by(request.GET), request.GET.urlencode()
    names = [row.id for row in catalogue().values() if narrowed.takes(row)]
    rows = standing.current(request.institution).filter(clause__in=names)
    if narrowed.state != words.ALL:
        rows = rows.filter(state=narrowed.state)
    return exports.send(
        request, "compliance.export", name=_("合规情况"), columns=words.COLUMNS, rows=rows,
        narrowed_by=narrowed.in_words(),
        back=reverse("portal:compliance", args=[slug]) + (f"?{query}" if query else ""),
    )  # fmt: skip
