"""What ends when, as pages show it: all due lists in one order, counted by how soon, by day and by person.

The same SQL finds it that the night's scan runs (`duelists.source`), for one institution and on the spot: what a page
shows is true now, whether the scan has run or not. However many lists there are, a page asks one query for its rows.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from . import duelists
from .actors import Actor
from .duelists import DueList
from .permissions import Permission, Role
from .recipients import duties
from .windows import COUNTED, WINDOWS

AHEAD = timedelta(days=60)
COLUMNS = "rule, target, target_id, due_on, subject, link, person_id, person_name"

# Who answers for the whole and sees every list, although others are told first.
OVERSEERS = frozenset(
    {Role.ADMINISTRATOR, Role.QUALITY_MANAGER, Role.SUPERVISOR, Role.LEGAL_REPRESENTATIVE, Role.REGULATOR}
)


@dataclass(frozen=True)
class Row:
    """Something that ends: in a sentence, on which day, where something can be done, and whose it is."""

    rule: str
    target: str
    target_id: int
    due_on: date
    subject: str
    link: str
    person_id: int | None
    person_name: str

    @property
    def key(self) -> str:
        """Names the row in an address; see `due_rows`."""
        return f"{self.due_on.isoformat()}.{self.target_id}.{self.rule}"

    @property
    def never(self) -> bool:
        """Whether it never began, so that it is due since ever."""
        return self.due_on == date.min


@dataclass(frozen=True)
class Wanted:
    """Which rows: of these rules, ending from `first` (open: None) to `last`, of this person, as seen on `day`."""

    institution_id: int
    rules: tuple[str, ...]
    day: date
    last: date
    first: date | None = None
    person_id: int | None = None


def titles(names: Collection[str]) -> dict[str, str]:
    """Name -> title of these rules, in the order of registration."""
    return {name: str(rule.title) for name, rule in duelists.RULES.items() if name in names}


def rules_for(actor: Actor, day: date) -> tuple[str, ...]:
    """The rules whose rows this actor works with: overseers all, others those of which they are told that day."""
    if OVERSEERS & set(actor.roles):
        return tuple(duelists.RULES)
    told = duties(actor, day)
    return tuple(name for name in duelists.RULES if name in told)


def view_of(actor: Actor, institution_id: int, day: date) -> Wanted:
    """What this actor's due pages show: the rows of the actor's rules; of whoever has none, what is the actor's own.

    Raises: PermissionDenied for somebody who may not read the institution.
    """
    actor.require(Permission.INSTITUTION_READ, institution_id)
    if rules := rules_for(actor, day):
        return Wanted(institution_id, rules, day, day + AHEAD)
    return own_of(actor, institution_id, day)


def own_of(actor: Actor, institution_id: int, day: date) -> Wanted:
    """What is the actor's own of all rules: authorisations, credentials. Nothing for somebody without an employment."""
    rules = tuple(duelists.RULES) if actor.employment_id else ()
    return Wanted(institution_id, rules, day, day + AHEAD, person_id=actor.employment_id)


@lru_cache(maxsize=200)
def _source(rule: DueList) -> tuple[str, tuple[Any, ...]]:
    return duelists.source(rule)


def _found(wanted: Wanted) -> tuple[str, list[Any]]:
    """SQL of the wanted rows, and its parameters. Columns: COLUMNS."""
    parts, parameters = [], []
    for name in wanted.rules:
        query, values = _source(duelists.RULES[name])
        parts.append(
            f"SELECT '{name}' AS rule, institution_id, target, target_id, due_on, subject, link, person_id::bigint, "
            f"person_name, forgotten, over FROM ({query}) AS s"
        )
        parameters += values
    conditions = [
        "institution_id = %s", "due_on <= %s", "(forgotten IS NULL OR due_on >= %s::date - forgotten)", "NOT over",
    ]  # fmt: skip
    parameters += [wanted.institution_id, wanted.last, wanted.day]
    if wanted.first:
        conditions.append("due_on >= %s")
        parameters.append(wanted.first)
    if wanted.person_id is not None:
        conditions.append("person_id = %s")
        parameters.append(wanted.person_id)
    query = f"SELECT DISTINCT {COLUMNS} FROM ({' UNION ALL '.join(parts)}) AS u WHERE {' AND '.join(conditions)}"
    return query, parameters


