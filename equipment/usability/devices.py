"""Equipment on a day: the reasons against it in words, and the rows without any. Both ask the same conditions."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from threading import get_ident

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from portal.transitions import Refusal

from ..models import Confirmation, Equipment, EquipmentClock, ImpactQuestion, Traceability
from ..models.traceability import ON_FILE
from . import obstacles

State, Role = Equipment.State, Equipment.Role
Clock = EquipmentClock.Kind
TRACING = frozenset({Clock.CALIBRATION, Clock.VERIFICATION})
CLOCKS = {
    Clock.CALIBRATION: "A-6.2.2",
    Clock.VERIFICATION: "A-6.2.2",
    Clock.INTERMEDIATE_CHECK: "C-5.5.3",
    Clock.MAINTENANCE: "A-6.2.1.3",
    Clock.STABILITY: "C-7.1.2-s2",
}


def usable_on(rows: QuerySet[Equipment], day: date) -> QuerySet[Equipment]:
    """Those of the rows that may be used on the day: nothing of `reasons_against` holds. No query of its own."""
    rows = rows.alias(
        state_that_day=obstacles.state_on(day),
        traced_since=obstacles.dated(obstacles.standing_traces(day), "calibrated_on"),
        broken_on=obstacles.broken_since(day),
    )
    return rows.filter(
        obstacles.traced_where_needed(day), obstacles.sound_by_its_own_facts(day),
        Q(control=Equipment.Control.OWN) | Exists(obstacles.loans(day)),
        ~Exists(obstacles.overdue_clocks(day)), ~Exists(obstacles.failed_checks(day)), ~Exists(obstacles.doubts(day)),
        ~Exists(obstacles.open_copies(day)), state_that_day=State.IN_USE,
    )  # fmt: skip


def reasons_against(equipment: Equipment, day: date) -> list[Refusal]:
    """Everything that kept the equipment from being used that day, with clause, sentence and where to put it right.

    Empty: it may be used. One query.
    """
    return reasons_of([equipment], day)[equipment.pk]


def reasons_of(rows: Iterable[Equipment], day: date) -> dict[int, list[Refusal]]:
    """`reasons_against` of each of the rows, by their keys. One query."""
    known = {row.pk: row for row in rows}
    if not known:
        return {}
    found = _facts_on(day, get_ident()).filter(pk__in=known).in_bulk()
    return {pk: _linked(row, _reasons(found[pk], day)) for pk, row in known.items()}


def _linked(equipment: Equipment, reasons: Iterator[Refusal]) -> list[Refusal]:
    """The reasons with the page on which they are put right; without any, no address is made."""
    found = list(reasons)
    url = equipment.get_absolute_url() if found else ""
    return [replace(reason, link=url, link_text=_("查看设备")) for reason in found]


@lru_cache(maxsize=64)
def _facts_on(day: date, thread: int) -> QuerySet[Equipment]:
    """All rows, each knowing what the sentences about it are made of.

    Kept, since putting the question together takes longer than having it answered. Each thread has its own: while
    Django writes a query as SQL, it keeps count of the joins in it.
    """
    newest = Traceability.objects.standing().concluded_by(day).filter(equipment=OuterRef("pk"))
    newest = newest.order_by(Case(When(calibrated_on__lte=day, then=0), default=1), "-calibrated_on", "-pk")
    filed = Case(When(ON_FILE, then=Value(True)), default=Value(False))
    last = JSONObject(
        number="certificate_number", start="calibrated_on", end="valid_until", concluded="concluded", filed=filed
    )
    doubt = JSONObject(ref="ref", state="state")
    late = JSONObject(kind="kind", day="due_that_day")
    return Equipment.objects.annotate(
        state_that_day=obstacles.state_on(day),
        traced_since=obstacles.dated(obstacles.standing_traces(day), "calibrated_on"),
        last_trace=Subquery(newest.values(told=last)[:1]),
        excused=Exists(obstacles.alternatives(day)),
        broken_on=obstacles.broken_since(day),
        late=ArraySubquery(obstacles.overdue_clocks(day).values(told=late)),
        failed_on=obstacles.dated(obstacles.failed_checks(day), "performed_on"),
        doubt=Subquery(obstacles.doubts(day).order_by("-pk").values(told=doubt)[:1]),
        copies=ArraySubquery(obstacles.open_copies(day).values("place")),
        lent=Exists(obstacles.loans(day)),
    )


def _reasons(facts: Equipment, day: date) -> Iterator[Refusal]:
    """The facts of a day as refusals, in the order in which they are put right."""
    told = {"name": f"{facts.name} {facts.asset_number}", "day": day}
    if facts.state_that_day != State.IN_USE:
        state = State(facts.state_that_day).label
        yield Refusal(
            "D-4.4.3.2-s1",
            _("%(name)s 在 %(day)s 的状态是“%(state)s”，不能使用。请改用在用的设备，或先查明原因、验证后再投入使用。")
            % {**told, "state": state},
        )
    if facts.doubt:
        yield _doubt(facts.doubt["state"], told)
    if facts.obsolete and (facts.obsolete_on is None or facts.obsolete_on <= day):
        yield Refusal("A-6.2.1.1-s2", _("%(name)s 属于国家明令淘汰的器具，不得使用。请改用别的设备。") % told)
    yield from _of_traceability(facts, day, told)
    yield from _of_checks(facts, told)
    yield from _of_kind(facts, day, told)


def _doubt(state: str, told: dict) -> Refusal:
    if state == ImpactQuestion.State.OPEN:
        text = _("%(name)s 有未了结的影响追溯，%(day)s 的结果也在其中。请先查明影响，并给出结论。")
    else:
        text = _("影响追溯的结论是 %(name)s 在 %(day)s 的结果全部受影响。请改用别的设备重测。")
    return Refusal("D-4.4.3.2-s3", text % told)


def _of_traceability(facts: Equipment, day: date, told: dict) -> Iterator[Refusal]:
    """Not traced that day, or no longer since it was repaired or adjusted. Source: A-6.2.2, A-6.2.1.2-s2."""
    if not facts.needs_traceability:
        return
    if facts.traced_since is None and not facts.excused:
        clause, text = _untraced(facts.last_trace, day)
        clause = clause or ("C-5.4.2-s1" if facts.role == Role.ENVIRONMENT else "A-6.2.2")
        yield Refusal(clause, text % {**told, **(facts.last_trace or {})})
    elif facts.broken_on:
        yield Refusal(
            "A-6.2.1.2-s2",
            _("%(name)s 在 %(broken)s 修理、调整或动过铅封，此后没有重新溯源。请送检，登记新证书和计量确认，或改用别的设备。")
            % {**told, "broken": facts.broken_on},
        )  # fmt: skip


def _untraced(last: dict | None, day: date) -> tuple[str, str]:
    """Why no certificate covers the day: there is none, it had run out, nobody had confirmed it as fit, or it is not here.

    Returns: the clause where it is not that of traceability, and the sentence.
    """
    if last is None:
        return "", _("%(name)s 没有溯源证书。请先送检，登记证书和计量确认，或改用别的设备。")
    if not last["start"] <= day.isoformat() <= last["end"]:
        return "", _(
            "%(name)s 在 %(day)s 没有有效溯源：最近一份 %(number)s 有效期 %(start)s 至 %(end)s。"
            "请先送检，登记新证书和计量确认，或改用有效的设备。"
        )
    if last["concluded"] == Confirmation.Conclusion.UNFIT:
        return "", _(
            "%(name)s 最近一份溯源证书 %(number)s（%(start)s）的计量确认结论是不满足要求。"
            "请停用，修理或调整后重新送检，或改用别的设备。"
        )
    if last["concluded"] is None:
        return "", _(
            "%(name)s 的溯源证书 %(number)s 到 %(day)s 还没有确认为满足使用要求。请先做计量确认，或改用别的设备。"
        )
    return "B-4.4.2-s1", _(
        "%(name)s 的溯源证书 %(number)s 没有附文件，或文件没有收下。请照证书再登记一次并附上文件，再做计量确认。"
    )


def _of_checks(facts: Equipment, told: dict) -> Iterator[Refusal]:
    """What had to be done again by then and was not, and what had come out badly. Source: A-6.2.2, C-5.5.3."""
    untraced = facts.needs_traceability and facts.traced_since is None and not facts.excused
    for clock in facts.late:
        if untraced and clock["kind"] in TRACING:
            continue  # said already
        yield Refusal(
            CLOCKS[clock["kind"]],
            _("%(name)s 的%(what)s应不晚于 %(due)s 完成，到 %(day)s 没有做。请先完成并登记，或改用别的设备。")
            % {**told, "what": Clock(clock["kind"]).label, "due": clock["day"]},
        )
    if facts.failed_on:
        yield Refusal(
            "A-6.2.1.2-s1",
            _("%(name)s 在 %(failed)s 的期间核查不合格，此后没有合格的核查，也没有重新溯源。请先处理，或改用别的设备。")
            % {**told, "failed": facts.failed_on},
        )
    if facts.copies:
        yield Refusal(
            "D-4.4.3.6",
            _("%(name)s 的新修正值到 %(day)s 还没有更新到：%(places)s。请逐处更新并确认，再使用。")
            % {**told, "places": _("、").join(facts.copies)},
        )


def _of_kind(facts: Equipment, day: date, told: dict) -> Iterator[Refusal]:
    """What depends on whether it is borrowed, perishable or software. Source: D-4.4.1.2, B-4.4.2-s5, B-4.4.1-b."""
    if facts.control == Equipment.Control.EXTERNAL and not facts.lent:
        yield Refusal(
            "D-4.4.1.2",
            _("%(name)s 是借用的，%(day)s 没有核对过溯源和状态的借用检查。请先核对、批准并登记，或改用自己的设备。")
            % told,
        )
    if facts.role in obstacles.PERISHABLE and facts.expires_on and facts.expires_on < day:
        clause = "B-4.4.2-s5" if facts.role == Role.REFERENCE_MATERIAL else "B-4.4.1-f"
        yield Refusal(
            clause,
            _("%(name)s 已在 %(expired)s 失效，%(day)s 不能使用。请换用有效的批次。")
            % {**told, "expired": facts.expires_on},
        )
    if facts.role == Role.SOFTWARE and (facts.validated_on is None or facts.validated_on > day):
        yield Refusal("B-4.4.1-b", _("软件 %(name)s 到 %(day)s 没有确认。请先确认并登记确认日期。") % told)
