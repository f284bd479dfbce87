"""What was measured with a piece of equipment or a measurement standard: asked of the apps that measure.

An app to the right says with `@answers` what it knows; nothing here knows of records or certificates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ..models import Equipment, MeasurementStandard


@dataclass(frozen=True)
class Use:
    """One use: the day, what was measured for whom, and the certificate that came of it, with addresses.

    `touched` says what it means for somebody outside: whether a certificate has been issued on it.
    """

    day: date
    record: str
    record_url: str
    certificate: str = ""
    certificate_url: str = ""
    touched: bool = False
    customer: str = ""


Tool = Equipment | MeasurementStandard
Answer = Callable[[Tool, date | None, date], list[Use]]

ANSWERS: list[Answer] = []


def answers(function: Answer) -> Answer:
    """The function is asked for uses from now on: of this tool, from a day (None: ever) to a day, in order."""
    ANSWERS.append(function)
    return function


def uses_of(tool: Tool, first: date | None, last: date) -> list[Use]:
    """All uses of the equipment or standard in that time, the earliest first."""
    found = [use for answer in ANSWERS for use in answer(tool, first, last)]
    return sorted(found, key=lambda use: (use.day, use.record))
