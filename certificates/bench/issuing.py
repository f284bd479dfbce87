"""The transaction that gives a certificate its number, beside one that only takes a number."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection, transaction

from certificates import workflow
from certificates.demo.stories import confirm
from portal.numbering import next_number
from portal.tenancy import tenant

from .laboratory import Bench
from .measure import Line, in_turn

EACH = 4


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """With every gate asked again under the lock, against the bare counter row: BEGIN, upsert, COMMIT."""
    waiting = bench.approved((rounds + 1) * EACH)
    signatory, at = bench.lab.actor("signatory"), bench.now + timedelta(minutes=10)

    def issue() -> None:
        for _ in range(EACH):
            certificate = waiting.pop()
            with tenant(bench.institution_id):
                confirm(signatory, workflow.ISSUE, certificate, certificate.body_sha256)
                workflow.issue(certificate, actor=signatory, at=at)

    def take_a_number() -> None:
        for _ in range(EACH):
            with transaction.atomic():
                next_number(bench.institution_id, "bare", at.year)

    with connection.cursor() as cursor:  # for the session, so that the bare transaction needs no scope of its own
        cursor.execute("SELECT set_config('app.tenant', %s, false)", [str(bench.institution_id)])
    try:
        take_a_number()
        issue()
        spent = in_turn(rounds, each=EACH, bare=take_a_number, issue=issue)
    finally:
        connection.close()
    yield Line("issuing/locked-counter", spent["bare"], spent["issue"], ">=0.40")
