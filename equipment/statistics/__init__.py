"""What JJF 1033-2023 and the practice of 期间核查 reckon from readings: pure functions, Decimal in, Decimal out.

Nothing is rounded on the way; verdicts compare unrounded figures with their limits. Source: GB/T 8170-2008.
"""

from .control import SIDE, factor_of_s, limits_of_s, runs
from .drift import Line, fitted, reached
from .figures import Figures, deviation, figures_of, mean, places, pooled, rounded, spread
from .intermediate import LIMIT, WARN, beyond_limits, h_value, ratio_verdict, share_of_limit
from .repeatability import ENOUGH, FEWEST, repeatable
from .significance import ALPHA, greater_variance, p_of_f, p_of_t
from .stability import FEWEST_GROUPS, close_groups, far_enough, stable
from .verification import (
    allowed_by_comparison,
    allowed_by_transfer,
    confirmed_by_comparison,
    confirmed_by_transfer,
)

__all__ = [
    "ALPHA",
    "ENOUGH",
    "FEWEST",
    "FEWEST_GROUPS",
    "LIMIT",
    "SIDE",
    "WARN",
    "Figures",
    "Line",
    "allowed_by_comparison",
    "allowed_by_transfer",
    "beyond_limits",
    "close_groups",
    "confirmed_by_comparison",
    "confirmed_by_transfer",
    "deviation",
    "factor_of_s",
    "far_enough",
    "figures_of",
    "fitted",
    "greater_variance",
    "h_value",
    "limits_of_s",
    "mean",
    "p_of_f",
    "p_of_t",
    "places",
    "pooled",
    "ratio_verdict",
    "reached",
    "repeatable",
    "rounded",
    "runs",
    "share_of_limit",
    "spread",
    "stable",
]
