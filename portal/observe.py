"""What this process is busy with, for its log lines, and one event and one measurement for every request.

Imported while logging is set up, before any model exists: nothing here may import one when it is loaded.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

log = logging.getLogger("portal.request")

Facts = dict[str, str | int]

# Shared by the log lines, audit entries and queued work of one request.
request_id: ContextVar[str] = ContextVar("request_id", default="")
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_work: ContextVar[Facts | None] = ContextVar("work", default=None)
_denials: ContextVar[list[str] | None] = ContextVar("denials", default=None)

# The verb of an act that failed, or its first part -> the kind of denial it counts as. Any other verb is an "act".
DENIALS = {"access": "access", "session": "login", "user.prove": "step_up"}
DENIAL_KINDS = ("access", "login", "csrf", "rate", "step_up", "act")


def facts(request: HttpRequest | None = None) -> Facts:
    """What a log line about this request carries, or one of this moment: request, tenant, user, route, or work being done.

    Identifiers and names of ours only: no name of a person, no address, no token. Source: E1.6, E12.58, E13.61.
    """
    request = request or _request.get()
    if request is None:
        known: Facts = {"request_id": request_id.get(), **(_work.get() or {})}
    else:
        institution = getattr(request, "institution", None)
        user = getattr(request, "_cached_user", None)  # what nobody has asked for is not loaded for the log
        known = {
            "request_id": getattr(request, "request_id", ""),
            "tenant": institution.slug if institution else "",
            "tenant_id": institution.pk if institution else "",
            "user_id": (user.pk or "") if user else "",
            "route": route_of(request),
        }
    return {name: value for name, value in known.items() if value != ""}


def route_of(request: HttpRequest) -> str:
    """The name of the address that was asked for: never the address itself, which may hold a token."""
    match = request.resolver_match
    if match is not None:
        return match.view_name
    path = request.path_info
    if path[:3] in ("/q/", "/Q/"):  # answered ahead of the URL configuration
        return "portal:code_json" if path[-5:].upper() == ".JSON" else "portal:code"
    return "static" if path.startswith(settings.STATIC_URL) else "none"


@contextmanager
def doing(*, of: str, **known: str | int | None) -> Iterator[None]:
    """Inside, log lines carry these facts, and log lines and audit entries the id of the request that caused the work."""
    tokens = request_id.set(of), _work.set({name: value for name, value in known.items() if value is not None})
    try:
        yield
    finally:
        request_id.reset(tokens[0])
        _work.reset(tokens[1])


def note_denial(verb: str) -> None:
    """The present request, if there is one, has been denied this act; it is counted when the request has ended."""
    found = _denials.get()
    if found is not None:
        found.append(DENIALS.get(verb, DENIALS.get(verb.partition(".")[0], "act")))


class ObserveMiddleware:
    """Stands first, so that it sees scans, static files, refusals and failures too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        from . import denials, metrics

        self.get_response, self.observe, self.denials = get_response, metrics.observe_request, denials

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun, found = time.perf_counter(), []
        here, denials = _request.set(request), _denials.set(found)
        try:
            response = self.get_response(request)
            self.tell(request, response, time.perf_counter() - begun, found)
        finally:
            _request.reset(here)
            _denials.reset(denials)
        return response

    def tell(self, request: HttpRequest, response: HttpResponse, seconds: float, found: list[str]) -> None:
        """The request is one event of the log and one measurement; what was denied is counted."""
        self.observe(route_of(request), response.status_code, seconds)
        for kind in denial_kinds(request, response, found):
            self.denials.count(kind, tenant_asked_for(request))
        log.info(
            "request",
            extra={"method": request.method, "status": response.status_code, "ms": round(seconds * 1000, 1)},
        )


def denial_kinds(request: HttpRequest, response: HttpResponse, found: list[str]) -> set[str]:
    """The kinds of denial in this answer, each once. `found`: what the audit trail recorded as failed meanwhile."""
    kinds, status = set(found), response.status_code
    if status == 429:
        kinds.add("rate")
    elif status == 403 and getattr(request, "csrf_refused", False):
        kinds.add("csrf")
    elif (status == 403 and not kinds) or (status == 404 and _is_stranger(request)):
        kinds.add("access")
    return kinds


def tenant_asked_for(request: HttpRequest) -> str:
    """The institution's name in the address, whether the request got in or not."""
    match = request.resolver_match
    return str(match.kwargs.get("slug", "")) if match else ""


def _is_stranger(request: HttpRequest) -> bool:
    """Somebody signed in who asked for a page of an institution and was let into none."""
    signed_in = getattr(getattr(request, "_cached_user", None), "pk", None) is not None
    return signed_in and bool(tenant_asked_for(request)) and getattr(request, "institution", None) is None
