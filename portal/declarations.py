"""Clauses that only a person's word can answer: a signed declaration with its file, for a year, beaten by any datum.

    @declared("B-5.3")
    def declarations(institution): return [Declared("B-5.3", "王立", signed_on, valid_until, has_file, label, url) ...]

    @contradicts("B-5.3")
    def no_penalty(institution, day): return none_in_breach(...)

Source: the rules of evaluation in docs/architecture.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from .verdicts import MOST_EVIDENCE, Check, Evidence, State, Verdict


@dataclass(frozen=True)
class Declared:
    """What an institution has declared to a clause: who signed when, until when it is good, whether its file was taken in."""

    clause: str
    signer: str
    signed_on: date
    valid_until: date
    has_file: bool
    label: str
    url: str = ""
    row_id: int | None = None

    @property
    def ends_on(self) -> date:
        """The last day on which it counts: as it says, and never more than twelve months after it was signed."""
        year = self.signed_on.year + 1
        leap = (self.signed_on.month, self.signed_on.day) == (2, 29)
        anniversary = date(year, 2, 28) if leap else self.signed_on.replace(year=year)
        return min(self.valid_until, anniversary)

    def flaw_on(self, day: date) -> str:
        """Why it does not count on that day, or ""."""
        if not self.signer.strip():
            return _("没有签署人")
        if self.signed_on > day:
            return _("签署日期 %(day)s 还没有到") % {"day": self.signed_on}
        if self.ends_on < day:
            return _("已于 %(day)s 到期") % {"day": self.ends_on}
        return "" if self.has_file else _("没有文件，或文件还没有通过检查")

    def evidence(self, day: date) -> Evidence:
        text = self.flaw_on(day) or _("%(signer)s签署，有效期至 %(day)s") % {"signer": self.signer, "day": self.ends_on}
        return Evidence(self.label, self.url, text, self.row_id)


Reader = Callable[[Any], Iterable[Declared]]
# Clause -> the reader of the declarations that answer it.
READERS: dict[str, Reader] = {}
# Clause -> the check whose "not met" beats every declaration.
CONTRADICTS: dict[str, Check] = {}


def declared(*ids: str) -> Callable[[Reader], Reader]:
    """The decorated function reads the declarations that answer these clauses, those withdrawn aside.

    It takes a bounded number of queries, however many there are.
    """

    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(ids, reader))
        return reader

    return register


def contradicts(*ids: str) -> Callable[[Check], Check]:
    """The decorated check looks for rows that contradict a declaration to these clauses; where it finds one, it decides."""

    def register(check: Check) -> Check:
        CONTRADICTS.update(dict.fromkeys(ids, check))
        return check

    return register


def read(institution: Any) -> dict[str, list[Declared]]:
    """The institution's declarations by clause, newest first."""
    found: dict[str, list[Declared]] = {}
    rows = [row for reader in dict.fromkeys(READERS.values()) for row in reader(institution)]
    for row in sorted(rows, key=lambda row: row.signed_on, reverse=True):
        found.setdefault(row.clause, []).append(row)
    return found


def judged(rows: list[Declared], against: Verdict | None, day: date) -> Verdict:
    """Met by a declaration that counts on the day, unless the rows asked `against` it say otherwise, or cannot say."""
    counting = [row for row in rows if not row.flaw_on(day)]
    shown = tuple(row.evidence(day) for row in counting or rows)[:MOST_EVIDENCE]
    figures = {_("有效声明"): len(counting)}
    if against and against.state == State.NOT_MET:
        evidence = (*against.evidence, *shown)[:MOST_EVIDENCE]
        return Verdict(State.NOT_MET, {**figures, **against.figures}, evidence, against.advice, against.fix)
    if not counting:
        advice = (
            _("现有的声明都不能算数。请由责任人重新签署，上传文件后登记。")
            if rows
            else _("还没有声明。请由责任人签署声明，上传文件后登记，有效期不超过 12 个月。")
        )
        return Verdict(State.NOT_MET, figures, shown, advice)
    if against and against.state == State.UNKNOWN:
        return Verdict(State.UNKNOWN, figures, shown, against.advice)
    return Verdict(State.MET, figures, shown)
