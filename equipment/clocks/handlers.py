"""What follows for the clocks, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from ..models import Equipment
from . import defaults


def start(sender: type, *, rows: Sequence[Equipment], at: datetime, **kwargs: object) -> None:
    """Equipment that came into the register has its usual clocks."""
    defaults.start(rows, timezone.localdate(at))
