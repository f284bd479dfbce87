"""One person: employment, authorisations, and the facts that stay masked until somebody says why."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from portal import history, sealing
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from . import identity, second_factor
from .forms import UnmaskForm
from .models import Authorisation, Employment
from .words import authorisation_state, day_text, employment_state


@door("GET", ref="institutions.Employment.ref")
def person(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One person's employment and every authorisation it ever had here."""
    return _page(request, _employment(request, ref))


@sensitive_post_parameters()
@door("POST", right=Permission.PERSON_UNMASK, limit="unmask", ref="institutions.Employment.ref")
def person_unmask(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Shows one fact once: in this answer and nowhere else, so there is no redirect to a page that would show it again."""
    actor, employment = actor_of(request), _employment(request, ref)
    form = _form(request, employment, request.POST)
    if not form.is_valid():
        return _page(request, employment, form=form, status=422)
    what, reason = form.cleaned_data["what"], form.cleaned_data["reason"]
    try:
        second_factor.prove(request, identity.UNMASK, employment, identity.bound_to(what))
        text = identity.reveal(employment, what, reason=reason, actor=actor, at=timezone.now())
    except Refused as refused:
        return _page(request, employment, form=form, refusals=refused.refusals, status=409)
    except sealing.Unreadable:
        refusal = Refusal("data", _("没有能打开这一项的密钥。请联系平台运维，把原来的密钥放回密钥文件。"))
        return _page(request, employment, form=form, refusals=(refusal,), status=409)
    return _page(request, employment, shown={"label": identity.HIDDEN[what].title, "value": text})


def _employment(request: HttpRequest, ref: str) -> Employment:
    return get_object_or_404(Employment.objects.visible_to(actor_of(request)), ref=ref)


def _page(
    request: HttpRequest, employment: Employment, *, form: UnmaskForm | None = None, shown: dict[str, str] | None = None,
    refusals: tuple[Refusal, ...] = (), status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor, day = actor_of(request), timezone.localdate()
    granted = Authorisation.objects.visible_to(actor).filter(employment=employment).order_by("-valid_from", "-pk")
    masked = {name: identity.masked(employment, name) for name in identity.HIDDEN}
    context = {
        "employment": employment,
        "state": employment_state(employment, day),
        "shown": shown,
        "refusals": [refusal for refusal in refusals if refusal.clause != "step-up"],  # that one stands at its field
        "unmask": _act(request, employment, form, refusals) if actor.may(Permission.PERSON_UNMASK) else None,
        "facts": [
            {"label": _("工号"), "value": employment.staff_number},
            {"label": _("用工形式"), "value": employment.get_kind_display()},
            {"label": _("入职日期"), "value": day_text(employment.started_on)},
            {"label": _("离职日期"), "value": day_text(employment.ended_on) if employment.ended_on else ""},
            {"label": _("身份证号"), "value": masked["id_number"] or _("未登记")},
            {"label": _("手机号"), "value": masked["phone"] or _("未登记")},
            {"label": _("出生年份"), "value": masked["birth_date"]},
        ],
        "authorisations": {
            "caption": _("授权"),
            "columns": [
                {"title": title}
                for title in (_("授权岗位"), _("专业领域"), _("授权文件号"), _("有效期自"), _("有效期至"), _("状态"))
            ],
            "rows": [
                [
                    row.get_role_display(),
                    row.field,
                    row.certificate_number,
                    day_text(row.valid_from),
                    day_text(row.valid_until),
                    authorisation_state(row, day),
                ]
                for row in granted
            ],
            "empty": {"title": _("还没有授权"), "text": _("没有授权的人不能检定、核验或签字。")},
        },
        "history": history.timeline(employment),
    }
    return render(request, "institutions/person.html", context, status=status)


def _form(request: HttpRequest, employment: Employment, typed: Any = None) -> UnmaskForm:
    known = [(name, fact.title) for name, fact in identity.HIDDEN.items() if identity.masked(employment, name)]
    return UnmaskForm(typed, choices=known, auto_id="unmask-%s")


def _act(
    request: HttpRequest, employment: Employment, form: UnmaskForm | None, refusals: tuple[Refusal, ...]
) -> dict[str, Any]:
    """Looking at a masked fact as the component `sign_dialog` takes it."""
    wrong = next((refusal.text for refusal in refusals if refusal.clause == "step-up"), "")
    return {
        "id": "unmask",
        "title": _("查看原文"),
        "url": reverse("institutions:person_unmask", args=[request.institution.slug, employment.ref]),
        "facts": [{"label": _("人员"), "value": employment.name}],
        "fields": [
            *(form or _form(request, employment)),
            *second_factor.proof_form(request, name="unmask", error=wrong),
        ],
        "submit": _("查看一次"),
        "opener": _("查看原文…"),
        "plain": True,
        "icon": "eye",
    }
