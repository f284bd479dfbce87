"""The pressure gauges of the demonstration: each is received, measured, checked, approved and issued by the verbs.

What lies in the past is entered as the portal takes it in: with its own dates, and the reason why it is late.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from certificates import canonical, content, datasheet, readings, workflow
from certificates.models import Certificate, RawRecord
from equipment.life import workflow as equipment
from orders import workflow as orders
from orders.models import Item
from portal import audit, decimals, stepup
from portal.actors import Actor
from portal.models import StepUp
from portal.transitions import Transition
from portal.workdays import working_days_after

from .laboratory import Laboratory, instant

ENDS = ("received", "record", "draft", "returned", "checked", "issued", "void")
FROM_PAPER = timedelta(days=30)
COLUMNS = ("up_before", "up_after", "down_before", "down_after")


@dataclass(frozen=True)
class Gauge:
    """The scale of a pressure gauge: its data sheet's device figures and points, and the smallest step one can read."""

    device: dict[str, str]
    points: list[str]
    step: Decimal

    @classmethod
    def of(cls, story: dict[str, Any], definition: dict[str, Any]) -> "Gauge":
        """The gauge of a story, with the points its data sheet proposes."""
        device = {
            "lower": "0", "upper": story["upper"], "division": story["division"], "accuracy_class": story["class"],
        }  # fmt: skip
        points = datasheet.default_points(definition, device)
        return cls(device, points, decimals.parse(story["division"]) / 5)

    def read(self, chance: random.Random, *, fails: bool) -> Iterator[readings.Entry]:
        """What the operator read, point by point: a gauge in good order, or one that reads too high at its end."""
        last = len(self.points) - 1
        for place, text in enumerate(self.points):
            tapped = chance.choice((-1, 0, 1)) if place else 0
            back = tapped + chance.choice((0, 0, 1)) if 0 < place < last else tapped
            if fails and place == last:
                tapped = back = tapped + 9
            steps = (tapped - chance.choice((0, 0, 1)) if place else 0, tapped, back, back)
            for column, count in zip(COLUMNS, steps, strict=True):
                value = decimals.parse(text) + count * self.step
                yield readings.Entry(f"reading:{place}:{column}", f"{value.quantize(self.step)}")


def tell(lab: Laboratory) -> None:
    """Every story of the plan has come as far as it says, oldest first, and then what happened afterwards did."""
    for older, newer in pairwise(lab.plan["stories"]):
        if older["day"] > newer["day"]:
            raise ValueError(f"{newer['serial']} is older than the story before it")
    for story in lab.plan["stories"]:
        _tell_one(lab, story)
    for event in lab.plan["afterwards"]:
        _happen(lab, event)


def _tell_one(lab: Laboratory, story: dict[str, Any]) -> None:
    if story["ends"] not in ENDS:
        raise ValueError(f"{story['serial']} ends in {story['ends']!r}")
    performed = _working_day(lab.day(story["day"]))
    item = _receive(lab, story, performed)
    if story["ends"] == "received":
        return
    record = _begin(lab, story, item, performed)
    if story["ends"] == "record":
        return
    certificate = workflow.submit(record, actor=_operator(lab, story), at=_moment(story, performed, 11))
    if story.get("fails") and certificate.kind != Certificate.Kind.NOTICE:
        raise ValueError(f"{story['serial']} does not fail")
    checker, afternoon = lab.actor("checker"), _moment(story, performed, 14)
    if story["ends"] == "returned":
        workflow.send_back(certificate, reason=story["reason"], actor=checker, at=afternoon)
    if story["ends"] in ("draft", "returned"):
        return
    certificate = workflow.check(_reread(certificate), actor=checker, at=afternoon)
    if story["ends"] != "checked":
        _issue(lab, story, certificate, working_days_after(performed, 1))


def _receive(lab: Laboratory, story: dict[str, Any], performed: date) -> Item:
    """The gauge came in a working day before it was measured; one that only came in came today."""
    received = performed if story["ends"] == "received" else _working_day(performed - timedelta(days=1))
    values = {
        "customer": lab.customers[story["customer"]],
        "activity": story["activity"],
        "name": lab.says("一般压力表"),
        "name_en": lab.says("Pressure gauge for general use"),
        "model": story.get("model", lab.says("Y-100")),
        "serial_number": story["serial"],
        "manufacturer": lab.says("西塬仪表厂（示）"),
        "received_on": received,
        "promised_on": working_days_after(received, orders.PROMISE_DAYS),
        "decision_rule": story.get("rule", ""),
    }
    at = min(_moment(story, received, 8), lab.now)
    return orders.receive(values, actor=lab.actor("reception"), at=at)


