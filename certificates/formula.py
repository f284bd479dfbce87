"""The formula language of data sheets: arithmetic, comparison and a few functions over Decimal, and nothing else.

    largest(up_after - point, down_after - point)
    accuracy_class / 100 * (upper - lower)
    point >= lower + 0.9 * span and unit_count < 4

A formula is parsed by a grammar into a small tree and worked out with 50 digits. It can neither call code nor
read anything but the names it is given. A comparison is 1 when it holds and 0 when it does not.
"""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, localcontext
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

LONGEST = 1000
DEEPEST = 100
DIGITS = 50
_LARGEST_ANGLE = Decimal(1_000_000)


class FormulaError(ValueError):
    """A formula cannot be read or worked out; the text is a Chinese sentence that says why."""


Tree = tuple[Any, ...]

_GRAMMAR = r"""
?start: either
?either: both | either "or" both -> or_
?both: comparison | both "and" comparison -> and_
?comparison: sum | sum COMPARATOR sum -> compare
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: signed | product "*" signed -> multiply | product "/" signed -> divide
?signed: power | "-" signed -> negative | "+" signed -> positive
?power: atom | atom ("^" | "**") signed -> power
?atom: NUMBER -> number
    | NAME -> name
    | NAME "(" arguments ")" -> call
    | "(" either ")"
arguments: either | arguments "," either
COMPARATOR: "<=" | ">=" | "==" | "!=" | "<" | ">"
NUMBER: /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?/
NAME: /[^\W\d]\w*/
%ignore " "
%ignore "\t"
"""


class _Builder(Transformer):
    """Builds the tree while the parser runs, so that deep nesting is refused before anything recurses."""

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Tree | list[Tree]:
        if children and isinstance(children[-1 if data == "call" else 0], list):
            children = [*children[:-1], *children[-1]] if data == "call" else [*children[0], *children[1:]]
        if data == "arguments":
            return children
        depth = 1 + max((child[0] for child in children if isinstance(child, tuple)), default=0)
        if depth > DEEPEST:
            raise FormulaError(f"公式嵌套超过 {DEEPEST} 层，请拆成几个中间量。")
        return (depth, str(data), *(str(child) if isinstance(child, Token) else child for child in children))


_PARSER = Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), start="start")


@lru_cache(maxsize=2048)
def parsed(text: str) -> Tree:
    """The tree of a formula; the same text is parsed once.

    Raises: FormulaError when the text is empty, too long, too deep or not in the language.
    """
    if not text.strip():
        raise FormulaError("公式是空的。")
    if len(text) > LONGEST:
        raise FormulaError(f"公式有 {len(text)} 个字符，最多 {LONGEST} 个。")
    try:
        tree = _PARSER.parse(text)
    except UnexpectedInput as error:
        column = getattr(error, "column", None)
        where = f"第 {column} 个字符处" if isinstance(column, int) and column > 0 else "末尾处"
        raise FormulaError(f"公式“{text[:60]}”在{where}读不懂，请检查括号、运算符和函数名。") from error
    except VisitError as error:
        if isinstance(error.orig_exc, FormulaError):
            raise error.orig_exc from None
        raise
    _check_calls(tree)
    return tree


def _check_calls(tree: Tree) -> None:
    _, kind, *parts = tree
    if kind == "call":
        name, arguments = parts[0], parts[1:]
        if name not in FUNCTIONS:
            raise FormulaError(f"没有函数“{name}”；可用的函数：{'、'.join(sorted(FUNCTIONS))}。")
        fewest, most = _ARITY.get(name, (1, None))
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            wanted = str(fewest) if most == fewest else f"至少 {fewest}"
            raise FormulaError(f"函数“{name}”要 {wanted} 个参数，这里有 {len(arguments)} 个。")
    for part in parts:
        if isinstance(part, tuple):
            _check_calls(part)


@lru_cache(maxsize=2048)
def names_in(text: str) -> frozenset[str]:
    """The names a formula needs, functions not among them. Raises: FormulaError when it cannot be read."""
    names: set[str] = set()
    waiting = [parsed(text)]
    while waiting:
        _, kind, *parts = waiting.pop()
        if kind == "name":
            names.add(parts[0])
        waiting.extend(part for part in parts if isinstance(part, tuple))
    return frozenset(names) - {"pi"}


def evaluate(text: str, names: Mapping[str, Decimal]) -> Decimal:
    """The value of a formula for the given names, with up to 50 digits, unrounded.

    Raises: FormulaError when a name is unknown or the value does not exist (division by zero, root of a negative).
    """
    value = evaluate_partial(text, names)
    if value is None:
        missing = sorted(name for name in names_in(text) if names.get(name) is None)
        raise FormulaError(f"公式“{text}”里的 {'、'.join(missing)} 还没有值。")
    return value


def evaluate_partial(text: str, names: Mapping[str, Decimal | None]) -> Decimal | None:
    """The value of a formula while some names still have none, or None as long as it cannot be told.

    A name mapped to None is a reading not yet taken: max, min, mean, largest and stdev look at the others meanwhile.
    Raises: FormulaError as `evaluate` does.
    """
    tree = parsed(text)
    with localcontext(_context()):
        try:
            value = _value(tree, names)
            if value is None:
                return None
            if not value.is_finite():
                raise FormulaError(f"公式“{text}”没有有限的结果。")
            return +value
        except DecimalException as error:
            raise FormulaError(f"公式“{text}”算不出来：{_reason(error)}。") from error


