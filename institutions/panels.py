"""What this app puts on the today page."""

from datetime import date

from django.utils import timezone

from portal.actors import Actor
from portal.permissions import Permission
from portal.today import Panel, panel

from . import reading
from .models import Institution, Invitation, Membership

MOST = 8


@panel(order=45)
def documents_to_read(actor: Actor, institution: Institution, day: date) -> Panel | None:
    """The documents that everybody must have read and that this colleague has not; nothing when there are none."""
    if actor.employment_id is None:
        return None
    rows = list(reading.waiting_for(actor, day)[:MOST])
    return Panel("institutions/_to_read.html", {"rows": rows}, side=True) if rows else None


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
