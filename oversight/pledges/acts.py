"""Dialogs of a regulator's acts on a pledge: what is done, on what, with which words, and when it has to wait."""

from datetime import date
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils.translation import gettext as _

from commitments import ending
from commitments.models import Commitment, Hearing, Remediation
from institutions.models import Institution
from portal.actors import Actor

from .forms import DecisionForm, NoticeForm

NOTICE, UPHOLD, DISMISS, ACCEPT, RETURN = "notice", "uphold", "dismiss", "accept", "return"


def form_of(act: str, data: Any = None) -> Form:
    """The form of an act; its fields bear the act's name, for several stand on one page."""
    return (NoticeForm if act == NOTICE else DecisionForm)(data, auto_id=f"{act}-%s")


def of_pledge(
    institution: Institution, pledge: Commitment, hearing: Hearing | None, forms: dict[str, Form]
) -> dict[str, Any] | None:
    """The notice, where the pledge is public and no hearing is open."""
    if pledge.state != Commitment.State.PUBLIC or hearing is not None:
        return None
    return _dialog(
        NOTICE, reverse("oversight:pledge_notice", args=[institution.slug]), forms,
        title=_("告知拟撤销"), facts=[(_("机构"), institution.name), (_("承诺书"), pledge.number)],
        statement=_("我知道机构有 %(days)d 天陈述申辩，之后才能决定") % {"days": ending.ANSWER_WITHIN.days},
        submit=_("发出告知"), opener=_("告知拟撤销…"), danger=True, icon="alert-triangle",
    )  # fmt: skip


def of_hearing(institution: Institution, hearing: Hearing, forms: dict[str, Form], day: date) -> list[dict[str, Any]]:
    """Withdraw or drop, once the institution has answered or its time is over."""
    url = reverse("oversight:pledge_decide", args=[institution.slug, hearing.ref])
    waits = hearing.answered_at is None and day <= hearing.answer_by
    blocked = _("机构还没有陈述，期限到 %(day)s；期满或陈述之后才能决定") % {"day": hearing.answer_by} if waits else ""
    facts = [(_("机构"), institution.name), (_("事由"), hearing.reason)]
    uphold = _dialog(
        UPHOLD, url, forms, title=_("决定撤销承诺"), facts=facts, statement=_("我知道承诺当即撤销，单位码页面同时改变"),
        submit=_("决定撤销"), opener=_("决定撤销…"), danger=True, icon="ban", blocked=blocked,
    )  # fmt: skip
    dismiss = _dialog(
        DISMISS, url, forms, title=_("不予撤销"), facts=facts, statement=_("承诺继续有效，理由会告知机构"),
        submit=_("不予撤销"), opener=_("不予撤销…"), plain=True, icon="check", blocked=blocked,
    )  # fmt: skip
    return [uphold, dismiss]


def of_remediation(
    institution: Institution, row: Remediation, actor: Actor, forms: dict[str, Form]
) -> list[dict[str, Any]]:
    """Accept or return, while it waits for that."""
    if not ending.ACCEPT.is_open(row, actor):
        return []
    url = reverse("oversight:pledge_review", args=[institution.slug, row.ref])
    facts = [(_("机构"), institution.name), (_("撤销情形"), row.withdrawal.get_cause_display())]
    accept = _dialog(
        ACCEPT, url, forms, title=_("认可整改"), facts=facts, statement=_("我看过整改证据；认可后机构可以重新承诺"),
        submit=_("认可整改"), opener=_("认可整改…"), icon="check",
    )  # fmt: skip
    back = _dialog(
        RETURN, url, forms, title=_("退回整改"), facts=facts, statement=_("机构会读到意见，补正后再提交"),
        submit=_("退回整改"), opener=_("退回整改…"), plain=True, icon="arrow-back-up",
    )  # fmt: skip
    return [accept, back]


def _dialog(act: str, url: str, forms: dict[str, Form], *, facts: list[tuple[str, str]], **said: Any) -> dict[str, Any]:
    form = forms.get(act) or form_of(act)
    return {
        "id": act,
        "url": url,
        "facts": [{"label": label, "value": value} for label, value in facts],
        "fields": form,
        "problems": form.non_field_errors(),
        "hidden": {"act": act},
        **said,
    }
