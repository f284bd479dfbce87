"""The verbs of a stock check: open it, count one thing, take that back, close it over a signature, keep its report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from .. import events
from ..models import Equipment, StockCheck, StockLine
from . import counting

State, Outcome = StockCheck.State, StockLine.Outcome
REPORTER = Actor.system("stock", Permission.EQUIPMENT_MANAGE)

OPEN = Transition("open", frozenset({""}), State.OPEN, Permission.EQUIPMENT_MANAGE)
COUNT = Transition("count", frozenset({State.OPEN}), State.OPEN, Permission.EQUIPMENT_COUNT)
UNCOUNT = Transition("uncount", frozenset({State.OPEN}), State.OPEN, Permission.EQUIPMENT_COUNT)
CLOSE = Transition(
    "close", frozenset({State.OPEN}), State.CLOSED, Permission.EQUIPMENT_MANAGE, event=events.stock_check_closed,
    step_up=counting.digest,
)  # fmt: skip
REPORT = Transition("report", frozenset({State.CLOSED}), State.CLOSED, Permission.EQUIPMENT_MANAGE)


@transaction.atomic
def open_check(values: dict[str, Any], *, actor: Actor, at: datetime) -> StockCheck:
    """A check is open; what should be in its place today is on its list, still missing.

    `values`: title, site and room of StockCheck, the last two perhaps None. Customers' instruments, scrapped and withdrawn
    entries are not expected. Raises: Refused where nothing is expected. Source: D-4.4.3.1.
    """
    blank = StockCheck(institution_id=actor.institution_id, state="", opened_by_id=actor.employment_id, **values)
    with OPEN.applied_to(blank, actor=actor, at=at) as check:
        rows = Equipment.objects.filter(institution_id=actor.institution_id).exclude(state__in=counting.GONE)
        rows = rows.exclude(role=Equipment.Role.CUSTOMER)
        if check.room is not None:
            rows = rows.filter(room=check.room)
        elif check.site is not None:
            rows = rows.filter(site=check.site)
        keys = list(rows.order_by("asset_number").values_list("pk", flat=True))
        if not keys:
            raise Refused(Refusal("stock", _("这个范围里没有登记在账的设备，不用盘点。请换一个场所或房间。")))
        check.save()
        StockLine.objects.bulk_create(
            [StockLine(institution_id=actor.institution_id, check_of=check, equipment_id=key) for key in keys],
            batch_size=2000,
        )
    return check


@dataclass(frozen=True)
class Counted:
    """What came of one scan: `tone` ok, due or bad, the words for whoever holds the phone, and whether it can be kept.

    `line`: what was written down, for taking it back.
    """

    tone: str
    title: str
    text: str
    kept: bool
    can_be_kept: bool = False
    line: StockLine | None = None


def count(check: StockCheck, text: str, *, keep: bool = False, actor: Actor, at: datetime) -> Counted:
    """What was scanned or typed is counted once, however many people count at the same time.

    A code that belongs to nothing is written down at once, a number that nobody knows only with `keep`. Raises: Refused
    when the check is closed or nothing was typed.
    """
    with COUNT.applied_to(check, actor=actor, at=at, reason=text[:120]) as check:
        if not text.strip():
            raise Refused(Refusal("stock", _("请扫码，或键入管理编号。")))
        known = counting.understood(text, check.institution_id)
        mark = {"found_at": at, "found_by_id": actor.employment_id}
        if known.equipment is None:
            return _nobody_knows(check, text, known, keep, mark)
        line = StockLine.objects.filter(
            institution_id=check.institution_id, check_of=check, equipment=known.equipment
        ).select_related("found_by").first()  # fmt: skip
        name = str(known.equipment)
        if line is not None and line.found_at is not None:
            who = line.found_by.name if line.found_by else _("别人")
            told = {"who": who, "at": f"{timezone.localtime(line.found_at):%H:%M}"}
            return Counted("ok", name, _("已经盘过：%(who)s，%(at)s。") % told, False)
        if line is not None and line.outcome == Outcome.MISSING:
            _mark(line, Outcome.FOUND, mark)
            return Counted("ok", name, _("已盘到。"), True, line=line)
        if line is None:
            line = StockLine(institution_id=check.institution_id, check_of=check, equipment=known.equipment)
        _mark(line, Outcome.UNEXPECTED, mark)
        place = _("不在这次盘点的范围里：登记的存放处是 %(place)s。") % {"place": _place(known)}
        return Counted("due", name, place, True, line=line)


def _mark(line: StockLine, outcome: str, mark: dict[str, Any]) -> None:
    for field, value in {"outcome": outcome, **mark}.items():
        setattr(line, field, value)
    line.save(update_fields=["outcome", "found_at", "found_by"] if line.pk else None)


def _nobody_knows(
    check: StockCheck, text: str, known: counting.Understood, keep: bool, mark: dict[str, Any]
) -> Counted:
    if not (keep or known.foreign):
        return Counted("bad", text.strip()[:60], known.problem, False, can_be_kept=True)
    line, is_new = StockLine.objects.get_or_create(
        institution_id=check.institution_id, check_of=check, equipment=None, scanned=counting.written(text),
        defaults={"outcome": Outcome.UNEXPECTED, **mark},
    )  # fmt: skip
    if line.found_at is None:  # it had been taken back
        is_new = True
        _mark(line, Outcome.UNEXPECTED, mark)
    said = _("%(problem)s 已记为不应在此。") % {"problem": known.problem}
    return Counted("due", text.strip()[:60], said, is_new, line=line if is_new else None)


def _place(known: counting.Understood) -> str:
    parts = (known.equipment.site.name, known.equipment.room.name if known.equipment.room else "")
    return " ".join(filter(None, parts))


def take_back(line: StockLine, reason: str, *, actor: Actor, at: datetime) -> StockLine:
    """What was counted by mistake is not counted: it is missing again, or, where nobody expected it, on no list any more.

    The reason is in the history. Raises: Refused when the check is closed, when the line is not counted, or without a
    reason.
    """
    name = str(line.equipment or line.scanned)
    with UNCOUNT.applied_to(line.check_of, actor=actor, at=at, reason=f"{name}：{reason}"[:300]) as check:
        line = StockLine.objects.select_related("equipment").get(
            pk=line.pk, institution_id=check.institution_id, check_of=check
        )
        if not reason.strip():
            raise Refused(Refusal("stock", _("请写明为什么撤回，例如扫错了设备。")))
        if line.found_at is None:
            raise Refused(Refusal("stock", _("这一行没有盘到，不用撤回。请刷新页面查看最新情况。")))
        outcome = Outcome.UNEXPECTED if line.outcome == Outcome.UNEXPECTED else Outcome.MISSING
        _mark(line, outcome, {"found_at": None, "found_by_id": None})
    return line


def close(check: StockCheck, seen: str, *, actor: Actor, at: datetime) -> StockCheck:
    """Nothing is counted any more, the person who closed it answers for the result, and the report is on its way.

    `seen`: the SHA-256 of what the page showed. Raises: Refused when something was counted since, or without a proof of
    the person for exactly this result. Source: E3.18.
    """
    with CLOSE.applied_to(check, actor=actor, at=at) as check:
        if seen != counting.digest(check):
            raise Refused(Refusal("stock", _("您核对以后又有人盘到了东西。请重新核对页面上的数字，再结束盘点。")))
        check.closed_at, check.closed_by_id = at, actor.employment_id
    return check


def attach_report(check: StockCheck, pdf: bytes, *, at: datetime) -> StockCheck:
    """The closed check has its report, once: a second call changes nothing."""
    with transaction.atomic(), REPORT.applied_to(check, actor=REPORTER, at=at) as check:
        if check.report is None:
            name = _("盘点报告 %(title)s.pdf") % {"title": check.title}
            check.report = documents.keep(
                pdf, name, content_type="application/pdf", institution_id=check.institution_id, at=at
            )
    return check
