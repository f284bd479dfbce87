"""The straight line through measured points by least squares, with the uncertainty of what it predicts (GUM H.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from certificates.uncertainty import DIGITS, WORKING_DIGITS


@dataclass(frozen=True)
class Line:
    """A fitted straight line: y = intercept + slope (x - x0), its covariance and residual standard deviation."""

    intercept: Decimal
    slope: Decimal
    u_intercept: Decimal
    u_slope: Decimal
    covariance: Decimal
    r: Decimal
    s: Decimal
    dof: int
    x0: Decimal

    def at(self, x: Decimal) -> tuple[Decimal, Decimal]:
        """The predicted value and its standard uncertainty, the covariance of the coefficients included."""
        step = x - self.x0
        value = self.intercept + self.slope * step
        variance = self.u_intercept**2 + (step * self.u_slope) ** 2 + 2 * step * self.covariance
        return value, variance.sqrt()


def straight_line(x: Sequence[Decimal], y: Sequence[Decimal], x0: Decimal = Decimal(0)) -> Line:
    """The least-squares line of y on x - x0, with its covariance from the residuals.

    Raises: ValueError for fewer than three points or points that share one x. Source: GUM H.3.
    """
    count = len(x)
    if count != len(y) or count < 3:
        raise ValueError("a line with its uncertainty needs at least three points")
    with localcontext() as context:
        context.prec = WORKING_DIGITS
        steps = [value - x0 for value in x]
        sum_x, sum_y = sum(steps, Decimal(0)), sum(y, Decimal(0))
        sum_xx = sum((step * step for step in steps), Decimal(0))
        sum_xy = sum((step * value for step, value in zip(steps, y, strict=True)), Decimal(0))
        determinant = count * sum_xx - sum_x**2
        if determinant == 0:
            raise ValueError("all points share one x")
        intercept = (sum_y * sum_xx - sum_x * sum_xy) / determinant
        slope = (count * sum_xy - sum_x * sum_y) / determinant
        residuals = [value - intercept - slope * step for step, value in zip(steps, y, strict=True)]
        variance = sum((residual**2 for residual in residuals), Decimal(0)) / (count - 2)
        u_intercept = (variance * sum_xx / determinant).sqrt()
        u_slope = (variance * count / determinant).sqrt()
        covariance = -variance * sum_x / determinant
        r = -sum_x / (count * sum_xx).sqrt()
        line = (intercept, slope, u_intercept, u_slope, covariance, r, variance.sqrt())
    with localcontext() as context:
        context.prec = DIGITS
        return Line(*(+number for number in line), count - 2, x0)
