"""The pledge of one institution with everything behind it, and what its regulator does about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from commitments import ending
from commitments.models import Commitment, Hearing, Remediation
from institutions.models import Institution
from portal.actors import Actor
from portal.registers.forms import refused_onto
from portal.routes import Audience, door
from portal.transitions import Refused

from .. import jurisdiction, looks
from . import acts
from .shown import page_of_pledge


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR)
def pledge(request: HttpRequest, slug: str) -> HttpResponse:
    """How the pledge stands today, by which rows, what ended it, what was done about it, and what can be done now."""
    with jurisdiction.inside(request, slug) as (actor, institution):
        return _page(request, actor, institution)


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR)
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """The institution is told why its public pledge is to be withdrawn."""
    with jurisdiction.inside(request, slug) as (actor, institution):
        row = Commitment.objects.visible_to(actor).filter(state=Commitment.State.PUBLIC).first()
        if row is None:
            raise Http404
        return _done(
            request, actor, institution, acts.NOTICE,
            lambda said: ending.notice(row, said["reason"], actor=actor, at=timezone.now()),
            _("已告知机构拟撤销，陈述期限 %(days)d 天。") % {"days": ending.ANSWER_WITHIN.days},
        )  # fmt: skip


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, ref="commitments.Hearing.ref")
def decide(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The pledge is withdrawn, or the matter is dropped, with reasons."""
    with jurisdiction.inside(request, slug) as (actor, institution):
        row = get_object_or_404(Hearing.objects.visible_to(actor).select_related("commitment__institution"), ref=ref)
        act = _asked(request, acts.UPHOLD, acts.DISMISS)
        uphold = act == acts.UPHOLD
        return _done(
            request, actor, institution, act,
            lambda said: ending.decide(row, uphold=uphold, decision=said["decision"], actor=actor, at=timezone.now()),
            _("承诺已撤销。") if uphold else _("已决定不予撤销，承诺继续有效。"),
        )  # fmt: skip


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, ref="commitments.Remediation.ref")
def review(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The remediation is accepted, or returned with what is missing."""
    with jurisdiction.inside(request, slug) as (actor, institution):
        rows = Remediation.objects.visible_to(actor).select_related("withdrawal__commitment__institution")
        row, act = get_object_or_404(rows, ref=ref), _asked(request, acts.ACCEPT, acts.RETURN)
        accept = act == acts.ACCEPT
        return _done(
            request, actor, institution, act,
            lambda said: ending.review(row, accept=accept, decision=said["decision"], actor=actor, at=timezone.now()),
            _("整改已认可，机构可以重新承诺。") if accept else _("整改已退回，机构会读到意见。"),
        )  # fmt: skip


def _asked(request: HttpRequest, *known: str) -> str:
    """The act that the form names. Raises: Http404 for any other."""
    act = request.POST.get("act", "")
    if act not in known:
        raise Http404
    return act


def _done(
    request: HttpRequest, actor: Actor, institution: Institution, act: str, verb: Callable[[dict[str, Any]], Any],
    told: str,
) -> HttpResponse:  # fmt: skip
    """The act is done and told, or the page again with what was typed and why not."""
    form = acts.form_of(act, request.POST)
    if not form.is_valid():
        return _page(request, actor, institution, forms={act: form}, status=422)
    if request.POST.get("confirmed") != "yes":
        form.add_error(None, _("请先勾选确认，再提交。"))
        return _page(request, actor, institution, forms={act: form}, status=422)
    try:
        verb(form.cleaned_data)
    except Refused as refused:
        refused_onto(form, refused.refusals)
        return _page(request, actor, institution, forms={act: form}, status=409)
    messages.success(request, told)
    return redirect("oversight:pledge", institution.slug)


def _page(
    request: HttpRequest, actor: Actor, institution: Institution, *, forms: dict[str, Form] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = page_of_pledge(actor, institution, forms or {}, timezone.localdate())
    looks.looked(request, actor, looks.PLEDGE, [institution.pk])
    return render(request, "oversight/pledges/pledge.html", context, status=status)
