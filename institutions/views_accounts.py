"""Signing in step by step, signing out, choosing an institution.

A sign-in is the password, then the second factor where there is one. What it interrupted travels through every step.
"""

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal import audit
from portal.actors import PUBLIC, Actor
from portal.addresses import client_address
from portal.models import StepUp
from portal.outbox import enqueue
from portal.routes import Audience, door
from portal.tenancy import scope

from . import freezing, limits, pending, recovery_codes, second_factor, tasks
from .access import memberships_of, regulator_actor
from .forms import CodeForm, LoginForm
from .landing import carried, landing, resumed_fields, resumed_page
from .models import User
from .owed import note_debts
from .sessions import start_session


@never_cache
@sensitive_post_parameters("password")
@door("GET", "POST", to=Audience.ACCOUNT)
def login(request: HttpRequest) -> HttpResponse:
    """Whoever knows name and password is signed in, or asked for the second factor; then goes on where it was."""
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(landing(request, request.user))
        return _ask_password(request, LoginForm())
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _ask_password(request, form, 400)
    username, whence = form.cleaned_data["username"], client_address(request)
    seconds = limits.begin_attempt(username, whence, familiar=limits.is_familiar(request, username))
    if seconds:
        form.add_error(None, _("尝试次数太多，请在 %(seconds)d 秒后再试。账户没有被锁定。") % {"seconds": seconds})
        return _ask_password(request, form, 429, seconds)
    user = auth.authenticate(request, username=username, password=form.cleaned_data["password"])
    if user is None:
        _record_refusal(username, whence)
        form.add_error(None, _("登录名或密码不对。请核对后再试。"))
        return _ask_password(request, form, 401)
    limits.forget_failures(username, whence)
    return after_password(request, user)


def after_password(request: HttpRequest, user: User) -> HttpResponse:
    """The user, whose password was right, is asked for what else the sign-in takes; if nothing, it is signed in."""
    if second_factor.has_factor(user.pk):
        pending.hold(request, user, "code")
        return _ask_code(request, user, CodeForm())
    if second_factor.was_removed(user.pk):
        pending.hold(request, user, "mail")
        enqueue(tasks.send_factor_link, user.pk, institution_id=None)
        return render(request, "accounts/mail_sent.html", {"for": "factor"})
    return _after_proof(request, user, second_factor=False)


