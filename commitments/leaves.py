"""What the ledger bears witness to in this app: a pledge made public, confirmed, withdrawn, and what was done about it."""

import hashlib
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from portal.ledger.leaves import Facts, canonical, kind

from .models import Commitment, CommitmentConfirmation, CommitmentWithdrawal, Remediation


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@kind("pledge.published", of="commitments.Commitment", about=lambda row: row.token, title=_("公开承诺"))
def pledge_published(row: Commitment) -> Facts:
    """Number, wording, the facts on the paper and when it was signed and became public. Source: A-8.2.2.1."""
    return {
        "number": row.number, "template": str(row.template_id), "signed_on": row.signed_on.isoformat(),
        "facts_sha256": hashlib.sha256(canonical(row.facts)).hexdigest(), "scan_sha256": row.scan_digest or "",
        "published_at": _instant(row.published_at),
    }  # fmt: skip


@kind(
    "pledge.confirmed", of="commitments.CommitmentConfirmation", about=lambda row: row.commitment.token,
    title=_("确认承诺"),
)  # fmt: skip
def pledge_confirmed(row: CommitmentConfirmation) -> Facts:
    """The year for which it was confirmed, and the day. Source: A-8.2.2.3."""
    return {
        "number": row.commitment.number, "due_on": row.due_on.isoformat(), "confirmed_on": row.confirmed_on.isoformat(),
    }  # fmt: skip


@kind(
    "pledge.withdrawn", of="commitments.CommitmentWithdrawal", about=lambda row: row.commitment.token,
    title=_("撤销承诺"),
)  # fmt: skip
def pledge_withdrawn(row: CommitmentWithdrawal) -> Facts:
    """Cause, the day it arose, and since when the pledge counts for nothing. Source: A-9.3."""
    return {
        "number": row.commitment.number, "cause": row.cause, "trigger_on": row.trigger_on.isoformat(),
        "withdrawn_at": _instant(row.withdrawn_at), "reason_sha256": _digest(row.reason),
    }  # fmt: skip


@kind(
    "pledge.remedied", of="commitments.Remediation", about=lambda row: row.withdrawal.commitment.token,
    title=_("认可整改"),
)  # fmt: skip
def pledge_remedied(row: Remediation) -> Facts:
    """The regulator has accepted the remediation of this withdrawal. Source: A-9.3-s2."""
    return {
        "number": row.withdrawal.commitment.number, "decided_at": _instant(row.decided_at),
        "measures_sha256": _digest(row.measures), "decision_sha256": _digest(row.decision),
    }  # fmt: skip
