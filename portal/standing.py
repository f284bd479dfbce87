"""Stored verdicts: how each institution stands against each clause, since when, and how it stood before.

The nightly evaluation and the button of the page write them; pages read them. A clause that changes its state ends one
row and begins another; within a state its one row carries the figures and evidence of the latest evaluation.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import Case, F, Func, IntegerField, Q, QuerySet, TextField, Value, When, Window
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Concat, NullIf, RowNumber
from django.utils.translation import gettext as _

from .clauses import Clause, State, Verdict, catalogue, documents, evaluate
from .clock import DatabaseClock
from .models import ClauseStanding, Evaluation
from .tenancy import tenant

DUTIES = ("shall", "shall_not")


class OutOfOrder(Exception):
    """A later day has been evaluated already: history is written forwards only."""


def store(institution: Any, day: date) -> Evaluation:
    """Every clause has been evaluated as of the day, and what changed is in its history. Twice on a day changes nothing.

    Two at a time wait for each other. Raises: OutOfOrder when a later day is stored. Source: E6.36.
    """
    with tenant(institution.pk):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('clauses'), %s::int)", [institution.pk])
        last = Evaluation.objects.filter(institution=institution).order_by("-day").first()
        if last and last.day > day:
            raise OutOfOrder(f"{institution.slug} has been evaluated for {last.day}")
        verdicts = evaluate(institution, day)
        _write(institution, day, verdicts)
        values = {"evaluated_at": DatabaseClock(), **summed(verdicts)}
        return Evaluation.objects.update_or_create(institution=institution, day=day, defaults=values)[0]


def _write(institution: Any, day: date, verdicts: dict[str, Verdict]) -> None:
    """The current rows say what the verdicts say. Four statements, whatever has changed."""
    current = {row.clause: row for row in ClauseStanding.objects.filter(institution=institution, until=None)}
    ended, renewed, begun = [], [], []
    for name, verdict in verdicts.items():
        row, told = current.pop(name, None), _told(verdict)
        if row is not None and row.state == verdict.state:
            if any(getattr(row, field) != value for field, value in told.items()):
                for field, value in told.items():
                    setattr(row, field, value)
                renewed.append(row)
            continue
        if row is not None:
            ended.append(row.pk)
        begun.append(ClauseStanding(institution=institution, clause=name, state=str(verdict.state), since=day, **told))
    ended += [row.pk for row in current.values()]  # clauses that the catalogue no longer has
    ClauseStanding.objects.filter(pk__in=ended).update(until=day)
    ClauseStanding.objects.bulk_update(renewed, ["figures", "evidence", "advice", "fix"])
    ClauseStanding.objects.bulk_create(begun)


def _told(verdict: Verdict) -> dict[str, Any]:
    """The verdict as its row holds it: a number stays a number, everything else becomes text."""
    figures = {str(name): value if isinstance(value, int) else str(value) for name, value in verdict.figures.items()}
    evidence = [
        {"label": str(piece.label), "url": piece.url, "text": str(piece.text), "row_id": piece.row_id}
        for piece in verdict.evidence
    ]
    return {"figures": figures, "evidence": evidence, "advice": str(verdict.advice), "fix": verdict.fix}


def summed(verdicts: dict[str, Any]) -> dict[str, Any]:
    """How many clauses stand how, as the columns of Evaluation; of anything that has a `state`, by clause."""
    rows = [(clause, str(verdicts[clause.id].state)) for clause in catalogue().values() if clause.id in verdicts]
    by_chapter: dict[str, dict[str, Counter]] = {letter: {} for letter in documents()}
    for clause, state in rows:
        by_chapter[clause.letter].setdefault(clause.chapter, Counter())[state] += 1
    total = Counter(state for _clause, state in rows)
    broken = sum(clause.level in DUTIES for clause, state in rows if state == State.NOT_MET)
    return {**{str(state): total[state] for state in State}, "duties_not_met": broken, "by_chapter": by_chapter}


def as_of(institution: Any, day: date) -> dict[str, ClauseStanding]:
    """Every clause by id as evaluated for that day, in the order of the catalogue; nothing is stored."""
    return {
        name: ClauseStanding(
            institution=institution, clause=name, state=str(verdict.state), since=day, **_told(verdict)
        )
        for name, verdict in evaluate(institution, day).items()
    }


# --- reading; the caller's scope decides what the database shows


def latest(institution: Any) -> Evaluation | None:
    """The latest evaluation of the institution; None when it was never evaluated."""
    return Evaluation.objects.filter(institution=institution).order_by("-day").first()


def a_week_before(found: Evaluation) -> Evaluation | None:
    """The latest evaluation of the institution that is at least a week older; None without one."""
    earlier = Evaluation.objects.filter(institution_id=found.institution_id, day__lte=found.day - timedelta(7))
    return earlier.order_by("-day").first()


def counts(institutions: Iterable[Any]) -> dict[int, Evaluation]:
    """The latest evaluation of each of these institutions (rows or ids) by id. One query; who was never evaluated is missing."""
    wanted = [getattr(institution, "pk", institution) for institution in institutions]
    rows = Evaluation.objects.filter(institution_id__in=wanted)
    rows = rows.order_by("institution_id", "-day").distinct("institution_id")
    return {row.institution_id: row for row in rows}


def current(institution: Any) -> QuerySet[ClauseStanding]:
    """How every clause stands now, in the order of the catalogue."""
    order = Func(
        Value(list(catalogue()), output_field=ArrayField(TextField())), F("clause"),
        function="array_position", output_field=IntegerField(),
    )  # fmt: skip
    return ClauseStanding.objects.filter(institution=institution, until=None).order_by(order)


def history(institution: Any, clause: str) -> list[ClauseStanding]:
    """How the clause stood, newest first."""
    return list(ClauseStanding.objects.filter(institution=institution, clause=clause).order_by("-pk"))


@dataclass(frozen=True)
class Change:
    """A clause that stood otherwise before: when it changed last, from which state to which."""

    clause: Clause
    was: str
    became: str
    on: date


def changes(institution: Any, since: date) -> list[Change]:
    """The clauses whose state is another one than at the end of that day, latest first. One query."""
    rows = ClauseStanding.objects.filter(Q(until=None) | Q(until__gt=since), institution=institution)
    stood: dict[str, list[tuple[str, date]]] = {}
    for name, state, begun in rows.order_by("pk").values_list("clause", "state", "since"):
        stood.setdefault(name, []).append((state, begun))
    found = [
        Change(catalogue()[name], states[0][0], states[-1][0], states[-1][1])
        for name, states in stood.items()
        if name in catalogue() and states[0][0] != states[-1][0]
    ]
    return sorted(found, key=lambda change: change.on, reverse=True)


@dataclass(frozen=True)
class Fact:
    """A clause that is not met, in words: what is wrong, since when, and how many rows show it."""

    clause: Clause
    text: str
    since: date
    rows: int

    @property
    def is_only_the_clause(self) -> bool:
        """Whether no row and no advice says what is wrong, so that the words are those of the clause."""
        return self.clause.title in self.text


def gravity(clause: Clause) -> int:
    """How grave it is when the clause is not met, the gravest first: what stops work, other duties, wishes."""
    if clause.level in DUTIES:
        return 0 if clause.kind == "gate" else 1
    return 2 if clause.level == "should" else 3


def worst(institutions: Collection[int], n: int = 3) -> dict[int, list[Fact]]:
    """The worst facts of each institution by id: the gravest first, of these the longest standing. One query.

    A fact that breaks several clauses is told once, by the gravest of them.
    """
    grave: dict[int, list[str]] = {}
    for clause in catalogue().values():
        grave.setdefault(gravity(clause), []).append(clause.id)
    weight = Case(*[When(clause__in=names, then=place) for place, names in grave.items()], output_field=IntegerField())
    first = KeyTransform("0", "evidence")
    shown, label = NullIf(KeyTextTransform("text", first), Value("")), KeyTextTransform("label", first)
    what = Coalesce(shown, NullIf(F("advice"), Value("")), F("clause"), output_field=TextField())
    fact = Concat(what, label, output_field=TextField())
    order = [F("weight"), F("since"), F("pk")]
    rows = ClauseStanding.objects.filter(institution_id__in=institutions, until=None, state=State.NOT_MET)
    rows = rows.filter(clause__in=list(catalogue())).annotate(weight=weight, fact=fact)
    told = Window(RowNumber(), partition_by=[F("institution_id"), F("fact")], order_by=order)
    once = ClauseStanding.objects.filter(pk__in=rows.annotate(told=told).filter(told=1).values("pk"))
    place = Window(RowNumber(), partition_by=F("institution_id"), order_by=order)
    found: dict[int, list[Fact]] = {pk: [] for pk in institutions}
    for row in (
        once.annotate(weight=weight).annotate(place=place).filter(place__lte=n).order_by("institution_id", "place")
    ):
        found[row.institution_id].append(fact_of(row))
    return found


def fact_of(row: ClauseStanding) -> Fact:
    """What is wrong, in words: the first row that shows it, else the first sentence of the advice unless it asks for an act."""
    clause = catalogue()[row.clause]
    first, told = (row.evidence or [{}])[0], row.advice.partition("。")[0]
    if first.get("text"):
        told = " ".join(filter(None, [first["label"], first["text"]]))
        if len(row.evidence) > 1:
            told = _("%(fact)s 等") % {"fact": told}
    elif not told or told.startswith("请"):
        told = _("未做到：%(title)s") % {"title": clause.title}
    return Fact(clause, told, row.since, len(row.evidence))
