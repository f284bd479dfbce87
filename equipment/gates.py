"""Conditions that must hold before a verb of this app."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.models import Document
from portal.transitions import Refusal

from .models import Equipment, Traceability

# --- before equipment is registered


def asset_number_is_free(equipment, actor, at) -> Iterator[Refusal]:
    """Every piece of equipment has a number of its own. Source: D-4.4.3.1."""
    taken = Equipment.objects.filter(institution_id=equipment.institution_id, asset_number=equipment.asset_number)
    if other := taken.select_related("institution").first():
        yield Refusal(
            "D-4.4.3.1",
            _("管理编号 %(number)s 已经是“%(name)s”的。请换一个编号。")
            % {"number": other.asset_number, "name": other.name},
            link=other.get_absolute_url(),
            link_text=_("查看设备"),
        )


def range_is_in_order(equipment, actor, at) -> Iterator[Refusal]:
    """Both limits of the range are known or none, the lower one first, in a unit. Source: B-5.7-e."""
    low, high = equipment.range_low, equipment.range_high
    if (low is None) != (high is None):
        yield Refusal("B-5.7-e", _("测量下限和上限要一起填，或都不填。"))
    elif low is not None and low > high:
        yield Refusal("B-5.7-e", _("测量下限 %(low)s 大于上限 %(high)s。请对调或改正。") % {"low": low, "high": high})
    elif low is not None and not equipment.unit:
        yield Refusal("B-5.7-e", _("填了测量下限和上限，还缺单位。请填写单位，例如 MPa。"))


# --- before a traceability is recorded


def equipment_still_exists(trace, actor, at) -> Iterator[Refusal]:
    """Nothing is recorded for scrapped equipment."""
    if trace.equipment.state == Equipment.State.SCRAPPED:
        yield Refusal("state", _("%(name)s 已报废，不再登记溯源。") % {"name": trace.equipment})


def dates_are_in_order(trace, actor, at) -> Iterator[Refusal]:
    """It was calibrated at the latest today, and is valid from that day on. Source: A-6.2.2."""
    today = timezone.localdate(at)
    if trace.calibrated_on > today:
        yield Refusal(
            "A-6.2.2",
            _("检定/校准日期 %(day)s 在今天（%(today)s）之后。请按证书改正，或等证书日期到了再登记。")
            % {"day": trace.calibrated_on, "today": today},
        )
    if trace.valid_until < trace.calibrated_on:
        yield Refusal(
            "A-6.2.2",
            _("有效期至 %(until)s 早于检定/校准日期 %(day)s。请核对证书，改正其中一个日期。")
            % {"until": trace.valid_until, "day": trace.calibrated_on},
        )


def confirmed_after_calibration(trace, actor, at) -> Iterator[Refusal]:
    """计量确认 was done by somebody employed then, after the calibration and not in the future. Source: C-5.5.4."""
    today = timezone.localdate(at)
    if trace.confirmed_on < trace.calibrated_on:
        yield Refusal(
            "C-5.5.4",
            _("计量确认日期 %(confirmed)s 早于检定/校准日期 %(day)s。计量确认要在拿到证书之后做，请改正日期。")
            % {"confirmed": trace.confirmed_on, "day": trace.calibrated_on},
        )
    if trace.confirmed_on > today:
        yield Refusal(
            "C-5.5.4",
            _("计量确认日期 %(confirmed)s 在今天（%(today)s）之后。请先做计量确认，再登记。")
            % {"confirmed": trace.confirmed_on, "today": today},
        )
    if not trace.confirmed_by.active_on(trace.confirmed_on):
        yield Refusal(
            "C-5.5.4",
            _("%(name)s 在 %(confirmed)s 不在职。请选择当天在职的计量确认人，或改正日期。")
            % {"name": trace.confirmed_by.name, "confirmed": trace.confirmed_on},
        )


def uncertainty_is_complete(trace, actor, at) -> Iterator[Refusal]:
    """U, its k and its unit are known together or not at all."""
    parts = {
        _("扩展不确定度 U"): trace.expanded_uncertainty,
        _("包含因子 k"): trace.coverage_factor,
        _("U 的单位"): trace.uncertainty_unit,
    }
    missing = [name for name, text in parts.items() if not text]
    if missing and len(missing) < len(parts):
        yield Refusal("data", _("还缺%(missing)s。请按证书补全，或三项都不填。") % {"missing": _("、").join(missing)})


def recorded_once(trace, actor, at) -> Iterator[Refusal]:
    """The same certificate with the same facts is not in the list already; a correction differs in some fact.

    One whose file was refused may come again, with a file that can be kept.
    """
    facts = (
        "certificate_number", "issuer", "calibrated_on", "valid_until", "expanded_uncertainty", "coverage_factor",
        "uncertainty_unit",
    )  # fmt: skip
    same = {name: getattr(trace, name) for name in facts}
    known = Traceability.objects.filter(institution_id=trace.institution_id, equipment=trace.equipment, **same)
    if known.exclude(file__state=Document.State.REFUSED).exists():
        name = {"number": trace.certificate_number}
        yield Refusal("data", _("证书 %(number)s 已经登记过，内容相同，不用再登记。") % name)


# --- before equipment is used again


def traced_today(equipment, actor, at) -> Iterator[Refusal]:
    """A confirmed traceability certificate covers the day. Source: B-4.4.2-s3, D-4.4.3.4."""
    today = timezone.localdate(at)
    trace = equipment.traced_on(today)
    if trace is not None and trace.confirmed_on <= today:
        return
    last = equipment.latest_traceability
    url = reverse("equipment:trace", args=[equipment.institution.slug, equipment.ref])
    link = {"link": url, "link_text": _("登记溯源")}
    if last is None:
        yield Refusal("B-4.4.2-s3", _("没有溯源证书，不能投入使用。请先送检，并登记证书和计量确认。"), **link)
    else:
        yield Refusal(
            "B-4.4.2-s3",
            _(
                "最近一份溯源证书 %(number)s 有效期至 %(until)s，今天（%(today)s）不在有效期内。"
                "请先送检，并登记新证书和计量确认。"
            )
            % {"number": last.certificate_number, "until": last.valid_until, "today": today},
            **link,
        )


def not_abolished(equipment, actor, at) -> Iterator[Refusal]:
    """The State has not abolished this kind of equipment. Source: A-6.2.1.1-s2."""
    if equipment.obsolete:
        yield Refusal("A-6.2.1.1-s2", _("属于国家明令淘汰的器具，不得使用。请封存或报废，改用别的设备。"))
