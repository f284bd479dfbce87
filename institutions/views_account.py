"""One's own account: sign-ins that are open, the second factor, recovery codes, and the brake for emergencies."""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal import audit, qr
from portal.actors import Actor
from portal.addresses import client_address
from portal.routes import Audience, door
from portal.sealing import Unreadable, keyed_digest, seal, unseal
from portal.transitions import Refused

from . import freezing, limits, recovery_codes, second_factor
from .forms import EnrolForm
from .landing import landing, wanted_page
from .models import UserSession
from .owed import ENROL_FIRST
from .sessions import PROVEN, end_sessions, raise_session
from .words import browser


@never_cache
@login_required
@door("GET", to=Audience.ACCOUNT)
def account(request: HttpRequest) -> HttpResponse:
    """What the owner of an account can see and do about it."""
    return _account_page(request)


def _account_page(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    """`error`: why the proof for giving up the factor or for new recovery codes was not taken."""
    user, here = request.user, request.session.session_key
    open_ones = UserSession.objects.filter(user_id=user.pk, expire_date__gt=timezone.now()).order_by("-seen_at")
    has_factor = second_factor.has_factor(user.pk)
    context = {
        "sessions": [
            {
                "name": _name(row.session_key), "here": row.session_key == here, "browser": browser(row.agent),
                "address": row.address or "", "since": row.started_at, "seen": row.seen_at,
            }
            for row in open_ones
        ],
        "has_factor": has_factor,
        "required": second_factor.is_required(user),
        "codes_left": recovery_codes.left(user.pk),
        "codes_total": recovery_codes.COUNT,
        "codes_proof": second_factor.proof_form(request, name="codes", error=error) if has_factor else None,
        "off_proof": second_factor.proof_form(request, name="off") if has_factor else None,
    }  # fmt: skip
    return render(request, "accounts/account.html", context, status=status)


@login_required
@door("POST", to=Audience.ACCOUNT)
def session_end(request: HttpRequest) -> HttpResponse:
    """One other sign-in of the user is over, or all others are."""
    wanted, here = request.POST.get("session", ""), request.session.session_key
    others = UserSession.objects.filter(user_id=request.user.pk).exclude(session_key=here)
    if wanted == "others":
        ended = end_sessions(request.user.pk, but=here)
    else:
        keys = [key for key in others.values_list("session_key", flat=True) if _name(key) == wanted]
        ended = UserSession.objects.filter(session_key__in=keys).delete()[0]
    _note(request, "session.end_others")
    messages.success(request, _("已结束 %(count)d 个登录，立即生效。") % {"count": ended})
    return redirect("accounts:account")


def _name(session_key: str) -> str:
    """How a page names a session: whoever reads it cannot use it."""
    return keyed_digest(session_key, "session")[:16]


@never_cache
@login_required
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT, limit="step_up")
def factor(request: HttpRequest) -> HttpResponse:
    """The user has a second factor on a new phone; every other sign-in is over, and the recovery codes are shown once."""
    user, at, by_factor = request.user, timezone.now(), second_factor.has_factor(request.user.pk)
    if request.method == "GET":
        return _factor_page(request, EnrolForm(by_factor=by_factor), second_factor.new_secret())
    form, secret = EnrolForm(request.POST, by_factor=by_factor), _secret_sent(request)
    if not secret:
        form.add_error(None, _("这个二维码不是给您的账号的，或已失效。请用新的二维码重新添加账号。"))
        return _factor_page(request, form, second_factor.new_secret(), status=400)
    if not form.is_valid() or not _is_the_owner(request, form):
        return _factor_page(request, form, secret, status=400)
    codes = second_factor.confirm(user, secret, form.cleaned_data["code"], at=at)
    if codes is None:
        form.add_error("code", _("验证码不对。请核对手机的时间是否准确，再填新出现的验证码。"))
        return _factor_page(request, form, secret, status=400)
    request.session.pop(ENROL_FIRST, None)
    raise_session(request)
    return _codes_page(request, codes, enrolled=True)


def _sealed(user_id: int, secret: str) -> str:
    """The secret as its page carries it. Not in the session: whoever else has the cookie would read it there."""
    return seal(f"enrol {user_id} {secret}")


def _secret_sent(request: HttpRequest) -> str:
    """The secret that this user's page showed; empty for anything else."""
    try:
        text = unseal(request.POST.get("sealed", "")[:1000])
    except Unreadable:
        return ""
    purpose = f"enrol {request.user.pk} "
    return text.removeprefix(purpose) if text.startswith(purpose) else ""


