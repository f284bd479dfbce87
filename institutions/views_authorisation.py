"""One authorisation: proposed with what is missing in view, granted or declined by the technical manager, revoked."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history
from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from .forms_people import AuthorisationForm
from .models import Authorisation
from .people import granting
from .people.authorising import GRANT
from .views_person import employment_of, typed
from .words import authorisation_state, day_text

State = Authorisation.State


@door("GET", "POST", right=Permission.PEOPLE_KEEP, ref="institutions.Employment.ref")
def person_authorise(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """An authorisation is proposed; what stands in its way is said on its page before anybody decides."""
    employment, actor, day = employment_of(request, ref), actor_of(request), timezone.localdate()
    asked = {name: request.GET.get(name, "")[:30] for name in ("role", "field") if request.GET.get(name)}
    form = AuthorisationForm(typed(request), actor=actor, day=day, initial=asked)
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            try:
                row = granting.propose(employment, form.cleaned_data, actor=actor, at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                messages.success(request, _("已提出“%(row)s”授权，等技术负责人批准。") % {"row": row})
                return redirect("institutions:authorisation", slug, row.ref)
        else:
            status = 422
    context = {"employment": employment, "form": form, "refusals": refusals}
    return render(request, "institutions/person_authorise.html", context, status=status)


@door("GET", ref="institutions.Authorisation.ref")
def authorisation(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What was granted to whom, what has stopped it since, and what stands in the way of one that waits."""
    return _page(request, _row(request, ref))


@door("POST", right=Permission.AUTHORISE, ref="institutions.Authorisation.ref")
def authorisation_grant(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The technical manager grants what was proposed."""
    row = _row(request, ref)
    try:
        row = granting.grant(row, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _page(request, _row(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, _("已批准“%(row)s”授权，今天起生效。") % {"row": row})
    return redirect("institutions:authorisation", slug, ref)


@door("POST", right=Permission.PEOPLE_KEEP, ref="institutions.Authorisation.ref")
def authorisation_decline(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The proposal is off the table."""
    return _with_reason(request, slug, ref, granting.decline, _("已退回，没有批准。"))


@door("POST", right=Permission.AUTHORISE, ref="institutions.Authorisation.ref")
def authorisation_revoke(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The person may not act in the role from today on."""
    return _with_reason(request, slug, ref, granting.revoke, _("已撤销，今天起不能再以这个岗位工作。"))


def _with_reason(
    request: HttpRequest, slug: str, ref: str, verb: Callable[..., Authorisation], done: str
) -> HttpResponse:  # fmt: skip
    row, form = _row(request, ref), ReasonForm(request.POST, auto_id="reason-%s")
    if not form.is_valid():
        return _page(request, row, form=form, status=422)
    try:
        verb(row, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _page(request, _row(request, ref), form=form, refusals=refused.refusals, status=409)
    messages.success(request, done)
    return redirect("institutions:authorisation", slug, ref)


def _row(request: HttpRequest, ref: str) -> Authorisation:
    rows = Authorisation.objects.visible_to(actor_of(request)).select_related("employment", "institution")
    return get_object_or_404(rows, ref=ref)


def _page(
    request: HttpRequest, row: Authorisation, *, form: ReasonForm | None = None, refusals: tuple[Refusal, ...] = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor, day = actor_of(request), timezone.localdate()
    proposed = row.state == State.PROPOSED
    standing = row.state in Authorisation.STANDING
    missing = GRANT.refusals(row, actor=actor, at=timezone.now()) if proposed else []
    context: dict[str, Any] = {
        "row": row,
        "state": authorisation_state(row, day),
        "refusals": refusals,
        "proposed": proposed,
        "missing": [] if refusals else missing,
        "may_grant": proposed and not missing and actor.may(Permission.AUTHORISE),
        "decline": _dialog(request, row, form, "decline") if proposed and actor.may(Permission.PEOPLE_KEEP) else None,
        "revoke": _dialog(request, row, form, "revoke") if standing and actor.may(Permission.AUTHORISE) else None,
        "facts": [
            {
                "label": _("人员"),
                "value": row.employment.name,
                "url": reverse("institutions:person", args=[request.institution.slug, row.employment.ref]),
            },
            {"label": _("授权岗位"), "value": row.get_role_display()},
            {"label": _("专业领域"), "value": row.field},
            {"label": _("授权文件号"), "value": row.certificate_number},
            {"label": _("授权依据"), "value": row.basis},
            {"label": _("有效期"), "value": f"{day_text(row.valid_from)} ～ {day_text(row.valid_until)}"},
            {"label": _("批准"), "value": f"{row.granted_by} {day_text(row.granted_on)}" if row.granted_on else ""},
            *_holds_until(row, may_see=actor.may(Permission.PEOPLE_KEEP)),
        ],
        "history": history.timeline(row),
    }
    return render(request, "institutions/authorisation.html", context, status=status)


def _holds_until(row: Authorisation, *, may_see: bool) -> list[dict[str, str]]:
    """The day may be a 65th birthday: shown to who keeps the records of people."""
    return [{"label": _("条件满足至"), "value": day_text(row.holds_until)}] if may_see and row.holds_until else []


def _dialog(request: HttpRequest, row: Authorisation, form: ReasonForm | None, act: str) -> dict[str, Any]:
    """The reason for declining or revoking, as the component `sign_dialog` takes it."""
    titles = {"decline": (_("不批准"), _("退回"), "x"), "revoke": (_("撤销授权"), _("撤销"), "ban")}
    title, submit, icon = titles[act]
    return {
        "id": act,
        "title": title,
        "url": reverse(f"institutions:authorisation_{act}", args=[request.institution.slug, row.ref]),
        "facts": [
            {"label": _("人员"), "value": row.employment.name},
            {"label": _("授权"), "value": str(row)},
        ],
        "fields": form or ReasonForm(auto_id="reason-%s"),
        "submit": submit,
        "opener": f"{title}…",
        "icon": icon,
        "danger": act == "revoke",
        "plain": True,
    }
