"""Definitions of data sheets: what is wrong with one, before anybody fills a sheet by it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from certificates.conformity import RULES
from certificates.formula import FormulaError, names_in
from certificates.uncertainty import Shape
from institutions import units
from portal.decimals import Unreadable, parse

_RATIO = re.compile(r"[0-9]{1,9}/[1-9][0-9]{0,8}|[0-9](\.[0-9]{1,9})?", re.ASCII)
_KEYS_OF_INPUT = ("value", "U", "k", "u", "half_width", "dof")


def _are_texts(value: Any) -> bool:
    """Whether the value is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


@dataclass
class _Inspection:
    """Collects what is wrong with a definition."""

    problems: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        self.problems.append(sentence)

    def entries(self, definition: Mapping[str, Any], name: str, *, required: bool) -> list[Mapping[str, Any]]:
        """The list under this name as far as it is one; anything else is a problem."""
        found = definition.get(name, [])
        if not isinstance(found, list) or (required and not found):
            self.say(f"“{name}”应是一个列表{'，且不能为空' if required else ''}。")
            return []
        good = [entry for entry in found if isinstance(entry, dict)]
        if len(good) < len(found):
            self.say(f"“{name}”里的每一项都应是一个对象。")
        return good

    def keys(self, entries: Sequence[Mapping[str, Any]], name: str) -> list[str]:
        """The keys of the entries, which must be identifiers and differ."""
        keys = []
        for entry in entries:
            key = entry.get("key")
            if not isinstance(key, str) or not key.isidentifier() or not key.isascii():
                self.say(f"“{name}”里有一项的 key 不是英文标识符。")
            elif key in keys:
                self.say(f"“{name}”里的 key“{key}”重复。")
            else:
                keys.append(key)
            if not isinstance(entry.get("label"), str) or not entry.get("label"):
                self.say(f"“{name}”的“{key}”没有 label。")
        return keys

    def formula(self, text: Any, known: set[str], where: str) -> None:
        """A formula that can be read and uses known names only."""
        if not isinstance(text, str):
            self.say(f"{where}应是一个公式（文本）。")
            return
        try:
            unknown = sorted(names_in(text) - known)
        except FormulaError as error:
            self.say(f"{where}：{error}")
            return
        if unknown:
            self.say(f"{where}用到没有定义的 {'、'.join(unknown)}。")

    def number(self, text: Any, where: str, *, above: str = "-Infinity", below: str = "Infinity") -> None:
        """A number written as text, between the limits where there are any."""
        try:
            value = parse(text if isinstance(text, str) else "")
        except Unreadable:
            self.say(f"{where}应是写成文本的数字。")
            return
        if not Decimal(above) < value < Decimal(below):
            self.say(f"{where}超出允许的范围。")

    def unit(self, text: Any, where: str) -> None:
        """A legal unit or a conventional scale."""
        if not isinstance(text, str) or not (units.is_legal(text) or units.is_scale(text)):
            advice = units.advice_for(text) if isinstance(text, str) else None
            self.say(f"{where}的单位“{str(text)[:20]}”不是法定计量单位{f'：{advice}' if advice else ''}。")


