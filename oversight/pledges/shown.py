"""Everything that stands behind an institution's pledge, as the regulator's page shows it."""

from datetime import date, datetime
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from commitments import eligibility, holding
from commitments.models import (
    Channel,
    Commitment,
    CommitmentTemplate,
    CommitmentWithdrawal,
    Hearing,
    Remediation,
)
from institutions.models import Institution, Violation
from portal import compliance, history
from portal.actors import Actor
from portal.digest import left_words

from . import acts
from .standing import Standing, standing

S = Commitment.State
MOST_ROWS = 5
OWN = "portal"  # stands in an address for the wording of the portal itself, which has no region


def page_of_pledge(actor: Actor, institution: Institution, forms: dict[str, Form], day: date) -> dict[str, Any]:
    """What oversight/pledges/pledge.html shows. `forms`: act -> its form as it was sent. Needs the institution's scope."""
    rows = list(
        Commitment.objects.visible_to(actor)
        .select_related("institution", "template", "signed_by", "scan", "pdf", "withdrawal__remediation__file")
        .order_by("-pk")
    )
    pledge = _the_one(rows)
    broken = _break(pledge, day)
    hearing = _open_hearing(actor, pledge)
    withdrawal = getattr(pledge, "withdrawal", None)
    remedy = getattr(withdrawal, "remediation", None)
    shown = [acts.of_pledge(institution, pledge, hearing, forms)] if pledge else []
    shown += acts.of_hearing(institution, hearing, forms, day) if hearing else []
    shown += acts.of_remediation(institution, remedy, actor, forms) if remedy else []
    dialogs = {one["id"]: one for one in shown if one}
    return {
        "pledge": pledge,
        "standing": standing(pledge, broken.day - holding.DAY if broken else None, day) if pledge else NONE,
        "sentence": _sentence(pledge, broken, day),
        "facts": _facts(pledge, broken, day) if pledge else [],
        "hearing": hearing,
        "hearing_left": left_words(hearing.answer_by.year, (hearing.answer_by - day).days) if hearing else "",
        "withdrawal": withdrawal,
        "subject": _subject(institution, withdrawal),
        "decided_by": who(withdrawal.decided_by) if withdrawal else "",
        "remedy": remedy,
        "conditions": _conditions(institution, day),
        "penalties": _penalties(actor, institution, day),
        "others": [_other(row, day) for row in rows if row is not pledge][:MOST_ROWS],
        "confirmations": list(pledge.confirmations.select_related("confirmed_by").order_by("-pk")) if pledge else [],
        "channels": list(Channel.objects.visible_to(actor).filter(state=Channel.State.CURRENT).order_by("-shown_on")),
        "history": history.timeline(*_told_of(actor, pledge, withdrawal, remedy)) if pledge else [],
        "dialogs": dialogs,
        # Where an act's dialog is gone meanwhile, its refusal is said above the page.
        "problems": [text for act, form in forms.items() if act not in dialogs for text in form.non_field_errors()],
    }


NONE = Standing("off", "未公开承诺")


def wording_url(row: CommitmentTemplate, act: str = "") -> str:
    """The address of an edition, or of an act on it."""
    return reverse(f"oversight:wording{act}", args=[row.region_code or OWN, row.edition])


def who(name: str) -> str:
    """Who decided, for a reader: the portal's own hands are "the system"."""
    return _("系统") if name.startswith("system:") else name


def _the_one(rows: list[Commitment]) -> Commitment | None:
    """The pledge the page is about: the public one, else the latest that was public, else the one in the making."""
    for states in ((S.PUBLIC,), (S.WITHDRAWN,), Commitment.IN_THE_MAKING):
        found = next((row for row in rows if row.state in states), None)
        if found is not None:
            return found
    return None


def _break(pledge: Commitment | None, day: date) -> holding.Break | None:
    """The first day on which a condition of the public pledge breaks, as far as it is known."""
    if pledge is None or pledge.state != S.PUBLIC:
        return None
    return holding.first_break(pledge.institution, day, timezone.localdate(pledge.published_at))


def _open_hearing(actor: Actor, pledge: Commitment | None) -> Hearing | None:
    rows = Hearing.objects.visible_to(actor).filter(commitment=pledge, state__in=Hearing.OPEN)
    return rows.select_related("answered_by", "file").first() if pledge else None


def _sentence(pledge: Commitment | None, broken: holding.Break | None, day: date) -> str:
    """What the state means, in one sentence."""
    if pledge is None:
        return _("机构还没有起草过自我承诺书。")
    if pledge.state == S.WITHDRAWN:
        ended = pledge.withdrawal
        return _("%(day)s 因“%(cause)s”撤销：%(reason)s") % {
            "day": _moment(ended.withdrawn_at), "cause": ended.get_cause_display(), "reason": ended.reason,
        }  # fmt: skip
    if pledge.state != S.PUBLIC:
        return _("承诺书还没有公开，对外不起作用。")
    if broken is not None and broken.day <= day:
        return _("%(why)s。系统当天撤销。") % {"why": broken.text}
    if broken is not None:
        return _("已知的第一个失效日是 %(day)s：%(why)s") % {"day": broken.day, "why": broken.text}
    return _("各项条件今天都具备，没有已知的失效日。")


