"""manage.py clauses: how many clauses the code decides; with an institution, how each stands for it."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.clauses import CHECKS, GATED, Clause, State, catalogue, documents, evaluate
from portal.models import Alert


def coverage(rows: list[Clause]) -> dict[str, int]:
    """How many rows there are, have a check, are named by a gate; gate rows count as `covered` with both."""
    gates = [row for row in rows if row.kind == "gate"]
    return {
        "rows": len(rows),
        "checked": sum(row.id in CHECKS for row in rows),
        "gated": sum(row.id in GATED for row in rows),
        "gate_rows": len(gates),
        "gate_rows_covered": sum(row.id in CHECKS and row.id in GATED for row in gates),
    }


class Command(BaseCommand):
    help = "Report which clauses are decided by code, or how they stand for one institution."

    def add_arguments(self, parser):
        parser.add_argument("--institution", metavar="SLUG")
        parser.add_argument("--on", type=date.fromisoformat, help="the day to judge, YYYY-MM-DD (today)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, **options):
        day = options["on"] or timezone.localdate()
        report = self.verdicts(options["institution"], day) if options["institution"] else self.coverage()
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, default=str))
        elif options["institution"]:
            self.told(report)
        else:
            self.counted(report)

    def coverage(self) -> dict[str, Any]:
        rows = list(catalogue().values())
        split = {
            "document": {letter: [row for row in rows if row.letter == letter] for letter in documents()},
            "app": {app: [row for row in rows if row.app == app] for app in sorted({row.app for row in rows})},
            "kind": {kind: [row for row in rows if row.kind == kind] for kind in sorted({row.kind for row in rows})},
        }
        by = {name: {key: coverage(part) for key, part in parts.items()} for name, parts in split.items()}
        return {"all": coverage(rows), **by, "gates_without_check": sorted(set(GATED) - set(CHECKS))}

    def verdicts(self, slug: str, day: date) -> dict[str, Any]:
        institution = Alert._meta.get_field("institution").related_model.objects.filter(slug=slug).first()
        if institution is None:
            raise CommandError(f"There is no institution {slug}.")
        found = evaluate(institution, day)
        counts = Counter(str(verdict.state) for verdict in found.values())
        return {
            "institution": slug,
            "on": day,
            "counts": {str(state): counts[state] for state in State},
            "clauses": {name: {"title": catalogue()[name].title, **asdict(found[name])} for name in found},
        }

    def counted(self, report: dict[str, Any]) -> None:
        line = "{:<14}{:>6}{:>9}{:>7}{:>11}{:>9}"
        self.stdout.write(line.format("", "rows", "checked", "gated", "gate rows", "covered"))
        for group in ("document", "app", "kind"):
            for name, counts in report[group].items():
                self.stdout.write(line.format(name, *counts.values()))
            self.stdout.write("")
        self.stdout.write(line.format("all", *report["all"].values()))
        self.stdout.write(f"gates whose data test is missing: {', '.join(report['gates_without_check']) or '-'}")

    def told(self, report: dict[str, Any]) -> None:
        for name, found in report["clauses"].items():
            if found["state"] in (State.MET, State.NOT_MET) or found["figures"]:
                figures = ", ".join(f"{key} {value}" for key, value in found["figures"].items())
                self.stdout.write(f"{name:<18}{found['state']:<16}{found['title']} [{figures}] {found['advice']}")
                for piece in found["evidence"]:
                    self.stdout.write(f"{'':<20}{piece['label']} {piece['text']} {piece['url']}".rstrip())
        self.stdout.write(", ".join(f"{state} {count}" for state, count in report["counts"].items()))
