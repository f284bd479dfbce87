"""What a regulator writes down in an institution of its region: a decision against it, its appeal, its end.

The row is the regulator's alone (`by_regulator`): the institution's own register refuses to change it. Whatever rests on
decisions that stand, such as a public pledge, follows in the same transaction from the row's being saved.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from .models import Violation
from .registers.conduct import decided_in_order

S, RIGHT = Violation.State, Permission.PENALTY_RECORD
CURRENT = frozenset({S.CURRENT})


def is_the_regulators(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the institution wrote down itself stays its own."""
    if not row.by_regulator:
        yield Refusal("by_regulator", _("这条由机构自己登记，请机构更正；监管部门可以另行登记决定。"))


def stands(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A decision that was revoked has no further course."""
    if row.revoked_on is not None:
        yield Refusal("revoked_on", _("这条决定已于 %(day)s 撤销或移出，不再变动。") % {"day": row.revoked_on})


def is_final(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only what is final can be reopened."""
    if row.final_on is None:
        yield Refusal("final_on", _("这条决定尚未生效，不用再登记复议或诉讼。"))


def is_open(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is final already becomes final no second time."""
    if row.final_on is not None:
        yield Refusal("final_on", _("这条决定已于 %(day)s 生效。") % {"day": row.final_on})


RECORD = Transition("record", frozenset({""}), S.CURRENT, RIGHT, gates=(decided_in_order,))
APPEAL = Transition("appeal", CURRENT, S.CURRENT, RIGHT, gates=(is_the_regulators, stands, is_final))
SETTLE = Transition("settle", CURRENT, S.CURRENT, RIGHT, gates=(is_the_regulators, stands, is_open))
REVOKE = Transition("revoke", CURRENT, S.CURRENT, RIGHT, gates=(is_the_regulators, stands))
WITHDRAW = Transition("withdraw", CURRENT, S.WITHDRAWN, RIGHT, gates=(is_the_regulators,))
ACTS = {one.verb: one for one in (APPEAL, SETTLE, REVOKE, WITHDRAW)}


@transaction.atomic
def record(values: Mapping[str, Any], *, actor: Actor, at: datetime) -> Violation:
    """The decision stands in the institution's record. `values` by field; `file` as it came with the request. Raises: Refused."""
    facts = {name: value for name, value in values.items() if name != "file"}
    blank = Violation(institution_id=actor.institution_id, state="", by_regulator=True, **facts)
    with RECORD.applied_to(blank, actor=actor, at=at) as row:
        if not values.get("file"):
            raise Refused(Refusal("file", _("请上传决定文书。")))
        row.file = documents.upload(values["file"], actor=actor, at=at, right=RIGHT)
    return row


def appeal(row: Violation, reason: str, *, actor: Actor, at: datetime) -> Violation:
    """The decision is not final any more: it is under review or before a court. Raises: Refused."""
    with APPEAL.applied_to(row, actor=actor, at=at, reason=_said(reason)) as row:
        row.final_on = None
        row.revision += 1
    return row


def settle(row: Violation, final_on: date, reason: str, *, actor: Actor, at: datetime) -> Violation:
    """The decision is final since that day, which may be a coming one. Raises: Refused."""
    with SETTLE.applied_to(row, actor=actor, at=at, reason=_said(reason)) as row:
        row.final_on = final_on
        row.revision += 1
        _in_order(row, actor, at)
    return row


def revoke(row: Violation, revoked_on: date, reason: str, *, actor: Actor, at: datetime) -> Violation:
    """The decision counts for nothing since that day, or the institution is off the list. Raises: Refused."""
    with REVOKE.applied_to(row, actor=actor, at=at, reason=_said(reason)) as row:
        row.revoked_on = revoked_on
        row.revision += 1
        _in_order(row, actor, at)
        if revoked_on > timezone.localdate(at):
            raise Refused(Refusal("revoked_on", _("撤销或移出日期还没有到。请在当天或之后登记。")))
    return row


def withdraw(row: Violation, reason: str, *, actor: Actor, at: datetime) -> Violation:
    """The row was written down by mistake; it stays readable with the reason. Raises: Refused."""
    with WITHDRAW.applied_to(row, actor=actor, at=at, reason=_said(reason)) as row:
        row.revision += 1
    return row


def _said(reason: str) -> str:
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明依据和理由，机构会看到。")))
    return reason[:500]


def _in_order(row: Violation, actor: Actor, at: datetime) -> None:
    found = list(decided_in_order(row, actor, at))
    if found:
        raise Refused(*found)
