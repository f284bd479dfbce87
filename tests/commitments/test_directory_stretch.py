"""U along a range: the largest one, wherever it lies."""

from decimal import Decimal

import pytest

from commitments.directory import stretch
from institutions.scope.cmc import Cmc

D = Decimal


def cmc(form="linear", constant="0", slope="0", relative=False, points="", unit="MPa"):
    return Cmc(form, D(constant), D(slope), unit, relative, points, "MPa")


@pytest.mark.parametrize(
    ("stated", "low", "high", "U"),
    [
        (cmc("constant", "0.1"), 0, 5, "0.1"),
        (cmc("constant", "100", unit="kPa"), 0, 5, "0.1"),
        (cmc("linear", "0.1", "0.01"), 1, 5, "0.15"),
        (cmc("linear", "0.1", "0.01"), -8, 5, "0.18"),
        (cmc("root", "0.3", "0.1"), 0, 4, "0.5"),
        (cmc("constant", "1", relative=True, unit="%"), 2, 5, "0.05"),
        (cmc("table", points="0 0.1\n5 0.4\n10 0.2"), 0, 10, "0.4"),
        (cmc("table", points="0 0.1\n5 0.4\n10 0.2"), 0, "2.5", "0.25"),
        (cmc("table", points="0 0.1\n5 0.4\n10 0.2"), 9, 11, None),
        # 0.4 at nought and nothing at 10, of the value: x (0.4 - 0.04 x) is 1 at 5, and less at both ends.
        (cmc("table", points="0 0.4\n10 0.0000000001", relative=True, unit=""), 1, 9, "1.00000000025"),
        (cmc("matrix", points="0～5 1～2 0.3\n0～5 2～3 0.1\n5～10 1～3 0.2"), 0, 10, "0.2"),
        (cmc("matrix", points="0～5 1～2 0.3\n0～5 2～3 0.1\n5～10 1～3 0.2"), 1, 5, "0.1"),
        (cmc("matrix", points="0～5 1～2 0.3\n0～5 2～3 0.1\n5～10 1～3 0.2"), 5, 5, "0.1"),
        (cmc("matrix", points="0～4 1～2 0.3\n5～10 1～3 0.2"), 1, 10, None),
        (cmc("matrix", points="0～10 1～2 0.01", relative=True, unit=""), 1, 8, "0.08"),
    ],
)  # fmt: skip
def test_the_u_that_holds_all_along(stated, low, high, U):
    found = stretch.most(stated, D(low), D(high))
    assert found == (None if U is None else D(U)) if U is None or len(U) < 9 else abs(found - D(U)) < D("1e-9")