def check_definition(definition: Any) -> list[str]:
    """What is wrong with the definition of a procedure, as Chinese sentences; an empty list when it can be used."""
    seen = _Inspection()
    if not isinstance(definition, dict):
        return ["定义应是一个 JSON 对象。"]
    if definition.get("schema") != 1:
        seen.say("schema 应为 1。")
    for name in ("code", "title", "instrument", "measurand", "field", "method", "unit"):
        if not isinstance(definition.get(name), str) or not definition.get(name):
            seen.say(f"“{name}”应是一段文本，且不能为空。")
    if isinstance(definition.get("unit"), str):
        seen.unit(definition["unit"], "结果")
    known = _check_device(seen, definition)
    _check_conditions(seen, definition)
    conditions = seen.entries(definition, "conditions", required=False)
    known |= {key for entry in conditions if isinstance(key := entry.get("key"), str)}
    constants = definition.get("constants", {})
    if isinstance(constants, dict):
        for key, text in constants.items():
            seen.formula(text, known, f"常量“{key}”")
            known.add(key)
    else:
        seen.say("“constants”应是一个对象。")
    for entry in seen.entries(definition, "device_rules", required=False):
        seen.formula(entry.get("holds"), known, "“device_rules”的 holds")
        if not entry.get("sentence"):
            seen.say("“device_rules”的每一项都要有 sentence。")
    _check_points(seen, definition, known)
    for name in ("reading_step", "plausible"):
        if name in definition:
            seen.formula(definition[name], known, f"“{name}”")
    known |= {"point", *seen.keys(seen.entries(definition, "readings", required=True), "readings")}
    derived = seen.entries(definition, "derived", required=True)
    for entry in derived:
        seen.formula(entry.get("formula"), known, f"导出量“{entry.get('key')}”的 formula")
        if isinstance(entry.get("key"), str):
            known.add(entry["key"])
    seen.keys(derived, "derived")
    _check_limits(seen, definition, known)
    known |= {"mpe"}
    for entry in derived:
        if "limit" in entry:
            seen.formula(entry["limit"], known, f"导出量“{entry.get('key')}”的 limit")
    result = definition.get("result")
    if not isinstance(result, dict):
        seen.say("“result”应是一个对象。")
    else:
        for name, text in result.items():
            seen.formula(text, known, f"“result”的 {name}")
        if "error" not in result and "error" not in {entry.get("key") for entry in derived}:
            seen.say("“result”要给出 error 的公式，或者有一个导出量叫 error。")
    _check_uncertainty(seen, definition, known | {"reference", "error"})
    ratio = definition.get("ratio", "1/3")
    # Looked at before it is read: a Fraction works out "1e9999999999" to its last digit.
    if not isinstance(ratio, str) or not _RATIO.fullmatch(ratio):
        seen.say("“ratio”应写成“1/3”这样的分数。")
    elif not 0 < Fraction(ratio) <= 1:
        seen.say("“ratio”应大于 0 且不大于 1。")
    rules = definition.get("decision_rules", [])
    if not _are_texts(rules) or any(rule not in RULES for rule in rules):
        seen.say(f"“decision_rules”里只能有 {'、'.join(RULES)}。")
    months = definition.get("interval_months")
    if months is not None and (not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= 120):
        seen.say("“interval_months”应是 1～120 的整数。")
    return seen.problems


def _check_device(seen: _Inspection, definition: Mapping[str, Any]) -> set[str]:
    entries = seen.entries(definition, "device", required=True)
    keys = seen.keys(entries, "device")
    for entry in entries:
        where = f"器具参数“{entry.get('key')}”"
        if entry.get("type") == "choice":
            choices = entry.get("choices")
            if not choices or not _are_texts(choices):
                seen.say(f"{where}的 choices 应是文本的列表。")
        elif entry.get("type") == "decimal":
            if entry.get("unit"):
                seen.unit(entry["unit"], where)
        elif entry.get("type") != "text":
            seen.say(f"{where}的 type 应是 decimal、choice 或 text。")
    class_key = definition.get("class_key")
    if class_key is not None and class_key not in keys:
        seen.say(f"“class_key”指的“{class_key}”不在器具参数里。")
    return set(keys)


def _check_conditions(seen: _Inspection, definition: Mapping[str, Any]) -> None:
    for name in ("conditions", "observations"):
        entries = seen.entries(definition, name, required=False)
        seen.keys(entries, name)
        for entry in entries:
            where = f"“{name}”的“{entry.get('key')}”"
            if name == "conditions":
                seen.unit(entry.get("unit"), where)
                for bound in ("minimum", "maximum"):
                    if bound in entry:
                        seen.number(entry[bound], f"{where}的 {bound}")
            elif not _are_texts(entry.get("choices")) or entry.get("pass") not in entry["choices"]:
                seen.say(f"{where}的 choices 应是文本的列表，pass 应是其中之一。")


