"""Work is a row in the transaction of its cause; it is done once, put back, or dead with its error."""

import json
import random
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from institutions.models import Institution, Site
from portal import outbox, tasks
from portal.models import OutboxEntry
from portal.tenancy import tenant
from portal.vitals import QUEUES
from tests import make
from tests.concurrency import at_once

State = OutboxEntry.State


class Jobs:
    """Two kinds of work that exist while a test runs: `note` remembers what it was given, `fail` fails."""

    def __init__(self):
        self.done = []

        @outbox.work()
        def note(target_id: int) -> None:
            self.done.append(target_id)

        @outbox.work(queue="pdf")
        def fail(target_id: int) -> None:
            Site.objects.update(name="写了一半")
            raise OSError("no space left")

        self.note, self.fail = note, fail


@pytest.fixture
def jobs(monkeypatch):
    monkeypatch.setattr(outbox, "KINDS", dict(outbox.KINDS))
    return Jobs()


def make_due():
    OutboxEntry.objects.filter(state=State.PENDING).update(due_at=timezone.now())


@pytest.mark.django_db
def test_work_enqueued_in_a_transaction_that_fails_does_not_exist(jobs):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.enqueue(jobs.note, 7, institution_id=None)
        1 / 0  # noqa: B018
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db
def test_work_carries_its_name_queue_target_and_institution(jobs):
    lab = make.institution()
    entry = outbox.enqueue(jobs.fail, 7, institution_id=lab.pk)
    entry.refresh_from_db()
    assert (entry.task, entry.queue, entry.target_id, entry.institution_id) == ("tests.fail", "pdf", 7, lab.pk)
    assert (entry.state, entry.attempts) == (State.PENDING, 0)


