"""The audit trail."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class AuditEntry(TenantModel):
    """One act: who, as whom, on what, what changed, why, when by the database's clock. Never changed, never removed."""

    protection = "append_only"

    institution = models.ForeignKey(
        "institutions.Institution", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("机构")
    )
    at = models.DateTimeField(_("时间"), db_default=DatabaseClock(), editable=False)
    actor_name = models.CharField(_("人员"), max_length=150)
    actor_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    acting_as = models.CharField(_("身份"), max_length=200, blank=True)
    verb = models.CharField(_("动作"), max_length=80)
    target = models.CharField(_("对象"), max_length=80, blank=True)
    target_id = models.BigIntegerField(null=True)
    target_ref = models.CharField(max_length=12, blank=True)
    target_name = models.CharField(_("名称"), max_length=200, blank=True)
    was = models.CharField(max_length=30, blank=True)
    became = models.CharField(max_length=30, blank=True)
    changes = models.JSONField(_("变更"), default=dict)
    reason = models.CharField(_("理由"), max_length=500, blank=True)
    succeeded = models.BooleanField(_("成功"), default=True)
    request_id = models.CharField(max_length=36, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["institution", "target", "target_id", "id"], name="audit_of_target"),
            models.Index(fields=["institution", "-id"], name="audit_newest_first"),
            models.Index(fields=["institution", "-id"], condition=models.Q(succeeded=False), name="audit_refused"),
        ]

    def __str__(self):
        return f"{self.verb} {self.target_name}"
