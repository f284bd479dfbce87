import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from portal import alarms, denials, vitals


class Command(BaseCommand):
    help = "Say what somebody must look at now. Code 0: nothing; 1: at least one alarm is raised."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            raised = alarms.raised(vitals.read(), denials.lately())
        except DatabaseError:
            raised = [alarms.database_away(timezone.now())]
        if options["json"]:
            rows = [{"name": a.name, "sentence": a.sentence, "since": a.since.isoformat()} for a in raised]
            self.stdout.write(json.dumps({"alarms": rows}, ensure_ascii=False))
        else:
            for alarm in raised:
                self.stdout.write(f"{alarm.name} ({alarm.since.isoformat(timespec='seconds')}): {alarm.sentence}")
        if raised:
            sys.exit(1)
