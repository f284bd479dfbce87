"""Certificates issued in numbers, by several hands at once, with a journal of what was acknowledged.

A number stands in the journal only after the transaction that gave it has been committed: whatever is killed
afterwards, a number in the journal is a certificate.
"""

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from certificates import content, readings, workflow
from certificates.models import Certificate, RawRecord
from institutions.access import actor_in
from institutions.models import Institution, Membership
from orders import workflow as orders
from orders.models import Item
from portal import stepup
from portal.actors import Actor
from portal.clock import CHINA
from portal.models import StepUp
from portal.permissions import Role
from portal.tenancy import scope, tenant
from portal.workdays import working_days_after

MOST_ATTEMPTS = 60
PAUSE = 0.5  # seconds before the database is tried again


@dataclass(frozen=True)
class Hands:
    """The four people a certificate goes through, and the issued certificate whose record is measured again."""

    institution: Institution
    reception: Actor
    operator: Actor
    checker: Actor
    signatory: Actor
    model: Certificate


class Journal:
    """A file to which every acknowledged number is written at once and for good; None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.file = path.open("a", encoding="utf-8") if path else None
        self.lock = threading.Lock()

    def acknowledge(self, number: str) -> None:
        """The number is on disk."""
        if self.file is None:
            return
        with self.lock:
            self.file.write(f"{number}\n")
            self.file.flush()
            os.fsync(self.file.fileno())


def hands_of(institution: Institution) -> Hands:
    """The people of an institution that has issued before. Raises: ValueError when it has not."""
    with tenant(institution.pk):
        model = Certificate.objects.for_work().filter(
            institution=institution, state=Certificate.State.ISSUED, kind=Certificate.Kind.CALIBRATION
        ).order_by("-pk").first()  # fmt: skip
        if model is None:
            raise ValueError(f"{institution.slug} has no issued calibration certificate to measure again")
        people = Membership.objects.filter(institution=institution, state=Membership.State.ACTIVE)
        people = {row.employment_id: row for row in people.select_related("user") if row.employment_id}
        reception = next((row for row in people.values() if Role.RECEPTIONIST in row.roles), None)
        if reception is None:
            raise ValueError(f"{institution.slug} has nobody who receives items")
        who = {name: people[getattr(model, f"{name}_id")] for name in ("operator", "checker", "approver")}
        operator, checker, approver = (actor_in(who[name].user, institution) for name in who)
        return Hands(institution, actor_in(reception.user, institution), operator, checker, approver, model)


def prepare(hands: Hands, serial: str, at: datetime) -> Certificate:
    """A gauge was received, measured, checked and approved today; the certificate waits for its number."""
    record = hands.model.record
    with tenant(hands.institution.pk):
        values = {
            name: getattr(record.item, name)
            for name in ("customer", "activity", "name", "name_en", "model", "manufacturer", "decision_rule")
        }
        today = at.astimezone(CHINA).date()
        values |= {
            "serial_number": serial, "received_on": today,
            "promised_on": working_days_after(today, orders.PROMISE_DAYS),
        }  # fmt: skip
        item: Item = orders.receive(values, actor=hands.reception, at=at)
        row: RawRecord = workflow.start(
            item, procedure=record.procedure, standard=record.standard, site=record.site, room=record.room,
            environment_equipment=record.environment_equipment, performed_on=today, device=record.device,
            points=record.points, actor=hands.operator, at=at,
        )  # fmt: skip
        entries = [readings.Entry(r.cell, r.text) for r in record.readings.filter(replaced_by=None).order_by("id")]
        for outcome in readings.enter(row, entries, actor=hands.operator, at=at):
            if outcome.state != "saved":
                raise ValueError(f"{serial}: {outcome}")
        certificate = workflow.submit(row, actor=hands.operator, at=at)
        certificate = workflow.check(_reread(certificate), actor=hands.checker, at=at)
        certificate = _reread(certificate)
        seen = content.sha256(content.body(certificate, approver=hands.signatory.name))
        _confirm(hands, "certificate.approve", certificate, seen)
        return workflow.approve(certificate, confirmed_sha256=seen, actor=hands.signatory, at=at)


def issue(hands: Hands, certificate: Certificate, at: datetime) -> Certificate:
    """The certificate has its number."""
    with tenant(hands.institution.pk):
        certificate = _reread(certificate)
        _confirm(hands, "certificate.issue", certificate, certificate.body_sha256)
        return workflow.issue(certificate, actor=hands.signatory, at=at)


def run(slug: str, count: int, concurrency: int, journal: Journal, tell: Callable[[str], None]) -> dict[str, Any]:
    """`count` certificates were issued, `concurrency` at a time; what the database refused meanwhile was tried again.

    Returns: {"institution", "asked", "issued", "numbers", "retried", "failed", "seconds"}. Raises: ValueError as
    `hands_of`, and when there is no such institution.
    """
    institution = Institution.objects.filter(slug=slug).first()
    if institution is None:
        raise ValueError(f"there is no institution {slug}")
    hands = hands_of(institution)
    wanted: SimpleQueue[str] = SimpleQueue()
    run_name = f"{random.randrange(16**6):06X}"
    for number in range(count):
        wanted.put(f"BATCH-{run_name}-{number:05d}")
    numbers: list[str] = []
    failed: list[str] = []
    retried = [0]
    started = time.monotonic()

    def work() -> None:
        try:
            while True:
                try:
                    serial = wanted.get_nowait()
                except Empty:
                    return
                _one(hands, serial, journal, numbers, failed, retried, tell)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "institution": slug, "asked": count, "issued": len(numbers), "numbers": sorted(numbers),
        "retried": retried[0], "failed": failed, "seconds": round(time.monotonic() - started, 3),
    }  # fmt: skip


def _one(hands: Hands, serial: str, journal: Journal, numbers: list, failed: list, retried: list, tell) -> None:
    """One certificate, through whatever happens to the database. What was prepared is found again by its serial."""
    for _attempt in range(MOST_ATTEMPTS):
        try:
            certificate = _prepared(hands, serial) or prepare(hands, serial, timezone.now())
            if certificate.state == Certificate.State.APPROVED:
                certificate = issue(hands, certificate, timezone.now())
        except Error as error:  # the server may be gone in the middle of anything
            retried[0] += 1
            tell(f"{serial}: {str(error).strip().splitlines()[0]}; tried again")
            connection.close()
            time.sleep(PAUSE)
        else:
            journal.acknowledge(certificate.number)
            numbers.append(certificate.number)
            return
    failed.append(serial)


def _prepared(hands: Hands, serial: str) -> Certificate | None:
    """The certificate of this serial, when an earlier attempt got so far before its answer was lost."""
    with tenant(hands.institution.pk):
        rows = Certificate.objects.filter(institution=hands.institution, record__item__serial_number=serial)
        return rows.exclude(state__in=[Certificate.State.ABANDONED, Certificate.State.VOID]).first()


def _confirm(hands: Hands, act: str, certificate: Certificate, sha256: str) -> None:
    with scope(institution_id=hands.institution.pk):
        stepup.grant(hands.signatory.user_id, act, certificate, sha256=sha256, method=StepUp.Method.COMMAND)


def _reread(certificate: Certificate) -> Certificate:
    return Certificate.objects.for_work().get(pk=certificate.pk)
