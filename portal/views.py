"""Public pages: the home page, the code page behind every QR code, verification by number and by file."""

import hashlib
import json
import logging
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from . import codes, csp_report, documents, errors, limits, scan, scan_units
from .clock import CHINA
from .routes import Audience, door

log = logging.getLogger("portal.csp")

# The page of a code is the same for everybody for a minute and tells no other site where the reader came from.
# portal/headers.py adds what every answer has. Source: E10.49, E10.50.
CODE_HEADERS = {"Cache-Control": "public, max-age=60", "Referrer-Policy": "no-referrer"}
LONGEST_TYPED = 60


@door("GET", to=Audience.PUBLIC)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "public/home.html")


@door("GET", to=Audience.PUBLIC, token="portal.SmartCode.token")
def code(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a QR code: one read by key, no session, no cookie."""
    card = codes.find(token)
    if card is not None and request.META.get("QUERY_STRING") == "proof":
        return redirect("portal:code_proof", token)  # the page is the same for all codes: its link names no token
    if card is not None and card.get("kind") == codes.UNIT:
        shown = scan_units.face(card, timezone.now())
        return HttpResponse(scan_units.page(shown, token), headers=scan_units.HEADERS)
    if card is not None:
        return HttpResponse(scan.page(scan.face(card, timezone.now())), headers=CODE_HEADERS)
    if (
        request.META.get("QUERY_STRING") == "claim"
    ):  # the same for every code: whether it is a blank one, members are told
        return redirect("codes:claim", token)
    return _too_many(request, "code_miss") or HttpResponse(scan.unknown_page(), status=404, headers=CODE_HEADERS)


@door("GET", to=Audience.PUBLIC, token="portal.SmartCode.token")
def code_json(request: HttpRequest, token: str) -> HttpResponse:
    """The same facts for a program."""
    card = codes.find(token)
    if card is None and (refused := _too_many(request, "code_miss")):
        return refused
    answer = scan.face(card, timezone.now()) if card else {"state": "unknown", "state_word": scan.UNKNOWN_WORD}
    headers = scan_units.HEADERS if card and card.get("kind") == codes.UNIT else CODE_HEADERS
    return HttpResponse(
        json.dumps(answer, ensure_ascii=False), status=200 if card else 404, headers=headers,
        content_type="application/json; charset=utf-8",
    )  # fmt: skip


def _too_many(request: HttpRequest, feature: str) -> HttpResponse | None:
    """Counts something that was not found: the refusal once there were too many. What is found is never counted."""
    wait = limits.limit(feature, request)
    return limits.refused(request, wait) if wait else None


def scanned(request: HttpRequest, rest: str) -> HttpResponse:
    """The answer to `/q/<rest>`, whose capitals do not matter."""
    if rest[-5:].upper() == ".JSON":
        return code_json(request, token=rest[:-5])
    return code(request, token=rest)


@door("GET", "POST", to=Audience.PUBLIC)
def verify(request: HttpRequest) -> HttpResponse:
    """Compares a number with its printed code, or a file with the bytes that were issued. Keeps neither.

    Both are posted: an address ends up in histories and logs, and the code opens the whole certificate.
    """
    if request.method != "POST":
        return render(request, "public/verify.html", {"number": request.GET.get("number", "")[:LONGEST_TYPED]})
    if "number" not in request.POST and "code" not in request.POST:
        return _verify_file(request, request.FILES.get("pdf"))
    number, printed = _typed(request)
    if not number or not printed:
        return _not_verified(request, _("请同时填写证书编号和验证码，两项都印在证书第 1 页。"), number=number)
    if max(len(number), len(printed)) > LONGEST_TYPED:
        return _not_verified(request, _("证书编号或验证码太长，请核对后再填。"), number=number)
    card = codes.find_by_number(number, printed)
    result = {"by": "number"}
    if card and card["state"] == "issued":
        result |= {"number": number, "code": printed}
    return _result(request, card, result)


def _typed(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("number", "").strip(), request.POST.get("code", "").strip()


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


@door("POST", to=Audience.PUBLIC, limit="pdf")
def certificate_file(request: HttpRequest) -> HttpResponse:
    """The issued PDF for whoever knows the number and the code printed on it, as long as the certificate stands."""
    number, printed = _typed(request)
    found = codes.find_file(number, printed)
    if found is None:
        if refused := _too_many(request, "verify_miss"):
            return refused
        raise Http404
    stored_as, sha256 = found
    try:
        return documents.attachment(
            stored_as, sha256=sha256, name=f"{number}.pdf", content_type="application/pdf", inline=True
        )
    except documents.Altered:
        return errors.page(request, 409, "409_altered.html")


def _not_verified(request: HttpRequest, error: str, status: int = 400, number: str = "") -> HttpResponse:
    return render(request, "public/verify.html", {"error": error, "number": number}, status=status)


def _result(request: HttpRequest, card: dict[str, Any] | None, result: dict[str, str]) -> HttpResponse:
    if card is None and (refused := _too_many(request, "verify_miss")):
        return refused
    now = timezone.now()
    context = {
        "card": scan.face(card, now) if card else None,
        "result": result | {"outcome": "match" if card else "unknown"},
        "checked_at": now.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    return render(request, "public/verify_result.html", context)


@csrf_exempt
@door("POST", to=Audience.PUBLIC, limit="csp_report")
def csp_report_in(request: HttpRequest) -> HttpResponse:
    """What a browser reports is in the log, one event for each violation. Browsers send it without a token."""
    body = request.read(csp_report.LARGEST + 1)
    if len(body) > csp_report.LARGEST:
        return errors.page(request, 413)
    try:
        found = csp_report.violations(body)
    except ValueError:
        return errors.page(request, 400)
    for violation in found:
        log.warning("csp.violation", extra=violation)
    return HttpResponse(status=204)


@door("GET", to=Audience.OPERATIONS)
def components(request: HttpRequest) -> HttpResponse:
    """All pieces of the pages in all their states, for developers; not served in production."""
    from . import showcase

    return render(request, "portal/components.html", showcase.context())
