"""声明、违法违规与处罚、名单查询、活动、荣誉、奖惩."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal
from portal.typed import DayField

from ..models import Activity, Award, Declaration, Incentive, RegisterCheck, Violation

GROUP = gettext_lazy("诚信")
INNOVATION = gettext_lazy("社会责任与创新")
KEEP = Permission.FILE_KEEP


def a_year_later(day: date) -> date:
    """The last day of twelve months that begin on the day."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 2, 28)
    return day.replace(year=day.year + 1)


def signed_by_somebody(row: Declaration, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """One signer: the person itself for a personal declaration, a key person otherwise."""
    personal = row.kind in Declaration.PERSONAL
    if personal and (not row.employment_id or row.signed_by_id):
        yield Refusal("signer", _("这是个人声明。请选签署的本机构人员，关键人员留空。"))
    elif not personal and bool(row.employment_id) == bool(row.signed_by_id):
        yield Refusal("signer", _("请选一位签署人：关键人员或本机构人员，只选一项。"))


def signer_in_office(row: Declaration, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever signed worked here, or held the office, on the day of signing."""
    person, office, day = row.employment, row.signed_by, row.valid_from
    here = person is None or person.active_on(day)
    ended = office is not None and office.valid_until is not None and office.valid_until < day
    held = office is None or (office.state == office.State.CURRENT and office.valid_from <= day and not ended)
    if not here or not held:
        yield Refusal(
            "signer", _("签署人 %(name)s 在签署日期 %(day)s 不在职或不在任。请核对签署人和日期，或由现任的人重新签署。")
            % {"name": row.signer, "day": day},
        )  # fmt: skip


def a_year_at_most(row: Declaration, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A declaration begins on the day it is signed, not in the future, and holds for twelve months at most."""
    if row.valid_until < row.valid_from:
        yield Refusal("valid_until", _("有效期至早于签署日期。请核对两个日期。"))
    if row.valid_until > a_year_later(row.valid_from):
        yield Refusal(
            "valid_until",
            _("声明最长有效 12 个月。请把有效期至改为 %(day)s 或更早。") % {"day": a_year_later(row.valid_from)},
        )
    yield from not_in_the_future(row.valid_from, at)


def not_in_the_future(day: date | None, at: datetime) -> Iterator[Refusal]:
    """What is on record has happened."""
    if day is not None and day > timezone.localdate(at):
        yield Refusal("day", _("日期 %(day)s 还没有到。只登记已经发生的事，请核对日期。") % {"day": day})


def decided_in_order(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Decided, then final; revoked after it was decided."""
    yield from not_in_the_future(row.decided_on, at)
    if row.final_on and row.final_on < row.decided_on:
        yield Refusal("final_on", _("生效确定日期早于决定日期。请核对文书。"))
    if row.revoked_on and row.revoked_on < row.decided_on:
        yield Refusal("revoked_on", _("撤销或移出日期早于决定日期。请核对文书。"))


def written_by_the_regulator(row: Violation) -> str:
    """Why the institution cannot change what its regulator has recorded; "" for a row of its own."""
    if not row.by_regulator:
        return ""
    return _("这条由监管部门登记，本机构不能更正或作废。认为有误的，请向登记的监管部门提出。")


def is_the_institutions_own(row: Violation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only what the institution wrote down itself is amended or withdrawn by it: by form, by file or by program."""
    if sentence := written_by_the_regulator(row):
        yield Refusal("by_regulator", sentence)


def what_was_found_is_told(row: RegisterCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A search that found something says what."""
    yield from not_in_the_future(row.checked_on, at)
    if row.result == RegisterCheck.Result.FOUND and not row.found:
        yield Refusal("found", _("结果是“有记录”。请写明查到了什么，并在“违法违规与处罚”逐条登记。"))


def in_a_year_of_records(row: Any, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The year is written with four digits, and a laboratory can have records of it."""
    if not DayField.FIRST_YEAR <= row.year <= DayField.LAST_YEAR:
        yield Refusal("year", _("年度 %(year)d 不对。请填四位年份，例如 2025。") % {"year": row.year})


def awarded(row: Award, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """An award on record was given."""
    yield from not_in_the_future(row.awarded_on, at)


def decided(row: Incentive, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A reward or a penalty on record was decided."""
    yield from not_in_the_future(row.decided_on, at)


def held(row: Activity, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """An activity on record took place."""
    yield from not_in_the_future(row.held_on, at)


register(
    Register(
        name="declarations", model=Declaration, title=gettext_lazy("声明"), group=GROUP,
        about=gettext_lazy("签字的年度声明和个人承诺；到期要重签，与数据矛盾时不算数"),
        fields=("kind", "signed_by", "employment", "valid_from", "valid_until", "statement", "file"),
        columns=("kind", (gettext_lazy("签署人"), lambda row: row.signer), "valid_from", "valid_until"),
        search=("employment__name", "signed_by__name"), filters=("kind",), order=("-valid_until", "-pk"), keeper=KEEP,
        gates=(signed_by_somebody, signer_in_office, a_year_at_most),
        clauses=("A-6.6-s1", "A-9.2.2", "A-6.5.2-s1", "B-4.1-s2", "B-5.2-s1", "B-5.3", "C-4.1.1-s2", "C-4.6"),
    )
)  # fmt: skip
register(
    Register(
        name="violations", model=Violation, title=gettext_lazy("违法违规与处罚"), group=GROUP,
        about=gettext_lazy("主管部门的决定、是否生效、是否撤销；与承诺资格直接相关"),
        fields=(
            "kind", "key_person", "issuer", "number", "summary", "decided_on", "final_on", "integrity_related", "serious",
            "metrology", "revoked_on", "file",
        ),
        columns=("number", "kind", "issuer", "decided_on", "final_on", "revoked_on"),
        search=("number", "issuer", "summary"), filters=("kind",), order=("-decided_on", "-pk"), keeper=KEEP,
        gates=(decided_in_order, is_the_institutions_own), leaving=(is_the_institutions_own,), shut=written_by_the_regulator,
        key=("number",), clauses=("A-4.3.1-s1", "A-4.3.1-s2", "A-4.3.2", "A-4.3.3"),
    )
)  # fmt: skip
register(
    Register(
        name="register-checks", model=RegisterCheck, title=gettext_lazy("名单查询"), group=GROUP,
        about=gettext_lazy("查失信名单和处罚公示，留截图；没查过就不能说没有"),
        fields=("source", "key_person", "checked_on", "checked_by", "result", "found", "file"),
        columns=("source", "key_person", "checked_on", "result", "checked_by"), filters=("source", "result"),
        order=("-checked_on", "-pk"), keeper=KEEP, gates=(what_was_found_is_told,),
    )
)  # fmt: skip
register(
    Register(
        name="activities", model=Activity, title=gettext_lazy("活动"), group=INNOVATION,
        about=gettext_lazy("诚信宣传、公益、学协会、社会责任自评等，附证明"),
        fields=("kind", "title", "held_on", "description", "aspects", "checked_true", "file"),
        columns=("title", "kind", "held_on"), search=("title",), filters=("kind",), order=("-held_on", "-pk"),
        keeper=KEEP, gates=(held,),
        clauses=("A-5.4.1", "A-6.5.4", "B-6-s1", "B-6.4-a", "B-6.4-e", "B-6.4-f", "B-6.4-h", "B-6.5.2-s2", "B-6.5.5"),
    )
)  # fmt: skip
register(
    Register(
        name="awards", model=Award, title=gettext_lazy("荣誉与评价"), group=INNOVATION,
        about=gettext_lazy("奖项，客户、供方和政府的评价"),
        fields=("kind", "title", "issuer", "awarded_on", "file"), columns=("title", "kind", "issuer", "awarded_on"),
        search=("title", "issuer"), filters=("kind",), order=("-awarded_on", "-pk"), keeper=KEEP, gates=(awarded,),
        clauses=("B-6.4-d",),
    )
)  # fmt: skip
register(
    Register(
        name="incentives", model=Incentive, title=gettext_lazy("奖惩记录"), group=GROUP,
        about=gettext_lazy("按诚信制度奖励和处罚人员的记录"),
        fields=("kind", "employment", "decided_on", "reason", "document", "file"),
        columns=("employment", "kind", "decided_on"), filters=("kind",), order=("-decided_on", "-pk"), keeper=KEEP,
        gates=(decided,), clauses=("B-5.5-s2", "B-6.5.5"),
    )
)  # fmt: skip
