"""What the database knows about the portal's health, in one short read and by its own clock."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

# Names of rows of JobRun that others than this module write, too.
VERIFY, BACKUP, DRILL, SEQUENCE = "verify_ledger", "backup", "drill", "sequence_ledger"
NIGHTLY = ("scan_due", "evaluate_clauses", "reconsider_pledges")
HEARTBEAT = "heartbeat:"  # and the name of a queue
QUEUES = ("celery", "pdf", "mail", "import")
BEAT_SECONDS = 20
# A beat nobody took in time says nothing later, and must not pile up before a worker that is away.
BEAT_GOOD_FOR_SECONDS = 40

MOST_TENANTS = 50
PATIENCE = "2s"

READ = f"""
SELECT json_build_object(
  'at', clock_timestamp(),
  'installed_at', (SELECT min(applied) FROM django_migrations),
  'queues', (SELECT coalesce(json_agg(q), '[]') FROM (
      SELECT queue AS name, count(*) AS depth, min(created_at) AS oldest_at
      FROM portal_outboxentry WHERE state = 'pending' GROUP BY queue ORDER BY queue) q),
  'tenants', (SELECT coalesce(json_agg(t), '[]') FROM (
      SELECT institution_id AS id, count(*) AS depth FROM portal_outboxentry
      WHERE state = 'pending' AND institution_id IS NOT NULL
      GROUP BY institution_id ORDER BY count(*) DESC, institution_id LIMIT {MOST_TENANTS}) t),
  'dead', (SELECT json_build_object('count', count(*), 'since', min(due_at))
      FROM portal_outboxentry WHERE state = 'dead'),
  'jobs', (SELECT coalesce(json_agg(j), '[]') FROM (
      SELECT name, ran_at, ok, note FROM portal_jobrun ORDER BY name) j),
  'pending_leaves', (SELECT count(*) FROM portal_ledgerpending),
  'last_entry', (SELECT json_build_object('index', index, 'at', sequenced_at)
      FROM portal_ledgerentry ORDER BY index DESC LIMIT 1),
  'checkpoint', (SELECT json_build_object('size', size, 'at', at)
      FROM portal_ledgercheckpoint ORDER BY size DESC LIMIT 1),
  'uncovered_since', (SELECT sequenced_at FROM portal_ledgerentry
      WHERE index = coalesce((SELECT max(size) FROM portal_ledgercheckpoint), 0))
)::text
"""


@dataclass(frozen=True)
class Queue:
    """The work waiting in one queue."""

    name: str
    depth: int
    oldest_at: datetime


@dataclass(frozen=True)
class Job:
    """The last run of a periodic job."""

    name: str
    ran_at: datetime
    ok: bool
    note: str


@dataclass(frozen=True)
class Vitals:
    """The state of the portal at one moment of the database's clock.

    `skew` is how far this process's clock is ahead of the database's. `uncovered_since`: when the oldest leaf was put
    into the ledger that no checkpoint covers yet.
    """

    at: datetime
    installed_at: datetime
    skew: timedelta = timedelta()
    queues: tuple[Queue, ...] = ()
    tenants: tuple[tuple[int, int], ...] = ()
    dead: int = 0
    dead_since: datetime | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    pending_leaves: int = 0
    tree_size: int = 0
    sequenced_at: datetime | None = None
    checkpoint_size: int = 0
    checkpoint_at: datetime | None = None
    uncovered_since: datetime | None = None

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest piece of work was written that is not done."""
        return min((queue.oldest_at for queue in self.queues), default=None)

    @property
    def unwitnessed_since(self) -> datetime | None:
        """Since when acts wait for a checkpoint; None when one covers all of them.

        A leaf that waits for its place carries no time that may be read here: it cannot be older than the last time the
        sequencer gave a sign of life, and is as old as can be when it never gave one.
        """
        if self.uncovered_since or not self.pending_leaves:
            return self.uncovered_since
        job = self.jobs.get(SEQUENCE)
        signs = [sign for sign in (self.sequenced_at, self.checkpoint_at, job and job.ran_at) if sign]
        return max(signs, default=datetime.min.replace(tzinfo=UTC))

    def ran_at(self, job: str) -> datetime | None:
        """When the job last ran; None when it never did."""
        known = self.jobs.get(job)
        return known.ran_at if known else None

    def missing_since(self, job: str) -> datetime:
        """When the job last ran, or since when it could have run for the first time."""
        return self.ran_at(job) or self.installed_at

    def failed(self, job: str) -> bool:
        """Whether the last run of the job went wrong."""
        return job in self.jobs and not self.jobs[job].ok

    @property
    def silent_queues(self) -> dict[str, datetime]:
        """Queue -> when a worker last took something from it; every queue, the longest silent first."""
        heard = {queue: self.missing_since(HEARTBEAT + queue) for queue in QUEUES}
        return dict(sorted(heard.items(), key=lambda item: item[1]))


def read() -> Vitals:
    """The state now. Raises: DatabaseError when the database does not answer within two seconds. Source: E13.60, E13.61."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
        before = time.time()
        cursor.execute(READ)
        after = time.time()
        found = json.loads(cursor.fetchone()[0])
    last, checkpoint, at = found["last_entry"] or {}, found["checkpoint"] or {}, _moment(found["at"])
    return Vitals(
        at=at,
        installed_at=_moment(found["installed_at"]) or at,
        skew=_beyond(at, before, after),
        queues=tuple(Queue(queue["name"], queue["depth"], _moment(queue["oldest_at"])) for queue in found["queues"]),
        tenants=tuple((tenant["id"], tenant["depth"]) for tenant in found["tenants"]),
        dead=found["dead"]["count"],
        dead_since=_moment(found["dead"]["since"]),
        jobs={job["name"]: Job(job["name"], _moment(job["ran_at"]), job["ok"], job["note"]) for job in found["jobs"]},
        pending_leaves=found["pending_leaves"],
        tree_size=last["index"] + 1 if last else 0,
        sequenced_at=_moment(last.get("at")),
        checkpoint_size=checkpoint.get("size", 0),
        checkpoint_at=_moment(checkpoint.get("at")),
        uncovered_since=_moment(found["uncovered_since"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _beyond(at: datetime, before: float, after: float) -> timedelta:
    """How far this process's clock is ahead (negative: behind); nothing while the answer lies within the question."""
    asked, answered = (datetime.fromtimestamp(moment, UTC) for moment in (before, after))
    if asked <= at <= answered:
        return timedelta()
    return asked - at if asked > at else answered - at
