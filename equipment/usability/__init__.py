"""Whether a piece of equipment, or a measurement standard, may be used on a day, and why not: the one answer.

    reasons_against(equipment, day)   all reasons as refusals; none: it may be used
    reasons_of(rows, day)             the same of many at once, by their key
    usable_on(queryset, day)          those of the rows that have no reason against them; one statement with the rows
    live_word(equipment, day)         合格, 准用 or 停用, its colour, and what the use is restricted to
    standard_reasons(standard, ...)   the same for a measurement standard and a piece of work
    standards_usable_on(queryset, day)  the standards to choose from

Nothing of it is stored: what runs out is unusable the day after without anybody's act. All is as of the day, as far as
history tells it. Source: A-6.2.2, B-5.8-d, C-5.5.3, D-4.4.3.2.
"""

from .devices import reasons_against, reasons_of, usable_on
from .standards import parts_against, standard_reasons, standards_usable_on
from .words import Word, live_word, restriction_on

__all__ = [
    "Word",
    "live_word",
    "parts_against",
    "reasons_against",
    "reasons_of",
    "restriction_on",
    "standard_reasons",
    "standards_usable_on",
    "usable_on",
]
