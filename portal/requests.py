"""The request as the portal's server makes it."""

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters

UNREADABLE = "unreadable"


class Request(WSGIRequest):
    """Reads its query as UTF-8 whatever its content type says; GateMiddleware then refuses another charset.

    Django would decode the query with any codec Python has a name for, "rot13" among them, and fails while it makes the
    request, ahead of everything that could answer. Source: E11.53.
    """

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {"charset": UNREADABLE}
