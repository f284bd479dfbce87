"""What trust costs: verifying a long log beside hashing its bytes, and an act beside the same act without its witnesses."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

from django.db import connection

from certificates import workflow
from institutions import workflow as accounts
from institutions.models import Membership
from portal import audit, stepup
from portal.ledger import leaves, merkle, sequencer, verify_log
from portal.models import AuditEntry, StepUp
from portal.permissions import Role
from portal.tenancy import tenant

from .laboratory import Bench
from .measure import Line, in_turn

LEAVES = 100_000
EACH = 4
VERIFICATIONS = 5  # rounds of the long log are seconds each


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """The log of a hundred thousand leaves; issuing; and the smallest act that leaves a leaf."""
    yield _issuing(bench, rounds)
    yield _changing_roles(bench, rounds)
    yield _verifying(min(rounds, VERIFICATIONS))


def _verifying(rounds: int) -> Line:
    """Every entry and node read and hashed again, beside hashing the same bytes that lie in memory."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_ledgerpending (leaf_id, data) SELECT -n, "
            '\'{"about":"","digest":"\' || encode(sha256(n::text::bytea), \'hex\') || \'","kind":"bench","v":1}\' '
            "FROM generate_series(1, %s) AS n",
            [LEAVES],
        )
    while sequencer.sequence():
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM portal_ledgerentry ORDER BY index")
        texts = [text.encode() for (text,) in cursor.fetchall()]

    def hash_them() -> None:
        hashes = [hashlib.sha256(b"\x00" + text).digest() for text in texts]
        merkle.root(hashes)

    def verify() -> None:
        problems = list(verify_log.LogPass(set()).problems())
        if problems:
            raise RuntimeError(f"the log of the bench is damaged: {problems[0]}")

    verify()
    spent = in_turn(rounds, bare=hash_them, verify=verify)
    return Line("ledger/verify-to-hash", spent["bare"], spent["verify"], "<=3.00")


def _issuing(bench: Bench, rounds: int) -> Line:
    """Issuing with audit entry and leaf, beside issuing that nothing bears witness to."""
    waiting = bench.approved(2 * (rounds + 1) * EACH)
    signatory, at = bench.lab.actor("signatory"), bench.now + timedelta(minutes=10)
    with tenant(bench.institution_id):
        for certificate in waiting:
            stepup.grant(
                signatory.user_id, "certificate.issue", certificate, sha256=certificate.body_sha256,
                method=StepUp.Method.COMMAND,
            )  # fmt: skip

    def issue() -> None:
        for _ in range(EACH):
            with tenant(bench.institution_id):
                workflow.issue(waiting.pop(), actor=signatory, at=at)

    return _with_and_without(issue, rounds, "act/issue-witnessed")


def _changing_roles(bench: Bench, rounds: int) -> Line:
    """A member's roles changed to and fro: lock, rights, one column saved."""
    administrator, at = bench.lab.actor("admin"), bench.now
    with tenant(bench.institution_id):
        member = Membership.objects.get(user__username=f"{bench.lab.prefix}-reception")
    roles = [[Role.RECEPTIONIST], [Role.RECEPTIONIST, Role.SUPERVISOR]]

    def change() -> None:
        for _ in range(EACH):
            with tenant(bench.institution_id):
                _granted(administrator.user_id, member, roles[0])
                accounts.change_roles(member, roles[0], actor=administrator, at=at, reason="x")
            roles.reverse()

    return _with_and_without(change, rounds, "act/roles-witnessed")


def _granted(user_id: int, member: Membership, roles: list[str]) -> None:
    bound = accounts.roles_digest(roles)
    stepup.grant(user_id, "membership.change_roles", member, sha256=bound, method=StepUp.Method.COMMAND)


def _with_and_without(act, rounds: int, name: str) -> Line:
    def bare() -> None:
        unwritten = AuditEntry()
        with ExitStack() as stack:
            stack.enter_context(patch.object(audit, "record", return_value=unwritten))
            stack.enter_context(patch.object(leaves, "append", return_value=0))
            act()

    act()
    bare()
    spent = in_turn(rounds, each=EACH, bare=bare, witnessed=act)
    return Line(name, spent["bare"], spent["witnessed"], "<=1.50")
