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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core import checks
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import declarations
from .declarations import CONTRADICTS, READERS, Declared, contradicts, declared
from .tenancy import tenant
from .verdicts import (
    MOST_EVIDENCE,
    WINDOW_DAYS,
    Check,
    Evidence,
    State,
    Verdict,
    all_of,
    existing,
    none_in_breach,
    not_applicable,
    unknown,
    window,
)

# What an app needs to write its checks comes from here.
__all__ = [
    "CHECKS", "GATED", "MOST_EVIDENCE", "WINDOW_DAYS", "Check", "Clause", "Declared", "Evidence", "State", "Verdict",
    "all_of", "applies", "catalogue", "clause", "contradicts", "declared", "documents", "evaluate", "existing",
    "finished", "gates_in", "none_in_breach", "not_applicable", "read_once", "standing_of", "together",
    "unknown", "window", "without_check",
]  # fmt: skip

log = logging.getLogger("portal.clauses")

CATALOGUE = Path(__file__).parent / "catalogue"
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


CHECKS: dict[str, Check] = {}
TWICE: list[str] = []
# Letter of a document -> what the apps say: why its clauses do not apply to an institution on a day, or "".
Applicability = Callable[[Any, date], str]
APPLIES: dict[str, list[Applicability]] = {}
# Documents that apply to nobody of whom no app says otherwise.
ON_REQUEST = {"D": gettext_lazy("本机构没有登记为产业计量测试中心。")}
# Clause -> the gates that refuse an act in its name; gate -> what a person calls it, where its module says so.
GATED: dict[str, set[str]] = {}
GATE_TITLES: dict[str, str] = {}
# Clause -> why no check decides it.
WITHOUT_CHECK: dict[str, str] = {}
# Apps of the catalogue of whose computed and gate rows each has a check or a reason why not.
FINISHED: set[str] = set()
DECIDED_BY_CODE = ("computed", "gate")


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
    """The decorated function says why the clauses of a document do not apply to an institution, or "".

    A document applies when any app says so: each knows the rows that it owns.
    """

    def register(reason: Applicability) -> Applicability:
        APPLIES.setdefault(letter, []).append(reason)
        return reason

    return register


def without_check(name: str, reason: str) -> None:
    """No check decides the clause, for this reason in one line: it stays unknown, and says why."""
    WITHOUT_CHECK[name] = reason


def finished(app: str) -> None:
    """From now on each computed and gate row of the app has a check or a reason why not, or the system check fails."""
    FINISHED.add(app)


