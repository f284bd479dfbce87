"""What a person may type about equipment. Forms check how it is written; the gates check whether it may be."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment, Site
from portal.typed import ChoiceField, DayField, NumberTextField, RowField, TextField

from . import due
from .models import Equipment, MeasurementStandard


class RegisterFilter(forms.Form):
    """What the register shows."""

    q = TextField(label=_("编号、名称、出厂编号"), max_length=60, required=False)
    state = ChoiceField(label=_("状态"), choices=[("", ""), *Equipment.State.choices], required=False)
    role = ChoiceField(label=_("用途"), choices=[("", ""), *Equipment.Role.choices], required=False)
    due = ChoiceField(label=_("溯源"), choices=[("", ""), *due.TITLES.items()], required=False)


class StandardFilter(forms.Form):
    """Which measurement standards are shown."""

    q = TextField(label=_("编号、名称、考核证书号"), max_length=60, required=False)
    state = ChoiceField(label=_("状态"), choices=[("", ""), *MeasurementStandard.State.choices], required=False)
    due = ChoiceField(label=_("考核证书"), choices=[("", ""), *due.TITLES.items()], required=False)


class DayForm(forms.Form):
    """The day on which a standard is judged."""

    on = DayField(label=_("判断日期"), required=False)


class RegisterForm(forms.Form):
    """A piece of equipment as its plate and its manual describe it."""

    asset_number = TextField(label=_("管理编号"), max_length=30, help_text=_("本机构唯一，贴在设备上的编号"))
    role = ChoiceField(label=_("用途"), choices=Equipment.Role.choices)
    name = TextField(label=_("名称"), max_length=80)
    model = TextField(label=_("型号规格"), max_length=80)
    serial_number = TextField(label=_("出厂编号"), max_length=60)
    manufacturer = TextField(label=_("制造单位"), max_length=100)
    range_text = TextField(label=_("测量范围"), max_length=80, help_text=_("按证书写法，例如 (0～2.5) MPa"))
    accuracy = TextField(label=_("准确度"), max_length=80, help_text=_("例如 0.05 级，或 U = 0.3 ℃, k = 2"))
    range_low = forms.DecimalField(label=_("测量下限"), max_digits=24, decimal_places=12, required=False)
    range_high = forms.DecimalField(label=_("测量上限"), max_digits=24, decimal_places=12, required=False)
    unit = TextField(label=_("单位"), max_length=30, required=False, help_text=_("法定计量单位的符号，例如 MPa、℃"))
    site = RowField(label=_("存放场所"), queryset=Site.objects.none())

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = (
            Site.objects.visible_to(actor).filter(state=Site.State.CURRENT).order_by("name", "pk")
        )
        for name in ("range_low", "range_high"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})


class TraceForm(forms.Form):
    """One traceability certificate of a piece of equipment, with its 计量确认."""

    certificate_number = TextField(label=_("溯源证书编号"), max_length=80)
    issuer = TextField(label=_("溯源机构"), max_length=100, help_text=_("出具证书的机构，按证书封面填写"))
    calibrated_on = DayField(label=_("检定/校准日期"))
    valid_until = DayField(label=_("有效期至"), help_text=_("最后一个有效日；校准证书没有写的，按本机构确定的间隔填写"))
    expanded_uncertainty = NumberTextField(
        label=_("扩展不确定度 U"), max_length=30, required=False, help_text=_("按证书上的数字原样填写，例如 0.0015")
    )
    coverage_factor = NumberTextField(label=_("包含因子 k"), max_length=10, required=False)
    uncertainty_unit = ChoiceField(label=_("U 的单位"), required=False)
    confirmed_by = RowField(label=_("计量确认人"), queryset=Employment.objects.none())
    confirmed_on = DayField(label=_("计量确认日期"), help_text=_("对照使用要求核对证书结果、认为可以使用的那一天"))
    file = forms.FileField(label=_("溯源证书文件"), error_messages={"required": _("请上传溯源证书的扫描件或电子版。")})

    def __init__(self, *args, equipment: Equipment, actor, day, **kwargs):
        super().__init__(*args, **kwargs)
        unit = equipment.unit
        self.fields["uncertainty_unit"].choices = [("", _("未给出")), *([(unit, unit)] if unit else [])]
        if not unit:
            self.fields["uncertainty_unit"].help_text = _("这台设备没有登记单位，U、k 暂不能登记")
        self.fields["confirmed_by"].queryset = (
            Employment.objects.visible_to(actor).active_on(day).order_by("name", "pk")
        )

    def facts(self) -> dict:
        """What the verb takes as `values`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "file"}


def first_values(equipment: Equipment, actor, at) -> dict:
    """What the form of a new traceability starts with: as last time, confirmed today by whoever fills it in."""
    last = equipment.latest_traceability
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    values = {"confirmed_on": timezone.localdate(at), "confirmed_by": me.ref if me else None}
    if last is not None:
        values |= {
            "issuer": last.issuer,
            "coverage_factor": last.coverage_factor,
            "uncertainty_unit": last.uncertainty_unit,
        }
    return values
