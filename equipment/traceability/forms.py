"""What a person types about a traceability certificate, its confirmation, and copies of corrections."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment
from portal.actors import Actor
from portal.typed import ChoiceField, DayField, DecimalTextField, NumberTextField, RowField, TextField

from ..clocks import winding
from ..dcc import Dcc
from ..models import Confirmation, Equipment, EquipmentClock, MeasurementStandard, Traceability
from . import confirming
from .shown import UNQUALIFIED

Kind, Chain = Traceability.Kind, Traceability.Chain


def people_on(actor: Actor, day: date):
    """Who is employed that day, by name."""
    return Employment.objects.visible_to(actor).active_on(day).order_by("name", "pk")


class TraceForm(forms.Form):
    """One traceability certificate of a piece of equipment, as its pages say."""

    kind = ChoiceField(label=_("溯源方式"), choices=Kind.choices, initial=Kind.CALIBRATION)
    certificate_number = TextField(label=_("溯源证书编号"), max_length=80)
    issuer = TextField(label=_("溯源机构"), max_length=100, help_text=_("出具证书的机构，按证书封面填写"))
    issuer_qualification = TextField(
        label=_("溯源机构的资质编号"), max_length=80, required=False,
        help_text=_("计量授权证书号或 CNAS 注册号，见证书封面；本机构自己检校的不填"),
    )  # fmt: skip
    calibrated_on = DayField(label=_("检定/校准日期"))
    valid_until = DayField(
        label=_("有效期至"), required=False, help_text=_("最后一个有效日；证书没有写的留空，按本机构的周期推算")
    )
    validity_printed = forms.BooleanField(label=_("有效期印在证书上"), required=False, initial=True)
    chain = ChoiceField(label=_("量值溯源到"), choices=[("", _("证书没有写明")), *Chain.choices[:-1]], required=False)
    reference_standard = TextField(
        label=_("证书上的计量标准"), max_length=200, required=False,
        help_text=_("名称、编号和它自己的证书号，照证书填写"),
    )  # fmt: skip
    own_standard = RowField(
        label=_("本机构的计量标准"), queryset=MeasurementStandard.objects.none(), required=False,
        help_text=_("由本机构自己检定校准的请选"),
    )  # fmt: skip
    expanded_uncertainty = NumberTextField(
        label=_("扩展不确定度 U"), max_length=30, required=False,
        help_text=_("整台设备用一个 U 的填这里，例如 0.0015；各点不同的填在各点"),
    )  # fmt: skip
    coverage_factor = NumberTextField(label=_("包含因子 k"), max_length=10, required=False)
    uncertainty_unit = ChoiceField(label=_("U 的单位"), required=False)
    serial_checked = forms.BooleanField(
        label=_("我已核对：DCC 说的就是这台设备"), required=False,
        error_messages={"required": _("DCC 里的编号与这台设备不同。请核对实物，确认是同一台再勾选；不是的请换一台设备登记。")},
    )  # fmt: skip
    file = forms.FileField(label=_("溯源证书文件"), error_messages={"required": _("请上传溯源证书的扫描件或电子版。")})

    def __init__(self, *args: Any, equipment: Equipment, actor: Actor, dcc: Dcc | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.equipment, self.dcc = equipment, dcc
        unit = equipment.unit
        self.fields["uncertainty_unit"].choices = [("", _("未给出")), *([(unit, unit)] if unit else [])]
        if not unit:
            self.fields["uncertainty_unit"].help_text = _("这台设备没有登记单位，U、k 请填在各点")
        standards = MeasurementStandard.objects.visible_to(actor)
        living = standards.exclude(state=MeasurementStandard.State.WITHDRAWN)
        self.fields["own_standard"].queryset = living.order_by("code", "pk")
        self.fields["file"].required = dcc is None
        self.differs = dcc is not None and not dcc.is_about(equipment.serial_number)
        if self.differs:
            self.fields["serial_checked"].required = True
        else:
            del self.fields["serial_checked"]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("valid_until") is None and "valid_until" not in self.errors:
            self._reckon(values)
        if values.get("expanded_uncertainty") and values.get("coverage_factor") and not values.get("uncertainty_unit"):
            values["uncertainty_unit"] = self.equipment.unit
        own, chain, kind = values.get("own_standard"), values.get("chain", ""), values.get("kind")
        if own is not None:
            values["chain"] = Chain.OWN_STANDARD
        elif chain == Chain.OWN_STANDARD:
            self.add_error("own_standard", _now("溯源到本机构计量标准的，请选是哪一项。"))
        elif (
            kind in (Kind.CALIBRATION, Kind.VERIFICATION, Kind.TEST)
            and chain not in UNQUALIFIED
            and not values.get("issuer_qualification")
            and "issuer_qualification" not in self.errors
        ):
            self.add_error(
                "issuer_qualification",
                _now("请填写溯源机构的资质编号（计量授权证书号或 CNAS 注册号）。没有资质的机构不能用来溯源。"),
            )
        return values

    def _reckon(self, values: dict[str, Any]) -> None:
        """Without a printed validity the institution's own interval says how long it holds."""
        calibrated, kind = values.get("calibrated_on"), values.get("kind")
        if calibrated is None or kind is None:
            return
        verified = kind == Kind.VERIFICATION
        clock = EquipmentClock.Kind.VERIFICATION if verified else EquipmentClock.Kind.CALIBRATION
        until = winding.next_after(self.equipment, clock, calibrated)
        if until is None:
            self.add_error(
                "valid_until",
                _now("证书没有写有效期的，要按本机构的周期推算，但这台设备没有登记周期。请填写日期，或先登记周期。"),
            )
        values["valid_until"], values["validity_printed"] = until, False

    def facts(self) -> dict[str, Any]:
        """What the verb that records the certificate takes as `values`."""
        known = {name: value for name, value in self.cleaned_data.items() if name not in ("file", "serial_checked")}
        return known | {"dcc_identifier": self.dcc.identifier if self.dcc else ""}


