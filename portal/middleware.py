"""What happens to every request before its view: a name, a limit, and a short way for scans."""

import uuid

from django.conf import settings

from . import audit, errors


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


class BodyLimitMiddleware:
    """Refuses a body that no form of ours sends, before anything reads it. Stands behind RequestIdMiddleware."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > settings.LARGEST_BODY:
            return errors.page(request, 413)
        return self.get_response(request)
