"""What a person may type about people: a new colleague, a correction, a leave, an authorisation. Forms validate and never save."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.actors import Actor
from portal.forms import ReasonForm
from portal.permissions import Permission
from portal.typed import ChoiceField, DayField, RowField, TextField

from .models import Authorisation, Department, Employment, ScopeItem
from .registers.people import EarlierDayField

ORDER = (
    "name", "staff_number", "birth_date", "started_on", "ended_on", "kind", "department", "post", "full_time",
    "is_technical",
)  # fmt: skip


class EmploymentForm(forms.Form):
    """An employment, without what identifies the person."""

    name = TextField(label=_("姓名"), max_length=60)
    staff_number = TextField(label=_("工号"), max_length=20, help_text=_("本机构内不重复，例如 A017"))
    kind = ChoiceField(
        label=_("用工形式"), choices=Employment.Kind.choices,
        help_text=_("关键岗位须在职在岗；检定、校准人员限在职在岗或劳务派遣"),
    )  # fmt: skip
    post = TextField(label=_("岗位"), max_length=60, required=False)
    birth_date = EarlierDayField(label=_("出生日期"))
    started_on = EarlierDayField(label=_("入职日期"))
    full_time = forms.BooleanField(label=_("全职"), required=False, initial=True)
    is_technical = forms.BooleanField(
        label=_("技术人员"), required=False, initial=True, help_text=_("检定、校准、核验、签字和技术管理人员都是")
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Department.objects.visible_to(actor).filter(state=Department.State.CURRENT)
        self.fields["department"] = RowField(label=_("部门"), queryset=rows.order_by("name", "pk"), required=False)
        self.order_fields(ORDER)  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """The columns of the employment."""
        known = {field.name for field in Employment._meta.fields}
        return {name: value for name, value in self.cleaned_data.items() if name in known and name != "revision"}


class NewPersonForm(EmploymentForm):
    """A new colleague, with ID number and phone from who may record them."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        if actor.may(Permission.PERSON_IDENTIFY):
            self.fields |= identity_fields()
        self.order_fields(["name", "staff_number", "id_number", "phone", *ORDER])


def identity_fields() -> dict[str, forms.Field]:
    """ID number and phone. Both are sealed at once, so what was typed does not come back on the page."""
    closed = {"autocomplete": "off", "spellcheck": "false"}
    return {
        "id_number": forms.CharField(
            label=_("身份证号"), max_length=60, required=False, widget=forms.TextInput(attrs=closed),
            help_text=_("18 位，加密保存，页面上只显示首尾几位；同一个人在别处任职时据此核对"),
        ),
        "phone": forms.CharField(
            label=_("手机号"), max_length=40, required=False, widget=forms.TextInput(attrs=closed | {"inputmode": "tel"}),
            help_text=_("加密保存，紧急时联系"),
        ),
    }  # fmt: skip


class IdentityForm(forms.Form):
    """ID number and phone of somebody who is on record already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= identity_fields()

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not values.get("id_number", "").strip() and not values.get("phone", "").strip():
            raise forms.ValidationError(_("请填写身份证号或手机号；留空的一项保持不变。"))
        return values


class AmendPersonForm(EmploymentForm):
    """The corrections to an employment; `revision` tells whether somebody else was quicker."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    birth_date = EarlierDayField(
        label=_("出生日期"), required=False, help_text=_("不显示原来的；写错了才填，留空保持不变")
    )
    ended_on = EarlierDayField(label=_("离职日期"), required=False, help_text=_("在职的留空；刚离职请用“登记离职”"))

    def facts(self) -> dict[str, Any]:
        facts = super().facts()
        return facts if facts["birth_date"] else {name: facts[name] for name in facts if name != "birth_date"}


class LeaveForm(ReasonForm):
    """The last day, and why."""

    on = DayField(label=_("最后在职日"), help_text=_("这一天仍在职；授权到这一天为止，可以填将来的日期"))
    field_order = ["on", "reason"]


class AuthorisationForm(forms.Form):
    """What an authorisation is for, and from when to when."""

    role = ChoiceField(label=_("授权岗位"), choices=Authorisation.Role.choices)
    field = TextField(
        label=_("专业领域"), max_length=30, required=False,
        help_text=_("检定、校准、核验、签字按专业授权，写法与能力范围一致；其他岗位可以不填"),
    )  # fmt: skip
    certificate_number = TextField(label=_("授权文件号"), max_length=60)
    basis = TextField(
        label=_("授权依据"), max_length=200, required=False, help_text=_("培训教师必填，例如 教师资格、从事专业的年限")
    )
    valid_from = DayField(label=_("有效期自"))
    valid_until = DayField(label=_("有效期至"), required=False, help_text=_("长期有效的不填"))

    def __init__(self, *args: Any, actor: Actor, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_from"].initial = day
        self.fields["field"].widget.attrs["list"] = "known-fields"
        self.known_fields = sorted(
            set(ScopeItem.objects.visible_to(actor).values_list("field", flat=True).distinct())
            | set(Authorisation.objects.visible_to(actor).exclude(field="").values_list("field", flat=True).distinct())
        )
