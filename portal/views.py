"""Public pages: the home page, the code page behind every QR code, verification by number and by file."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from csp.utils import build_policy
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from . import codes, documents, scan
from .clock import CHINA
from .routes import Audience, door

# The page of a code is the same for everybody for a minute, tells no other site where the reader came from, and
# stays out of search engines. Source: E10.49, E10.50.
CODE_HEADERS = {
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": build_policy(),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


@door("GET", to=Audience.PUBLIC)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "public/home.html")


@door("GET", to=Audience.PUBLIC, token="portal.SmartCode.token")
def code(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a QR code: one read by key, no session, no cookie."""
    card = codes.find(token)
    if card is None:
        return HttpResponse(scan.unknown_page(), status=404, headers=CODE_HEADERS)
    return HttpResponse(scan.page(scan.face(card, timezone.now())), headers=CODE_HEADERS)


@door("GET", to=Audience.PUBLIC, token="portal.SmartCode.token")
def code_json(request: HttpRequest, token: str) -> HttpResponse:
    """The same facts for a program."""
    card = codes.find(token)
    answer = scan.face(card, timezone.now()) if card else {"state": "unknown", "state_word": scan.UNKNOWN_WORD}
    return HttpResponse(
        json.dumps(answer, ensure_ascii=False), status=200 if card else 404, headers=CODE_HEADERS,
        content_type="application/json; charset=utf-8",
    )  # fmt: skip


def scanned(request: HttpRequest, rest: str) -> HttpResponse:
    """The answer to `/q/<rest>`, whose capitals do not matter."""
    if rest[-5:].upper() == ".JSON":
        return code_json(request, token=rest[:-5])
    return code(request, token=rest)


@door("GET", "POST", to=Audience.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Compares a number with its printed code, or a file with the bytes that were issued. Keeps neither."""
    if request.method == "POST":
        return _verify_file(request, request.FILES.get("pdf"))
    number, printed = request.GET.get("number", "").strip(), request.GET.get("code", "").strip()
    if not number and not printed:
        return render(request, "public/verify.html")
    if not number or not printed:
        return _not_verified(request, _("请同时填写证书编号和验证码，两项都印在证书第 1 页。"), number=number)
    if max(len(number), len(printed)) > 60:
        return _not_verified(request, _("证书编号或验证码太长，请核对后再填。"))
    card = codes.find_by_number(number, printed)
    result = {"by": "number"}
    if card and card["state"] == "issued":
        result["pdf_url"] = f"{reverse('portal:certificate_file')}?{urlencode({'number': number, 'code': printed})}"
    return _result(request, card, result)


def _verify_file(request: HttpRequest, file: UploadedFile | None) -> HttpResponse:
    if file is None:
        return _not_verified(request, _("没有收到文件。请选择证书的 PDF 原件。"))
    if file.size > documents.LARGEST:
        return _not_verified(
            request,
            _("文件超过 %(limit)d MB，没有比对。证书的 PDF 原件不会这么大。") % {"limit": documents.LARGEST // 1024**2},
            413,
        )
    digest = hashlib.sha256()
    for position, chunk in enumerate(file.chunks()):
        if position == 0 and not chunk.startswith(b"%PDF-"):
            break
        digest.update(chunk)
    else:
        if file.size:
            sha256 = digest.hexdigest()
            return _result(
                request, codes.find_by_file(sha256), {"by": "file", "sha256": sha256, "file_name": file.name[:100]}
            )
    return _not_verified(request, _("这不是 PDF 文件。照片和扫描件不能比对，请改用编号和验证码，或直接扫码。"))


@door("GET", to=Audience.PUBLIC)
def certificate_file(request: HttpRequest) -> HttpResponse:
    """The issued PDF for whoever knows the number and the code printed on it, as long as the certificate stands."""
    number, printed = request.GET.get("number", "").strip(), request.GET.get("code", "").strip()
    stored_as = codes.find_file(number, printed)
    if not stored_as:
        raise Http404
    return documents.attachment(stored_as, name=f"{number}.pdf", content_type="application/pdf", inline=True)


def _not_verified(request: HttpRequest, error: str, status: int = 400, number: str = "") -> HttpResponse:
    return render(request, "public/verify.html", {"error": error, "number": number}, status=status)


def _result(request: HttpRequest, card: dict[str, Any] | None, result: dict[str, str]) -> HttpResponse:
    now = timezone.now()
    context = {
        "card": scan.face(card, now) if card else None,
        "result": result | {"outcome": "match" if card else "unknown"},
        "checked_at": now.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    response = render(request, "public/verify_result.html", context)
    response["Cache-Control"] = "no-store"
    return response


@door("GET", to=Audience.OPERATIONS)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@door("GET", to=Audience.OPERATIONS)
def readyz(request: HttpRequest) -> HttpResponse:
    """Every dependency as green or red; 503 as soon as one is red. The body tells no more than that."""
    from . import health

    found = health.dependencies()
    red = "red" in found.values()
    return JsonResponse(
        {"ready": not red, "dependencies": found}, status=503 if red else 200, headers={"Cache-Control": "no-store"}
    )


@door("GET", to=Audience.OPERATIONS)
def components(request: HttpRequest) -> HttpResponse:
    """All pieces of the pages in all their states, for developers; not served in production."""
    from . import showcase

    return render(request, "portal/components.html", showcase.context())
