"""People: one identity across the portal, an employment per institution, and what two employments at once leave behind."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel, TenantQuerySet

OLDEST_OPERATOR = 65
TWO_EMPLOYERS = "C-5.1.5"


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
        at_work = models.Q(ended_on=None) | models.Q(ended_on__gte=day)
        return self.filter(at_work, state=RegisterRow.State.CURRENT, started_on__lte=day)


# The days from the first to the last, both included; without an end while there is no last one.
PERIOD = models.Func(
    "started_on", "ended_on", RangeBoundary(inclusive_lower=True, inclusive_upper=True),
    function="DATERANGE", output_field=DateRangeField(),
)  # fmt: skip


class Employment(RegisterRow):
    """从业: a person working for the institution from a day on."""

    class Kind(models.TextChoices):
        ON_POST = "on_post", _("在职在岗")
        DISPATCH = "dispatch", _("劳务派遣")
        PART_TIME = "part_time", _("兼职")
        OTHER = "other", _("其他")

    audit_omits = ("birth_date", "id_number_sealed", "phone_sealed")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("姓名"), max_length=60)
    staff_number = models.CharField(_("工号"), max_length=20)
    kind = models.CharField(_("用工形式"), max_length=10, choices=Kind, default=Kind.ON_POST)
    full_time = models.BooleanField(_("全职"), default=True)
    is_technical = models.BooleanField(
        _("技术人员"), default=True, help_text=_("检定、校准、核验、签字和技术管理人员都是")
    )
    department = models.ForeignKey(
        "institutions.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("部门"),
    )  # fmt: skip
    post = models.CharField(_("岗位"), max_length=60, blank=True)
    birth_date = models.DateField(_("出生日期"))
    id_number_sealed = models.TextField(_("身份证号"), blank=True, editable=False)
    phone_sealed = models.TextField(_("手机号"), blank=True, editable=False)
    started_on = models.DateField(_("入职日期"))
    ended_on = models.DateField(_("离职日期"), null=True, blank=True)

    objects = EmploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("从业人员")
        constraints = [
            models.UniqueConstraint(fields=["institution", "staff_number"], name="staff_number_once"),
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gte=models.F("started_on")),
                name="employment_ends_after_it_begins",
            ),
            # Across institutions: the wall between their rows hides the other employment, the index does not.
            ExclusionConstraint(
                name="one_employer_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("institution", RangeOperators.NOT_EQUAL),
                    (PERIOD, RangeOperators.OVERLAPS),
                ],
                condition=models.Q(state="current"),
                violation_error_code=TWO_EMPLOYERS,
                violation_error_message=_(
                    "系统按身份证号核对到：这个人在这段时间里已在另一家计量技术机构任职，不能同时在两家任职。"
                    "请向本人核实；原单位登记离职以后，再从次日起登记入职。"
                ),
            ),
        ]

    def __str__(self):
        return self.name

    def active_on(self, day: date) -> bool:
        at_work = self.started_on <= day and (self.ended_on is None or day <= self.ended_on)
        return at_work and self.state == self.State.CURRENT

    def within_age_on(self, day: date) -> bool:
        """Whether an operator may still work that day: the last day is the 65th birthday. Source: C-5.1.2-s4."""
        birthday = (self.birth_date.year + OLDEST_OPERATOR, self.birth_date.month, self.birth_date.day)
        return (day.year, day.month, day.day) <= birthday

    @property
    def last_day_within_age(self) -> date:
        """The 65th birthday; of somebody born on 29 February the 28th in a year without it."""
        year = self.birth_date.year + OLDEST_OPERATOR
        try:
            return self.birth_date.replace(year=year)
        except ValueError:
            return date(year, 2, 28)


class EmploymentConflict(TenantModel):
    """An employment that was refused because the person worked for another institution in that time.

    It stands with the institution that tried; which one the other is, only a regulator of both can find out.
    Source: C-5.1.5.
    """

    protection = "append_only"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("姓名"), max_length=60)
    started_on = models.DateField(_("入职日期"))
    ended_on = models.DateField(_("离职日期"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("发现时间"), db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("两处任职")

    def __str__(self):
        return self.name
