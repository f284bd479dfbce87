"""What happens to every request before its view: a name, a limit, and a short way for scans."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import audit, errors

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
UTF8 = ("utf-8", "utf8")


class ScanMiddleware:
    """Answers scans at once, ahead of all that a page without session, form and rights can do without.

    Stands right behind SecurityMiddleware. The same views stand at the same addresses in urls.py; without this class
    the answers are the same, about half as fast.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        path = request.path_info
        if path.startswith(("/q/", "/Q/")) and len(path) > 3 and "/" not in path[3:]:
            from .views import scanned

            response = scanned(request, path[3:])
            # As CommonMiddleware, further in, would; without it the server has to send the page in chunks.
            response.headers["Content-Length"] = str(len(response.content))
            return response
        return self.get_response(request)


class RequestIdMiddleware:
    """Gives a request a name that its log lines, audit entries and error pages share."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.request_id = str(uuid.uuid4())
        token = audit.request_id.set(request.request_id)
        try:
            response = self.get_response(request)
        finally:
            audit.request_id.reset(token)
        response["X-Request-ID"] = request.request_id
        return response


class GateMiddleware:
    """Refuses what no page of ours sends, before anything reads it. Stands behind RequestIdMiddleware.

    That is an address or a body longer than any of ours, a body without length, text that is not UTF-8, and a change
    that another site asks for. Source: E11.52, E11.53.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        length = meta.get("CONTENT_LENGTH") or "0"
        if len(meta.get("PATH_INFO", "")) + len(meta.get("QUERY_STRING", "")) > settings.LONGEST_ADDRESS:
            return errors.page(request, 414)
        if "HTTP_TRANSFER_ENCODING" in meta and not meta.get("CONTENT_LENGTH"):
            return errors.page(request, 411)
        charset = request.content_params.get("charset", "utf-8").lower()
        if not (length.isascii() and length.isdecimal()) or charset not in UTF8:
            return errors.page(request, 400)
        if len(length) > 15 or int(length) > settings.LARGEST_BODY:
            return errors.page(request, 413)
        if meta.get("HTTP_SEC_FETCH_SITE") == "cross-site" and request.method not in SAFE_METHODS:
            return errors.page(request, 403, "403_foreign.html")
        return self.get_response(request)
