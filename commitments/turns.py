"""Whoever changes what is public of an institution does so one after the other."""

from institutions.models import Institution


def in_turn(institution_id: int) -> Institution:
    """Whoever else changes a pledge of the institution, or a fact on which one rests, has finished; until the commit nobody else does.

    A card is reckoned from several rows: two transactions that did not see each other would write what is true of neither.
    Taken before the lock on a pledge, so that two never wait for each other. Needs a transaction. Source: E2.10.
    """
    return Institution.objects.select_for_update(no_key=True).get(pk=institution_id)