def gates_in(module: ModuleType) -> None:
    """The gates of this module, and the clauses in whose name each refuses, are known from now on.

    A module may call its gates by name: TITLES, gate -> title; and say in whose name one refuses that hands on what another
    module found: CLAUSES, gate -> clauses.
    """
    GATE_TITLES.update({gate.__name__: str(title) for gate, title in getattr(module, "TITLES", {}).items()})
    for gate, names in getattr(module, "CLAUSES", {}).items():
        for name in names:
            GATED.setdefault(name, set()).add(gate.__name__)
    for gate in ast.parse(inspect.getsource(module)).body:
        if isinstance(gate, ast.FunctionDef):
            body = gate.body[1:] if ast.get_docstring(gate) else gate.body
            for node in (node for part in body for node in ast.walk(part)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                    GATED.setdefault(node.value, set()).add(gate.name)


@checks.register
def every_check_names_one_clause(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Checks, gates and reasons name clauses of the catalogue, none is decided twice, and none is forgotten."""
    known, wrong = catalogue(), []
    stated = READERS.keys() | CONTRADICTS.keys()
    named = CHECKS.keys() | GATED.keys() | WITHOUT_CHECK.keys() | stated
    wrong += [checks.Error(f"{name} is no clause of the catalogue.", id="portal.E002") for name in named - known.keys()]
    wrong += [checks.Error(f"{name} is decided by two checks.", id="portal.E003") for name in TWICE]
    wrong += [
        checks.Error(f"{name} has a check and a reason why it has none.", id="portal.E004")
        for name in CHECKS.keys() & WITHOUT_CHECK.keys()
    ]
    wrong += [
        checks.Error(f"{name} has neither a check nor a reason why not.", id="portal.E005")
        for name, row in known.items()
        if row.app in FINISHED and row.kind in DECIDED_BY_CODE and name not in CHECKS and name not in WITHOUT_CHECK
    ]
    wrong += [
        checks.Error(f"{name} is answered by no declaration.", id="portal.E006")
        for name in stated & known.keys()
        if known[name].kind != "declaration"
    ]
    return wrong


def evaluate(institution: Any, day: date) -> dict[str, Verdict]:
    """Every clause as it stands for the institution on that day, in the order of the catalogue.

    Dates and histories are judged as of the day; what has none of its own, such as the room of a device, as it is now.
    """
    with tenant(institution.pk), together(institution, day) as asking:
        return {row.id: asking.verdict(row) for row in catalogue().values()}


@contextmanager
def together(institution: Any, day: date) -> Iterator["_Asking"]:
    """What checks read of the institution inside, they share: see `read_once`. Nothing is written meanwhile."""
    asking = _Asking(institution, day)
    running = _RUNNING.set(asking)
    try:
        yield asking
    finally:
        _RUNNING.reset(running)


def standing_of(name: str, institution: Any, day: date) -> Verdict:
    """How another clause stands that day, for a check that rests on it; within an evaluation it is asked no second time."""
    running = _RUNNING.get()
    same = running is not None and (running.institution.pk, running.day) == (institution.pk, day)
    return (running if same else _Asking(institution, day)).verdict(catalogue()[name])


def read_once(read: Callable[[Any, date], Any]) -> Callable[[Any, date], Any]:
    """The decorated function reads rows that several checks look at: within an evaluation, or inside `together`, once, else each time.

    It takes an institution and a day; nobody changes what it gives.
    """

    @wraps(read)
    def reading(institution: Any, day: date) -> Any:
        running = _RUNNING.get()
        if running is None or running.institution.pk != institution.pk:
            return read(institution, day)
        if (read, day) not in running.rows:
            running.rows[read, day] = read(institution, day)
        return running.rows[read, day]

    return reading


def _why_not(letter: str, institution: Any, day: date) -> str:
    """Why the document does not apply to the institution on that day, or ""."""
    if letter not in APPLIES:
        return str(ON_REQUEST.get(letter, ""))
    reasons = [reason(institution, day) for reason in APPLIES[letter]]
    return "" if "" in reasons else reasons[0]


class _Asking:
    """The checks of one institution and day. Each is asked once, however many clauses it decides."""

    def __init__(self, institution: Any, day: date):
        self.institution, self.day = institution, day
        self.answers: dict[Check, Verdict] = {}
        self.reasons: dict[str, str] = {}
        self.rows: dict[tuple[Callable, date], Any] = {}

    def __call__(self, check: Check) -> Verdict:
        """What the check says; when it fails, that nobody knows."""
        if check not in self.answers:
            try:
                with transaction.atomic():
                    self.answers[check] = check(self.institution, self.day)
            except Exception:
                name = getattr(check, "__name__", "")
                log.exception("clause.failed", extra={"check": name, "tenant_id": self.institution.pk})
                self.answers[check] = unknown(_("判定时出错，已记录。请联系平台运维。"))
        return self.answers[check]

    def verdict(self, row: Clause) -> Verdict:
        """How the clause stands, or why its document does not apply."""
        if row.letter not in self.reasons:
            self.reasons[row.letter] = _why_not(row.letter, self.institution, self.day)
        return _verdict(row, self.reasons[row.letter], self)

    @cached_property
    def declarations(self) -> dict[str, list[Declared]]:
        return declarations.read(self.institution)


# The evaluation that is going on.
_RUNNING: ContextVar["_Asking | None"] = ContextVar("evaluation", default=None)


def _verdict(row: Clause, reason: str, asking: _Asking) -> Verdict:
    if row.kind == "guidance":
        reason = reason or _("背景说明，不作评定。")
    if row.actor in ("regulator", "portal") and row.id not in CHECKS:
        reason = reason or {"regulator": _("由监管部门承担。"), "portal": _("由本平台承担。")}[row.actor]
    if reason:
        return not_applicable(reason)
    if row.id in CHECKS:
        return asking(CHECKS[row.id])
    if row.id in READERS:
        return asking(lambda institution, day: _declared(row, day, asking))
    return unknown(str(WITHOUT_CHECK.get(row.id, "")) or _("尚未由系统判定。"))


def _declared(row: Clause, day: date, asking: _Asking) -> Verdict:
    against = asking(CONTRADICTS[row.id]) if row.id in CONTRADICTS else None
    return declarations.judged(asking.declarations.get(row.id, []), against, day)
