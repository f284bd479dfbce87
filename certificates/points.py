"""One point of a data sheet: its permissible error, its uncertainty budget, what is derived from its readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from certificates.conformity import Verdict, decide, overall
from certificates.coverage import coverage, expanded
from certificates.entries import CALIBRATION, VERIFICATION, Cell, Definition, Names, Station
from certificates.formula import evaluate as worked_out
from certificates.formula import evaluate_partial, names_in
from certificates.rounding import Mode, report, round_places
from certificates.uncertainty import Budget, Input, Shape, from_expanded, from_half_width, propagate, type_a
from portal.decimals import plain, signed, trimmed


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
class Setting:
    """What is the same for all points of one evaluation."""

    definition: Definition
    names: Names
    grade: str
    rule: str
    activity: str
    places: int
    mode: Mode
    ratio: Fraction


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


# --- the budget


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
    if numbers.get("dof", 1) <= 0:
        return None
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


# --- the point


def place(setting: Setting, point: Station, cells: dict[str, Cell], known: Point | None = None) -> Point:
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
    setting: Setting,
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
