"""When institutions are evaluated: all of them each night, one of them when somebody asks for it."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from celery import shared_task
from django.db.models import Q, QuerySet
from django.utils import timezone

from . import audit, outbox, standing
from .actors import Actor
from .models import Evaluation, OutboxEntry
from .periodic import only_one
from .permissions import Permission

log = logging.getLogger("portal.evaluations")

JOB = "evaluate_clauses"


@dataclass(frozen=True)
class Evaluated:
    """What a round did: how many institutions it evaluated, and slugs of those it failed for."""

    on: date
    institutions: int
    failed: tuple[str, ...] = ()


class EvaluationFailed(Exception):
    """The round went through, but not for every institution."""


def institutions() -> QuerySet:
    """All institutions there are."""
    return Evaluation._meta.get_field("institution").related_model.objects.order_by("pk")


def run(on: date) -> Evaluated | None:
    """Every institution is evaluated as of the day, and the database knows when; None when another process is at it.

    Each institution is a transaction of its own; one that fails is logged and does not keep the others waiting. Twice
    changes nothing. Raises: EvaluationFailed at the end. Source: E6.36.
    """
    outcome: list[Evaluated] = []

    @only_one(JOB)
    def job() -> str:
        count, failed = 0, []
        for institution in institutions():
            try:
                standing.store(institution, on)
            except Exception:
                log.exception("evaluation.failed", extra={"tenant_id": institution.pk})
                failed.append(institution.slug)
            else:
                count += 1
        outcome.append(Evaluated(on, count, tuple(failed)))
        if failed:
            raise EvaluationFailed(", ".join(failed))
        return f"{on}：机构 {count} 家"

    job()
    return outcome[0] if outcome else None


@shared_task(name="portal.evaluate_clauses", ignore_result=True, soft_time_limit=3 * 3600, time_limit=3 * 3600 + 60)
def evaluate_clauses() -> None:
    """The night's evaluation for today, in Shanghai's calendar."""
    run(timezone.localdate())


# --- on demand


@outbox.work()
def evaluate_institution(institution_id: int) -> None:
    """The institution is evaluated as of today. Twice is harmless."""
    standing.store(institutions().get(pk=institution_id), timezone.localdate())


def ask_for(institution: Any, *, actor: Actor) -> bool:
    """The institution will be evaluated in the background, and the audit trail knows who wanted it.

    Returns: False when an evaluation is waiting already; then nothing more is asked for.
    """
    actor.require(Permission.INSTITUTION_READ, institution.pk)
    if _entries(institution).filter(state=OutboxEntry.State.PENDING).exists():
        return False
    outbox.enqueue(evaluate_institution, institution.pk, institution_id=institution.pk)
    audit.record(actor, "compliance.evaluate", institution_id=institution.pk)
    return True


def asked_for(institution: Any, last: Evaluation | None) -> OutboxEntry | None:
    """The evaluation that waits, or the one that was given up after the `last` that went well; None without either."""
    dead = Q(state=OutboxEntry.State.DEAD)
    if last is not None:
        dead &= Q(created_at__gt=last.evaluated_at)
    return _entries(institution).filter(Q(state=OutboxEntry.State.PENDING) | dead).order_by("-pk").first()


def _entries(institution: Any) -> QuerySet[OutboxEntry]:
    return OutboxEntry.objects.filter(task=evaluate_institution.work.name, institution_id=institution.pk)
