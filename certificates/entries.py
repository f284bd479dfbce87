"""What is typed into a data sheet: figures of instrument and standard, readings, conditions, each judged by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from certificates.formula import FormulaError, evaluate_partial
from certificates.rounding import places_of, round_places
from institutions import units
from portal.decimals import Unreadable, parse, plain, trimmed

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
class Station:
    """A point before anything is worked out at it."""

    index: int
    text: str
    value: Decimal


# --- the instrument and the standard


def number(text: Any) -> Decimal | None:
    """The number that was typed, or None when nothing was or it cannot be read."""
    try:
        return parse(str(text)) if text not in (None, "") else None
    except Unreadable:
        return None


def figures_of_device(definition: Definition, device: Mapping[str, str]) -> Names:
    """The figures of the instrument by key of the definition, the proposed ones where nothing was typed."""
    return {entry["key"]: number(device.get(entry["key"]) or entry.get("default")) for entry in definition["device"]}


def figures_of_standard(definition: Definition, standard: Mapping[str, str]) -> tuple[Names, list[Problem]]:
    """The figures of the standard, in the unit of the sheet, as standard_U, standard_k, standard_mpe and so on.

    Figures in a unit of another kind are left out, with a problem that says so.
    """
    names: Names = {"standard_U": None, "standard_k": None, "standard_mpe": None}
    for key, text in standard.items():
        if key.isidentifier() and key.isascii():
            names[f"standard_{key}"] = number(text)
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


def with_constants(definition: Definition, names: Names) -> Names:
    """These names and the constants of the definition, None while something they need is missing.

    Raises: FormulaError for a constant that cannot be worked out.
    """
    complete = dict(names)
    for key, text in definition.get("constants", {}).items():
        complete[key] = evaluate_partial(text, complete)
    return complete


def device_problems(definition: Definition, device: Mapping[str, str], names: Names) -> Iterator[Problem]:
    """What is missing, unreadable or contradictory among the figures of the instrument."""
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


# --- readings


def _reading_name(definition: Definition, key: str) -> str:
    entry = next(entry for entry in definition["readings"] if entry["key"] == key)
    return f"{entry.get('group', '')}{entry['label']}"


def _neighbours(value: Decimal, step: Decimal) -> tuple[Decimal, Decimal]:
    below = (value / step).to_integral_value(rounding="ROUND_FLOOR") * step
    return below, below + step


def read_cell(
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


# --- conditions


def checked_conditions(definition: Definition, given: Mapping[str, str]) -> Iterator[Condition]:
    """Every environmental condition of the procedure against what was typed for it."""
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
