"""The pages of the ledger: everybody may read all of it, and check it without trusting the page."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal import limits, vitals
from portal.models import JobRun, LedgerCheckpoint, LedgerEntry
from portal.routes import Audience, door

from . import figure, keys, merkle, notes, proofs, tree

log = logging.getLogger("portal.ledger")

HEADERS = {"Cache-Control": "public, max-age=60"}
PAGE = 50
VERIFIER = Path(__file__).parent.parent / "static/portal/ledger-verifier.html"
SLOT = '<script id="known" type="application/json">null</script>'


def whole(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Where the stored tree is damaged the view says so in a sentence; the log has the error."""

    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except tree.Damaged:
            log.exception("ledger.damaged")
            return _refused(request, _("账本的树缺了一块，暂时给不出证明，已通知运维。请保存好证书，稍后再试。"), 503)

    return answered


@door("GET", to=Audience.PUBLIC)
def home(request: HttpRequest) -> HttpResponse:
    """What this is, how large it is, who signed it last, and its entries, the newest first."""
    size = tree.size()
    before = _number(request, "before", size)
    if before is None:
        return _refused(request, _("before 应是条目编号，例如 before=100。"))
    before = min(before, size)
    rows = LedgerEntry.objects.filter(index__lt=before).order_by("-index")[:PAGE]
    entries = [_shown(row) for row in rows]
    first = entries[-1]["index"] if entries else 0
    context = {
        "size": size,
        "head": _head(LedgerCheckpoint.objects.order_by("-size").first()),
        "verified": JobRun.objects.filter(name=vitals.VERIFY).first(),
        "figure": figure.of_tree(size),
        "entries": entries,
        "older": first or None,
        "newer": min(before + PAGE, size) if before < size else None,
        "key": keys.public_key(),
        "origin": notes.origin(),
    }
    return _page(request, "public/ledger.html", context)


@door("GET", to=Audience.PUBLIC)
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed head, as text."""
    newest = LedgerCheckpoint.objects.order_by("-size").values_list("text", flat=True).first()
    if newest is None:
        return _refused(request, _("账本还没有签名检查点。有了第一条记录后一分钟内就会有，请稍后再试。"), 404)
    return _text(newest)


@door("GET", to=Audience.PUBLIC, size="portal.LedgerCheckpoint.size")
def checkpoint_at(request: HttpRequest, size: int) -> HttpResponse:
    """The signed head of exactly this size, as text."""
    found = LedgerCheckpoint.objects.filter(size=size).values_list("text", flat=True).first()
    if found is None:
        return _refused(
            request, _("没有在第 %(size)d 条处签名的检查点。最新的在 /ledger/checkpoint。") % {"size": size}, 404
        )
    return _text(found)


@door("GET", to=Audience.PUBLIC, index="portal.LedgerEntry.index")
@whole
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry with its path to the newest signed head."""
    row, size = _entry(index), proofs.covering_size(index)
    context = {"entry": _shown(row), "size": size, "steps": _steps(row, size), "total": tree.size()}
    if size:
        context["head"] = _head(LedgerCheckpoint.objects.get(size=size))
    return _page(request, "public/ledger_entry.html", context)


@door("GET", to=Audience.PUBLIC, index="portal.LedgerEntry.index")
def entry_json(request: HttpRequest, index: int) -> HttpResponse:
    """The same entry for a program."""
    row = _entry(index)
    return _json({"index": row.index, "data": row.data, "leaf_hash": row.leaf_hash})


