"""追溯清单: everybody who was touched by what was measured with a piece of equipment, or a standard, in some time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from .uses import Tool, Use, uses_of


@dataclass(frozen=True)
class Paper:
    """One certificate, or a record that has none yet, with the uses behind it."""

    title: str
    url: str
    issued: bool
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Touched:
    """One customer and what it holds, the earliest first."""

    customer: str
    papers: tuple[Paper, ...]

    @property
    def issued(self) -> int:
        return sum(paper.issued for paper in self.papers)


@dataclass(frozen=True)
class Recall:
    """All uses of a time, and the same by customer and certificate; customers with most issued certificates first."""

    uses: tuple[Use, ...]
    touched: tuple[Touched, ...]

    @property
    def issued(self) -> int:
        return sum(one.issued for one in self.touched)


def recall(tool: Tool, first: date | None, last: date, *, named: bool = True) -> Recall:
    """Who was touched from the first to the last of these days; customers by number only unless `named`."""
    uses = tuple(uses_of(tool, first, last))
    by_customer: dict[str, list[Use]] = {}
    for use in uses:
        by_customer.setdefault(use.customer or _("本机构"), []).append(use)
    touched = [
        Touched(name if named else _("客户 %(number)d") % {"number": number}, _papers(mine))
        for number, (name, mine) in enumerate(by_customer.items(), 1)
    ]
    return Recall(uses, tuple(sorted(touched, key=lambda one: (-one.issued, one.customer))))


def _papers(uses: Sequence[Use]) -> tuple[Paper, ...]:
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.certificate_url or use.record_url, []).append(use)
    return tuple(
        Paper(mine[0].certificate or _("未出证书"), url, mine[0].touched, tuple(mine)) for url, mine in found.items()
    )


COLUMNS = {
    _("客户"): lambda use: use.customer or _("本机构"),
    _("证书"): lambda use: use.certificate or _("未出证书"),
    _("已签发"): lambda use: _("是") if use.touched else _("否"),
    _("检校日期"): lambda use: use.day,
    _("原始记录与样品"): lambda use: use.record,
}
