"""What this app puts on the today page."""

from datetime import date, timedelta
from itertools import chain
from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from portal.actors import Actor
from portal.permissions import Permission, Role
from portal.today import Panel, panel

from .models import Authorisation, Institution, Invitation, Membership, MethodAdoption, Qualification, ScopeItem
from .words import DUE, method_state, validity

# Who keeps qualifications, scope, people and methods in order.
KEEPERS = {Role.ADMINISTRATOR, Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER, Role.SUPERVISOR, Role.REGULATOR}
MOST = 8
# What ended longer ago than this has been dealt with or given up.
FORGOTTEN = timedelta(days=365)


@panel(order=20)
def ending_soon(actor: Actor, institution: Institution, day: date) -> Panel | None:
    """What ended lately or ends soon: qualifications, scope, authorisations, methods. Four queries."""
    if not KEEPERS & set(actor.roles):
        return None
    window = Q(valid_until__gte=day - FORGOTTEN, valid_until__lte=day + DUE)
    qualifications = Qualification.objects.visible_to(actor).filter(window).order_by("valid_until", "pk")
    scope = ScopeItem.objects.visible_to(actor).filter(window).order_by("valid_until", "pk")
    working = Q(employment__ended_on=None) | Q(employment__ended_on__gte=day)
    authorisations = Authorisation.objects.visible_to(actor).filter(window, working, revoked_on=None)
    authorisations = authorisations.select_related("employment").order_by("valid_until", "pk")
    adopted = MethodAdoption.objects.visible_to(actor).filter(
        method__in_force_until__lte=day + DUE, method__in_force_until__gte=day - FORGOTTEN
    )
    adopted = adopted.select_related("method").order_by("method__in_force_until", "pk").annotate(
        valid_until=F("method__in_force_until")
    )  # fmt: skip

    def address(page: str, *args: str) -> str:
        return reverse(f"institutions:{page}", args=[institution.slug, *args])

    entries = chain(
        (_entry(row, str(row), address("qualifications"), validity(row, day)) for row in qualifications[:MOST]),
        (_entry(row, str(row), address("scope"), validity(row, day)) for row in scope[:MOST]),
        (
            _entry(row, f"{row.employment.name} {row}", address("person", row.employment.ref), validity(row, day))
            for row in authorisations[:MOST]
        ),
        (_entry(row, str(row.method), address("methods"), method_state(row.method, day)) for row in adopted[:MOST]),
    )
    soonest = sorted(entries, key=lambda entry: entry["until"])[:MOST]
    return Panel("institutions/_ending.html", {"entries": soonest}, side=True)


def _entry(row: Any, name: str, url: str, state: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "url": url, "state": state, "until": row.valid_until}


@panel(order=80, permission=Permission.MEMBER_INVITE)
def members_and_invitations(actor: Actor, institution: Institution, day: date) -> Panel:
    """How many members there are, and which invitations nobody has taken up."""
    waiting = Invitation.objects.visible_to(actor).filter(state=Invitation.State.SENT).order_by("expires_at", "pk")
    now = timezone.now()
    return Panel(
        "institutions/_members.html",
        {
            "member_count": Membership.objects.visible_to(actor).filter(state=Membership.State.ACTIVE).count(),
            "waiting": [{"row": row, "expired": row.expires_at < now} for row in waiting[:MOST]],
        },
        side=True,
    )
