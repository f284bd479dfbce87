"""How a pledge ends, and the way back: withdrawal, hearing, remediation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel

from .pledge import Commitment


class CommitmentWithdrawal(TenantModel):
    """撤销: since when the pledge counts for nothing, why, and by whom. Never changed. Source: A-9.3.

    `trigger_on` is the day on which the cause arose; `subject` the kind of row that is the cause, `subject_id` its key.
    """

    protection = "append_only"

    class Cause(models.TextChoices):
        VIOLATION = "violation", _("诚信计量违法违规")
        COMPLAINT = "complaint", _("诚信投诉查证属实")
        COLLUSION = "collusion", _("计量比对串通")
        LICENCE = "licence", _("营业执照或登记证书失效")
        QUALIFICATION = "qualification", _("所需资质失效")
        CLOSURE = "closure", _("停业或注销")
        VOLUNTARY = "voluntary", _("机构自行撤销")
        REGULATOR = "regulator", _("主管部门撤销")

    commitment = models.OneToOneField(Commitment, on_delete=models.PROTECT, related_name="withdrawal")
    cause = models.CharField(_("情形"), max_length=15, choices=Cause)
    trigger_on = models.DateField(_("情形出现日期"))
    subject = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    reason = models.CharField(_("事由"), max_length=500)
    decided_by = models.CharField(_("作出者"), max_length=100)
    withdrawn_at = models.DateTimeField(_("撤销时间"))
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("承诺撤销")

    def __str__(self):
        return f"{self.commitment} {self.get_cause_display()}"


class Hearing(TenantModel):
    """拟撤销告知与陈述申辩: a regulator says what it means to do and why; the institution answers before it is decided."""

    class State(models.TextChoices):
        NOTICED = "noticed", _("已告知，待陈述")
        ANSWERED = "answered", _("已陈述，待决定")
        UPHELD = "upheld", _("决定撤销")
        DROPPED = "dropped", _("不予撤销")

    OPEN = (State.NOTICED, State.ANSWERED)

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.NOTICED)
    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="hearings")
    reason = models.CharField(_("拟撤销的事由与依据"), max_length=1000)
    noticed_by = models.CharField(_("告知人"), max_length=100)
    noticed_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    answer_by = models.DateField(_("陈述截止"))
    answer = models.CharField(_("陈述与申辩"), max_length=2000, blank=True)
    answered_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("陈述人")
    )
    answered_at = models.DateTimeField(null=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("陈述材料")
    )
    decision = models.CharField(_("决定理由"), max_length=1000, blank=True)
    decided_by = models.CharField(_("决定人"), max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("拟撤销告知")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "commitment"], condition=models.Q(state__in=["noticed", "answered"]),
                name="one_hearing_at_a_time",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.commitment} {self.get_state_display()}"


class Remediation(TenantModel):
    """整改: what the institution did about the cause, and whether the regulator accepts it. Source: A-9.3-s2."""

    class State(models.TextChoices):
        DRAFT = "draft", _("整改中")
        SUBMITTED = "submitted", _("已提交，待审查")
        RETURNED = "returned", _("已退回")
        ACCEPTED = "accepted", _("已认可")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    withdrawal = models.OneToOneField(CommitmentWithdrawal, on_delete=models.PROTECT, related_name="remediation")
    cause_found = models.CharField(_("原因分析"), max_length=1000, blank=True)
    measures = models.CharField(_("整改措施与结果"), max_length=2000, blank=True)
    finished_on = models.DateField(_("整改完成日期"), null=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("整改证据")
    )
    submitted_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("提交人")
    )
    submitted_at = models.DateTimeField(null=True)
    decision = models.CharField(_("审查意见"), max_length=1000, blank=True)
    decided_by = models.CharField(_("审查人"), max_length=100, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("整改")

    def __str__(self):
        return f"{self.withdrawal} {self.get_state_display()}"
