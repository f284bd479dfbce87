"""All pledges of an institution, and each of them as it was, readable for good."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import codes, history
from portal.actors import actor_of
from portal.paging import page_of
from portal.routes import door

from . import shown
from .models import Commitment, CommitmentWithdrawal, Remediation
from .views_pledge import pledge_of

S = Commitment.State


@door("GET")
def pledge_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every pledge that ever was, the newest first."""
    rows = Commitment.objects.visible_to(actor_of(request)).select_related("withdrawal", "pdf", "template")
    page = page_of(rows, "-pk", request=request)
    remedied = dict(
        Remediation.objects.visible_to(actor_of(request))
        .filter(withdrawal__commitment__in=[row.pk for row in page.rows])
        .values_list("withdrawal__commitment", "state")
    )
    table = {
        "caption": _("历次承诺书"),
        "columns": [
            {"title": _("承诺书")}, {"title": _("公开"), "day": True}, {"title": _("撤销"), "day": True},
            {"title": _("撤销的情形")}, {"title": _("整改")}, {"title": _("状态")},
        ],
        "rows": [_cells(slug, row, remedied.get(row.pk, "")) for row in page.rows],
        **page.links(request),
        "empty": {
            "title": _("还没有承诺书"),
            "text": _("起草、核对、签署、公开以后，每一份都留在这里，撤销了也能查到。"),
            "url": reverse("commitments:pledge", args=[slug]),
            "label": _("去承诺页"),
        },
    }  # fmt: skip
    return render(request, "commitments/history.html", {"table": table})


def _cells(slug: str, row: Commitment, remedied: str) -> list[Any]:
    ended = getattr(row, "withdrawal", None)
    return [
        {
            "text": row.number or _("未公开"), "url": reverse("commitments:pledge_one", args=[slug, row.ref]),
            "note": str(row.template),
        },
        _day(row.published_at),
        _day(row.withdrawn_at),
        ended.get_cause_display() if ended else "",
        str(Remediation.State(remedied).label) if remedied else "",
        {"text": row.get_state_display(), "badge": row.state},
    ]  # fmt: skip


def _day(moment: Any) -> str:
    return f"{timezone.localdate(moment):%Y-%m-%d}" if moment else ""


@door("GET", ref="commitments.Commitment.ref")
def pledge_one(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One pledge as it was promised, signed and ended, with its files; it can be printed for signing."""
    row, actor = pledge_of(request, ref), actor_of(request)
    ended = CommitmentWithdrawal.objects.visible_to(actor).filter(commitment=row).select_related("remediation").first()
    remediation = getattr(ended, "remediation", None)
    context = {
        "pledge": row,
        "paper": shown.paper(row.template, row.facts, row),
        "ended": ended,
        "decided_by": _("平台自动") if ended and ended.decided_by.startswith("system:") else ended and ended.decided_by,
        "remediation": remediation,
        "remedied": shown.remediation_word(ended, remediation) if ended else None,
        "confirmations": row.confirmations.visible_to(actor).select_related("confirmed_by").order_by("-pk"),
        "hearings": row.hearings.visible_to(actor).select_related("file").order_by("-pk"),
        "code_url": codes.address(row.token) if row.token else "",
        "history": history.timeline(row, *([ended] if ended else [])),
        "unsigned": row.state in (S.DRAFT, S.CHECKED),
    }
    return render(request, "commitments/one.html", context)
