"""The second factor: one-time codes of a phone (RFC 6238), and the proof of the person before an act with legal effect.

A factor is absent, in place (`confirmed_at`), or removed by an administrator (a row without a secret). After a removal the
password alone opens nothing: the next sign-in also takes the link that goes to the person's mail address, and leads to
setting up a new factor. Source: E3.15, E3.18.
"""

import base64
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256 as sha256_of
from hashlib import sha512

import pyotp
from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, stepup
from portal.actors import Actor, actor_of
from portal.addresses import client_address
from portal.clock import DatabaseClock
from portal.models import StepUp
from portal.outbox import enqueue
from portal.permissions import SECOND_FACTOR_ROLES
from portal.sealing import seal, unseal
from portal.tenancy import scope
from portal.transitions import Refusal, Refused

from . import limits, recovery_codes
from .forms import ProofForm
from .models import Membership, RecoveryCode, SecondFactor, User
from .sessions import PROVEN

ISSUER = "诚量"
STEP_SECONDS = 30
# Acts under a signature: of the first one in an hour the person hears by mail.
SIGNING = frozenset({"certificate.approve", "certificate.issue", "certificate.void", "commitment.sign"})
LINKS = TimestampSigner(salt="institutions.second_factor")
LINK_SECONDS = 30 * 60

ProvenAct = tuple[str, models.Model | None, str]  # act, row, SHA-256 of what is signed


# --- setting up


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32(32)


def address(user: User, secret: str) -> str:
    """The otpauth:// address that a phone scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


@transaction.atomic
def confirm(user: User, secret: str, code: str, *, at: datetime) -> list[str] | None:
    """The secret is the user's factor, as the code from the phone has shown, in place of any before; the code is used.

    Returns: the recovery codes to show once, or None when the code does not fit.
    """
    step = _step_of(secret, code, at)
    if step is None:
        return None
    _put_in_place(user, secret, step)
    audit.record(Actor(name=user.name, user_id=user.pk), "user.enrol_factor")
    return recovery_codes.renew(user)


def enrol_by_command(user: User) -> str:
    """The user has the factor of `stable_secret`, without recovery codes, for demonstrations and tests. Returns: the secret."""
    secret = stable_secret(user.username)
    _put_in_place(user, secret, 0)
    return secret


def stable_secret(username: str) -> str:
    """A base32 secret that follows from the name and the installation's key, for accounts whose codes a command prints."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"totp {username}".encode(), sha512)
    return base64.b32encode(digest[:20]).decode()


def _put_in_place(user: User, secret: str, step: int) -> None:
    values = {"secret_sealed": seal(secret), "last_step": step, "confirmed_at": DatabaseClock()}
    SecondFactor.objects.update_or_create(user=user, defaults=values)


# --- what there is


def has_factor(user_id: int) -> bool:
    """Whether codes are asked of this user."""
    return SecondFactor.objects.filter(user_id=user_id).exclude(confirmed_at=None).exists()


def was_removed(user_id: int) -> bool:
    """Whether an administrator took the factor away and no new one is in place."""
    return SecondFactor.objects.filter(user_id=user_id, confirmed_at=None).exists()


def is_required(user: User) -> bool:
    """Whether one of the user's roles, anywhere, takes a second factor."""
    with scope(user_id=user.pk):
        held = Membership.objects.filter(user=user, state=Membership.State.ACTIVE).values_list("roles", flat=True)
        return any(SECOND_FACTOR_ROLES.intersection(roles) for roles in held)