@pytest.mark.django_db
def test_work_performed_twice_is_done_once(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    outbox.perform(entry.pk)
    outbox.perform(entry.pk)
    assert jobs.done == [7]
    entry.refresh_from_db()
    assert (entry.state, entry.attempts, entry.last_error) == (State.DONE, 1, "")
    assert entry.done_at is not None


@pytest.mark.django_db
def test_work_that_nobody_enqueued_is_nothing(jobs):
    outbox.perform(987654321)
    assert jobs.done == []


@pytest.mark.django_db
def test_draining_does_all_due_work_in_order(jobs):
    for target in (3, 1, 2):
        outbox.enqueue(jobs.note, target, institution_id=None)
    assert outbox.drain() == 3
    assert jobs.done == [3, 1, 2]


@pytest.mark.django_db
def test_failing_work_leaves_no_trace_but_its_error(jobs):
    lab = make.institution()
    make.site(lab)
    entry = outbox.enqueue(jobs.fail, 7, institution_id=lab.pk)
    outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert (entry.state, entry.last_error) == (State.PENDING, "OSError: no space left")
    with tenant(lab.pk):
        assert Site.objects.get().name == "北湾场所"


@pytest.mark.django_db
def test_failing_work_waits_longer_each_time_and_ends_dead_with_its_error(jobs, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, high: 1)
    entry, waits = outbox.enqueue(jobs.fail, 7, institution_id=None), []
    for _ in range(outbox.MOST_ATTEMPTS):
        make_due()
        before = timezone.now()
        outbox.perform(entry.pk)
        entry.refresh_from_db()
        waits.append((entry.due_at - before) // timedelta(seconds=1))
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    assert (entry.state, entry.last_error) == (State.DEAD, "OSError: no space left")


@pytest.mark.django_db
def test_work_that_waits_for_its_next_attempt_is_left_alone_however_often_it_lies_in_the_broker(jobs):
    entry = outbox.enqueue(jobs.fail, 7, institution_id=None)
    for _ in range(3):
        outbox.perform(entry.pk, 0)  # three copies of the hand-over before the first attempt
    entry.refresh_from_db()
    assert (entry.attempts, entry.state) == (1, State.PENDING)


@pytest.mark.django_db
def test_work_handed_over_after_its_last_attempt_is_begun_although_it_falls_due_again_later(jobs, handed_over):
    entry = outbox.enqueue(jobs.fail, 7, institution_id=None)
    outbox.perform(entry.pk)
    make_due()
    outbox.publish_due()  # now due again only after the time to resend
    outbox.perform(entry.pk, 1)
    entry.refresh_from_db()
    assert entry.attempts == 2


@pytest.mark.django_db
def test_a_process_whose_clock_is_three_days_off_hands_over_and_puts_back_by_the_clock_of_the_database(
    jobs, handed_over, monkeypatch
):
    entry = outbox.enqueue(jobs.fail, 7, institution_id=None)
    truth = timezone.now()
    with monkeypatch.context() as wrong:
        wrong.setattr(timezone, "now", lambda: truth + timedelta(days=3))
        wrong.setattr(time, "time", lambda: (truth + timedelta(days=3)).timestamp())
        assert outbox.publish_due() == 1
        entry.refresh_from_db()
        assert entry.due_at - truth < timedelta(minutes=1)
        outbox.perform(entry.pk, 0)
    entry.refresh_from_db()
    assert entry.due_at - truth < timedelta(minutes=1)


@pytest.mark.django_db
def test_the_error_of_dead_work_does_not_quote_the_row_that_broke_a_rule(jobs):
    @outbox.work()
    def twice(target_id: int) -> None:
        make.institution("alpha", pk=1)
        Institution.objects.create(slug="alpha", name="人名", short_code="X", credit_code="1")

    entry = outbox.enqueue(twice, 7, institution_id=None)
    outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert entry.last_error.startswith("IntegrityError: duplicate key")
    assert "alpha" not in entry.last_error


@pytest.mark.django_db
def test_dead_work_is_neither_published_nor_performed(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    OutboxEntry.objects.update(state=State.DEAD)
    outbox.perform(entry.pk)
    assert (jobs.done, outbox.drain(), outbox.publish_due()) == ([], 0, 0)


@pytest.mark.django_db
def test_work_that_kills_its_worker_every_time_ends_dead_and_says_so(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    OutboxEntry.objects.update(attempts=outbox.MOST_ATTEMPTS)  # each attempt was counted, none came to its end
    outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert (jobs.done, entry.state) == ([], State.DEAD)
    assert "8" in entry.last_error


@pytest.mark.django_db
def test_the_jitter_keeps_failing_work_from_coming_back_all_at_once(jobs):
    entries = [outbox.enqueue(jobs.fail, target, institution_id=None) for target in range(5)]
    outbox.drain()
    waits = {OutboxEntry.objects.get(pk=entry.pk).due_at for entry in entries}
    assert len(waits) == 5


@pytest.mark.django_db
def test_work_runs_in_the_scope_of_its_institution_and_of_no_other(jobs):
    alpha, beta = make.institution("alpha"), make.institution("beta")
    make.site(alpha), make.site(beta)
    seen = {}

    @outbox.work()
    def look(target_id: int) -> None:
        seen[target_id] = list(Site.objects.values_list("institution_id", flat=True))

    outbox.enqueue(look, 1, institution_id=alpha.pk)
    outbox.enqueue(look, 2, institution_id=beta.pk)
    outbox.enqueue(look, 3, institution_id=None)
    outbox.drain()
    assert seen == {1: [alpha.pk], 2: [beta.pk], 3: []}


def test_two_groups_of_work_cannot_have_one_name(jobs):
    def note(target_id: int) -> None: ...

    with pytest.raises(ValueError, match="registered twice"):
        outbox.work()(note)


def test_every_queue_of_work_has_a_worker():
    assert {kind.queue for kind in outbox.KINDS.values()} <= set(QUEUES)


@pytest.fixture
def handed_over(monkeypatch):
    """What was handed to the broker, as (entry id, queue); nothing leaves this process."""
    sent = []
    monkeypatch.setattr(outbox.perform, "apply_async", lambda arguments, queue: sent.append((arguments[0], queue)))
    return sent


@pytest.mark.django_db
def test_due_work_is_handed_over_once_and_again_when_it_is_not_done_in_time(jobs, handed_over, settings):
    settings.OUTBOX_RESEND_SECONDS = 30
    entry = outbox.enqueue(jobs.fail, 7, institution_id=None)
    assert (outbox.publish_due(), outbox.publish_due()) == (1, 0)
    make_due()
    assert outbox.publish_due() == 1
    assert handed_over == [(entry.pk, "pdf")] * 2


@pytest.mark.django_db
def test_work_that_was_handed_over_falls_due_after_the_time_to_resend(jobs, handed_over, settings):
    settings.OUTBOX_RESEND_SECONDS = 300
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    before = timezone.now()
    outbox.publish_due()
    entry.refresh_from_db()
    assert timedelta(seconds=300) <= entry.due_at - before < timedelta(seconds=330)


@pytest.mark.django_db
def test_the_sweeper_hands_over_what_is_due(jobs, handed_over):
    outbox.enqueue(jobs.note, 7, institution_id=None)
    tasks.sweep()
    assert len(handed_over) == 1


@pytest.mark.django_db
def test_work_that_waits_for_its_next_attempt_is_not_due(jobs, handed_over):
    outbox.enqueue(jobs.fail, 7, institution_id=None)
    outbox.drain()
    assert outbox.publish_due() == 0


@pytest.mark.django_db(transaction=True)
def test_a_relay_and_a_sweeper_at_once_hand_each_piece_over_once(jobs, handed_over):
    entries = [outbox.enqueue(jobs.note, target, institution_id=None) for target in range(20)]
    assert sum(at_once(outbox.publish_due, outbox.publish_due, outbox.publish_due)) == 20
    assert sorted(pk for pk, _ in handed_over) == [entry.pk for entry in entries]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_a_piece_of_work_once(jobs):
    @outbox.work()
    def take_time(target_id: int) -> None:
        jobs.done.append(target_id)
        time.sleep(0.3)  # long enough for the others to look at the row meanwhile

    entry = outbox.enqueue(take_time, 7, institution_id=None)
    at_once(*[lambda: outbox.perform(entry.pk)] * 4)
    assert jobs.done == [7]


@pytest.mark.django_db(transaction=True)
def test_work_somebody_is_doing_is_left_to_him_and_costs_no_attempt(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    with transaction.atomic():
        OutboxEntry.objects.select_for_update().get(pk=entry.pk)
        at_once(lambda: outbox.perform(entry.pk))
    entry.refresh_from_db()
    assert (jobs.done, entry.attempts) == ([], 0)


def status(*arguments):
    out = StringIO()
    call_command("outbox_status", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.django_db
def test_the_status_says_what_waits_and_what_is_dead(jobs):
    for target in (1, 2, 3):
        outbox.enqueue(jobs.note, target, institution_id=None)
    outbox.drain()
    dead, _waits = (outbox.enqueue(job, 4, institution_id=None) for job in (jobs.fail, jobs.note))
    OutboxEntry.objects.filter(pk=dead.pk).update(state=State.DEAD, last_error="OSError: no space left")
    assert json.loads(status("--json")) == {
        "pending": 1,
        "done": 3,
        "dead": 1,
        "oldest_pending_seconds": 0,
        "dead_letters": [{"id": dead.pk, "task": "tests.fail", "target_id": 4, "error": "OSError: no space left"}],
    }


@pytest.mark.django_db
def test_an_empty_outbox_has_the_same_shape():
    assert json.loads(status("--json")) == {
        "pending": 0, "done": 0, "dead": 0, "oldest_pending_seconds": 0, "dead_letters": [],
    }  # fmt: skip


@pytest.mark.django_db
def test_the_status_says_how_long_the_oldest_piece_has_waited(jobs):
    outbox.enqueue(jobs.note, 1, institution_id=None)
    OutboxEntry.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert json.loads(status("--json"))["oldest_pending_seconds"] in range(300, 330)


@pytest.mark.django_db
def test_a_dead_letter_is_revived_and_done(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    OutboxEntry.objects.update(state=State.DEAD, attempts=outbox.MOST_ATTEMPTS)
    status("--revive", str(entry.pk))
    outbox.drain()
    entry.refresh_from_db()
    assert (jobs.done, entry.state, entry.attempts) == ([7], State.DONE, 1)


@pytest.mark.django_db
def test_reviving_touches_nothing_that_is_not_dead(jobs):
    entry = outbox.enqueue(jobs.note, 7, institution_id=None)
    outbox.drain()
    status("--revive", str(entry.pk))
    entry.refresh_from_db()
    assert entry.state == State.DONE


@pytest.mark.django_db
def test_work_can_be_read_by_everybody_and_says_nothing_but_ids(jobs):
    outbox.enqueue(jobs.note, 7, institution_id=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_outboxentry")
        names = {column.name for column in cursor.description}
    assert names == {
        "id", "institution_id", "task", "queue", "target_id", "state", "attempts", "last_error", "created_at", "due_at",
        "done_at", "request_id", "on_behalf_of", "needs_right",
    }  # fmt: skip
