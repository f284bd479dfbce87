"""What a person may type into the account pages. Forms validate and never save."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.actors import Actor
from portal.permissions import INSTITUTION_ROLES, ROLE_TITLES

from .models import Employment, User

LONGEST_PASSWORD = 128
ROLE_CHOICES = [(role.value, ROLE_TITLES[role]) for role in INSTITUTION_ROLES]


def password_field(label: str, autocomplete: str, **options: Any) -> forms.CharField:
    """A password as typed, spaces included; its rules are those of the settings."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, **options)


class LoginForm(forms.Form):
    username = forms.CharField(
        label=_("登录名"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = password_field(_("密码"), "current-password", max_length=1000)


class NewPassword(forms.Form):
    """A new password, typed twice, judged by the validators with the account's own words in mind."""

    password = password_field(
        _("新密码"), "new-password", max_length=1000,
        help_text=_("12 到 128 个字符，可以粘贴，可以用空格和中文。不要用常见密码、纯数字或登录名。"),
    )  # fmt: skip
    repeat = password_field(_("再输一次"), "new-password", max_length=1000)

    def __init__(self, *args: Any, account: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        password, repeat = values.get("password"), values.get("repeat")
        if password and repeat and password != repeat:
            self.add_error("repeat", _("两次输入不一致。"))
        if password:
            try:
                password_validation.validate_password(password, self.judged_account(values))
            except ValidationError as error:
                self.add_error("password", error)
        return values

    def judged_account(self, values: dict[str, Any]) -> User:
        """The account whose name and address the password must not resemble."""
        return self.account


class PasswordForm(NewPassword):
    current = password_field(_("现在的密码"), "current-password", max_length=1000)
    field_order = ["current", "password", "repeat"]

    def clean_current(self) -> str:
        current = self.cleaned_data["current"]
        if not self.account.check_password(current):
            raise ValidationError(_("现在的密码不对。"))
        return current


class AcceptForm(NewPassword):
    username = forms.CharField(
        label=_("登录名"),
        max_length=60,
        help_text=_("以后用它登录。小写字母、数字、点和短横线，至少 3 个字符。"),
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9._-]{2,59}\Z", _("请用小写字母、数字、点和短横线，至少 3 个字符，以字母或数字开头。")
            )
        ],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    field_order = ["username", "password", "repeat"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username=username).exists():
            raise ValidationError(_("这个登录名已被使用，请换一个。"))
        return username

    def judged_account(self, values: dict[str, Any]) -> User:
        return User(username=values.get("username", ""), name=self.account.name, email=self.account.email)


class RolesField(forms.MultipleChoiceField):
    def __init__(self, **options: Any) -> None:
        options |= {"choices": ROLE_CHOICES, "widget": forms.CheckboxSelectMultiple, "label": _("角色")}
        options["error_messages"] = {"required": _("请至少选择一个角色。")}
        super().__init__(**options)


class InviteForm(forms.Form):
    name = forms.CharField(label=_("姓名"), max_length=60, widget=forms.TextInput(attrs={"autofocus": True}))
    email = forms.EmailField(label=_("电子邮箱"), help_text=_("邀请链接发到这里，七天内有效。"))
    employment = forms.ModelChoiceField(
        label=_("对应的从业人员"),
        queryset=Employment.objects.none(),
        required=False,
        empty_label=_("不对应（只做管理，不参与检定校准）"),
        help_text=_("检定/校准员、核验员和签字人必须对应到在职人员，授权和回避才能自动核对。"),
    )
    roles = RolesField(help_text=_("可以多选。同一份证书的检定、核验和批准由三个人完成，系统会自动核对。"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.fields["employment"].queryset = (
            Employment.objects.visible_to(actor)
            .filter(Q(ended_on=None) | Q(ended_on__gte=today))
            .order_by("staff_number")
        )
        self.fields["employment"].label_from_instance = lambda row: f"{row.name}（{row.staff_number}）"


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("理由"), max_length=500, help_text=_("写进审计记录，以后不能改。"))


class RolesForm(ReasonForm):
    roles = RolesField()
    field_order = ["roles", "reason"]
