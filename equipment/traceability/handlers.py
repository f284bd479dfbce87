"""What follows from a certificate on record, in the same transaction."""

from ..models import Traceability
from . import workflow


def after_trace(sender: type, *, row: Traceability, **kwargs: object) -> None:
    """Its points are kept, and the clock of calibration or verification runs to its end."""
    workflow.keep_points(row)
    workflow.move_the_clock(row)
