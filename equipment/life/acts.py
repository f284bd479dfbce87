"""What can be done with a piece of equipment on its page: how each verb's button and dialog are worded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import picking
from portal.actors import Actor
from portal.forms import ReasonForm
from portal.transitions import Refusal, Transition

from ..models import Equipment
from . import workflow
from .forms import ApprovedForm, TroubleForm


def _plain(form: type[forms.Form]) -> Callable[..., forms.Form]:
    def make(*args: Any, actor: Actor, day: date, **kwargs: Any) -> forms.Form:
        return form(*args, **kwargs)

    return make


@dataclass(frozen=True)
class Act:
    """A verb of the page: its transition, how it is done, and the words of its dialog."""

    transition: Transition
    verb: Callable[..., Equipment]
    opener: Promise
    statement: Promise
    label: Promise
    hint: Promise
    done: Promise
    form: Callable[..., forms.Form] = _plain(ReasonForm)
    icon: str = "signature"
    danger: bool = False
    plain: bool = False

    def made(self, *args: Any, name: str, actor: Actor, day: date) -> forms.Form:
        """The form of the dialog, with what was typed or without."""
        form = self.form(*args, actor=actor, day=day, auto_id=f"{name}-%s")
        form.fields["reason"].label, form.fields["reason"].help_text = self.label, self.hint
        return form

    def perform(self, equipment: Equipment, form: forms.Form, *, actor: Actor, at: datetime) -> Equipment:
        """The verb is done with what the form says. Raises: Refused."""
        values = dict(form.cleaned_data)
        return self.verb(equipment, values.pop("reason"), **values, actor=actor, at=at)


ACTS = {
    "quarantine": Act(
        workflow.QUARANTINE, workflow.quarantine, form=_plain(TroubleForm),
        opener=gettext_lazy("停用隔离…"),
        statement=gettext_lazy("我已隔离或标明这台设备；它从现在起不再出现在任何可选列表里"),
        label=gettext_lazy("发现的情况"),
        hint=gettext_lazy("什么时候、怎样发现的，读数或外观怎样；写清楚，方便查影响"),
        done=gettext_lazy("已停用隔离，并提出了影响追溯。请查明它对以往结果的影响。"),
        icon="alert-triangle", danger=True,
    ),
    "return_to_use": Act(
        workflow.RETURN_TO_USE, workflow.return_to_use,
        opener=gettext_lazy("投入使用…"),
        statement=gettext_lazy("我已验证这台设备符合使用要求"),
        label=gettext_lazy("验证情况"),
        hint=gettext_lazy("怎样验证的、结果如何，例如：与 YB-0108 比对 5 点，最大差 0.0004 MPa"),
        done=gettext_lazy("已投入使用。"),
    ),
    "send_to_repair": Act(
        workflow.SEND_TO_REPAIR, workflow.send_to_repair, form=ApprovedForm,
        opener=gettext_lazy("送修…"),
        statement=gettext_lazy("我知道修好以后要重新溯源、确认、验证，才能再用"),
        label=gettext_lazy("送修原因"),
        hint=gettext_lazy("什么故障、送到哪里修"),
        done=gettext_lazy("已登记送修。修好后登记“修理”，再送检。"),
        icon="tools", plain=True,
    ),
    "take_out_of_use": Act(
        workflow.TAKE_OUT_OF_USE, workflow.take_out_of_use,
        opener=gettext_lazy("封存…"),
        statement=gettext_lazy("我确认暂不使用这台设备，并已贴封存标识"),
        label=gettext_lazy("封存原因"),
        hint=gettext_lazy("例如：暂无任务，停止送检"),
        done=gettext_lazy("已封存。"),
        icon="archive", plain=True,
    ),
    "scrap": Act(
        workflow.SCRAP, workflow.scrap, form=ApprovedForm,
        opener=gettext_lazy("报废…"),
        statement=gettext_lazy("我知道报废不能撤销；档案和履历仍然保留"),
        label=gettext_lazy("报废原因和去向"),
        hint=gettext_lazy("例如：传感器损坏无法修复，交资产科处置"),
        done=gettext_lazy("已报废。"),
        icon="x", plain=True,
    ),
}  # fmt: skip

# What is done with a customer's instrument here: it is taken off the register when the customer has it no more.
OF_CUSTOMERS = frozenset({"scrap"})


def dialogs(
    equipment: Equipment, slug: str, *, actor: Actor, day: date, acting: str, form: forms.Form | None,
    waiting: list[Refusal],
) -> list[dict[str, Any]]:  # fmt: skip
    """The acts that are open to the actor, each as the component `sign_dialog` takes it.

    `form`: what was typed into the act `acting`; `waiting`: what stands in the way of using the equipment again.
    """
    found = []
    for name, act in ACTS.items():
        if not act.transition.is_open(equipment, actor) or (not equipment.has_states and name not in OF_CUSTOMERS):
            continue
        title = str(act.opener).rstrip("…")
        blocked = _("先解决“投入使用还差”里的 %(count)d 项") % {"count": len(waiting)}
        found.append(
            {
                "id": name,
                "title": title,
                "url": reverse(f"equipment:{name}", args=[slug, equipment.ref]),
                "facts": [
                    {"label": _("设备"), "value": str(equipment)},
                    *(
                        [{"label": _("现在的状态"), "value": equipment.get_state_display()}]
                        if equipment.has_states
                        else []
                    ),
                ],
                "fields": form if name == acting else act.made(name=name, actor=actor, day=day),
                "statement": act.statement,
                "submit": title,
                "opener": act.opener,
                "icon": act.icon,
                "danger": act.danger,
                "plain": act.plain,
                "blocked": blocked if name == "return_to_use" and waiting else "",
            }
        )
    picking.asked_once(one for act in found for one in act["fields"].fields.values())
    return found
