"""The clauses of the catalogue, the checks that decide them from an institution's rows, and their verdicts.

    @clause("C-7.1.2-s1")
    def traced(institution, day):
        rows = Equipment.objects.filter(institution=institution, ...)
        return none_in_breach(rows, [row for row in rows if ...], evidence_of, advice=_("…"))

A check runs in the scope of its institution and answers for a day. Whatever it cannot know stays unknown: a clause is
never met because nobody looked. Source: the rules of evaluation in docs/architecture.md.
"""

import ast
import csv
import inspect
import logging
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core import checks
from django.db import transaction
from django.utils.translation import gettext as _

from .tenancy import tenant

log = logging.getLogger("portal.clauses")

CATALOGUE = Path(__file__).parent / "catalogue"
WINDOW_DAYS = 365
MOST_EVIDENCE = 20
ID = re.compile(r"[A-E]-\d[\w.-]*")


@dataclass(frozen=True)
class Document:
    """One of the source documents, by its letter."""

    letter: str
    number: str
    title: str

    @property
    def name(self) -> str:
        return self.number or self.title


@dataclass(frozen=True)
class Clause:
    """A row of the catalogue: who must (or should) do what, in our own short words."""

    id: str
    level: str
    actor: str
    kind: str
    app: str
    limit: str
    title: str

    @property
    def letter(self) -> str:
        return self.id[0]

    @property
    def chapter(self) -> str:
        """The first number of the clause: "A-6.2.2" is in chapter "6"."""
        return self.id.partition("-")[2].split(".")[0].split("-")[0]


class State(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """A row that a verdict rests on: what it is called, its page, and what is wrong with it, if anything."""

    label: str
    url: str = ""
    text: str = ""
    row_id: int | None = None


@dataclass(frozen=True)
class Verdict:
    """How a clause stands: figures by name, the rows that prove it, and what to do next."""

    state: State
    figures: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""


Check = Callable[[Any, date], Verdict]
CHECKS: dict[str, Check] = {}
TWICE: list[str] = []
# Letter of a document -> why its clauses do not apply to an institution on a day, or "".
Applicability = Callable[[Any, date], str]
APPLIES: dict[str, Applicability] = {}
# Clause -> the gates that refuse an act in its name.
GATED: dict[str, set[str]] = {}


@cache
def documents() -> dict[str, Document]:
    """The source documents by letter."""
    with open(CATALOGUE / "documents.csv", encoding="utf-8", newline="") as file:
        return {row["letter"]: Document(row["letter"], row["number"], row["title"]) for row in csv.DictReader(file)}


@cache
def catalogue() -> dict[str, Clause]:
    """Every clause by id, in the order of the documents."""
    found = {}
    for letter in documents():
        with open(CATALOGUE / f"{letter.lower()}.csv", encoding="utf-8", newline="") as file:
            found |= {row["id"]: Clause(**row) for row in csv.DictReader(file)}
    return found


def clause(*ids: str) -> Callable[[Check], Check]:
    """The decorated function decides these clauses. A wrong or a second name is an error of the system check."""

    def register(check: Check) -> Check:
        for name in ids:
            if name in CHECKS:
                TWICE.append(name)
            CHECKS[name] = check
        return check

    return register


def applies(letter: str) -> Callable[[Applicability], Applicability]:
    """The decorated function says why the clauses of a document do not apply to an institution, or ""."""

    def register(reason: Applicability) -> Applicability:
        APPLIES[letter] = reason
        return reason

    return register


def gates_in(module: ModuleType) -> None:
    """The gates of this module, and the clauses in whose name each refuses, are known from now on."""
    for gate in ast.parse(inspect.getsource(module)).body:
        if isinstance(gate, ast.FunctionDef):
            body = gate.body[1:] if ast.get_docstring(gate) else gate.body
            for node in (node for part in body for node in ast.walk(part)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                    GATED.setdefault(node.value, set()).add(gate.name)


@checks.register
def every_check_names_one_clause(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Checks and gates name clauses of the catalogue, and no clause is decided twice."""
    strangers = [name for name in CHECKS | GATED if name not in catalogue()]
    return [checks.Error(f"{name} is no clause of the catalogue.", id="portal.E002") for name in strangers] + [
        checks.Error(f"{name} is decided by two checks.", id="portal.E003") for name in TWICE
    ]


def evaluate(institution: Any, day: date) -> dict[str, Verdict]:
    """Every clause as it stands for the institution on that day, in the order of the catalogue.

    Dates are judged as of the day; what has no dates of its own, such as the state of equipment, as it is now.
    """
    with tenant(institution.pk):
        reasons = {letter: APPLIES[letter](institution, day) if letter in APPLIES else "" for letter in documents()}
        asked = cache(lambda check: _asked(check, institution, day))  # one check may decide several clauses
        return {row.id: _verdict(row, reasons[row.letter], asked) for row in catalogue().values()}


def _verdict(row: Clause, reason: str, asked: Callable[[Check], Verdict]) -> Verdict:
    if row.letter == "D":
        reason = reason or _("本机构没有登记为产业计量测试中心。")
    if row.kind == "guidance":
        reason = reason or _("背景说明，不作评定。")
    if row.actor in ("regulator", "portal"):
        reason = reason or {"regulator": _("由监管部门承担。"), "portal": _("由本平台承担。")}[row.actor]
    if reason:
        return not_applicable(reason)
    check = CHECKS.get(row.id)
    return asked(check) if check else unknown(_("尚未由系统判定。"))


def _asked(check: Check, institution: Any, day: date) -> Verdict:
    """What the check says; when it fails, that nobody knows."""
    try:
        with transaction.atomic():
            return check(institution, day)
    except Exception:
        log.exception("clause.failed", extra={"check": check.__name__, "tenant_id": institution.pk})
        return unknown(_("判定时出错，已记录。请联系平台运维。"))


# --- verdicts in a few words


def not_applicable(reason: str, **figures: Any) -> Verdict:
    """The clause asks nothing of this institution on this day."""
    return Verdict(State.NOT_APPLICABLE, figures, advice=reason)


def unknown(reason: str, **figures: Any) -> Verdict:
    """The rows do not decide it."""
    return Verdict(State.UNKNOWN, figures, advice=reason)


def none_in_breach(
    population: Collection[Any] | int, breaches: Iterable[Evidence], *, nothing: str, advice: str, rest: str = "",
    **figures: Any,
) -> Verdict:  # fmt: skip
    """Not applicable without rows (`nothing` says so), not met with a breach, met otherwise.

    With `rest`, which says what the rows cannot tell, the clause stays unknown where nothing is in breach.
    """
    count = population if isinstance(population, int) else len(population)
    breaches = list(breaches)
    if not count and not breaches:
        return not_applicable(nothing)
    figures = {_("检查"): count, _("不符合"): len(breaches), **figures}
    if breaches:
        return Verdict(State.NOT_MET, figures, tuple(breaches[:MOST_EVIDENCE]), advice)
    return unknown(rest, **figures) if rest else Verdict(State.MET, figures)


def existing(found: Iterable[Evidence], *, advice: str, rest: str = "", **figures: Any) -> Verdict:
    """Met by at least one row, not met without. With `rest` a row alone does not suffice, and it stays unknown."""
    found = list(found)
    figures = {_("有效"): len(found), **figures}
    if not found:
        return Verdict(State.NOT_MET, figures, (), advice)
    if rest:
        return Verdict(State.UNKNOWN, figures, tuple(found[:MOST_EVIDENCE]), rest)
    return Verdict(State.MET, figures, tuple(found[:MOST_EVIDENCE]))
