"""The published cards behind the QR codes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel


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
    # What the public needs to check this card against the ledger: [{"kind", "leaf", "salt", "facts"}].
    evidence = models.JSONField(default=list)
    # Since when the verification of the ledger has found something wrong with what this card stands for.
    anomaly_since = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"
