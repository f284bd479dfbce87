"""Conditions for a piece of equipment in the register. Each looks at one row; only those of a single row ask the database."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions import units
from portal.actors import Actor
from portal.transitions import Refusal

from ..models import Equipment, StandardPart

Role = Equipment.Role
GONE = (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)


# --- of every row, also of those of a spreadsheet


def range_is_in_order(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Both limits of the range are known or none, the lower one first, in a unit. Source: B-5.7-e."""
    low, high = equipment.range_low, equipment.range_high
    if (low is None) != (high is None):
        yield Refusal("B-5.7-e", _("测量下限和上限要一起填，或都不填。"))
    elif low is not None and low > high:
        yield Refusal("B-5.7-e", _("测量下限 %(low)s 大于上限 %(high)s。请对调或改正。") % {"low": low, "high": high})
    elif low is not None and not equipment.unit:
        yield Refusal("B-5.7-e", _("填了测量下限和上限，还缺单位。请填写单位，例如 MPa。"))


def units_are_legal(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the institution's own equipment can do is said in legal units; a customer's plate is quoted as it is."""
    if equipment.role == Role.CUSTOMER:
        return
    for name in ("range_text", "accuracy"):
        for found in units.illegal_units_in(getattr(equipment, name)):
            title = Equipment._meta.get_field(name).verbose_name
            yield Refusal(
                "data", _("“%(name)s”里的%(advice)s。请换算后改正。") % {"name": title, "advice": found.advice}
            )


def role_has_its_facts(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Each role has what its use rests on: lot and expiry, version, owner. Source: B-4.4.2-s4, B-4.4.2-s5, B-4.4.1-b."""
    if equipment.role == Role.REFERENCE_MATERIAL and not equipment.lot.strip():
        yield Refusal("B-4.4.2-s4", _("标准物质要有批号。请照瓶签或证书填写“批号”。"))
    if equipment.role in (Role.REFERENCE_MATERIAL, Role.CONSUMABLE) and equipment.expires_on is None:
        yield Refusal("B-4.4.2-s5", _("标准物质、试剂要有失效日期。请填写最后一个有效日。"))
    if equipment.role == Role.SOFTWARE and not equipment.software_version.strip():
        yield Refusal("B-4.4.1-b", _("软件要有版本。请填写“软件版本”，例如 2.4.1。"))
    if equipment.role == Role.CUSTOMER and equipment.customer_id is None:
        yield Refusal("data", _("客户器具要写明是谁的。请选择“所属客户”。"))
    if equipment.role != Role.CUSTOMER and equipment.customer_id is not None:
        yield Refusal("data", _("选了“所属客户”，用途却不是“客户器具”。请改正其中一项。"))
    if equipment.certified and equipment.role != Role.REFERENCE_MATERIAL:
        yield Refusal("data", _("只有标准物质才有“有证标准物质”。请取消勾选，或更正用途。"))


def untraced_for_a_reason(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What measures is traced, or it is written down why not; what the law has verified always is. Source: A-6.2.2."""
    if equipment.traced or equipment.role in Equipment.UNTRACED:
        return
    if equipment.mandatory:
        yield Refusal("A-6.2.2", _("强制检定的器具必须溯源。请勾选“需要溯源”。"))
    elif not equipment.untraced_because.strip():
        yield Refusal("A-6.2.2", _("不需要溯源的要写明理由，例如：只作指示，不影响结果。"))


def stays_traced(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What has certificates stays something that is traced, and so does a part of a standard. Source: A-6.2.2, C-5.3.2.

    Otherwise whatever has run out could be declared to need nothing.
    """
    if equipment.traced or equipment.pk is None:
        return
    had = equipment.traced_from is not None
    if had and equipment.role in Equipment.UNTRACED:
        yield Refusal(
            "A-6.2.2",
            _("%(name)s 登记过溯源证书，用途不能改为“%(role)s”。不再使用的，请办理封存或报废。")
            % {"name": equipment, "role": equipment.get_role_display()},
        )
    parts = equipment.parts_of.filter(removed_on=None).select_related("standard__institution")
    for part in parts if had else parts.filter(role=StandardPart.Role.MAIN):
        yield Refusal(
            "A-6.2.2",
            _("%(name)s 是计量标准“%(standard)s”的组成，不能改为不溯源。请先在计量标准里移出或更换。")
            % {"name": equipment, "standard": part.standard.name},
            link=part.standard.get_absolute_url(),
            link_text=_("查看计量标准"),
        )


@lru_cache(maxsize=8)  # ten thousand lines of an import are judged as of one moment
def _day_of(at: datetime) -> date:
    return timezone.localdate(at)


def days_make_sense(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What has happened lies not in the future, and nothing expires before it was bought."""
    today = _day_of(at)
    for name in ("acquired_on", "validated_on"):
        day = getattr(equipment, name)
        if day is not None and day > today:
            shown = {"name": Equipment._meta.get_field(name).verbose_name, "day": day, "today": today}
            yield Refusal("data", _("%(name)s %(day)s 在今天（%(today)s）之后。请改正。") % shown)
    if equipment.expires_on and equipment.acquired_on and equipment.expires_on < equipment.acquired_on:
        shown = {"end": equipment.expires_on, "start": equipment.acquired_on}
        yield Refusal("data", _("失效日期 %(end)s 早于购置日期 %(start)s。请核对后改正。") % shown)


def abolished_is_not_in_use(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the State has abolished is named with its day, and is not in use any more. Source: A-6.2.1.1-s2."""
    if not equipment.obsolete:
        return
    today: date = timezone.localdate(at)
    if equipment.obsolete_on is None:
        yield Refusal("A-6.2.1.1-s2", _("国家明令淘汰的，要写明淘汰日期。请照公告填写。"))
    elif equipment.state == Equipment.State.IN_USE and equipment.obsolete_on <= today:
        yield Refusal(
            "A-6.2.1.1-s2",
            _("%(name)s 还在用。国家明令淘汰的器具不得使用，请先封存或报废，再标明淘汰。") % {"name": equipment},
        )


def room_is_in_the_place(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The room is one of the site's. Source: B-4.4.2-s6."""
    if equipment.room_id is not None and equipment.room.site_id != equipment.site_id:
        shown = {"room": equipment.room.name, "site": equipment.site}
        yield Refusal("data", _("房间“%(room)s”不在%(site)s。请改选这个场所的房间，或改场所。") % shown)


# --- of a single row: the table's own rules say it of many


def asset_number_is_free(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Every piece of equipment has a number of its own. Source: D-4.4.3.1."""
    taken = Equipment.objects.filter(
        institution_id=equipment.institution_id, asset_number__iexact=equipment.asset_number
    )
    if other := taken.exclude(pk=equipment.pk).select_related("institution").first():
        yield Refusal(
            "D-4.4.3.1",
            _("管理编号 %(number)s 已经是“%(name)s”的。请换一个编号。")
            % {"number": other.asset_number, "name": other.name},
            link=other.get_absolute_url(),
            link_text=_("查看设备"),
        )


def plate_is_known_once(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A serial number of a maker's model stands once in the register. Source: B-4.4.2-s6."""
    if other := _same_plate(equipment).exclude(state__in=GONE).first():
        yield Refusal(
            "B-4.4.2-s6",
            _("%(maker)s %(model)s 出厂编号 %(serial)s 已经登记为 %(number)s。请核对铭牌，同一台不要登记两次。")
            % {
                "maker": other.manufacturer, "model": other.model, "serial": other.serial_number,
                "number": other.asset_number,
            },
            link=other.get_absolute_url(),
            link_text=_("查看设备"),
        )  # fmt: skip


def _same_plate(equipment: Equipment) -> QuerySet[Equipment]:
    """Other rows with this plate, however its letters are written."""
    if not equipment.serial_number:
        return Equipment.objects.none()
    same = Equipment.objects.filter(
        institution_id=equipment.institution_id, manufacturer__iexact=equipment.manufacturer,
        model__iexact=equipment.model, serial_number__iexact=equipment.serial_number,
    )  # fmt: skip
    return same.exclude(pk=equipment.pk).select_related("institution")


# --- before a row is withdrawn


def never_worked(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only what was registered by mistake is withdrawn: what has been used or traced is scrapped. Source: B-6.6.1-b."""
    if equipment.state != Equipment.State.NEW or equipment.traceabilities.exists() or equipment.parts_of.exists():
        yield Refusal(
            "B-6.6.1-b",
            _("%(name)s 已经用过、溯源过或编入计量标准，登记不能作废。不再使用的，请在设备页办理报废。")
            % {"name": equipment},
        )
