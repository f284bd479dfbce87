"""What the first laboratory of the demonstration does with its equipment: clocks, checks, rooms, plans, labels, counting."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from equipment.checking import workflow as checking
from equipment.checking.readings import Readings
from equipment.codes import verbs as codes
from equipment.environment.noting import Reading, note
from equipment.labels import printing
from equipment.life import noting as events
from equipment.life import workflow as equipment
from equipment.models import (
    CorrectionCopy,
    EnvironmentReading,
    Equipment,
    EquipmentClock,
    EquipmentPlan,
    ResourceSlot,
    StandardTest,
)
from equipment.models.environment import Element
from equipment.traceability import corrections
from equipment.trials import workflow as trials_verbs
from equipment.trials.kinds import Group
from institutions.models import Method, Room, ScopeItem
from portal.registers import REGISTERS, verbs

from . import lives, registers
from .laboratory import Laboratory, instant

Clock = EquipmentClock.Kind
FIRST = "YT-YL-001"
DAYS_OF_READINGS, HOURS_OF_READINGS = 30, 48
# What every method needs at least.
STANDARDS = {"measurement_standard": FIRST}
# By how much a check was off, where it was not as usual.
OFF = {
    (FIRST, -200): "0.0001", (FIRST, -20): "0.0006", ("YT-YL-002", -30): "0.0016", ("YT-YL-009", -90): "0.0011",
    ("YT-YL-009", -8): "0.0041",
}  # fmt: skip
# Of each plan of the year: the piece, its clock, what, by when, and when it was done.
PLANNED = {
    EquipmentPlan.Kind.PROVISION: (
        ("", "", "购置 0.02 级数字压力计 1 台，替换 YT-YL-010", 40, None),
        ("YT-YL-011", "", "北湾分部增配压力校验器 1 台", -200, -215),
    ),
    EquipmentPlan.Kind.TRACEABILITY: (
        ("YT-YL-002", Clock.CALIBRATION, "送省院校准，压力 5 点", 20, None),
        ("YT-WD-002", Clock.CALIBRATION, "恒温槽均匀性测试", 12, None),
        (FIRST, Clock.CALIBRATION, "送省院校准，压力 5 点", -140, -150),
    ),
    EquipmentPlan.Kind.INSPECTION: (
        ("YT-YL-002", Clock.LABEL_CHECK, "标识与铅封检查", -12, None),
        (FIRST, Clock.LABEL_CHECK, "标识与铅封检查", -25, -30),
        ("YT-DX-001", Clock.MAINTENANCE, "风扇除尘，端子检查", 33, None),
    ),
}
# What comes without a manual.
UNWRITTEN = (Equipment.Role.REFERENCE_MATERIAL, Equipment.Role.CONSUMABLE)


def keep(lab: Laboratory) -> None:
    """A year of keeping equipment in order, with a few things that were left undone."""
    for piece in lab.equipment.values():
        piece.refresh_from_db()  # what the stories did with it
    lives.happen(lab)
    _put_away(lab)
    _decide(lab)
    _papers(lab)
    _rooms(lab)
    _check(lab)
    _try(lab)
    _plan(lab)
    _correct(lab)
    _mark(lab)


def _put_away(lab: Laboratory) -> None:
    """The reference material that has expired is out of use."""
    equipment.take_out_of_use(
        lab.equipment["YT-BW-002"], lab.says("已过有效期，待处置"), actor=lab.actor("metrology"), at=lab.now
    )
    lab.equipment["YT-BW-002"].refresh_from_db()


def _record(lab: Laboratory, register: str, **values: Any) -> Any:
    return verbs.record(REGISTERS[register], values, actor=lab.actor("metrology"), at=lab.now)


def _person(lab: Laboratory, role: str) -> Any:
    return lab.employments[f"{lab.prefix}-{role}"]


def _decide(lab: Laboratory) -> None:
    """Of what is traced it is decided whether it is checked in between."""
    for piece in lab.equipment.values():
        if not piece.traced or piece.role in Equipment.UNTRACED or piece.state == Equipment.State.SCRAPPED:
            continue
        needed = piece.role == Equipment.Role.STANDARD
        _record(
            lab, "equipment-clocks", equipment=piece, kind=Clock.INTERMEDIATE_CHECK, needed=needed,
            interval_months=6 if needed else None, due_on=lab.day(120) if needed else None, lead_days=30,
            basis=lab.says("每周使用，历次合格，量值传递风险较高" if needed else "使用少、稳定，溯源间隔内不必核查"),
            responsible=_person(lab, "metrology"),
        )  # fmt: skip
        seen = {
            "happened_on": lab.day(-30), "text": lab.says("标识清晰，铅封完好"), "result": "passed",
            "done_by": _person(lab, "metrology"), "approved_by": None, "next_on": None,
        }  # fmt: skip
        events.note(piece, "label_check", seen, None, actor=lab.actor("metrology"), at=lab.now)


def _papers(lab: Laboratory) -> None:
    """What is on file, filed officially, borrowed, and needed by the methods."""
    technical, manual = _person(lab, "technical"), registers.document(lab, "使用说明书（示）.pdf")
    validation = registers.document(lab, "软件确认记录（示）.pdf")
    for piece in lab.equipment.values():
        papers = {"manual": manual} if piece.role not in UNWRITTEN else {}
        papers |= {"validation": validation} if piece.role == Equipment.Role.SOFTWARE else {}
        for kind, file in papers.items():
            _record(
                lab, "equipment-papers", equipment=piece, kind=kind, title=file.name.removesuffix(".pdf"),
                dated_on=lab.day(-420), file=file,
            )  # fmt: skip
    _record(
        lab, "mandatory-files", equipment=lab.equipment["YT-YL-007"], receipt=lab.says("QJ-2025-0093"), filed_on=lab.day(-250),
        verifying_body=lab.says("省级计量科学研究院（示）"), certificate_number=lab.says("JD-0093"), due_on=lab.day(96),
        updated_on=lab.day(-250), file=registers.document(lab, "强检备案回执（示）.pdf"),
    )  # fmt: skip
    _record(
        lab, "external-uses", equipment=lab.equipment["YT-YL-008"], owner=lab.says("启衡计量技术有限公司（示）"),
        valid_from=lab.day(-40), valid_until=lab.day(140), traceability_checked=True, condition_checked=True,
        approved_by=technical, file=None,
    )  # fmt: skip
    _record(
        lab, "alternative-traceability", equipment=lab.equipment["YT-WD-002"], reference="comparison",
        justification=lab.says("温场均匀性没有上一级标准，以实验室间比对证明"), approved_by=technical, valid_from=lab.day(-60),
        valid_until=lab.day(300), file=registers.document(lab, "比对报告（示）.pdf"),
    )  # fmt: skip
    _record(
        lab, "standard-changes", standard=lab.standards["BZ-0388"], kind="supporting", changed_on=lab.day(-90),
        text=lab.says("压力校验器由 JY-1 更换为 JY-2.5"), filed_on=lab.day(-85), accepted_on=lab.day(-80),
        file=registers.document(lab, "更换申报表（示）.pdf"),
    )  # fmt: skip
    slots = {
        "measuring_instrument": "YT-YL-007", "software": "YT-RJ-001", "measurement_standard": FIRST,
        "reference_material": "YT-BW-001", "reference_data": "YT-SJ-001", "consumable": "YT-XH-001",
    }  # fmt: skip
    gauges = Method.objects.get(code="JJG 52-2013", owner=None)
    for method in _methods(lab):
        for category in ResourceSlot.Category:
            asset = slots.get(category) if method == gauges else STANDARDS.get(category)
            _record(
                lab, "resource-slots", method=method, category=category, needed=asset is not None,
                requirement=lab.says("见规程规范对设备的要求" if asset else "规程规范没有要求"), range_low=None,
                range_high=None, unit="", equipment=lab.equipment[asset] if asset else None,
            )  # fmt: skip


def _methods(lab: Laboratory) -> list[Method]:
    """The methods by which the laboratory measures."""
    lines = ScopeItem.objects.filter(institution=lab.institution).values("method")
    return list(Method.objects.filter(pk__in=lines).order_by("code"))


def _rooms(lab: Laboratory) -> None:
    """The first room has its limits and a month of readings; of two times outside one was answered, the later one waits."""
    room = Room.objects.filter(institution=lab.institution, site=lab.sites[0]).order_by("pk").first()
    watch = lab.environment(lab.sites[0])
    limits = {"temperature": ("15", "25", "℃"), "humidity": (None, "85", "%RH")}
    for place in Room.objects.filter(institution=lab.institution).order_by("pk"):
        for element in Element:
            low, high, unit = limits.get(element, (None, None, "")) if place == room else (None, None, "")
            _record(
                lab, "environment-requirements", room=place, method=None, element=element, since=lab.day(-400), needed=bool(high),
                reason="" if high else lab.says("规程没有要求，历次结果不受影响"), low=low and Decimal(low),
                high=high and Decimal(high), unit=unit, interval_minutes=1440 if high else None, strict=False,
                monitor=watch if high else None,
            )  # fmt: skip
    batch = []
    for ago in range(DAYS_OF_READINGS, 0, -1):
        at = instant(lab.day(-ago), 9)
        hot = {21: "26.4", 6: "25.8"}.get(ago, f"{20 + ago % 3}.{ago % 10}")
        batch.append(Reading(room, "temperature", Decimal(hot), "℃", at, watch))
        batch.append(Reading(room, "humidity", Decimal(48 + ago % 14), "%RH", at, watch))
    for ago in range(HOURS_OF_READINGS, 0, -2):  # the last two days more closely
        at = lab.now.replace(minute=30, second=0, microsecond=0) - timedelta(hours=ago)
        batch.append(Reading(room, "temperature", Decimal(200 + ago % 9) / 10, "℃", at, watch))
        batch.append(Reading(room, "humidity", Decimal(49 + ago % 7), "%RH", at, watch))
    note(
        batch,
        source=EnvironmentReading.Source.AUTOMATIC,
        actor=lab.actor("metrology"),
        at=lab.now,
        reason=lab.says("补传记录仪数据"),
    )
    _record(
        lab, "environment-actions", room=room, element="temperature", began_at=instant(lab.day(-21), 9),
        ended_at=instant(lab.day(-20), 9), cause=lab.says("空调过滤网堵塞"),
        action=lab.says("停止检校，清洗过滤网；当天没有出数据"), handled_by=_person(lab, "metrology"), file=None,
    )  # fmt: skip


def _check(lab: Laboratory) -> None:
    """One standard passed its checks, another was warned of, a third failed and was stopped at once."""
    file = SimpleUploadedFile(lab.says("期间核查记录（示）.pdf"), registers.sample())
    for asset, days in ((FIRST, (-270, -200, -110, -20)), ("YT-YL-002", (-30,)), ("YT-YL-009", (-180, -90, -8))):
        plan = _record(
            lab, "check-plans", equipment=lab.equipment[asset], check_standard=None, quantity="压力", nominal=Decimal(1),
            unit="MPa", rule="limit", reference=Decimal("1.0002"), limit=Decimal("0.002"), deviation=None,
            uncertainty=None, reference_uncertainty=None, procedure=lab.named["checking"],
        )  # fmt: skip
        for ago in days:
            off = Decimal(OFF.get((asset, ago), "0.0003"))
            texts = tuple(f"{Decimal('1.0002') + off + Decimal(n - 2) / 10000:.4f}" for n in range(5))
            values = {
                "performed_on": lab.day(ago),
                "performed_by": _person(lab, "metrology"),
                "conditions": lab.says("20 ℃"),
            }
            file.seek(0)
            checking.check(
                plan, Readings(texts), values, file, actor=lab.actor("metrology"), at=instant(lab.day(ago), 16)
            )


def _try(lab: Laboratory) -> None:
    """Repeatability and stability of the first standard."""
    standard, by = lab.standards["BZ-0388"], _person(lab, "metrology")
    facts = {
        "performed_by": by,
        "quantity": "压力",
        "unit": "MPa",
        "nominal": Decimal(1),
        "conditions": lab.says("20 ℃"),
    }
    at = instant(lab.day(-25), 15)
    actor = lab.actor("metrology")
    for ago, steps in ((-290, "0121012011"), (-150, "0213012113"), (-26, "0120210121")):
        terms = {"limit_kind": StandardTest.Limit.REPORT, "limit": Decimal("0.00015")}
        repeated = [Group(lab.day(ago), _read(steps))]
        trials_verbs.test(standard, StandardTest.Kind.REPEATABILITY, repeated, facts | terms, None, actor=actor, at=at)
    days = (-290, -210, -140, -70)
    groups = [Group(lab.day(day), _read("0121012011", place)) for place, day in zip((0, 3, 2, 5), days, strict=True)]
    terms = {"limit_kind": StandardTest.Limit.MPE, "limit": Decimal("0.00125")}
    trials_verbs.test(standard, StandardTest.Kind.STABILITY, groups, facts | terms, None, actor=actor, at=at)


def _read(steps: str, off: int = 0) -> Readings:
    """Readings at 1 MPa, so many steps of 0.0001 MPa above it."""
    return Readings(tuple(f"{1 + Decimal(int(step) + off) / 10000:.4f}" for step in steps))


def _plan(lab: Laboratory) -> None:
    """The three plans of the year: some of it is done, one line of them is late."""
    year, approved = lab.day(0).year, lab.day(-290)
    for kind in EquipmentPlan.Kind:
        plan = _record(
            lab, "equipment-plans", kind=kind, year=year, approved_by=_person(lab, "technical"), approved_on=approved,
            file=registers.document(lab, f"{kind.label}（示）.pdf"),
        )  # fmt: skip
        for asset, clock, what, due, done in PLANNED[kind]:
            _record(
                lab, "plan-lines", plan=plan, equipment=lab.equipment[asset] if asset else None, clock=clock, what=lab.says(what),
                due_on=lab.day(due), done_on=lab.day(done), note="",
            )  # fmt: skip


def _correct(lab: Laboratory) -> None:
    """The precision balance has corrections in two places; one of them was not updated."""
    piece, actor = lab.equipment["YT-HJ-003"], lab.actor("metrology")
    for kind, place in (("software", "气压数据表"), ("paper", "压力室墙上的修正值表")):
        _record(
            lab,
            "correction-copies",
            equipment=piece,
            kind=kind,
            place=lab.says(place),
            keeper=_person(lab, "metrology"),
        )
    edition = corrections.make(piece.traceabilities.order_by("pk").last(), actor=actor, at=lab.now)
    copy = CorrectionCopy.objects.filter(institution=lab.institution).order_by("pk").first()
    corrections.update_copy(
        copy, edition, updated_on=lab.day(0), updated_by=_person(lab, "metrology"), actor=actor, at=lab.now
    )


def _mark(lab: Laboratory) -> None:
    """Labels were printed, stuck on and looked at; codes were printed."""
    actor = lab.actor("metrology")
    rows = list(
        Equipment.objects.filter(institution=lab.institution)
        .exclude(state=Equipment.State.SCRAPPED)
        .select_related("institution")
        .order_by("asset_number")
    )
    for label in printing.print_labels(rows, actor=actor, at=lab.now).labels:
        seen = {
            "happened_on": lab.day(0), "text": lab.says("新标识已贴好，与状态一致"), "result": "passed",
            "done_by": _person(lab, "metrology"), "approved_by": None, "next_on": None,
        }  # fmt: skip
        events.note(label.equipment, "label_check", seen, None, actor=actor, at=lab.now)
    coded = [row for row in rows if row.asset_number.startswith(("YT-HJ", "YT-YL-00"))]
    codes.make_for(coded, actor=actor, at=lab.now)
    codes.make_blank(4, actor=actor, at=lab.now)
