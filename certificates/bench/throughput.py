"""Two Celery workers beside two plain processes that do the same work on as many certificates."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from django.conf import settings

from certificates import tasks
from portal import outbox
from portal.models import OutboxEntry
from portal.tenancy import tenant

from .children import Child, processes
from .laboratory import Bench
from .measure import Line, in_turn, processor_time

WORKERS = 2
LONGEST_WAIT = 120
WORKER = (
    "-W", "ignore:You're running the worker with superuser privileges", "-m", "celery", "-A", "config", "--quiet",
    "worker", "--concurrency", str(WORKERS), "--queues", "pdf", "--without-gossip", "--without-mingle",
    "--loglevel", "WARNING",
)  # fmt: skip


def perform_all(entries: list[int]) -> None:
    """Every piece of outbox work is done, one after the other, in this process."""
    for entry in entries:
        outbox.perform(entry)


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Lock, render, store, publish and mark: by workers behind the broker, against processes that are handed the ids."""
    with processes(WORKERS, bench.environ) as bare, _worker(bench.environ) as pid:
        for child in bare:
            child.do("certificates.rendering.warm_up")
        _by_processes(bare, _entries(bench, WORKERS))
        _by_celery(bench, _entries(bench, 2 * WORKERS), pid)
        sets = [_entries(bench, bench.documents) for _ in range(2 * rounds)]
        spent = in_turn(
            rounds, each=bench.documents,
            bare=lambda: _by_processes(bare, sets.pop()),
            celery=lambda: _by_celery(bench, sets.pop(), pid),
        )  # fmt: skip
    yield Line("pdf/workers-to-processes", spent["bare"], spent["celery"], ">=0.90")


def _entries(bench: Bench, count: int) -> list[int]:
    certificates = bench.issued(count)
    with tenant(bench.institution_id):
        return [
            outbox.enqueue(tasks.render_pdf, row.pk, institution_id=bench.institution_id).pk for row in certificates
        ]


def _by_processes(children: list[Child], entries: list[int]) -> float:
    for number, child in enumerate(children):
        child.begin("certificates.bench.throughput.perform_all", entries[number :: len(children)])
    spent = sum(child.end()[0] for child in children)
    _refuse_unfinished(entries)
    return spent


def _by_celery(bench: Bench, entries: list[int], pid: int) -> float:
    before = processor_time(pid)
    with outbox.perform.app.connection_for_write(bench.environ["REDIS_URL"]) as connection:
        for entry in entries:
            outbox.perform.apply_async((entry,), queue="pdf", connection=connection)
    end = time.monotonic() + LONGEST_WAIT
    while OutboxEntry.objects.filter(pk__in=entries, state=OutboxEntry.State.PENDING).exists():
        if time.monotonic() > end:
            raise RuntimeError(f"the workers needed more than {LONGEST_WAIT} s")
        time.sleep(0.01)
    _refuse_unfinished(entries)
    return processor_time(pid) - before


def _refuse_unfinished(entries: list[int]) -> None:
    if OutboxEntry.objects.filter(pk__in=entries, state=OutboxEntry.State.DONE).count() != len(entries):
        raise RuntimeError("some of the work was not done")


@contextlib.contextmanager
def _worker(environ: dict[str, str]) -> Iterator[int]:
    """A Celery worker with its processes runs on the bench's own broker number. Yields: its process number."""
    process = subprocess.Popen(
        [sys.executable, *WORKER], cwd=settings.BASE_DIR, env={**os.environ, **environ}, stdout=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
