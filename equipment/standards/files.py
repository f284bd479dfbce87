"""文件集 of a measurement standard: which documents it has to have, and which of them are there. Source: C-7.1.2-s2."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ..models import MeasurementStandard, StandardPaper, StandardTest
from .facts import State

Kind = StandardPaper.Kind
REVIEW_DAYS = 365
# A test on record is the record of the test.
RECORDED_AS = {Kind.REPEATABILITY: StandardTest.Kind.REPEATABILITY, Kind.STABILITY: StandardTest.Kind.STABILITY}


@dataclass(frozen=True)
class Paper:
    """One kind of document in the file set: whether it is there, and whether the set is incomplete without it."""

    kind: Kind
    required: bool
    there: bool


def expected(found: MeasurementStandard, *, changed: bool) -> list[Paper]:
    """The kinds of documents that this standard keeps, in their usual order; those of no concern to it are left out.

    `found`: of `facts.seen_on`; `changed`: whether a change had to be filed.
    """
    leave_out = set()
    if found.kind != MeasurementStandard.Kind.SOCIAL_PUBLIC:
        leave_out.add(Kind.SOCIAL_CERTIFICATE)
    if not changed:
        leave_out.add(Kind.CHANGE_FORM)
    if found.state not in (State.SEALED, State.WITHDRAWN):
        leave_out.add(Kind.SEAL_FORM)
    there = kinds_there(found)
    kinds = [kind for kind in Kind if kind not in leave_out or kind in there]
    return [Paper(kind, kind in StandardPaper.REQUIRED, kind in there) for kind in kinds]


def kinds_there(found: MeasurementStandard) -> set[str]:
    """The kinds of which there was a document, or a test on record, that day."""
    tested = {kind for kind, test in RECORDED_AS.items() if test in found.test_kinds}
    return {*found.paper_kinds, *tested}


def missing(found: MeasurementStandard) -> list[Kind]:
    """The documents without which the file set is not complete. Source: C-7.1.2-s2."""
    there = kinds_there(found)
    return [kind for kind in StandardPaper.REQUIRED if kind not in there]


def last_review(papers: Iterable[StandardPaper]) -> date | None:
    """The latest day on which a document of the set was looked through, or came into it."""
    return max((paper.reviewed_on or paper.dated_on for paper in papers), default=None)


def review_is_due(last: date | None, day: date) -> bool:
    """Whether the last look through the file set lies more than a year back. Source: C-7.1.2-s2."""
    return last is None or last < day - timedelta(REVIEW_DAYS)
