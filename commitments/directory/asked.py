"""A search of the directory as it was typed: every part may be left out, and whatever cannot be read gets a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.quantities import Coherent, coherent
from institutions import units
from institutions.scope import ranges
from portal.typed import ChoiceField, TextField, narrow_letters

from . import places, terms
from .standing import WORDS, Standing

USUAL_UNITS = ("MPa", "kPa", "℃", "mm", "μm", "m", "g", "kg", "N", "kN", "N·m", "V", "mV", "A", "mA", "Ω", "W", "Hz", "s", "m³/h",
               "L/min", "m/s", "%")  # fmt: skip
FOLDED = ("name", "field", "pledge")
CAPABILITY = ("what", "low", "high", "unit", "U", "U_unit")


@dataclass(frozen=True)
class Needed:
    """What has to be measured: from low to high in a unit, and with which U (k = 2) at most, in the same unit."""

    low: Decimal
    high: Decimal
    unit: str
    U: Decimal | None

    @property
    def scale(self) -> Coherent:
        return coherent(self.unit)


def _typed(example: Any, **attributes: str) -> dict[str, Any]:
    return {"placeholder": example, "autocomplete": "off", **attributes}


def _number_typed(example: str) -> dict[str, Any]:
    return _typed(example, inputmode="decimal")


class Search(forms.Form):
    """What is asked: who and where, and what has to be measured. Cleans to texts, and `needed` (Needed or None)."""

    what = TextField(
        label=gettext_lazy("仪器或被测量"), max_length=80, required=False,
        widget=forms.TextInput(_typed(gettext_lazy("例如 压力表"), type="search")),
    )  # fmt: skip
    place = TextField(
        label=gettext_lazy("地区"), max_length=60, required=False,
        widget=forms.TextInput(_typed(gettext_lazy("省、市，或区划代码"), list="places")),
    )  # fmt: skip
    name = TextField(
        label=gettext_lazy("机构名称"), max_length=60, required=False,
        widget=forms.TextInput(_typed(gettext_lazy("名称里的几个字"))),
    )  # fmt: skip
    field = ChoiceField(label=gettext_lazy("专业领域"), required=False)
    pledge = ChoiceField(label=gettext_lazy("诚信承诺"), required=False)
    low = forms.CharField(label=gettext_lazy("自"), required=False, widget=forms.TextInput(_number_typed("0")))
    high = forms.CharField(label=gettext_lazy("至"), required=False, widget=forms.TextInput(_number_typed("2.5")))
    unit = forms.CharField(
        label=gettext_lazy("单位"), required=False, widget=forms.TextInput(_typed("MPa", list="units"))
    )
    U = forms.CharField(
        label=gettext_lazy("U（k = 2）不大于"), required=False, widget=forms.TextInput(_number_typed("0.01"))
    )
    U_unit = forms.CharField(
        label=gettext_lazy("U 的单位"), required=False,
        widget=forms.TextInput(_typed(gettext_lazy("同左"), list="units")),
    )  # fmt: skip

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["field"].choices = [("", _("全部")), *((field, field) for field in terms.known().fields)]
        self.fields["pledge"].choices = [("", _("全部")), *((key, word) for key, (_tone, word) in WORDS.items())]

    @property
    def provinces(self) -> Iterable[str]:
        """What is offered for the place; anything else may be typed."""
        return places.PROVINCES.values()

    @property
    def usual_units(self) -> Iterable[str]:
        """What is offered for a unit; any other may be typed."""
        return USUAL_UNITS

    @property
    def asks_for_capability(self) -> bool:
        """Whether anything of a measurement is typed, readable or not."""
        return any(self.data.get(name, "").strip() for name in CAPABILITY)

    @property
    def measured(self) -> list[forms.BoundField]:
        """The narrow fields, what is wrong with which stands below all of them."""
        return [self[name] for name in CAPABILITY if name != "what"]

    @property
    def asks_for_more(self) -> bool:
        """Whether one of the fields is filled that a phone folds away."""
        return any(self.data.get(name, "").strip() for name in FOLDED)

    def clean_place(self) -> str:
        place = narrow_letters(self.cleaned_data["place"])
        if places.is_code(place) and not places.province(place):
            raise ValidationError(
                _("区划代码的前两位是省级代码，没有“%(code)s”。请核对，或填地名。") % {"code": place[:2]}
            )
        return place

    def clean_pledge(self) -> Standing | None:
        return Standing(self.cleaned_data["pledge"]) if self.cleaned_data["pledge"] else None

    def clean_low(self) -> Decimal | None:
        return _number(self.cleaned_data["low"])

    def clean_high(self) -> Decimal | None:
        return _number(self.cleaned_data["high"])

    def clean_unit(self) -> str:
        return _unit(self.cleaned_data["unit"])

    def clean_U(self) -> Decimal | None:
        U = _number(self.cleaned_data["U"])
        if U is not None and U <= 0:
            raise ValidationError(_("不确定度要大于零。请改正，或清空这一格。"))
        return U

    def clean_U_unit(self) -> str:
        return _unit(self.cleaned_data["U_unit"])

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if not self.errors:
            found["needed"] = self._needed(found)
        return found

    def _needed(self, found: dict[str, Any]) -> Needed | None:
        low, high, unit, U = found["low"], found["high"], found["unit"], found["U"]
        if low is None and high is None:
            if U is not None:
                self.add_error("low", _("U 随测量值变化。请同时填写测量范围或测量点，再按 U 查找。"))
            elif unit or found["U_unit"]:
                self.add_error("low", _("只填了单位。请填写测量范围或测量点，或清空单位。"))
            return None
        if not unit:
            self.add_error("unit", _("请填写测量范围的单位，例如 MPa、mm、℃。"))
            return None
        low, high = (high if low is None else low), (low if high is None else high)
        if low > high:
            self.add_error("high", _("“至”小于“自”。请对调两个数。"))
            return None
        if None in (coherent(unit).value(low), coherent(unit).value(high)):
            self.add_error("high", _("数值太大，没有机构能测。请核对数值和单位。"))
            return None
        if U is not None:
            U = self._in_unit(U, found["U_unit"] or unit, unit)
            if U is None:
                return None
        return Needed(low, high, unit, U)

    def _in_unit(self, U: Decimal, source: str, unit: str) -> Decimal | None:
        """U in the unit of the range."""
        if source == unit:
            converted = U
        else:
            try:
                converted = units.convert(U, source, unit, difference=True)
            except ValueError:
                self.add_error(
                    "U_unit",
                    _("U 的单位 %(U)s 与测量范围的单位 %(unit)s 不是同一种量。请换算成同一种量的单位。")
                    % {"U": source, "unit": unit},
                )
                return None
        if coherent(unit).difference(converted) is None:
            self.add_error("U", _("数值太大。请核对数值和单位，或清空这一格。"))
            return None
        return converted


def _number(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return ranges.number(ranges.narrowed(text))
    except ranges.Unreadable as unreadable:
        raise ValidationError(unreadable.sentence) from unreadable


def _unit(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return ranges.unit_of(text)
    except ranges.Unreadable as unreadable:
        raise ValidationError(unreadable.sentence) from unreadable
