"""What has happened to single pieces of equipment of the demonstration: bought, moved, repaired, doubted, scrapped, counted."""

from typing import Any

from django.utils import timezone

from equipment.impacts import asking
from equipment.life import noting as events
from equipment.life import workflow as equipment
from equipment.models import Equipment, EquipmentEvent, ImpactQuestion
from equipment.stock import counting
from equipment.stock import verbs as stock
from institutions.models import Room
from portal import stepup
from portal.models import StepUp
from portal.registers import REGISTERS, verbs

from .laboratory import Laboratory, instant

Kind, Result = EquipmentEvent.Kind, EquipmentEvent.Result
# Days before today.
DOUBTED, CLEARED = 20, 17
BROKEN, REPAIRED, BACK = 75, 62, 49
SCRAPPED = 140
# What was written into the history: the piece, the day, what it was, by whom, and in which words.
HISTORY = (
    ("YT-YL-001", -210, Kind.MAINTENANCE, "operator", "清洁接口，更换密封圈，零点检查 0.0000 MPa"),
    ("YT-YL-001", -70, Kind.MAINTENANCE, "operator", "清洁接口，电池电量 92 %"),
    ("YT-ZL-001", -160, Kind.MAINTENANCE, "operator4", "无水乙醇擦拭，恒温 24 h 后入盒"),
    ("YT-WD-002", -130, Kind.MAINTENANCE, "operator5", "更换槽液（二甲基硅油），搅拌电机运转平稳"),
    ("YT-DX-001", -45, Kind.STORAGE_CHECK, "operator5", "防尘罩完好，存放处 21 ℃，48 %RH"),
)  # fmt: skip


def happen(lab: Laboratory) -> None:
    """Every piece has the history it should have; the order of days is that of the year."""
    for asset, ago, kind, who, text in HISTORY:
        _note(lab, asset, kind, ago, text, done_by=who)
    _move(lab)
    _repair(lab)
    _doubt(lab)
    _scrap(lab)
    _borrow_from_a_customer(lab)
    _count(lab)


def _note(lab: Laboratory, asset: str, kind: str, ago: int, text: str, *, done_by: str, **more: Any) -> None:
    judged = {"result": Result.PASSED} if kind in events.JUDGED else {}
    values = {
        "happened_on": lab.day(ago), "text": lab.says(text), "done_by": lab.employments[f"{lab.prefix}-{done_by}"],
    } | judged | more  # fmt: skip
    events.note(lab.equipment[asset], kind, values, None, actor=lab.actor("metrology"), at=instant(lab.day(ago), 10))


def _move(lab: Laboratory) -> None:
    """The balances' weights stand in the room of masses since its climate was renewed."""
    room = Room.objects.get(institution=lab.institution, name=lab.says("质量实验室"))
    for asset in ("YT-ZL-001", "YT-ZL-003"):
        _note(
            lab, asset, Kind.MOVE, -200, "质量实验室空调改造完成，移回", done_by="operator4", site=lab.sites[0], room=room,
            keeper=lab.employments[f"{lab.prefix}-operator4"],
        )  # fmt: skip
        lab.equipment[asset].refresh_from_db()


def _repair(lab: Laboratory) -> None:
    """The mass comparator was repaired, calibrated and verified before it was used again."""
    piece, technical = lab.equipment["YT-ZL-003"], lab.employments[f"{lab.prefix}-technical"]
    keeper = lab.actor("metrology")
    piece = equipment.send_to_repair(
        piece, lab.says("加载后示值不回零（差 0.08 mg），送制造单位检修"), approved_by=technical, actor=keeper,
        at=instant(lab.day(-BROKEN), 9),
    )  # fmt: skip
    lab.equipment["YT-ZL-003"] = piece
    _note(
        lab, "YT-ZL-003", Kind.REPAIR, -REPAIRED, "更换电磁力补偿线圈，重新线性化；制造单位检修单 WX-0912", done_by="metrology",
        approved_by=technical,
    )  # fmt: skip
    piece.refresh_from_db()
    reason = lab.says("修后重新校准合格；用 E2 等级 100 g 砝码复测 10 次，s = 0.006 mg")
    lab.equipment["YT-ZL-003"] = equipment.return_to_use(piece, reason, actor=keeper, at=instant(lab.day(-BACK), 16))


