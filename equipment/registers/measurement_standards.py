"""计量标准台账: the register of measurement standards; its list and its pages are in views_standards.py."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Part, Register, Written, register
from portal.registers.forms import RowForm
from portal.transitions import Refusal

from ..models import MeasurementStandard
from ..standards import gates_register as gates
from ..standards import workflow
from ..standards.shown import narrowed, standing

State = MeasurementStandard.State


class StandardForm(RowForm):
    """A measurement standard as its certificates describe it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints = {
            "kind": _("社会公用：有政府颁发的社会公用计量标准证书；最高：本单位该项目的最高标准"),
            "range_text": _("按考核证书写法，例如 (0～60) MPa"),
            "accuracy": _("按考核证书写法，例如 0.05 级，或 U = 0.02 %，k = 2"),
            "assessment_certificate": _("还没有取得证书的，证书各项都不填，取得以后在计量标准页“登记考核”"),
            "assessed_until": _("照证书填写，不按年限推算"),
            "social_certificate": _("只有社会公用计量标准填写"),
            "approved_on": _("最高计量标准填写"),
            "responsible": _("工程师以上职称或注册计量师"),
        }
        for name, hint in hints.items():
            self.fields[name].help_text = hint


def after(written: Sequence[Written], actor: Actor, at: datetime) -> None:
    """What is new has the first line of its history, what was withdrawn its last one; what must be declared is on record."""
    workflow.begin([one.row for one in written if not one.before], actor=actor, at=at)
    workflow.end(
        [one.row for one in written if one.row.state == MeasurementStandard.State.WITHDRAWN], actor=actor, at=at
    )
    workflow.declare(written, actor=actor, at=at)


def never_assessed(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only what was entered by mistake is struck off; a standard that worked is withdrawn with its declaration."""
    if standard.state != State.BUILT:
        yield Refusal("state", _("考核过的计量标准不能作废登记。请在计量标准页办理封存或撤销，上传申报表。"))


register(
    Register(
        name="measurement-standards", model=MeasurementStandard, title=gettext_lazy("计量标准"),
        group=gettext_lazy("计量标准"),
        about=gettext_lazy("从建标、考核、投用到封存、撤销；日期都照证书，到期当天自动不可用"),
        fields=(
            "code", "kind", "name", "field", "site", "responsible", "range_text", "accuracy",
            "assessment_certificate", "assessed_by", "assessed_on", "assessed_until", "filing_number", "filed_on",
            "social_certificate", "social_from", "social_until", "approved_on", "approval",
        ),
        parts=(
            Part("code", gettext_lazy("身份")),
            Part("range_text", gettext_lazy("能力")),
            Part("assessment_certificate", gettext_lazy("考核证书")),
            Part("filing_number", gettext_lazy("备案")),
            Part("social_certificate", gettext_lazy("社会公用计量标准证书"), folded=True),
            Part("approved_on", gettext_lazy("本单位批准"), folded=True),
        ),
        columns=("code", "name", "kind", "range_text", "accuracy", "site", "responsible"),
        search=("code", "name", "assessment_certificate"), order=("code", "pk"), key=("code",),
        keeper=Permission.EQUIPMENT_MANAGE, form=StandardForm, born=State.BUILT,
        live=frozenset(State) - {State.WITHDRAWN},
        gates=(
            gates.said_in_legal_units, gates.certificate_is_whole, gates.nothing_in_the_future, gates.filing_is_whole,
            gates.social_certificate_suits, gates.responsible_is_qualified, gates.complete_while_in_use,
            gates.assessed_with_evidence,
        ),
        alone=(gates.code_is_free,), leaving=(never_assessed,),
        clauses=("A-6.1.1", "A-6.1.2-s1", "A-6.1.2-s2", "C-4.1.2", "C-7.1.2-s1"), standing=standing,
        pages=("equipment:standards", "equipment:standard"), narrowed=narrowed, after=after, home="equipment:standards", icon="scale",
    )
)  # fmt: skip
