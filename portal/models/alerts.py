"""Alerts about dates that come closer, who takes care of them, and the mails that carried them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class Alert(TenantModel):
    """One threshold passed by one thing with one due date. Made once, however often the scan runs.

    `settled_at`: when the scan saw that the thing is no longer due. What people do about it (已知悉, 推迟, 指派) concerns the
    thing and is written on the alerts of all its thresholds; a later threshold takes over 推迟 and 指派. The night writes
    thousands of rows: whoever answers is not indexed, since nobody asks for it but within an institution.
    """

    protection = "no_delete"

    rule = models.CharField(max_length=60)
    target = models.CharField(max_length=80)
    target_id = models.BigIntegerField()
    threshold = models.SmallIntegerField(_("提前天数"))
    due_on = models.DateField(_("到期日"))
    subject = models.CharField(_("事项"), max_length=200)
    link = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("确认人"),
        db_index=False,
    )  # fmt: skip
    seen_at = models.DateTimeField(_("确认时间"), null=True)
    settled_at = models.DateTimeField(_("消除时间"), null=True)
    snoozed_until = models.DateField(_("推迟至"), null=True)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    snooze_reason = models.CharField(_("推迟原因"), max_length=300, blank=True, db_default="")
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("处理人"),
        db_index=False,
    )  # fmt: skip
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    assigned_at = models.DateTimeField(_("指派时间"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "rule", "target_id", "threshold", "due_on"], name="alert_once"
            )
        ]
        indexes = [
            models.Index(fields=["institution", "due_on", "id"], name="alert_by_due_date"),
            models.Index(
                fields=["rule", "due_on"], include=["target_id", "threshold", "institution"],
                condition=models.Q(settled_at=None), name="alert_open",
            ),
            models.Index(
                fields=["rule"], name="alert_cared_for",
                condition=models.Q(snoozed_until__isnull=False) | models.Q(assigned_to__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.subject


class Delivery(TenantModel):
    """One digest to one person for one day: what it was about, how often it was tried, whether it left."""

    class State(models.TextChoices):
        PENDING = "pending", _("待发送")
        SENT = "sent", _("已发出")
        FAILED = "failed", _("发送失败")

    protection = "no_delete"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("日期"))
    alerts = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    last_error = models.CharField(_("最后的错误"), max_length=300, blank=True)
    sent_at = models.DateTimeField(_("发出时间"), null=True)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "user", "day"], name="one_digest_a_day")]

    def __str__(self):
        return f"{self.user} {self.day}"


class DeliveryAttempt(TenantModel):
    """One attempt to hand a digest to the mail server, and what came of it. Never changed."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("已交给邮件服务器")
        REFUSED = "refused", _("未送出")

    protection = "append_only"

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField(_("时间"), db_default=DatabaseClock(), editable=False)
    outcome = models.CharField(_("结果"), max_length=10, choices=Outcome)
    error = models.CharField(_("错误"), max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["institution", "delivery", "id"], name="attempts_of_delivery")]

    def __str__(self):
        return f"{self.get_outcome_display()} {self.at:%F %T}"


class Absence(TenantModel):
    """代理: while somebody is away, a substitute is told of everything that the absent member is told of."""

    class State(models.TextChoices):
        ANNOUNCED = "announced", _("已登记")
        WITHDRAWN = "withdrawn", _("已撤销")

    protection = "no_delete"

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ANNOUNCED)
    absent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("离岗人")
    )
    substitute = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("代理人")
    )
    first_day = models.DateField(_("开始日期"))
    last_day = models.DateField(_("结束日期"))
    recorded_at = models.DateTimeField(_("登记时间"), db_default=DatabaseClock(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_day__lte=models.F("last_day")), name="absence_days_in_order"
            ),
            models.CheckConstraint(condition=~models.Q(absent=models.F("substitute")), name="absence_needs_another"),
        ]
        indexes = [models.Index(fields=["institution", "substitute", "last_day"], name="absence_by_substitute")]

    def __str__(self):
        return f"{self.absent} {self.first_day}～{self.last_day}"
