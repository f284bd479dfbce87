"""Acts of the institution around the end of its pledge: taking it back, answering the regulator, putting things right."""

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
from portal.transitions import Refused

from . import ending
from .forms_pledge import AnswerForm, WithdrawForm
from .models import CommitmentWithdrawal, Hearing, Remediation
from .pledge_page import Sent, remedy_form, show
from .views_pledge import confirmed, done_or_told, pledge_of, unconfirmed

KEEP = Permission.PLEDGE_KEEP


@sensitive_post_parameters()
@door("POST", right=Permission.PLEDGE_SIGN, limit="step_up", ref="commitments.Commitment.ref")
def pledge_withdraw(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The legal representative takes the pledge back, after a proof of the person; its regulator reads the reason."""
    row, actor = pledge_of(request, ref), actor_of(request)
    form = WithdrawForm(request.POST, auto_id="withdraw-%s")
    if not form.is_valid():
        return show(request, Sent(typed={"withdraw": form}), status=422)
    if not confirmed(request):
        return unconfirmed(request, withdraw=form)
    try:
        second_factor.confirm_person(request, row)
    except Refused as refused:
        return show(request, Sent(unproven=refused.refusals[0].text, typed={"withdraw": form}), status=401)
    reason = form.cleaned_data["reason"]
    return done_or_told(
        request, lambda: ending.withdraw(row, reason, actor=actor, at=timezone.now()),
        _("承诺已撤销，扫码页面已经更新。"), withdraw=form,
    )  # fmt: skip


@door("POST", right=KEEP, limit="upload", ref="commitments.Hearing.ref")
def hearing_answer(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What the institution says before the regulator decides."""
    actor, at = actor_of(request), timezone.now()
    hearing = get_object_or_404(Hearing.objects.visible_to(actor), ref=ref)
    form = AnswerForm(request.POST, request.FILES, auto_id="answer-%s")
    if not form.is_valid():
        return show(request, Sent(typed={"answer": form}), status=422)
    typed = form.cleaned_data
    return done_or_told(
        request, lambda: ending.answer(hearing, typed["answer"], typed["file"], actor=actor, at=at),
        _("陈述已提交，等待主管部门决定。"), answer=form,
    )  # fmt: skip


@door("POST", right=KEEP, ref="commitments.CommitmentWithdrawal.ref")
def remediation_begin(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The institution begins to put right what ended its pledge."""
    actor, at = actor_of(request), timezone.now()
    withdrawal = get_object_or_404(CommitmentWithdrawal.objects.visible_to(actor), ref=ref)
    done = _("整改已开始。填写的内容可以随时保存，写完再提交。")
    return done_or_told(request, lambda: ending.begin(withdrawal, actor=actor, at=at), done)


@door("POST", right=KEEP, limit="upload", ref="commitments.Remediation.ref")
def remediation_fill(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What was found and done is kept; with `submit` it goes to the regulator at once, where nothing is missing."""
    actor, at = actor_of(request), timezone.now()
    row = get_object_or_404(Remediation.objects.visible_to(actor).select_related("file", "withdrawal"), ref=ref)
    form = remedy_form(row, request.POST, request.FILES)
    if not form.is_valid():
        return show(request, Sent(typed={"remedy": form}), status=422)
    typed = form.cleaned_data
    try:
        row = ending.fill(row, **typed, actor=actor, at=at)
    except Refused as refused:
        return show(request, Sent(refusals=refused.refusals, typed={"remedy": form}), status=409)
    if "submit" not in request.POST:
        messages.success(request, _("已保存。写完以后再提交。"))
        return redirect("commitments:pledge", slug)
    done = _("整改已提交，等待主管部门审查。")
    whole = typed | {"file": row.file}
    return done_or_told(request, lambda: ending.submit(row, **whole, actor=actor, at=at), done)
