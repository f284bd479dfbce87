"""Verification: everything the ledger bears witness to is computed again, and whatever does not agree is named.

    for problem in verify.problems(): ...

An app adds what it can check of its own objects, files and published cards:

    @verify.check("certificates")
    def files(institution_id: int) -> Iterator[verify.Problem]: ...

A problem that concerns the object behind a smart code carries its token; `mark` then keeps the public from relying on it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _

from portal.models import JobRun, SmartCode
from portal.tenancy import tenant

from .leaves import subject as digest_of_token

JOB = "verify_ledger"


@dataclass(frozen=True)
class Problem:
    """Something that does not agree: which object, and what is wrong with it, in one sentence.

    `anomaly_token`, or its SHA-256 as SmartCode keeps it in `anomaly_digest`: the smart code that stands for the object.
    """

    subject: str
    sentence: str
    anomaly_token: str = ""
    anomaly_digest: str = ""

    def __str__(self) -> str:
        return f"{self.subject}：{self.sentence}"

    @property
    def code_digest(self) -> str:
        """The token digest of the smart code concerned; empty for none."""
        return self.anomaly_digest or digest_of_token(self.anomaly_token)


Check = Callable[[int], Iterable[Problem]]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """The decorated function checks one institution's objects, called with its id inside its scope.

    Raises: ValueError when the name is taken.
    """

    def register(function: Check) -> Check:
        if name in CHECKS:
            raise ValueError(f"{name} is registered twice")
        CHECKS[name] = function
        return function

    return register


def problems(*, checkpoints: Iterable[Path] | None = None, files: bool = True) -> Iterator[Problem]:
    """Everything that is wrong, in the order in which it is found; nothing when all is as it was witnessed.

    `checkpoints`: further checkpoint files to compare with. Without `files` the checks of the apps, which read files, are
    left out. Memory stays bounded: one bit for each entry, and one batch. Source: E4.26.
    """
    from . import verify_log, verify_rows, verify_seals

    heads, bad = verify_log.read_checkpoints(checkpoints or ())
    yield from bad
    log = verify_log.LogPass({head.size for head, _where in heads})
    yield from log.problems()
    yield from verify_log.against(heads, log)
    yield from verify_seals.problems([head for head, _where in heads])
    seen = bytearray(log.size // 8 + 1)
    for institution_id in [None, *institutions()]:
        yield from verify_rows.leaves(institution_id, log.size, seen)
        if files and institution_id is not None:
            yield from _checked(institution_id)
    yield from verify_rows.strays(log.size, seen)


def institutions() -> list[int]:
    """The ids of all institutions."""
    return list(apps.get_model("institutions.Institution").objects.order_by("pk").values_list("pk", flat=True))


def _checked(institution_id: int) -> Iterator[Problem]:
    for function in CHECKS.values():
        with tenant(institution_id):
            unhurried()
            found = list(function(institution_id))
        yield from found


def unhurried() -> None:
    """No statement of this transaction is ended for taking long: a large table is read once from end to end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', true)")


def mark(found: Iterable[Problem], at: datetime) -> tuple[int, int]:
    """The smart codes that the problems concern say 核验异常 to the public, and those that verify again no longer do.

    To be called with everything that a full verification found. Returns: how many were marked, how many freed.
    Source: E4.26.
    """
    bad = {problem.code_digest for problem in found} - {""}
    marked = freed = 0
    for institution_id in institutions():
        with tenant(institution_id):
            cards = SmartCode.objects.filter(institution_id=institution_id)
            marked += cards.filter(token_digest__in=bad, anomaly_since=None).update(anomaly_since=at)
            again = cards.exclude(anomaly_since=None).exclude(token_digest__in=bad)
            freed += again.update(anomaly_since=None)
    return marked, freed


def run(at: datetime, *, checkpoints: Iterable[Path] | None = None) -> list[Problem]:
    """All has been verified, smart codes are marked, and JobRun "verify_ledger" says how it went.

    Returns: the problems.
    """
    found = list(problems(checkpoints=checkpoints))
    mark(found, at)
    note = _("%(count)d 处，第一处是 %(first)s") % {"count": len(found), "first": found[0]} if found else ""
    JobRun.note_run(JOB, ok=not found, note=note)
    return found
