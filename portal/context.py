"""What every page knows besides its own context."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from . import menu
from .actors import PUBLIC, actor_of


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The names templates/base.html uses. A public page gets them empty: nothing here opens a session."""
    return {
        "site_name": _("诚量"),
        "request_id": getattr(request, "request_id", ""),
        "actor": actor_of(request),
        "institution": getattr(request, "institution", None),
        "memberships": getattr(request, "memberships", []),
        "navigation": _navigation(request),
    }


def _navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Built once for each request, however many templates it renders."""
    actor = actor_of(request)
    if actor is PUBLIC:
        return []
    if not hasattr(request, "navigation"):
        institution = getattr(request, "institution", None)
        request.navigation = menu.navigation(actor, institution.slug if institution else "", request.path)
    return request.navigation
