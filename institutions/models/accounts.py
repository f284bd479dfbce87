"""Accounts: who signs in, and into which institutions with which roles."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.permissions import ROLE_TITLES, Role
from portal.personal import masked_email
from portal.tenancy import TenantModel


class UserManager(BaseUserManager):
    def spelling(self, username: str) -> str:
        """The one spelling under which a name is stored, found and counted."""
        return self.model.normalize_username(username).strip().lower()

    def create_user(self, username, password=None, **fields):
        user = self.model(username=self.spelling(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username):
        return self.get(username=self.spelling(username))


class User(AbstractBaseUser):
    """One person's account. What it may do follows from its memberships, never from the account itself."""

    username = models.CharField(_("登录名"), max_length=60, unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    email = models.EmailField(_("电子邮箱"), blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    frozen_at = models.DateTimeField(_("冻结时间"), null=True, blank=True)
    password_changed_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    def __str__(self):
        return self.name


def known_roles(roles):
    unknown = set(roles) - set(Role)
    if unknown or not roles:
        raise ValidationError(_("请至少选择一个有效的角色。"))


class RolesField(ArrayField):
    """The roles a person holds at once; separation of duties is a gate, not a role."""

    def __init__(self, **kwargs):
        kwargs.setdefault("base_field", models.CharField(max_length=30))
        kwargs.setdefault("verbose_name", _("角色"))
        kwargs.setdefault("validators", [known_roles])
        super().__init__(**kwargs)


class Membership(TenantModel):
    """A user's roles in one institution; for a regulator the region it answers for.

    `institution` of a regulator's membership is empty: its rows are readable by the user itself only.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("有效")
        ENDED = "ended", _("已停用")

    institution = models.ForeignKey("institutions.Institution", on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    employment = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    roles = RolesField()
    region_code = models.CharField(_("辖区代码"), max_length=12, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "user"], name="one_membership_per_institution"),
            models.CheckConstraint(
                condition=models.Q(institution__isnull=False) | ~models.Q(region_code=""),
                name="membership_has_institution_or_region",
            ),
        ]

    def __str__(self):
        return f"{self.user} · {self.role_titles}"

    @property
    def role_titles(self) -> str:
        return "、".join(str(ROLE_TITLES[Role(role)]) for role in self.roles)


class Invitation(TenantModel):
    """An offer of membership, sent by mail; whoever holds the link sets a password and becomes a member."""

    class State(models.TextChoices):
        SENT = "sent", _("已发出")
        ACCEPTED = "accepted", _("已接受")
        WITHDRAWN = "withdrawn", _("已撤回")

    audit_omits = ("email",)

    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    email = models.EmailField(_("电子邮箱"))
    name = models.CharField(_("姓名"), max_length=60)
    roles = RolesField()
    employment = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField(_("有效至"))
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self):
        return f"{self.name} <{masked_email(self.email)}>"  # what the audit trail writes down

    @property
    def role_titles(self) -> str:
        return "、".join(str(ROLE_TITLES[Role(role)]) for role in self.roles)


class LoginFailure(models.Model):
    """One failed sign-in, counted to slow guessing down. Kept in PostgreSQL: the limit holds without Redis."""

    at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    username = models.CharField(max_length=60)
    address = models.GenericIPAddressField()

    class Meta:
        indexes = [models.Index(fields=["address", "at"], name="login_failure_by_address")]

    def __str__(self):
        return f"{self.username} {self.at:%F %T}"
