"""Pages of 接口令牌: which programs may do what, a new key, an end to one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal import history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import MACHINE_RIGHTS, Permission
from portal.routes import door
from portal.transitions import Refused
from portal.typed import DayField, TextField

from . import second_factor, tokens
from .forms import ReasonForm
from .models import ApiToken

REVOKE_REASON = "revoke"


class TokenForm(forms.Form):
    """What a key is for, what it may do, until when."""

    name = TextField(
        label=gettext_lazy("用途"),
        max_length=60,
        help_text=gettext_lazy("哪台设备或哪个程序用它，例如：一楼温湿度采集器"),
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("可以做什么"), widget=forms.CheckboxSelectMultiple,
        choices=[(right.value, title) for right, title in MACHINE_RIGHTS.items()],
        error_messages={"required": gettext_lazy("请至少选一项。")},
    )  # fmt: skip
    expires_on = DayField(label=gettext_lazy("有效期至"), help_text=gettext_lazy("最长一年；到期自动失效"))


@door("GET", right=Permission.API_MANAGE)
def token_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every token, those in force and those that were."""
    rows = ApiToken.objects.visible_to(actor_of(request)).select_related("made_by")
    page = page_of(rows, "-pk", request=request)
    context = {
        "table": {
            "caption": _("接口令牌"),
            "columns": [
                {"title": _("用途")}, {"title": _("可以做什么")}, {"title": _("开头")}, {"title": _("有效期至"), "day": True},
                {"title": _("最近使用")}, {"title": _("建立人")}, {"title": _("状态")},
            ],
            "rows": [_row(slug, token) for token in page.rows],
            "empty": {
                "title": _("还没有接口令牌"),
                "text": _("温湿度采集器、设备管理软件等用令牌送数据、读台账。用不到就不要建。"),
                "url": reverse("institutions:token_new", args=[slug]),
                "label": _("建立令牌"),
            },
            **page.links(request),
        },
    }  # fmt: skip
    return render(request, "institutions/tokens.html", context)


def _row(slug: str, token: ApiToken) -> list[Any]:
    used = timezone.localtime(token.last_used_at) if token.last_used_at else None
    return [
        {"text": token.name, "url": reverse("institutions:token", args=[slug, token.ref])},
        _rights(token),
        f"{token.hint}…",
        f"{token.expires_on:%Y-%m-%d}",
        f"{used:%Y-%m-%d %H:%M}" if used else _("还没用过"),
        token.made_by.name,
        _state(token),
    ]


def _rights(token: ApiToken) -> str:
    return "、".join(str(title) for right, title in MACHINE_RIGHTS.items() if right in token.permissions)


def _state(token: ApiToken) -> dict[str, str]:
    if token.state == ApiToken.State.ACTIVE and tokens.why_shut(token, timezone.localdate()):
        return {"badge": "expired", "text": _("已过期")}
    return {"badge": token.state, "text": token.get_state_display()}


@sensitive_post_parameters()
@door("GET", "POST", right=Permission.API_MANAGE, limit="step_up")
def token_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A token more, once the administrator has proven who it is; the answer shows the key, and nothing does later."""
    actor, unproven = actor_of(request), ""
    form, status = TokenForm(request.POST or None), 200 if request.method == "GET" else 422
    if request.method == "POST" and form.is_valid():
        known = form.cleaned_data
        digest = tokens.offer_digest(known["name"], known["permissions"], known["expires_on"])
        blank = ApiToken(institution_id=actor.institution_id)
        try:
            second_factor.prove(request, tokens.MAKE.name_for(blank), blank, digest)
        except Refused as refused:
            unproven, status = refused.refusals[0].text, 401
        else:
            try:
                token, key = tokens.make(**known, actor=actor, at=timezone.now())
            except Refused as refused:
                status = 409
                for refusal in refused.refusals:
                    form.add_error(None, refusal.text)
            else:
                # Not behind a redirect: the key would have to lie somewhere in between.
                return render(request, "institutions/token_made.html", {"token": token, "key": key})
    proof = second_factor.proof_form(request, name="token", error=unproven)
    return render(request, "institutions/token_new.html", {"form": form, "proof": proof}, status=status)


@door("GET", right=Permission.API_MANAGE, ref="institutions.ApiToken.ref")
def token(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One token: what it may do, when it was used, how to end it."""
    return _page(request, _token(request, ref), ReasonForm(prefix=REVOKE_REASON))


@door("POST", right=Permission.API_MANAGE, ref="institutions.ApiToken.ref")
def token_revoke(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The key opens nothing any more. Without a proof of the person: shutting must be quick."""
    found, form = _token(request, ref), ReasonForm(request.POST, prefix=REVOKE_REASON)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        tokens.revoke(found, **form.cleaned_data, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        for refusal in refused.refusals:
            form.add_error(None, refusal.text)
        return _page(request, _token(request, ref), form, status=409)
    messages.success(request, _("已撤销，立即生效。用它的程序从现在起被拒绝。"))
    return redirect("institutions:token", slug, ref)


def _token(request: HttpRequest, ref: str) -> ApiToken:
    rows = ApiToken.objects.visible_to(actor_of(request)).select_related("made_by")
    return get_object_or_404(rows, ref=ref)


def _page(request: HttpRequest, found: ApiToken, form: forms.Form, status: int = 200) -> HttpResponse:
    used = timezone.localtime(found.last_used_at) if found.last_used_at else None
    context = {
        "token": found,
        "state": _state(found),
        "form": form if found.state == ApiToken.State.ACTIVE else None,
        "facts": [
            {"label": _("可以做什么"), "value": _rights(found)},
            {"label": _("开头"), "value": f"{found.hint}…"},
            {"label": _("有效期至"), "value": f"{found.expires_on:%Y-%m-%d}"},
            {"label": _("建立人"), "value": found.made_by.name},
            {"label": _("建立时间"), "value": f"{timezone.localtime(found.made_at):%Y-%m-%d %H:%M}"},
            {"label": _("最近使用"), "value": f"{used:%Y-%m-%d %H:%M}" if used else _("还没用过")},
        ],
        "history": history.timeline(found),
    }
    return render(request, "institutions/token.html", context, status=status)
