"""A list as a file: offered on its page, given after a fresh proof of the person, and in the audit trail."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, exports, stepup
from portal.actors import actor_of
from portal.ledger.leaves import canonical
from portal.permissions import Permission
from portal.transitions import Refusal, Refused

from . import second_factor


def offer(request: HttpRequest, url: str) -> dict[str, Any] | None:
    """What the export button of a list shows, or None for who may not export. `url` takes the list's own filters along."""
    if not actor_of(request).may(Permission.EXPORT):
        return None
    query = request.GET.urlencode()
    return {
        "url": f"{url}?{query}" if query else url,
        "formats": exports.FORMATS,
        "most": exports.MOST_ROWS,
        "proof": second_factor.proof_form(request, name="export"),
        "open": request.GET.get("do") == "export",
    }


def send(
    request: HttpRequest,
    act: str,
    *,
    name: str,
    rows: QuerySet | Sequence[Any],
    columns: dict[str, Callable[[Any], Any]],
    narrowed_by: dict[str, str],
    back: str,
) -> HttpResponseBase:
    """The rows as a file, with who took which rows in the audit trail; or the list again with the reason why not.

    `columns`: title -> value of a row; `narrowed_by`: the filters as typed, title -> text; `back`: address of the list.
    Source: E8.45, E3.18.
    """
    actor, kind = actor_of(request), request.POST.get("format", "")
    told = "，".join(f"{title}：{text}" for title, text in narrowed_by.items() if text)
    bound = hashlib.sha256(canonical({"format": kind, "filter": told})).hexdigest()
    try:
        if kind not in exports.FORMATS:
            raise Refused(Refusal("export", _("没有这种文件格式。请选 Excel 或 CSV，再导出。")))
        exports.refuse_too_many(rows.count() if isinstance(rows, QuerySet) else len(rows))
        second_factor.prove(request, act, None, bound)
        stepup.consume(actor, act, None, sha256=bound)
    except Refused as refused:
        for refusal in refused.refusals:
            messages.error(request, refusal.text)
        return redirect(back)
    # Read to the end here: behind the answer the scope of the institution is closed.
    found = rows[: exports.MOST_ROWS]
    read = found.iterator(chunk_size=2000) if isinstance(found, QuerySet) else found
    cells = [[value(row) for value in columns.values()] for row in read]
    audit.record(
        actor, act, institution_id=actor.institution_id,
        changes={
            "filter": ["", told or _("全部")], "format": ["", kind],
            "rows": ["", _("%(count)d 行") % {"count": len(cells)}],
        },
    )  # fmt: skip
    return exports.answer(kind, f"{name} {timezone.localdate():%Y-%m-%d}", list(columns), cells)
