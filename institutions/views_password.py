"""One's own password: changing it, and setting a new one when it is forgotten."""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.addresses import client_address
from portal.routes import Audience, door

from . import limits, reset, workflow
from .forms import ForgottenForm, NewPassword, PasswordForm
from .landing import wanted_page
from .owed import PASSWORD_DUE


@never_cache
@login_required
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT)
def password(request: HttpRequest) -> HttpResponse:
    """The user's own new password; every other session of the user ends."""
    user, whence = request.user, client_address(request)
    context = {"changed": False, "wait": 0, "due": PASSWORD_DUE in request.session, "next": wanted_page(request)}
    seconds = limits.begin_attempt(user.username, whence, familiar=True) if request.method == "POST" else 0
    if seconds:
        context |= {"form": PasswordForm(account=user), "wait": seconds}
        response = render(request, "accounts/password.html", context, status=429)
        response["Retry-After"] = str(seconds)
        return response
    form = PasswordForm(request.POST or None, account=user)
    valid = request.method == "POST" and form.is_valid()
    if request.method == "POST" and "current" not in form.errors:
        limits.forget_failures(user.username, whence)
    if valid:
        workflow.change_password(user, form.cleaned_data["password"], keep_session=request.session.session_key)
        auth.update_session_auth_hash(request, user)
        request.session.pop(PASSWORD_DUE, None)
        return render(request, "accounts/password.html", context | {"changed": True})
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/password.html", context | {"form": form}, status=status)


@never_cache
@door("GET", "POST", to=Audience.ACCOUNT, limit="reset")
def forgotten(request: HttpRequest) -> HttpResponse:
    """The wish for a new password is noted. The answer is the same for every name, and nothing is looked up here.

    Source: E3.16.
    """
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reset.ask(form.cleaned_data["username"], client_address(request))
        return render(request, "accounts/mail_sent.html", {"for": "reset"})
    return render(request, "accounts/forgotten.html", {"form": form}, status=400 if request.method == "POST" else 200)


@never_cache
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT, limit="reset", token="institutions.User.reset_link")
def set_new(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the mailed link sets a new password; the sign-in then still asks for the second factor."""
    user = reset.linked_user(token)
    if user is None:
        return render(request, "accounts/set_password.html", {"form": None}, status=404)
    form = NewPassword(request.POST or None, account=user)
    if request.method == "POST" and form.is_valid():
        workflow.change_password(user, form.cleaned_data["password"], keep_session=None)
        auth.logout(request)
        messages.success(request, _("新密码已设好，所有登录都已结束。请用新密码登录。"))
        return redirect("accounts:login")
    status = 400 if request.method == "POST" else 200
    return render(request, "accounts/set_password.html", {"form": form}, status=status)