def _facts(pledge: Commitment, broken: holding.Break | None, day: date) -> list[dict[str, Any]]:
    public, signer = pledge.state == S.PUBLIC, pledge.signed_by.name if pledge.signed_by else ""
    left = left_words(pledge.confirm_by.year, (pledge.confirm_by - day).days) if public else ""
    rows = [
        {"label": _("编号"), "value": pledge.number or _("公开时编号")},
        {"label": _("承诺书模板"), "value": str(pledge.template), "url": wording_url(pledge.template)},
        {"label": _("签署"), "value": " ".join(filter(None, (signer, str(pledge.signed_on or "")))) or _("未签署"),
         "note": pledge.get_mode_display()},
        {"label": _("公开时间"), "value": _moment(pledge.published_at) or _("未公开")},
        {"label": _("确认截止"), "value": str(pledge.confirm_by or "—"), "note": left,
         "tone": "due" if pledge.is_overdue(day) else ""},
        {"label": _("条件有效至"),
         "value": str(broken.day - holding.DAY) if broken else _("没有已知的期限") if public else "—",
         "tone": "bad" if broken and broken.day <= day else ""},
        {"label": _("承诺书所载机构"), "value": pledge.facts.get("name", "")},
        {"label": _("承诺书所载法定代表人"), "value": pledge.facts.get("legal_representative", "")},
    ]  # fmt: skip
    return rows


def _conditions(institution: Institution, day: date) -> list[dict[str, Any]]:
    """The conditions for pledging today, those that do not hold first, each with the rows that decide it."""
    found = [
        {
            "clause": line.clause,
            "url": compliance.clause_url(institution, line.clause),
            "title": line.title,
            "state": line.verdict.state.value,
            "word": compliance.TITLES[line.verdict.state],
            "advice": "" if line.holds else line.verdict.advice,
            "rows": line.verdict.evidence[:MOST_ROWS],
            "more": max(0, len(line.verdict.evidence) - MOST_ROWS),
            "holds": line.holds,
        }
        for line in eligibility.lines(institution, day)
    ]
    return sorted(found, key=lambda one: one["holds"])


def penalty_standing(row: Violation, day: date) -> dict[str, str]:
    """A badge cell: whether the decision stands that day."""
    if row.state != Violation.State.CURRENT:
        return {"badge": "off", "text": row.get_state_display()}
    if row.revoked_on is not None and row.revoked_on <= day:
        return {"badge": "ok", "text": _("%(day)s 撤销或移出") % {"day": row.revoked_on}}
    began = holding.counts_from(row)
    if began is None:
        return {"badge": "progress", "text": _("尚未生效")}
    if began > day:
        return {"badge": "due", "text": _("%(day)s 生效") % {"day": began}}
    return {"badge": "bad", "text": _("已生效")}


def _penalties(actor: Actor, institution: Institution, day: date) -> dict[str, Any]:
    rows = Violation.objects.visible_to(actor).order_by("-decided_on", "-pk")
    return {
        "caption": _("违法违规与处罚"),
        "columns": [{"title": title} for title in (_("文书"), _("决定日期"), _("情况"), _("登记"))],
        "rows": [
            [
                {"text": row.number, "url": reverse("oversight:penalty", args=[institution.slug, row.ref]),
                 "note": row.get_kind_display()},
                {"text": str(row.decided_on), "day": True},
                penalty_standing(row, day),
                _("监管部门") if row.by_regulator else _("机构"),
            ]
            for row in rows
        ],
        "empty": {
            "title": _("没有登记过违法违规与处罚"), "text": _("有了决定，在这里登记；生效的当即影响承诺。"), "url": "", "label": "",
        },
    }  # fmt: skip


def _other(row: Commitment, day: date) -> dict[str, Any]:
    stands, ended = standing(row, None, day), getattr(row, "withdrawal", None)
    remedy = getattr(ended, "remediation", None)
    return {
        "name": row.number or _("未编号"),
        "url": reverse("commitments:pledge_one", args=[row.institution.slug, row.ref]),
        "tone": stands.tone,
        "word": stands.word,
        "text": " · ".join(
            [_span(row)]
            + ([str(ended.get_cause_display()), ended.reason] if ended else [])
            + ([_("整改%(state)s") % {"state": remedy.get_state_display()}] if remedy else [])
        ),
    }


def _span(row: Commitment) -> str:
    """From when to when it was public."""
    if row.published_at is None:
        return _("没有公开过")
    ends = f"{timezone.localdate(row.withdrawn_at)}" if row.withdrawn_at else _("今")
    return f"{timezone.localdate(row.published_at)} ～ {ends}"


def _subject(institution: Institution, withdrawal: CommitmentWithdrawal | None) -> str:
    """The address of the row that ended the pledge, where it is a penalty; else ""."""
    if withdrawal is None or withdrawal.subject != Violation._meta.label:
        return ""
    row = Violation.objects.filter(institution=institution, pk=withdrawal.subject_id).first()
    return reverse("oversight:penalty", args=[institution.slug, row.ref]) if row else ""


def _told_of(actor: Actor, pledge: Commitment, withdrawal: Any, remedy: Remediation | None) -> list[Any]:
    hearings = Hearing.objects.visible_to(actor).filter(commitment=pledge)
    return [pledge, *hearings, *filter(None, (withdrawal, remedy))]


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