def _check_points(seen: _Inspection, definition: Mapping[str, Any], known: set[str]) -> None:
    points = definition.get("points")
    if not isinstance(points, dict) or not isinstance(points.get("default"), list) or not points.get("default"):
        seen.say("“points”应是一个对象，default 是公式的列表。")
        return
    if not isinstance(points.get("label"), str) or not points["label"]:
        seen.say("“points”没有 label。")
    fewest = points.get("minimum_count", 1)
    if not isinstance(fewest, int) or isinstance(fewest, bool) or not 1 <= fewest <= 100:
        seen.say("“points”的 minimum_count 应是 1～100 的整数。")
    for text in points["default"]:
        seen.formula(text, known, "“points”的 default")
    if "round_to" in points:
        seen.formula(points["round_to"], known, "“points”的 round_to")


def _check_limits(seen: _Inspection, definition: Mapping[str, Any], known: set[str]) -> None:
    class_key = definition.get("class_key")
    devices = seen.entries(definition, "device", required=False)
    grades = next((entry.get("choices") for entry in devices if entry.get("key") == class_key), [])
    if not _are_texts(grades):
        grades = []  # said already
    for entry in seen.entries(definition, "mpe", required=False):
        for name in ("when", "times", "value"):
            if name in entry:
                seen.formula(entry[name], known, f"“mpe”的 {name}")
        table = entry.get("table")
        if table is None and "value" not in entry:
            seen.say("“mpe”的每一项要有 table 或 value。")
        elif table is not None and not isinstance(table, dict):
            seen.say("“mpe”的 table 应是一个对象。")
        elif table is not None:
            lacking = [grade for grade in grades if grade not in table]
            if lacking:
                seen.say(f"“mpe”的 table 缺少等级 {'、'.join(lacking)}。")
            for grade, text in table.items():
                seen.number(text, f"“mpe”的 table 里等级 {grade}")


def _check_uncertainty(seen: _Inspection, definition: Mapping[str, Any], known: set[str]) -> None:
    uncertainty = definition.get("uncertainty")
    if not isinstance(uncertainty, dict):
        seen.say("“uncertainty”应是一个对象。")
        return
    further = uncertainty.get("standard_names", [])
    if not _are_texts(further):
        seen.say("不确定度的 standard_names 应是文本的列表。")
        further = []
    known = known | {"standard_U", "standard_k", "standard_mpe", *further}
    names = set()
    for entry in seen.entries(uncertainty, "inputs", required=True):
        name = entry.get("name")
        if not isinstance(name, str) or not name.isidentifier():
            seen.say("不确定度的每个输入量都要有 name。")
            continue
        names.add(name)
        alternatives = entry.get("larger_of", [entry])
        if not isinstance(alternatives, list) or not all(isinstance(each, dict) for each in alternatives):
            seen.say(f"不确定度输入量“{name}”的 larger_of 应是对象的列表。")
            continue
        if not alternatives:
            seen.say(f"不确定度输入量“{name}”的 larger_of 是空的。")
        for each in alternatives:
            _check_input(seen, {**entry, **each}, known)
    seen.formula(uncertainty.get("model"), names, "不确定度的 model")
    if uncertainty.get("k", "auto") != "auto":
        seen.number(uncertainty["k"], "不确定度的 k", above="0")
    if "p" in uncertainty:
        seen.number(uncertainty["p"], "不确定度的 p", above="0", below="1")


def _check_input(seen: _Inspection, entry: Mapping[str, Any], known: set[str]) -> None:
    where = f"不确定度输入量“{entry['name']}”"
    for name in _KEYS_OF_INPUT:
        if name in entry:
            seen.formula(entry[name], known, f"{where}的 {name}")
    ways = [name for name in ("U", "u", "half_width", "readings") if name in entry]
    if len(ways) != 1:
        seen.say(f"{where}要在 U（配 k）、u、half_width、readings 中给且只给一种。")
    if "U" in entry and "k" not in entry:
        seen.say(f"{where}给了 U 却没有 k。")
    if "readings" in entry and not _are_texts(entry["readings"]):
        seen.say(f"{where}的 readings 应是名称的列表。")
    for text in entry["readings"] if _are_texts(entry.get("readings")) else ():
        seen.formula(text, known, f"{where}的 readings")
    shape = entry.get("distribution", "rectangular")
    if not isinstance(shape, str) or shape not in {
        Shape.RECTANGULAR,
        Shape.TRIANGULAR,
        Shape.U_SHAPED,
        Shape.TWO_POINT,
    }:
        seen.say(f"{where}的 distribution“{shape}”不认识。")
