"""Conditions that must hold before a verb of this app."""

from django.utils.translation import gettext as _

from portal.personal import masked_email
from portal.transitions import Refusal

from .models import Invitation


def nobody_invited_twice(invitation, actor, at):
    """No open invitation to the same address is left."""
    open_ones = Invitation.objects.filter(
        institution_id=invitation.institution_id, email__iexact=invitation.email, state=Invitation.State.SENT,
        expires_at__gt=at,
    )  # fmt: skip
    if open_ones.exists():
        shown = {"email": masked_email(invitation.email)}
        yield Refusal("invitation", _("%(email)s 已有一份未接受的邀请。请先撤回它。") % shown)


def invitation_still_open(invitation, actor, at):
    """The invitation has not run out."""
    if at > invitation.expires_at:
        yield Refusal("invitation", _("邀请已过期。请联系机构管理员重新发送。"))
