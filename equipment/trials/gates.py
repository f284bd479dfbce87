"""Conditions that must hold before a test of a measurement standard is recorded. Source: JJF 1033-2023."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.transitions import Refusal

from .. import statistics
from ..models import MeasurementStandard, StandardTest
from .kinds import LIMITS, Kind, Limit, before, groups_of


def standard_is_there(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nothing is tested that was withdrawn."""
    if test.standard.state == MeasurementStandard.State.WITHDRAWN:
        yield Refusal("state", _("%(name)s 已撤销，不再登记试验。") % {"name": test.standard})


def tested_by_somebody_there(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It was done by today, by somebody employed that day. Source: C-7.1.2-s2."""
    today = timezone.localdate(at)
    if test.performed_on > today:
        yield Refusal(
            "C-7.1.2-s2",
            _("试验日期 %(day)s 在今天（%(today)s）之后。请改正日期。") % {"day": test.performed_on, "today": today},
        )
    if not test.performed_by.active_on(test.performed_on):
        yield Refusal(
            "C-7.1.2-s2",
            _("%(name)s 在 %(day)s 不在职。请选择当天在职的试验人，或改正日期。")
            % {"name": test.performed_by.name, "day": test.performed_on},
        )


def limit_suits(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The limit is one that this kind of test is held against, and is above zero. Source: C-7.1.2-s2."""
    if test.limit_kind not in LIMITS[Kind(test.kind)]:
        yield Refusal(
            "C-7.1.2-s2",
            _("%(kind)s不能和“%(limit)s”比较。请重新选择限值的来源。")
            % {"kind": test.get_kind_display(), "limit": test.get_limit_kind_display()},
        )
    if test.limit <= 0 and test.kind != Kind.VERIFICATION:
        yield Refusal("C-7.1.2-s2", _("限值须大于 0。请按技术报告或说明书填写。"))


def often_enough(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A repeatability has ten readings, or six with a reason. Source: C-7.1.2-s2."""
    if test.kind != Kind.REPEATABILITY:
        return
    count = len(groups_of(test)[-1].readings)
    if count < statistics.FEWEST:
        yield Refusal(
            "C-7.1.2-s2",
            _("重复性试验要 %(enough)d 次读数，最少 %(least)d 次，现在有 %(now)d 次。请补测。")
            % {"enough": statistics.ENOUGH, "least": statistics.FEWEST, "now": count},
        )


def groups_are_apart(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A first stability has four groups, more than a month apart; a yearly one is held against the one before.

    Source: C-7.1.2-s2.
    """
    if test.kind != Kind.STABILITY:
        return
    groups = groups_of(test)
    last = before(test.standard, test.kind, test.quantity, test.unit, test.nominal, test.performed_on)
    yearly = last is not None and groups_of(last)[-1:] == groups[:1]
    if not yearly and len(groups) < statistics.FEWEST_GROUPS:
        yield Refusal(
            "C-7.1.2-s2",
            _("新建计量标准的稳定性考核至少 %(least)d 组，现在有 %(now)d 组。请补测后一起登记。")
            % {"least": statistics.FEWEST_GROUPS, "now": len(groups)},
        )
    for earlier, later in statistics.close_groups([group.on for group in groups]):
        yield Refusal(
            "C-7.1.2-s2",
            _("%(earlier)s 和 %(later)s 两组相隔不到一个月。每两组要相隔一个月以上，请核对日期或另测一组。")
            % {"earlier": earlier, "later": later},
        )


def uncertainties_are_known(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A verification has the U of our result; one by transfer also that of the reference, which is no worse than ours.

    Source: C-7.1.2-s2.
    """
    if test.kind != Kind.VERIFICATION:
        return
    own, other = groups_of(test)
    u, u_reference = Decimal(own.u or 0), Decimal(other.u or 0)
    if u <= 0:
        yield Refusal("C-7.1.2-s2", _("请填写本计量标准所给结果的 U（k = 2），须大于 0。"))
    if test.limit_kind != Limit.TRANSFER:
        return
    if u_reference <= 0:
        yield Refusal("C-7.1.2-s2", _("请填写参考值的 U（k = 2），须大于 0。"))
    elif 0 < u < u_reference:
        yield Refusal(
            "C-7.1.2-s2",
            _(
                "参考值的 U %(reference)s %(unit)s 大于本计量标准的 U %(own)s %(unit)s。传递比较要用更高一级的计量标准，"
                "请更换参考值；没有的改用比对法。"
            )
            % {"reference": other.u, "own": own.u, "unit": test.unit},
        )


def recorded_once(test: StandardTest, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The same test with the same readings is not on record already."""
    same = StandardTest.objects.filter(
        institution_id=test.institution_id, standard=test.standard, kind=test.kind, groups=test.groups,
        nominal=test.nominal, quantity=test.quantity,
    )  # fmt: skip
    if known := same.first():
        yield Refusal(
            "data",
            _("这组读数已经登记过，不用再登记。"),
            link=reverse("equipment:standard_test", args=[test.standard.institution.slug, known.ref]),
            link_text=_("查看试验"),
        )


TITLES = {
    standard_is_there: gettext_lazy("计量标准没有撤销"),
    tested_by_somebody_there: gettext_lazy("试验人当天在职，日期不在将来"),
    limit_suits: gettext_lazy("限值与试验种类相称"),
    often_enough: gettext_lazy("重复性试验次数足够"),
    groups_are_apart: gettext_lazy("稳定性考核组数足够、相隔一个月以上"),
    uncertainties_are_known: gettext_lazy("结果的验证有双方的 U，参考值的 U 不更大"),
}
