"""Data sheets: a procedure's definition, the readings taken so far, and what follows from them.

A definition is data (docs/procedures.md describes it); `evaluate` turns it and a sheet, even a half-filled one,
into errors, uncertainties, verdicts and a conclusion. Nothing is rounded before it is printed. The parts: entries.py
(what was typed), points.py (what follows at one point), conclusions.py (what the points amount to),
certificate_lines.py (what the certificate shows).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from certificates.conclusions import Check, best_class_met, checked_items, conclusion, failing_items
from certificates.conformity import RULES, Verdict, overall
from certificates.definition import check_definition as check_definition
from certificates.entries import (
    CALIBRATION,
    VERIFICATION,
    Condition,
    Definition,
    Problem,
    Station,
    checked_conditions,
    device_problems,
    figures_of_device,
    figures_of_standard,
    number,
    read_cell,
    with_constants,
)
from certificates.formula import FormulaError, evaluate_partial
from certificates.points import Point, Setting, place
from certificates.rounding import Mode, places_of
from certificates.uncertainty import Budget
from portal.decimals import plain, trimmed


@dataclass(frozen=True)
class Sheet:
    """What a data sheet says at this moment.

    missing counts the cells without a usable reading. class_met is the best class fully met and never better than
    the one asked for. The conclusion of an unfinished sheet says what is still to do.
    """

    unit: str
    step_text: str
    points: tuple[Point, ...]
    conditions: tuple[Condition, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]
    total: int
    filled: int
    missing: int
    complete: bool
    worst: Point | None
    budget: Budget | None
    U: Decimal | None
    U_text: str
    k_text: str
    p: Decimal | None
    ratio_text: str
    ratio_met: bool | None
    rule: str
    activity: str
    verdict: Verdict
    class_asked: str
    class_met: str
    failing_items: tuple[str, ...]
    conclusion_zh: str
    conclusion_en: str


def default_points(definition: Definition, device: Mapping[str, str]) -> list[str]:
    """The points the procedure proposes for this instrument, as texts in the unit of the sheet.

    Empty while figures of the instrument are missing.
    """
    grain_text = definition["points"].get("round_to")
    try:
        names = with_constants(definition, figures_of_device(definition, device))
        values = [evaluate_partial(text, names) for text in definition["points"]["default"]]
        grain = evaluate_partial(grain_text, names) if grain_text else None
    except FormulaError:
        return []
    if any(value is None for value in values) or grain == 0:
        return []
    with localcontext() as context:
        context.prec = 100
        rounded = [value if grain is None else (value / grain).to_integral_value() * grain for value in values]
    return list(dict.fromkeys(trimmed(value) for value in rounded))


def evaluate(
    definition: Definition,
    device: Mapping[str, str],
    points: Sequence[str],
    readings: Mapping[tuple[int, str], str | None],
    observations: Mapping[str, str],
    conditions: Mapping[str, str],
    standard: Mapping[str, str],
    decision_rule: str,
    *,
    activity: str = VERIFICATION,
    mode: Mode = Mode.ORDINARY,
) -> Sheet:
    """Everything a data sheet says at this moment, finished or not; nothing is stored and nothing is rounded early.

    device: texts by key of the definition. points: texts in the unit of the sheet; empty means the proposed ones.
    readings: text or None by (point index, reading key). standard: texts "U" and "k" of its certificate, or "mpe",
    with "unit" when it is not that of the sheet. decision_rule: a code of `conformity.RULES`, or "" when a
    calibration makes no statement; in a verification the regulation decides. Source: JJF 1059.1-2012, JJF 1094-2002.
    Raises: ValueError for an unknown rule or activity; the definition must have passed `check_definition`.
    """
    if activity not in (VERIFICATION, CALIBRATION):
        raise ValueError(f"“{activity}” is neither verification nor calibration")
    rule = "jjg" if activity == VERIFICATION else decision_rule if decision_rule != "not_stated" else ""
    if rule and rule not in RULES:
        raise ValueError(f"“{rule}” is no decision rule")
    with localcontext() as context:
        # Readings have up to 34 digits and exponents up to 30 either way; nothing of them may be lost on the way.
        context.prec = 100
        return _evaluated(
            definition, device, points, readings, observations, conditions, standard, rule, activity=activity, mode=mode
        )


def _evaluated(
    definition: Definition,
    device: Mapping[str, str],
    points: Sequence[str],
    readings: Mapping[tuple[int, str], str | None],
    observations: Mapping[str, str],
    conditions: Mapping[str, str],
    standard: Mapping[str, str],
    rule: str,
    *,
    activity: str,
    mode: Mode,
) -> Sheet:
    standard_names, problems = figures_of_standard(definition, standard)
    device_names = {**figures_of_device(definition, device), **standard_names}
    device_names.update(
        {entry["key"]: number(conditions.get(entry["key"])) for entry in definition.get("conditions", ())}
    )
    problems.extend(device_problems(definition, device, device_names))
    try:
        names = with_constants(definition, device_names)
        step = evaluate_partial(definition["reading_step"], names) if definition.get("reading_step") else None
    except FormulaError as error:
        names, step = {**device_names, **dict.fromkeys(definition.get("constants", {}))}, None
        problems.append(Problem(None, "device", str(error)))
    step = None if step is None else Decimal(trimmed(step))
    grade = str(device.get(definition.get("class_key", ""), "") or "")
    setting = Setting(
        definition, names, grade, rule, activity, places_of(step) if step is not None else 0, mode,
        Fraction(definition.get("ratio", "1/3")),
    )  # fmt: skip

    placed: list[Point] = []
    for index, text in enumerate(points or default_points(definition, device)):
        value = number(text)
        if value is None:
            problems.append(
                Problem(index, "point", f"第 {index + 1} 个{definition['points']['label']}“{text}”不是数字。")
            )
            continue
        point = Station(index, text.strip(), value)
        try:
            cells = {
                entry["key"]: read_cell(
                    definition, point, entry["key"], readings.get((index, entry["key"])), step, names
                )
                for entry in definition["readings"]
            }
            problems.extend(cell.problem for cell in cells.values() if cell.problem is not None)
            placed.append(place(setting, point, cells))
        except FormulaError as error:
            problems.append(Problem(index, "point", f"{point.text} {definition['unit']}：{error}"))

    total = len(placed) * len(definition["readings"])
    filled = sum(cell.value is not None for point in placed for cell in point.cells.values())
    checks = tuple(checked_items(setting, placed, observations))
    states = tuple(checked_conditions(definition, conditions))
    observed = {entry["key"] for entry in definition.get("observations", ())}
    open_items = [check.title for check in checks if check.key in observed and not check.result]
    open_items += [state.label for state in states if state.met is None and state.sentence]
    complete = bool(placed) and filled == total and not open_items and not any(p.key == "device" for p in problems)
    problems.extend(_about_uncertainty(definition, placed))

    verdict = overall([check.verdict for check in checks])
    spoiled = any(check.key in observed and check.verdict is Verdict.FAIL for check in checks)
    class_met = ""
    if rule and filled and not spoiled:
        class_met = best_class_met(definition, grade, setting, placed, device_names)
    if verdict is Verdict.PASS and grade and class_met != grade:
        verdict = Verdict.UNDETERMINED
    missing = total - filled
    if not placed:
        to_do = "补全器具参数后给出"
    else:
        to_do = f"填满 {missing} 格后给出" if missing else f"填写{'、'.join(open_items) or '器具参数'}后给出"
    zh, en = conclusion(definition, verdict, grade, class_met, complete, to_do, activity)
    with_error = [point for point in placed if point.error is not None]
    with_U = [point for point in placed if point.U is not None]
    widest = max(with_U, key=lambda point: point.U, default=None)
    tightest = max((point for point in with_U if point.ratio is not None), key=lambda point: point.ratio, default=None)
    return Sheet(
        unit=definition["unit"], step_text="" if step is None else plain(step), points=tuple(placed), conditions=states,
        checks=checks, problems=tuple(problems), total=total, filled=filled, missing=missing, complete=complete,
        worst=max(with_error, key=lambda point: abs(point.error), default=None),
        budget=widest.budget if widest else None, U=widest.U if widest else None,
        U_text=widest.U_text if widest else "", k_text=widest.k_text if widest else "", p=widest.p if widest else None,
        ratio_text=tightest.ratio_text if tightest else "", ratio_met=tightest.ratio_met if tightest else None,
        rule=rule, activity=activity, verdict=verdict, class_asked=grade, class_met=class_met,
        failing_items=failing_items(placed, checks, definition["unit"]), conclusion_zh=zh, conclusion_en=en,
    )  # fmt: skip


def _about_uncertainty(definition: Definition, points: Sequence[Point]) -> Iterator[Problem]:
    waiting = [point for point in points if point.budget is None and point.error is not None]
    if waiting:
        yield Problem(None, "uncertainty", "不确定度还算不出来：请检查标准器证书的 U 与 k，或标准器的最大允许误差。")
    coarse = [point.text for point in points if point.ratio_met is False]
    if coarse:
        where = "、".join(coarse)
        yield Problem(
            None,
            "ratio",
            f"{where} {definition['unit']} 处 U 大于最大允许误差的 {definition.get('ratio', '1/3')}。",
            blocking=False,
        )
    for warning in sorted({warning for point in points if point.budget for warning in point.budget.warnings}):
        yield Problem(None, "uncertainty", warning, blocking=False)
