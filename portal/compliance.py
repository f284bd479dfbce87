"""What the compliance pages say: the words of the catalogue, how the list is narrowed, and how a verdict is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import evaluations, standing
from .clauses import GATE_TITLES, GATED, Clause, State, catalogue, documents
from .models import ClauseStanding, Evaluation, OutboxEntry
from .registers import REGISTERS

TITLES = {
    State.NOT_MET: gettext_lazy("不符合"),
    State.UNKNOWN: gettext_lazy("未判定"),
    State.MET: gettext_lazy("符合"),
    State.NOT_APPLICABLE: gettext_lazy("不适用"),
}
LEVELS = {
    "shall": gettext_lazy("应"), "shall_not": gettext_lazy("不得"),
    "should": gettext_lazy("宜"), "may": gettext_lazy("可"),
}  # fmt: skip
KINDS = {
    "computed": gettext_lazy("按数据判定"), "gate": gettext_lazy("事前把关"), "record": gettext_lazy("留有记录"),
    "public": gettext_lazy("对外公开"), "alert": gettext_lazy("按时提醒"), "declaration": gettext_lazy("声明"),
    "guidance": gettext_lazy("背景说明"),
}  # fmt: skip
SUBJECTS = {
    "institutions": gettext_lazy("机构、人员与能力"), "equipment": gettext_lazy("标准与设备"),
    "commitments": gettext_lazy("诚信承诺"), "comparisons": gettext_lazy("计量比对"),
    "orders": gettext_lazy("业务委托"), "certificates": gettext_lazy("记录与证书"),
    "complaints": gettext_lazy("投诉与异议"), "inspections": gettext_lazy("检查与改进"),
    "oversight": gettext_lazy("监管与评价"),
}  # fmt: skip
ACTORS = {
    "institution": gettext_lazy("机构"), "staff": gettext_lazy("机构人员"), "regulator": gettext_lazy("监管部门"),
    "portal": gettext_lazy("本平台"), "lead_lab": gettext_lazy("主导实验室"), "organiser": gettext_lazy("比对组织者"),
    "participant": gettext_lazy("参比实验室"),
}  # fmt: skip
TONES = {State.MET: "ok", State.NOT_MET: "bad"}
ALL = "all"
WEEK = 7
SHORT = 16


@dataclass(frozen=True)
class Narrowed:
    """What the list is narrowed to; a value that means nothing counts as none."""

    doc: str = ""
    chapter: str = ""
    state: str = State.NOT_MET
    level: str = ""
    kind: str = ""
    app: str = ""
    q: str = ""

    @classmethod
    def by(cls, query: Any) -> "Narrowed":
        """As the address asks. Without a state the list shows what is not met: that is what waits for somebody."""

        def one_of(name: str, known: Iterable[str]) -> str:
            value = query.get(name, "")
            return value if value in set(known) else ""

        doc = one_of("doc", documents())
        return cls(
            doc=doc,
            chapter=one_of("chapter", chapters(doc)),
            state=one_of("state", (*State, ALL)) or State.NOT_MET,
            level=one_of("level", LEVELS),
            kind=one_of("kind", KINDS),
            app=one_of("app", SUBJECTS),
            q=query.get("q", "").replace("\x00", "").strip()[:80],
        )

    def takes(self, clause: Clause) -> bool:
        """Whether the clause is among what is asked for, its state aside."""
        wanted = {"letter": self.doc, "chapter": self.chapter, "level": self.level, "kind": self.kind, "app": self.app}
        if any(value and getattr(clause, name) != value for name, value in wanted.items()):
            return False
        return not self.q or self.q.lower() in f"{clause.id} {clause.title}".lower()

    @property
    def is_set(self) -> bool:
        """Whether anything beside the state narrows the list."""
        return any((self.doc, self.chapter, self.level, self.kind, self.app, self.q))

    def filters(self) -> list[dict[str, Any]]:
        """The fields of the filter form."""
        found = [
            _select(
                "doc",
                _("文件"),
                self.doc,
                {row.letter: f"{row.letter} {short(row.name)}" for row in documents().values()},
            )
        ]
        if self.doc:
            found.append(
                _select("chapter", _("章"), self.chapter, {n: chapter_title(self.doc, n) for n in chapters(self.doc)})
            )
        return [
            {"name": "q", "label": _("条款号或内容"), "value": self.q, "kind": "search"},
            *found,
            _select("level", _("要求"), self.level, LEVELS),
            _select("kind", _("类型"), self.kind, KINDS),
            _select("app", _("主题"), self.app, SUBJECTS),
        ]

    def in_words(self) -> dict[str, str]:
        """What the list is narrowed to, title -> text, for the audit trail."""
        told = {
            row["label"]: str(dict(row.get("choices", ())).get(row["value"], row["value"])) for row in self.filters()
        }
        return {_("情况"): str(TITLES.get(self.state, _("全部"))), **told}


def _select(name: str, label: str, value: str, choices: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "label": label, "value": value, "kind": "select", "choices": list(choices.items())}


def short(name: str) -> str:
    """As much of a document's name as a list to choose from has room for."""
    return name if len(name) <= SHORT else f"{name[:SHORT]}…"


