"""Control charts: intermediate checks over time, the scatter within them, and the tests of a measurement standard."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from portal.plots import Level, Plot, Point, Series

from .. import statistics
from ..models import CheckPlan, IntermediateCheck, StandardTest
from ..trials.kinds import Kind, compared, groups_of
from .readings import decimals_of, figure

TONES = {"passed": "act", "warning": "due", "review": "due", "failed": "bad"}
FEWEST_FOR_S = 4
YEARLY = 2  # groups: the one before and the new one


def difference_of(check: IntermediateCheck) -> Decimal:
    """The signed difference of the mean from the reference it was held against that day."""
    reference = check.terms.get("reference")
    return check.mean - Decimal(reference) if reference is not None else check.figure


def check_plot(plan: CheckPlan, checks: Sequence[IntermediateCheck], key: str) -> Plot | None:
    """Differences from the reference with the plan's limits, or H values with 0.7 and 1; None without checks.

    `checks` in the order of time.
    """
    if not checks:
        return None
    is_h = plan.rule == CheckPlan.Rule.H_VALUE
    points = [
        Point(check.performed_on, check.figure if is_h else difference_of(check), words=words_of(check),
              tone=TONES.get(check.verdict, "act"))
        for check in checks
    ]  # fmt: skip
    axis = "H" if is_h else _("与参考值之差 / %(unit)s") % {"unit": plan.unit}
    return Plot(key, axis, [Series("check", points)], levels=_levels(plan), hint=_("指向一点看日期、数值和结论"))


def _levels(plan: CheckPlan) -> list[Level]:
    if plan.rule == CheckPlan.Rule.H_VALUE:
        return [Level(statistics.LIMIT, _("限值 1")), Level(statistics.WARN, _("预警 0.7"), "due", dashed=True)]
    if plan.rule == CheckPlan.Rule.CHART:
        edges = [(3, "3s", "bad"), (2, "2s", "due")]
        named = [(plan.deviation or Decimal(0), times, name, tone) for times, name, tone in edges]
        found = [Level(sign * times * s, f"{'+' if sign > 0 else '−'}{name}", tone, dashed=tone == "due")
                 for s, times, name, tone in named for sign in (1, -1)]  # fmt: skip
        return [*found, Level(Decimal(0), _("参考值"), "off", dashed=True)]
    limit = plan.limit or Decimal(0)
    warn = limit * statistics.WARN
    return [
        Level(limit, _("+限值")), Level(-limit, _("−限值")),
        Level(warn, _("预警"), "due", dashed=True), Level(-warn, _("预警"), "due", dashed=True),
    ]  # fmt: skip


def words_of(check: IntermediateCheck) -> str:
    """One check in a line: day, mean, how far off, verdict."""
    unit = check.terms.get("unit", "")
    return _("%(day)s　平均值 %(mean)s %(unit)s　差 %(far)s %(unit)s　%(verdict)s") % {
        "day": check.performed_on, "mean": mean_text(check), "unit": unit, "far": far_text(check),
        "verdict": check.get_verdict_display(),
    }  # fmt: skip


def places_of(check: IntermediateCheck) -> int:
    """Decimals with which a mean is read: one more than the readings were written with, of one reading as many."""
    texts = check.terms.get("readings", [])
    return statistics.places(texts) + (len(texts) > 1) if texts else decimals_of([check.mean])


def mean_text(check: IntermediateCheck) -> str:
    return figure(statistics.rounded(check.mean, places_of(check)), places_of(check))


def far_text(check: IntermediateCheck) -> str:
    """The signed difference from the reference, with the decimals of whichever of the two has more."""
    reference = check.terms.get("reference")
    places = max(places_of(check), decimals_of([Decimal(reference)]) if reference is not None else 0)
    return figure(statistics.rounded(difference_of(check), places), places, sign=True)


def scatter_plot(checks: Sequence[IntermediateCheck], key: str) -> Plot | None:
    """The chart of s within the checks, with its limits; None unless enough of them have the same number of readings."""
    count = len(checks[-1].readings) if checks else 0
    alike = [check for check in checks if len(check.readings) == count]
    if count < 2 or len(alike) < FEWEST_FOR_S:
        return None
    scatter = [(check, statistics.deviation(check.readings)) for check in alike]
    sigma = statistics.pooled([(s, count) for _check, s in scatter])
    low, centre, high = statistics.limits_of_s(sigma, count)
    points = [
        Point(check.performed_on, s, tone="bad" if s > high or s < low else "act",
              words=_("%(day)s　s = %(s)s") % {"day": check.performed_on, "s": figure(short(s))})
        for check, s in scatter
    ]  # fmt: skip
    levels = [Level(high, _("上限")), Level(centre, _("中心"), "off", dashed=True)]
    if low > 0:
        levels.append(Level(low, _("下限")))
    unit = checks[-1].terms.get("unit", "")
    return Plot(key, f"s / {unit}", [Series("s", points)], levels=levels,
                hint=_("每次 %(count)d 个读数的标准偏差，界限是 3σ") % {"count": count})  # fmt: skip


def test_plot(tests: Sequence[StandardTest], key: str) -> Plot | None:
    """s of repeatability tests with the reported one, means of stability groups as differences from the first, or
    differences of verified results from their references.

    `tests` of one kind and point, in the order of time; None without any.
    """
    kept = [test for test in tests if test.groups]
    if not kept:
        return None
    last = kept[-1]
    if last.kind == Kind.VERIFICATION:
        return _verification_plot(kept, key)
    if last.kind == Kind.REPEATABILITY:
        points = [
            Point(test.performed_on, test.figure, tone=TONES[test.verdict],
                  words=f"{test.performed_on}　s = {figure(short(test.figure))} {test.unit}　{test.get_verdict_display()}")
            for test in kept
        ]  # fmt: skip
        levels = [Level(last.limit, _("技术报告 s")), Level(Decimal(0), "", "off")]
        return Plot(key, f"s / {last.unit}", [Series("s", points)], levels=levels, hint=_("指向一点看日期和数值"))
    means = {group.on: group for test in kept for group in groups_of(test)}
    groups = [means[day] for day in sorted(means)]
    start = groups[0].figures.mean
    points = [
        Point(group.on, group.figures.mean - start,
              words=_("%(day)s　平均值 %(mean)s %(unit)s，%(count)d 个读数") % {
                  "day": group.on, "mean": group.mean_text, "unit": last.unit, "count": len(group.readings)})
        for group in groups
    ]  # fmt: skip
    compared = [group.figures.mean - start for group in groups_of(last)]
    if len(compared) == YEARLY:
        levels = [Level(compared[0] + last.limit, _("上次 + 限值")), Level(compared[0] - last.limit, _("上次 − 限值"))]
    else:
        levels = [Level(min(compared) + last.limit, _("最小 + 限值"))]
    axis = _("与首次之差 / %(unit)s") % {"unit": last.unit}
    return Plot(key, axis, [Series("mean", points)], levels=levels, hint=_("每点是一组的平均值；指向一点看数值"))


def _verification_plot(tests: Sequence[StandardTest], key: str) -> Plot:
    """Differences from the reference, each with a bar as long as it may lie off."""
    points = []
    for test in tests:
        found = compared(test.limit_kind, *groups_of(test))
        words = _("%(day)s　差 %(far)s %(unit)s，允许 %(allowed)s %(unit)s　%(verdict)s") % {
            "day": test.performed_on, "far": figure(short(found.difference), sign=True),
            "allowed": figure(short(found.allowed)), "unit": test.unit, "verdict": test.get_verdict_display(),
        }  # fmt: skip
        points.append(
            Point(test.performed_on, found.difference, u=found.allowed, words=words, tone=TONES[test.verdict])
        )
    axis = _("与参考值之差 / %(unit)s") % {"unit": tests[-1].unit}
    return Plot(
        key, axis, [Series("verification", points, joined=False)], levels=[Level(Decimal(0), _("参考值"), "off", dashed=True)],
        hint=_("竖线是允许的差，够到参考值的得到验证"),
    )  # fmt: skip


def short(value: Decimal, digits: int = 3) -> Decimal:
    """A computed figure with so many significant digits, for reading only."""
    return statistics.rounded(value, max(0, digits - 1 - value.adjusted())) if value else Decimal(0)
