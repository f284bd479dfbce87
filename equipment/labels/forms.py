"""What is chosen before labels are printed, and what is typed about a code."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.typed import ChoiceField, TextField, WholeNumberField

from ..codes.verbs import MOST
from .formats import CHOICES, FORMATS, SheetFormat


class SheetForm(forms.Form):
    """The paper, the first free place on it, and what a status label shows besides what it must."""

    sheet = ChoiceField(label=_("标签纸"), choices=CHOICES, initial="roll-40x30")
    start = WholeNumberField(
        label=_("从第几枚开始"), min_value=1, max_value=24, initial=1, required=False,
        help_text=_("A4 纸上前面已经用掉的，从下一枚开始；从左到右、从上到下数"),
    )  # fmt: skip
    issuer = forms.BooleanField(label=_("印检校机构"), required=False)
    signed = forms.BooleanField(label=_("留签名处"), required=False)

    def clean(self):
        """The first label lies on the paper."""
        values = self.cleaned_data
        sheet, start = FORMATS.get(values.get("sheet")), values.get("start") or 1
        if sheet is not None and "start" not in self.errors and start > sheet.places:
            self.add_error(
                "start",
                _("这种纸一张只有 %(places)d 枚。请填 1 到 %(places)d。") % {"places": sheet.places},
            )
        values["start"] = start
        return values

    @property
    def paper(self) -> SheetFormat:
        """The chosen paper of a valid form."""
        return FORMATS[self.cleaned_data["sheet"]]


class PrintForm(SheetForm):
    """As SheetForm, for chosen equipment."""

    STATUS, CODE = "status", "code"

    what = ChoiceField(
        label=_("印什么"), choices=[(STATUS, _("状态标识")), (CODE, _("器具码"))], initial=STATUS,
        widget=forms.RadioSelect,
    )  # fmt: skip

    field_order = ("what", "sheet", "start", "issuer", "signed")


class BlankForm(forms.Form):
    """How many blank codes, on which paper."""

    count = WholeNumberField(label=_("印几枚"), min_value=1, max_value=MOST, initial=24)
    sheet = ChoiceField(label=_("标签纸"), choices=CHOICES, initial="a4-3x8")


class ClaimForm(forms.Form):
    """The token of a code as it is printed below it, or as its address; and what the equipment is searched by."""

    code = TextField(
        label=_("器具码"), max_length=200, help_text=_("扫码自动带入；也可以照标签下面一行键入，空格不用管")
    )
    q = TextField(label=_("设备"), max_length=60, required=False, help_text=_("管理编号、出厂编号或名称"))
