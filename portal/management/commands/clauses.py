"""manage.py clauses: which clauses the code decides, how each stands for an institution, and the evaluation at once."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import clauses, evaluations, standing
from portal.clauses import DECIDED_BY_CODE, GATED, Clause, State, catalogue, documents, evaluate
from portal.tenancy import tenant

from .scan_due import a_day


def coverage(rows: list[Clause]) -> dict[str, int]:
    """How many rows there are, have a check, are named by a gate, say why they have no check; gate rows with both."""
    gates = [row for row in rows if row.kind == "gate"]
    return {
        "rows": len(rows),
        "checked": sum(row.id in clauses.CHECKS for row in rows),
        "gated": sum(row.id in GATED for row in rows),
        "explained": sum(row.id in clauses.WITHOUT_CHECK for row in rows),
        "gate_rows": len(gates),
        "gate_rows_covered": sum(row.id in clauses.CHECKS and row.id in GATED for row in gates),
    }


class Command(BaseCommand):
    help = "Report which clauses are decided by code, or how they stand for one institution; or evaluate and store."

    def add_arguments(self, parser):
        parser.add_argument("--app", help="one line for each row of this app that code should decide")
        parser.add_argument("--institution", metavar="SLUG")
        parser.add_argument("--on", type=a_day, help="the day to judge, YYYY-MM-DD (today)")
        parser.add_argument("--store", action="store_true", help="evaluate and store, as the nightly job does")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, **options):
        day = options["on"] or timezone.localdate()
        report, tell = self.asked(options, day)
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, default=str))
        else:
            tell(report)

    def asked(self, options, day):
        """The report that the options ask for, and how it is told to a person."""
        if options["store"]:
            return self.stored(options["institution"], day), self.counted_up
        if options["institution"]:
            return self.verdicts(options["institution"], day), self.told
        if options["app"]:
            return self.lines(options["app"]), self.listed
        return self.coverage(), self.counted

    # --- what code decides

    def coverage(self) -> dict[str, Any]:
        rows = list(catalogue().values())
        apps, kinds = sorted({row.app for row in rows}), sorted({row.kind for row in rows})
        split = {
            "document": {letter: [row for row in rows if row.letter == letter] for letter in documents()},
            "app": {app: [row for row in rows if row.app == app] for app in apps},
            "kind": {kind: [row for row in rows if row.kind == kind] for kind in kinds},
            "app and kind": {
                f"{app} {kind}": part
                for app in apps
                for kind in kinds
                if (part := [row for row in rows if row.app == app and row.kind == kind])
            },
        }
        by = {name: {key: coverage(part) for key, part in parts.items()} for name, parts in split.items()}
        return {"all": coverage(rows), **by, "gates_without_check": sorted(set(GATED) - set(clauses.CHECKS))}

    def counted(self, report: dict[str, Any]) -> None:
        line = "{:<26}{:>6}{:>9}{:>7}{:>11}{:>11}{:>9}"
        self.stdout.write(line.format("", "rows", "checked", "gated", "explained", "gate rows", "covered"))
        for group in ("document", "app", "kind", "app and kind"):
            for name, counts in report[group].items():
                self.stdout.write(line.format(name, *counts.values()))
            self.stdout.write("")
        self.stdout.write(line.format("all", *report["all"].values()))
        self.stdout.write(f"gates whose data test is missing: {', '.join(report['gates_without_check']) or '-'}")

    def lines(self, app: str) -> list[dict[str, str]]:
        rows = [row for row in catalogue().values() if row.app == app]
        if not rows:
            known = ", ".join(sorted({row.app for row in catalogue().values()}))
            raise CommandError(f"The catalogue has no app {app}. It has: {known}.")
        return [
            {"id": row.id, "kind": row.kind, "title": row.title, "decided_by": _decided_by(row)}
            for row in rows
            if row.kind in DECIDED_BY_CODE
        ]

    def listed(self, report: list[dict[str, str]]) -> None:
        for row in report:
            self.stdout.write(f"{row['id']:<18}{row['kind']:<10}{row['decided_by'] or '-'}  {row['title']}")
        missing = sum(not row["decided_by"] for row in report)
        self.stdout.write(f"{len(report)} rows, {missing} with neither a check nor a reason")

    # --- how an institution stands

    def verdicts(self, slug: str, day: date) -> dict[str, Any]:
        found = evaluate(self.institution(slug), day)
        counts = Counter(str(verdict.state) for verdict in found.values())
        return {
            "institution": slug,
            "on": day,
            "counts": {str(state): counts[state] for state in State},
            "clauses": {name: {"title": catalogue()[name].title, **asdict(found[name])} for name in found},
        }

    def told(self, report: dict[str, Any]) -> None:
        for name, found in report["clauses"].items():
            if found["state"] in (State.MET, State.NOT_MET) or found["figures"]:
                figures = ", ".join(f"{key} {value}" for key, value in found["figures"].items())
                self.stdout.write(f"{name:<18}{found['state']:<16}{found['title']} [{figures}] {found['advice']}")
                for piece in found["evidence"]:
                    self.stdout.write(f"{'':<20}{piece['label']} {piece['text']} {piece['url']}".rstrip())
        self.stdout.write(", ".join(f"{state} {count}" for state, count in report["counts"].items()))

    def stored(self, slug: str | None, day: date) -> dict[str, Any]:
        if day > timezone.localdate():
            raise CommandError(f"{day} has not come yet: a day that is stored would keep the days before it out.")
        try:
            if slug:
                counts = {slug: standing.store(self.institution(slug), day).by_state}
            elif evaluations.run(day) is None:
                raise CommandError("Another process is evaluating right now; nothing was done.")
            else:
                counts = {row.slug: self.latest(row) for row in evaluations.institutions()}
        except standing.OutOfOrder as later:
            raise CommandError(f"{later}: verdicts are stored in the order of days.") from later
        except evaluations.EvaluationFailed as failed:
            raise CommandError(f"The evaluation failed for {failed}; the log says why.") from failed
        return {"on": day, "institutions": counts}

    def latest(self, institution: Any) -> dict[str, int]:
        with tenant(institution.pk):
            return standing.latest(institution).by_state

    def counted_up(self, report: dict[str, Any]) -> None:
        for slug, counts in report["institutions"].items():
            self.stdout.write(f"{slug:<16}" + ", ".join(f"{state} {count}" for state, count in counts.items()))

    def institution(self, slug: str) -> Any:
        found = evaluations.institutions().filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no institution {slug}.")
        return found


def _decided_by(row: Clause) -> str:
    """Module and function of the check, else why there is none, else nothing."""
    if row.id in clauses.CHECKS:
        return f"{clauses.CHECKS[row.id].__module__}.{clauses.CHECKS[row.id].__qualname__}"
    return str(clauses.WITHOUT_CHECK.get(row.id, ""))