def _asked(query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


ORDER = "due_on, target_id, rule"


def due_rows(wanted: Wanted, *, most: int, after: str = "", before: str = "") -> list[Row]:
    """The wanted rows, the earliest first, at most so many; after or before the row of that key. One query.

    A key that is none counts as no key.
    """
    if not wanted.rules:
        return []
    query, parameters = _found(wanted)
    place = _place(before or after)
    turned = bool(before and place)
    where = f"WHERE ({ORDER}) {'<' if turned else '>'} (%s::date, %s, %s)" if place else ""
    order = ", ".join(f"{name} DESC" for name in ORDER.split(", ")) if turned else ORDER
    rows = _asked(
        f"SELECT {COLUMNS} FROM ({query}) AS f {where} ORDER BY {order} LIMIT %s", [*parameters, *place, most]
    )
    return [Row(*row) for row in (reversed(rows) if turned else rows)]


def _place(key: str) -> list[Any]:
    """Day, id and rule of a key; nothing when it is none."""
    day, _dot, rest = key.partition(".")
    number, _dot, rule = rest.partition(".")
    try:
        return [date.fromisoformat(day), int(number) % 2**63, rule] if rule in duelists.RULES else []
    except ValueError:
        return []


@dataclass(frozen=True)
class Counts:
    """How many rows of one rule lie in each counted window, and the row that ends first."""

    title: str
    windows: Mapping[str, int]
    worst: Row

    @property
    def rule(self) -> str:
        return self.worst.rule

    @property
    def sum(self) -> int:
        return sum(self.windows.values())


def due_counts(wanted: Wanted) -> list[Counts]:
    """What has ended or ends within 60 days, by rule, the most urgent rule first; without a row no rule. One query."""
    if not wanted.rules:
        return []
    day = wanted.day
    query, parameters = _found(replace(wanted, first=None, last=day + AHEAD))
    filters = []
    for window in COUNTED:
        first, last = WINDOWS[window]
        since = f"due_on >= %s::date + ({first}) AND " if first is not None else ""
        filters.append(f"count(*) FILTER (WHERE {since}due_on <= %s::date + ({last})) OVER (PARTITION BY rule)")
    days = [day for window in COUNTED for _edge in range(1 if WINDOWS[window][0] is None else 2)]
    rows = _asked(
        f"SELECT * FROM (SELECT {COLUMNS}, row_number() OVER (PARTITION BY rule ORDER BY {ORDER}) AS place, "
        f"{', '.join(filters)} FROM ({query}) AS f) AS c WHERE place = 1 ORDER BY {ORDER}",
        [*days, *parameters],
    )
    known = titles(wanted.rules)
    width = len(COLUMNS.split(", "))
    return [Counts(known[row[0]], dict(zip(COUNTED, row[width + 1 :], strict=True)), Row(*row[:width])) for row in rows]


def due_days(wanted: Wanted) -> list[tuple[date, str, int]]:
    """How many wanted rows end on each day, by rule: (day, rule, number) in the order of days. One query."""
    if not wanted.rules:
        return []
    query, parameters = _found(wanted)
    return _asked(
        f"SELECT due_on, rule, count(*) FROM ({query}) AS f GROUP BY due_on, rule ORDER BY due_on, rule", parameters
    )


def due_total(wanted: Wanted) -> int:
    """How many wanted rows there are. One query."""
    if not wanted.rules:
        return 0
    query, parameters = _found(wanted)
    return _asked(f"SELECT count(*) FROM ({query}) AS f", parameters)[0][0]


def people_of(wanted: Wanted) -> dict[int, str]:
    """The persons whose rows are among the wanted: employment -> name, by name. One query."""
    if not wanted.rules:
        return {}
    query, parameters = _found(wanted)
    return dict(
        _asked(
            f"SELECT DISTINCT person_id, person_name FROM ({query}) AS f WHERE person_id IS NOT NULL "
            "ORDER BY person_name, person_id",
            parameters,
        )
    )
