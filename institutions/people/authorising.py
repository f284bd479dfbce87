"""The moves of an authorisation, what each asks for, and those that the portal makes itself: suspend, lift, end."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Transition

from .. import events
from ..models import Authorisation
from .cases import Case, cases_of, house_of
from .rules import shortfalls

State = Authorisation.State
GUARD = Actor.system("people", Permission.AUTHORISE)


def day_of(at: datetime) -> date:
    """The day in China."""
    return timezone.localtime(at).date()


def names_a_field(row: Authorisation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Who measures, checks or signs does so in a field."""
    if row.role in Authorisation.BY_FIELD and not row.field.strip():
        yield Refusal("data", _("这个岗位按专业授权。请填写专业领域，例如 压力。"))


def in_order_of_time(row: Authorisation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It does not end before it begins, and does not overlap with the same authorisation of the same person."""
    if row.valid_until and row.valid_until < row.valid_from:
        shown = {"last": row.valid_until, "first": row.valid_from}
        yield Refusal("data", _("有效期至 %(last)s 早于有效期自 %(first)s。请改正其中一个。") % shown)
        return
    same = Authorisation.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=row.valid_from), institution_id=row.institution_id,
        employment__person_id=row.employment.person_id, role=row.role, field=row.field,
        state__in=(*Authorisation.STANDING, State.PROPOSED),
    ).exclude(pk=row.pk)  # fmt: skip
    if row.valid_until:
        same = same.filter(valid_from__lte=row.valid_until)
    other = same.order_by("valid_from", "pk").first()
    if other is not None:
        shown = {"row": other, "first": other.valid_from, "last": other.valid_until or _("长期")}
        yield Refusal(
            "data",
            _("与已有的“%(row)s”（%(first)s 至 %(last)s）日期重叠。请改有效期自，或先撤销原来的授权。") % shown,
        )


def conditions_hold(row: Authorisation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The person has what the role asks for, on the day it begins and today. Source: B-4.5, C-5.1, D-4.3.2-s1."""
    day = max(row.valid_from, day_of(at))
    person_id = row.employment.person_id
    case = cases_of(row.institution, [person_id]).get(person_id, Case())
    yield from shortfalls(house_of(row.institution, day), case, row, day)


def identity_is_on_record(row: Authorisation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Of whom no ID number is on record nobody can tell whether another institution employs the person. Source: C-5.1.5."""
    employed = row.employment
    if employed.person.identity_digest is None:
        yield Refusal(
            "C-5.1.5",
            _("%(name)s 没有登记身份证号，无法核对是否同时在另一家机构任职。请先由机构管理员登记。")
            % {"name": employed.name},
            link=reverse("institutions:person_identify", args=[row.institution.slug, employed.ref]),
            link_text=_("登记身份证号"),
        )


def not_run_out(row: Authorisation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """There is a day left on which it could be in force."""
    if row.valid_until and row.valid_until < day_of(at):
        yield Refusal("data", _("有效期至 %(last)s 已经过去。请重新提出，写新的有效期。") % {"last": row.valid_until})


PROPOSE = Transition(
    "propose", frozenset({""}), State.PROPOSED, Permission.PEOPLE_KEEP, gates=(names_a_field, in_order_of_time)
)
GRANT = Transition(
    "grant", frozenset({State.PROPOSED}), State.GRANTED, Permission.AUTHORISE,
    gates=(names_a_field, in_order_of_time, not_run_out, identity_is_on_record, conditions_hold),
    event=events.authorisation_granted,
)  # fmt: skip
DECLINE = Transition("decline", frozenset({State.PROPOSED}), State.WITHDRAWN, Permission.PEOPLE_KEEP)
REVOKE = Transition(
    "revoke", frozenset(Authorisation.STANDING), State.REVOKED, Permission.AUTHORISE,
    event=events.authorisation_stopped,
)  # fmt: skip
SUSPEND = Transition(
    "suspend", frozenset(Authorisation.STANDING), State.SUSPENDED, Permission.AUTHORISE,
    event=events.authorisation_stopped,
)  # fmt: skip
LIFT = Transition("lift", frozenset({State.SUSPENDED}), State.GRANTED, Permission.AUTHORISE)


def suspend(row: Authorisation, since: date, because: str, *, at: datetime) -> Authorisation:
    """Not in force from the day on, and it says why. One that is suspended already says the new reason."""
    with SUSPEND.applied_to(row, actor=GUARD, at=at, reason=because) as row:
        row.suspended_on = min(row.suspended_on, since) if row.suspended_on else since
        row.suspended_because = because[:500]
        row.holds_until = None
    return row


def lift(row: Authorisation, day: date, *, at: datetime) -> Authorisation:
    """In force again from the day on; that it was not in between stays known."""
    with LIFT.applied_to(row, actor=GUARD, at=at, reason=_("条件重新满足，恢复授权")) as row:
        if row.suspended_on < day:
            row.past_suspensions = [*row.past_suspensions, DateRange(row.suspended_on, day)]
        row.suspended_on, row.suspended_because = None, ""
    return row


def end(row: Authorisation, last: date, *, at: datetime) -> Authorisation:
    """Its last day is the given one: the holder has left. What had not begun by then never begins. Source: C-7.1.3."""
    never_begins = row.valid_from > last
    verb = Transition(
        "end", frozenset(Authorisation.STANDING) & {row.state}, State.REVOKED if never_begins else row.state,
        Permission.AUTHORISE,
    )  # fmt: skip
    with verb.applied_to(row, actor=GUARD, at=at, reason=_("离职，授权随之终止")) as row:
        if never_begins:
            row.revoked_on = row.valid_from
        else:
            row.valid_until = last
    return row


def ends_with(row: Authorisation) -> date | None:
    """The last day of the employment, when the authorisation would outlast it."""
    last = row.employment.ended_on
    if last is None or row.state not in Authorisation.STANDING or row.revoked_on is not None:
        return None
    outlasts = row.valid_until is None or row.valid_until > last
    return last if outlasts else None
