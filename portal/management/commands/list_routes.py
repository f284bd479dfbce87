"""Print every address of the portal with its methods, its audience and what feeds its arguments."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.routes import Route, routes


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON array instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [described(route) for route in routes()]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for row in rows:
            feeds = " ".join(f"{name}={feed}" for name, feed in row["arguments"].items())
            if row["limit"]:
                feeds = f"limit={row['limit']} {feeds}"
            columns = (
                row["pattern"],
                ",".join(row["methods"]),
                row["audience"],
                row["right"] or "-",
                row["name"] or "-",
            )
            self.stdout.write("{:<58} {:<14} {:<11} {:<20} {} {}".format(*columns, feeds).rstrip())


def described(route: Route) -> dict[str, Any]:
    """The stable shape of one address; `arguments` tells for each name the object that feeds it."""
    door = route.door
    return {
        "pattern": route.pattern,
        "name": route.name,
        "methods": list(door.methods) if door else [],
        "audience": door.audience if door else "",
        "right": getattr(door.right, "__name__", door.right) if door else None,
        "limit": door.limit if door else "",
        "arguments": route.feeds,
    }
