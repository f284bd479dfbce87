"""Pages for what goes wrong. They need no database, no session and no rights, so that they can always be shown."""

import errno
import re
import sys
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

RETRY_AFTER_SECONDS = "30"
API_PREFIX = "/api/"
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TYPED_ANEW = re.compile(r"csrfmiddlewaretoken|password|passcode|otp|totp", re.IGNORECASE)


def page(
    request: HttpRequest, status: int, template: str = "", context: dict[str, Any] | None = None, **headers: str
) -> HttpResponse:
    """The error page of this status, or one sentence as JSON for a script that asks for JSON."""
    if request.path_info.startswith(API_PREFIX):
        return problem(request, status, _sentence(status), **headers)
    request_id = getattr(request, "request_id", "")
    if request.headers.get("Accept", "").startswith("application/json"):
        answer = {"message": _sentence(status), "request_id": request_id}
        return JsonResponse(answer, status=status, headers=headers)
    html = render_to_string(template or f"{status}.html", {"request_id": request_id, **(context or {})})
    return HttpResponse(html, status=status, headers=headers | {"Cache-Control": "no-store"})


def problem(
    request: HttpRequest, status: int, detail: str, *, errors: Iterable[dict[str, Any]] = (), **headers: str
) -> HttpResponse:
    """What went wrong, for a program and whoever reads its log. Source: RFC 9457.

    `errors`: {"row", "field", "detail"} of every single thing that is wrong with what was sent.
    """
    answer = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
        "request_id": getattr(request, "request_id", ""),
    }
    return JsonResponse(
        answer, status=status, content_type="application/problem+json", headers=headers | {"Cache-Control": "no-store"},
        json_dumps_params={"ensure_ascii": False},
    )  # fmt: skip


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """413 when fields or files are too many or too long, else 400."""
    too_much = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    return page(request, 413 if too_much else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was opened too long ago or under another sign-in; what was typed into a member's form can be sent again.

    Only a form that came from one of our own pages is offered again, and only after the person has pressed a button.
    """
    request.csrf_refused = True
    return page(request, 403, "403_csrf.html", typed_again(request))


def typed_again(request: HttpRequest) -> dict[str, Any]:
    """What was typed into a member's form, for a page that offers to send it again; empty for any other request.

    Passwords and one-time codes are left out: they are typed anew.
    """
    match, own = request.resolver_match, f"{request.scheme}://{request.get_host()}"
    if match is None or request.method != "POST" or "slug" not in match.kwargs or request.headers.get("Origin") != own:
        return {}
    fields = [(name, value) for name, values in request.POST.lists() if not TYPED_ANEW.search(name) for value in values]
    return {"again_url": request.get_full_path(), "again_fields": fields, "csrf_token": get_token(request)}


def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database is away or too busy, or the disk is full, else 500. Django calls it inside `except`."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return page(request, 503, **{"Retry-After": RETRY_AFTER_SECONDS})
    if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
        return page(request, 503, "503_disk.html", **{"Retry-After": RETRY_AFTER_SECONDS})
    return page(request, 500)


def _sentence(status: int) -> str:
    return {
        400: _("这个请求读不懂，没有做任何改动。"),
        403: _("您没有做这件事的权限，没有做任何改动。"),
        404: _("没有这一页。"),
        405: _("这个地址不接受这种请求。"),
        411: _("请求没有写明长度，没有做任何改动。"),
        413: _("提交的内容太大，没有保存。"),
        414: _("地址太长，没有做任何改动。"),
        429: _("操作太频繁，没有做任何改动。请稍等再试。"),
        503: _("服务暂时停一下，已经保存的内容都在。请稍后再试。"),
    }.get(status, _("这边出错了，没有完成的操作不会留下一半。请稍后再试。"))
