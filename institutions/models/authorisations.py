"""Authorisations: who may act in which role within which field, from when, and what has stopped it since."""

from datetime import date

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel

from .institution import ValidQuerySet
from .people import Employment


class LiesInOneOf(models.Func):
    """Whether a day (first) lies in one of the ranges of a column (second)."""

    template, arg_joiner, output_field = "(%(expressions)s))", " <@ ANY(", models.BooleanField()


class AuthorisationQuerySet(ValidQuerySet):
    def in_force_on(self, day: date):
        """Granted by then, not ended, not revoked and not suspended on that day, its conditions known to hold."""
        return (
            self.valid_on(day)
            .exclude(state__in=Authorisation.NOT_GRANTED)
            .filter(models.Q(revoked_on=None) | models.Q(revoked_on__gt=day))
            .filter(models.Q(granted_on=None) | models.Q(granted_on__lte=day))
            .filter(models.Q(holds_until=None) | models.Q(holds_until__gte=day))
            .filter(models.Q(suspended_on=None) | models.Q(suspended_on__gt=day))
            .exclude(LiesInOneOf(Cast(models.Value(day), models.DateField()), models.F("past_suspensions")))
        )

    def standing(self):
        """What was granted and has not been taken back: in force, suspended, run out or about to begin."""
        return self.filter(state__in=Authorisation.STANDING)


class Authorisation(TenantModel):
    """授权: a person may act in a role within one field for a time.

    `holds_until` is the last day on which the conditions of the role are known to hold: whatever ends at midnight ends
    the authorisation at midnight, before any job has run. `past_suspensions` keep validity on a past day what it was.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待批准")
        GRANTED = "granted", _("已授权")
        SUSPENDED = "suspended", _("已暂停")
        REVOKED = "revoked", _("已撤销")
        WITHDRAWN = "withdrawn", _("未批准")

    class Role(models.TextChoices):
        VERIFIER = "verifier", _("检定员")
        CALIBRATOR = "calibrator", _("校准员")
        CHECKER = "checker", _("核验员")
        SIGNATORY = "authorised_signatory", _("授权签字人")
        TECHNICAL_MANAGER = "technical_manager", _("技术负责人")
        QUALITY_MANAGER = "quality_manager", _("质量负责人")
        SUPERVISOR = "supervisor", _("质量监督员")
        METROLOGY_MANAGER = "metrology_manager", _("计量管理人员")
        TRAINER = "trainer", _("培训教师")
        OPINION = "opinion", _("意见解释人")
        MANAGER = "manager", _("管理人员")

    OPERATORS = (Role.VERIFIER, Role.CALIBRATOR)
    KEY_ROLES = (Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER, Role.SIGNATORY)
    BY_FIELD = (*OPERATORS, Role.CHECKER, Role.SIGNATORY)
    NOT_GRANTED = (State.PROPOSED, State.WITHDRAWN)
    STANDING = (State.GRANTED, State.SUSPENDED)

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.GRANTED)
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="authorisations")
    role = models.CharField(_("授权岗位"), max_length=30, choices=Role)
    field = models.CharField(_("专业领域"), max_length=30, blank=True)
    certificate_number = models.CharField(_("授权文件号"), max_length=60)
    basis = models.CharField(_("授权依据"), max_length=200, blank=True)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    granted_on = models.DateField(_("批准日期"), null=True, blank=True, editable=False)
    granted_by = models.CharField(_("批准人"), max_length=60, blank=True, editable=False)
    revoked_on = models.DateField(_("撤销日期"), null=True, blank=True)
    suspended_on = models.DateField(_("暂停日期"), null=True, blank=True, editable=False)
    suspended_because = models.CharField(_("暂停原因"), max_length=500, blank=True, editable=False)
    past_suspensions = ArrayField(DateRangeField(), default=list, blank=True, editable=False)
    holds_until = models.DateField(_("条件满足至"), null=True, blank=True, editable=False)

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("授权")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
                name="authorisation_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="suspended") | models.Q(suspended_on__isnull=False),
                name="suspended_from_a_day_on",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_role_display()}（{self.field}）" if self.field else str(self.get_role_display())

    def in_force_on(self, day: date) -> bool:
        """Granted by then, not ended, not revoked and not suspended on that day, its conditions known to hold."""
        return (
            self.state not in self.NOT_GRANTED
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
            and (self.revoked_on is None or day < self.revoked_on)
            and (self.granted_on is None or self.granted_on <= day)
            and (self.holds_until is None or day <= self.holds_until)
            and (self.suspended_on is None or day < self.suspended_on)
            and not any(past.lower <= day < past.upper for past in self.past_suspensions)
        )