def evaluate_precisely(text: str, names: Mapping[str, Decimal], digits: int) -> Decimal:
    """The value of a formula with a chosen number of digits, as differences of nearly equal values need it.

    Raises: FormulaError as `evaluate` does.
    """
    tree = parsed(text)
    with localcontext(_context(digits)):
        try:
            value = _value(tree, names)
        except DecimalException as error:
            raise FormulaError(f"公式“{text}”算不出来：{_reason(error)}。") from error
    if value is None or not value.is_finite():
        raise FormulaError(f"公式“{text}”没有有限的结果。")
    return value


def _context(digits: int = DIGITS) -> Context:
    return Context(prec=digits, Emax=9999, Emin=-9999)


def _reason(error: DecimalException) -> str:
    return "除数为零" if "DivisionByZero" in repr(error) or "DivisionUndefined" in repr(error) else "运算没有结果或太大"


def _value(tree: Tree, names: Mapping[str, Decimal | None]) -> Decimal | None:
    _, kind, *parts = tree
    if kind == "number":
        return Decimal(parts[0])
    if kind == "name":
        if parts[0] in names:
            return names[parts[0]]
        if parts[0] == "pi":
            return pi()
        raise FormulaError(f"公式里的“{parts[0]}”没有定义。")
    if kind == "call":
        values = [_value(part, names) for part in parts[1:]]
        if parts[0] == "if":
            condition, yes, no = values
            return None if condition is None else (yes if condition else no)
        present = [value for value in values if value is not None]
        if len(present) < len(values) and (parts[0] not in _OVER_WHAT_IS_THERE or not present):
            return None
        return FUNCTIONS[parts[0]](*present)
    if kind == "compare":
        left, right = _value(parts[0], names), _value(parts[2], names)
        return None if left is None or right is None else Decimal(_COMPARATORS[parts[1]](left, right))
    values = [_value(part, names) for part in parts]
    if any(value is None for value in values):
        return None
    return _OPERATORS[kind](*values)


def pi() -> Decimal:
    """The circle number with the digits of the current context. Source: Gauss-Legendre iteration."""
    with localcontext() as context:
        context.prec += 6
        a, b, t, p = Decimal(1), 1 / Decimal(2).sqrt(), Decimal("0.25"), Decimal(1)
        for _ in range(context.prec.bit_length() + 1):
            a, b, t, p = (a + b) / 2, (a * b).sqrt(), t - p * ((a - b) / 2) ** 2, 2 * p
        circle = (a + b) ** 2 / (4 * t)
    return +circle


def _series(first: Decimal, step: Callable[[Decimal, int], Decimal]) -> Decimal:
    """The sum of a quickly falling series: each term from the one before, until the sum no longer changes."""
    total, term, index = first, first, 1
    while True:
        term = step(term, index)
        if total + term == total:
            return total
        total, index = total + term, index + 1


def sine(angle: Decimal) -> Decimal:
    """The sine of an angle in radians, in the current context. Raises: FormulaError beyond a million radians."""
    if abs(angle) > _LARGEST_ANGLE:
        raise FormulaError("角度太大：三角函数的自变量用弧度，不超过 1 000 000。")
    if angle == 0:
        return Decimal(0)
    with localcontext() as context:
        context.prec += 12
        turn = 2 * pi()
        x = angle - turn * (angle / turn).to_integral_value()
        total = _series(x, lambda term, n: -term * x * x / (2 * n * (2 * n + 1))) if x else x
    return +total


def cosine(angle: Decimal) -> Decimal:
    """The cosine of an angle in radians, in the current context. Raises: FormulaError beyond a million radians."""
    with localcontext() as context:
        context.prec += 6
        quarter = pi() / 2
        total = sine(quarter - abs(angle))
    return +total


def tangent(angle: Decimal) -> Decimal:
    """The tangent of an angle in radians, in the current context."""
    return sine(angle) / cosine(angle)


def arctangent(value: Decimal) -> Decimal:
    """The angle in radians whose tangent is the value, in the current context."""
    if value == 0:
        return Decimal(0)
    with localcontext() as context:
        context.prec += 12
        x, halvings = value, 0
        while abs(x) > Decimal("0.1"):
            x, halvings = x / (1 + (1 + x * x).sqrt()), halvings + 1
        power, total, n = x, x, 1
        while True:
            power = -power * x * x
            n += 2
            if total + power / n == total:
                break
            total += power / n
        total *= 2**halvings
    return +total


def _mean(*values: Decimal) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _stdev(*values: Decimal) -> Decimal:
    if len(values) < 2:
        return Decimal(0)
    mean = _mean(*values)
    return (sum(((value - mean) ** 2 for value in values), Decimal(0)) / (len(values) - 1)).sqrt()


def _largest(*values: Decimal) -> Decimal:
    return max(values, key=abs)


FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "abs": abs,
    "atan": arctangent,
    "cos": cosine,
    "exp": lambda value: value.exp(),
    "if": lambda condition, yes, no: yes if condition else no,
    "largest": _largest,
    "ln": lambda value: value.ln(),
    "log10": lambda value: value.log10(),
    "max": lambda *values: max(values),
    "mean": _mean,
    "min": lambda *values: min(values),
    "sin": sine,
    "sqrt": lambda value: value.sqrt(),
    "stdev": _stdev,
    "tan": tangent,
}
_SEVERAL = ("largest", "max", "mean", "min", "stdev")
_OVER_WHAT_IS_THERE = frozenset(_SEVERAL)
_ARITY: dict[str, tuple[int, int | None]] = {
    **{name: (1, 1) for name in FUNCTIONS if name not in _SEVERAL},
    "if": (3, 3),
    "stdev": (2, None),
}

_COMPARATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
_OPERATORS: dict[str, Callable[..., Decimal]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "positive": lambda a: +a,
    "power": lambda a, b: a**b,
    "and_": lambda a, b: Decimal(bool(a and b)),
    "or_": lambda a, b: Decimal(bool(a or b)),
}