def _begin(lab: Laboratory, story: dict[str, Any], item: Item, performed: date) -> RawRecord:
    """The data sheet is filled, with one misread figure put right; one in progress is half filled."""
    operator, standard = _operator(lab, story), lab.standards[story["standard"]]
    gauge = Gauge.of(story, lab.procedure.definition)
    at = min(_moment(story, performed, 9), lab.now)
    record = workflow.start(
        item, procedure=lab.procedure, standard=standard, environment_equipment=lab.environment(standard.site),
        site=standard.site, room=lab.says("压力实验室"), performed_on=performed, device=gauge.device, points=gauge.points,
        late_reason=lab.says(_why_late(performed, lab.day(0))), actor=operator, at=at,
    )  # fmt: skip
    chance = random.Random(story["serial"])
    read = list(gauge.read(chance, fails=story.get("fails", False)))
    around = [
        readings.Entry("condition:temperature", f"{chance.randrange(190, 225) / Decimal(10):.1f}"),
        readings.Entry("condition:humidity", str(chance.randrange(45, 66))),
        *(readings.Entry(f"observation:{o['key']}", o["pass"]) for o in lab.procedure.definition["observations"]),
    ]
    if story["ends"] == "record":
        read, around = read[: len(read) // 2 + 1], around[:1]
    _enter(record, [*around, *_with_a_correction(read, gauge, lab.says("看错一格分度，复读后更正"))], operator, at)
    return record


def _with_a_correction(read: list[readings.Entry], gauge: Gauge, reason: str) -> Iterator[readings.Entry]:
    """The readings, of which the second point's first one was typed five steps too high and then put right."""
    slip = f"reading:1:{COLUMNS[0]}"
    for entry in read:
        if entry.cell == slip:
            misread = decimals.parse(entry.text) + 5 * gauge.step
            yield readings.Entry(slip, f"{misread.quantize(gauge.step)}")
            yield readings.Entry(slip, entry.text, reason=reason)
        else:
            yield entry


def _enter(record: RawRecord, entries: list[readings.Entry], operator: Actor, at: datetime) -> None:
    """Every entry is stored. Raises: ValueError when the data sheet refuses one: then the plan is wrong."""
    first, later = [], []
    for entry in entries:
        (later if entry.reason else first).append(entry)
    for batch in (first, later):
        for outcome in readings.enter(record, batch, actor=operator, at=at):
            if outcome.state != "saved":
                raise ValueError(f"{record.item.serial_number} {outcome}")


def _issue(lab: Laboratory, story: dict[str, Any], certificate: Certificate, day: date) -> None:
    """The signatory has approved what is on the page, and the number is given."""
    signatory = lab.actors[story.get("signatory", f"{lab.prefix}-signatory")]
    certificate = _reread(certificate)
    seen = canonical.sha256(content.body(certificate, approver=signatory.name))
    confirm(signatory, workflow.APPROVE, certificate, seen)
    certificate = workflow.approve(certificate, confirmed_sha256=seen, actor=signatory, at=_moment(story, day, 9))
    confirm(signatory, workflow.ISSUE, certificate, certificate.body_sha256)
    workflow.issue(_reread(certificate), actor=signatory, at=_moment(story, day, 10))


def void_what_must_be(lab: Laboratory) -> None:
    """The certificates that end void are void, once their PDF is stored. Twice is harmless."""
    reasons = {story["serial"]: story["reason"] for story in lab.plan["stories"] if story["ends"] == "void"}
    issued = Certificate.objects.issued().filter(institution=lab.institution, record__item__serial_number__in=reasons)
    for certificate in issued.exclude(pdf_sha256="").select_related("record__item"):
        reason = reasons[certificate.record.item.serial_number]
        confirm(lab.actor("quality"), workflow.VOID, certificate, certificate.content_sha256)
        workflow.void(certificate, reason=reason, actor=lab.actor("quality"), at=lab.now)


def confirm(actor: Actor, act: Transition, certificate: Certificate, sha256: str) -> None:
    """The actor has proven who it is for this act on this content, on the machine itself. Source: E3.18."""
    stepup.grant(actor.user_id, act.name_for(certificate), certificate, sha256=sha256, method=StepUp.Method.COMMAND)


def _happen(lab: Laboratory, event: dict[str, Any]) -> None:
    """Equipment is put aside, or an assessment certificate's date is put right."""
    keeper = lab.actor("metrology")
    if asset := event.get("quarantine"):
        equipment.quarantine(lab.equipment[asset], event["reason"], actor=keeper, at=lab.now)
    elif asset := event.get("out_of_use"):
        equipment.take_out_of_use(lab.equipment[asset], event["reason"], actor=keeper, at=lab.now)
    else:
        standard = lab.standards[event["standard"]]
        before = audit.snapshot(standard)
        standard.assessed_until = lab.day(event["assessed_until"])
        standard.save()
        audit.record(
            keeper, "measurementstandard.correct", standard, was=standard.state, became=standard.state,
            changes=audit.differences(before, audit.snapshot(standard)), reason=event["reason"],
        )  # fmt: skip


def _operator(lab: Laboratory, story: dict[str, Any]) -> Actor:
    return lab.actors[story.get("operator", f"{lab.prefix}-operator")]


def _reread(certificate: Certificate) -> Certificate:
    """The certificate as stored, with nothing remembered of its dossier."""
    return Certificate.objects.for_work().get(pk=certificate.pk)


def _moment(story: dict[str, Any], day: date, hour: int) -> datetime:
    """Some time in this hour of the day, always the same for a story."""
    return instant(day, hour, random.Random(story["serial"]).randrange(60))


def _working_day(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _why_late(performed: date, today: date) -> str:
    """The reason for a date that is not today's, as the data sheet asks for it."""
    if performed == today:
        return ""
    if today - performed > FROM_PAPER:
        return "启用本系统之前的纸质原始记录，按原日期录入"
    return "检校时网络中断，按手写记录补录"
