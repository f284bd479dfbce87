"""Tables of the ground floor: audit trail, outbox, counters, published codes, documents."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .clock import DatabaseClock
from .tenancy import TenantModel, TenantQuerySet


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
        ]

    def __str__(self):
        return f"{self.verb} {self.target_name}"


class OutboxEntry(models.Model):
    """A piece of work, written in the transaction of its cause. Carries ids only; no tenant data."""

    class State(models.TextChoices):
        PENDING = "pending", _("待办")
        DONE = "done", _("已完成")
        DEAD = "dead", _("已停")

    protection = "no_delete"

    institution_id = models.BigIntegerField(null=True)
    task = models.CharField(max_length=80)
    queue = models.CharField(max_length=20)
    target_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    due_at = models.DateTimeField(db_default=DatabaseClock())
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="outbox_due", condition=models.Q(state="pending"))]

    def __str__(self):
        return f"{self.task}({self.target_id})"


class Counter(TenantModel):
    """The last number given in a series and year; locked in the transaction that gives the next one."""

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "series", "year"], name="counter_once_per_year")]

    def __str__(self):
        return f"{self.series} {self.year}: {self.last}"


class SmartCode(TenantModel):
    """计量智码: the published card behind a QR code. Holds only what everybody may see.

    The keys are SHA-256 digests: of the token in the QR code, of number and verification code, of the PDF bytes.
    The public reads a card only through the database function `published_card`, one exact key at a time.
    """

    class Kind(models.TextChoices):
        UNIT = "unit", _("单位码")
        DEVICE = "device", _("器具码")

    kind = models.CharField(max_length=10, choices=Kind)
    token_digest = models.CharField(max_length=64, unique=True)
    number_digest = models.CharField(max_length=64, unique=True, null=True)
    file_digest = models.CharField(max_length=64, unique=True, null=True)
    card = models.JSONField()
    stored_as = models.CharField(max_length=120, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"


class DocumentQuerySet(TenantQuerySet):
    def accepted(self):
        return self.filter(state=Document.State.ACCEPTED)


class Document(TenantModel):
    """An uploaded file: bytes under a random name outside the web root, their SHA-256 here."""

    class State(models.TextChoices):
        QUARANTINED = "quarantined", _("隔离检查中")
        ACCEPTED = "accepted", _("已收下")
        REFUSED = "refused", _("已拒收")

    state = models.CharField(max_length=12, choices=State, default=State.QUARANTINED)
    name = models.CharField(_("文件名"), max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100)
    uploaded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    objects = DocumentQuerySet.as_manager()

    def __str__(self):
        return self.name
