"""How the tests of a measurement standard are put into words and tables."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from .. import statistics
from ..checking.charts import YEARLY, short, test_plot
from ..checking.readings import figure
from ..checking.shown import tone_of
from ..models import StandardTest
from .kinds import Kind, Limit, compared, groups_of

__all__ = ["compared_rows", "group_rows", "limit_text", "points_tested", "scatter_against", "sentence_of", "tone_of"]


def points_tested(slug: str, tests: Iterable[StandardTest]) -> list[dict[str, Any]]:
    """The tests by kind and point, each with its chart and its rows, newest first; `tests` come in the order of time."""
    found: dict[tuple[str, str, str, Decimal], list[StandardTest]] = {}
    for test in tests:
        found.setdefault((test.kind, test.quantity, test.unit, test.nominal), []).append(test)
    return [_point(slug, number, found[key]) for number, key in enumerate(sorted(found), 1)]


def _point(slug: str, number: int, in_time: list[StandardTest]) -> dict[str, Any]:
    last = in_time[-1]
    return {
        "kind": last.get_kind_display(),
        "title": f"{last.quantity} {figure(last.nominal)} {last.unit}",
        "last": last,
        "tone": tone_of(last.verdict),
        "plot": test_plot(in_time, f"tests-{number}"),
        "rows": [
            {
                "test": test,
                "url": reverse("equipment:standard_test", args=[slug, test.ref]),
                "figure": figure(short(test.figure)),
                "limit": limit_text(test),
                "count": _own_readings(test),
                "tone": tone_of(test.verdict),
            }
            for test in reversed(in_time)
        ],
    }


def _own_readings(test: StandardTest) -> int:
    """How many readings were taken for the test: of a yearly stability those of its last group."""
    yearly = test.kind == Kind.STABILITY and len(test.groups) == YEARLY
    own = test.groups[-1:] if yearly else test.groups
    return sum(len(one["readings"]) for one in own)


def limit_text(test: StandardTest) -> str:
    """What the figure is held against; of a verification it is reckoned, and read with three digits."""
    return figure(short(test.limit) if test.kind == Kind.VERIFICATION else test.limit)


def group_rows(test: StandardTest) -> list[dict[str, Any]]:
    """The groups of a test: day, readings as they were typed, mean and s."""
    rows = []
    for number, group in enumerate(groups_of(test), 1):
        s = group.figures.s
        rows.append(
            {
                "number": number,
                "on": group.on,
                "readings": group.readings.texts,
                "mean": group.mean_text,
                "s": figure(short(s)) if s is not None else "—",
            }
        )
    return rows


def compared_rows(test: StandardTest) -> list[dict[str, str]]:
    """The results of a verification: whose, the value as it was typed, its U."""
    own, other = groups_of(test)
    rows = [{"who": _("本计量标准"), "value": own.readings.texts[0], "u": own.u}]
    named = re.split("[、，,；;]", other.by)
    whose = named if len(named) == len(other.readings) else [other.by] * len(other.readings)
    rows += [{"who": who, "value": text, "u": other.u} for who, text in zip(whose, other.readings.texts, strict=True)]
    return rows


def _sentence_of_verification(test: StandardTest) -> str:
    own, other = groups_of(test)
    found = compared(test.limit_kind, own, other)
    known = {
        "far": figure(short(abs(found.difference))), "unit": test.unit, "allowed": figure(short(found.allowed)),
        "against": _("参考值") if test.limit_kind == Limit.TRANSFER
        else _("%(count)d 家的平均值") % {"count": len(other.readings) + 1},
    }  # fmt: skip
    if test.limit_kind == Limit.COMPARISON:
        known["how"] = "√((n−1)/n)·U"
    else:
        known["how"] = "√(U² + U参²)" if 3 * Decimal(other.u) > Decimal(own.u) else "U"
    if found.confirmed:
        return _("与%(against)s相差 %(far)s %(unit)s，不大于 %(how)s = %(allowed)s %(unit)s，结果得到验证。") % known
    return (
        _(
            "与%(against)s相差 %(far)s %(unit)s，大于 %(how)s = %(allowed)s %(unit)s，结果没有得到验证。"
            "请暂停这项计量标准，查明原因，改正后重新验证。"
        )
        % known
    )


def sentence_of(test: StandardTest) -> str:
    """The figure against its limit, and what follows."""
    if test.kind == Kind.VERIFICATION:
        return _sentence_of_verification(test)
    known = {
        "figure": figure(short(test.figure)), "limit": figure(test.limit), "unit": test.unit,
        "source": test.get_limit_kind_display(), "count": len(test.groups),
    }  # fmt: skip
    if test.kind == Kind.REPEATABILITY:
        if test.verdict == StandardTest.Verdict.PASSED:
            return _("s = %(figure)s %(unit)s，不大于%(source)s %(limit)s %(unit)s，符合要求。") % known
        return (
            _(
                "s = %(figure)s %(unit)s，大于%(source)s %(limit)s %(unit)s。请按新的 s 重新评定不确定度；"
                "评定后仍满足开展项目的要求才可继续使用，并更新技术报告。"
            )
            % known
        )
    if len(test.groups) == YEARLY:
        known["what"] = _("与上一次相差")
    else:
        known["what"] = _("%(count)d 组平均值最大相差") % known
    if test.verdict == StandardTest.Verdict.PASSED:
        return _("%(what)s %(figure)s %(unit)s，小于%(source)s %(limit)s %(unit)s，稳定性合格。") % known
    return (
        _(
            "%(what)s %(figure)s %(unit)s，不小于%(source)s %(limit)s %(unit)s，稳定性不合格。"
            "请暂停这项计量标准，查明原因，对标准器重新溯源后再考核。"
        )
        % known
    )


def scatter_against(test: StandardTest, in_time: Sequence[StandardTest]) -> str:
    """Whether the scatter of a repeatability has grown since the test before (F-test at 95 %); "" for nothing to say."""
    if test.kind != Kind.REPEATABILITY or len(in_time) < 2:
        return ""
    now, before = (groups_of(row)[0] for row in (in_time[-1], in_time[-2]))
    compared = statistics.greater_variance(now.figures.s, len(now.readings), before.figures.s, len(before.readings))
    if compared is None:
        return ""
    f, p = compared
    known = {"day": in_time[-2].performed_on, "f": figure(short(f)), "p": figure(short(p, 2))}
    if p < statistics.ALPHA:
        return _("与 %(day)s 相比分散显著变大：F = %(f)s，p = %(p)s（F 检验，95 %%）。请查找原因。") % known
    return _("与 %(day)s 相比分散没有显著变大：F = %(f)s，p = %(p)s（F 检验，95 %%）。") % known