class ConfirmForm(forms.Form):
    """计量确认: the results held against what the use requires. With `later` it may be left for another time."""

    requirement = ChoiceField(
        label=_("对照的要求"), choices=Confirmation.Requirement.choices, initial=Confirmation.Requirement.MPE,
        required=False,
    )  # fmt: skip
    permitted = DecimalTextField(
        label=_("允许值"), max_digits=24, decimal_places=12, min_value=0, required=False,
        help_text=_("与各点同一单位，填正数；留空用各点自己的最大允许误差"),
    )  # fmt: skip
    requirement_text = TextField(
        label=_("要求"), max_length=200, required=False,
        help_text=_("例如：0.05 级，MPE ±0.00125 MPa；或作标准器用，U ≤ MPE 的 1/3"),
    )  # fmt: skip
    conclusion = ChoiceField(label=_("结论"), choices=[])
    restriction = TextField(
        label=_("限制"), max_length=200, required=False, help_text=_("限制使用的写明范围或功能，会印在准用标签上")
    )
    note = TextField(label=_("说明"), max_length=150, required=False)
    confirmed_by = RowField(label=_("计量确认人"), queryset=Employment.objects.none())
    confirmed_on = DayField(label=_("计量确认日期"), help_text=_("对照使用要求核对证书结果的那一天"))

    def __init__(self, *args: Any, actor: Actor, at: Any, later: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.later = later
        first = ("", _("以后再确认")) if later else ("", _("请选择"))
        self.fields["conclusion"].choices = [first, *Confirmation.Conclusion.choices]
        self.fields["conclusion"].required = not later
        self.fields["confirmed_by"].queryset = people_on(actor, timezone.localdate(at))
        for name in ("confirmed_by", "confirmed_on"):
            self.fields[name].required = not self.is_left_out

    @property
    def is_left_out(self) -> bool:
        """Nothing is to be confirmed now."""
        return self.later and self.is_bound and not self.data.get("conclusion")

    def clean_requirement(self) -> str:
        return self.cleaned_data["requirement"] or Confirmation.Requirement.USE

    def facts(self) -> dict[str, Any]:
        """What the verb takes as `values`."""
        values = dict(self.cleaned_data)
        return values | {"finding": values.pop("note")}


class CopyForm(forms.Form):
    """Who has seen when that a copy holds the newest corrections."""

    updated_by = RowField(label=_("更新人"), queryset=Employment.objects.none())
    updated_on = DayField(label=_("更新日期"))

    def __init__(self, *args: Any, actor: Actor, at: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["updated_by"].queryset = people_on(actor, timezone.localdate(at))


class SpanForm(forms.Form):
    """The time over which uses are asked for."""

    first = DayField(label=_("从"), required=False)
    last = DayField(label=_("到"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", _now("结束日期早于开始日期。请对调或改正。"))
        return values


def first_facts(equipment: Equipment, dcc: Dcc | None) -> dict[str, Any]:
    """What the form of a new certificate starts with: what the DCC says, else as last time."""
    last = equipment.latest_traceability
    values: dict[str, Any] = {"validity_printed": True}
    if last is not None:
        values |= {
            name: getattr(last, name)
            for name in (
                "kind",
                "issuer",
                "issuer_qualification",
                "chain",
                "reference_standard",
            )
        }
        values["own_standard"] = last.own_standard and last.own_standard.ref
    if dcc is not None:
        values |= {
            "kind": Kind.CALIBRATION,
            "certificate_number": dcc.identifier[:80],
            "issuer": dcc.issuer[:100],
            "issuer_qualification": dcc.qualification[:80],
            "calibrated_on": dcc.calibrated_on,
            "valid_until": dcc.valid_until,
            "reference_standard": dcc.standards[:200],
        }
    return values


def first_confirmation(trace: Traceability | None, actor: Actor, at: Any) -> dict[str, Any]:
    """What a confirmation starts with: by whoever fills it in, today, with what follows from the points."""
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    values = {"confirmed_on": timezone.localdate(at), "confirmed_by": me and me.ref}
    if trace is not None:
        rows = confirming.judged(trace.points.order_by("pk"), Confirmation.Requirement.MPE, None)
        values["conclusion"] = confirming.proposed(rows)
    return values
