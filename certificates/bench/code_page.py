"""The page behind a QR code beside a page that does nothing, as gunicorn serves them and inside one process."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from equipment.codes import cards
from equipment.labels import facts
from equipment.models import Equipment
from portal import codes
from portal.models import SmartCode
from portal.tenancy import tenant

from .laboratory import Bench
from .measure import Line, Spent, in_turn, processor_time

CODES = 200
STATIC = "/static-page"
BODY = b""
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def static(request: HttpRequest) -> HttpResponse:
    """The bytes of a code page, known beforehand: the least a Django view can do."""
    return HttpResponse(BODY, headers={"Content-Length": str(len(BODY))})


urlpatterns = [path(STATIC[1:], static)]


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Against a view without any middleware, and against one behind all of it. Raises: RuntimeError for a cookie."""
    global BODY
    from certificates import content

    paths = _published(bench, content.card(bench.certificate))
    devices = _published(bench, _device_card(bench))
    page = WSGIHandler()
    plain = without_middleware()
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
    with _served(bench, BODY) as (page_server, plain_server, full_server):
        statics = [STATIC] * CODES
        spent = in_turn(
            rounds, each=CODES,
            page=lambda: page_server.ask(paths), device=lambda: page_server.ask(devices), plain=lambda: plain_server.ask(statics),
            full=lambda: full_server.ask(statics),
            page_kept=lambda: page_server.ask(paths, kept=True), plain_kept=lambda: plain_server.ask(statics, kept=True),
        )  # fmt: skip
    yield Line("code-page/no-middleware", spent["plain"], spent["page"], ">=0.45")
    yield Line("code-page/all-middleware", spent["full"], spent["page"], ">=0.60")
    yield Line("code-page/device-no-middleware", spent["plain"], spent["device"], ">=0.45")
    yield Line("code-page/device-all-middleware", spent["full"], spent["device"], ">=0.60")
    yield Line("code-page/kept-connection", spent["plain_kept"], spent["page_kept"], ">=0.45")
    inside = in_turn(
        rounds, each=CODES,
        page=lambda: [_asked(page, address) for address in paths] and None,
        plain=lambda: [_static(plain) for _ in paths] and None,
    )  # fmt: skip
    yield Line("code-page/without-server", inside["plain"], inside["page"], "")
    yield Line("code-page/queries", Spent(1), Spent(len(queries)), "<=1.00")


class Server:
    """A gunicorn with one process and the threads of `bin/run`."""

    def __init__(self, application: str, directory: str, environ: dict[str, str]):
        self.socket = f"{directory}/{application.replace(':', '.')}"
        options = ["--bind", f"unix:{self.socket}", "--workers", "1", "--threads", "4", "--keep-alive", "60"]
        options += ["--log-level", "warning", "--no-control-socket"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, *options], cwd=settings.BASE_DIR, env=os.environ | environ
        )
        self.connection: socket.socket | None = None

    def ask(self, addresses: list[str], *, kept: bool = False) -> float:
        """Every address was answered with 200. Returns: processor time of the server in seconds.

        Each request has a connection of its own, as each scan has its own phone; `kept` sends all through one.
        """
        before = processor_time(self.process.pid)
        for address in addresses:
            if not kept:
                self.connection.close()
                self.connection = self._connected()
            self.connection.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head, _, body = self._more(b"").partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{address}: {head[:60]!r}")
            length = int(LENGTH.search(head)[1])
            while len(body) < length:
                body = self._more(body)
        return processor_time(self.process.pid) - before

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.socket)
        except OSError:
            connection.close()
            raise
        return connection

    def _more(self, received: bytes) -> bytes:
        """What has been received, and more; at least all headers."""
        while True:
            piece = self.connection.recv(65536)
            received += piece
            if not piece:
                raise RuntimeError("gunicorn closed the connection")
            if b"\r\n\r\n" in received or not received.startswith(b"HTTP"):
                return received

    def wait(self) -> None:
        """It accepts connections. Raises: RuntimeError when it has ended or needs more than a minute."""
        end = time.monotonic() + 60
        while self.connection is None:
            with contextlib.suppress(OSError):
                self.connection = self._connected()
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("gunicorn did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """It has ended."""
        if self.connection:
            self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextlib.contextmanager
def _served(bench: Bench, body: bytes) -> Iterator[list[Server]]:
    """The portal, the plain page, and the plain page behind all middleware, each in a server of its own."""
    with tempfile.TemporaryDirectory(prefix="cl-") as directory:
        file = Path(directory, "body")
        file.write_bytes(body)
        environ = {**bench.environ, "BENCH_BODY": str(file), "ALLOWED_HOSTS": "localhost"}
        applications = ("config.wsgi:application", "certificates.bench.served:plain", "certificates.bench.served:full")
        servers = [Server(application, directory, environ) for application in applications]
        try:
            for server in servers:
                server.wait()
            yield servers
        finally:
            for server in servers:
                server.stop()


def _published(bench: Bench, card: dict[str, Any]) -> list[str]:
    """Addresses of so many published codes with that card."""
    tokens = [codes.new_token() for _ in range(CODES)]
    with tenant(bench.institution_id):
        for token in tokens:
            codes.publish(
                institution_id=bench.institution_id, kind=SmartCode.Kind.DEVICE, token=token, card=card, at=bench.now
            )
    return [f"/q/{token}" for token in tokens]


def _device_card(bench: Bench) -> dict[str, Any]:
    """What the public reads of the main standard's first instrument."""
    day = timezone.localdate(bench.now)
    with tenant(bench.institution_id):
        device = Equipment.objects.filter(state=Equipment.State.IN_USE, due_on__gte=day).order_by("pk").first()
        (label,) = facts.drafts([device], day)
        return cards.card(device, label, {})


def without_middleware() -> WSGIHandler:
    """Django with nothing between server and view."""
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
