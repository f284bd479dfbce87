"""The verbs of employment: somebody begins to work here, is put right on record, leaves, or was recorded in error."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from .. import identity
from ..models import Authorisation, Employment, Membership, Person, ScopeItem
from .authorising import day_of
from .cases import in_turn
from .reconsidering import Reconsidered, lines_short_on, reconsider

S = Employment.State
YOUNGEST = 16  # Source: 劳动法第十五条


def dates_make_sense(row: Employment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Somebody is born, grows up, begins and leaves, in this order."""
    if row.ended_on and row.ended_on < row.started_on:
        shown = {"last": row.ended_on, "first": row.started_on}
        yield Refusal("data", _("离职日期 %(last)s 早于入职日期 %(first)s。请改正其中一个。") % shown)
    if row.birth_date.year + YOUNGEST > row.started_on.year:
        shown = {"born": row.birth_date, "first": row.started_on}
        yield Refusal("data", _("%(born)s 出生、%(first)s 入职，不满 16 周岁。请核对出生日期和入职日期。") % shown)


def staff_number_is_free(row: Employment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nobody else here has the number."""
    others = Employment.objects.filter(institution_id=row.institution_id, staff_number=row.staff_number)
    other = others.exclude(pk=row.pk).first()
    if other is not None:
        shown = {"number": row.staff_number, "name": other.name}
        yield Refusal("data", _("工号 %(number)s 已是 %(name)s 的。请换一个工号；再次入职的人也用新的工号。") % shown)


def born_as_the_number_says(row: Employment) -> Iterator[Refusal]:
    """The date of birth is that of the ID number on record."""
    if not identity.agrees_with_birth_date(row):
        yield Refusal("data", _("与已登记的身份证号里的出生日期不同。请先核对证件，写错的是哪一个。"))


GATES = (dates_make_sense, staff_number_is_free)
EMPLOY = Transition("record", frozenset({""}), S.CURRENT, Permission.PEOPLE_KEEP, gates=GATES)
AMEND = Transition("amend", frozenset({S.CURRENT}), S.CURRENT, Permission.PEOPLE_KEEP)
LEAVE = Transition("leave", frozenset({S.CURRENT}), S.CURRENT, Permission.PEOPLE_KEEP)
WITHDRAW = Transition("withdraw", frozenset({S.CURRENT}), S.WITHDRAWN, Permission.PEOPLE_KEEP)


def employ(values: dict[str, Any], *, id_number: str = "", phone: str = "", actor: Actor, at: datetime) -> Employment:
    """Somebody works here from the day on; who has this ID number anywhere in the portal is the same person.

    `values` by column. Raises: Refused, also when the person works for another institution in that time: then the
    attempt stays on record. PermissionDenied for an ID number from who may not record one.
    """
    in_turn(actor.institution_id)
    if id_number:
        actor.require(Permission.PERSON_IDENTIFY, actor.institution_id)
    blank = Employment(institution_id=actor.institution_id, state="", **values)
    with identity.conflicts_noted(blank), EMPLOY.applied_to(blank, actor=actor, at=at) as row:
        identity.identify(row, id_number, phone)
        if row.person_id is None:
            row.person = Person.objects.create()
        _refuse_if_any(identity.at_work_here_once(row))
    return row


def amend(row: Employment, values: dict[str, Any], revision: int, *, actor: Actor, at: datetime) -> Employment:
    """The row says what `values` say; authorisations follow. Raises: Refused, also when somebody else was quicker."""
    in_turn(row.institution_id)
    tried = Employment(person_id=row.person_id, institution_id=row.institution_id, name=row.name)
    with identity.conflicts_noted(tried), AMEND.applied_to(row, actor=actor, at=at) as row:
        if row.revision != revision:
            raise Refused(
                Refusal(
                    "revision", _("您打开之后，别人改过这一行，所以没有保存。请对照现在的内容；仍要保存，再提交一次。")
                )
            )
        for name, value in values.items():
            setattr(row, name, value)
        tried.started_on, tried.ended_on = row.started_on, row.ended_on
        gates = [refusal for gate in GATES for refusal in gate(row, actor, at)]
        _refuse_if_any([*gates, *identity.at_work_here_once(row), *born_as_the_number_says(row)])
        row.revision += 1
    reconsider(row.institution, day_of(at), at=at, person_ids=[row.person_id])
    return row


@dataclass(frozen=True)
class Left:
    """Somebody has left: what ended with it, which lines lack people afterwards, and which accounts are still open."""

    employment: Employment
    changes: Reconsidered
    lines_short: tuple[ScopeItem, ...]
    accounts: tuple[Membership, ...]


def leave(row: Employment, on: date, reason: str, *, actor: Actor, at: datetime) -> Left:
    """The day is the last one here; authorisations end with it, and lines of scope that lack people are suspended.

    A day to come is a notice: the authorisations end on it, and until then nothing changes. Raises: Refused.
    Source: C-7.1.3.
    """
    in_turn(row.institution_id)
    with LEAVE.applied_to(row, actor=actor, at=at, reason=reason) as row:
        if row.ended_on is not None:
            raise Refused(
                Refusal(
                    "state",
                    _("%(name)s 的离职日期已登记为 %(day)s。要改，请用“更正”。") % {"name": row, "day": row.ended_on},
                )
            )
        row.ended_on = on
        _refuse_if_any(dates_make_sense(row, actor, at))
        row.revision += 1
    changes = reconsider(row.institution, day_of(at), at=at, person_ids=[row.person_id])
    accounts = Membership.objects.filter(
        institution_id=row.institution_id, employment=row, state=Membership.State.ACTIVE
    ).select_related("user")
    short = lines_short_on(row.institution, on + timedelta(1))
    return Left(row, changes, short, tuple(accounts))


def withdraw(row: Employment, reason: str, *, actor: Actor, at: datetime) -> Employment:
    """It was recorded in error: nothing counts on it any more. Raises: Refused while something rests on it."""
    in_turn(row.institution_id)
    with WITHDRAW.applied_to(row, actor=actor, at=at, reason=reason) as row:
        if not reason.strip():
            raise Refused(Refusal("reason", _("请写明作废的原因，例如重复登记。")))
        if Authorisation.objects.filter(employment=row).exclude(state__in=Authorisation.NOT_GRANTED).exists():
            raise Refused(Refusal("data", _("%(name)s 有过授权，不能作废。人走了请登记离职。") % {"name": row.name}))
        if Membership.objects.filter(employment=row, state=Membership.State.ACTIVE).exists():
            raise Refused(Refusal("data", _("%(name)s 还有登录账号。请先由机构管理员停用成员。") % {"name": row.name}))
        row.revision += 1
    return row


def _refuse_if_any(refusals: Any) -> None:
    if found := list(refusals):
        raise Refused(*found)
