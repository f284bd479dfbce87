"""环境条件: what rooms must keep, what is read in them, and what follows from the readings.

    note(batch, source=…, actor=…, at=…)         readings are on record, all or none
    periods_of(requirements, first, last, at=…)  times outside the limits and times without readings, with their answers
    unanswered(institution, first, last)         those of them that nobody has answered
    conditions(room, first, last, method=…)      whether the room kept its limits while work went on

A requirement counts from its first day until a later one of the same room, method and element takes its place, and every
reading is held against the one of its day. Once it has been in use its limits are not amended any more (gates.py).
"""

from .noting import Flaw, Noted, Reading, Unfit, note
from .periods import Kind, Period, periods_of
from .requirements import limits_text, stated
from .standing import Condition, Word, conditions, unanswered

__all__ = [
    "Condition",
    "Flaw",
    "Kind",
    "Noted",
    "Period",
    "Reading",
    "Unfit",
    "Word",
    "conditions",
    "limits_text",
    "note",
    "periods_of",
    "stated",
    "unanswered",
]
