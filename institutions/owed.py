"""What a person owes before it may work: a second factor for its roles, a new password after ninety days."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.permissions import SECOND_FACTOR_ROLES, Role

from .models import User
from .sessions import PROVEN

PASSWORD_LIFE = timedelta(days=90)
# Flags in a session, so that an ordinary page asks the database nothing.
ENROL_FIRST, PASSWORD_DUE = "enrol_first", "password_due"


def note_debts(request: HttpRequest, user: User, *, enrol_first: bool) -> None:
    """The session just begun knows what is owed. The password's age counts in the profile gb22239 only. Source: E3.14."""
    if enrol_first:
        request.session[ENROL_FIRST] = True
    if settings.PASSWORD_PROFILE == "gb22239" and user.password_changed_at < timezone.now() - PASSWORD_LIFE:
        request.session[PASSWORD_DUE] = True


def debt(request: HttpRequest, roles: Iterable[Role]) -> HttpResponse | None:
    """The answer to somebody who owes something before working in these roles; None to everybody else.

    A page leads there, a script gets a sentence, and a form is kept to be sent again afterwards.
    """
    session = request.session
    if PROVEN not in session and (ENROL_FIRST in session or SECOND_FACTOR_ROLES.intersection(roles)):
        url, sentence = reverse("accounts:factor"), _("您的角色必须使用第二因素。请先设置，再继续；填的内容都在。")
    elif PASSWORD_DUE in session:
        url, sentence = reverse("accounts:password"), _("密码已用满 90 天。请先换一个新密码，再继续；填的内容都在。")
    else:
        return None
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"message": sentence}, status=403)
    if request.method in ("GET", "HEAD"):
        return redirect(f"{url}?{urlencode({'next': request.get_full_path()})}")
    from .middleware import carried_fields  # the middleware asks this module

    context = {
        "sentence": sentence, "url": url, "resume_url": request.get_full_path(), "resume_fields": carried_fields(request),
    }  # fmt: skip
    return render(request, "accounts/owed.html", context, status=403)
