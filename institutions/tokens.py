"""接口令牌: keys for programs. Made by an administrator after a proof of the person, shown once, revoked at any time."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.permissions import MACHINE_RIGHTS, Permission
from portal.transitions import Refusal, Refused, Transition

from .models import ApiToken

PREFIX = "clt_"
HINT = 8
LONGEST_LIFE = timedelta(days=366)
MOST = 20  # in force at a time
LONGEST_KEY = 100

State = ApiToken.State


def digest_of(key: str) -> str:
    """What is kept of a key. It holds 256 random bits, so nobody finds it by trying, however fast the digest is."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def holder_of(key: str) -> tuple[int, int] | None:
    """Institution and token of this exact key, whatever their state; None for any other text. Needs no scope."""
    if not key.startswith(PREFIX) or len(key) > LONGEST_KEY:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT institution, token FROM api_key_holder(%s)", [digest_of(key)])
        return cursor.fetchone()


def why_shut(token: ApiToken, day: date) -> str:
    """Why the token opens nothing that day, or ""."""
    if token.state != State.ACTIVE:
        return _("这个令牌已撤销。请向机构管理员要新的令牌。")
    if token.expires_on < day:
        return _("这个令牌已在 %(day)s 过期。请向机构管理员要新的令牌。") % {"day": token.expires_on}
    return ""


def in_force(token: ApiToken) -> bool:
    """Whether nobody has revoked it by now; it stays so until the commit. Source: E2.10."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM institutions_apitoken WHERE id = %s AND institution_id = %s AND state = %s FOR SHARE",
            [token.pk, token.institution_id, State.ACTIVE],
        )
        return cursor.fetchone() is not None


def actor_for(token: ApiToken) -> Actor:
    """Who acts with the token: a program of the institution, with the token's rights and no person behind it."""
    rights = frozenset(Permission(one) for one in token.permissions if one in MACHINE_RIGHTS)
    name = _("接口：%(name)s") % {"name": token.name}
    return Actor(name=name, institution_id=token.institution_id, token_id=token.pk, permissions=rights)


# --- verbs


def life_is_a_year_at_most(token: ApiToken, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It ends after today, and within a year."""
    today = timezone.localdate(at)
    if token.expires_on < today:
        yield Refusal("token", _("有效期至已经过去。请填今天以后的日期。"))
    elif token.expires_on > today + LONGEST_LIFE:
        yield Refusal("token", _("令牌最长用一年。请填 %(day)s 以前的日期。") % {"day": today + LONGEST_LIFE})


def rights_are_for_machines(token: ApiToken, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It may do something, and nothing that takes a person."""
    if not token.permissions or not set(token.permissions) <= set(MACHINE_RIGHTS):
        yield Refusal("token", _("请至少选一项令牌可以做的事。"))


def name_is_free(token: ApiToken, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """No other token in force is for the same use, and there are not too many."""
    names = list(
        ApiToken.objects.filter(
            institution_id=token.institution_id, state=State.ACTIVE, expires_on__gte=timezone.localdate(at)
        ).values_list("name", flat=True)
    )
    if token.name in names:
        yield Refusal("token", _("已有一个有效的令牌叫“%(name)s”。请换个用途名，或先撤销它。") % {"name": token.name})
    if len(names) >= MOST:
        yield Refusal("token", _("有效的令牌已有 %(n)d 个。请先撤销不用的。") % {"n": len(names)})


def offer_digest(name: str, permissions: Iterable[str], expires_on: date) -> str:
    """What whoever makes a token confirms: for what it is, what it may do, until when. Source: E3.18."""
    stated = f"{name}\n{','.join(sorted(permissions))}\n{expires_on}"
    return hashlib.sha256(stated.encode()).hexdigest()


MAKE = Transition(
    "make", frozenset({""}), State.ACTIVE, Permission.API_MANAGE,
    gates=(life_is_a_year_at_most, rights_are_for_machines, name_is_free),
    step_up=lambda row: offer_digest(row.name, row.permissions, row.expires_on),
)  # fmt: skip
REVOKE = Transition("revoke", frozenset({State.ACTIVE}), State.REVOKED, Permission.API_MANAGE)


def make(
    *, name: str, permissions: list[str], expires_on: date, actor: Actor, at: datetime
) -> tuple[ApiToken, str]:  # fmt: skip
    """There is one more token. Returns: it, and the key, which is kept nowhere and can be shown this once only."""
    key = PREFIX + secrets.token_urlsafe(32)
    blank = ApiToken(
        institution_id=actor.institution_id, name=name, permissions=sorted(permissions), expires_on=expires_on,
        hint=key[:HINT], digest=digest_of(key), made_by_id=actor.user_id, state="",
    )  # fmt: skip
    with MAKE.applied_to(blank, actor=actor, at=at) as token:
        pass
    return token, key


def revoke(token: ApiToken, *, reason: str, actor: Actor, at: datetime) -> ApiToken:
    """The key opens nothing from the next request on; what it is in the middle of is done first."""
    with REVOKE.applied_to(token, actor=actor, at=at, reason=reason) as token:
        if not reason.strip():
            raise Refused(Refusal("token", _("请写明撤销的原因。")))
    return token
