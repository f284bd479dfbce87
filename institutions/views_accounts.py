"""Signing in and out, accepting an invitation, one's own password, choosing an institution."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal import audit
from portal.actors import PUBLIC, Actor
from portal.addresses import client_address
from portal.routes import Audience, door
from portal.tenancy import scope
from portal.transitions import Refused

from . import limits, workflow
from .access import memberships_of, regulator_actor
from .forms import AcceptForm, LoginForm, PasswordForm
from .middleware import TENANT_PREFIX
from .models import Institution, Invitation, User
from .sessions import start_session

CARRIED = "resume-"


@never_cache
@sensitive_post_parameters("password")
@door("GET", "POST", to=Audience.ACCOUNT)
def login(request: HttpRequest) -> HttpResponse:
    """Whoever knows name and password is signed in and goes on where the sign-in interrupted."""
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(landing(request, request.user))
        return render(request, "accounts/login.html", _login_context(request, LoginForm()))
    form = LoginForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/login.html", _login_context(request, form), status=400)
    username, address = form.cleaned_data["username"], client_address(request)
    seconds = _seconds_to_wait(username, address)
    if seconds:
        form.add_error(None, _("尝试次数太多，请在 %(seconds)d 秒后再试。账户没有被锁定。") % {"seconds": seconds})
        response = render(request, "accounts/login.html", _login_context(request, form), status=429)
        response["Retry-After"] = str(seconds)
        return response
    user = auth.authenticate(request, username=username, password=form.cleaned_data["password"])
    if user is None:
        limits.record_failure(username, address)
        _record_refusal(username, address)
        form.add_error(None, _("登录名或密码不对。请核对后再试。"))
        return render(request, "accounts/login.html", _login_context(request, form), status=401)
    limits.forget_failures(username, address)
    return after_password(request, user)


def after_password(request: HttpRequest, user: User) -> HttpResponse:
    """The user is signed in under a new session key. Further proof of who it is, where asked for, comes in here."""
    start_session(request, user)
    audit.record(Actor(name=user.name, user_id=user.pk), "session.start", changes=_from(request))
    resume_url = request.POST.get("resume_url", "")
    if resume_url and _is_members_page(request, resume_url):
        return render(request, "accounts/resume.html", {"resume_url": resume_url, "resume_fields": _carried(request)})
    return redirect(landing(request, user))


def landing(request: HttpRequest, user: User) -> str:
    """Where a signed-in user goes: the page asked for, the only institution, the region, or the list to choose from."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted and _is_ours(request, wanted):
        return wanted
    with scope(user_id=user.pk):
        memberships, regulator = memberships_of(user), regulator_actor(user)
    if len(memberships) == 1 and regulator is None:
        return reverse("institutions:today", args=[memberships[0].institution.slug])
    if regulator and not memberships:
        return reverse("oversight:home")
    return reverse("accounts:switch")


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


@never_cache
@login_required
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT)
def password(request: HttpRequest) -> HttpResponse:
    """The user's own new password; every other session of the user ends."""
    name, address = request.user.username, client_address(request)
    seconds = _seconds_to_wait(name, address) if request.method == "POST" else 0
    if seconds:
        context = {"form": PasswordForm(account=request.user), "changed": False, "wait": seconds}
        response = render(request, "accounts/password.html", context, status=429)
        response["Retry-After"] = str(seconds)
        return response
    form = PasswordForm(request.POST or None, account=request.user)
    if request.method == "POST" and form.is_valid():
        limits.forget_failures(name, address)
        workflow.change_password(request.user, form.cleaned_data["password"])
        auth.update_session_auth_hash(request, request.user)
        return render(request, "accounts/password.html", {"changed": True, "wait": 0})
    if "current" in form.errors:
        limits.record_failure(name, address)
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/password.html", {"form": form, "changed": False, "wait": 0}, status=status)


@never_cache
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT, token="institutions.Invitation.link")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link of an open invitation gets an account and becomes a member."""
    slug, ref = workflow.named_in(token) or ("", "")
    institution = Institution.objects.filter(slug=slug).first()
    if institution is None:
        return _closed_invitation(request)
    with scope(institution_id=institution.pk):
        offer = Invitation.objects.filter(institution=institution, ref=ref, state=Invitation.State.SENT).first()
        if offer is None or offer.expires_at < timezone.now():
            return _closed_invitation(request)
        refusals: tuple = ()
        form = AcceptForm(request.POST or None, account=User(name=offer.name, email=offer.email))
        if request.method == "POST" and "existing" in request.POST and request.user.is_authenticated:
            try:
                workflow.accept_as(offer, request.user, at=timezone.now())
            except Refused as refused:
                form = AcceptForm(account=User(name=offer.name, email=offer.email))
                refusals = refused.refusals
            else:
                messages.success(request, _("欢迎加入%(name)s。") % {"name": institution.name})
                return redirect("institutions:today", institution.slug)
        elif request.method == "POST" and form.is_valid():
            try:
                user = workflow.accept(
                    offer, username=form.cleaned_data["username"], password=form.cleaned_data["password"],
                    at=timezone.now(),
                )  # fmt: skip
            except Refused as refused:
                for refusal in refused.refusals:
                    form.add_error(None, refusal.text)
            else:
                messages.success(request, _("欢迎加入。以后用登录名“%(name)s”登录。") % {"name": user.username})
                user.backend = "django.contrib.auth.backends.ModelBackend"
                return after_password(request, user)
    context = {
        "form": form, "offer": offer, "institution": institution, "role_titles": offer.role_titles,
        "refusals": refusals,
    }  # fmt: skip
    return render(request, "accounts/invitation.html", context, status=400 if request.method == "POST" else 200)


def _closed_invitation(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation.html", {"form": None}, status=404)


def _login_context(request: HttpRequest, form: LoginForm) -> dict[str, Any]:
    """What the sign-in page shows and carries on: where to go next, and the fields of an interrupted form."""
    return {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "resume_url": request.POST.get("resume_url", ""),
        "resume_fields": _carried(request),
    }


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """Name and value pairs of the form that the sign-in interrupted, as sign_in_first put them into its page."""
    return [
        (name.removeprefix(CARRIED), value)
        for name, values in request.POST.lists()
        if name.startswith(CARRIED)
        for value in values
    ]


def _is_ours(request: HttpRequest, url: str) -> bool:
    return url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _is_members_page(request: HttpRequest, url: str) -> bool:
    """Whether an interrupted form may be sent on to this address: one of ours, below an institution, that exists."""
    path = urlsplit(url).path
    if not _is_ours(request, url) or not path.startswith(TENANT_PREFIX):
        return False
    try:
        return "slug" in resolve(path).kwargs
    except Resolver404:
        return False


def _seconds_to_wait(username: str, address: str) -> int:
    """Whole seconds until the next password may be tried; none when it may be now."""
    wait = limits.wait_before_login(username, address)
    return int(wait.total_seconds()) + 1 if wait > timedelta(0) else 0


def _from(request: HttpRequest) -> dict[str, list[str]]:
    return {"address": ["", client_address(request)]}


def _record_refusal(username: str, address: str) -> None:
    """The failed sign-in is in the trail, under the account's name; what else was typed may be a password."""
    known = User.objects.filter(username=User.objects.spelling(username)).first()
    actor = Actor(name=known.name, user_id=known.pk) if known else PUBLIC
    audit.record(actor, "session.start", succeeded=False, changes={"address": ["", address]})
