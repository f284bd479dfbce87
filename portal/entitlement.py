"""Whether somebody still holds a right at the moment of the act, asked under a lock. Source: E2.10, E3.17.

Rights are proven when a request begins; an act may come seconds later, queued work hours later. The app that knows
memberships answers; the ground floor only asks.
"""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied

from .actors import Actor
from .permissions import Permission

# user, institution (None: none), right -> whether the user holds it now; locks what it has read until the commit
Answer = Callable[[int, int | None, Permission], bool]
_answers: list[Answer] = []


def answered_by(answer: Answer) -> None:
    """This function answers from now on."""
    _answers[:] = [answer]


def holds(user_id: int, institution_id: int | None, permission: Permission) -> bool:
    """Whether the user holds the right now; what says so stays locked until the transaction ends."""
    return all(answer(user_id, institution_id, permission) for answer in _answers)


def confirm(actor: Actor, permission: Permission, institution_id: int | None) -> None:
    """Passes when a person still holds the right. Parts of the portal act by themselves. Raises: PermissionDenied."""
    if actor.user_id is not None and not holds(actor.user_id, institution_id, permission):
        raise PermissionDenied(f"{actor.name} no longer holds {permission}")
