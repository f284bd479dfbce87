"""Due lists: what an app has watched, declared as data, so that one statement finds what is due in every institution.

    @due_list("equipment.assessment", title=_("计量标准考核"), thresholds=(60, 30, 7, 0), recipients=(Role.METROLOGY_MANAGER,))
    def assessments():
        return Watch(
            rows=MeasurementStandard.objects.filter(state=MeasurementStandard.State.IN_USE),
            due_on="assessed_until",
            subject=says(_("计量标准考核到期：%(name)s %(code)s"), name="name", code="code"),
            link=page("equipment:standard", "ref"),
        )

After its last threshold an overdue thing is told of again every week, four times; then it only stays on the page.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, RTrim
from django.db.models.sql import Query
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise

from .permissions import Role

WEEKS_OVERDUE = 4


@dataclass(frozen=True)
class Watch:
    """Rows whose time ends on a day.

    `rows`: of all institutions, no slices. `due_on`: a field or an expression; a row without a day is not watched.
    `over`: true of a row that another one has taken the place of. `target`: the foreign key to the thing that is spoken
    of, when it is not the row itself. `person`: the foreign key to the employment that it belongs to. `forgotten`: what
    ended so many days ago is not spoken of any more. `subject`, `link`: see `says` and `page`.

    Keep `rows` to columns of their own table, best those of a partial index on the day, and put into `over` what has to be
    asked elsewhere: `rows` are gone through every night, `over` is asked of what may be new.
    """

    rows: QuerySet
    due_on: str | Combinable
    subject: Combinable
    link: Combinable
    over: Exists | Q | None = None
    target: str = ""
    person: str = ""
    forgotten: int | None = None


Declare = Callable[[], Watch | Iterable[Watch]]


@dataclass(frozen=True)
class DueList:
    """What a rule watches, how many days ahead it speaks, and in which roles people are told."""

    name: str
    title: str | Promise
    thresholds: tuple[int, ...]
    recipients: frozenset[Role]
    declare: Declare

    @property
    def watches(self) -> list[Watch]:
        declared = self.declare()
        return [declared] if isinstance(declared, Watch) else list(declared)

    @property
    def edges(self) -> list[int]:
        """Days from today at which something is told of, the furthest overdue first."""
        return [-7 * week for week in range(WEEKS_OVERDUE, 0, -1)] + sorted(self.thresholds)


RULES: dict[str, DueList] = {}


def due_list(
    name: str, *, title: str | Promise, thresholds: tuple[int, ...], recipients: tuple[Role, ...]
) -> Callable[[Declare], Declare]:
    """What the decorated function declares is looked at every night. Raises: ValueError when the name is taken.

    `name`: at most 50 letters, dots and underscores. `thresholds`: days ahead. The function takes nothing, asks the
    database nothing, and returns one Watch or several.
    """

    def register(declare: Declare) -> Declare:
        if name in RULES:
            raise ValueError(f"{name} is registered twice")
        if not re.fullmatch(r"[a-z_.]{1,50}", name):
            raise ValueError(f"{name!r} is not a name of a due list")
        RULES[name] = DueList(name, title, tuple(sorted(thresholds, reverse=True)), frozenset(recipients), declare)
        return declare

    return register


def says(template: str | Promise, **facts: str | Combinable) -> Combinable:
    """The sentence, its %(names)s filled from fields or expressions of the row. Works in the database.

    Where the last fact is empty, no space stays behind.
    """
    pieces = re.split(r"%\((\w+)\)s", str(template))
    return RTrim(_joined([_text(facts[piece]) if place % 2 else Value(piece) for place, piece in enumerate(pieces)]))


def page(name: str, *arguments: str | Value) -> Combinable:
    """The address of a page of the institution; its arguments after the slug come from fields of the row or are a Value."""
    marks = [f"0-{place}-0" for place in range(len(arguments) + 1)]
    pieces = re.split(r"0-(\d+)-0", reverse(name, args=marks))
    facts = ("institution__slug", *arguments)
    return _joined([_text(facts[int(piece)]) if place % 2 else Value(piece) for place, piece in enumerate(pieces)])


def named(field: str, choices: type) -> Combinable:
    """The Chinese name of the choice that the field holds."""
    cases = [When(**{field: value, "then": Value(str(label))}) for value, label in choices.choices]
    return Case(*cases, default=F(field), output_field=TextField())


class _Lazily(F):
    """A column of the row or of a row it points at. The latter is looked up only for rows of which it is told: a join would
    be made for every row that is watched."""

    def resolve_expression(self, query: Query, *args: Any, **kwargs: Any) -> Any:
        first, _, rest = self.name.partition("__")
        if not rest:
            return super().resolve_expression(query, *args, **kwargs)
        key = query.model._meta.get_field(first)
        parents = key.related_model._base_manager.filter(pk=OuterRef(key.attname))
        return Subquery(parents.values(rest)[:1]).resolve_expression(query, *args, **kwargs)


def _text(fact: str | Combinable) -> Combinable:
    column = _Lazily(fact) if isinstance(fact, str) else fact
    return Coalesce(Cast(column, TextField()), Value(""), output_field=TextField())


def _joined(pieces: list[Combinable]) -> Combinable:
    kept = [piece for piece in pieces if not (isinstance(piece, Value) and piece.value == "")]
    return Concat(*kept, Value(""), output_field=TextField())


COLUMNS = "institution_id, target, target_id, due_on, subject, link, person_id, person_name, forgotten, over"


def source(rule: DueList) -> tuple[str, tuple[Any, ...]]:
    """SQL of everything the rule watches, whenever it ends, and its parameters. Columns: COLUMNS."""
    with translation.override(settings.LANGUAGE_CODE):  # the same words at night, after a migration and in a test
        watches = rule.watches
    parts, parameters = [], []
    for watch in watches:
        thing = watch.rows.model._meta.get_field(watch.target).related_model if watch.target else watch.rows.model
        rows = watch.rows.order_by().annotate(
            watch_target=Value(thing._meta.label, output_field=TextField()),
            watch_id=F(f"{watch.target}_id" if watch.target else "pk"),
            watch_day=F(watch.due_on) if isinstance(watch.due_on, str) else watch.due_on,
            watch_subject=watch.subject,
            watch_link=watch.link,
            watch_person=F(f"{watch.person}_id") if watch.person else Value(None, output_field=BigIntegerField()),
            watch_person_name=_text(f"{watch.person}__name") if watch.person else Value("", output_field=TextField()),
            watch_over=ExpressionWrapper(watch.over or Value(False), output_field=BooleanField()),
        )
        facts = ("target", "id", "day", "subject", "link", "person", "person_name", "over")
        columns = [f"watch_{fact}" for fact in facts]
        query, values = rows.values_list("institution_id", *columns).query.sql_with_params()
        forgotten = "NULL::int" if watch.forgotten is None else str(int(watch.forgotten))
        names = COLUMNS.replace(" forgotten,", "")
        parts.append(
            f"SELECT {COLUMNS.replace('forgotten', f'{forgotten} AS forgotten')} FROM ({query}) AS w ({names})"
        )
        parameters += values
    return " UNION ALL ".join(parts), tuple(parameters)


@dataclass(frozen=True)
class Due:
    """A thing whose time ends on a day: a sentence about it, the page on which something can be done, and whose it is."""

    target: str
    target_id: int
    due_on: date
    subject: str
    link: str
    person_id: int | None
    person_name: str


def watched(name: str, until: date, institution_id: int | None = None) -> list[Due]:
    """What this rule watches and what ends by the day, the earliest first, as far as this scope shows it. One query."""
    query, parameters = source(RULES[name])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT target, target_id, due_on, subject, link, person_id, person_name FROM ({query}) AS d "
            "WHERE due_on <= %s AND (forgotten IS NULL OR due_on >= %s::date - forgotten) AND NOT over "
            "AND (%s::bigint IS NULL OR institution_id = %s) ORDER BY due_on, target_id",
            [*parameters, until, until, institution_id, institution_id],
        )
        return [Due(*row) for row in cursor.fetchall()]
