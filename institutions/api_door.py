"""The door of programs: `Authorization: Bearer clt_…` opens the scope of the token's institution for one request.

No session, no cookie, and nothing in the address says which institution it is: the token does.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, errors, limits
from portal.clock import DatabaseClock
from portal.tenancy import scope

from . import tokens
from .models import ApiToken

SCHEME = "Bearer"
NOTED_EVERY = timedelta(minutes=1)  # how exactly it is known when a token was last used
READING = ("GET", "HEAD")


def by_token(request: HttpRequest, view: Callable[..., Any], args: tuple, kwargs: dict) -> HttpResponseBase | None:
    """The view's answer to whoever brings a key that is in force; 401 to everybody else. Source: E2.8, E3.17.

    None lets the view itself say that it takes no such request.
    """
    if request.method not in view.door.methods:
        return None
    found = tokens.holder_of(_key(request))
    if found is None:
        wait = limits.limit("api_miss", request)
        text = _("没有有效的令牌。请在请求头里写：Authorization: Bearer 您的令牌。")
        return limits.refused(request, wait) if wait else _unknown(request, text)
    institution_id, token_id = found
    with scope(institution_id=institution_id):
        token = ApiToken.objects.select_related("institution").get(pk=token_id)
        if why := tokens.why_shut(token, timezone.localdate()):
            return _unknown(request, why)
        _note_use(token)
    try:
        with scope(institution_id=institution_id):
            return _inside(request, token, view, args, kwargs)
    except PermissionDenied as denied:
        with scope(institution_id=institution_id):
            audit.record(
                request.actor, "access.denied", institution_id=institution_id, reason=str(denied), succeeded=False,
                changes={"address": ["", request.path_info[:200]]},
            )  # fmt: skip
        text = _("这个令牌没有做这件事的权限，没有做任何改动。请机构管理员换一个有这项权限的令牌。")
        return errors.problem(request, 403, text)


def _inside(
    request: HttpRequest, token: ApiToken, view: Callable[..., Any], args: tuple, kwargs: dict
) -> HttpResponseBase:  # fmt: skip
    if request.method not in READING and not tokens.in_force(token):
        return _unknown(request, _("这个令牌已撤销。请向机构管理员要新的令牌。"))
    request.actor, request.institution = tokens.actor_for(token), token.institution
    response = view(request, *args, **kwargs)
    response["Cache-Control"] = "private, no-store"
    return response


def _key(request: HttpRequest) -> str:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.casefold() == SCHEME.casefold() else ""


def _unknown(request: HttpRequest, detail: str) -> HttpResponseBase:
    return errors.problem(request, 401, detail, **{"WWW-Authenticate": SCHEME})


def _note_use(token: ApiToken) -> None:
    """It is known, to the minute, when the token was last used."""
    if token.last_used_at is None or token.last_used_at < timezone.now() - NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=DatabaseClock())
