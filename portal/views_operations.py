"""Addresses for those who run the portal. Details are told inside the administration network only."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from . import addresses, alarms, denials, health, metrics, operations, vitals
from .routes import Audience, door

FRESH = {"Cache-Control": "no-store"}
View = Callable[..., HttpResponse]


def is_inside(request: HttpRequest) -> bool:
    """Whether the request comes from one of ADMIN_NETWORKS. Source: E13.60.

    Whoever was forwarded by a proxy that we do not know counts as a stranger, however near the proxy is.
    """
    if "HTTP_X_FORWARDED_FOR" in request.META and not addresses.is_forwarded_by_us(request):
        return False
    address = ip_address(addresses.client_address(request))
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network, strict=False) for network in settings.ADMIN_NETWORKS)


def inside_only(view: View) -> View:
    """Outside the administration network the address does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not is_inside(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@door("GET", to=Audience.OPERATIONS)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain", headers=FRESH)


@door("GET", to=Audience.OPERATIONS)
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether all dependencies are green, else 503; which one is red is told inside the administration network only."""
    found = health.dependencies()
    ready = all(found.values())
    answer: dict[str, object] = {"ready": ready}
    if is_inside(request):
        answer["dependencies"] = {name: "green" if holds else "red" for name, holds in found.items()}
    return JsonResponse(answer, status=200 if ready else 503, headers=FRESH)


@door("GET", to=Audience.OPERATIONS)
@inside_only
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Everything a Prometheus may scrape."""
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE, headers=FRESH)


@door("GET", to=Audience.OPERATIONS)
@inside_only
def overview(request: HttpRequest) -> HttpResponse:
    """Dependencies, alarms and figures on one page."""
    found = health.dependencies()
    try:
        known = vitals.read()
    except DatabaseError:
        away = alarms.database_away(timezone.now())
        return render(request, "portal/operations.html", operations.page(found, [away], None), status=503)
    raised = alarms.raised(known, denials.lately())
    return render(request, "portal/operations.html", operations.page(found, raised, known))
