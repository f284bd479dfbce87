"""How facts about an institution are worded for its regulator."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Institution
from portal.compliance import clause_url
from portal.standing import Fact
from portal.verdicts import MOST_EVIDENCE

from .pairs import Pair


def fact_line(fact: Fact, institution: Institution, day: date) -> dict[str, str]:
    """What is wrong, what which clause asks for, since when, on how many rows; and the page that shows them."""
    asked = "" if fact.is_only_the_clause else fact.clause.title
    clause = " ".join(filter(None, [fact.clause.id, asked]))
    notes = [clause, since_text(fact.since, day), evidence_text(fact.rows)]
    return {
        "text": fact.text,
        "note": " · ".join(filter(None, notes)),
        "url": clause_url(institution, fact.clause.id),
    }


def since_text(since: date, day: date) -> str:
    """How long something has been so, counted in days."""
    days = (day - since).days
    return _("已 %(days)d 天") % {"days": days} if days > 0 else _("今天发现")


def evidence_text(count: int) -> str:
    """How many rows prove it. A verdict keeps no more than MOST_EVIDENCE of them."""
    if not count:
        return ""
    if count >= MOST_EVIDENCE:
        return _("依据至少 %(count)d 条") % {"count": count}
    return _("依据 %(count)d 条") % {"count": count}


def pair_row(pair: Pair, day: date) -> dict[str, Any]:
    """A pair as its table shows it: the person, both institutions with their days, and whether it goes on."""
    lasts = pair.lasts_on(day)
    ended = "" if lasts else _("另一处已于 %(day)s 离职") % {"day": pair.other_until}
    return {
        "name": pair.name,
        "noticed": f"{timezone.localtime(pair.noticed_at):%Y-%m-%d}",
        "trying": _side(pair.trying, pair.started_on, pair.ended_on),
        "other": _side(pair.other, pair.other_since, pair.other_until),
        "tone": "bad" if lasts else "off",
        "word": _("未解除") if lasts else ended,
    }


def _side(institution: Institution, since: date, until: date | None) -> dict[str, str]:
    return {
        "name": institution.name,
        "url": reverse("oversight:institution", args=[institution.slug]),
        "days": _("%(since)s 至 %(until)s") % {"since": since, "until": until or _("今")},
    }
