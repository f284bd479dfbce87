"""What must hold for the rows of every institution, whatever happened: asked after tests, kills and restores.

An app registers a check; it is asked in the scope of each institution and names every object that breaks the rule:

    @invariant("a number belongs to one certificate")
    def numbers_once(institution):
        for number in doubled: yield f"{number} is on two certificates"
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from .tenancy import TenantModel, is_tenant_owned, tenant

Check = Callable[[Any], Iterable[str]]
CHECKS: dict[str, Check] = {}


@dataclass(frozen=True)
class Breach:
    """One object that breaks a rule."""

    rule: str
    institution: str
    sentence: str


def invariant(rule: str) -> Callable[[Check], Check]:
    """The decorated function is asked for every institution. Raises: ValueError when the rule is there already."""

    def register(check: Check) -> Check:
        if rule in CHECKS:
            raise ValueError(f"{rule!r} is registered twice")
        CHECKS[rule] = check
        return check

    return register


def breaches() -> Iterator[Breach]:
    """Every object of every institution that breaks a rule."""
    institutions = apps.get_model("institutions.Institution").objects.order_by("pk")
    for institution in institutions:
        for rule, check in CHECKS.items():
            with tenant(institution.pk):
                for sentence in check(institution):
                    yield Breach(rule, institution.slug, sentence)


def selected(query: str, *values: Any) -> list[tuple]:
    """The rows of a statement, inside the scope that is open."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


@invariant("a row belongs to the institution of the rows it points at")
def rows_point_into_their_institution(institution: Any) -> Iterator[str]:
    """Every reference between tables of institutions, seen from inside: whose target is not there points outside."""
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            continue
        for field in model._meta.local_fields:
            parent = field.remote_field.model if field.remote_field else None
            if parent is None or field.name == "institution" or not is_tenant_owned(parent):
                continue
            child, target = model._meta.db_table, parent._meta.db_table
            lost = selected(
                f"SELECT c.id FROM {child} c LEFT JOIN {target} p ON p.id = c.{field.column} "
                f"AND p.institution_id = c.institution_id WHERE c.institution_id = %s "
                f"AND c.{field.column} IS NOT NULL AND p.id IS NULL",
                institution.pk,
            )
            yield from (f"{model._meta.label} {pk} points outside by {field.name}" for (pk,) in lost)


@invariant("a leaf of the ledger has its salt, and its place or a place in the queue")
def leaves_are_whole(institution: Any) -> Iterator[str]:
    """No leaf is lost between the act and the log."""
    for pk, salted, placed in selected(
        "SELECT l.id, s.id IS NOT NULL, e.index IS NOT NULL OR p.leaf_id IS NOT NULL FROM portal_ledgerleaf l "
        "LEFT JOIN portal_ledgersalt s ON s.leaf_id = l.id LEFT JOIN portal_ledgerentry e ON e.leaf_id = l.id "
        "LEFT JOIN portal_ledgerpending p ON p.leaf_id = l.id WHERE l.institution_id = %s "
        "AND (s.id IS NULL OR (e.index IS NULL AND p.leaf_id IS NULL) OR (e.index IS NOT NULL AND p.leaf_id IS NOT NULL))",
        institution.pk,
    ):
        if not salted:
            yield f"leaf {pk} has no salt"
        else:
            yield (
                f"leaf {pk} is in the log and in the queue"
                if placed
                else f"leaf {pk} is neither in the log nor in the queue"
            )


@invariant("work that is done says when")
def done_work_has_a_time(institution: Any) -> Iterator[str]:
    """No row of the outbox is done at no time, and none is dead without an error."""
    for pk, task, state in selected(
        "SELECT id, task, state FROM portal_outboxentry WHERE institution_id = %s AND "
        "(state = 'done' AND done_at IS NULL OR state = 'dead' AND last_error = '')",
        institution.pk,
    ):
        yield f"work {pk} ({task}) is {state} without time or error"
