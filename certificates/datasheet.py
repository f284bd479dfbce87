"""Data sheets: a procedure's definition, the readings taken so far, and what follows from them.

A definition is data (docs/procedures.md describes it); `evaluate` turns it and a sheet, even a half-filled one,
into errors, uncertainties, verdicts and a conclusion. Nothing is rounded before it is printed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from certificates import units
from certificates.conformity import RULES, VERDICT_WORDS, Verdict, decide, overall
from certificates.decimals import Unreadable, parse, plain, signed, trimmed
from certificates.definition import check_definition as check_definition
from certificates.formula import FormulaError, evaluate_partial, names_in
from certificates.formula import evaluate as worked_out
from certificates.rounding import Mode, places_of, report, round_places
from certificates.uncertainty import (
    Budget,
    Input,
    Shape,
    coverage,
    expanded,
    from_expanded,
    from_half_width,
    propagate,
    type_a,
)

Definition = Mapping[str, Any]
Names = dict[str, Decimal | None]
VERIFICATION = "verification"
CALIBRATION = "calibration"


@dataclass(frozen=True)
class Problem:
    """Something about one cell, or about the sheet (point_index None); a blocking one keeps the cell from counting.

    `sentence` stands beside the cell; `named` says which cell it is about.
    """

    point_index: int | None
    key: str
    sentence: str
    blocking: bool = True
    where: str = ""

    @property
    def named(self) -> str:
        return f"{self.where}：{self.sentence}" if self.where else self.sentence


@dataclass(frozen=True)
class Cell:
    """A reading: as typed, as a number (None while missing or refused), and aligned to the reading step."""

    key: str
    raw: str
    value: Decimal | None
    text: str
    problem: Problem | None


@dataclass(frozen=True)
class Derived:
    """A quantity worked out at one point; provisional while a reading it looks at is missing. Unit of the sheet."""

    key: str
    label: str
    label_en: str
    value: Decimal | None
    text: str
    limit: Decimal | None
    limit_text: str
    verdict: Verdict
    provisional: bool


@dataclass(frozen=True)
class Point:
    """One line of the sheet with everything that follows from it.

    U is unrounded; error_reported and U_text end at the same place. ratio is U / MPEV.
    """

    index: int
    text: str
    value: Decimal
    cells: Mapping[str, Cell]
    derived: Mapping[str, Derived]
    complete: bool
    mpe: Decimal | None
    mpe_text: str
    reference: Decimal
    error: Decimal | None
    U: Decimal | None
    U_text: str
    error_reported: str
    indication_reported: str
    k: Decimal | None
    k_text: str
    p: Decimal | None
    ratio: Decimal | None
    ratio_text: str
    ratio_met: bool | None
    verdict: Verdict
    budget: Budget | None


@dataclass(frozen=True)
class Condition:
    """An environmental condition against what the procedure asks."""

    key: str
    label: str
    label_en: str
    text: str
    unit: str
    required_text: str
    met: bool | None
    sentence: str


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


# --- names


def _number(text: Any) -> Decimal | None:
    try:
        return parse(str(text)) if text not in (None, "") else None
    except Unreadable:
        return None


def _device_names(definition: Definition, device: Mapping[str, str]) -> Names:
    return {entry["key"]: _number(device.get(entry["key"]) or entry.get("default")) for entry in definition["device"]}


def _standard_names(definition: Definition, standard: Mapping[str, str]) -> tuple[Names, list[Problem]]:
    """The figures of the standard, in the unit of the sheet, as standard_U, standard_k, standard_mpe and so on.

    Figures in a unit of another kind are left out, with a problem that says so.
    """
    names: Names = {"standard_U": None, "standard_k": None, "standard_mpe": None}
    for key, text in standard.items():
        if key.isidentifier() and key.isascii():
            names[f"standard_{key}"] = _number(text)
    given, wanted = standard.get("unit"), definition["unit"]
    if not given or given == wanted:
        return names, []
    try:
        for key in ("standard_U", "standard_mpe"):
            value = names[key]
            if value is not None:
                names[key] = units.convert(value, given, wanted, difference=True)
    except ValueError as error:
        names |= {"standard_U": None, "standard_mpe": None}
        sentence = f"标准器的不确定度单位“{given}”换算不到 {wanted}：{error}"
        return names, [Problem(None, "standard", sentence)]
    return names, []


def _with_constants(definition: Definition, names: Names) -> Names:
    complete = dict(names)
    for key, text in definition.get("constants", {}).items():
        complete[key] = evaluate_partial(text, complete)
    return complete


def default_points(definition: Definition, device: Mapping[str, str]) -> list[str]:
    """The points the procedure proposes for this instrument, as texts in the unit of the sheet.

    Empty while figures of the instrument are missing.
    """
    grain_text = definition["points"].get("round_to")
    try:
        names = _with_constants(definition, _device_names(definition, device))
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


# --- readings


@dataclass(frozen=True)
class Station:
    """A point before anything is worked out at it."""

    index: int
    text: str
    value: Decimal


def _reading_name(definition: Definition, key: str) -> str:
    entry = next(entry for entry in definition["readings"] if entry["key"] == key)
    return f"{entry.get('group', '')}{entry['label']}"


def _neighbours(value: Decimal, step: Decimal) -> tuple[Decimal, Decimal]:
    below = (value / step).to_integral_value(rounding="ROUND_FLOOR") * step
    return below, below + step


def _cell(
    definition: Definition, point: Station, key: str, raw: str | None, step: Decimal | None, names: Names
) -> Cell:
    """One reading judged by itself: readable, a multiple of the reading step, and not far from its point."""
    typed = (raw or "").strip()
    if not typed:
        return Cell(key, "", None, "", None)
    unit = definition["unit"]
    where = f"{point.text} {unit} {_reading_name(definition, key)}"
    try:
        value = parse(typed)
    except Unreadable as unreadable:
        return Cell(key, typed, None, typed, Problem(point.index, key, unreadable.sentence, where=where))
    if step is None or step <= 0:
        return Cell(key, typed, value, plain(value), None)
    if value % step != 0:
        below, above = (trimmed(each, places_of(step)) for each in _neighbours(value, step))
        explained = f"{definition['reading_step_text']}，" if definition.get("reading_step_text") else ""
        sentence = (
            f"{plain(value)} 未被接受：{explained}读数应为 {plain(step)} {unit} 的整数倍。"
            f"请重读后输入 {below} 或 {above}。"
        )
        return Cell(key, typed, None, typed, Problem(point.index, key, sentence, where=where))
    text = plain(round_places(value, places_of(step)))
    far = evaluate_partial(definition["plausible"], names) if definition.get("plausible") else None
    if far is not None and abs(value - point.value) > far:
        away = trimmed(abs(value - point.value), places_of(step))
        sentence = f"{text} 与标准值相差 {away} {unit}，请再看一眼指示后确认。"
        problem = Problem(point.index, key, sentence, blocking=False, where=where)
        return Cell(key, typed, value, text, problem)
    return Cell(key, typed, value, text, None)


# --- limits


def _permissible(definition: Definition, names: Names, grade: str) -> Decimal | None:
    """The maximum permissible error at a point: the first entry whose condition holds."""
    for entry in definition.get("mpe", ()):
        if "when" in entry:
            holds = evaluate_partial(entry["when"], names)
            if holds is None:
                return None
            if not holds:
                continue
        if "value" in entry:
            value = evaluate_partial(entry["value"], names)
        elif grade in entry["table"]:
            value = Decimal(entry["table"][grade])
        else:
            return None
        factor = evaluate_partial(entry["times"], names) if "times" in entry else Decimal(1)
        return None if value is None or factor is None else abs(value * factor)
    return None


def _limit_verdict(value: Decimal | None, limit: Decimal | None, provisional: bool) -> Verdict:
    if value is None or limit is None:
        return Verdict.UNDETERMINED
    if abs(value) > limit:
        return Verdict.FAIL
    return Verdict.UNDETERMINED if provisional else Verdict.PASS


# --- uncertainty


def _known(texts: Sequence[str], names: Names) -> bool:
    return all(names.get(name) is not None for text in texts for name in names_in(text))


def _candidate(entry: Mapping[str, Any], names: Names) -> Input | None:
    """The input of the budget that this entry describes, or None while something it needs is not there."""
    if "larger_of" in entry:
        shared = {key: value for key, value in entry.items() if key != "larger_of"}
        candidates = [_candidate({**shared, **alternative}, names) for alternative in entry["larger_of"]]
        present = [candidate for candidate in candidates if candidate is not None]
        return max(present, key=lambda candidate: candidate.u) if len(present) == len(candidates) else None
    texts = [entry[key] for key in ("value", "U", "k", "u", "half_width", "dof") if key in entry]
    if not _known([*texts, *entry.get("readings", ())], names):
        return None
    numbers = {
        key: worked_out(entry[key], names) for key in ("value", "U", "k", "u", "half_width", "dof") if key in entry
    }
    common = {"label": entry.get("label", entry["name"]), "unit": entry.get("unit", ""), "dof": numbers.get("dof")}
    value = numbers.get("value")
    if "readings" in entry:
        found = type_a([worked_out(text, names) for text in entry["readings"]])
        common["dof"] = common["dof"] if common["dof"] is not None else found.dof
        return Input(entry["name"], found.mean if value is None else value, found.u, evaluation="A", **common)
    value = Decimal(0) if value is None else value
    if "U" in numbers:
        if numbers["k"] <= 0:
            return None
        u = from_expanded(numbers["U"], numbers["k"])
        return Input(entry["name"], value, u, half_width=numbers["U"], divisor=numbers["k"], **common)
    if "half_width" in numbers:
        shape = Shape(entry.get("distribution", "rectangular"))
        u = from_half_width(numbers["half_width"], shape)
        width = abs(numbers["half_width"])
        root = {Shape.RECTANGULAR: "3", Shape.TRIANGULAR: "6", Shape.U_SHAPED: "2"}.get(shape, "1")
        return Input(entry["name"], value, u, shape=shape, half_width=width, divisor=Decimal(root).sqrt(), **common)
    return Input(entry["name"], value, abs(numbers["u"]), evaluation=entry.get("evaluation", "B"), **common)


def _inputs(definition: Definition, names: Names) -> list[Input] | None:
    """The inputs of the budget at one point; entries of one name are alternatives, the first that is known counts."""
    chosen: dict[str, Input | None] = {}
    for entry in definition["uncertainty"]["inputs"]:
        if chosen.get(entry["name"]) is None:
            chosen[entry["name"]] = _candidate(entry, names)
    inputs = [entry for entry in chosen.values() if entry is not None]
    return inputs if len(inputs) == len(chosen) else None


def _budget(definition: Definition, names: Names) -> tuple[Budget, Decimal, Decimal, Decimal] | None:
    """The budget at one point with k, p and the unrounded U, or None while it cannot be told."""
    inputs = _inputs(definition, names)
    if inputs is None:
        return None
    budget = propagate(definition["uncertainty"]["model"], inputs)
    u = budget.u_second_order
    if u == 0:
        return None
    if definition["uncertainty"].get("k", "auto") == "auto":
        p_text = definition["uncertainty"].get("p")
        chosen = coverage(budget, Decimal(p_text) if p_text else None)
        return budget, chosen.k, chosen.p, expanded(u, chosen.k)
    k = Decimal(definition["uncertainty"]["k"])
    return budget, k, Decimal(definition["uncertainty"].get("p", "0.95")), expanded(u, k)


# --- the sheet


@dataclass(frozen=True)
class _Setting:
    """What is the same for all points of one evaluation."""

    definition: Definition
    names: Names
    grade: str
    rule: str
    activity: str
    places: int
    mode: Mode
    ratio: Fraction


def _place(setting: _Setting, point: Station, cells: dict[str, Cell], known: Point | None = None) -> Point:
    """Everything that follows at one point. `known` is the same point for another class: its budget is kept."""
    definition = setting.definition
    names: Names = {**setting.names, "point": point.value, **{key: cell.value for key, cell in cells.items()}}
    complete = all(cell.value is not None for cell in cells.values())
    values: Names = {}
    for entry in definition["derived"]:
        values[entry["key"]] = names[entry["key"]] = evaluate_partial(entry["formula"], names)
    names["mpe"] = mpe = _permissible(definition, names, setting.grade)
    result = definition["result"]
    names["reference"] = reference = evaluate_partial(result.get("reference", "point"), names)
    names["error"] = error = evaluate_partial(result.get("error", "error"), names)
    indication = None if error is None or reference is None else reference + error
    if "indication" in result:
        indication = evaluate_partial(result["indication"], names)

    if known is not None:
        budget, k, p, U = known.budget, known.k, known.p, known.U
    else:
        budget, k, p, U = _budget(definition, names) or (None, None, None, None)
    ratio_met = None if U is None or not mpe else Fraction(U) <= setting.ratio * Fraction(mpe)
    derived = {}
    for entry in definition["derived"]:
        derived[entry["key"]] = _derived(setting, entry, values[entry["key"]], names, complete, U, ratio_met)

    U_text = error_reported = indication_reported = ratio_text = ""
    ratio = None
    if U is not None:
        _, U_text = report(None, U, mode=setting.mode)
        if error is not None:
            text, _ = report(error, U, mode=setting.mode)
            error_reported = signed(Decimal(text))
            indication_reported = report(indication, U, mode=setting.mode)[0] or ""
        if mpe:
            with localcontext() as context:
                context.prec = 34
                ratio = U / mpe
            ratio_text = plain(round_places(ratio, 2))
    judged = [each.verdict for each in derived.values() if each.limit is not None]
    return Point(
        index=point.index, text=point.text, value=point.value, cells=cells, derived=derived, complete=complete, mpe=mpe,
        mpe_text="" if mpe is None else f"±{trimmed(mpe, setting.places)}", reference=reference or point.value,
        error=error, U=U, U_text=U_text, error_reported=error_reported, indication_reported=indication_reported, k=k,
        k_text="" if k is None else _k_text(k), p=p, ratio=ratio, ratio_text=ratio_text, ratio_met=ratio_met,
        verdict=overall(judged), budget=budget,
    )  # fmt: skip


def _k_text(k: Decimal) -> str:
    return trimmed(round_places(k, 2))


def _derived(
    setting: _Setting,
    entry: Mapping[str, Any],
    value: Decimal | None,
    names: Names,
    complete: bool,
    U: Decimal | None,
    ratio_met: bool | None,
) -> Derived:
    limit = evaluate_partial(entry["limit"], names) if entry.get("limit") else None
    looked_at = names_in(entry["formula"])
    provisional = not complete and any(name in looked_at and names.get(name) is None for name in names)
    if setting.activity == CALIBRATION and not setting.rule:
        verdict = Verdict.NOT_STATED
    elif not entry.get("by_rule"):
        verdict = _limit_verdict(value, limit, provisional)
    elif value is None or limit is None or U is None:
        verdict = Verdict.UNDETERMINED
    elif setting.activity == VERIFICATION:
        verdict = _limit_verdict(value, limit, provisional) if ratio_met else Verdict.UNDETERMINED
    else:
        verdict = decide(setting.rule, value, limit, U)
        verdict = Verdict.UNDETERMINED if provisional and verdict is not Verdict.FAIL else verdict
    if value is None:
        text = ""
    else:
        rounded = round_places(value, setting.places)
        text = signed(rounded) if entry.get("signed") else plain(rounded)
    sign = "±" if entry.get("signed") else ""
    limit_text = "" if limit is None else f"{sign}{trimmed(limit, setting.places)}"
    return Derived(
        entry["key"], entry["label"], entry.get("label_en", ""), value, text, limit, limit_text, verdict, provisional
    )


def _conditions(definition: Definition, given: Mapping[str, str]) -> Iterator[Condition]:
    for entry in definition.get("conditions", ()):
        typed = (given.get(entry["key"]) or "").strip()
        low, high, unit = entry.get("minimum"), entry.get("maximum"), entry["unit"]
        asked = (
            f"({low}～{high}) {unit}"
            if low and high
            else f"≤{high} {unit}"
            if high
            else f"≥{low} {unit}"
            if low
            else ""
        )
        labels = (entry["key"], entry["label"], entry.get("label_en", ""))
        if not typed:
            sentence = f"{entry['label']}没有填，要求 {asked}。" if entry.get("required") else ""
            yield Condition(*labels, "", unit, asked, None, sentence)
            continue
        try:
            value = parse(typed)
        except Unreadable as unreadable:
            yield Condition(*labels, typed, unit, asked, False, f"{entry['label']}：{unreadable.sentence}")
            continue
        met = (low is None or value >= Decimal(low)) and (high is None or value <= Decimal(high))
        sentence = "" if met else f"{entry['label']} {plain(value)} {unit} 不在要求的 {asked} 内，条件满足后再测。"
        yield Condition(*labels, plain(value), unit, asked, met, sentence)


def _checks(setting: _Setting, points: Sequence[Point], observations: Mapping[str, str]) -> Iterator[Check]:
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


def _failing(points: Sequence[Point], checks: Sequence[Check], unit: str) -> tuple[str, ...]:
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


def _class_met(definition: Definition, asked: str, setting: _Setting, points: Sequence[Point], names: Names) -> str:
    """The best class that every point fully meets, from the one asked for downward; empty when there is none."""
    key = definition.get("class_key")
    choices = next((entry["choices"] for entry in definition["device"] if entry["key"] == key), [])
    if asked not in choices:
        return ""
    for grade in choices[choices.index(asked) :]:
        if grade == asked:
            judged = points
        else:
            lesser = _with_constants(definition, {**names, key: _number(grade)})
            other = _Setting(
                definition, lesser, grade, setting.rule, setting.activity, setting.places, setting.mode, setting.ratio
            )
            judged = [_place(other, Station(p.index, p.text, p.value), dict(p.cells), known=p) for p in points]
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


def _conclusion(
    definition: Definition,
    sheet_verdict: Verdict,
    class_asked: str,
    class_met: str,
    complete: bool,
    to_do: str,
    activity: str,
) -> tuple[str, str]:
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
    standard_names, problems = _standard_names(definition, standard)
    device_names = {**_device_names(definition, device), **standard_names}
    device_names.update(
        {entry["key"]: _number(conditions.get(entry["key"])) for entry in definition.get("conditions", ())}
    )
    problems.extend(_device_problems(definition, device, device_names))
    try:
        names = _with_constants(definition, device_names)
        step = evaluate_partial(definition["reading_step"], names) if definition.get("reading_step") else None
    except FormulaError as error:
        names, step = {**device_names, **dict.fromkeys(definition.get("constants", {}))}, None
        problems.append(Problem(None, "device", str(error)))
    step = None if step is None else Decimal(trimmed(step))
    grade = str(device.get(definition.get("class_key", ""), "") or "")
    setting = _Setting(
        definition, names, grade, rule, activity, places_of(step) if step is not None else 0, mode,
        Fraction(definition.get("ratio", "1/3")),
    )  # fmt: skip

    placed: list[Point] = []
    for index, text in enumerate(points or default_points(definition, device)):
        value = _number(text)
        if value is None:
            problems.append(
                Problem(index, "point", f"第 {index + 1} 个{definition['points']['label']}“{text}”不是数字。")
            )
            continue
        point = Station(index, text.strip(), value)
        cells = {
            entry["key"]: _cell(definition, point, entry["key"], readings.get((index, entry["key"])), step, names)
            for entry in definition["readings"]
        }
        problems.extend(cell.problem for cell in cells.values() if cell.problem is not None)
        try:
            placed.append(_place(setting, point, cells))
        except FormulaError as error:
            problems.append(Problem(index, "point", f"{point.text} {definition['unit']}：{error}"))

    total = len(placed) * len(definition["readings"])
    filled = sum(cell.value is not None for point in placed for cell in point.cells.values())
    checks = tuple(_checks(setting, placed, observations))
    states = tuple(_conditions(definition, conditions))
    observed = {entry["key"] for entry in definition.get("observations", ())}
    open_items = [check.title for check in checks if check.key in observed and not check.result]
    open_items += [state.label for state in states if state.met is None and state.sentence]
    complete = bool(placed) and filled == total and not open_items and not any(p.key == "device" for p in problems)
    problems.extend(_about_uncertainty(definition, placed))

    verdict = overall([check.verdict for check in checks])
    spoiled = any(check.key in observed and check.verdict is Verdict.FAIL for check in checks)
    class_met = ""
    if rule and filled and not spoiled:
        class_met = _class_met(definition, grade, setting, placed, device_names)
    if verdict is Verdict.PASS and grade and class_met != grade:
        verdict = Verdict.UNDETERMINED
    missing = total - filled
    if not placed:
        to_do = "补全器具参数后给出"
    else:
        to_do = f"填满 {missing} 格后给出" if missing else f"填写{'、'.join(open_items) or '器具参数'}后给出"
    zh, en = _conclusion(definition, verdict, grade, class_met, complete, to_do, activity)
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
        failing_items=_failing(placed, checks, definition["unit"]), conclusion_zh=zh, conclusion_en=en,
    )  # fmt: skip


def _device_problems(definition: Definition, device: Mapping[str, str], names: Names) -> Iterator[Problem]:
    for entry in definition["device"]:
        given = str(device.get(entry["key"]) or entry.get("default") or "").strip()
        if not given:
            yield Problem(None, "device", f"器具的{entry['label']}没有填。")
        elif entry["type"] == "choice" and given not in entry["choices"]:
            yield Problem(None, "device", f"器具的{entry['label']}“{given}”不在 {'、'.join(entry['choices'])} 之中。")
        elif entry["type"] == "decimal" and names[entry["key"]] is None:
            yield Problem(None, "device", f"器具的{entry['label']}“{given}”不是数字。")
    for entry in definition.get("device_rules", ()):
        try:
            holds = evaluate_partial(entry["holds"], names)
        except FormulaError:
            holds = Decimal(0)
        if holds is not None and not holds:
            yield Problem(None, "device", entry["sentence"])


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


# --- for the certificate


def results(definition: Definition, sheet: Sheet) -> list[dict[str, Any]]:
    """The result table of the certificate, as texts; one column set for verification, one for calibration.

    A calibration shows reference, indication, error and U, ending at one place; a verification shows the derived
    quantities and the maximum permissible error.
    """
    point_column = {
        "key": "point",
        "title": definition["points"]["label"],
        "title_en": definition["points"].get("label_en", ""),
    }
    if sheet.activity == CALIBRATION:
        columns = [
            point_column,
            {"key": "indication", "title": "示值", "title_en": "Indication"},
            {"key": "error", "title": "示值误差", "title_en": "Error"},
        ]
        factors = sorted({point.k_text for point in sheet.points if point.k_text})
        title = f"U (k={factors[0]})" if len(factors) == 1 else "U"
        columns.append({"key": "U", "title": title, "title_en": title})
        rows = [
            {
                "point": point.text,
                "indication": point.indication_reported,
                "error": point.error_reported,
                "U": point.U_text,
                "verdict": str(point.verdict),
            }
            for point in sheet.points
        ]
        if len(factors) > 1:
            # An uncertainty never stands without its own coverage factor.
            columns.append({"key": "k", "title": "k", "title_en": "k"})
            rows = [row | {"k": point.k_text} for row, point in zip(rows, sheet.points, strict=True)]
    else:
        columns = [
            point_column,
            *(
                {"key": entry["key"], "title": entry["label"], "title_en": entry.get("label_en", "")}
                for entry in definition["derived"]
            ),
            {"key": "mpe", "title": "最大允许误差", "title_en": "Maximum permissible error"},
        ]
        rows = [
            {
                "point": point.text,
                **{key: each.text for key, each in point.derived.items()},
                "mpe": point.mpe_text,
                "verdict": str(point.verdict),
            }
            for point in sheet.points
        ]
    title = {"title": f"{definition['measurand']}示值", "title_en": "Indication"}
    return [{**title, "unit": sheet.unit, "columns": columns, "rows": rows}]


def check_lines(sheet: Sheet) -> list[dict[str, str]]:
    """The further items of the certificate, as texts."""
    return [
        {
            "title": check.title,
            "title_en": check.title_en,
            "result": check.result,
            "limit": check.limit,
            "verdict": str(check.verdict),
        }
        for check in sheet.checks
    ]
