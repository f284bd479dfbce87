"""The page of an institution's pledge: how it stands, what is in the way, and what may be done about it by whom."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import codes, history
from portal.actors import Actor, actor_of
from portal.models import Document
from portal.permissions import Permission
from portal.transitions import Refusal

from . import acts, eligibility, ending, facts, gates, holding, shown, workflow
from .forms_pledge import AnswerForm, DropForm, RemedyForm, ScanForm
from .models import Channel, Commitment, CommitmentTemplate, CommitmentWithdrawal, Hearing, Remediation

S = Commitment.State
KEEP, SIGN = Permission.PLEDGE_KEEP, Permission.PLEDGE_SIGN
PRESSING = timedelta(days=shown.SOON)


@dataclass
class Sent:
    """What a request brought that was not taken: why not, and what was typed, by the name of its form."""

    refusals: tuple[Refusal, ...] = ()
    unproven: str = ""
    typed: dict[str, forms.Form] = field(default_factory=dict)


@dataclass
class Found:
    """An institution's pledges as they are now."""

    public: Commitment | None
    making: Commitment | None
    last: CommitmentWithdrawal | None

    @property
    def to_remedy(self) -> CommitmentWithdrawal | None:
        """The withdrawal after which something has to be put right before there is another pledge."""
        if self.public is not None or self.last is None or not holding.is_to_be_remedied(self.last):
            return None
        return self.last


def found_by(actor: Actor) -> Found:
    """Three queries."""
    rows = Commitment.objects.visible_to(actor).select_related(
        "template", "made_by", "checked_by", "signed_by", "scan", "pdf", "institution"
    )
    ended = CommitmentWithdrawal.objects.visible_to(actor).select_related("commitment", "institution")
    return Found(
        rows.filter(state=S.PUBLIC).first(),
        rows.filter(state__in=Commitment.IN_THE_MAKING).first(),
        ended.order_by("-withdrawn_at", "-pk").first(),
    )


def show(request: HttpRequest, sent: Sent | None = None, *, status: int = 200) -> HttpResponse:
    """The page, with what was refused on top and what was typed in its place."""
    actor, at, sent = actor_of(request), timezone.now(), sent or Sent()
    institution, day, found = request.institution, timezone.localdate(at), found_by(actor)
    breaks = list(holding.breaks(institution, day, gates.day_of(found.public.published_at))) if found.public else []
    lines = eligibility.lines(institution, day)
    broken = min(breaks, key=lambda one: one.day, default=None)
    hearing, remedy = _hearing(actor, found, sent), _remedy(actor, found, sent)
    told = [found.making, found.public or _ended(found), *(part["row"] for part in (hearing, remedy) if part)]
    context = {
        "sent": sent,
        "day": day,
        "public": found.public,
        "making": found.making,
        "last": found.last,
        "standing": shown.standing(found.public, found.last, found.making, broken, day),
        "conditions": shown.conditions(breaks, day),
        "eligibility": shown.eligibility_rows(lines),
        "unmet": sum(not line.holds for line in lines),
        "confirmed": found.public.confirmations.order_by("-pk").first() if found.public else None,
        "code_url": codes.address(found.public.token) if found.public else "",
        "step": _step(request, found, sent, at) if found.making or not _barred(remedy) else None,
        "keeping": _keeping(request, found.public, sent, at),
        "hearing": hearing,
        "remedy": remedy,
        "paper": _paper(found, institution, day),
        "channels": _channels(actor, day),
        "channel_url": _register_url(request) if actor.may(KEEP) else "",
        "history": history.timeline(*filter(None, told)) if any(told) else [],
        "may_keep": actor.may(KEEP),
    }
    return render(request, "commitments/pledge.html", context, status=status)


def _ended(found: Found) -> Commitment | None:
    return found.last.commitment if found.last else None


def _register_url(request: HttpRequest) -> str:
    return reverse("portal:register_new", args=[request.institution.slug, "pledge-channels"])


# --- the way to the public page


