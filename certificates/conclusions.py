"""What the points of a data sheet and its observations amount to: further items, failures, the class met, a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from certificates.conformity import VERDICT_WORDS, Verdict, overall
from certificates.entries import CALIBRATION, VERIFICATION, Definition, Names, Station, number, with_constants
from certificates.points import Derived, Point, Setting, place


@dataclass(frozen=True)
class Check:
    """An item of the sheet as a whole: the largest value of a derived quantity, or an observation."""

    key: str
    title: str
    title_en: str
    result: str
    limit: str
    verdict: Verdict
    point_text: str = ""


def checked_items(setting: Setting, points: Sequence[Point], observations: Mapping[str, str]) -> Iterator[Check]:
    """The limited quantities at their most critical point, then the observations, each with its verdict."""
    unit = setting.definition["unit"]
    for entry in setting.definition["derived"]:
        here = [point for point in points if point.derived[entry["key"]].value is not None]
        if not entry.get("limit"):
            continue
        verdict = overall([point.derived[entry["key"]].verdict for point in points])
        title = (entry["key"], entry["label"], entry.get("label_en", ""))
        if not here:
            yield Check(*title, "", "", verdict)
            continue
        # The point to show is the one nearest to its own limit, which need not be the one with the largest value.
        worst = max(here, key=lambda point: _closeness(point.derived[entry["key"]]))
        shown = worst.derived[entry["key"]]
        limit = f"{shown.limit_text} {unit}" if shown.limit_text else ""
        yield Check(*title, f"{shown.text} {unit}", limit, verdict, worst.text)
    for entry in setting.definition.get("observations", ()):
        given = (observations.get(entry["key"]) or "").strip()
        if setting.activity == CALIBRATION and not setting.rule:
            verdict = Verdict.NOT_STATED
        elif not given:
            verdict = Verdict.UNDETERMINED
        else:
            verdict = Verdict.PASS if given == entry["pass"] else Verdict.FAIL
        yield Check(entry["key"], entry["label"], entry.get("label_en", ""), given, entry["pass"], verdict)


def _closeness(derived: Derived) -> tuple[Fraction, Decimal]:
    value = abs(derived.value or Decimal(0))
    share = Fraction(value) / Fraction(derived.limit) if derived.limit else Fraction(0)
    return share, value


def failing_items(points: Sequence[Point], checks: Sequence[Check], unit: str) -> tuple[str, ...]:
    """A line for every item that fails, with the points where it does; unit is that of the sheet."""
    items = []
    for check in checks:
        if check.verdict is not Verdict.FAIL:
            continue
        failing = [
            point for point in points if check.key in point.derived and point.derived[check.key].verdict is Verdict.FAIL
        ]
        if not failing:
            items.append(f"{check.title}：{check.result}")
            continue
        here = [(point.text, point.derived[check.key]) for point in failing]
        found = "；".join(f"{at} {unit} 处 {it.text} {unit}，允许 {it.limit_text} {unit}" for at, it in here)
        items.append(f"{check.title}：{found}")
    return tuple(items)


def best_class_met(definition: Definition, asked: str, setting: Setting, points: Sequence[Point], names: Names) -> str:
    """The best class that every point fully meets, from the one asked for downward; empty when there is none."""
    key = definition.get("class_key")
    choices = next((entry["choices"] for entry in definition["device"] if entry["key"] == key), [])
    if asked not in choices:
        return ""
    for grade in choices[choices.index(asked) :]:
        if grade == asked:
            judged = points
        else:
            lesser = with_constants(definition, {**names, key: number(grade)})
            other = Setting(
                definition, lesser, grade, setting.rule, setting.activity, setting.places, setting.mode, setting.ratio
            )
            judged = [place(other, Station(p.index, p.text, p.value), dict(p.cells), known=p) for p in points]
        # An unfinished point counts as met as long as nothing at it speaks against the class.
        if all(_met_so_far(point) for point in judged):
            return grade
    return ""


def _met_so_far(point: Point) -> bool:
    judged = [each for each in point.derived.values() if each.limit is not None]
    return all(
        each.verdict is Verdict.PASS
        or (each.verdict is Verdict.UNDETERMINED and (each.provisional or not point.complete))
        for each in judged
    )


def conclusion(
    definition: Definition,
    sheet_verdict: Verdict,
    class_asked: str,
    class_met: str,
    complete: bool,
    to_do: str,
    activity: str,
) -> tuple[str, str]:
    """The conclusion in Chinese and English; of an unfinished sheet, in Chinese only, what is still to do."""
    if not complete:
        if sheet_verdict is Verdict.FAIL:
            return f"{to_do}；已有不合格项", ""
        expected = f"；预计 {class_met} 级合格" if class_met and activity == VERIFICATION else ""
        return f"{to_do}{expected}", ""
    if sheet_verdict is Verdict.NOT_STATED:
        return "", ""
    if activity == VERIFICATION:
        if sheet_verdict is Verdict.PASS:
            return (f"{class_met} 级合格", f"Conforms to class {class_met}") if class_met else ("合格", "Conforms")
        if sheet_verdict is Verdict.FAIL:
            return "不合格", "Does not conform"
        return (
            "不能作出检定结论：扩展不确定度与最大允许误差之比不满足规程要求，或数据不全",
            "No conclusion can be drawn",
        )
    word_zh, word_en = VERDICT_WORDS[sheet_verdict]
    grade_zh = f" {class_asked} 级要求" if class_asked else "规定要求"
    grade_en = f"class {class_asked} requirements" if class_asked else "the stated requirements"
    return (
        f"{word_zh}{grade_zh}" if sheet_verdict is not Verdict.UNDETERMINED else "待定，不作声明",
        f"{word_en}: {grade_en}",
    )
