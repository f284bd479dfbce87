"""The one way a record changes state. Every app's verbs are built on `Transition`."""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.dispatch import Signal
from django.utils.translation import gettext as _

from . import audit, entitlement, stepup
from .actors import Actor
from .ledger import leaves
from .permissions import Permission


@dataclass(frozen=True)
class Refusal:
    """One reason why not: the clause it rests on, what is wrong and what to do, and where to do it."""

    clause: str
    text: str
    link: str = ""
    link_text: str = ""


class Refused(Exception):
    """The rules say no. Carries every reason at once."""

    def __init__(self, *refusals: Refusal):
        super().__init__("; ".join(refusal.text for refusal in refusals))
        self.refusals = refusals


Gate = Callable[..., Iterable[Refusal]]


@dataclass(frozen=True)
class Transition:
    """One legal move: from where, to where, who may, what must hold, what it announces.

    A transition from "" creates the row; one from a state to itself edits it. With `leaf`, the act leaves a leaf of
    that kind in the ledger; with `step_up`, it takes a fresh proof of the person, bound to the SHA-256 that the
    function reads off the row.
    """

    verb: str
    sources: frozenset[str]
    target: str
    permission: Permission
    gates: tuple[Gate, ...] = ()
    event: Signal | None = None
    leaf: str = ""
    step_up: Callable[[Any], str] | None = None

    @contextmanager
    def applied_to(self, row, *, actor: Actor, at: datetime, reason: str = ""):
        """Lock `row`, check right, state and gates, let the verb fill fields, then save, audit and announce.

        Raises PermissionDenied or Refused; then nothing is written but one entry about the refused attempt.
        """
        actor.require(self.permission, row.institution_id)
        new, was = row.pk is None, ""
        try:
            with transaction.atomic():
                row = self._locked(row)
                entitlement.confirm(actor, self.permission, row.institution_id)
                before = {} if new else audit.snapshot(row)
                stored = {} if new else _values(row)
                was = "" if new else row.state
                self._check(row, was, actor, at)
                yield row
                if self.step_up and actor.user_id is not None:  # a part of the portal has no session to be stolen
                    stepup.consume(actor, self.name_for(row), row, sha256=self.step_up(row))
                row.state = self.target
                _save(row, stored)
                entry = audit.record(
                    actor, self.name_for(row), row, was=was, became=row.state, reason=reason,
                    changes=audit.differences(before, audit.snapshot(row)),
                )  # fmt: skip
                if self.leaf:
                    about_entry = leaves.KINDS[self.leaf].model == entry._meta.label
                    leaves.append(self.leaf, entry if about_entry else row)
                if self.event:
                    self.event.send(type(row), row=row, actor=actor, at=at)
        except Refused as refused:
            if new:
                row.pk = None  # what was inserted is gone again
            audit.record(
                actor, self.name_for(row), row, was=was, reason=reason, succeeded=False,
                changes={"refused": [[refusal.clause, refusal.text] for refusal in refused.refusals]},
            )  # fmt: skip
            raise

    def name_for(self, row) -> str:
        return f"{row._meta.model_name}.{self.verb}"

    def refusals(self, row, *, actor: Actor, at: datetime) -> list[Refusal]:
        """What stands in the way right now, for a page to show before anybody presses the button."""
        return [refusal for gate in self.gates for refusal in gate(row, actor, at)]

    def is_open(self, row, actor: Actor) -> bool:
        """Whether the row is in a state this verb starts from and the actor holds the right."""
        return row.state in self.sources and actor.may(self.permission, row.institution_id)

    def _locked(self, row):
        if not row.pk:
            return row
        rows = type(row)._base_manager.select_for_update(of=("self",)).select_related(*getattr(row, "locked_with", ()))
        return rows.get(pk=row.pk, institution_id=row.institution_id)

    def _check(self, row, was, actor, at):
        if was not in self.sources:
            state = row.get_state_display() if was else ""
            raise Refused(
                Refusal("state", _("当前状态是“%(state)s”，不能做这一步。请刷新页面查看最新情况。") % {"state": state})
            )
        refusals = self.refusals(row, actor=actor, at=at)
        if refusals:
            raise Refused(*refusals)


def _values(row) -> dict[str, object]:
    """The row's own columns by name; a list or an object of JSON, which can be altered in place, as text."""
    own = (field for field in row._meta.concrete_fields if not field.generated)
    values = {field.attname: getattr(row, field.attname) for field in own}
    return {name: repr(value) if isinstance(value, list | dict) else value for name, value in values.items()}


def _save(row, stored):
    """The row is in the database; of one whose values were `stored` there, those that have changed since.

    What the database or the model refuses comes back as Refused, in words; the caller's transaction ends with it.
    """
    now = _values(row)
    own = (field for field in row._meta.concrete_fields if field.attname in now)
    changed = {field.name for field in own if now[field.attname] != stored.get(field.attname)}
    try:
        row.clean_fields(exclude=_left_to_the_database(row, changed if stored else None))
        row.clean()
        row.save(update_fields=changed if stored else None)
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        raise Refused(*_sentences(row, fields)) from error
    except IntegrityError as error:
        raise Refused(broken_rule(row, error)) from error


def _left_to_the_database(row, changed: set[str] | None) -> list[str]:
    """Relations, which it checks in the same round trip, columns that may be empty and are, and what it has already."""
    return [
        field.name
        for field in row._meta.fields
        if field.is_relation
        or (field.null and getattr(row, field.attname) is None)
        or (changed is not None and field.name not in changed)
    ]


def _sentences(row, fields):
    for name, messages in fields.items():
        label = row._meta.get_field(name).verbose_name if name and name != "__all__" else ""
        for message in messages:
            yield Refusal("data", f"{label}：{message}" if label else message)


def broken_rule(row, error: IntegrityError) -> Refusal:
    """What the database has refused: the sentence of the model's constraint and the clause in its code, where it has them."""
    name = rule_of(error)
    for rule in row._meta.constraints:
        if rule.name == name and rule.violation_error_message != rule.default_violation_error_message:
            return Refusal(rule.violation_error_code or "data", rule.get_violation_error_message())
    return Refusal("data", _("与已有数据冲突（%(rule)s），没有保存。") % {"rule": name})


def rule_of(error: DatabaseError) -> str:
    """The name of the rule that the database kept."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return (diagnostics and diagnostics.constraint_name) or _("唯一性约束")