def _step(request: HttpRequest, found: Found, sent: Sent, at: datetime) -> dict[str, Any]:
    """The next step of the pledge in the making, or how to begin one: who does it, what is in the way, the form for it."""
    actor, row = actor_of(request), found.making
    step: dict[str, Any] = {"steps": shown.steps(row), "refusals": [], "act": None, "scan": None, "waiting": ""}
    if row is None:
        return step | _beginning(request, actor, at)
    if actor.may(KEEP):
        step["drop"] = sent.typed.get("drop") or DropForm(auto_id="drop-%s")
    parts = {S.DRAFT: _check_part, S.CHECKED: _sign_part, S.SIGNED: _publish_part}
    return step | parts[row.state](request, actor, row, sent, at)


def _beginning(request: HttpRequest, actor: Actor, at: datetime) -> dict[str, Any]:
    template = CommitmentTemplate.objects.for_region(request.institution.region_code, timezone.localdate(at)).first()
    if template is None:
        return {"waiting": _("还没有可用的承诺书模板。请联系主管部门。")}
    blank = Commitment(institution=request.institution, template=template)
    refusals = workflow.DRAFT.refusals(blank, actor=actor, at=at)
    waiting = "" if actor.may(KEEP) else _("由质量负责人或计量管理人员起草。")
    return {"refusals": refusals, "begin": actor.may(KEEP) and not refusals, "waiting": waiting}


def _check_part(request: HttpRequest, actor: Actor, row: Commitment, sent: Sent, at: datetime) -> dict[str, Any]:
    """The facts on the paper beside those of the register; whoever drew them up waits for somebody else."""
    now = facts.facts_of(request.institution, timezone.localdate(at))
    part: dict[str, Any] = {"compared": shown.facts_compared(row.facts, now, facts.LABELS)}
    if not actor.may(KEEP):
        return part | {"waiting": _("等待质量负责人或计量管理人员核对。")}
    if gates.made_by_same_person(row, actor):
        part["refusals"] = list(gates.facts_are_as_registered(row, actor, at))
        return part | {"waiting": _("您起草的承诺书要由另一人核对：请质量负责人或计量管理人员登录后打开本页。")}
    refusals = workflow.CHECK.refusals(row, actor=actor, at=at)
    return part | {"refusals": refusals, "act": acts.checking(request, row, refusals)}


def _sign_part(request: HttpRequest, actor: Actor, row: Commitment, sent: Sent, at: datetime) -> dict[str, Any]:
    """On the screen by the legal representative of the day, or as a scan of the paper by a keeper."""
    signer = eligibility.legal_representative(request.institution, timezone.localdate(at))
    refusals = workflow.SIGN.refusals(row, actor=actor, at=at)
    part: dict[str, Any] = {"refusals": _beyond_eligibility(refusals)}
    if actor.may(SIGN) and acts.may_sign(request, signer):
        part["act"] = acts.signing(request, row, signer, refusals, sent.unproven)
    elif actor.may(SIGN):
        part["waiting"] = _("您的账号不是登记的法定代表人（负责人）。请由本人登录签署，或先更正关键人员登记。")
    elif actor.may(KEEP):
        who = {"name": signer.name if signer else "—"}
        part["waiting"] = _("等待法定代表人 %(name)s 登录签署；也可以在纸上签字盖章，由您上传扫描件。") % who
    else:
        part["waiting"] = _("等待法定代表人（负责人）签署。")
    if actor.may(KEEP):
        part |= {"scan": _scan_form(sent, at), "scan_blocked": len(refusals)}
    return part


def _scan_form(sent: Sent, at: datetime) -> forms.Form:
    return sent.typed.get("scan") or ScanForm(initial={"signed_on": timezone.localdate(at)}, auto_id="scan-%s")


def _publish_part(request: HttpRequest, actor: Actor, row: Commitment, sent: Sent, at: datetime) -> dict[str, Any]:
    if not actor.may(KEEP):
        return {"waiting": _("已签署，等待质量负责人或计量管理人员公开。")}
    refusals = workflow.PUBLISH.refusals(row, actor=actor, at=at)
    part = {"refusals": _beyond_eligibility(refusals), "act": acts.publishing(request, row, refusals)}
    if row.scan is not None and row.scan.state == Document.State.REFUSED:
        part |= {"act": None, "scan": _scan_form(sent, at)}
    return part


