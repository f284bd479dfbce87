"""Seals: from time to time the audit trail's new rows go into the ledger as one digest, without a word of what they say."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from portal.models import AuditSeal

from .leaves import Facts, append, kind

# A transaction may take its number early and commit late: as far back as this a seal looks for rows that came after.
LOOK_BACK = 20_000
NOTHING = "{}"


@kind("audit.sealed", of="portal.AuditSeal", title=_("封存审计记录"))
def sealed(seal: AuditSeal) -> Facts:
    """Which rows of the audit trail stood when, by the digest over all of them. Source: E4.23, E4.24."""
    return {"ids": seal.ids, "rows": str(seal.rows), "digest": seal.digest}


def seal() -> AuditSeal | None:
    """Every committed row of the audit trail is under a seal. Returns: the new seal; None when nothing was new.

    Rows of all institutions at once; only their numbers and a digest are read. Stands or falls with the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(upper(range_merge(ids::int8multirange))), 0) FROM "
            "(SELECT ids FROM portal_auditseal ORDER BY id DESC LIMIT 100) AS newest"
        )
        cursor.execute("SELECT audit_unsealed(%s)", [max(0, cursor.fetchone()[0] - LOOK_BACK)])
        ids = cursor.fetchone()[0]
        if ids == NOTHING:
            return None
        cursor.execute("SELECT * FROM audit_digest(%s)", [ids])
        rows, digest = cursor.fetchone()
    made = AuditSeal.objects.create(ids=ids, rows=rows, digest=digest)
    append("audit.sealed", made)
    return made
