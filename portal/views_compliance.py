"""How an institution stands against the clauses: computed now, with the rows that prove it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .clauses import Clause, State, Verdict, catalogue, documents, evaluate
from .routes import door

TITLES = {
    State.NOT_MET: gettext_lazy("不符合"),
    State.MET: gettext_lazy("符合"),
    State.UNKNOWN: gettext_lazy("未判定"),
    State.NOT_APPLICABLE: gettext_lazy("不适用"),
}
LEVELS = {
    "shall": gettext_lazy("应"),
    "shall_not": gettext_lazy("不得"),
    "should": gettext_lazy("宜"),
    "may": gettext_lazy("可"),
}


@door("GET", limit="search")
def compliance(request: HttpRequest, slug: str) -> HttpResponse:
    """Every clause of one document by chapter; one state, or all of them. Evaluated for today when the page is opened."""
    day = timezone.localdate()
    verdicts = evaluate(request.institution, day)
    letter = request.GET.get("doc", "")
    letter = letter if letter in documents() else "A"
    wanted = request.GET.get("state", "")
    wanted = wanted if wanted in set(State) else ""
    rows = [row for row in catalogue().values() if row.letter == letter]
    shown = [row for row in rows if not wanted or verdicts[row.id].state == wanted]
    context = {
        "day": day,
        "document": documents()[letter],
        "documents": _documents(request, verdicts, letter),
        "tabs": _tabs(request, rows, verdicts, letter, wanted),
        "chapters": _chapters(shown, verdicts),
        "total": _counts(catalogue().values(), verdicts),
    }
    return render(request, "portal/compliance.html", context)


def _counts(rows: Iterable[Clause], verdicts: dict[str, Verdict]) -> dict[str, int]:
    counts = Counter(str(verdicts[row.id].state) for row in rows)
    return {str(state): counts[state] for state in State}


def _documents(request: HttpRequest, verdicts: dict[str, Verdict], letter: str) -> list[dict[str, Any]]:
    """One row for each document: how many of its clauses stand how."""
    found = []
    for document in documents().values():
        counts = _counts([row for row in catalogue().values() if row.letter == document.letter], verdicts)
        cells = [
            {
                "title": title,
                "count": counts[state],
                "tone": {State.MET: "ok", State.NOT_MET: "bad"}.get(state, "off"),
                "url": f"{request.path}?doc={document.letter}&state={state}",
            }
            for state, title in TITLES.items()
        ]
        found.append(
            {
                "letter": document.letter, "name": document.name, "title": document.title if document.number else "",
                "cells": cells, "current": document.letter == letter, "url": f"{request.path}?doc={document.letter}",
            }
        )  # fmt: skip
    return found


def _tabs(
    request: HttpRequest, rows: list[Clause], verdicts: dict[str, Verdict], letter: str, wanted: str
) -> list[dict[str, Any]]:
    counts, base = _counts(rows, verdicts), f"{request.path}?doc={letter}"
    return [{"title": _("全部"), "url": base, "count": len(rows), "current": not wanted}] + [
        {"title": title, "url": f"{base}&state={state}", "count": counts[state], "current": wanted == state}
        for state, title in TITLES.items()
    ]


def _chapters(rows: list[Clause], verdicts: dict[str, Verdict]) -> list[dict[str, Any]]:
    """The clauses by chapter; what is broken stands open, the rest can be opened."""
    chapters: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        verdict = verdicts[row.id]
        chapters.setdefault(row.chapter, []).append(
            {
                "id": row.id,
                "title": row.title,
                "level": LEVELS[row.level],
                "state": str(verdict.state),
                "word": TITLES[verdict.state],
                "figures": [f"{name} {value}" for name, value in verdict.figures.items()],
                "evidence": verdict.evidence,
                "advice": verdict.advice,
                "in_line": verdict.state in (State.UNKNOWN, State.NOT_APPLICABLE) and not verdict.evidence,
            }
        )
    return [
        {"number": number, "rows": entries, "broken": sum(entry["state"] == State.NOT_MET for entry in entries)}
        for number, entries in chapters.items()
    ]
