"""What a person may type about what happens to a measurement standard."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import documents
from portal.actors import Actor
from portal.typed import ChoiceField, DayField, RowField, TextField

from ..models import Equipment, MeasurementStandard, StandardPart
from . import parts

FILE_KINDS = _("PDF、JPEG 或 PNG")


def _file(label: Any, hint: Any = FILE_KINDS) -> forms.FileField:
    field = forms.FileField(label=label, help_text=hint, required=False)
    field.widget.attrs["accept"] = ",".join(documents.EVIDENCE.suffixes)
    return field


class StandardActForm(forms.Form):
    """What every act on a standard is given: the standard, who acts, and the day. `facts()`: what the verb takes."""

    def __init__(self, *args: Any, standard: MeasurementStandard, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.standard, self.actor, self.day = standard, actor, day


class WordForm(StandardActForm):
    """A reason, which may be left out."""

    reason = TextField(label=_("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class WhyForm(StandardActForm):
    """A reason."""

    reason = TextField(label=_("原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class HoldForm(WhyForm):
    """Why nothing may be handed on, and what that rests on."""

    source = TextField(
        label=_("依据"), max_length=150, required=False, help_text=_("例如：2026 年国家计量比对结果通知、内部核查记录")
    )


class DeclaredForm(WhyForm):
    """A reason with the declaration to the authority."""

    file = _file(_("申报表"), _("《计量标准封存（或撤销）申报表》，PDF、JPEG 或 PNG"))


class ReleaseForm(StandardActForm):
    """What was found and done, with the evidence."""

    reason = TextField(
        label=_("原因、措施和验证结果"), max_length=300, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("查到什么原因，采取了什么措施，怎样验证的，结果如何"),
    )  # fmt: skip
    file = _file(_("证据"), _("整改报告、补测结果等，PDF、JPEG 或 PNG"))


class AssessForm(StandardActForm):
    """The assessment certificate as it is printed."""

    assessment_certificate = TextField(label=_("考核证书号"), max_length=80)
    assessed_by = TextField(label=_("主持考核机关"), max_length=100)
    assessed_on = DayField(label=_("发证日期"))
    assessed_until = DayField(label=_("有效期至"), help_text=_("照证书填写，不按年限推算"))
    file = _file(_("考核证书"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"assessed_by": self.standard.assessed_by} | self.initial
        if self.standard.state == MeasurementStandard.State.BUILT:  # what was typed when it was registered
            names = ("assessment_certificate", "assessed_on", "assessed_until")
            self.initial = {name: getattr(self.standard, name) for name in names} | self.initial


class PartsForm(StandardActForm):
    """Which equipment comes in, which goes out, from when and why."""

    removed = RowField(
        label=_("移出"), queryset=StandardPart.objects.none(), required=False, help_text=_("只纳入新设备的不选")
    )
    added = RowField(
        label=_("纳入"), queryset=Equipment.objects.none(), required=False,
        help_text=_("只移出的不选；两样都选就是更换"),
    )  # fmt: skip
    role = ChoiceField(label=_("纳入的设备用作"), choices=StandardPart.Role.choices)
    on = DayField(label=_("从哪天起"))
    reason = TextField(label=_("原因"), max_length=150, help_text=_("例如：原标准器送修，由同型号替换"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = StandardPart.objects.visible_to(self.actor).filter(standard=self.standard, removed_on=None)
        self.fields["removed"].queryset = there.select_related("equipment").order_by("role", "pk")
        self.fields["removed"].label_from_instance = lambda part: f"{part.equipment}（{part.get_role_display()}）"
        devices = Equipment.objects.visible_to(self.actor).exclude(state__in=parts.GONE)
        devices = devices.exclude(role__in=parts.NEVER).exclude(pk__in=there.values("equipment_id"))
        self.fields["added"].queryset = devices.order_by("asset_number", "pk")
        self.initial = {"on": self.day} | self.initial
