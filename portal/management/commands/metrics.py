from typing import Any

from django.core.management.base import BaseCommand

from portal.metrics import exposition


class Command(BaseCommand):
    help = "Print what /metrics answers, for machines on which no web process runs."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(exposition().decode())
