"""What a person types about a method. Validates how it is written; the gates judge whether it may be."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.documents import EVIDENCE
from portal.registers.forms import EvidenceField, RowForm
from portal.typed import DayField, RowField, TextField

from ..models import Employment, Method, OwnMethod, Site
from .currency import in_use


class MethodField(RowField):
    """A method of the catalogue or of the institution itself, by its code; one that has ended says so."""

    def label_from_instance(self, row: Method) -> str:
        day = timezone.localdate()
        if row.in_force_on(day):
            return str(row)
        if day < row.in_force_from:
            return _("%(method)s（%(day)s 实施）") % {"method": row, "day": row.in_force_from}
        return _("%(method)s（已失效）") % {"method": row}


def people(actor: Actor, kept: int | None = None) -> Any:
    """Those who work here today, and whom the row names already."""
    rows = Employment.objects.visible_to(actor)
    return (rows.active_on(timezone.localdate()) | rows.filter(pk=kept or 0)).order_by("staff_number", "pk")


class AdoptionForm(RowForm):
    """A method, where it is used, and the verification. Only what is current or about to be is offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.row.method_id if self.row is not None else None
        living = Q(in_force_until=None) | Q(in_force_until__gt=timezone.localdate()) | Q(pk=kept or 0)
        rows = (
            Method.objects.visible_to(self.actor)
            .filter(living)
            .exclude(kind=Method.Kind.GENERAL)
            .order_by("code", "pk")
        )
        self.fields["method"] = MethodField(label=_("方法"), queryset=rows)
        self.fields["verified_by"].queryset = people(self.actor, self.row and self.row.verified_by_id)


class ReviewForm(RowForm):
    """What somebody found when looking up one method. Only methods in use are offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = in_use(self.actor.institution_id)
        if self.row is not None:
            rows = Method.objects.visible_to(self.actor).filter(Q(pk__in=rows.values("pk")) | Q(pk=self.row.method_id))
        self.fields["method"] = MethodField(label=_("方法"), queryset=rows.order_by("code", "pk"))
        self.fields["reviewer"].queryset = people(self.actor, self.row and self.row.reviewer_id)


class OwnMethodForm(RowForm):
    """A method that is not in the catalogue, as a draft."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["replaces"].queryset = OwnMethod.objects.visible_to(self.actor).filter(
            Q(state=OwnMethod.State.CURRENT) | Q(pk=(self.row and self.row.replaces_id) or 0)
        )
        self.fields["developer"].queryset = people(self.actor, self.row and self.row.developer_id)


def evidence(label: Any, required: bool = True) -> EvidenceField:
    """A file with what it may be."""
    hint = _("%(kinds)s，最大 %(most)d MB") % {"kinds": EVIDENCE.titles, "most": EVIDENCE.largest // 1024 // 1024}
    errors = {"required": gettext_lazy("请上传文件。")}
    return EvidenceField(label=label, help_text=hint, required=required, error_messages=errors)


class ValidateForm(forms.Form):
    """方法确认: when, by whom, and the two papers."""

    validated_on = DayField(label=gettext_lazy("确认日期"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["validator"] = RowField(
            label=_("确认人"), queryset=people(actor), help_text=_("一级注册计量师，或相关专业高级职称")
        )
        self.fields["validation"] = evidence(_("确认记录"))
        self.fields["evaluation"] = evidence(_("不确定度评定报告"))


class ReleaseForm(forms.Form):
    """实施: from which day, and the verification at the first site."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"] = RowField(
            label=_("首个采用场所"),
            queryset=Site.objects.visible_to(actor).filter(state=Site.State.CURRENT).order_by("name", "pk"),
            help_text=_("其他场所验证后，在“方法采用”里登记"),
        )  # fmt: skip
        self.fields["verified_on"] = DayField(label=_("验证日期"))
        self.fields["verified_by"] = RowField(label=_("验证人"), queryset=people(actor))
        self.fields["report_number"] = TextField(label=_("验证报告编号"), max_length=60, required=False)
        self.fields["file"] = evidence(_("验证记录或报告"), required=False)
        self.fields["in_force_from"] = DayField(label=_("实施日期"), help_text=_("从这一天起可以用于检定、校准"))


class BulkReviewForm(forms.Form):
    """Where somebody looked on which day, for all methods ticked in the list."""

    reviewed_on = DayField(label=gettext_lazy("查新日期"))
    source = TextField(
        label=gettext_lazy("查新来源"), max_length=150,
        help_text=gettext_lazy("例如：国家计量技术规范全文公开系统，按编号逐条查询"),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, rows: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("reviewed_on", today)
        self.fields["reviewer"] = RowField(label=_("查新人"), queryset=people(actor))
        own = Employment.objects.visible_to(actor).filter(pk=actor.employment_id or 0).first()
        if own is not None:
            self.initial.setdefault("reviewer", own.ref)
        self.fields["methods"] = forms.ModelMultipleChoiceField(
            queryset=rows, to_field_name="ref", widget=forms.MultipleHiddenInput,
            error_messages={
                "required": _("请先在列表里勾选查过、没有变化的方法。"),
                "invalid_choice": _("勾选的方法已经不在列表里。请刷新页面后重新勾选。"),
                "invalid_pk_value": _("勾选的方法已经不在列表里。请刷新页面后重新勾选。"),
            },
        )  # fmt: skip
