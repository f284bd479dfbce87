"""What follows when registers change on which authorisations rest: by hand, from a list, or from a spreadsheet.

In the transaction that writes the rows, once for all of them, however many they are.
"""

from collections.abc import Sequence
from datetime import datetime

from portal.actors import Actor
from portal.registers import Written

from ..models import Employment, Institution
from .authorising import day_of
from .reconsidering import reconsider, reconsider_lines

MOST_LINES = 500  # each that is suspended is an act of its own


def evidence(rows: Sequence[Written], actor: Actor, at: datetime) -> None:
    """Those whom the rows are about, or were about before, are reconsidered."""
    employments = {key for written in rows for key in written.ids("employment_id")}
    people = set(Employment.objects.filter(pk__in=employments).values_list("person_id", flat=True))
    reconsider(_institution(rows), day_of(at), at=at, person_ids=people)


def trainings(rows: Sequence[Written], actor: Actor, at: datetime) -> None:
    """Whoever rests on a training that was put right is reconsidered; on a new one nobody rests yet."""
    if any(written.before for written in rows):
        everybody(rows, actor, at)


def lines(rows: Sequence[Written], actor: Actor, at: datetime) -> None:
    """Lines of scope that lack people do not count from the first moment on. Very many wait for the night.

    Else a suspended line could be withdrawn and recorded anew. Source: C-5.1.1-s2.
    """
    if len(rows) <= MOST_LINES:
        reconsider_lines(_institution(rows), day_of(at), at=at)


def everybody(rows: Sequence[Written], actor: Actor, at: datetime) -> None:
    """All are reconsidered: what changed is something about the institution."""
    reconsider(_institution(rows), day_of(at), at=at)


def _institution(rows: Sequence[Written]) -> Institution:
    return Institution.objects.get(pk=rows[0].row.institution_id)
