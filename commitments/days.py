"""Days that a pledge is reckoned by."""

from datetime import date, datetime

from django.utils import timezone


def day_of(at: datetime) -> date:
    """The day of an instant in Shanghai."""
    return timezone.localdate(at)


def a_year_later(day: date) -> date:
    """The same day of the next year; of 29 February the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
