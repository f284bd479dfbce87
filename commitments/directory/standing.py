"""What the pledge of an entry is worth on a day: reckoned from its dates when it is read, so that it is true at midnight."""

from datetime import date
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commitments.models import Commitment, DirectoryEntry


class Standing(StrEnum):
    """How a pledge stands."""

    HOLDS = "holds"
    OVERDUE = "overdue"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    NONE = "none"


WORDS = {
    Standing.HOLDS: ("ok", _("承诺有效")),
    Standing.OVERDUE: ("due", _("承诺逾期未确认")),
    Standing.LAPSED: ("bad", _("承诺已失效")),
    Standing.WITHDRAWN: ("bad", _("承诺已撤销")),
    Standing.NONE: ("off", _("尚未承诺")),
}


def of(entry: DirectoryEntry, day: date) -> Standing:
    """How the pledge of the entry stands that day. Source: A-8.2.2.3, A-9.3."""
    if entry.pledge == Commitment.State.WITHDRAWN:
        return Standing.WITHDRAWN
    if entry.pledge != Commitment.State.PUBLIC:
        return Standing.NONE
    if entry.holds_until and entry.holds_until < day:
        return Standing.LAPSED
    if entry.confirm_by and entry.confirm_by < day:
        return Standing.OVERDUE
    return Standing.HOLDS


def filtered(standing: Standing, day: date) -> Q:
    """The entries of which `of` says this."""
    public = Q(pledge=Commitment.State.PUBLIC)
    lapsed, overdue = Q(holds_until__lt=day), Q(confirm_by__lt=day)
    lasting = Q(holds_until=None) | Q(holds_until__gte=day)
    confirmed = Q(confirm_by=None) | Q(confirm_by__gte=day)
    return {
        Standing.HOLDS: public & lasting & confirmed,
        Standing.OVERDUE: public & lasting & overdue,
        Standing.LAPSED: public & lapsed,
        Standing.WITHDRAWN: Q(pledge=Commitment.State.WITHDRAWN),
        Standing.NONE: Q(pledge=""),
    }[standing]
