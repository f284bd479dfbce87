"""Where a sign-in leads: on to the page asked for, or back into the form it interrupted."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.tenancy import scope

from .access import memberships_of, regulator_actor
from .middleware import TENANT_PREFIX
from .models import User

CARRIED = "resume-"


def landing(request: HttpRequest, user: User) -> str:
    """Where a signed-in user goes: the page asked for, the only institution, the region, or the list to choose from."""
    wanted = wanted_page(request)
    if wanted:
        return wanted
    with scope(user_id=user.pk):
        memberships, regulator = memberships_of(user), regulator_actor(user)
    if len(memberships) == 1 and regulator is None:
        return reverse("institutions:today", args=[memberships[0].institution.slug])
    if regulator and not memberships:
        return reverse("oversight:home")
    return reverse("accounts:switch")


def wanted_page(request: HttpRequest) -> str:
    """The page of ours that the request asks to go on to, or nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if wanted and _is_ours(request, wanted) else ""


def carried(request: HttpRequest) -> dict[str, Any]:
    """What every page of a sign-in carries on: where to go next, and the fields of an interrupted form."""
    return {
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "resume_url": request.POST.get("resume_url", ""),
        "resume_fields": resumed_fields(request),
    }


def resumed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Name and value pairs of the form that the sign-in interrupted, as sign_in_first put them into its page."""
    return [
        (name.removeprefix(CARRIED), value)
        for name, values in request.POST.lists()
        if name.startswith(CARRIED)
        for value in values
    ]


def resumed_page(request: HttpRequest) -> str:
    """The address an interrupted form goes to: one of ours, below an institution, that exists; else nothing."""
    url = request.POST.get("resume_url", "")
    if not url or not _is_ours(request, url) or not urlsplit(url).path.startswith(TENANT_PREFIX):
        return ""
    try:
        return url if "slug" in resolve(urlsplit(url).path).kwargs else ""
    except Resolver404:
        return ""


def _is_ours(request: HttpRequest, url: str) -> bool:
    return url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
