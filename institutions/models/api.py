"""接口令牌: a machine that reads or writes for an institution without a person at the keyboard."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class ApiToken(TenantModel):
    """A key for programs: what it may do, until when, who answers for it. The key itself is not kept, only its digest."""

    audit_omits = ("digest",)

    class State(models.TextChoices):
        ACTIVE = "active", _("有效")
        REVOKED = "revoked", _("已撤销")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.ACTIVE)
    name = models.CharField(_("用途"), max_length=60)
    hint = models.CharField(_("开头"), max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    permissions = ArrayField(models.CharField(max_length=40), verbose_name=_("权限"))
    made_by = models.ForeignKey("institutions.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    expires_on = models.DateField(_("有效期至"))
    last_used_at = models.DateTimeField(_("最近使用"), null=True, editable=False)

    class Meta:
        verbose_name = _("接口令牌")

    def __str__(self):
        return self.name
