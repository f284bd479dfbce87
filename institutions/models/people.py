"""People: one identity across the portal, an employment per institution, authorisations by role and field."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel, TenantQuerySet

from .institution import ValidQuerySet

OLDEST_OPERATOR = 65


class Person(models.Model):
    """The identity behind employments and accounts, without a single personal fact: those are the tenants'.

    `identity_digest` is a keyed hash of the ID number: equal for the same person at two institutions, and of no use
    without the key.
    """

    protection = "no_delete"

    identity_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)

    def __str__(self):
        return f"person {self.pk}"


class EmploymentQuerySet(TenantQuerySet):
    def active_on(self, day: date):
        return self.filter(started_on__lte=day).filter(models.Q(ended_on=None) | models.Q(ended_on__gte=day))


class Employment(TenantModel):
    """从业: a person working for the institution from a day on."""

    class Kind(models.TextChoices):
        ON_POST = "on_post", _("在职在岗")
        DISPATCH = "dispatch", _("劳务派遣")

    audit_omits = ("birth_date", "id_number_sealed", "phone_sealed")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("姓名"), max_length=60)
    staff_number = models.CharField(_("工号"), max_length=20)
    kind = models.CharField(_("用工形式"), max_length=10, choices=Kind, default=Kind.ON_POST)
    birth_date = models.DateField(_("出生日期"))
    id_number_sealed = models.TextField(_("身份证号"), blank=True)
    phone_sealed = models.TextField(_("手机号"), blank=True)
    started_on = models.DateField(_("入职日期"))
    ended_on = models.DateField(_("离职日期"), null=True, blank=True)

    objects = EmploymentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "staff_number"], name="staff_number_once")]

    def __str__(self):
        return self.name

    def active_on(self, day: date) -> bool:
        return self.started_on <= day and (self.ended_on is None or day <= self.ended_on)

    def within_age_on(self, day: date) -> bool:
        """Whether an operator may still work that day: the last day is the 65th birthday. Source: C-5.1.2-s4."""
        birthday = (self.birth_date.year + OLDEST_OPERATOR, self.birth_date.month, self.birth_date.day)
        return (day.year, day.month, day.day) <= birthday


class AuthorisationQuerySet(ValidQuerySet):
    def in_force_on(self, day: date):
        """Granted, not ended and not revoked on that day."""
        return self.valid_on(day).filter(models.Q(revoked_on=None) | models.Q(revoked_on__gt=day))


class Authorisation(TenantModel):
    """授权: a person may act in a role within one field for a time."""

    class Role(models.TextChoices):
        VERIFIER = "verifier", _("检定员")
        CALIBRATOR = "calibrator", _("校准员")
        CHECKER = "checker", _("核验员")
        SIGNATORY = "authorised_signatory", _("授权签字人")

    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="authorisations")
    role = models.CharField(_("授权岗位"), max_length=30, choices=Role)
    field = models.CharField(_("专业领域"), max_length=30)
    certificate_number = models.CharField(_("授权文件号"), max_length=60)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    revoked_on = models.DateField(_("撤销日期"), null=True, blank=True)

    objects = AuthorisationQuerySet.as_manager()

    def __str__(self):
        return f"{self.get_role_display()}（{self.field}）"

    def in_force_on(self, day: date) -> bool:
        return (
            self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
            and (self.revoked_on is None or day < self.revoked_on)
        )
