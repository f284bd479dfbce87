"""Who is told of what: by role, with substitutes, and never nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from . import duelists
from .actors import Actor
from .models import Absence
from .permissions import Role


@dataclass(frozen=True)
class Recipient:
    """A member who can be written to now: an open account and an active membership, whose name in addresses is `ref`."""

    user_id: int
    ref: str
    name: str
    email: str
    roles: tuple[Role, ...]


Resolver = Callable[[int], Iterable[Recipient]]
_resolvers: list[Resolver] = []


def recipients_from(resolver: Resolver) -> None:
    """This function tells, from now on, who the members of an institution are, inside the institution's scope."""
    _resolvers[:] = [resolver]


def recipients(institution_id: int) -> list[Recipient]:
    """Everybody of the institution who can be written to now."""
    return [recipient for resolver in _resolvers for recipient in resolver(institution_id)]


def rules_of(roles: Iterable[Role]) -> set[str]:
    """Names of the rules of which somebody in these roles is told; a regulator reads them all."""
    roles = set(roles)
    return {rule.name for rule in duelists.RULES.values() if rule.recipients & roles or Role.REGULATOR in roles}


def told(institution_id: int, day: date) -> dict[int, set[str]]:
    """User -> names of the rules of which the user is told that day. Two queries. Source: E8.42."""
    return _told(institution_id, _absences(institution_id, day))


def _told(institution_id: int, absences: list[tuple[int, int]]) -> dict[int, set[str]]:
    """The same, with who is away and who stands in for whom.

    A substitute is told of everything the absent member is told of, and the absent member still is: a mail that waits does
    no harm, and nobody has to find out afterwards what happened. A rule that reaches nobody with an address goes to the
    administrators.
    """
    people = {person.user_id: person for person in recipients(institution_id)}
    mine = {user_id: rules_of(person.roles) for user_id, person in people.items()}
    for absent, substitute in absences:
        if absent in people and substitute in people:
            mine[substitute] = mine[substitute] | rules_of(people[absent].roles)
    reached = {rule for user_id, rules in mine.items() if people[user_id].email for rule in rules}
    unheard = set(duelists.RULES) - reached
    for user_id, person in people.items():
        if Role.ADMINISTRATOR in person.roles:
            mine[user_id] |= unheard
    return mine


def _absences(institution_id: int, day: date) -> list[tuple[int, int]]:
    rows = Absence.objects.filter(institution_id=institution_id, state=Absence.State.ANNOUNCED)
    rows = rows.filter(first_day__lte=day, last_day__gte=day).order_by("pk")
    return list(rows.values_list("absent_id", "substitute_id"))


def duties(actor: Actor, day: date) -> set[str]:
    """Names of the rules of which this actor is told that day; asked of the database once in a request.

    One query for who stands in for somebody, one more for a substitute and for an administrator.
    """
    key = ("duties", day)
    if key not in actor.found_out:
        actor.found_out[key] = _duties(actor, day)
    return actor.found_out[key]


def _duties(actor: Actor, day: date) -> set[str]:
    mine = rules_of(actor.roles)
    if actor.user_id is None or actor.institution_id is None or Role.REGULATOR in actor.roles:
        return mine
    absences = _absences(actor.institution_id, day)
    stands_in = any(substitute == actor.user_id for _absent, substitute in absences)
    if not stands_in and Role.ADMINISTRATOR not in actor.roles:
        return mine
    return _told(actor.institution_id, absences).get(actor.user_id, mine)
