"""能力范围: the lines of the annex, typed one by one or read from a spreadsheet in the layout of the accreditor."""

from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history
from portal.permissions import Permission
from portal.registers import Part, Register, register
from portal.registers.forms import RowForm

from ..models import Qualification, ScopeItem, Site
from ..people import following
from ..scope import gates, panels, ranges, statements
from ..scope.annex import read_annex
from ..words import scope_state

State = ScopeItem.State


# The columns that are read out of the texts of an annex.
OF_RANGE = ("range_low", "range_high", "unit")
OF_CMC = ("cmc_form", "cmc_constant", "cmc_slope", "cmc_unit", "cmc_relative")


class ScopeItemForm(RowForm):
    """A line of scope: as its annex states it, or range and CMC by their parts; both must say the same.

    Where the institution has only one site or one qualification that lines rest on, it need not be named.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*OF_RANGE, "cmc_form", "cmc_constant", "field", "valid_from"):
            self.fields[name].required = False
        papers = self.fields["qualification"].queryset
        self.fields["qualification"].queryset = papers.filter(kind__in=Qualification.FOR_CALIBRATION)
        for name in ("stated_cmc", "limits"):
            self.fields[name].widget = forms.TextInput()
        self.fields["cmc_points"].widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
        self.only = {name: self._only(name) for name in ("site", "qualification")}
        for name, row in self.only.items():
            self.fields[name].required = row is None
            if row is not None and self.row is None:
                self.fields[name].initial = row.ref

    def _only(self, name: str) -> Site | Qualification | None:
        rows = list(self.fields[name].queryset[:2])
        return rows[0] if len(rows) == 1 else None

    @cached_property
    def known_fields(self) -> dict[str, str]:
        """The field under which each instrument stands already."""
        rows = ScopeItem.objects.visible_to(self.actor).order_by("pk")
        return dict(rows.values_list("instrument", "field"))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for name, row in self.only.items():
            values[name] = values.get(name) or row
        for name in ("cmc_constant", "cmc_slope"):
            values[name] = values.get(name) or Decimal(0)
        values["cmc_form"] = values.get("cmc_form") or ScopeItem.Form.LINEAR
        if paper := values.get("qualification"):
            values["valid_from"] = values.get("valid_from") or paper.valid_from
        if not values.get("field"):
            values["field"] = self.known_fields.get(values.get("instrument", ""), values.get("measurand", "")[:30])
        if not self.errors:
            self._read_range(values)
        if not self.errors:
            self._read_cmc(values)
        if not self.errors:
            self._judge(values)
        return values

    def _read_range(self, values: dict[str, Any]) -> None:
        given = [name for name in OF_RANGE if values.get(name) not in (None, "")]
        if not values.get("stated_range"):
            for name in OF_RANGE:
                if name not in given:
                    self.add_error(name, _("请填写，或把附表上的测量范围照写在上面一格。"))
            return
        try:
            read = ranges.read_range(values["stated_range"])
        except ranges.Unreadable as unreadable:
            if len(given) < len(OF_RANGE):  # whoever fills in the parts need not write the text so that it can be read
                self.add_error("stated_range", unreadable.sentence)
            return
        stated = dict(zip(OF_RANGE, (read.low, read.high, read.unit), strict=True))
        for name in given:
            if values[name] != stated[name]:
                self.add_error(
                    name, _("与附表原文“%(text)s”不一致。请改其中一处，或清空原文。") % {"text": values["stated_range"]}
                )
        values.update(stated)

    def _read_cmc(self, values: dict[str, Any]) -> None:
        parts = values["cmc_constant"] or values["cmc_slope"] or values.get("cmc_points")
        if not values.get("stated_cmc"):
            return
        try:
            read = statements.read_cmc(values["stated_cmc"], values["unit"])
        except ranges.Unreadable as unreadable:
            if not parts:
                self.add_error("stated_cmc", unreadable.sentence)
            return
        stated = dict(zip(OF_CMC, (read.form, read.constant, read.slope, read.unit, read.relative), strict=True))
        if parts and any(values[name] != stated[name] for name in ("cmc_constant", "cmc_slope", "cmc_unit")):
            self.add_error(
                "cmc_constant",
                _("与附表原文“%(text)s”不一致。请改其中一处，或清空原文。") % {"text": values["stated_cmc"]},
            )
        else:
            values.update(stated)

    def _judge(self, values: dict[str, Any]) -> None:
        line = ScopeItem(**{name: values[name] for name in self.register.fields if name in values})
        try:
            line.clean()
        except ValidationError as wrong:
            for name, sentences in wrong.message_dict.items():
                self.add_error(name, sentences)
        if values["cmc_slope"] >= 1:
            self.add_error(
                "cmc_slope", _("不小于 1。这一格填没有单位的系数，例如 0.05 % 填 0.0005，5×10⁻⁶ 填 0.000005。")
            )
        # A spreadsheet's lines are compared all at once, by the constraint.
        if self.is_bound and not self.errors and self._is_on_record(values):
            self.add_error(None, _("同一资质、场所、方法和范围已经有一条。请更正那一条，不要重复登记。"))

    def _is_on_record(self, values: dict[str, Any]) -> bool:
        same = ScopeItem.objects.visible_to(self.actor).exclude(state=ScopeItem.State.WITHDRAWN)
        same = same.filter(**{name: values[name] for name in ScopeItem.TELLS_APART})
        return (same.exclude(pk=self.row.pk) if self.row else same).exists()


register(
    Register(
        name="scope", home="institutions:scope", model=ScopeItem, title=gettext_lazy("能力范围"), group=gettext_lazy("资质与能力"),
        about=gettext_lazy("能测什么、在哪里、用什么方法、多准；可以粘贴认可附表"),
        fields=(
            "instrument", "measurand", "field", "method", "site", "qualification", "stated_range", "stated_cmc",
            "valid_from", "valid_until", "limits", "line_number", "instrument_en", "measurand_en",
            "range_low", "range_high", "unit", "cmc_form", "cmc_constant", "cmc_slope", "cmc_unit", "cmc_relative",
            "cmc_points", "parameter", "parameter_unit",
        ),
        reads=gettext_lazy(
            "认可附表可以原样粘贴或上传：序号、测量仪器名称、被测量、校准规范、测量范围、扩展不确定度、说明、生效日期。"
        ),
        ask_once=("site", "qualification"),
        parts=(
            Part("instrument", gettext_lazy("测什么")),
            Part("stated_range", gettext_lazy("照附表写"), gettext_lazy("系统从原文读出上下限、单位和 CMC")),
            Part("range_low", gettext_lazy("逐格填写"), gettext_lazy("原文读不出来，或 CMC 是表、矩阵时才填"), folded=True),
        ),
        columns=((gettext_lazy("测量仪器"), lambda row: {"text": row.instrument, "note": row.measurand}),
                 (gettext_lazy("测量范围"), lambda row: row.range_text), ("CMC", lambda row: row.cmc.text),
                 "method", "site"),
        search=("instrument", "measurand", "method__code", "line_number"), order=("instrument", "measurand", "pk"),
        keeper=Permission.SCOPE_KEEP, gates=(gates.stands_on_its_papers,),
        clauses=("A-6.1.3", "B-4.2-s3", "B-4.3-s3", "B-5.8-e", "C-5.1.1-s2"), form=ScopeItemForm, reader=read_annex, after=following.lines,
        panels=(panels.cmc_of_line,), born=State.ACTIVE,
        live=frozenset({State.ACTIVE, State.SUSPENDED}), standing=scope_state, icon="ruler-measure",
    )
)  # fmt: skip
history.register(
    {
        "scopeitem.suspend": gettext_lazy("暂停"),
        "scopeitem.resume": gettext_lazy("恢复"),
        "scopeitem.recount": gettext_lazy("更新暂停原因"),
        "scopechoice.choose": gettext_lazy("选定能力范围"),
        "scopechoice.unchoose": gettext_lazy("改选能力范围"),
    }
)