@never_cache
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT)
def login_code(request: HttpRequest) -> HttpResponse:
    """Whoever gave the password five minutes ago or less is signed in with a code of the phone or a recovery code."""
    user = pending.held(request, "code")
    if user is None:
        return _too_late(request)
    if request.method == "GET":
        return _ask_code(request, user, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _ask_code(request, user, form, 400)
    whence, familiar = client_address(request), limits.is_familiar(request, user.username)
    seconds = limits.begin_attempt(user.username, whence, familiar=familiar, step="code")
    if seconds:
        form.add_error(None, _("验证码错了太多次，请在 %(seconds)d 秒后再试。") % {"seconds": seconds})
        return _ask_code(request, user, form, 429, seconds)
    method = second_factor.check(user.pk, form.cleaned_data, at=timezone.now())
    if method is None:
        _record_refusal(user.username, whence)
        field = "recovery" if form.cleaned_data["recovery"] else "otp"
        errors = {
            "recovery": _("恢复码不对，或者已经用过。每个只能用一次，请换一个没用过的再填。"),
            "otp": _("验证码不对，或者已经用过。请等手机上出现下一个验证码（最多 30 秒）再填。"),
        }
        form.add_error(field, errors[field])
        return _ask_code(request, user, form, 401)
    limits.forget_failures(user.username, whence, step="code")
    if method is StepUp.Method.RECOVERY:
        enqueue(tasks.tell_of_recovery, user.pk, institution_id=None)
    return _after_proof(request, user, second_factor=True)


@never_cache
@door("GET", to=Audience.ACCOUNT, token="institutions.User.factor_link")
def login_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The link from the mail, after the password in the same browser: the user is in and sets up a new second factor."""
    user = second_factor.linked_user(token)
    if user is None or pending.held(request, "mail") != user:
        return render(request, "accounts/mail_sent.html", {"for": "password_first"}, status=404)
    if user.frozen_at:
        return _after_proof(request, user, second_factor=False)
    return _signed_in(request, user, second_factor=False, enrol_first=True)


@never_cache
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT)
def login_frozen(request: HttpRequest) -> HttpResponse:
    """The owner of a frozen account, having proven everything else, opens it again with a recovery code."""
    user = pending.held(request, "frozen")
    if user is None:
        return _too_late(request)
    error, seconds = "", 0
    if request.method == "POST":
        whence, familiar = client_address(request), limits.is_familiar(request, user.username)
        seconds = limits.begin_attempt(user.username, whence, familiar=familiar, step="code")
        if seconds:
            error = _("恢复码错了太多次，请在 %(seconds)d 秒后再试。") % {"seconds": seconds}
        elif freezing.unfreeze_by_code(user, request.POST.get("recovery", "")):
            limits.forget_failures(user.username, whence, step="code")
            user.refresh_from_db()
            return _signed_in(request, user, second_factor=second_factor.has_factor(user.pk))
        else:
            error = _("恢复码不对，或者已经用过。请核对后再试。")
    return _frozen_page(request, user, error, seconds)


@door("POST", to=Audience.ACCOUNT)
def logout(request: HttpRequest) -> HttpResponse:
    """The session is gone."""
    if request.user.is_authenticated:
        audit.record(Actor(name=request.user.name, user_id=request.user.pk), "session.end", changes=_from(request))
    auth.logout(request)
    return redirect("portal:home")


@never_cache
@login_required
@door("GET", to=Audience.ACCOUNT)
def switch(request: HttpRequest) -> HttpResponse:
    """The institutions and the region this user works for."""
    with scope(user_id=request.user.pk):
        context = {"memberships": memberships_of(request.user), "regulator": regulator_actor(request.user)}
    return render(request, "accounts/switch.html", context)


# --- the end of a sign-in


def _after_proof(request: HttpRequest, user: User, *, second_factor: bool) -> HttpResponse:
    """All that was asked for is proven: signed in, unless the account is frozen."""
    if user.frozen_at:
        pending.hold(request, user, "frozen")
        return _frozen_page(request, user)
    return _signed_in(request, user, second_factor=second_factor)


def _signed_in(request: HttpRequest, user: User, *, second_factor: bool, enrol_first: bool = False) -> HttpResponse:
    """The user has a session under a new key and goes on: to the interrupted form, or to the page asked for."""
    pending.drop(request)
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    start_session(request, user, second_factor=second_factor)
    note_debts(request, user, enrol_first=enrol_first)
    audit.record(Actor(name=user.name, user_id=user.pk), "session.start", changes=_from(request))
    if resume_url := resumed_page(request):
        context = {"resume_url": resume_url, "resume_fields": resumed_fields(request)}
        response = render(request, "accounts/resume.html", context)
    else:
        response = redirect(landing(request, user))
    limits.make_familiar(request, response, user.username)
    return response


# --- the pages between the steps


def _ask_password(request: HttpRequest, form: LoginForm, status: int = 200, wait: int = 0) -> HttpResponse:
    return _waiting(render(request, "accounts/login.html", {"form": form, **carried(request)}, status=status), wait)


def _ask_code(request: HttpRequest, user: User, form: CodeForm, status: int = 200, wait: int = 0) -> HttpResponse:
    """Without JavaScript and in the same shape as the password's page; development shows the code itself."""
    context: dict[str, Any] = {"form": form, "demo_code": "", "codes_left": recovery_codes.left(user.pk)}
    if settings.APP_ENV == "dev":
        context["demo_code"] = second_factor.current_code(user.pk, at=timezone.now())
    return _waiting(render(request, "accounts/code.html", context | carried(request), status=status), wait)


def _frozen_page(request: HttpRequest, user: User, error: str = "", wait: int = 0) -> HttpResponse:
    context = {"frozen_at": user.frozen_at, "codes_left": recovery_codes.left(user.pk), "error": error}
    status = 429 if wait else 401 if error else 403
    return _waiting(render(request, "accounts/frozen.html", context | carried(request), status=status), wait)


def _too_late(request: HttpRequest) -> HttpResponse:
    """Back to the password, with what was carried."""
    form = LoginForm({})
    form.full_clean()
    form.errors.clear()
    form.add_error(None, _("输入密码后过了五分钟，请重新登录。"))
    return _ask_password(request, form, 401)


def _waiting(response: HttpResponse, seconds: int) -> HttpResponse:
    if seconds:
        response["Retry-After"] = str(seconds)
    return response


def _from(request: HttpRequest) -> dict[str, list[str]]:
    return {"address": ["", client_address(request)]}


def _record_refusal(username: str, address: str) -> None:
    """The failed sign-in is in the trail, under the account's name; what else was typed may be a password."""
    known = User.objects.filter(username=User.objects.spelling(username)).first()
    actor = Actor(name=known.name, user_id=known.pk) if known else PUBLIC
    audit.record(actor, "session.start", succeeded=False, changes={"address": ["", address]})
