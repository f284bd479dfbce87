"""The page behind a QR code beside a page that does nothing: called through WSGI in this process."""

from collections.abc import Iterator
from io import BytesIO

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal import codes
from portal.models import SmartCode
from portal.tenancy import tenant

from .laboratory import Bench
from .measure import Line, Spent, in_turn

CODES = 200
STATIC = "/static-page"
BODY = b""


def static(request: HttpRequest) -> HttpResponse:
    """The bytes of a code page, known beforehand: the least a Django view can do."""
    return HttpResponse(BODY)


urlpatterns = [path(STATIC[1:], static)]


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Against a view without any middleware, and against one behind all of it. Raises: RuntimeError for a cookie."""
    global BODY
    paths = [f"/q/{token}" for token in _published(bench)]
    page = WSGIHandler()
    plain = _without_middleware()
    queries: list[str] = []

    def counting(execute, sql, params, many, context):
        queries.append(sql)
        return execute(sql, params, many, context)

    _asked(page, paths[0])  # the template is cut into its pieces
    with connection.execute_wrapper(counting):
        headers, BODY = _asked(page, paths[1])
    if "Set-Cookie" in headers:
        raise RuntimeError("the code page sets a cookie")
    if _static(plain)[1] != BODY:
        raise RuntimeError("the static page is not the same page")
    spent = in_turn(
        rounds, each=CODES,
        page=lambda: [_asked(page, address) for address in paths] and None,
        plain=lambda: [_static(plain) for _ in paths] and None,
        full=lambda: [_static(page) for _ in paths] and None,
    )  # fmt: skip
    yield Line("code-page/no-middleware", spent["plain"], spent["page"], ">=0.45")
    yield Line("code-page/all-middleware", spent["full"], spent["page"], ">=0.60")
    yield Line("code-page/queries", Spent(1), Spent(len(queries)), "<=1.00")


def _published(bench: Bench) -> list[str]:
    """Tokens of so many published codes with the card of the issued certificate."""
    from certificates import content

    tokens = [codes.new_token() for _ in range(CODES)]
    with tenant(bench.institution_id):
        card = content.card(bench.certificate)
        for token in tokens:
            codes.publish(
                institution_id=bench.institution_id, kind=SmartCode.Kind.DEVICE, token=token, card=card, at=bench.now
            )
    return tokens


def _without_middleware() -> WSGIHandler:
    kept, settings.MIDDLEWARE = settings.MIDDLEWARE, []
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = kept


def _static(handler: WSGIHandler) -> tuple[dict[str, str], bytes]:
    kept, settings.ROOT_URLCONF = settings.ROOT_URLCONF, __name__
    try:
        return _asked(handler, STATIC)
    finally:
        settings.ROOT_URLCONF = kept


def _asked(handler: WSGIHandler, address: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a GET. Raises: RuntimeError when the answer is not 200."""
    answer: list = []
    response = handler(
        {
            "REQUEST_METHOD": "GET", "PATH_INFO": address, "QUERY_STRING": "", "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "https", "wsgi.input": BytesIO(),
        },
        lambda status, headers: answer.extend((status, headers)),
    )  # fmt: skip
    body = b"".join(response)
    response.close()
    if not answer[0].startswith("200"):
        raise RuntimeError(f"{address}: {answer[0]}")
    return dict(answer[1]), body
