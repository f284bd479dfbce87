"""年度计划 and 资源配备."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal

from ..models import EquipmentPlan, PlanLine, ResourceSlot
from ..plans.planning import PROGRESS, narrowed_by
from .gates_rows import required_range_is_in_order
from .units import UnitForm

GROUP = gettext_lazy("设备")
KEEP = Permission.EQUIPMENT_MANAGE


def approved_by_somebody(row: EquipmentPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Who approved it and when are known together, and that was by today and by somebody who worked here."""
    if (row.approved_by is None) != (row.approved_on is None):
        yield Refusal("A-5.1-c", _("批准人和批准日期要一起填，或都不填。"))
    elif row.approved_on is not None and row.approved_on > timezone.localdate(at):
        yield Refusal("A-5.1-c", _("批准日期 %(day)s 在今天之后。请改正，或批准后再填。") % {"day": row.approved_on})
    elif row.approved_on is not None and not row.approved_by.active_on(row.approved_on):
        shown = {"name": row.approved_by.name, "day": row.approved_on}
        yield Refusal("A-5.1-c", _("批准人 %(name)s 在 %(day)s 不在职。请改选，或改正日期。") % shown)


def done_not_in_the_future(row: PlanLine, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is done was done by today."""
    if row.done_on and row.done_on > timezone.localdate(at):
        yield Refusal("A-5.1-c", _("完成日期在今天之后。请等做完再填。"))


def narrowed(
    request: HttpRequest, rows: QuerySet[PlanLine], day: date
) -> tuple[QuerySet[PlanLine], list[dict[str, Any]]]:
    """The lines that the filters of the list leave: of a plan, how far they are, and what they say."""
    asked = {name: request.GET.get(name, "").replace("\x00", "").strip()[:80] for name in ("q", "progress", "plan")}
    rows = narrowed_by(rows.filter(state=PlanLine.State.CURRENT), asked["progress"], day)
    if asked["plan"]:
        rows = rows.filter(plan__ref=asked["plan"])
    if asked["q"]:
        rows = rows.filter(what__icontains=asked["q"])
    progress = asked["progress"] if asked["progress"] in PROGRESS else ""
    return rows, [
        {"kind": "search", "name": "q", "label": _("搜索"), "value": asked["q"]},
        {
            "kind": "select", "name": "progress", "label": _("进度"), "choices": list(PROGRESS.items()),
            "value": progress,
        },
    ]  # fmt: skip


register(
    Register(
        name="equipment-plans", model=EquipmentPlan, title=gettext_lazy("设备年度计划"), group=GROUP,
        about=gettext_lazy("每年三类：器具配备、溯源、检查；批准后执行"),
        fields=("kind", "year", "approved_by", "approved_on", "file"), columns=("year", "kind", "approved_on"),
        filters=("kind",), order=("-year", "kind"), keeper=KEEP, gates=(approved_by_somebody,),
        clauses=("A-5.1-c", "B-6.1.5.1-d", "C-5.3.2"), importable=False, pages=("equipment:plans", "equipment:plan"),
        icon="calendar-due",
    )
)  # fmt: skip
register(
    Register(
        name="plan-lines", model=PlanLine, title=gettext_lazy("计划事项"), group=GROUP,
        about=gettext_lazy("计划里的每一件事；设备做完溯源、核查或保养后自动完成"),
        fields=("plan", "equipment", "clock", "what", "due_on", "done_on", "note"),
        columns=("what", "equipment", "due_on", "done_on"), search=("what", "equipment__asset_number"),
        order=("due_on", "pk"), keeper=KEEP, gates=(done_not_in_the_future,), clauses=("A-5.1-c", "C-5.3.2"),
        narrowed=narrowed, icon="list-check",
    )
)  # fmt: skip
register(
    Register(
        name="resource-slots", model=ResourceSlot, title=gettext_lazy("资源配备"), group=GROUP,
        about=gettext_lazy("每个方法需要哪些资源、由哪台设备满足；方法不需要的类别写明依据"),
        fields=(
            "method", "category", "needed", "requirement", "range_low", "range_high", "unit", "equipment",
        ),
        columns=("method", "category", "requirement", "equipment"), search=("method__code", "requirement"),
        filters=("category",), order=("method", "category", "pk"), keeper=KEEP, form=UnitForm,
        gates=(required_range_is_in_order,),
        clauses=("A-6.2.1.1-s1", "B-4.4.1", "C-5.3.1-s1", "D-4.4.1.1"),
    )
)  # fmt: skip
