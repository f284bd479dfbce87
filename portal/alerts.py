"""The night: every due list becomes alerts, made once, and one digest a day to each recipient.

`duelists` says what is watched, `due_functions` finds it, `digest` tells of it, `inbox` is where people answer.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from . import digest, due_functions, duelists
from .duelists import DueList
from .models import Alert
from .periodic import only_one
from .tenancy import tenant

log = logging.getLogger("portal.alerts")

JOB = "scan_due"
SILENT_AFTER = timedelta(hours=26)


@dataclass(frozen=True)
class Scanned:
    """What a scan did: institutions looked at, alerts made and settled, digests made, and slugs of those it failed for."""

    on: date
    institutions: int
    alerts: int
    settled: int
    digests: int
    failed: tuple[str, ...] = ()


class ScanFailed(Exception):
    """The scan went through, but not for every institution."""


def run(on: date) -> Scanned | None:
    """The scan has run and the database knows when; None when another process is at it. Raises: ScanFailed. Source: E6.36."""
    outcome: list[Scanned] = []

    @only_one(JOB)
    def job() -> str:
        found = scan(on)
        outcome.append(found)
        if found.failed:
            raise ScanFailed(", ".join(found.failed))
        return (
            f"{found.on}：机构 {found.institutions} 家，新提醒 {found.alerts} 条，"
            f"消除 {found.settled} 条，邮件 {found.digests} 封"
        )

    job()
    return outcome[0] if outcome else None


@shared_task(name="portal.scan_due", ignore_result=True, soft_time_limit=1500, time_limit=1600)
def scan_due() -> None:
    """The night's scan for today, in Shanghai's calendar."""
    run(timezone.localdate())


def scan(on: date) -> Scanned:
    """Every institution has its alerts as of that day and a digest on the way to each recipient; twice changes nothing.

    A rule is one transaction; it writes for all institutions at once. Where it fails it is tried for each institution
    alone, so that neither a rule nor an institution keeps the others waiting. Telling is one transaction for each
    institution and looks at every alert of the last days: what a crash has left untold is told by the next scan.
    Source: E6.33, E6.36.
    """
    institutions = list(Alert._meta.get_field("institution").related_model.objects.order_by("pk"))
    made = settled = digests = 0
    failed: set[str] = set()
    for rule in duelists.RULES.values():
        new, gone, slugs = look(rule, institutions, on)
        made, settled, failed = made + new, settled + gone, failed | slugs
    for institution in institutions:
        try:
            with tenant(institution.pk):
                digests += digest.tell(institution, on)
        except Exception:
            log.exception("scan.failed", extra={"tenant_id": institution.pk})
            failed.add(institution.slug)
    return Scanned(on, len(institutions), made, settled, digests, tuple(sorted(failed)))


def look(rule: DueList, institutions: Collection[Any], on: date) -> tuple[int, int, set[str]]:
    """The rule's alerts are as of that day. Returns: how many are new, how many settled, slugs for which it failed."""
    try:
        with transaction.atomic():
            _wait_for_others(rule)
            found = due_functions.in_all(rule, on)
    except Exception:
        log.exception("scan.rule_failed", extra={"rule": rule.name})
    else:
        if found is not None:
            return *found, set()
        log.warning("scan.rule_not_laid_down", extra={"rule": rule.name})
    made = settled = 0
    failed = set()
    for institution in institutions:
        try:
            with tenant(institution.pk):
                _wait_for_others(rule)
                new, gone = due_functions.in_one(rule, institution.pk, on)
        except Exception:
            log.exception("scan.failed", extra={"tenant_id": institution.pk, "rule": rule.name})
            failed.add(institution.slug)
        else:
            made, settled = made + new, settled + gone
    return made, settled, failed


def _wait_for_others(rule: DueList) -> None:
    with connection.cursor() as cursor:  # two scans of one rule wait for each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('alerts'), hashtext(%s))", [rule.name])


@dataclass(frozen=True)
class Heartbeat:
    """When the scan last ran; whether that was too long ago, or it failed. `fresh`: it never ran, and need not have yet."""

    ran_at: datetime | None
    silent: bool
    failed: bool
    fresh: bool


def heartbeat() -> Heartbeat:
    """Whether the nightly scan is alive, by the database's clock. A database of the first day is given time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ran_at, ok, coalesce(ran_at, (SELECT min(applied) FROM django_migrations)) "
            "< clock_timestamp() - %s FROM (SELECT 1) one LEFT JOIN portal_jobrun ON name = %s",
            [SILENT_AFTER, JOB],
        )
        ran_at, ok, silent = cursor.fetchone()
    return Heartbeat(ran_at, bool(silent), ok is False, ran_at is None and not silent)
