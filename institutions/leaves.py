"""What the ledger bears witness to in this app: who was given which rights, and when they were taken away."""

import hashlib
from datetime import UTC

from django.utils.translation import gettext_lazy as _

from portal.ledger.leaves import Facts, canonical, kind
from portal.models import AuditEntry


@kind("membership.changed", of="portal.AuditEntry", title=_("变更成员权限"))
def membership_changed(entry: AuditEntry) -> Facts:
    """The entry of the audit trail about a membership: it is never changed, while the membership is. Source: E4.24."""
    return {
        "verb": entry.verb, "membership": str(entry.target_id), "by": str(entry.actor_user_id or ""),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "changes_sha256": hashlib.sha256(canonical(entry.changes)).hexdigest(),
    }  # fmt: skip
