"""What follows from a check or a test on record, in the same transaction."""

from datetime import datetime

from portal.actors import Actor

from ..models import IntermediateCheck, StandardTest
from ..trials import workflow as workflow_trials
from . import workflow as workflow_intermediate


def after_check(sender: type, *, row: IntermediateCheck, actor: Actor, at: datetime, **kwargs: object) -> None:
    """What has failed is stopped; what has not moves the clock."""
    if row.verdict == IntermediateCheck.Verdict.FAILED:
        workflow_intermediate.stop(row, actor=actor, at=at)
    else:
        workflow_intermediate.move_the_clock(row)


def after_test(sender: type, *, row: StandardTest, **kwargs: object) -> None:
    """A stability that holds moves the clocks of the main standards."""
    if row.kind == StandardTest.Kind.STABILITY and row.verdict == StandardTest.Verdict.PASSED:
        workflow_trials.move_the_clocks(row)
