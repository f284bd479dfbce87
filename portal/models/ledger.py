"""The public, append-only log of what was done: leaves, their order, the tree above them, its signed heads."""

from django.db import models

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class LedgerLeaf(TenantModel):
    """One act that the log bears witness to, and which row it was about. `data` is what becomes public."""

    protection = "append_only"

    institution = models.ForeignKey("institutions.Institution", on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    target = models.CharField(max_length=80)
    target_id = models.BigIntegerField()
    data = models.TextField()
    at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["institution", "target", "target_id"], name="leaf_of_target")]

    def __str__(self):
        return f"{self.kind} {self.pk}"


class LedgerSalt(TenantModel):
    """What hides the meaning of a leaf from the public. Taking it away takes the meaning and leaves the proof."""

    protection = "append_only"

    institution = models.ForeignKey("institutions.Institution", on_delete=models.PROTECT, null=True, related_name="+")
    leaf = models.OneToOneField(LedgerLeaf, on_delete=models.PROTECT, related_name="salt")
    salt = models.CharField(max_length=64)

    def __str__(self):
        return f"salt of leaf {self.leaf_id}"


class LedgerPending(models.Model):
    """A leaf waiting for its place in the log. Written with the act, taken away by the sequencer."""

    leaf_id = models.BigIntegerField(primary_key=True)
    data = models.TextField()

    def __str__(self):
        return f"pending {self.leaf_id}"


class LedgerEntry(models.Model):
    """A leaf at its place in the log. Public: everybody may read all of it."""

    protection = "append_only"

    index = models.BigIntegerField(primary_key=True)
    leaf_id = models.BigIntegerField(unique=True)
    data = models.TextField()
    leaf_hash = models.CharField(max_length=64)
    sequenced_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    def __str__(self):
        return f"entry {self.index}"


class LedgerNode(models.Model):
    """The hash over a complete subtree of 2^level leaves, beginning at leaf index * 2^level."""

    protection = "append_only"

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="ledger_node_once")]

    def __str__(self):
        return f"node {self.level}/{self.index}"


class LedgerCheckpoint(models.Model):
    """A signed head of the log."""

    protection = "append_only"

    size = models.BigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    text = models.TextField()
    at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    def __str__(self):
        return f"checkpoint {self.size}"


class AuditSeal(models.Model):
    """A set of rows of the audit trail, by number, and the digest over them; each seal is a leaf of the log."""

    protection = "append_only"

    ids = models.TextField()  # an int8multirange as text: "{[1,41),[43,60)}"
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    def __str__(self):
        return f"seal {self.pk}: {self.rows}"
