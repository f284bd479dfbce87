"""Work that waits, runs and has run; counters of numbers; mails that left."""

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class OutboxEntry(models.Model):
    """A piece of work, written in the transaction of its cause. Carries ids only; no tenant data."""

    class State(models.TextChoices):
        PENDING = "pending", _("待办")
        DONE = "done", _("已完成")
        DEAD = "dead", _("已停")

    protection = "no_delete"

    institution_id = models.BigIntegerField(null=True)
    task = models.CharField(max_length=80)
    queue = models.CharField(max_length=20)
    target_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    # For whom the work is done and the right it needs: both are asked again when the work begins.
    on_behalf_of = models.BigIntegerField(null=True)
    needs_right = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    due_at = models.DateTimeField(db_default=DatabaseClock())
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="outbox_due", condition=models.Q(state="pending")),
            models.Index(fields=["due_at"], name="outbox_dead", condition=models.Q(state="dead")),
        ]

    def __str__(self):
        return f"{self.task}({self.target_id})"


class JobRun(models.Model):
    """The last run of a periodic job: when, by the database's clock, whether well, and what it had to say."""

    protection = "no_delete"

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField()
    ok = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)

    def __str__(self):
        return f"{self.name} {self.ran_at:%F %T}"

    @classmethod
    def note_run(cls, name: str, *, ok: bool = True, note: str = "") -> None:
        """The job has run just now."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO portal_jobrun (name, ran_at, ok, note) VALUES (%s, clock_timestamp(), %s, %s) "
                "ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, ok = excluded.ok, note = excluded.note",
                [name, ok, note[:500]],
            )


class SentMail(models.Model):
    """A mail by its own key: written before it is sent, marked after. Holds neither address nor text."""

    key = models.CharField(max_length=120, unique=True)
    message_id = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    sent_at = models.DateTimeField(null=True)

    def __str__(self):
        return self.key


class Counter(TenantModel):
    """The last number given in a series and year; locked in the transaction that gives the next one."""

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "series", "year"], name="counter_once_per_year")]

    def __str__(self):
        return f"{self.series} {self.year}: {self.last}"
