"""A pledge as pages show it: what it is worth today, what that rests on and until when, and the paper itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.clauses import State

from .eligibility import Line
from .holding import DAY, Break
from .models import Commitment, CommitmentWithdrawal, Remediation

S, Cause = Commitment.State, CommitmentWithdrawal.Cause
WORDS = {
    State.MET: _("符合"),
    State.NOT_MET: _("不符合"),
    State.UNKNOWN: _("不能判定"),
    State.NOT_APPLICABLE: _("不适用"),
}
# Register in the address that mends a condition -> what its button says.
MENDED_BY = {
    "register-checks": _("登记名单查询"),
    "violations": _("看处罚登记"),
    "qualifications": _("登记资质"),
    "key-persons": _("登记关键人员"),
    "legal-status": _("登记法律地位"),
}
SOON = 60  # days before the end of something from which a page speaks of it


@dataclass(frozen=True)
class Standing:
    """What the pledge is worth: a tone, one word, and what follows from it in a sentence."""

    tone: str
    word: str
    text: str


def standing(
    pledge: Commitment | None, last: CommitmentWithdrawal | None, making: Commitment | None, broken: Break | None, day: date
) -> Standing:  # fmt: skip
    """How it stands on the day. `last`: the latest withdrawal; `broken`: the first break of its conditions."""
    if pledge is not None and broken is not None and broken.day <= day:
        return Standing(
            "bad", _("承诺失效"), _("%(why)s。扫码页面已按撤销显示，平台会随即记下撤销。") % {"why": broken.text}
        )
    if pledge is not None and pledge.is_overdue(day):
        late = {"day": pledge.confirm_by, "n": (day - pledge.confirm_by).days}
        return Standing(
            "due", _("逾期未确认"), _("应在 %(day)s 前确认，已超过 %(n)d 天，扫码页面也这样显示。请尽快确认。") % late
        )
    if pledge is not None:
        text = _("承诺书已公开，各项条件今天都具备。")
        if broken is not None:
            until = {"day": broken.day - DAY, "what": broken.row or broken.text}
            text += _("已知最早到 %(day)s 为止：%(what)s。") % until
        return Standing("ok", _("承诺有效"), text)
    if last is not None and making is None:
        return Standing("bad", _("已撤销"), _after(last))
    if making is not None:
        return Standing("off", _("办理中"), _("承诺书还没有公开，扫码和名录里都看不到。请按下面的步骤办完。"))
    return Standing("off", _("尚未承诺"), _("本机构还没有公开的诚信计量自我承诺书。"))


def _after(last: CommitmentWithdrawal) -> str:
    """Why and since when it counts for nothing."""
    said = {"day": timezone.localdate(last.withdrawn_at), "why": last.get_cause_display(), "reason": last.reason}
    if last.cause == Cause.VOLUNTARY:
        return _("%(day)s 由机构自行撤销：%(reason)s") % said
    return _("%(day)s 撤销，情形：%(why)s。%(reason)s") % said


def conditions(found: Iterable[Break], day: date) -> list[dict[str, Any]]:
    """What the pledge falls by, each with the last day on which it is known to hold. `found`: of holding.breaks."""
    known: dict[str, Break] = {}
    for one in found:
        known.setdefault(one.cause, one)
    titles = {
        Cause.LICENCE: _("营业执照或法人登记证书有效"),
        Cause.QUALIFICATION: _("开展计量服务所需的资质有效"),
        Cause.CLOSURE: _("正常经营"),
        Cause.VIOLATION: _("没有生效的诚信计量违法违规"),
    }
    return [_condition(title, known.get(cause), day) for cause, title in titles.items()]


def _condition(title: str, broken: Break | None, day: date) -> dict[str, Any]:
    if broken is None:
        return {"title": title, "tone": "ok", "word": _("具备"), "until": None, "text": _("没有已知的终止日期")}
    if broken.day <= day:
        return {"title": title, "tone": "bad", "word": _("不具备"), "until": None, "text": broken.text}
    left = (broken.day - day).days
    return {
        "title": title,
        "tone": "due" if left <= SOON else "ok",
        "word": _("剩 %(n)d 天") % {"n": left - 1} if left <= SOON else _("具备"),
        "until": broken.day - DAY,
        "text": str(broken.row) if broken.row else broken.text,
    }


def eligibility_rows(found: Iterable[Line]) -> list[dict[str, Any]]:
    """The conditions for pledging, each with its state, the rows that decide it, and where it is mended; unmet ones first."""
    rows = [
        {
            "clause": line.clause,
            "title": line.title,
            "holds": line.holds,
            "tone": line.verdict.state,
            "word": WORDS[line.verdict.state],
            "advice": "" if line.holds else line.verdict.advice,
            "evidence": line.verdict.evidence,
            "fix": "" if line.holds else line.verdict.fix,
            "fix_text": _fix_text(line.verdict.fix),
        }
        for line in found
    ]
    return sorted(rows, key=lambda row: row["holds"])


def _fix_text(address: str) -> str:
    return next((str(text) for name, text in MENDED_BY.items() if f"/{name}/" in address), _("去处理"))


def steps(row: Commitment | None) -> list[dict[str, str]]:
    """The way of a pledge from its draft to the public page: what is done, what is next, what comes later."""
    at = [S.DRAFT, S.CHECKED, S.SIGNED, S.PUBLIC]
    done = at.index(row.state) + 1 if row is not None and row.state in at else 0
    told = [
        (_("起草"), row.made_by.name if row and row.made_by else "", row.made_at if row else None),
        (_("他人核对"), row.checked_by.name if row and row.checked_by else "", row.checked_at if row else None),
        (_("法定代表人签署"), row.signed_by.name if row and row.signed_by else "", row.signed_on if row else None),
        (_("公开"), "", row.published_at if row else None),
    ]
    return [
        {
            "title": title,
            "who": who if place < done else "",
            "on": _day(when) if place < done else "",
            "kind": "done" if place < done else "now" if place == done else "later",
        }
        for place, (title, who, when) in enumerate(told)
    ]


def _day(when: Any) -> str:
    if when is None:
        return ""
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if hasattr(when, "hour") else f"{when:%Y-%m-%d}"


def paper(template: Any, facts: dict[str, Any], row: Commitment | None = None) -> dict[str, Any]:
    """The pledge as it reads: title, whose it is, what is promised in both languages, and who signed when."""
    return {
        "title": template.title,
        "title_en": template.title_en,
        "edition": template.edition,
        "made_by": template.made_by,
        "paragraphs": template.paragraphs,
        "facts": facts,
        "row": row,
        "signer": row.signed_by.name if row and row.signed_by else "",
    }


def facts_compared(stated: dict[str, Any], now: dict[str, Any], labels: dict[str, Any]) -> list[dict[str, Any]]:
    """What the paper says beside what the register says today."""
    return [
        {
            "label": label,
            "stated": stated.get(name, ""),
            "now": now.get(name, ""),
            "same": stated.get(name) == now.get(name),
        }
        for name, label in labels.items()
    ]


def remediation_word(withdrawal: CommitmentWithdrawal, row: Remediation | None) -> tuple[str, str]:
    """Tone and word for what became of a withdrawal."""
    if withdrawal.cause == Cause.VOLUNTARY:
        return "off", _("不需要整改")
    return (row.state, row.get_state_display()) if row else ("due", _("还没有整改"))
