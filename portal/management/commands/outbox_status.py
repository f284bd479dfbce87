import json

from django.core.management.base import BaseCommand
from django.db.models import Count

from portal import vitals
from portal.clock import DatabaseClock
from portal.models import OutboxEntry


class Command(BaseCommand):
    help = "Show how much work waits, how old the oldest piece is, and the dead letters; --revive puts one back."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--revive", type=int, metavar="ID", help="make a dead piece of work due again")

    def handle(self, **options):
        State = OutboxEntry.State
        if options["revive"]:
            dead = OutboxEntry.objects.filter(pk=options["revive"], state=State.DEAD)
            revived = dead.update(state=State.PENDING, attempts=0, due_at=DatabaseClock())
            self.stderr.write(f"revived {revived}")
        counts = dict(OutboxEntry.objects.values_list("state").annotate(Count("pk")))
        found = vitals.read()
        dead = OutboxEntry.objects.filter(state=State.DEAD).order_by("pk")[:50]
        report = {
            **{state.value: counts.get(state.value, 0) for state in State},
            "oldest_pending_seconds": round((found.at - found.waiting_since).total_seconds())
            if found.waiting_since
            else 0,
            "dead_letters": [
                {"id": entry.pk, "task": entry.task, "target_id": entry.target_id, "error": entry.last_error}
                for entry in dead
            ],
        }
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
            return
        for name, value in report.items():
            self.stdout.write(f"{name}: {value}")
