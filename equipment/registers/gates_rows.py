"""Conditions for what is kept for each piece of equipment: clocks, plans of checks, files, loans, alternatives, slots."""

from collections.abc import Iterator
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal

from ..checking.intermediate import missing_figures
from ..models import (
    AlternativeTraceability,
    CheckPlan,
    EquipmentClock,
    EquipmentPaper,
    ExternalUse,
    MandatoryFile,
    ResourceSlot,
)

# These begin with the first certificate, whose day is not known before.
BEGINS_WITH_A_CERTIFICATE = frozenset({EquipmentClock.Kind.CALIBRATION, EquipmentClock.Kind.VERIFICATION})


def needed_has_an_interval(row: EquipmentClock, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is due again and again has an interval and, but for calibration, a next date. Source: C-5.5.3."""
    dated = row.due_on or row.kind in BEGINS_WITH_A_CERTIFICATE
    if row.needed and not (row.interval_months and dated):
        yield Refusal("C-5.5.3", _("需要做的事项要有间隔和下次到期日。请填写，或取消“需要”并写明理由。"))


def rule_has_its_figures(row: CheckPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Each rule of an intermediate check has the figures it judges by. Source: D-4.4.3.5."""
    for name in missing_figures(row):
        title = row._meta.get_field(name).verbose_name
        yield Refusal("D-4.4.3.5", _("这种判定规则要用“%(name)s”，且须大于 0。请填写。") % {"name": title})


def not_checked_with_itself(row: CheckPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The check standard is another piece than the one it checks. Source: D-4.4.3.5."""
    if row.check_standard_id is not None and row.check_standard_id == row.equipment_id:
        yield Refusal("D-4.4.3.5", _("核查标准不能是被核查的设备自己。请选另一件稳定的核查标准，没有的留空。"))


def days_in_order(row: ExternalUse | AlternativeTraceability, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It ends after it begins."""
    if row.valid_until and row.valid_until < row.valid_from:
        yield Refusal("data", _("结束日期 %(end)s 早于开始日期 %(start)s。请对调或改正。")
                      % {"end": row.valid_until, "start": row.valid_from})  # fmt: skip


def approved_by_somebody_there(
    row: ExternalUse | AlternativeTraceability, actor: Actor, at: datetime
) -> Iterator[Refusal]:
    """Whoever approved it worked here when it began. Source: D-4.4.1.2, C-5.3.3-s1."""
    day = min(row.valid_from, timezone.localdate(at))
    if not row.approved_by.active_on(day):
        yield Refusal(
            "D-4.4.1.2" if isinstance(row, ExternalUse) else "C-5.3.3-s1",
            _("批准人 %(name)s 在 %(day)s 不在职。请改选当时在职的批准人，或改正日期。")
            % {"name": row.approved_by.name, "day": day},
        )


def paper_is_not_dated_ahead(row: EquipmentPaper, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is on file was made by today. Source: B-4.4.2-s6."""
    yield from _not_ahead(row, "dated_on", "B-4.4.2-s6", at)


def receipt_makes_sense(row: MandatoryFile, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The entry in the official system was made and brought up to date by today, and covers days after it was made.

    Source: A-6.4.2-s1, A-6.4.2-s2.
    """
    for name in ("filed_on", "updated_on"):
        yield from _not_ahead(row, name, "A-6.4.2-s1", at)
    if row.updated_on < row.filed_on:
        yield Refusal("A-6.4.2-s2", _("档案更新日期 %(updated)s 早于备案日期 %(filed)s。请对调或改正。")
                      % {"updated": row.updated_on, "filed": row.filed_on})  # fmt: skip
    if row.due_on < row.filed_on:
        yield Refusal("A-6.4.2-s1", _("检定有效期至 %(due)s 早于备案日期 %(filed)s。请核对检定证书后改正。")
                      % {"due": row.due_on, "filed": row.filed_on})  # fmt: skip


def required_range_is_in_order(row: ResourceSlot, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What a method requires runs from the lower limit to the upper one, in a unit. Source: A-6.2.1.1-s1."""
    low, high = row.range_low, row.range_high
    if low is not None and high is not None and low > high:
        yield Refusal(
            "A-6.2.1.1-s1", _("要求下限 %(low)s 大于上限 %(high)s。请对调或改正。") % {"low": low, "high": high}
        )
    if (low is not None or high is not None) and not row.unit:
        yield Refusal("A-6.2.1.1-s1", _("填了要求的上下限，还缺单位。请填写单位，例如 MPa。"))


def _not_ahead(row: EquipmentPaper | MandatoryFile, name: str, clause: str, at: datetime) -> Iterator[Refusal]:
    day: date | None = getattr(row, name)
    today = timezone.localdate(at)
    if day is not None and day > today:
        shown = {"name": row._meta.get_field(name).verbose_name, "day": day, "today": today}
        yield Refusal(clause, _("%(name)s %(day)s 在今天（%(today)s）之后。请改正。") % shown)
