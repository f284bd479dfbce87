"""What has become of the lines of a spreadsheet: rows to be written, lines that change nothing, and flaws."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import audit
from ..models import RegisterRow


@dataclass(frozen=True)
class Flaw:
    """What is wrong in one place: the line as the person sees it, the column or "", what stands there, and the sentence."""

    line: int
    column: str
    text: str
    sentence: str

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Plan:
    """One line that can be written: the row with its new values, and what it said before, {} for a new one."""

    line: int
    row: RegisterRow
    before: dict[str, str]
    cells: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        return not self.before

    def changes(self) -> dict[str, list[str]]:
        return audit.differences(self.before, audit.snapshot(self.row))


@dataclass
class Judged:
    """`problems`: why the table as a whole cannot be read; then there is nothing else. `same`: lines that change nothing.

    `planned`: by line the revision that its row would have, 0 for a new one, before rows beside each other were asked.
    """

    problems: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    lines: int = 0
    plans: list[Plan] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    planned: dict[str, int] = field(default_factory=dict)

    @property
    def new(self) -> list[Plan]:
        return [plan for plan in self.plans if plan.is_new]

    @property
    def changed(self) -> list[Plan]:
        return [plan for plan in self.plans if not plan.is_new]

    @property
    def flawed(self) -> set[int]:
        return {flaw.line for flaw in self.flaws}

    def refuse(self, against: Iterable[tuple[Plan, str, str]]) -> None:
        """These plans are off, with column and sentence."""
        found = list(against)
        if not found:
            return
        self.flaws = sorted(
            [*self.flaws, *(Flaw(plan.line, column, "", sentence) for plan, column, sentence in found)],
            key=lambda flaw: flaw.line,
        )
        off = {id(plan) for plan, _column, _sentence in found}
        self.plans = [plan for plan in self.plans if id(plan) not in off]
