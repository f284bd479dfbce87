"""The nightly round over all institutions, the evaluation somebody asks for, and what one costs."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.celery import app
from institutions.models import Authorisation, Employment, Person, ScopeItem
from portal import evaluations, outbox, standing, tasks
from portal.clauses import evaluate
from portal.models import AuditEntry, Evaluation, JobRun, OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY


@pytest.fixture
def lab(db):
    return make.institution()


def evaluated(lab):
    with tenant(lab.pk):
        return list(Evaluation.objects.order_by("day").values_list("day", flat=True))


def test_the_night_evaluates_every_institution_and_notes_that_it_ran(lab):
    beta = make.institution("beta")
    assert evaluations.run(DAY) == evaluations.Evaluated(DAY, 2)
    assert evaluated(lab) == evaluated(beta) == [DAY]
    assert JobRun.objects.get(name=evaluations.JOB).ok


def test_an_institution_that_fails_does_not_keep_the_others_waiting(lab, monkeypatch):
    beta, store = make.institution("beta"), standing.store

    def breaks_for_alpha(institution, day):
        if institution == lab:
            raise RuntimeError
        return store(institution, day)

    monkeypatch.setattr(standing, "store", breaks_for_alpha)
    with pytest.raises(evaluations.EvaluationFailed, match="alpha"):
        evaluations.run(DAY)
    assert (evaluated(lab), evaluated(beta)) == ([], [DAY])
    assert not JobRun.objects.get(name=evaluations.JOB).ok


def test_beat_evaluates_before_the_reminders_are_sent():
    night, scan = app.conf.beat_schedule["evaluate the clauses"], app.conf.beat_schedule["tell what is due"]
    assert night["task"] == tasks.evaluate_clauses.name
    assert min(night["schedule"].hour) < min(scan["schedule"].hour)


# --- on demand


def test_who_asks_has_the_institution_evaluated_for_today(lab):
    actor = make.actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        assert evaluations.ask_for(lab, actor=actor)
    outbox.drain()
    assert evaluated(lab) == [timezone.localdate()]
    with tenant(lab.pk):
        assert AuditEntry.objects.get(verb="compliance.evaluate").actor_user_id == actor.user_id


def test_who_asks_while_an_evaluation_waits_makes_no_second_one(lab):
    actor = make.actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        assert [evaluations.ask_for(lab, actor=actor) for _n in range(2)] == [True, False]
    assert OutboxEntry.objects.filter(task="portal.evaluate_institution").count() == 1


def test_what_was_asked_for_is_seen_until_it_is_done(lab):
    with tenant(lab.pk):
        assert evaluations.asked_for(lab, None) is None
        evaluations.ask_for(lab, actor=make.actor(lab, Role.OPERATOR))
        assert evaluations.asked_for(lab, None).state == OutboxEntry.State.PENDING
    outbox.drain()
    with tenant(lab.pk):
        assert evaluations.asked_for(lab, standing.latest(lab)) is None


def test_an_evaluation_that_was_given_up_is_seen_until_another_one_went_well(lab):
    with tenant(lab.pk):
        evaluations.ask_for(lab, actor=make.actor(lab, Role.OPERATOR))
        OutboxEntry.objects.update(state=OutboxEntry.State.DEAD)
        assert evaluations.asked_for(lab, None).state == OutboxEntry.State.DEAD
        standing.store(lab, DAY)
        assert evaluations.asked_for(lab, standing.latest(lab)) is None


# --- what it costs


@pytest.fixture
def grown(lab):
    """Makes so many authorised people and lines of scope more."""
    site, qualification, method = make.site(lab), make.qualification(lab), make.method()

    def grow(people, lines):
        with tenant(lab.pk):
            staff = Employment.objects.bulk_create(
                Employment(
                    institution=lab, person=person, name=f"员工{n}", staff_number=f"N{people}-{n}",
                    birth_date=date(1985, 5, 1), started_on=date(2015, 1, 1),
                )
                for n, person in enumerate(Person.objects.bulk_create(Person() for _n in range(people)))
            )  # fmt: skip
            Authorisation.objects.bulk_create(
                Authorisation(
                    institution=lab, employment=employment, role=Authorisation.Role.CALIBRATOR, field="压力",
                    certificate_number="授-01", valid_from=date(2020, 1, 1),
                )
                for employment in staff
            )  # fmt: skip
            ScopeItem.objects.bulk_create(
                ScopeItem(
                    institution=lab, qualification=qualification, site=site, method=method, instrument=f"压力表{lines}-{n}",
                    measurand="压力", field="压力", range_low=0, range_high=60, unit="MPa", cmc_constant="0.01",
                    valid_from=date(2020, 1, 1),
                )
                for n in range(lines)
            )  # fmt: skip

    return grow


def asked(lab):
    with CaptureQueriesContext(connection) as queries:
        evaluate(lab, DAY)
    return len(queries)


def test_an_evaluation_of_200_people_and_2000_lines_asks_as_much_as_one_of_a_few(lab, grown):
    grown(3, 3)
    few = asked(lab)
    grown(197, 1997)
    assert asked(lab) == few
    assert few < 1500


# --- the command


def told(*arguments):
    out = StringIO()
    call_command("clauses", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_evaluates_and_stores_all_institutions_or_one(lab):
    make.institution("beta")
    assert "beta" in told("--store", "--on", "2026-03-10")
    assert "beta" not in told("--store", "--institution", "alpha", "--on", "2026-03-11")
    assert evaluated(lab) == [DAY, DAY + timedelta(1)]


def test_the_command_does_not_store_a_day_before_the_last_one(lab):
    told("--store", "--institution", "alpha", "--on", "2026-03-10")
    with pytest.raises(CommandError, match="order of days"):
        told("--store", "--institution", "alpha", "--on", "2026-03-09")


def test_the_command_does_not_store_a_day_that_has_not_come(lab):
    tomorrow = timezone.localdate() + timedelta(1)
    with pytest.raises(CommandError, match="has not come yet"):
        told("--store", "--on", f"{tomorrow}")
    assert evaluated(lab) == []
