"""What an institution's people type about their pledge."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import Document
from portal.registers.forms import EvidenceField, RowForm
from portal.typed import DayField, TextField


def _long(label: Any, length: int, *, rows: int = 3, **kwargs: Any) -> TextField:
    return TextField(label=label, max_length=length, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class ScanForm(forms.Form):
    """The signed and sealed paper, and the day on it."""

    signed_on = DayField(label=_("签署日期"), help_text=_("照承诺书上写的日期，不早于核对那天"))
    file = EvidenceField(
        label=_("签章扫描件"), help_text=_("法定代表人签字并加盖公章，PDF、JPEG 或 PNG"),
        error_messages={"required": _("请选择签章扫描件。")},
    )  # fmt: skip


class RemarkForm(forms.Form):
    """A word about the year, which may be left out."""

    remark = _long(_("说明"), 300, rows=2, required=False, help_text=_("例如：本年度换领了资质证书，承诺不变"))


class DropForm(forms.Form):
    """Why a pledge in the making is given up."""

    reason = _long(_("放弃的原因"), 300, rows=2, help_text=_("例如：法定代表人变更，要重新起草"))


class WithdrawForm(forms.Form):
    """Why the institution takes its pledge back."""

    reason = _long(_("撤销的原因"), 300, help_text=_("主管部门会读到；扫码页面只显示“机构自行撤销”和日期"))


class AnswerForm(forms.Form):
    """What the institution says before the regulator decides."""

    answer = _long(_("陈述与申辩"), 2000, rows=6)
    file = EvidenceField(label=_("陈述材料"), required=False, help_text=_("没有可以不传；PDF、JPEG 或 PNG"))


class RemedyForm(forms.Form):
    """What was found, what was done, until when, with the evidence. It says what handing it in takes, and lets what is only
    kept be incomplete: the verb refuses."""

    cause_found = _long(_("原因分析"), 1000, rows=4, help_text=_("为什么会发生，查到的根本原因"))
    measures = _long(_("整改措施与结果"), 2000, rows=5, help_text=_("做了什么，怎样验证有效"))
    finished_on = DayField(label=_("整改完成日期"))

    def __init__(self, *args: Any, kept: Document | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = (
            _("已上传：%(name)s；不选就保留它") % {"name": kept.name}
            if kept
            else _("整改报告、照片等，PDF、JPEG 或 PNG")
        )
        self.fields["file"] = EvidenceField(label=_("整改证据"), help_text=hint, kept=kept)
        for field in self.fields.values():
            field.required = not self.is_bound


class ChannelForm(RowForm):
    """Where the pledge hangs. An address is one line, however long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].widget = forms.TextInput(attrs={"inputmode": "url", "maxlength": 200})