def _doubt(lab: Laboratory) -> None:
    """A gauge at the other site was dropped, what it had measured was looked into, and it is in use again."""
    piece, operator, keeper = lab.equipment["YT-YL-003"], lab.actor("operator"), lab.actor("metrology")
    piece = equipment.quarantine(
        piece, lab.says("搬运时跌落，外壳有凹痕，通电正常"), actor=operator, at=instant(lab.day(-DOUBTED), 11)
    )
    asking.answer(
        ImpactQuestion.objects.get(equipment=piece),
        {
            "conclusion": ImpactQuestion.Conclusion.NONE,
            "answer": lab.says("与 YT-YL-001 比对 5 点，最大差 0.0003 MPa，小于 U = 0.0015 MPa；跌落前的记录不受影响"),
        },
        None, actor=keeper, at=instant(lab.day(-CLEARED), 10),
    )  # fmt: skip
    reason = lab.says("与 YT-YL-001 比对 5 点，最大差 0.0003 MPa，符合要求")
    lab.equipment["YT-YL-003"] = equipment.return_to_use(piece, reason, actor=keeper, at=instant(lab.day(-CLEARED), 11))


def _scrap(lab: Laboratory) -> None:
    """An old gauge is gone, its history stays."""
    reason = lab.says("弹簧管渗漏，无修理价值；交资产科处置，处置单 ZC-0031")
    lab.equipment["YT-YL-010"] = equipment.scrap(
        lab.equipment["YT-YL-010"], reason, approved_by=lab.employments[f"{lab.prefix}-technical"],
        actor=lab.actor("metrology"), at=instant(lab.day(-SCRAPPED), 15),
    )  # fmt: skip


def _borrow_from_a_customer(lab: Laboratory) -> None:
    """A customer's gauge that comes every year has its own entry."""
    values = {
        "role": Equipment.Role.CUSTOMER, "asset_number": "KH-0001", "name": lab.says("一般压力表"), "model": lab.says("Y-150"),
        "serial_number": "HG-40-0117", "manufacturer": lab.says("西塬仪表厂（示）"), "site": lab.sites[0],
        "customer": lab.customers[2], "range_text": "(0～40) MPa", "accuracy": lab.says("1.6 级"), "traced": False,
        "national_code": "",
    }  # fmt: skip
    verbs.record(REGISTERS["equipment"], values, actor=lab.actor("metrology"), at=lab.now)


def _count(lab: Laboratory) -> None:
    """A count is closed: one piece was not found, one stood at the wrong place, one nobody knew. Another is going on."""
    actor, at = lab.actor("metrology"), lab.now
    closed = stock.open_check(
        {"title": lab.says("北湾分部半年盘点"), "site": lab.sites[1], "room": None}, actor=actor, at=at
    )
    for text in ("YT-YL-003", "YT-HJ-002", "YT-YL-005", "旧-0417"):
        stock.count(closed, text, keep=True, actor=actor, at=at)
    seen = counting.digest(closed)
    stepup.grant(actor.user_id, "stockcheck.close", closed, sha256=seen, method=StepUp.Method.COMMAND)
    stock.close(closed, seen, actor=actor, at=timezone.now())  # after it was opened by the database's clock
    values = {"title": lab.says("年度盘点"), "site": lab.sites[0], "room": None}
    going_on = stock.open_check(values, actor=actor, at=at)
    for asset in sorted(lab.equipment)[:6]:
        stock.count(going_on, asset, actor=actor, at=at)
