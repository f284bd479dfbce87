"""The institution's page of its pledge, and the acts on the way to a public one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from institutions import second_factor
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from . import workflow
from .forms_pledge import DropForm, RemarkForm, ScanForm
from .models import Commitment
from .pledge_page import Sent, show

KEEP = Permission.PLEDGE_KEEP


@door("GET")
def pledge(request: HttpRequest, slug: str) -> HttpResponse:
    """How the pledge stands today, what it rests on, and what is to be done next."""
    return show(request)


def pledge_of(request: HttpRequest, ref: str) -> Commitment:
    """The pledge of this institution with that reference. Raises: Http404."""
    rows = Commitment.objects.visible_to(actor_of(request)).select_related(
        "institution", "template", "scan", "signed_by"
    )
    return get_object_or_404(rows, ref=ref)


def done_or_told(request: HttpRequest, act: Callable[[], Any], done: str, **typed: Any) -> HttpResponse:
    """The act is done and said so, or the page tells why not, with what was typed."""
    try:
        act()
    except Refused as refused:
        return show(request, Sent(refusals=refused.refusals, typed=typed), status=409)
    messages.success(request, done)
    return redirect("commitments:pledge", request.institution.slug)


def confirmed(request: HttpRequest) -> bool:
    """Whether the box beside what is confirmed was ticked."""
    return request.POST.get("confirmed") == "yes"


def unconfirmed(request: HttpRequest, **typed: Any) -> HttpResponse:
    """The page again, with the sentence about the box."""
    refusal = Refusal("confirmed", _("请先读过要确认的内容并勾选，再提交。"))
    return show(request, Sent(refusals=(refusal,), typed=typed), status=422)


@door("POST", right=KEEP)
def pledge_draft(request: HttpRequest, slug: str) -> HttpResponse:
    """A draft by the wording in force, with what the register says today."""
    actor, at = actor_of(request), timezone.now()
    done = _("已起草。请另一人核对后，由法定代表人签署。")
    return done_or_told(request, lambda: workflow.draft(request.institution, actor=actor, at=at), done)


@door("POST", right=KEEP, ref="commitments.Commitment.ref")
def pledge_check(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row, actor, at = pledge_of(request, ref), actor_of(request), timezone.now()
    if not confirmed(request):
        return unconfirmed(request)
    return done_or_told(request, lambda: workflow.check(row, actor=actor, at=at), _("已核对，等待法定代表人签署。"))


@sensitive_post_parameters()
@door("POST", right=Permission.PLEDGE_SIGN, limit="step_up", ref="commitments.Commitment.ref")
def pledge_sign(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The legal representative signs exactly what was shown, with a fresh proof of the person."""
    row, actor = pledge_of(request, ref), actor_of(request)
    if not confirmed(request):
        return unconfirmed(request)
    seen = request.POST.get("confirmed_sha256", "")[:64]
    try:
        second_factor.prove(request, workflow.SIGN.name_for(row), row, seen)
    except Refused as refused:
        return show(request, Sent(unproven=refused.refusals[0].text), status=401)
    done = _("已签署。质量负责人或计量管理人员可以公开了。")
    return done_or_told(request, lambda: workflow.sign(row, actor=actor, at=timezone.now()), done)


@door("POST", right=KEEP, limit="upload", ref="commitments.Commitment.ref")
def pledge_scan(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The scan of the signed and sealed paper comes in."""
    row, actor, at = pledge_of(request, ref), actor_of(request), timezone.now()
    form = ScanForm(request.POST, request.FILES, auto_id="scan-%s")
    if not form.is_valid():
        return show(request, Sent(typed={"scan": form}), status=422)
    typed = form.cleaned_data
    return done_or_told(
        request, lambda: workflow.sign_on_paper(row, typed["file"], typed["signed_on"], actor=actor, at=at),
        _("扫描件已收下，正在检查。检查完就可以公开。"), scan=form,
    )  # fmt: skip


@door("POST", right=KEEP, ref="commitments.Commitment.ref")
def pledge_publish(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The pledge becomes public in one act; whatever the request says of its conditions, the register decides."""
    row, actor, at = pledge_of(request, ref), actor_of(request), timezone.now()
    if not confirmed(request):
        return unconfirmed(request)
    return done_or_told(request, lambda: workflow.publish(row, actor=actor, at=at), _("承诺已公开，单位码可以使用了。"))


@door("POST", right=KEEP, ref="commitments.Commitment.ref")
def pledge_confirm(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The pledge is confirmed for another year."""
    row, actor, at = pledge_of(request, ref), actor_of(request), timezone.now()
    form = RemarkForm(request.POST, auto_id="confirm-%s")
    if not form.is_valid():
        return show(request, Sent(typed={"confirm": form}), status=422)
    if not confirmed(request):
        return unconfirmed(request, confirm=form)
    remark = form.cleaned_data["remark"]
    return done_or_told(
        request,
        lambda: workflow.confirm(row, remark, actor=actor, at=at),
        _("已确认，承诺在下一年度继续有效。"),
        confirm=form,
    )


@door("POST", right=KEEP, ref="commitments.Commitment.ref")
def pledge_drop(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """A pledge in the making is given up, with a reason."""
    row, actor, at = pledge_of(request, ref), actor_of(request), timezone.now()
    form = DropForm(request.POST, auto_id="drop-%s")
    if not form.is_valid():
        return show(request, Sent(typed={"drop": form}), status=422)
    reason = form.cleaned_data["reason"]
    done = _("已放弃这份承诺书，可以重新起草。")
    return done_or_told(request, lambda: workflow.drop(row, reason, actor=actor, at=at), done, drop=form)
