"""Acts that the rules refused in an institution: what somebody tried, when, and which clauses stood in the way."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from institutions.models import Institution
from portal import history
from portal.models import AuditEntry

DAYS = 30
MOST_READ = 500
SHOWN = 10


@dataclass(frozen=True)
class Refused:
    """Acts of the last days: how often each was refused, and the latest of them as the timeline shows them.

    `more`: there were more than MOST_READ, and the counts are those of the latest ones.
    """

    counts: list[tuple[str, int]]
    latest: list[dict[str, str]]
    more: bool

    @property
    def total(self) -> int:
        return sum(count for _title, count in self.counts)


def refused_lately(institution: Institution, at: datetime) -> Refused:
    """What gates refused in the institution within 30 days before `at`. One query. Source: E4.23."""
    rows = AuditEntry.objects.filter(
        institution=institution,
        succeeded=False,
        changes__has_key="refused",
        at__gt=at - timedelta(days=DAYS),
        at__lte=at,
    )
    entries = list(rows.order_by("-pk")[: MOST_READ + 1])
    counts = Counter(history.title_of(entry.verb) for entry in entries[:MOST_READ])
    return Refused(counts.most_common(), [_told(entry) for entry in entries[:SHOWN]], len(entries) > MOST_READ)


def _told(entry: AuditEntry) -> dict[str, str]:
    """Which act on what, and why not. Who tried is in the institution's own trail."""
    reasons = [
        f"{sentence}（{clause}）" if (clause := history.printed_clause(name)) else sentence
        for name, sentence in entry.changes["refused"]
    ]
    return {
        "at": f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M}",
        "title": f"{history.title_of(entry.verb)} {entry.target_name}",
        "text": " ".join(reasons),
        "kind": "void",
    }