def chapters(letter: str) -> list[str]:
    """The chapters of a document in its order; none for no document."""
    return list(dict.fromkeys(row.chapter for row in catalogue().values() if row.letter == letter))


def chapter_title(letter: str, number: str) -> str:
    """As the document counts: E has no chapters but numbered opinions."""
    if letter == "E":
        return _("第 %(n)s 条") % {"n": number} if number != "0" else _("总则")
    return _("第 %(n)s 章") % {"n": number} if number != "0" else _("引言")


# --- the overview


def totals(found: Evaluation, before: Evaluation | None, url: str) -> list[dict[str, Any]]:
    """Of each state: how many clauses, how many more or fewer than in the evaluation before, and the list of them."""
    rows = []
    for state, title in TITLES.items():
        more = found.by_state[state] - before.by_state[state] if before else 0
        note = _("较 %(day)s %(more)+d") % {"day": f"{before.day:%m-%d}", "more": more} if more else ""
        if state == State.NOT_MET and found.not_met:
            note = "，".join(filter(None, [_("其中应、不得 %(n)d 条") % {"n": found.duties_not_met}, note]))
        rows.append(
            {
                "state": str(state), "title": title, "count": found.by_state[state],
                "note": note, "url": f"{url}state={state}",
            }
        )  # fmt: skip
    return rows


def matrix(found: Evaluation, url: str) -> list[dict[str, Any]]:
    """One row for each document: how many of its clauses stand how, and how its chapters stand."""
    rows = []
    for document in documents().values():
        counts, base = found.by_document[document.letter], f"{url}doc={document.letter}"
        cells = [
            {"title": title, "count": counts[state], "tone": TONES.get(state, "off"), "url": f"{base}&state={state}"}
            for state, title in TITLES.items()
        ]
        parts = [
            {
                "title": chapter_title(document.letter, number),
                "url": f"{base}&chapter={number}&state=all",
                **_shade(part),
            }
            for number, part in found.by_chapter[document.letter].items()
        ]
        rows.append(
            {
                "letter": document.letter, "name": document.name, "title": document.title if document.number else "",
                "cells": cells, "chapters": parts, "url": f"{base}&state=all",
            }
        )  # fmt: skip
    return rows


def _shade(part: dict[str, int]) -> dict[str, str]:
    """How a chapter looks: darker the more of its clauses are not met."""
    broken = part.get(State.NOT_MET, 0)
    if broken:
        shade = "heat-3" if broken > 5 else "heat-2" if broken > 2 else "heat-1"
        return {"shade": shade, "text": _("%(n)d 条不符合") % {"n": broken}}
    if part.get(State.UNKNOWN):
        return {"shade": "off", "text": _("%(n)d 条未判定") % {"n": part[State.UNKNOWN]}}
    if part.get(State.MET):
        return {"shade": "ok", "text": _("符合")}
    return {"shade": "off", "text": _("不适用")}


def changed(institution: Any, day: date) -> list[dict[str, Any]]:
    """What stands otherwise than a week ago, latest first."""
    return [
        {
            "id": change.clause.id, "title": change.clause.title, "on": change.on,
            "was": TITLES[State(change.was)], "became": change.became, "word": TITLES[State(change.became)],
            "url": clause_url(institution, change.clause.id),
        }
        for change in standing.changes(institution, date.fromordinal(day.toordinal() - WEEK))
    ]  # fmt: skip


def job(institution: Any, last: Evaluation | None) -> dict[str, Any] | None:
    """The evaluation somebody asked for, until it is done; None when there is none."""
    entry = evaluations.asked_for(institution, last)
    if entry is None:
        return None
    known = {
        "title": _("重新评定"),
        "total": 1,
        "done": 0,
        "url": reverse("portal:compliance_progress", args=[institution.slug]),
    }
    if entry.state == OutboxEntry.State.DEAD:
        return known | {"state": "failed", "text": _("多次评定失败，已停止重试。请联系平台运维查明原因，再重新评定。")}
    if entry.last_error:
        return known | {"state": "running", "text": _("上一次没有成功，正在自动重试。可以离开本页。")}
    return known | {"state": "running", "text": _("正在按现在的记录逐条评定，通常几秒钟。可以离开本页。")}


# --- a verdict


def clause_url(institution: Any, name: str, day: date | None = None) -> str:
    """The page of a clause; as of a day, if one is named."""
    url = reverse("portal:compliance_clause", args=[institution.slug, name])
    return f"{url}?on={day}" if day else url


