"""The verbs of accounts: invite, accept, withdraw, change roles, end."""

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.translation import gettext as _

from portal import audit
from portal.actors import Actor
from portal.permissions import Permission, Role
from portal.transitions import Refusal, Refused, Transition

from . import events, gates
from .models import Employment, Invitation, Membership, User

State = Invitation.State
INVITATION_DAYS = 7

INVITE = Transition(
    "invite", frozenset({""}), State.SENT, Permission.MEMBER_INVITE,
    gates=(gates.nobody_invited_twice,), event=events.member_invited,
)  # fmt: skip
WITHDRAW_INVITATION = Transition("withdraw", frozenset({State.SENT}), State.WITHDRAWN, Permission.MEMBER_INVITE)
ACCEPT = Transition(
    "accept", frozenset({State.SENT}), State.ACCEPTED, Permission.MEMBER_ACCEPT, gates=(gates.invitation_still_open,)
)
JOIN = Transition(
    "join", frozenset({"", Membership.State.ENDED}), Membership.State.ACTIVE, Permission.MEMBER_ACCEPT,
    leaf="membership.changed",
)  # fmt: skip
CHANGE_ROLES = Transition(
    "change_roles", frozenset({Membership.State.ACTIVE}), Membership.State.ACTIVE, Permission.MEMBER_CHANGE,
    leaf="membership.changed",
)  # fmt: skip
END_MEMBERSHIP = Transition(
    "end", frozenset({Membership.State.ACTIVE}), Membership.State.ENDED, Permission.MEMBER_CHANGE,
    leaf="membership.changed",
)  # fmt: skip

# Accepting is done by somebody who is not a member yet: the link is the proof, this actor the hand.
DOORKEEPER = Actor.system("invitations", Permission.MEMBER_ACCEPT)


LINKS = Signer(salt="institutions.invitation")


def link_token(invitation: Invitation) -> str:
    """What the invitation's link carries: institution and random name, signed. Nothing secret is stored."""
    return LINKS.sign(f"{invitation.institution.slug}.{invitation.ref}")


def named_in(token: str) -> tuple[str, str] | None:
    """Slug of the institution and ref of the invitation a link names, or None when the signature is not ours."""
    try:
        slug, _dot, ref = LINKS.unsign(token).partition(".")
    except BadSignature:
        return None
    return slug, ref


def invite(
    *, email: str, name: str, roles: list[str], employment: Employment | None, actor: Actor, at: datetime
) -> Invitation:
    """An invitation is open for seven days and its mail is on the way."""
    blank = Invitation(
        institution_id=actor.institution_id, email=email, name=name, roles=roles, employment=employment,
        expires_at=at + timedelta(days=INVITATION_DAYS),
    )  # fmt: skip
    with INVITE.applied_to(blank, actor=actor, at=at) as invitation:
        pass
    return invitation


def withdraw_invitation(invitation: Invitation, *, actor: Actor, at: datetime) -> Invitation:
    """The link of the invitation no longer opens anything."""
    with WITHDRAW_INVITATION.applied_to(invitation, actor=actor, at=at) as invitation:
        pass
    return invitation


@transaction.atomic
def accept(invitation: Invitation, *, username: str, password: str, at: datetime) -> User:
    """The invited person has an account and is a member with the offered roles."""
    with ACCEPT.applied_to(invitation, actor=DOORKEEPER, at=at) as invitation:
        if User.objects.filter(username=User.objects.spelling(username)).exists():
            raise Refused(Refusal("account", _("登录名“%(name)s”已被使用，请换一个。") % {"name": username}))
        user = User.objects.create_user(username, password, name=invitation.name, email=invitation.email)
        invitation.user = user
    join(user, invitation, at=at)
    return user


@transaction.atomic
def accept_as(invitation: Invitation, user: User, *, at: datetime) -> Membership:
    """The user is a member under the account it has already. Raises: Refused when it is a member now."""
    with ACCEPT.applied_to(invitation, actor=DOORKEEPER, at=at) as invitation:
        invitation.user = user
    return join(user, invitation, at=at)


def join(user: User, invitation: Invitation, *, at: datetime) -> Membership:
    """The user is a member with the invitation's roles; one who had left is back under the same membership."""
    known = Membership.objects.filter(institution_id=invitation.institution_id, user=user).first()
    if known is not None and known.state == Membership.State.ACTIVE:
        raise Refused(
            Refusal("account", _("%(name)s 已经是本机构的成员。需要换角色时，请机构管理员更改。") % {"name": user})
        )
    blank = known or Membership(institution_id=invitation.institution_id, user=user)
    with JOIN.applied_to(blank, actor=DOORKEEPER, at=at) as membership:
        membership.roles, membership.employment = invitation.roles, invitation.employment
    return membership


def change_roles(membership: Membership, roles: list[str], *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member holds exactly these roles from the next request on."""
    if membership.user_id == actor.user_id and Role.ADMINISTRATOR not in roles:
        raise Refused(Refusal("member", _("不能去掉自己的机构管理员身份。请由另一位管理员操作。")))
    with CHANGE_ROLES.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        membership.roles = roles
    return membership


def end_membership(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member has no access from the next request on; what it did stays under its name."""
    if membership.user_id == actor.user_id:
        raise Refused(Refusal("member", _("不能停用自己的账号。请由另一位管理员操作。")))
    with END_MEMBERSHIP.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        pass
    return membership


@transaction.atomic
def change_password(user: User, password: str) -> User:
    """The user's own new password is set; sessions opened with the old one are over."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(Actor(name=user.name, user_id=user.pk), "user.change_password")
    return user
