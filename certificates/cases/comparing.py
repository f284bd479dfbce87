"""Whether what came out is what was printed, within the tolerance of the case or of the printed digits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from certificates.cases import fields
from certificates.cases.fields import Fields, NotUnderstood
from certificates.rounding import round_places
from portal.decimals import plain


@dataclass(frozen=True)
class Outcome:
    """One case: what came out, what was printed, and whether they agree within the tolerance of the case."""

    id: str
    got: Any
    expected: Any
    passed: bool


_EXACT = frozenset({"dof", "nu_used", "count", "n", "nu_truncated"})
# What tolerance a coverage factor gets that is printed as a bare 2.
_FACTOR_TOLERANCE = Decimal("0.005")


def _tolerance(key: str, expected: Decimal, given: Any) -> Decimal:
    """The tolerance of the case, else half a unit of the last printed digit."""
    if isinstance(given, dict):
        base = re.sub(r"_(guf|exact|mcm)$", "", key)
        given = given.get(key, given.get(base))
    if given is not None:
        return fields.number(given)
    if key in _EXACT:
        return Decimal("0.0005")
    # JSON writes a whole number of a source as 34.0; the zero was never printed.
    written = expected.quantize(Decimal(1)) if expected == expected.to_integral_value() else expected
    half = Decimal(5).scaleb(min(int(written.as_tuple().exponent), 0) - 1)
    if key in {"k", "t"}:
        return min(half, _FACTOR_TOLERANCE)
    return min(half, abs(expected) / 100) if expected == expected.to_integral_value() and expected else half


def agree(key: str, got: Any, expected: Any, tolerance: Any) -> bool:
    """Whether a figure, or every figure of a list or block, is the expected one within the tolerance."""
    if expected is None or got is None:
        return expected is got
    if isinstance(expected, list):
        return len(got) == len(expected) and all(
            agree(key, each, wanted, tolerance) for each, wanted in zip(got, expected, strict=True)
        )
    if isinstance(expected, dict):
        return all(each in got and agree(each, got[each], figure, tolerance) for each, figure in expected.items())
    if isinstance(expected, str) and isinstance(got, str):
        return got == expected
    wanted = fields.number(expected)
    # An interval that begins at a bare zero still is printed with the digits of its other end.
    return abs(fields.number(got) - wanted) <= _tolerance(key, wanted, tolerance)


def shown(value: Any) -> Any:
    """A result as it is listed: at most ten significant digits, as text."""
    if isinstance(value, Decimal):
        if value == 0 or not value.is_finite():
            return "0" if value == 0 else str(value)
        return plain(round_places(value, 9 - value.adjusted()).normalize())
    if isinstance(value, float):
        return shown(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


def printed(value: Any) -> Any:
    """An expected figure, or a list or block of them, as text with the digits of the source."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: printed(each) for key, each in value.items()}
    return [printed(each) for each in value] if isinstance(value, list) else value


# Under which names sources print the figures that are worked out here.
_ALIASES = {
    "u_c": ("uc", "u_y", "u(y)", "u_combined", "combined", "standard_uncertainty", "u_mean"),
    "U": ("U95", "U_95", "U_p", "expanded", "expanded_uncertainty"),
    "nu_eff": ("veff", "v_eff", "dof_eff", "nu", "dof", "effective_dof"),
    "nu_used": ("nu_truncated", "dof_used", "nu_int"),
    "y": ("result", "mean", "estimate", "value"),
    "k": ("k95", "k_95", "k_p", "kp", "coverage_factor"),
}


def compared(identity: str, got: Mapping[str, Any], expected: Fields, tolerance: Any) -> Outcome:
    """The figures of a case against those expected; words among the expected ones are not compared.

    Raises: NotUnderstood when a figure is expected that was not worked out.
    """
    known = {alias: got[name] for name, aliases in _ALIASES.items() if name in got for alias in aliases} | dict(got)
    keys = [key for key in expected if key in known or not isinstance(expected[key], str | bool)]
    lacking = [key for key in keys if key not in known]
    if lacking or not keys:
        raise NotUnderstood(f"nothing known about {', '.join(lacking)}")
    passed = all(agree(key, known[key], expected[key], tolerance) for key in keys)
    return Outcome(identity, shown({key: known[key] for key in keys}), printed(dict(expected)), passed)
