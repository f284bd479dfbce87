"""What may be done about a pledge next, as the page offers it: what is confirmed, by whom, with which hash."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions import second_factor
from institutions.models import KeyPerson
from portal.actors import actor_of
from portal.transitions import Refusal

from . import workflow
from .facts import LABELS
from .forms_pledge import RemarkForm, WithdrawForm
from .models import Commitment

Act = dict[str, Any]


def _act(request: HttpRequest, row: Commitment, name: str, **more: Any) -> Act:
    address = reverse(f"commitments:{name}", args=[request.institution.slug, row.ref])
    return {"id": f"{name}-dialog", "url": address, "problems": (), **more}


def _said(row: Commitment) -> list[dict[str, str]]:
    """The facts of identity on the paper."""
    return [{"label": label, "value": row.facts.get(name) or "—"} for name, label in LABELS.items()]


def _blocked(refusals: Iterable[Refusal]) -> str:
    count = len(list(refusals))
    return _("先解决 %(count)d 项") % {"count": count} if count else ""


def checking(request: HttpRequest, row: Commitment, refusals: Iterable[Refusal]) -> Act:
    """Another person says that the facts are those of the register."""
    return _act(
        request, row, "check", title=_("核对承诺书"), facts=_said(row), submit=_("核对无误"), opener=_("核对无误…"), icon="check",
        statement=_("我逐项核对过以上内容，与营业执照和机构登记一致。"), blocked=_blocked(refusals),
    )  # fmt: skip


def signing(
    request: HttpRequest, row: Commitment, signer: KeyPerson | None, refusals: Iterable[Refusal], unproven: str
) -> Act:
    """The legal representative signs the wording and the facts, with a proof of the person."""
    blocked = _blocked(refusals)
    act = _act(
        request, row, "sign", title=_("您将要签署的承诺书"), submit=_("签署承诺书"), opener=_("签署承诺书…"),
        facts=[*_said(row), {"label": _("模板"), "value": str(row.template)}, {"label": _("身份"), "value": str(signer or "—")}],
        statement=_("我已读过承诺书全文，代表本机构作出承诺，并承担违反承诺的责任。"), hash=workflow.digest(row),
        hidden={"confirmed_sha256": workflow.digest(row)}, blocked=blocked, ticked=bool(unproven),
    )  # fmt: skip
    if not blocked:
        act["fields"] = second_factor.proof_form(request, name="sign", error=unproven)
    return act


def publishing(request: HttpRequest, row: Commitment, refusals: Iterable[Refusal]) -> Act:
    """What becomes public, and what follows."""
    signed = f"{row.signed_by.name if row.signed_by else '—'} · {row.signed_on:%Y-%m-%d} · {row.get_mode_display()}"
    return _act(
        request, row, "publish", title=_("您将要公开的承诺书"), submit=_("公开承诺"), opener=_("公开承诺…"), icon="world",
        facts=[*_said(row), {"label": _("签署"), "value": signed}, {"label": _("编号"), "value": _("公开时分配，不预占")}],
        statement=_("公开后任何人都可以查看；条件不再具备时承诺即行撤销，撤销记录不能删除。"), blocked=_blocked(refusals),
    )  # fmt: skip


def confirming(
    request: HttpRequest, row: Commitment, refusals: Iterable[Refusal], typed: forms.Form | None, *, pressing: bool
) -> Act:
    """The pledge is confirmed for another year. `pressing`: its time has come."""
    return _act(
        request, row, "confirm", title=_("年度确认"), submit=_("确认承诺"), opener=_("确认承诺…"), icon="circle-check",
        facts=[{"label": _("承诺书"), "value": row.number}, {"label": _("应在此前确认"), "value": f"{row.confirm_by:%Y-%m-%d}"}],
        fields=typed or RemarkForm(auto_id="confirm-%s"), blocked=_blocked(refusals), plain=not pressing,
        statement=_("我确认：承诺的各项条件仍然具备，承诺内容在下一年度继续有效。"),
    )  # fmt: skip


def withdrawing(
    request: HttpRequest, row: Commitment, typed: forms.Form | None, unproven: str, refusals: Iterable[Refusal]
) -> Act:
    """The legal representative takes the pledge back, with a reason that its regulator reads."""
    reason = typed or WithdrawForm(auto_id="withdraw-%s")
    return _act(
        request, row, "withdraw", title=_("您将要撤销的承诺"), submit=_("撤销承诺"), opener=_("撤销承诺…"), icon="ban", danger=True,
        facts=[{"label": _("承诺书"), "value": row.number}, {"label": _("公开时间"), "value": f"{row.published_at:%Y-%m-%d}"}],
        fields=[*reason, *second_factor.proof_form(request, name="withdraw", error=unproven)],
        problems=reason.non_field_errors(), ticked=bool(unproven), blocked=" ".join(one.text for one in refusals),
        statement=_("我确认撤销。扫码页面和名录立即显示“已撤销”，不能恢复；以后要重新承诺。"),
    )  # fmt: skip


def may_sign(request: HttpRequest, signer: KeyPerson | None) -> bool:
    """Whether the person at the screen is the legal representative of the day."""
    employment = actor_of(request).employment_id
    return signer is not None and employment is not None and signer.employment_id == employment