def _beyond_eligibility(refusals: list[Refusal]) -> list[Refusal]:
    """Without those that the page tells line by line, with their rows, under the conditions for pledging."""
    return [one for one in refusals if one.clause not in eligibility.CLAUSES]


# --- a public pledge, and its end


def _keeping(request: HttpRequest, row: Commitment | None, sent: Sent, at: datetime) -> dict[str, Any] | None:
    """Confirming the pledge for another year, and taking it back."""
    if row is None:
        return None
    actor, day = actor_of(request), timezone.localdate(at)
    pressing = row.confirm_by - PRESSING <= day
    part: dict[str, Any] = {
        "pressing": pressing,
        "days": (row.confirm_by - day).days,
    }
    if actor.may(KEEP) and (pressing or "confirm" in sent.typed):
        refusals = workflow.CONFIRM.refusals(row, actor=actor, at=at)
        part["confirm"] = acts.confirming(request, row, refusals, sent.typed.get("confirm"), pressing=pressing)
        part["refusals"] = _beyond_eligibility(refusals)
    if actor.may(SIGN):
        part["withdraw"] = acts.withdrawing(
            request,
            row,
            sent.typed.get("withdraw"),
            sent.unproven,
            ending.why_it_stays(row, request.institution, at=at),
        )
    return part


def _hearing(actor: Actor, found: Found, sent: Sent) -> dict[str, Any] | None:
    """What a regulator means to do, and the answer, while it is not decided."""
    about = found.public or _ended(found)  # what fell in the meantime is decided all the same
    if about is None:
        return None
    rows = Hearing.objects.visible_to(actor).filter(commitment=about, state__in=Hearing.OPEN)
    row = rows.select_related("file", "answered_by").first()
    if row is None:
        return None
    form = None
    if row.state == Hearing.State.NOTICED and actor.may(KEEP):
        form = sent.typed.get("answer") or AnswerForm(auto_id="answer-%s")
    return {"row": row, "form": form}


def _remedy(actor: Actor, found: Found, sent: Sent) -> dict[str, Any] | None:
    """What has to be put right after a withdrawal, and how far that is."""
    ended = found.to_remedy
    if ended is None:
        return None
    rows = Remediation.objects.visible_to(actor).select_related("file", "submitted_by")
    row = rows.filter(withdrawal=ended).first()
    form = None
    if row is not None and actor.may(KEEP) and row.state in ending.SUBMIT.sources:
        form = sent.typed.get("remedy") or remedy_form(row)
    return {"withdrawal": ended, "row": row, "form": form, "begin": row is None and actor.may(KEEP)}


def _barred(remedy: dict[str, Any] | None) -> bool:
    """Whether nothing new can be begun before the remediation is accepted."""
    return remedy is not None and (remedy["row"] is None or remedy["row"].state != Remediation.State.ACCEPTED)


def remedy_form(row: Remediation, *sent: Any) -> RemedyForm:
    """The form with what was kept so far, or with what the request brought."""
    first = {name: getattr(row, name) for name in ("cause_found", "measures", "finished_on")}
    return RemedyForm(*sent, initial=first, kept=row.file, auto_id="remedy-%s")


def _paper(found: Found, institution: Any, day: date) -> dict[str, Any] | None:
    """The pledge in the making, else the public one, else what would be drawn up today."""
    row = found.making or found.public
    if row is not None:
        return shown.paper(row.template, row.facts, row)
    template = CommitmentTemplate.objects.for_region(institution.region_code, day).first()
    return shown.paper(template, facts.facts_of(institution, day)) if template else None


def _channels(actor: Actor, day: date) -> list[dict[str, Any]]:
    """Where else the pledge hangs, and whether that was looked at within a year. Source: A-8.2.2.2."""
    rows = Channel.objects.visible_to(actor).filter(state=Channel.State.CURRENT).select_related("institution", "photo")
    return [
        {"row": row, "old": row.shown_on <= day - timedelta(days=365)} for row in rows.order_by("-shown_on", "-pk")[:6]
    ]
