"""Uploaded files."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class Document(TenantModel):
    """An uploaded file: bytes under a random name outside the web root, their SHA-256 here.

    `received_sha256` is of the bytes as they came; what is kept of a picture has been encoded anew.
    """

    class State(models.TextChoices):
        QUARANTINED = "quarantined", _("隔离检查中")
        ACCEPTED = "accepted", _("已收下")
        REFUSED = "refused", _("已拒收")

    audit_omits = ("refused_because", "stored_as")  # the reason stands in the entry itself

    state = models.CharField(max_length=12, choices=State, default=State.QUARANTINED)
    name = models.CharField(_("文件名"), max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, blank=True)
    received_sha256 = models.CharField(max_length=64, blank=True)
    refused_because = models.CharField(_("拒收原因"), max_length=300, blank=True)
    uploaded_by = models.BigIntegerField(null=True)
    uploaded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    checked_at = models.DateTimeField(null=True)

    def __str__(self):
        return self.name
