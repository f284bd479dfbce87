"""One member of an institution: its access, and what an administrator may change about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from portal import history
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused, Transition

from . import second_factor, workflow
from .forms import ReasonForm, RolesForm
from .models import Membership
from .words import factor_state, membership_state

Verb = Callable[..., Membership]


@door("GET", ref="institutions.Membership.ref")
def member(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One member's access, and for who may change it the forms to do so."""
    return _page(request, _member(request, ref))


@sensitive_post_parameters()
@door("POST", right=Permission.MEMBER_CHANGE, limit="step_up", ref="institutions.Membership.ref")
def member_roles(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The member holds exactly the chosen roles."""
    form = RolesForm(request.POST)
    digest = workflow.roles_digest(request.POST.getlist("roles"))
    return _act(
        request, ref, "roles", form, workflow.CHANGE_ROLES, workflow.change_roles, _("角色已更改，立即生效。"), digest
    )


@sensitive_post_parameters()
@door("POST", right=Permission.MEMBER_CHANGE, limit="step_up", ref="institutions.Membership.ref")
def member_end(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The member has no access any more."""
    form, done = ReasonForm(request.POST, prefix="end"), _("已停用，立即生效。以前的签名和记录仍在其名下。")
    return _act(request, ref, "end", form, workflow.END_MEMBERSHIP, workflow.end_membership, done)


@sensitive_post_parameters()
@door("POST", right=Permission.MEMBER_CHANGE, limit="step_up", ref="institutions.Membership.ref")
def member_remove_factor(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The member signs in by password and mailed link once, and then with a new phone."""
    form = ReasonForm(request.POST, prefix="factor")
    done = _("第二因素已移除，其所有登录已结束。下次登录时，密码之外还要用发到其邮箱的链接。")
    return _act(request, ref, "factor", form, workflow.REMOVE_FACTOR, workflow.remove_factor, done)


@sensitive_post_parameters()
@door("POST", right=Permission.MEMBER_CHANGE, limit="step_up", ref="institutions.Membership.ref")
def member_unfreeze(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The member can sign in again."""
    form, done = ReasonForm(request.POST, prefix="unfreeze"), _("已解除冻结，可以重新登录。")
    return _act(request, ref, "unfreeze", form, workflow.UNFREEZE, workflow.unfreeze, done)


def _act(
    request: HttpRequest,
    ref: str,
    name: str,
    form: Form,
    transition: Transition,
    verb: Verb,
    done: str,
    sha256: str = "",
) -> HttpResponse:
    """One change, once the administrator has proven who it is; what was typed stays when it is refused."""
    found, actor = _member(request, ref), actor_of(request)
    if not form.is_valid():
        return _page(request, found, {name: form}, status=400)
    try:
        second_factor.prove(request, transition.name_for(found), found, sha256)
    except Refused as refused:
        return _page(request, found, {name: form}, {name: refused.refusals[0].text}, status=401)
    try:
        verb(found, **form.cleaned_data, actor=actor, at=timezone.now())
    except Refused as refused:
        for refusal in refused.refusals:
            form.add_error(None, refusal.text)
        return _page(request, _member(request, ref), {name: form}, status=400)
    messages.success(request, done)
    return redirect("institutions:member", request.institution.slug, ref)


def _member(request: HttpRequest, ref: str) -> Membership:
    rows = Membership.objects.visible_to(actor_of(request)).select_related("user__second_factor", "employment")
    return get_object_or_404(rows, ref=ref)


def _page(
    request: HttpRequest,
    found: Membership,
    typed: dict[str, Form] | None = None,
    unproven: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """`typed`: the form that was sent, by its name; `unproven`: why its proof was not taken."""
    actor, typed, unproven = actor_of(request), typed or {}, unproven or {}
    may_change = found.state == Membership.State.ACTIVE and actor.may(Permission.MEMBER_CHANGE)
    is_self = found.user_id == actor.user_id
    state = membership_state(found)
    factor = factor_state(found)
    context = {
        "member": found,
        "state": state,
        "facts": [
            {"label": _("登录名"), "value": found.user.username},
            {"label": _("角色"), "value": found.role_titles},
            {"label": _("从业人员"), "value": found.employment.name if found.employment else ""},
            {"label": _("第二因素"), "value": factor["text"], "tone": factor["tone"]},
            {"label": _("账号建立"), "value": f"{timezone.localtime(found.user.created_at):%Y-%m-%d}"},
        ],
        "roles_act": _form(request, "roles", typed, unproven, RolesForm(initial={"roles": found.roles}))
        if may_change
        else None,
        "others": _others(request, found, typed, unproven, is_self) if may_change else [],
        "history": history.timeline(found),
    }
    return render(request, "institutions/member.html", context, status=status)


def _others(
    request: HttpRequest, found: Membership, typed: dict[str, Form], unproven: dict[str, str], is_self: bool
) -> list[dict[str, Any]]:
    """The acts with a reason that are open for this member, or were just tried."""
    acts = [
        (
            "unfreeze", bool(found.user.frozen_at), _("解除冻结"), "institutions:member_unfreeze", False,
            _("先向本人核实，再解除；登录仍要密码和第二因素。"),
        ),
        (
            "factor", not is_self and factor_state(found)["tone"] == "ok", _("移除第二因素"),
            "institutions:member_remove_factor", True,
            _("手机和恢复码都丢失时用。其登录立即结束；下次登录要用发到其邮箱的链接，并重新设置。"),
        ),
        (
            "end", not is_self, _("停用成员"), "institutions:member_end", True,
            _("立即不能再进入本机构；以前的签名和记录仍在其名下。"),
        ),
    ]  # fmt: skip
    return [
        _form(request, name, typed, unproven, ReasonForm(prefix=name))
        | {"title": title, "url": url, "danger": danger, "hint": hint}
        for name, is_open, title, url, danger, hint in acts
        if is_open or name in typed
    ]


def _form(
    request: HttpRequest, name: str, typed: dict[str, Form], unproven: dict[str, str], blank: Form
) -> dict[str, Any]:
    proof = second_factor.proof_form(request, name=name, error=unproven.get(name, ""))
    return {"form": typed.get(name, blank), "proof": proof}
