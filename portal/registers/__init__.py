"""Registers (台账): the kinds of rows a laboratory keeps on record, each described by one table entry.

    register(Register(
        name="activities", model=Activity, title=_("诚信活动"), group=_("诚信"), about=_("…"),
        fields=("kind", "title", "held_on", "file"), columns=("title", "kind", "held_on"), keeper=Permission.FILE_KEEP,
    ))

From the entry follow the list, the form, the row's page with its history, amending, withdrawing, import and export; no
app writes these again. What a register cannot say, it says with functions: `gates`, `form`, `panels`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from .. import history, menu
from ..actors import Actor
from ..models import RegisterRow
from ..permissions import Permission
from ..transitions import Gate, Transition

imported = Signal()  # sender: the model; rows (Written), at: written all at once, past the model's own signals
CURRENT, WITHDRAWN = RegisterRow.State.CURRENT, RegisterRow.State.WITHDRAWN

# The head of a column and what stands in it: a text, or a cell as the data table takes it.
Column = tuple[str | Promise, Callable[[Any], Any]]


@dataclass(frozen=True)
class Written:
    """A row of a register as it stands now, and its columns as text as they stood before, {} when it is new."""

    row: RegisterRow
    before: dict[str, str]

    def ids(self, column: str) -> set[int]:
        """The rows at which the column points and pointed."""
        return {int(key) for key in (getattr(self.row, column), self.before.get(column)) if key}


@dataclass(frozen=True)
class Part:
    """A heading of a long form: it stands before the field `first`. `folded`: closed until something stands in it."""

    first: str
    title: str | Promise
    about: str | Promise = ""
    folded: bool = False


@dataclass(frozen=True)
class Register:
    """One kind of rows and everything the pages need to know of it.

    `fields`: of the model, in the order of the form and of the spreadsheet. `columns`: names of fields, or Columns.
    `keeper`: who records, amends and withdraws. `gates` are asked when a row is recorded and with its new values when it
    is amended. `clauses`: what the rows are evidence for. `key`: fields by which a spreadsheet names a row that is known.
    `form`: a RowForm of its own. `reader` turns the inspection.tables.Table of a foreign layout into one with the
    register's own heads, or answers None when it is not that layout. `panels` are asked for more to show on a row's
    page. `standing`: the badge of a row on a day, where its dates do not say all. `choose_first`: a choice on which the
    form depends. `parts`: headings of the form. `reads`: what `reader` knows, in words. `ask_once`: relations that a
    spreadsheet may leave out, because they are the same in all its lines. `born`, `live`: states of a new row, and of
    rows that can be amended. `after` is called once with all the rows that were written together, one or ten thousand,
    by whom and when: what rests on them follows at once. `home`: the page of the navigation on which the rows are at home.

    `alone`: gates asked of a single row only, which say with a name and a link what the table's own rules say of many.
    `shut` says of a row that somebody else wrote down why the institution cannot change it; "" of its own.
    `leaving`: gates before a row is withdrawn. `pages`: names of the addresses of a list and of a row's page, where an
    app has better ones; `narrowed` says what filters of that list leave.
    """

    name: str
    model: type[RegisterRow]
    title: str | Promise
    group: str | Promise
    about: str | Promise
    fields: tuple[str, ...]
    columns: tuple[str | Column, ...]
    keeper: Permission
    search: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    order: tuple[str, ...] = ("-pk",)
    gates: tuple[Gate, ...] = ()
    clauses: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    form: type | None = None
    reader: Callable[..., Any] | None = None
    panels: tuple[Callable[..., Any], ...] = ()
    standing: Callable[[Any, Any], dict[str, str]] | None = None
    choose_first: str = ""
    parts: tuple[Part, ...] = ()
    reads: str | Promise = ""
    ask_once: tuple[str, ...] = ()
    importable: bool = True
    born: str = CURRENT
    live: frozenset[str] = field(default_factory=lambda: frozenset({CURRENT}))
    alone: tuple[Gate, ...] = ()
    leaving: tuple[Gate, ...] = ()
    shut: Callable[[Any], str] | None = None
    pages: tuple[str, str] | None = None
    narrowed: Callable[[HttpRequest, QuerySet, date], tuple[QuerySet, list[dict[str, Any]]]] | None = None
    after: Callable[[Sequence["Written"], Actor, datetime], None] | None = None
    home: str = "portal:registers"
    icon: str = "list-check"

    @property
    def home_title(self) -> str:
        """What the page on which the rows are at home is called."""
        return str(menu.ITEMS[self.home].title)

    @cached_property
    def recording(self) -> Transition:
        return Transition("record", frozenset({""}), self.born, self.keeper, gates=self.judges)

    def amending(self, state: str) -> Transition:
        """Amending changes no state. The gates are asked by the verb, once the new values stand in the row."""
        return Transition("amend", self.live & {state}, state, self.keeper)

    @cached_property
    def withdrawing(self) -> Transition:
        return Transition("withdraw", self.live, WITHDRAWN, self.keeper, gates=self.leaving)

    @property
    def judges(self) -> tuple[Gate, ...]:
        """All gates of a single row."""
        return (*self.gates, *self.alone)

    def why_shut(self, row: RegisterRow) -> str:
        """Why the institution cannot change the row, in words; "" where it can."""
        return self.shut(row) if self.shut is not None else ""

    def list_url(self, slug: str) -> str:
        return reverse(self.pages[0], args=[slug]) if self.pages else reverse("portal:register", args=[slug, self.name])

    def row_url(self, slug: str, row: RegisterRow) -> str:
        if self.pages:
            return reverse(self.pages[1], args=[slug, row.ref])
        return reverse("portal:register_row", args=[slug, self.name, row.ref])

    @property
    def one(self) -> str:
        """What a single row is called."""
        return str(self.model._meta.verbose_name)

    def follow(self, rows: Sequence["Written"], actor: Actor, at: datetime) -> None:
        """What rests on the rows has followed, in the transaction that wrote them."""
        if self.after and rows:
            self.after(rows, actor, at)

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """The fields that point at other rows, for one query instead of many."""
        return tuple(name for name in self.fields if self.model._meta.get_field(name).is_relation)


REGISTERS: dict[str, Register] = {}


def register(entry: Register) -> Register:
    """The register has its pages from now on. Raises: ValueError when the name is taken by another model."""
    known = REGISTERS.get(entry.name)
    if known and known.model is not entry.model:
        raise ValueError(f"{entry.name} is registered twice")
    REGISTERS[entry.name] = entry
    menu.HOMES[f"registers/{entry.name}/"] = entry.home
    name = entry.model._meta.model_name
    history.register(
        {
            f"{name}.record": gettext_lazy("登记"),
            f"{name}.amend": gettext_lazy("更正"),
            f"{name}.withdraw": gettext_lazy("作废"),
        }
    )
    return entry


def register_of(row: RegisterRow) -> Register | None:
    """The register in which a row stands."""
    return next((entry for entry in REGISTERS.values() if type(row) is entry.model), None)
