"""Pages on which something is done with a measurement standard: one form each, with what is still in the way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.registers import REGISTERS, verbs
from portal.routes import door
from portal.transitions import Refusal, Refused, Transition

from ..models import MeasurementStandard
from . import gates, parts, workflow
from .forms import AssessForm, DeclaredForm, HoldForm, PartsForm, ReleaseForm, WhyForm, WordForm

State = MeasurementStandard.State
Verb = Callable[..., MeasurementStandard]


@dataclass(frozen=True)
class Act:
    """One thing to do: its transition from a state, how it is done, its form and its words.

    `then`: what follows from it, told beside the form. `decided`: only a quality or technical manager does it.
    """

    title: Promise
    transition: Callable[[str], Transition]
    verb: Verb
    form: type[forms.Form]
    then: tuple[Promise, ...]
    done: Promise
    icon: str = "check"
    danger: bool = False
    decided: bool = False

    def is_open(self, standard: MeasurementStandard, actor: Actor) -> bool:
        """Whether the act starts from this state, and this person may do it."""
        if self.decided and not gates.DECIDERS & set(actor.roles):
            return False
        return self.transition(standard.state).is_open(standard, actor)


def _always(transition: Transition) -> Callable[[str], Transition]:
    return lambda state: transition


def _reasoned(verb: Verb) -> Verb:
    """A verb that takes what its form holds, the reason first."""

    def do(standard: MeasurementStandard, typed: dict[str, Any], *, actor: Actor, at: datetime) -> MeasurementStandard:
        rest = {name: value for name, value in typed.items() if name != "reason"}
        return verb(standard, typed["reason"], **rest, actor=actor, at=at)

    return do


def _assess(standard: MeasurementStandard, typed: dict[str, Any], *, actor: Actor, at: datetime) -> MeasurementStandard:
    file = typed.pop("file")
    return workflow.assess(standard, typed, file, actor=actor, at=at)


def _change_parts(
    standard: MeasurementStandard, typed: dict[str, Any], *, actor: Actor, at: datetime
) -> MeasurementStandard:
    return parts.change_parts(standard, **typed, actor=actor, at=at)


def _strike_off(
    standard: MeasurementStandard, typed: dict[str, Any], *, actor: Actor, at: datetime
) -> MeasurementStandard:
    return verbs.withdraw(REGISTERS["measurement-standards"], standard, typed["reason"], actor=actor, at=at)


STRIKE_OFF = Transition("withdraw", frozenset({State.BUILT}), State.WITHDRAWN, Permission.EQUIPMENT_MANAGE)

ACTS = {
    "assess": Act(
        gettext_lazy("登记考核"), workflow.assessing, _assess, AssessForm, icon="shield-check",
        then=(
            gettext_lazy("证书进入文件集，新的有效期从发证日期起算，原来的证书仍在文件集和履历里。"),
            gettext_lazy("新建的计量标准变为“待投用”；复查的保持原来的状态。"),
        ),
        done=gettext_lazy("考核证书已登记。"),
    ),
    "put_in_use": Act(
        gettext_lazy("投入使用"), _always(workflow.PUT_IN_USE), _reasoned(workflow.put_in_use), WordForm, icon="check",
        then=(
            gettext_lazy("从今天起可以用于它的种类允许的项目，出现在记录的可选列表里。"),
            gettext_lazy("证书、授权或溯源到期，当天自动不可用，不用再操作。"),
        ),
        done=gettext_lazy("已投入使用。"),
    ),
    "parts": Act(
        gettext_lazy("更换组成设备"), parts.changing, _change_parts, PartsForm, icon="refresh",
        then=(
            gettext_lazy("记入履历；以前的记录仍按当时的组成判断。"),
            gettext_lazy("考核过的计量标准同时登记一项变更。更换计量标准器的，申报以后才能再用。"),
        ),
        done=gettext_lazy("组成已更改。"),
    ),
    "hold": Act(
        gettext_lazy("暂停量值传递"), _always(workflow.HOLD), _reasoned(workflow.hold), HoldForm, icon="alert-triangle",
        then=(
            gettext_lazy("从现在起不能用它做记录，已做的记录也不能签发证书。"),
            gettext_lazy("查清原因、有了证据，由质量负责人或技术负责人恢复。"),
        ),
        done=gettext_lazy("已暂停量值传递。"), danger=True, decided=True,
    ),
    "release": Act(
        gettext_lazy("恢复量值传递"), _always(workflow.RELEASE), _reasoned(workflow.release), ReleaseForm, icon="check",
        then=(gettext_lazy("恢复为“在用”；暂停期间的记录仍然不能用。"), gettext_lazy("证据随履历保存。")),
        done=gettext_lazy("已恢复量值传递。"), decided=True,
    ),
    "suspend": Act(
        gettext_lazy("暂停使用"), _always(workflow.SUSPEND), _reasoned(workflow.suspend), WhyForm, icon="lock",
        then=(
            gettext_lazy("从现在起不出现在可选列表里，条件齐全后再投入使用。"),
            gettext_lazy("考核到期不用暂停：当天自动不可用。"),
        ),
        done=gettext_lazy("已暂停使用。"),
    ),
    "seal": Act(
        gettext_lazy("封存"), _always(workflow.SEAL), _reasoned(workflow.seal), DeclaredForm, icon="archive",
        then=(gettext_lazy("申报表进入文件集。"), gettext_lazy("启封以后要重新满足各项条件才能投入使用。")),
        done=gettext_lazy("已封存。"),
    ),
    "unseal": Act(
        gettext_lazy("启封"), _always(workflow.UNSEAL), _reasoned(workflow.unseal), WhyForm, icon="archive",
        then=(gettext_lazy("变为“待投用”；证书、溯源、人员都满足时再投入使用。"),),
        done=gettext_lazy("已启封，等待投入使用。"),
    ),
    "retire": Act(
        gettext_lazy("撤销"), _always(workflow.RETIRE), _reasoned(workflow.retire), DeclaredForm, icon="x",
        then=(gettext_lazy("不能再恢复；它的记录、履历和文件集仍然可查。"),),
        done=gettext_lazy("已撤销。"), danger=True,
    ),
    "strike_off": Act(
        gettext_lazy("作废登记"), _always(STRIKE_OFF), _strike_off, WhyForm, icon="x",
        then=(gettext_lazy("只用于登记错了的；作废后不再列出，历史仍然可查。"),),
        done=gettext_lazy("已作废。"), danger=True,
    ),
}  # fmt: skip


def offers(standard: MeasurementStandard, slug: str, actor: Actor) -> dict[str, dict[str, Any]]:
    """The acts that are open to this person now, by name, as links."""
    return {
        name: {
            "title": act.title,
            "url": reverse(f"equipment:standard_{name}", args=[slug, standard.ref]),
            "icon": act.icon,
            "danger": act.danger,
        }
        for name, act in ACTS.items()
        if act.is_open(standard, actor)
    }


def _page(name: str) -> Callable[..., HttpResponse]:
    """The page of an act: its form, and what stands in the way."""

    @door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="upload", ref="equipment.MeasurementStandard.ref")
    def act_page(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
        return _perform(request, ref, ACTS[name])

    return act_page


PAGES = {name: _page(name) for name in ACTS}


def _perform(request: HttpRequest, ref: str, act: Act) -> HttpResponse:
    actor, at = actor_of(request), timezone.now()
    rows = MeasurementStandard.objects.visible_to(actor).select_related("institution", "site", "responsible")
    standard = get_object_or_404(rows, ref=ref)
    scope = {"standard": standard, "actor": actor, "day": timezone.localdate(at)}
    if request.method == "GET":
        return _show(request, standard, act, act.form(**scope), at)
    form = act.form(request.POST, request.FILES, **scope)
    if not form.is_valid():
        return _show(request, standard, act, form, at, status=422)
    try:
        act.verb(standard, dict(form.cleaned_data), actor=actor, at=at)
    except Refused as refused:
        return _show(request, standard, act, form, at, status=409, refusals=refused.refusals)
    messages.success(request, f"{standard.code} {act.done}")
    return redirect(standard)


def _show(
    request: HttpRequest, standard: MeasurementStandard, act: Act, form: forms.Form, at: datetime, *,
    status: int = 200, refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    actor, transition = actor_of(request), act.transition(standard.state)
    starts = standard.state in transition.sources
    waiting = transition.refusals(standard, actor=actor, at=at) if starts else []
    context = {
        "standard": standard,
        "act": act,
        "form": form,
        "refusals": refusals,
        "waiting": [] if refusals else waiting,
        "starts": starts,
        "blocked": not starts or bool(waiting),
        "facts": _facts(standard, timezone.localdate(at)),
    }
    return render(request, "equipment/standard_act.html", context, status=status)


def _facts(standard: MeasurementStandard, day: date) -> list[tuple[str, Any]]:
    """What it is about, in a few words."""
    return [
        (_("计量标准"), standard.name),
        (_("编号"), standard.code),
        (_("种类"), standard.get_kind_display()),
        (_("现在的状态"), standard.get_state_display()),
        (_("考核证书"), standard.assessment_certificate or _("没有")),
        (_("有效期至"), str(standard.assessed_until or "—")),
    ]