def told(row: ClauseStanding, institution: Any, day: date | None = None, *, to_reader: bool = False) -> dict[str, Any]:
    """A clause and how it stands, as the templates show it. `day`: of an evaluation that is not stored.

    `to_reader`: to somebody who may change nothing, so that no page is named on which something is changed.
    """
    clause, state = catalogue()[row.clause], State(row.state)
    return {
        "id": clause.id, "title": clause.title, "level": LEVELS[clause.level], "kind": KINDS[clause.kind],
        "url": clause_url(institution, clause.id, day),
        "state": str(state), "word": TITLES[state], "since": row.since,
        "figures": [f"{name} {value}" for name, value in row.figures.items()],
        "evidence": row.evidence, "advice": row.advice,
        "fix": "" if to_reader or state not in (State.NOT_MET, State.UNKNOWN) else fix_of(row, institution),
        "in_line": state in (State.UNKNOWN, State.NOT_APPLICABLE) and not row.evidence,
    }  # fmt: skip


def fix_of(row: ClauseStanding, institution: Any) -> str:
    """The page on which something can be done: the one the check names, the register that feeds the clause, a row at fault."""
    if row.fix:
        return row.fix
    feeding = registers_of(row.clause, institution)
    at_fault = [piece["url"] for piece in row.evidence if piece["url"]] if row.state == State.NOT_MET else []
    return next(iter([entry["url"] for entry in feeding] + at_fault), "")


def registers_of(name: str, institution: Any) -> list[dict[str, Any]]:
    """The registers whose rows are evidence for the clause."""
    return [
        {"title": entry.title, "url": reverse("portal:register", args=[institution.slug, entry.name])}
        for entry in REGISTERS.values()
        if name in entry.clauses
    ]


def by_chapter(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows under the headings of their chapters."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        clause = catalogue()[row["id"]]
        found.setdefault((clause.letter, clause.chapter), []).append(row)
    return [
        {
            "letter": letter, "title": chapter_title(letter, number), "rows": entries,
            "broken": sum(entry["state"] == State.NOT_MET for entry in entries),
        }
        for (letter, number), entries in found.items()
    ]  # fmt: skip


def facts(clause: Clause, found: Evaluation | None, day: date | None) -> list[tuple[str, str]]:
    """What the catalogue says of the clause, and as of when it was judged, as pairs of title and text."""
    document = documents()[clause.letter]
    at = found and f"{timezone.localtime(found.evaluated_at):%Y-%m-%d %H:%M}"
    return [
        (_("出处"), f"{document.letter} {document.name}，{chapter_title(clause.letter, clause.chapter)}"),
        (_("要求程度"), str(LEVELS[clause.level])),
        (_("由谁承担"), str(ACTORS[clause.actor])),
        (_("判定方式"), str(KINDS[clause.kind])),
        (_("主题"), str(SUBJECTS[clause.app])),
        (_("评定时间"), _("按 %(day)s 临时评定") % {"day": day} if day else at or _("尚未评定")),
    ]


def timeline(rows: list[ClauseStanding]) -> list[dict[str, str]]:
    """How the clause stood, newest first."""
    kinds = {State.NOT_MET: "void", State.UNKNOWN: "later", State.NOT_APPLICABLE: "later"}
    return [
        {
            "at": f"{row.since}", "title": str(TITLES[State(row.state)]), "kind": kinds.get(State(row.state), ""),
            "who": _("至今") if row.until is None else _("至 %(day)s") % {"day": row.until},
            "text": "，".join([f"{name} {value}" for name, value in row.figures.items()]) or row.advice,
        }
        for row in rows
    ]  # fmt: skip


def gates(name: str) -> list[str]:
    """What a person calls the gates that refuse an act in the name of the clause; one without a name is one of a kind."""
    titles = [GATE_TITLES.get(gate, _("登记、变更时的自动检查")) for gate in sorted(GATED.get(name, ()))]
    return list(dict.fromkeys(titles))


# --- as a file


def _of(name: str) -> Callable[[ClauseStanding], Any]:
    """What the catalogue says of the clause of a row."""
    return lambda row: getattr(catalogue()[row.clause], name)


COLUMNS: dict[str, Callable[[ClauseStanding], Any]] = {
    _("条款"): lambda row: row.clause,
    _("文件"): lambda row: documents()[row.clause[0]].name,
    _("要求"): lambda row: str(LEVELS[catalogue()[row.clause].level]),
    _("判定方式"): lambda row: str(KINDS[catalogue()[row.clause].kind]),
    _("主题"): lambda row: str(SUBJECTS[catalogue()[row.clause].app]),
    _("内容"): _of("title"),
    _("规定的数值"): _of("limit"),
    _("情况"): lambda row: row.get_state_display(),
    _("自何日起"): lambda row: row.since,
    _("数字"): lambda row: "，".join(f"{name} {value}" for name, value in row.figures.items()),
    _("依据"): lambda row: "；".join(" ".join(filter(None, [piece["label"], piece["text"]])) for piece in row.evidence),
    _("建议"): lambda row: row.advice,
}
