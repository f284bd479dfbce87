"""公示、服务窗口、品牌、创新、合作."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal

from ..models import (
    Brand,
    InnovationFigure,
    Partnership,
    PublicItem,
    PublicItemCheck,
    ResearchProject,
    ServiceWindow,
)
from .conduct import INNOVATION, in_a_year_of_records, not_in_the_future

GROUP = gettext_lazy("公示与窗口")
KEEP = Permission.FILE_KEEP


def reviewed_later(row: PublicItem, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is shown was published before it is looked at again."""
    yield from not_in_the_future(row.published_on, at)
    if row.next_review_on <= row.published_on:
        yield Refusal("next_review_on", _("下次核对要晚于公示日期。请改下次核对的日期。"))


def checked_already(row: PublicItemCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A comparison on record took place; one that found a mistake says which."""
    yield from not_in_the_future(row.checked_on, at)
    if row.result == PublicItemCheck.Result.WRONG and not row.note:
        yield Refusal("note", _("核对结果是“需要更正”。请写明哪里不一致、怎样更正。"))


def counted_by_name(row: InnovationFigure, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever counts one or more names them."""
    if row.count and not row.references:
        yield Refusal("references", _("数量是 %(count)d。请逐项写明名称和编号，每项一行。") % {"count": row.count})


register(
    Register(
        name="public-items", model=PublicItem, title=gettext_lazy("公示内容"), group=GROUP,
        about=gettext_lazy("法规、授权、流程、收费、时限、承诺、能力、投诉渠道；按期核对"),
        fields=("kind", "title", "content", "published_on", "next_review_on", "photo"),
        columns=("title", "kind", "published_on", "next_review_on"), search=("title", "content"), filters=("kind",),
        order=("kind", "pk"), keeper=KEEP, gates=(reviewed_later,),
        clauses=("B-6.2.4-s1", "C-4.4-s1", "C-4.4-s2", "C-6.2.1"),
    )
)  # fmt: skip
register(
    Register(
        name="public-checks", model=PublicItemCheck, title=gettext_lazy("公示核对"), group=GROUP,
        about=gettext_lazy("公示的内容与执照、资质、收费是否一致；默认每 90 天核对一次"),
        fields=("item", "checked_on", "checked_by", "result", "note"),
        columns=("item", "checked_on", "result", "checked_by"), filters=("result",), order=("-checked_on", "-pk"),
        keeper=KEEP, gates=(checked_already,), clauses=("B-6.2.4-s1", "C-4.4-s3"),
    )
)  # fmt: skip
register(
    Register(
        name="windows", model=ServiceWindow, title=gettext_lazy("服务窗口"), group=GROUP,
        about=gettext_lazy("接待送检客户的窗口、服务时间和电话"),
        fields=("name", "site", "hours", "phone", "valid_from", "valid_until"),
        columns=("name", "site", "hours", "phone"), order=("name", "pk"), keeper=KEEP,
        clauses=("C-4.3-s1", "C-4.6"),
    )
)  # fmt: skip
register(
    Register(
        name="brands", model=Brand, title=gettext_lazy("品牌"), group=INNOVATION, about=gettext_lazy("自有品牌的名称、标识和设计"),
        fields=("name", "design", "file"), columns=("name",), order=("name", "pk"), keeper=KEEP, clauses=("B-6.5.1",),
        importable=False,
    )
)  # fmt: skip
register(
    Register(
        name="innovation", model=InnovationFigure, title=gettext_lazy("创新指标"), group=INNOVATION,
        about=gettext_lazy("每年每项一个数，零也要填；数量要对得上名称和编号"),
        fields=("year", "indicator", "count", "references", "file"), columns=("indicator", "year", "count"),
        filters=("indicator",), order=("-year", "indicator", "pk"), key=("year", "indicator"), keeper=KEEP,
        gates=(in_a_year_of_records, counted_by_name),
        clauses=(
            "B-6.4-b", "B-6.7.2-c", "B-6.7.2-d", "B-6.7.2-e", "B-6.7.2-f", "B-6.7.2-g", "B-6.7.2-h", "B-6.7.4-a",
            "B-6.7.4-b", "B-6.7.4-c", "B-6.7.4-d", "B-6.7.4-e", "B-6.7.4-f",
        ),
    )
)  # fmt: skip
register(
    Register(
        name="research", model=ResearchProject, title=gettext_lazy("研发项目"), group=INNOVATION,
        about=gettext_lazy("牵头或参加的研发，用在什么产业"),
        fields=("title", "lead", "application", "valid_from", "valid_until", "file"),
        columns=("title", "lead", "valid_from", "valid_until"), search=("title",), filters=("lead",),
        order=("-valid_from", "-pk"), keeper=KEEP, clauses=("B-6.7.3",),
    )
)  # fmt: skip
register(
    Register(
        name="partnerships", model=Partnership, title=gettext_lazy("合作与团队"), group=INNOVATION,
        about=gettext_lazy("学协会、校企合作、联盟、创新团队、专家库"),
        fields=("kind", "name", "partners", "lead", "project", "valid_from", "valid_until", "file"),
        columns=("name", "kind", "lead", "valid_from", "valid_until"), search=("name", "partners"), filters=("kind",),
        order=("kind", "-valid_from", "pk"), keeper=KEEP,
        clauses=("B-6.4-a", "D-5.6.2", "D-5.6.3", "D-5.7.2"),
    )
)  # fmt: skip
