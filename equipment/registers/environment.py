"""环境要求 and 超限处置."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.registers.forms import RowForm
from portal.transitions import Refusal

from ..environment.gates import changes_nothing_past, hides_no_excursion, leaves_no_excursion
from ..environment.requirements import UNITS, scale_between, spelled
from ..models import EnvironmentAction, EnvironmentRequirement, Equipment

GROUP = gettext_lazy("环境")
KEEP = Permission.EQUIPMENT_MANAGE


class RequirementForm(RowForm):
    """Counts from today on unless something else is typed; the unit is kept as readings have it: °C becomes ℃."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is None:
            self.fields["since"].initial = timezone.localdate

    def clean_unit(self) -> str:
        return spelled(self.cleaned_data["unit"])


def limits_or_a_reason(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """An element that matters has limits in order, with a unit; one that does not has a reason. Source: C-5.4.1."""
    if not row.needed:
        if not row.reason.strip():
            yield Refusal("C-5.4.1", _("不需要控制的要素要写明理由。请填写“理由”。"))
        return
    if row.low is None and row.high is None:
        yield Refusal("C-5.4.1", _("需要控制的要素至少要有下限或上限。请填写。"))
    elif row.low is not None and row.high is not None and row.low > row.high:
        yield Refusal(
            "C-5.4.1", _("下限 %(low)s 大于上限 %(high)s。请对调或改正。") % {"low": row.low, "high": row.high}
        )
    if not row.unit:
        yield Refusal("C-5.4.1", _("限值要有单位。请填写单位，例如 ℃ 或 %RH。"))


def unit_is_of_the_element(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Readings can be held against the limits: temperatures in ℃ or K, not in a unit of pressure. Source: C-5.4.1."""
    known = UNITS.get(row.element, ())
    if row.needed and row.unit and known and not any(scale_between(spelled(row.unit), unit) for unit in known):
        yield Refusal(
            "C-5.4.1",
            _("%(element)s的单位不能是“%(unit)s”。请改用 %(known)s。")
            % {"element": row.get_element_display(), "unit": row.unit, "known": "、".join(known)},
        )


def monitor_watches_rooms(row: EnvironmentRequirement, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The instrument is one for environments. Source: C-5.4.2-s1."""
    if row.monitor_id and row.monitor.role != Equipment.Role.ENVIRONMENT:
        yield Refusal(
            "C-5.4.2-s1",
            _("%(name)s 不是环境监测设备。请选环境监测设备，或先在设备台账里改它的用途。") % {"name": row.monitor},
        )


def ends_after_it_began(row: EnvironmentAction, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It was over after it had begun, and neither lies ahead."""
    if row.ended_at and row.ended_at < row.began_at:
        yield Refusal("D-4.2.2.1-s1", _("恢复时间早于开始时间。请对调或改正。"))
    if row.began_at > at:
        yield Refusal("D-4.2.2.1-s1", _("开始时间在现在之后。请改正。"))
    if row.ended_at and row.ended_at > at:
        yield Refusal("D-4.2.2.1-s1", _("恢复时间在现在之后。还没有恢复的留空，恢复以后再补。"))


register(
    Register(
        name="environment-requirements", model=EnvironmentRequirement, title=gettext_lazy("环境要求"), group=GROUP,
        about=gettext_lazy("每个房间逐项写明限值或不需要的理由；限值变了另登一行，写明自何日起，更正只用于登错"),
        fields=(
            "room", "method", "element", "since", "needed", "reason", "low", "high", "unit", "interval_minutes", "strict",
            "monitor",
        ),
        columns=("room", "element", "since", "low", "high", "unit", "monitor"), filters=("element",), order=("room", "element"),
        key=("room", "method", "element", "since"), keeper=KEEP,
        form=RequirementForm,
        gates=(
            limits_or_a_reason, unit_is_of_the_element, monitor_watches_rooms, changes_nothing_past, hides_no_excursion,
        ),
        leaving=(leaves_no_excursion,),
        clauses=("B-6.6.1-d-s2", "C-5.4.1", "D-4.2.2.1-s2"), icon="thermometer",
    )
)  # fmt: skip
register(
    Register(
        name="environment-actions", model=EnvironmentAction, title=gettext_lazy("环境超限处置"), group=GROUP,
        about=gettext_lazy("超出限值或没有记录的时段：原因、措施、对结果的影响"),
        fields=("room", "element", "began_at", "ended_at", "cause", "action", "handled_by", "file"),
        columns=("room", "element", "began_at", "ended_at", "cause"), filters=("element",), order=("-began_at", "-pk"),
        keeper=Permission.ENVIRONMENT_NOTE, gates=(ends_after_it_began,), clauses=("D-4.2.2.1-s1", "C-5.3.1-s2"),
    )
)  # fmt: skip
