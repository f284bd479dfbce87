"""Fresh proofs of who acts, each for one act on one thing."""

from django.conf import settings
from django.db import models

from portal.clock import DatabaseClock


class StepUp(models.Model):
    """A person has proven just now who it is, for this act on this row with this content. Good once, for minutes."""

    class Method(models.TextChoices):
        TOTP = "totp"
        RECOVERY = "recovery"
        PASSWORD = "password"
        COMMAND = "command"  # given on the machine itself, by a command that seeds or tests

    protection = "no_delete"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=60)
    target = models.CharField(max_length=80, blank=True)
    target_id = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    method = models.CharField(max_length=10, choices=Method)
    proven_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "act", "-proven_at"], name="step_up_newest_first")]

    def __str__(self):
        return f"{self.act} {self.target} {self.target_id}"
