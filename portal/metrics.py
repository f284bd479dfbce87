"""What a Prometheus may scrape: counts of the processes, and what the database says at that moment.

Where PROMETHEUS_MULTIPROC_DIR names a directory, every process of the portal counts into files there, and one answer
tells of all of them, the ended ones included. Without it a process tells of itself. No label carries a text that somebody
typed, and but one figure carries an institution. Source: E1.6, E13.61.
"""

import os
from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from . import vitals

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

PROCESS = CollectorRegistry()
REQUESTS = Histogram(
    "chengliang_request_seconds", "Time of a request until its headers, by route name and status class.",
    ["route", "status"], buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10), registry=PROCESS,
)  # fmt: skip
SERVER_ERRORS = Counter("chengliang_server_errors", "Answers with status 5xx, by status.", ["status"], registry=PROCESS)
TASKS = Histogram(
    "chengliang_task_seconds", "Time of a piece of work, by its name and outcome (done, failed, dead).",
    ["work", "outcome"], buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60), registry=PROCESS,
)  # fmt: skip
DENIALS = Counter("chengliang_denials", "Denials by kind.", ["kind"], registry=PROCESS)


def observe_request(route: str, status: int, seconds: float) -> None:
    """A request has been answered."""
    REQUESTS.labels(route, f"{status // 100}xx").observe(seconds)
    if status >= 500:
        SERVER_ERRORS.labels(str(status)).inc()


def exposition() -> bytes:
    """Everything there is to scrape, in Prometheus' text format."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    database = CollectorRegistry()
    database.register(DatabaseFigures())
    return (shared(directory) if directory else generate_latest(PROCESS)) + generate_latest(database)


def shared(directory: str) -> bytes:
    """What all processes that count into this directory have counted."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)
    return generate_latest(registry)


class DatabaseFigures:
    """What lies in the database, read when it is asked for, and the alarms that follow from it."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from . import alarms, denials

        up = GaugeMetricFamily("chengliang_database_up", "Whether the database answered this scrape.")
        try:
            found = vitals.read()
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            yield _alarms({"database"})
            return
        up.add_metric([], 1)
        yield up
        yield from _figures(found)
        yield _alarms({alarm.name for alarm in alarms.raised(found, denials.lately())})


def _alarms(raised: set[str]) -> GaugeMetricFamily:
    from .alarms import NAMES

    family = GaugeMetricFamily("chengliang_alarm", "1 while the alarm is raised.", labels=["name"])
    for name in NAMES:
        family.add_metric([name], name in raised)
    return family


def _figures(found: vitals.Vitals) -> Iterator[GaugeMetricFamily]:
    """The figures of what was read."""
    depth = GaugeMetricFamily("chengliang_outbox_pending", "Pieces of work not done, by queue.", labels=["queue"])
    age = GaugeMetricFamily(
        "chengliang_outbox_oldest_seconds", "Age of the oldest piece of work not done, by queue.", labels=["queue"]
    )
    waiting = {queue.name: queue for queue in found.queues}
    for name in sorted({*vitals.QUEUES, *waiting}):
        queue = waiting.get(name)
        depth.add_metric([name], queue.depth if queue else 0)
        age.add_metric([name], (found.at - queue.oldest_at).total_seconds() if queue else 0)
    yield from (depth, age)
    tenants = GaugeMetricFamily(
        "chengliang_outbox_pending_by_institution", "Pieces of work not done, of the institutions with most of them.",
        labels=["institution_id"],
    )  # fmt: skip
    for institution_id, pieces in found.tenants:
        tenants.add_metric([str(institution_id)], pieces)
    yield tenants
    ran = GaugeMetricFamily("chengliang_job_age_seconds", "Time since a periodic job last ran.", labels=["job"])
    well = GaugeMetricFamily("chengliang_job_ok", "Whether the last run of a periodic job went well.", labels=["job"])
    for name, job in found.jobs.items():
        ran.add_metric([name], (found.at - job.ran_at).total_seconds())
        well.add_metric([name], job.ok)
    yield from (ran, well)
    ages = {
        "chengliang_checkpoint_age_seconds": ("Age of the newest checkpoint of the ledger.", found.checkpoint_at),
        "chengliang_verify_age_seconds": ("Time since the ledger was last verified.", found.ran_at(vitals.VERIFY)),
        "chengliang_backup_age_seconds": ("Time since the last backup.", found.ran_at(vitals.BACKUP)),
        "chengliang_restore_drill_age_seconds": ("Time since a restore was last tried.", found.ran_at(vitals.DRILL)),
    }
    for name, (text, moment) in ages.items():
        if moment:  # what never happened has no age; its alarm tells
            yield GaugeMetricFamily(name, text, value=(found.at - moment).total_seconds())
    verified = found.jobs.get(vitals.VERIFY)
    if verified:
        yield GaugeMetricFamily("chengliang_verify_ok", "Whether the ledger was found whole.", value=verified.ok)
    yield GaugeMetricFamily("chengliang_dead_letters", "Pieces of work given up.", value=found.dead)
    yield GaugeMetricFamily("chengliang_ledger_size", "Leaves in the ledger.", value=found.tree_size)
    yield GaugeMetricFamily("chengliang_ledger_pending", "Leaves without a place yet.", value=found.pending_leaves)
    yield GaugeMetricFamily(
        "chengliang_clock_skew_seconds",
        "How far this process is ahead of the database.",
        value=found.skew.total_seconds(),
    )
