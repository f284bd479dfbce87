"""Entering values: what is accepted, what is refused with a sentence, what needs a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from portal import decimals
from portal.actors import Actor
from portal.ledger import leaves
from portal.permissions import Permission
from portal.transitions import Refusal, Refused

from . import datasheet
from .dossier import Dossier
from .models import Certificate, RawRecord, Reading

LONGEST_TEXT = 60
# What Reading.value holds to the last digit.
MOST_WHOLE_DIGITS, MOST_PLACES = 25, 15


@dataclass(frozen=True)
class Entry:
    """One value as it arrives: the cell, the text as typed, how it was entered, and the reason of a correction.

    `seen` is the text the person saw in the cell before; None when the door does not know.
    """

    cell: str
    text: str
    mode: str = Reading.Mode.TYPED
    reason: str = ""
    seen: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: saved, unchanged, refused, or waiting for a reason; with a sentence where one helps."""

    cell: str
    text: str
    state: str
    message: str = ""
    was: str = ""


@transaction.atomic
def enter(record: RawRecord, entries: Iterable[Entry], *, actor: Actor, at: datetime) -> list[Outcome]:
    """The accepted values are stored, each as a new row; earlier values stay for ever. Source: C-6.3.3, C-6.3.4.

    A second submission of the same value changes nothing. A value that takes the place of another needs a reason.
    Raises: PermissionDenied; Refused when the record is not open to this person.
    """
    actor.require(Permission.RECORD_WRITE, record.institution_id)
    record = RawRecord.objects.select_for_update(of=("self",)).for_work().get(
        pk=record.pk, institution_id=record.institution_id
    )  # fmt: skip
    _open_to(record, actor)
    dossier, entries = Dossier(record), list(entries)
    problems = _sheet_problems(dossier, entries)
    return [_enter_one(record, dossier, entry, problems.get(entry.cell, ""), actor) for entry in entries]


def is_open(record: RawRecord) -> bool:
    """Whether values may be entered: the record is a draft, or its certificate was returned for correction."""
    return record.state == RawRecord.State.DRAFT or returned_certificate(record) is not None


def returned_certificate(record: RawRecord) -> Certificate | None:
    return record.certificates.filter(state=Certificate.State.RETURNED).first()


def known_cells(record: RawRecord) -> set[str]:
    """All cells the record's data sheet has."""
    definition = record.procedure.definition
    return {
        f"reading:{point}:{entry['key']}" for point in range(len(record.points)) for entry in definition["readings"]
    } | {
        f"{kind}:{entry['key']}"
        for kind, part in (("condition", "conditions"), ("observation", "observations"))
        for entry in definition[part]
    }


def _open_to(record: RawRecord, actor: Actor) -> None:
    # The certificate is held until the values are stored: who resubmits it meanwhile waits, and judges them too.
    returned = record.certificates.select_for_update(of=("self",)).filter(state=Certificate.State.RETURNED)
    if record.state != RawRecord.State.DRAFT and returned.first() is None:
        raise Refused(
            Refusal("C-6.3.3-s2", _("记录已提交并锁定，不能再填写。发现错误时请核验员退回，再按“更正”修改。"))
        )
    if actor.employment_id != record.operator_id:
        raise Refused(
            Refusal("C-6.3.3-s1", _("此记录由 %(name)s 填写，其他人只能查看。") % {"name": record.operator.name})
        )


def _sheet_problems(dossier: Dossier, entries: list[Entry]) -> dict[str, str]:
    """What the data sheet itself has against the readings among the entries: a sentence per refused cell."""
    proposed = {}
    for entry in entries:
        kind, *rest = entry.cell.split(":")
        if kind == "reading" and len(rest) == 2 and rest[0].isdecimal() and entry.text.strip():
            proposed[int(rest[0]), rest[1]] = entry.text[:LONGEST_TEXT]
    sheet = datasheet.evaluate(
        dossier.definition, dossier.record.device, dossier.record.points, proposed, {}, {}, {},
        dossier.record.decision_rule, activity=dossier.record.item.activity,
    )  # fmt: skip
    return {
        f"reading:{point.index}:{key}": cell.problem.sentence
        for point in sheet.points
        for key, cell in point.cells.items()
        if cell.problem and cell.problem.blocking
    }


def _enter_one(record: RawRecord, dossier: Dossier, entry: Entry, problem: str, actor: Actor) -> Outcome:
    if entry.cell not in known_cells(record):
        return Outcome(entry.cell, entry.text, "refused", _("数据表没有这一格。请刷新页面。"))
    text = entry.text.strip()
    if len(text) > LONGEST_TEXT:
        return Outcome(entry.cell, text, "refused", _("内容过长，最多 %(n)d 个字符。") % {"n": LONGEST_TEXT})
    values = dossier.history.get(entry.cell, [])
    current = values[-1] if values else None
    if not text:
        if current is None:
            return Outcome(entry.cell, "", "unchanged")
        return Outcome(
            entry.cell, text, "refused", _("已保存的值不能清空。读错时请输入正确的值，并说明理由。"), current.text
        )
    try:
        text, value = _readable(dossier, entry.cell, text, problem)
    except decimals.Unreadable as unreadable:
        return Outcome(entry.cell, text, "refused", str(unreadable), current.text if current else "")
    if current is not None and current.text == text:
        return Outcome(entry.cell, text, "unchanged", was=_previous(values))
    if current is not None and entry.seen is not None and entry.seen != current.text:
        message = _("这一格刚刚在别处改成了 %(text)s。请核对后再改。") % {"text": current.text}
        return Outcome(entry.cell, text, "refused", message, current.text)
    if current is None and record.state != RawRecord.State.DRAFT:
        return Outcome(entry.cell, text, "refused", _("提交以后不能补填，只能更正已有的值。"))
    if current is not None and not entry.reason.strip():
        message = _("把 %(old)s 改为 %(new)s，请说明理由；原值会保留。") % {"old": current.text, "new": text}
        return Outcome(entry.cell, text, "needs_reason", message, current.text)
    reading = Reading(
        institution_id=record.institution_id, record=record, cell=entry.cell, text=text, value=value,
        mode=entry.mode, reason=entry.reason.strip()[:200] if current else "", replaces=current,
        recorded_by_id=actor.employment_id,
    )  # fmt: skip
    reading.save(force_insert=True)
    if current is not None:
        leaves.append("reading.corrected", reading)
    dossier.history.setdefault(entry.cell, []).append(reading)
    return Outcome(entry.cell, text, "saved", was=_previous(dossier.history[entry.cell]))


def _previous(values: list[Reading]) -> str:
    return values[-2].text if len(values) > 1 else ""


def _readable(dossier: Dossier, cell: str, text: str, problem: str) -> tuple[str, Decimal | None]:
    """The text and number to store. Raises: Unreadable with a sentence for the cell."""
    kind, _sep, key = cell.partition(":")
    if kind == "observation":
        choices = next(o["choices"] for o in dossier.definition["observations"] if o["key"] == key)
        if text not in choices:
            raise decimals.Unreadable(_("请从“%(choices)s”中选择。") % {"choices": "”“".join(choices)})
        return text, None
    if problem:
        raise decimals.Unreadable(problem)
    value = decimals.parse(text)
    if value.adjusted() >= MOST_WHOLE_DIGITS or value.as_tuple().exponent < -MOST_PLACES:
        raise decimals.Unreadable(
            _("最多 %(whole)d 位整数、%(places)d 位小数。请检查数值和单位。")
            % {"whole": MOST_WHOLE_DIGITS, "places": MOST_PLACES}
        )
    return decimals.plain(value), value
