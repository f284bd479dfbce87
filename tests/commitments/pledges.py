"""Laboratories that may pledge, that have pledged, and that have lost their pledge, as of make.NOON unless told otherwise.

Each takes the world of `make.laboratory`, adds to it and gives it back:

    furnished(w)   may pledge: w.licence, w.legal_status, w.representative (KeyPerson), w.quality_manager (KeyPerson),
                   w.checks (RegisterChecks), w.scan (Document); actors w.keeper, w.second_keeper, w.legal
    draft, checked, signed(w), public(w), withdrawn(w)  ... has w.pledge in that state
    regulator(w)   gives an actor of the supervision, for acts inside the institution
"""

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from commitments import ending, following, workflow
from commitments.models import CommitmentWithdrawal
from institutions.models import KeyPerson, RegisterCheck
from portal.actors import Actor
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

NOON = make.NOON
Cause = CommitmentWithdrawal.Cause


def furnished(w: SimpleNamespace, *, at: datetime = NOON, **facts: object) -> SimpleNamespace:
    """The laboratory may pledge on the day. `facts` go to its business licence (`valid_until=...`)."""
    lab, day = w.institution, timezone.localdate(at)
    w.licence = make.qualification(lab, **facts)
    w.legal_status = make.legal_status(lab)
    w.paper = make.paper(lab)
    people = (
        ("legal", "周立言", Role.LEGAL_REPRESENTATIVE),
        ("keeper", "何守真", Role.QUALITY_MANAGER),
        ("second_keeper", "顾明核", Role.METROLOGY_MANAGER),
    )
    for key, name, role in people:
        who = make.employment(lab, name)
        setattr(w, f"{key}_employment", who)
        setattr(w, key, make.actor(lab, role, employment=who, name=name))
    with tenant(lab.pk):
        w.representative = key_person(w, KeyPerson.Role.LEGAL_REPRESENTATIVE, w.legal_employment)
        w.quality_manager = key_person(w, KeyPerson.Role.QUALITY_MANAGER, w.keeper_employment)
    w.checks = searched(w, day - timedelta(1))
    w.scan = make.document(lab, "承诺书.pdf", sha256="5" * 64)
    return w


def key_person(w: SimpleNamespace, role: str, who=None, **values) -> KeyPerson:
    """The person holds the office, since 2020."""
    values = {"name": who.name if who else "", "valid_from": date(2020, 1, 1), **values}
    with tenant(w.institution.pk):
        return KeyPerson.objects.create(institution=w.institution, role=role, employment=who, **values)


def searched(w: SimpleNamespace, day: date) -> list[RegisterCheck]:
    """The public registers were searched that day for the institution and its two key persons: nothing found."""
    Source = RegisterCheck.Source
    asked = [
        (Source.DISHONESTY, None), (Source.PENALTIES, None), (Source.PENALTIES, w.representative),
        (Source.PENALTIES, w.quality_manager),
    ]  # fmt: skip
    with tenant(w.institution.pk):
        return [
            RegisterCheck.objects.create(
                institution=w.institution, source=source, key_person=who, checked_on=day,
                checked_by=w.keeper_employment, result=RegisterCheck.Result.NOTHING, file=w.paper,
            )
            for source, who in asked
        ]  # fmt: skip


def draft(w: SimpleNamespace, *, at: datetime = NOON) -> SimpleNamespace:
    """A draft by the keeper."""
    with tenant(w.institution.pk):
        w.pledge = workflow.draft(w.institution, actor=w.keeper, at=at)
    return w


def checked(w: SimpleNamespace, *, at: datetime = NOON) -> SimpleNamespace:
    """Drafted by the keeper, checked by the second one."""
    draft(w, at=at)
    with tenant(w.institution.pk):
        w.pledge = workflow.check(w.pledge, actor=w.second_keeper, at=at)
    return w


def signed(w: SimpleNamespace, *, at: datetime = NOON) -> SimpleNamespace:
    """Signed on the screen by the legal representative."""
    checked(w, at=at)
    with tenant(w.institution.pk):
        make.prove(w.legal, "commitment.sign", w.pledge, workflow.digest(w.pledge))
        w.pledge = workflow.sign(w.pledge, actor=w.legal, at=at)
    return w


def public(w: SimpleNamespace, *, at: datetime = NOON, **facts: object) -> SimpleNamespace:
    """The pledge is public since `at`; a laboratory that is not furnished yet is furnished."""
    if not hasattr(w, "licence"):
        furnished(w, at=at, **facts)
    signed(w, at=at)
    with tenant(w.institution.pk):
        w.pledge = workflow.publish(w.pledge, actor=w.keeper, at=at)
    return w


def withdrawn(
    w: SimpleNamespace, *, at: datetime = NOON + timedelta(days=1), cause: str = Cause.COMPLAINT,
    reason: str = "投诉查证属实：出具了不实数据", published_at: datetime = NOON,
) -> SimpleNamespace:  # fmt: skip
    """The pledge has fallen at `at` for the cause, with w.withdrawal; one that is not public yet becomes so first."""
    if not hasattr(w, "pledge"):
        public(w, at=published_at)
    with tenant(w.institution.pk):
        w.withdrawal = ending.fall(w.institution, cause, reason, None, on=timezone.localdate(at), at=at)
        w.pledge = make.fresh(w.pledge)
    return w


def regulator(w: SimpleNamespace, *, user=None) -> Actor:
    """An actor of the supervision of the laboratory's city, for acts inside the institution."""
    user = user or make.regulator(w.institution.region_code[:4])
    return Actor.member(
        name=user.name, user_id=user.pk, institution_id=w.institution.pk, roles=(Role.REGULATOR,),
        regions=(w.institution.region_code[:4],),
    )  # fmt: skip


@contextmanager
def taken_back():
    """What happens inside has not happened, and the scope stays as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def now(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """What follows from a saved row happens at this instant."""
    monkeypatch.setattr(following, "timezone", SimpleNamespace(now=lambda: at))
