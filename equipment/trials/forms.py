"""What a person types about a test of a measurement standard: readings in groups, or results to be compared."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from institutions import units
from institutions.models import Employment
from portal.decimals import plain
from portal.typed import ChoiceField, DayField, DecimalTextField, RowField, TextField

from .. import statistics
from ..checking.readings import Readings, ReadingsField
from ..models import StandardTest
from .kinds import LIMITS, Group, Kind, Limit

MOST_GROUPS = 6
MODES = {
    "repeatability": _("重复性试验"),
    "yearly": _("稳定性考核（年度）"),
    "first": _("稳定性考核（新建）"),
    "transfer": _("结果验证（传递比较）"),
    "comparison": _("结果验证（比对）"),
}
KINDS = {"repeatability": Kind.REPEATABILITY, "transfer": Kind.VERIFICATION, "comparison": Kind.VERIFICATION}


def kind_of(mode: str) -> str:
    return KINDS.get(mode, Kind.STABILITY)


class PointForm(forms.Form):
    """The point of a test, who did it and how."""

    quantity = TextField(label=_("被测量"), max_length=60, help_text=_("例如：压力、质量、直流电压"))
    nominal = DecimalTextField(label=_("测量点"), max_digits=24, decimal_places=12)
    unit = TextField(label=_("单位"), max_length=30, help_text=_("法定计量单位的符号，例如 MPa、g"))
    performed_by = RowField(label=_("试验人"), queryset=Employment.objects.none())
    conditions = TextField(
        label=_("被测对象与条件"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("核查标准或被测件的名称、编号，环境条件"),
    )  # fmt: skip
    file = forms.FileField(label=_("试验记录"), required=False)

    def __init__(self, *args, mode: str, actor, at, **kwargs):
        super().__init__(*args, **kwargs)
        self.mode, self.kind = mode, kind_of(mode)
        self.fields["performed_by"].queryset = (
            Employment.objects.visible_to(actor).active_on(timezone.localdate(at)).order_by("name", "pk")
        )

    def clean_unit(self) -> str:
        text = self.cleaned_data["unit"]
        if units.is_scale(text):
            return units.normalise(text)
        try:
            return units.symbol(text)
        except units.UnknownUnit as error:
            raise forms.ValidationError(str(error)) from error

    def facts(self) -> dict[str, Any]:
        """What the verbs take as `values` of any test."""
        names = ("quantity", "unit", "nominal", "performed_by", "conditions")
        return {name: self.cleaned_data[name] for name in names}


class VerificationForm(PointForm):
    """A result of the standard with its U, and what a higher standard or other laboratories found of the same object."""

    day = DayField(label=_("日期"), help_text=_("两边都测完的那一天"))
    value = DecimalTextField(label=_("本计量标准的结果"), max_digits=24, decimal_places=12)
    uncertainty = DecimalTextField(label=_("本结果的 U（k = 2）"), max_digits=24, decimal_places=12)
    reference = DecimalTextField(label=_("参考值"), max_digits=24, decimal_places=12)
    reference_uncertainty = DecimalTextField(label=_("参考值的 U（k = 2）"), max_digits=24, decimal_places=12)
    others = ReadingsField(label=_("其他实验室的结果"), help_text=_("一家一行，不含本机构的"))
    by = TextField(label=_("参考值由谁给出"), max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        transfer = self.mode == "transfer"
        for name in ("others",) if transfer else ("reference", "reference_uncertainty"):
            del self.fields[name]
        self.fields["by"].help_text = _("上级机构和证书号") if transfer else _("参加的实验室，与上面的次序相同")
        if not transfer:
            self.fields["by"].label = _("其他实验室")
            self.fields["others"].widget.attrs["rows"] = 6

    def results(self) -> tuple[Group, Group]:
        """Ours, and that of the others."""
        values = self.cleaned_data
        own = Group(values["day"], Readings((plain(values["value"]),)), plain(values["uncertainty"]))
        if self.mode == "transfer":
            readings, u = Readings((plain(values["reference"]),)), plain(values["reference_uncertainty"])
        else:
            readings, u = values["others"], ""
        return own, Group(values["day"], readings, u, values["by"])

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"limit_kind": Limit(self.mode)}


class TrialForm(PointForm):
    """A test: the point, what it is held against, and readings in one group or, of a new standard, in several."""

    limit_kind = ChoiceField(label=_("限值的来源"), choices=[])
    limit = DecimalTextField(label=_("限值"), max_digits=24, decimal_places=12, help_text=_("与读数同一单位，填正数"))
    fewer_because = TextField(
        label=_("不足 10 次的理由"), max_length=90, required=False,
        help_text=_("重复性不是不确定度的主要来源时，6～9 次也可以，写明理由"),
    )  # fmt: skip

    def __init__(self, *args, mode: str, **kwargs):
        super().__init__(*args, mode=mode, **kwargs)
        limits = [(one.value, one.label) for one in LIMITS[self.kind]]
        self.fields["limit_kind"].choices = limits if len(limits) == 1 else [("", _("请选择")), *limits]
        if self.kind != Kind.REPEATABILITY:
            del self.fields["fewer_because"]
        self.count = MOST_GROUPS if mode == "first" else 1
        for number in range(1, self.count + 1):
            needed = number <= (statistics.FEWEST_GROUPS if mode == "first" else 1)
            self.fields[f"on_{number}"] = DayField(label=_("日期"), required=needed)
            self.fields[f"readings_{number}"] = ReadingsField(label=_("读数"), required=needed, least=2)
            if mode == "first":
                self.fields[f"readings_{number}"].widget.attrs["rows"] = 6
            if number > 1:
                self.fields[f"readings_{number}"].help_text = ""

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The fields of the groups as the page draws them."""
        numbers = range(1, self.count + 1)
        return [{"number": one, "on": self[f"on_{one}"], "readings": self[f"readings_{one}"]} for one in numbers]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for number in range(1, self.count + 1):
            on, readings = values.get(f"on_{number}"), values.get(f"readings_{number}")
            if on and not readings and f"readings_{number}" not in self.errors:
                self.add_error(f"readings_{number}", _now("填了日期，还缺读数。请补上，或清空日期。"))
            elif readings and not on and f"on_{number}" not in self.errors:
                self.add_error(f"on_{number}", _now("填了读数，还缺日期。请补上。"))
        readings = values.get("readings_1")
        few = readings is not None and statistics.FEWEST <= len(readings) < statistics.ENOUGH
        if self.kind == Kind.REPEATABILITY and few and not values.get("fewer_because"):
            self.add_error(
                "fewer_because",
                _now("只有 %(now)d 次读数。请补到 %(enough)d 次，或写明为什么够用。")
                % {"now": len(readings), "enough": statistics.ENOUGH},
            )
        return values

    def measured(self) -> list[Group]:
        """The groups in the order of time."""
        values = self.cleaned_data
        numbers = [one for one in range(1, self.count + 1) if values[f"on_{one}"] and values[f"readings_{one}"]]
        groups = [Group(values[f"on_{one}"], values[f"readings_{one}"]) for one in numbers]
        return sorted(groups, key=lambda group: group.on)

    def facts(self) -> dict[str, Any]:
        """What the verb takes as `values`; the reason for fewer readings is kept with the conditions."""
        values = super().facts() | {name: self.cleaned_data[name] for name in ("limit_kind", "limit")}
        if reason := self.cleaned_data.get("fewer_because"):
            said = _now("不足 10 次：%(reason)s") % {"reason": reason}
            values["conditions"] = "；".join(filter(None, (values["conditions"], said)))
        return values


def first_values(last: StandardTest | None, mode: str, actor, day: date) -> dict[str, Any]:
    """What the form starts with: the point and limit of the test before, whoever fills it in, today for one group."""
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    values = {"performed_by": me and me.ref, "on_1": None if mode == "first" else day, "day": day}
    if last is not None:
        values |= {
            "quantity": last.quantity,
            "unit": last.unit,
            "nominal": f"{last.nominal.normalize():f}",
            "limit_kind": last.limit_kind,
            "limit": f"{last.limit.normalize():f}",
        }
    return values