def current_code(user_id: int, *, at: datetime) -> str:
    """The next code that will be taken, for the demonstration; empty without a factor. Never called in production."""
    factor = SecondFactor.objects.filter(user_id=user_id).exclude(confirmed_at=None).first()
    if factor is None:
        return ""
    step = max(int(at.timestamp()) // STEP_SECONDS, factor.last_step + 1)
    return pyotp.TOTP(unseal(factor.secret_sealed)).generate_otp(step)


# --- taking away


@transaction.atomic
def remove(user_id: int) -> None:
    """The user's codes and recovery codes open nothing any more, and neither does the password alone."""
    SecondFactor.objects.filter(user_id=user_id).update(secret_sealed="", confirmed_at=None)
    RecoveryCode.objects.filter(user_id=user_id).delete()


@transaction.atomic
def give_up(user: User) -> None:
    """The user, who needs none, has no factor any more. Raises: Refused when a role asks for one."""
    if is_required(user):
        raise Refused(Refusal("second-factor", _("您的角色必须使用第二因素，不能停用。换手机时请重新设置。")))
    RecoveryCode.objects.filter(user=user).delete()
    SecondFactor.objects.filter(user=user).delete()
    audit.record(Actor(name=user.name, user_id=user.pk), "user.give_up_factor")


def link_token(user: User) -> str:
    """What the mailed link to a new factor carries; good for half an hour, and no longer than the factor is missing."""
    return LINKS.sign(f"{user.pk}.{_fingerprint(user)}")


def linked_user(token: str) -> User | None:
    """The user to whom this link was mailed, if its factor is still missing; None for any other token."""
    try:
        number, _dot, fingerprint = LINKS.unsign(token, max_age=LINK_SECONDS).partition(".")
    except BadSignature:
        return None
    user = User.objects.filter(pk=int(number)).first()
    if user is None or not hmac.compare_digest(fingerprint, _fingerprint(user)) or not was_removed(user.pk):
        return None
    return user


def _fingerprint(user: User) -> str:
    """Changes with the password: a link asked for under another one is void."""
    return sha256_of(f"{user.password} {user.email}".encode()).hexdigest()[:16]


# --- checking


def verify(user_id: int, typed: str, *, at: datetime) -> bool:
    """Whether this is a code of the user's phone now, one step before or after; it is used up now.

    Each step is good once, also for two requests at the same moment: the database moves `last_step` forward for one only.
    """
    factor = SecondFactor.objects.filter(user_id=user_id).exclude(confirmed_at=None).first()
    step = _step_of(unseal(factor.secret_sealed), typed, at) if factor else None
    if step is None:
        return False
    unused = SecondFactor.objects.filter(pk=factor.pk, secret_sealed=factor.secret_sealed, last_step__lt=step)
    return unused.update(last_step=step) == 1


def check(user_id: int, fields: dict[str, str], *, at: datetime) -> StepUp.Method | None:
    """How the typed fields `otp` or `recovery` prove the person; None when they do not. What proves is used up."""
    if verify(user_id, fields.get("otp", ""), at=at):
        return StepUp.Method.TOTP
    if fields.get("recovery") and recovery_codes.use(user_id, fields["recovery"]):
        return StepUp.Method.RECOVERY
    return None


def _step_of(secret: str, typed: str, at: datetime) -> int | None:
    """The time step whose code this is, of the three that count; all are compared, whatever the first ones say."""
    code = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed[:40]))).encode()
    now, totp, found = int(at.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret), None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code):
            found = step
    return found


# --- the proof before an act


def proof_form(request: HttpRequest, *, name: str, error: str = "") -> ProofForm:
    """The field that an act with legal effect asks for: the phone's code, or the password of who has no second factor.

    `name` tells apart the fields of several acts on one page; `error` says why the last proof was not taken.
    """
    by_code = PROVEN in request.session
    hint = ""
    if by_code and settings.APP_ENV == "dev":
        hint = _("演示环境验证码：%(code)s") % {"code": current_code(request.user.pk, at=timezone.now())}
    return ProofForm(by_code=by_code, refused=error, hint=hint, auto_id=f"{name}-%s")


def prove(request: HttpRequest, act: str, row: models.Model | None = None, sha256: str = "") -> None:
    """The signed-in person has typed its code and may do this act on this row once within five minutes.

    Raises: Refused for a wrong or used code; then nothing is granted. Source: E3.18.
    """
    prove_all(request, [(act, row, sha256)])


def prove_all(request: HttpRequest, acts: Iterable[ProvenAct]) -> None:
    """As `prove`, for several acts that the person does with one code, each with a proof of its own."""
    acts, user = list(acts), request.user
    method = confirm_person(request, acts[0][1])
    if any(act in SIGNING for act, _row, _sha256 in acts) and not _signed_lately(user.pk):
        from . import tasks  # which mails links of this module

        enqueue(tasks.tell_of_signing, user.pk, institution_id=None)
    for act, row, sha256 in acts:
        stepup.grant(user.pk, act, row, sha256=sha256, method=method)


def confirm_person(request: HttpRequest, row: models.Model | None = None) -> StepUp.Method:
    """The signed-in person has typed its code, or its password where it has no factor; the code is used up.

    Returns: which of the two. Raises: Refused for a wrong one, which is in the audit trail; `row` is what it was about.
    """
    user, actor = request.user, actor_of(request)
    whence = client_address(request)
    wait = limits.begin_attempt(user.username, whence, step="proof")
    if wait:
        raise Refused(Refusal("step-up", _("验证码错了太多次，请在 %(n)d 秒后再试。没有做任何改动。") % {"n": wait}))
    method = _method_of(user, request.POST, timezone.now())
    if method is None:
        actor = actor if actor.user_id else Actor(name=user.name, user_id=user.pk)
        audit.record(actor, "user.prove", row, institution_id=actor.institution_id, succeeded=False)
        raise Refused(Refusal("step-up", _not_taken(user.pk)))
    limits.forget_failures(user.username, whence, step="proof")
    return method


def _method_of(user: User, typed: dict[str, str], at: datetime) -> StepUp.Method | None:
    if has_factor(user.pk):
        return StepUp.Method.TOTP if verify(user.pk, typed.get("otp", ""), at=at) else None
    return StepUp.Method.PASSWORD if user.check_password(typed.get("own_password", "")) else None


def _not_taken(user_id: int) -> str:
    if has_factor(user_id):
        return _("动态验证码不对或已经用过，没有做任何改动。请等手机上出现下一个验证码（最多 30 秒）再提交。")
    return _("密码不对，没有做任何改动。请重新输入您的登录密码，再提交。")


def _signed_lately(user_id: int) -> bool:
    since = timezone.now() - timedelta(hours=1)
    return StepUp.objects.filter(user_id=user_id, act__in=SIGNING, used_at__gt=since).exists()
