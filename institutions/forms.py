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
from portal.typed import ChoiceField, TextField

from .models import Employment, User

ROLE_CHOICES = [(role.value, ROLE_TITLES[role]) for role in INSTITUTION_ROLES]


def password_field(label: str, autocomplete: str, **options: Any) -> forms.CharField:
    """A password as typed, spaces included; its rules are those of the settings."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, **options)


class TypedAnew(forms.TextInput):
    """A code: what was typed does not come back on the page."""

    def format_value(self, value: Any) -> None:
        return None


def code_field(label: str, **options: Any) -> forms.CharField:
    """Six figures from the phone, as phones and password managers fill them in."""
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "class": "otp"}
    return forms.CharField(label=label, max_length=40, widget=TypedAnew(attrs=attributes), **options)


class LoginForm(forms.Form):
    username = forms.CharField(
        label=_("登录名"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = password_field(_("密码"), "current-password", max_length=1000)


class CodeForm(forms.Form):
    """The phone's code, or a recovery code in its place."""

    otp = code_field(_("6 位动态验证码"), error_messages={"required": _("请输入手机上的 6 位验证码，或填一个恢复码。")})
    recovery = forms.CharField(
        label=_("恢复码"), max_length=40, required=False,
        widget=TypedAnew(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["otp"].widget.attrs["autofocus"] = True
        if self.data.get("recovery"):
            self.fields["otp"].required = False


class EnrolForm(forms.Form):
    """The first code of a new phone; and who it is: by the old factor, or by the password where there is none.

    The password is asked for however short ago the sign-in was: a stolen session knows that too.
    """

    code = code_field(_("手机上显示的 6 位验证码"))

    def __init__(self, *args: Any, by_factor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner_field = "proof" if by_factor else "own_password"
        if by_factor:
            self.fields["code"].label = _("新手机上显示的 6 位验证码")
            self.fields["proof"] = forms.CharField(
                label=_("原来手机上的验证码，或一个恢复码"), max_length=40, widget=code_field("").widget
            )
        else:
            self.fields["own_password"] = password_field(_("登录密码"), "current-password", max_length=1000)


class ProofForm(forms.Form):
    """One field by which a person proves who it is, inside the form of an act with legal effect. Never sent back filled."""

    def __init__(self, *, by_code: bool, refused: str = "", hint: str = "", **kwargs: Any) -> None:
        super().__init__({} if refused else None, **kwargs)
        errors = {"required": refused}
        if by_code:
            self.fields["otp"] = code_field(_("手机上的 6 位动态验证码"), help_text=hint, error_messages=errors)
        else:
            self.fields["own_password"] = password_field(
                _("您的登录密码"), "current-password", max_length=1000, error_messages=errors
            )


class NewPassword(forms.Form):
    """A new password, typed twice, judged by the validators with the account's own words in mind."""

    password = password_field(_("新密码"), "new-password", max_length=1000)
    repeat = password_field(_("再输一次"), "new-password", max_length=1000)

    def __init__(self, *args: Any, account: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["password"].help_text = "".join(password_validation.password_validators_help_texts())

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


class ForgottenForm(forms.Form):
    username = forms.CharField(
        label=_("登录名"), max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )  # fmt: skip


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
        account = User(username=values.get("username", ""), name=self.account.name, email=self.account.email)
        account.context_words = getattr(self.account, "context_words", ())
        return account


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
            .filter(Q(ended_on=None) | Q(ended_on__gte=today), state=Employment.State.CURRENT)
            .order_by("staff_number")
        )
        self.fields["employment"].label_from_instance = lambda row: f"{row.name}（{row.staff_number}）"


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("理由"), max_length=500, help_text=_("写进审计记录，以后不能改。"))


class RolesForm(ReasonForm):
    roles = RolesField()
    field_order = ["roles", "reason"]


class UnmaskForm(forms.Form):
    """Which masked fact of a person somebody wants to see, and why."""

    reason = TextField(
        label=_("为什么要看"), max_length=200, help_text=_("例如办理社保、核对证件。写进审计记录，以后不能改。")
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"] = ChoiceField(label=_("看哪一项"), choices=choices)
        self.order_fields(["what", "reason"])
