"""Alerts about dates that come closer, and the mails that carried them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class Alert(TenantModel):
    """One threshold passed by one thing with one due date. Made once, however often the scan runs."""

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
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("确认人")
    )
    seen_at = models.DateTimeField(_("确认时间"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "rule", "target_id", "threshold", "due_on"], name="alert_once"
            )
        ]
        indexes = [models.Index(fields=["institution", "due_on", "id"], name="alert_by_due_date")]

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
