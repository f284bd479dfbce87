"""Just after midnight: pledges whose conditions ended with the day are written down as withdrawn, and counts follow the calendar.

The public reads the truth without this: it follows from the dates on card and entry. One statement over the directory says
whose turn it is; whom the day changes nothing for is not looked at. Source: A-9.3-c, E6.36.
"""

import logging
from datetime import date, datetime

from django.db.models import F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Institution, ScopeItem
from portal.tenancy import tenant

from . import following
from .models import Commitment, DirectoryEntry, DirectoryLine

log = logging.getLogger("commitments.night")


def fallen(day: date) -> QuerySet[DirectoryEntry]:
    """Whose public pledge has lost a condition by the day, as far as its dates tell. Everybody may read the directory."""
    return DirectoryEntry.objects.filter(pledge=Commitment.State.PUBLIC, holds_until__lt=day)


def outdated(day: date) -> QuerySet[DirectoryEntry]:
    """Whose lines of scope have begun or ended since the entry was written."""
    lines = DirectoryLine.objects.annotate(written=TruncDate("entry__updated_at"))
    begun = Q(valid_from__gt=F("written"), valid_from__lte=day)
    ended = Q(valid_until__gte=F("written"), valid_until__lt=day)
    return DirectoryEntry.objects.filter(pk__in=lines.filter(begun | ended).values("entry"))


def unlisted() -> QuerySet[Institution]:
    """Who has no entry yet: institutions older than the directory."""
    return Institution.objects.exclude(pk__in=DirectoryEntry.objects.values("institution"))


def run(at: datetime) -> str:
    """Whatever the calendar has changed by this instant's day is written down, each institution in a transaction of its own.

    One that fails is logged and does not keep the others waiting. Returns: what changed, in words. Raises: NightFailed, once
    all are through.
    """
    day = timezone.localdate(at)
    turned = {*fallen(day).values_list("institution_id", "slug"), *outdated(day).values_list("institution_id", "slug")}
    turned |= {*unlisted().values_list("pk", "slug")}
    failed = []
    for institution_id, slug in sorted(turned):
        try:
            with tenant(institution_id):
                lines = ScopeItem.objects.filter(institution_id=institution_id)
                following.follow(institution_id, at=at, lines=lines)
        except Exception:
            log.exception("pledge.night_failed", extra={"tenant_id": institution_id})
            failed.append(slug)
    if failed:
        raise NightFailed(", ".join(failed))
    return _("%(day)s：核对承诺与名录 %(count)d 家") % {"day": day, "count": len(turned)}


class NightFailed(Exception):
    """The night's work went through, but not for every institution."""
