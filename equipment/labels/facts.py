"""What a status label says of a piece of equipment on a day: the word, its dates, and what stands on it in words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.transitions import Refusal

from ..models import Confirmation, Equipment, Label
from ..usability import reasons_of

Word = Label.Word
# Why it is stopped, in as many characters as fit on a label, by the clause of the first reason.
SHORT = {
    "A-6.2.2": gettext_lazy("不在溯源有效期内"),
    "C-5.4.2-s1": gettext_lazy("不在溯源有效期内"),
    "B-4.4.2-s1": gettext_lazy("溯源证书没有文件"),
    "A-6.2.1.2-s2": gettext_lazy("修理调整后未溯源"),
    "A-6.2.1.2-s1": gettext_lazy("期间核查不合格"),
    "C-5.5.3": gettext_lazy("期间核查逾期"),
    "A-6.2.1.3": gettext_lazy("维护保养逾期"),
    "C-7.1.2-s2": gettext_lazy("稳定性考核逾期"),
    "D-4.4.3.6": gettext_lazy("修正值未更新"),
    "D-4.4.3.2-s3": gettext_lazy("影响尚未查明"),
    "A-6.2.1.1-s2": gettext_lazy("国家明令淘汰"),
    "D-4.4.1.2": gettext_lazy("借用未核对"),
    "B-4.4.2-s5": gettext_lazy("已过失效日期"),
    "B-4.4.1-f": gettext_lazy("已过失效日期"),
    "B-4.4.1-b": gettext_lazy("软件未确认"),
}


def drafts(rows: Iterable[Equipment], day: date, against: Mapping[int, Sequence[Refusal]] | None = None) -> list[Label]:
    """A label for each of the rows, in their order, as it would be printed that day; none is saved.

    合格 or 准用 carries the certificate that covers the day with its dates, 停用 the reason as its restriction. A handful of
    queries however many rows there are. `against`: the reasons of that day by the rows' keys, where they are at hand
    already. Source: C-5.3.4-s2, C-5.3.4-s3.
    """
    rows = list(rows)
    prefetch_related_objects(rows, "traceabilities__confirmations")
    against = reasons_of(rows, day) if against is None else against
    return [_draft(row, against[row.pk], day) for row in rows]


def _draft(equipment: Equipment, against: Sequence[Refusal], day: date) -> Label:
    label = Label(institution_id=equipment.institution_id, equipment=equipment, state="")
    if against:
        label.word, label.restriction = Word.STOPPED, _why(equipment, against[0])
        return label
    trace = equipment.traced_on(day)
    confirmation = trace and trace.confirmation_on(day)
    restricted = confirmation is not None and confirmation.conclusion == Confirmation.Conclusion.RESTRICTED
    label.word = Word.RESTRICTED if restricted else Word.FIT
    label.restriction = confirmation.restriction if restricted else ""
    if trace is not None:
        label.traceability, label.dated_on, label.valid_until = trace, trace.calibrated_on, trace.valid_until
    return label


def _why(equipment: Equipment, reason: Refusal) -> str:
    if equipment.state != Equipment.State.IN_USE:
        return equipment.get_state_display()
    return str(SHORT.get(reason.clause, _("不满足使用条件")))


def says_the_same(label: Label, other: Label) -> bool:
    """Whether two labels of the same equipment could be taken for each other."""
    names = ("word", "traceability_id", "dated_on", "valid_until", "restriction")
    return all(getattr(label, name) == getattr(other, name) for name in names)


def still_true(labels: Sequence[Label], day: date) -> list[Label]:
    """Those of the labels in force that say of that day what a new one would; 停用 is never wrong to stick on.

    A handful of queries however many labels there are. Source: A-6.2.3.1-s2.
    """
    standing = [label for label in labels if label.state == Label.State.PRINTED]
    things = {label.equipment_id: label.equipment for label in standing if label.word != Word.STOPPED}
    now = dict(zip(things, drafts(things.values(), day), strict=True)) if things else {}
    return [label for label in standing if label.word == Word.STOPPED or says_the_same(label, now[label.equipment_id])]


def face(label: Label, institution_name: str, *, with_issuer: bool = False, signed: bool = False) -> dict[str, Any]:
    """The label as sheets.pdf draws it. `label` has its equipment and traceability at hand; all texts are those on record.

    The provider and a line to sign on are left out unless asked for. Source: C-5.3.4-s4.
    """
    lines: list[list[Any]] = [[_("设备"), label.equipment.name, False], [_("编号"), label.equipment.asset_number, True]]
    if label.word == Word.STOPPED:
        lines += [[_("原因"), label.restriction, True], [_("停用标识日"), _day(label.printed_at.date()), False]]
    else:
        if label.restriction:
            lines.append([_("限制"), label.restriction, True])
        lines += [[_("检校日期"), _day(label.dated_on), False], [_("有效期至"), _day(label.valid_until), True]]
        if with_issuer:
            lines.append([_("检校机构"), label.traceability.issuer, False])
    return {
        "word": str(label.word),
        "title": str(label.get_word_display()),
        "institution": institution_name,
        "number": label.serial,
        "lines": [[str(name), str(text), strong] for name, text, strong in lines],
        "signed": signed,
    }


def _day(day: date) -> str:
    return day.isoformat()
