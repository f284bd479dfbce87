"""开展项目、文件集、变更: what is kept for each measurement standard."""

from django.utils.translation import gettext_lazy

from portal.permissions import Permission
from portal.registers import Register, register

from ..models import StandardChange, StandardItem, StandardPaper
from ..standards.gates_register import (
    filed_in_order,
    filed_with_its_form,
    not_dated_ahead,
    range_in_order,
    replacement_is_filed_first,
    replacement_stays,
)
from .units import UnitForm

GROUP = gettext_lazy("计量标准")
KEEP = Permission.EQUIPMENT_MANAGE


register(
    Register(
        name="standard-items", model=StandardItem, title=gettext_lazy("计量标准开展项目"), group=GROUP,
        about=gettext_lazy("照考核证书登记：可开展检定或校准的器具、范围和准确度"),
        fields=("standard", "instrument", "measurand", "method", "range_low", "range_high", "unit", "accuracy"),
        columns=("standard", "instrument", "range_low", "range_high", "unit", "accuracy"),
        search=("instrument", "standard__code"), order=("standard", "pk"), keeper=KEEP, gates=(range_in_order,),
        form=UnitForm, clauses=("A-6.1.1", "C-4.1.2"),
    )
)  # fmt: skip
register(
    Register(
        name="standard-papers", model=StandardPaper, title=gettext_lazy("计量标准文件集"), group=GROUP,
        about=gettext_lazy("申请书、考核证书、技术报告、重复性、稳定性、履历书等，齐不齐一眼看到"),
        fields=("standard", "kind", "title", "dated_on", "reviewed_on", "file"),
        columns=("standard", "kind", "title", "dated_on", "reviewed_on"), search=("title", "standard__code"),
        filters=("kind",), order=("standard", "kind", "pk"), keeper=KEEP, gates=(not_dated_ahead,),
        clauses=("C-7.1.2-s2",), importable=False,
    )
)  # fmt: skip
register(
    Register(
        name="standard-changes", model=StandardChange, title=gettext_lazy("计量标准变更"), group=GROUP,
        about=gettext_lazy("更换标准器、规程、地点、负责人等，须申报的留下申报表和受理结果"),
        fields=("standard", "kind", "changed_on", "text", "filed_on", "accepted_on", "file"),
        columns=("standard", "kind", "changed_on", "filed_on", "accepted_on"), search=("text", "standard__code"),
        filters=("kind",), order=("-changed_on", "-pk"), keeper=KEEP,
        gates=(filed_in_order, filed_with_its_form, replacement_stays), leaving=(replacement_is_filed_first,), clauses=("C-7.1.2-s2",),
    )
)  # fmt: skip
