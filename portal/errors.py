"""Pages for what goes wrong. They need no database, no session and no rights, so that they can always be shown."""

import sys
from typing import Any

from csp.utils import build_policy
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

RETRY_AFTER_SECONDS = "30"


def page(
    request: HttpRequest, status: int, template: str = "", context: dict[str, Any] | None = None, **headers: str
) -> HttpResponse:
    """The error page of this status, or one sentence as JSON for a script that asks for JSON."""
    request_id = getattr(request, "request_id", "")
    # A scan goes wrong ahead of the middleware that gives other answers their policy.
    headers |= {"Content-Security-Policy": build_policy()}
    if request.headers.get("Accept", "").startswith("application/json"):
        answer = {"message": _sentence(status), "request_id": request_id}
        return JsonResponse(answer, status=status, headers=headers)
    html = render_to_string(template or f"{status}.html", {"request_id": request_id, **(context or {})})
    return HttpResponse(html, status=status, headers=headers | {"Cache-Control": "no-store"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was opened too long ago or under another sign-in; what was typed into a member's form can be sent again.

    Only a form that came from one of our own pages is offered again, and only after the person has pressed a button.
    """
    match, own = request.resolver_match, f"{request.scheme}://{request.get_host()}"
    if match is None or "slug" not in match.kwargs or request.headers.get("Origin") != own:
        return page(request, 403, "403_csrf.html")
    fields = [
        (name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values
    ]
    typed = {"again_url": request.get_full_path(), "again_fields": fields, "csrf_token": get_token(request)}
    return page(request, 403, "403_csrf.html", typed)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database is away or too busy to answer in time, else 500. Django calls it inside `except`."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return page(request, 503, **{"Retry-After": RETRY_AFTER_SECONDS})
    return page(request, 500)


def _sentence(status: int) -> str:
    return {
        400: _("这个请求读不懂，没有做任何改动。"),
        403: _("您没有做这件事的权限，没有做任何改动。"),
        404: _("没有这一页。"),
        405: _("这个地址不接受这种请求。"),
        413: _("提交的内容太大，没有保存。"),
        503: _("服务暂时停一下，已经保存的内容都在。请稍后再试。"),
    }.get(status, _("这边出错了，没有完成的操作不会留下一半。请稍后再试。"))
