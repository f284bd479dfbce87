"""Who of an institution can be written to."""

from institutions.models import Membership
from portal.permissions import Role
from portal.recipients import Recipient, recipients_from


def members(institution_id: int) -> list[Recipient]:
    """Members who can be written to now: active membership, open account. Needs the institution's scope. One query."""
    rows = Membership.objects.filter(
        institution_id=institution_id, state=Membership.State.ACTIVE, user__is_active=True, user__frozen_at=None
    )
    return [
        Recipient(row.user_id, row.ref, row.user.name, row.user.email, tuple(Role(role) for role in row.roles))
        for row in rows.select_related("user").order_by("user_id")
    ]


recipients_from(members)
