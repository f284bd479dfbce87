"""The verbs of accounts: invite, accept, withdraw, change roles, end, help after a lost phone, a new password."""

import hashlib
from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.translation import gettext as _

from portal import audit
from portal.actors import Actor
from portal.clock import DatabaseClock
from portal.permissions import Permission, Role
from portal.transitions import Refusal, Refused, Transition

from . import events, gates, second_factor
from .models import Employment, Invitation, Membership, OldPassword, User
from .sessions import end_sessions

State = Invitation.State
INVITATION_DAYS = 7
REMEMBERED = 5  # passwords that are not taken again

INVITE = Transition(
    "invite", frozenset({""}), State.SENT, Permission.MEMBER_INVITE,
    gates=(gates.nobody_invited_twice,), event=events.member_invited,
    step_up=lambda row: offer_digest(row.email, row.roles, row.employment_id),
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
    leaf="membership.changed", step_up=lambda row: roles_digest(row.roles),
)  # fmt: skip
END_MEMBERSHIP = Transition(
    "end", frozenset({Membership.State.ACTIVE}), Membership.State.ENDED, Permission.MEMBER_CHANGE,
    leaf="membership.changed", step_up=lambda row: "",
)  # fmt: skip
REMOVE_FACTOR = Transition(
    "remove_factor", frozenset({Membership.State.ACTIVE}), Membership.State.ACTIVE, Permission.MEMBER_CHANGE,
    step_up=lambda row: "",
)  # fmt: skip
UNFREEZE = Transition(
    "unfreeze", frozenset({Membership.State.ACTIVE}), Membership.State.ACTIVE, Permission.MEMBER_CHANGE,
    step_up=lambda row: "",
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


def offer_digest(email: str, roles: list[str], employment_id: int | None) -> str:
    """What whoever invites somebody confirms: to which address, with which roles, in whose name. Source: E3.18."""
    stated = f"{email}\n{','.join(sorted(roles))}\n{employment_id or ''}"
    return hashlib.sha256(stated.encode()).hexdigest()


def roles_digest(roles: list[str]) -> str:
    """What a proof for a change of roles is bound to: the SHA-256 of exactly these roles."""
    return hashlib.sha256(" ".join(sorted(roles)).encode()).hexdigest()


def _in_turn(institution_id: int) -> None:
    """Changes to the members of one institution happen one after the other.

    Two administrators who end each other at the same moment would each lock the other first; here whoever comes second
    waits, and is then no longer entitled. Source: E2.10.
    """
    rows = Membership.objects.select_for_update(of=("self",)).filter(institution_id=institution_id)
    list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def change_roles(membership: Membership, roles: list[str], *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member holds exactly these roles from the next request on."""
    if membership.user_id == actor.user_id and Role.ADMINISTRATOR not in roles:
        raise Refused(Refusal("member", _("不能去掉自己的机构管理员身份。请由另一位管理员操作。")))
    _in_turn(membership.institution_id)
    with CHANGE_ROLES.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        membership.roles = roles
    return membership


@transaction.atomic
def end_membership(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member has no access from the next request on; what it did stays under its name."""
    if membership.user_id == actor.user_id:
        raise Refused(Refusal("member", _("不能停用自己的账号。请由另一位管理员操作。")))
    _in_turn(membership.institution_id)
    with END_MEMBERSHIP.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        pass
    return membership


def remove_factor(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member's phone and recovery codes open nothing, and it is signed out everywhere.

    The next sign-in takes the password and the link from the mail, and begins with a new factor. Source: E3.15.
    """
    if membership.user_id == actor.user_id:
        raise Refused(
            Refusal("member", _("不能移除自己的第二因素。换手机请在“我的账号”里设置，或由另一位管理员移除。"))
        )
    with REMOVE_FACTOR.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        if not second_factor.has_factor(membership.user_id):
            raise Refused(Refusal("member", _("这位成员没有第二因素，不用移除。")))
        second_factor.remove(membership.user_id)
        end_sessions(membership.user_id)
    return membership


def unfreeze(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> Membership:
    """The member, who has no recovery code at hand, can sign in again with password and second factor."""
    with UNFREEZE.applied_to(membership, actor=actor, at=at, reason=reason) as membership:
        if not User.objects.filter(pk=membership.user_id).exclude(frozen_at=None).update(frozen_at=None):
            raise Refused(Refusal("member", _("这个账号没有冻结，不用解除。")))
    return membership


@transaction.atomic
def change_password(user: User, password: str, *, keep_session: str | None) -> User:
    """The user's own new password is set, the old one is remembered, and all sessions but this one are over."""
    if user.has_usable_password():
        OldPassword.objects.create(user=user, hash=user.password)
        old = OldPassword.objects.filter(user=user).order_by("-pk")
        old.filter(pk__in=list(old.values_list("pk", flat=True)[REMEMBERED:])).delete()
    user.set_password(password)
    user.save(update_fields=["password"])
    User.objects.filter(pk=user.pk).update(password_changed_at=DatabaseClock())
    end_sessions(user.pk, but=keep_session)
    audit.record(Actor(name=user.name, user_id=user.pk), "user.change_password")
    return user
