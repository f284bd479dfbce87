"""Every request has a name that its log lines, audit entries and error pages share."""

import uuid

from . import audit


class RequestIdMiddleware:
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