@door("GET", to=Audience.PUBLIC, index="portal.LedgerEntry.index")
@whole
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof that the entry is in the log of `?size=`, which a browser is shown with an explanation.

    Without a size: that of the newest signed head, or the whole log for an entry that no head covers yet.
    """
    row, total = _entry(index), tree.size()
    size = _number(request, "size", proofs.covering_size(index) or total)
    if size is None or not index < size <= total:
        return _refused(
            request,
            _("size 应大于条目编号 %(index)d，且不超过账本现有的 %(total)d 条。") % {"index": index, "total": total},
        )
    answer = {
        "index": index,
        "size": size,
        "leaf_hash": row.leaf_hash,
        "proof": [step.hex() for step in tree.inclusion(index, size)],
        "root": tree.root(size).hex(),
    }
    if "text/html" not in request.headers.get("Accept", ""):
        return _varied(_json(answer))
    signed = LedgerCheckpoint.objects.filter(size=size).first()
    context = {
        "entry": _shown(row),
        "size": size,
        "steps": _steps(row, size),
        "root": answer["root"],
        "head": _head(signed),
        "text": json.dumps(answer, ensure_ascii=False, indent=1),
    }
    return _varied(_page(request, "public/ledger_proof.html", context))


@door("GET", to=Audience.PUBLIC)
@whole
def consistency(request: HttpRequest) -> HttpResponse:
    """The proof that the log of size `?from=` is the beginning of that of size `?to=`."""
    total = tree.size()
    first, second = _number(request, "from", None), _number(request, "to", total)
    if first is None or second is None or not 0 < first <= second <= total:
        return _refused(
            request,
            _("请写成 ?from=小的条数&to=大的条数，两个数都在 1 和账本现有的 %(total)d 条之间。") % {"total": total},
        )
    answer = {
        "from": first,
        "to": second,
        "from_root": tree.root(first).hex(),
        "to_root": tree.root(second).hex(),
        "proof": [step.hex() for step in tree.consistency(first, second)],
    }
    return _json(answer)


@door("GET", to=Audience.PUBLIC)
def key(request: HttpRequest) -> HttpResponse:
    """The public keys of the ledger as text: one line each, the one that signs now first."""
    return _text("".join(f"{known}\n" for known in keys.known()))


@door("GET", to=Audience.PUBLIC)
def verifier(request: HttpRequest) -> HttpResponse:
    """The offline verifier as a file, which knows the keys of this ledger. Source: E4.27."""
    known = json.dumps({"origin": notes.origin(), "keys": proofs.public_keys()}).replace("<", "\\u003c")
    page = VERIFIER.read_text(encoding="utf-8").replace(SLOT, SLOT.replace("null", known), 1)
    headers = {"Content-Disposition": 'attachment; filename="ledger-verifier.html"'}
    return HttpResponse(page, content_type="text/html; charset=utf-8", headers=HEADERS | headers)


@door("GET", to=Audience.PUBLIC, token="portal.SmartCode.token")
@whole
def code_proof(request: HttpRequest, token: str) -> HttpResponse:
    """The proof file behind a smart code, to be kept beside the certificate. Source: E4.27."""
    bundle = proofs.for_code(token)
    if bundle is None:
        wait = limits.limit("code_miss", request)
        if wait:
            return limits.refused(request, wait)
        return _refused(request, _("没有这个码。请重新扫描证书上的二维码。"), 404)
    answer = _json(bundle)
    answer.headers["Content-Disposition"] = 'attachment; filename="ledger-proof.json"'
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _entry(index: int) -> LedgerEntry:
    row = LedgerEntry.objects.filter(index=index).first()
    if row is None:
        raise Http404
    return row


def _shown(row: LedgerEntry) -> dict[str, Any]:
    """An entry as a page shows it; an altered one may no longer say what it is."""
    try:
        said = json.loads(row.data)
        kind, digest = str(said["kind"]), str(said["digest"])
    except (ValueError, KeyError, TypeError):
        kind = digest = ""
    return {
        "index": row.index,
        "kind": kind,
        "title": proofs.title(kind) if kind else _("内容读不出"),
        "digest": digest,
        "data": row.data,
        "leaf_hash": row.leaf_hash,
        "at": row.sequenced_at,
    }


def _steps(row: LedgerEntry, size: int | None) -> list[dict[str, Any]]:
    """The path from the entry up to the root, as a person follows it: what is joined on which side, and the result."""
    if size is None:
        return []
    joined, place, last, steps = bytes.fromhex(row.leaf_hash), row.index, size - 1, []
    for other in tree.inclusion(row.index, size):
        while place == last and not place & 1:
            place, last = place >> 1, last >> 1
        is_left = bool(place & 1)
        joined = merkle.node_hash(other, joined) if is_left else merkle.node_hash(joined, other)
        steps.append({"hash": other.hex(), "is_left": is_left, "joined": joined.hex()})
        place, last = place >> 1, last >> 1
    return steps


def _head(row: LedgerCheckpoint | None) -> dict[str, Any] | None:
    return {"size": row.size, "root": row.root, "at": row.at, "text": row.text} if row else None


def _number(request: HttpRequest, name: str, default: int | None) -> int | None:
    """The whole number in the address, the default without one; None for anything else."""
    text = request.GET.get(name, "")
    if not text:
        return default
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _refused(request: HttpRequest, sentence: str, status: int = 400) -> HttpResponse:
    """One sentence that says what to do: as a page to a browser, else as JSON."""
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "public/ledger_refused.html", {"sentence": sentence}, status=status)
    return HttpResponse(
        json.dumps({"message": sentence}, ensure_ascii=False),
        status=status,
        content_type="application/json; charset=utf-8",
    )


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return HttpResponse(render_to_string(template, context, request), headers=HEADERS)


def _varied(answer: HttpResponse) -> HttpResponse:
    """The same address answers a browser and a program differently."""
    answer.headers["Vary"] = "Accept"
    return answer


def _text(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=HEADERS)


def _json(answer: dict[str, Any]) -> HttpResponse:
    text = json.dumps(answer, ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=HEADERS)
