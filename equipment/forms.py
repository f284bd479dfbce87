"""What a person may type about equipment. Forms check how it is written; the gates check whether it may be."""

from django import forms
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment, Site
from portal.typed import ChoiceField, DayField, RowField, TextField

from . import due
from .models import Equipment, MeasurementStandard


class RegisterFilter(forms.Form):
    """What the register shows."""

    q = TextField(label=_("编号、名称、出厂编号"), max_length=60, required=False)
    state = ChoiceField(label=_("状态"), choices=[("", ""), *Equipment.State.choices], required=False)
    role = ChoiceField(label=_("用途"), choices=[("", ""), *Equipment.Role.choices], required=False)
    site = RowField(label=_("场所"), queryset=Site.objects.none(), required=False)
    keeper = RowField(label=_("保管人"), queryset=Employment.objects.none(), required=False)
    due = ChoiceField(label=_("溯源"), choices=[("", ""), *due.TITLES.items()], required=False)

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        sites = Site.objects.visible_to(actor).exclude(state=Site.State.WITHDRAWN)
        self.fields["site"].queryset = sites.order_by("name", "pk")
        self.fields["keeper"].queryset = Employment.objects.visible_to(actor).order_by("name", "pk")


class StandardFilter(forms.Form):
    """Which measurement standards are shown."""

    q = TextField(label=_("编号、名称、考核证书号"), max_length=60, required=False)
    kind = ChoiceField(label=_("种类"), choices=[("", ""), *MeasurementStandard.Kind.choices], required=False)
    state = ChoiceField(label=_("状态"), choices=[("", ""), *MeasurementStandard.State.choices], required=False)
    due = ChoiceField(label=_("考核证书"), choices=[("", ""), *due.TITLES.items()], required=False)


class DayForm(forms.Form):
    """The day on which a standard is judged."""

    on = DayField(label=_("判断日期"), required=False)
