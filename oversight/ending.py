"""What ends within sixty days in the institutions of a region, told from the reminders they have been sent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Min

from portal.models import Alert

WITHIN = timedelta(days=60)


@dataclass(frozen=True)
class Ending:
    """A thing and the day its time ends, with the page inside the institution that shows it."""

    subject: str
    due_on: date
    link: str


def ending_soon(institution_ids: Collection[int], day: date) -> dict[int, list[Ending]]:
    """Institution id -> what ends within sixty days from that day and is not settled, the soonest first. One query."""
    span = (day, day + WITHIN)
    rows = Alert.objects.filter(institution_id__in=institution_ids, due_on__range=span, settled_at=None)
    rows = rows.values("institution_id", "rule", "target_id", "due_on").annotate(
        first=Min("pk"), subject=Min("subject"), link=Min("link")
    )
    found: dict[int, list[Ending]] = {pk: [] for pk in institution_ids}
    for row in rows.order_by("institution_id", "due_on", "first"):
        found[row["institution_id"]].append(Ending(row["subject"], row["due_on"], row["link"]))
    return found