def _is_the_owner(request: HttpRequest, form: EnrolForm) -> bool:
    """Whether the old factor, or the password where there is none, was right. What is wrong is said at its field."""
    name, username, whence = form.owner_field, request.user.username, client_address(request)
    seconds, typed = limits.begin_attempt(username, whence, step="proof"), form.cleaned_data[name]
    if seconds:
        form.add_error(name, _("错了太多次，请在 %(seconds)d 秒后再试。") % {"seconds": seconds})
        return False
    if name == "proof":
        right = second_factor.check(request.user.pk, {"otp": typed, "recovery": typed}, at=timezone.now())
    else:
        right = request.user.check_password(typed)
    if not right:
        form.add_error(name, _("不对，或者已经用过。请核对后再试。"))
        return False
    limits.forget_failures(username, whence, step="proof")
    return True


def _factor_page(request: HttpRequest, form: EnrolForm, secret: str, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "sealed": _sealed(request.user.pk, secret),
        "qr": qr.drawn_text(second_factor.address(request.user, secret)),
        "secret": [secret[start : start + 4] for start in range(0, len(secret), 4)],
        "has_factor": "proof" in form.fields,
        "required": second_factor.is_required(request.user) or ENROL_FIRST in request.session,
        "next": wanted_page(request),
    }
    return render(request, "accounts/factor.html", context, status=status)


def _codes_page(request: HttpRequest, codes: list[str], *, enrolled: bool) -> HttpResponse:
    context = {
        "codes": codes, "enrolled": enrolled, "username": request.user.username, "today": timezone.localdate(),
        "onward": landing(request, request.user),
    }  # fmt: skip
    return render(request, "accounts/recovery_codes.html", context)


@never_cache
@login_required
@sensitive_post_parameters()
@door("POST", to=Audience.ACCOUNT, limit="step_up")
def codes_renew(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes are shown once; the old ones open nothing."""
    if not second_factor.has_factor(request.user.pk):  # codes got by the password alone would stand in for a phone
        messages.error(request, _("恢复码代替丢失的手机。请先设置第二因素，恢复码会一起给您。"))
        return redirect("accounts:account")
    try:
        second_factor.confirm_person(request)
    except Refused as refused:
        return _account_page(request, error=refused.refusals[0].text, status=401)
    codes = recovery_codes.renew(request.user)
    _note(request, "user.renew_codes")
    return _codes_page(request, codes, enrolled=False)


@never_cache
@login_required
@sensitive_post_parameters()
@door("POST", to=Audience.ACCOUNT, limit="step_up")
def factor_off(request: HttpRequest) -> HttpResponse:
    """The user, whose roles ask for none, signs in by password alone from now on."""
    try:
        second_factor.confirm_person(request)
        second_factor.give_up(request.user)
    except Refused as refused:
        messages.error(request, refused.refusals[0].text)
        return redirect("accounts:account")
    request.session.pop(PROVEN, None)
    end_sessions(request.user.pk, but=request.session.session_key)
    messages.success(request, _("第二因素已停用。以后只用密码登录；建议尽快在新手机上重新设置。"))
    return redirect("accounts:account")


@login_required
@door("POST", to=Audience.ACCOUNT)
def freeze_own(request: HttpRequest) -> HttpResponse:
    """The account is frozen and this browser signed out, once the box was ticked."""
    if request.POST.get("confirmed") != "yes":
        messages.error(request, _("请先勾选确认，再冻结。"))
        return redirect("accounts:account")
    freezing.freeze(request.user)
    auth.logout(request)
    return render(request, "accounts/freeze.html", {"done": True, "found": True})


@never_cache
@door("GET", "POST", to=Audience.ACCOUNT, token="institutions.User.freeze_link")
def freeze(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link from a notice may freeze the account at once; looking changes nothing."""
    user = freezing.linked_user(token)
    if user is None:
        return render(request, "accounts/freeze.html", {"done": False, "found": False}, status=404)
    if request.method == "POST":
        freezing.freeze(user)
    return render(request, "accounts/freeze.html", {"done": request.method == "POST", "found": True})


def _note(request: HttpRequest, verb: str) -> None:
    actor = Actor(name=request.user.name, user_id=request.user.pk)
    audit.record(actor, verb, changes={"address": ["", client_address(request)]})
