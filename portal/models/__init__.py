"""Tables of the ground floor."""

from .alerts import Alert, Delivery
from .codes import SmartCode
from .documents import Document
from .ledger import (
    AuditSeal,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerLeaf,
    LedgerNode,
    LedgerPending,
    LedgerSalt,
)
from .stepup import StepUp
from .trail import AuditEntry
from .work import Counter, JobRun, OutboxEntry, SentMail

__all__ = [
    "Alert",
    "AuditEntry",
    "AuditSeal",
    "Counter",
    "Delivery",
    "Document",
    "JobRun",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerLeaf",
    "LedgerNode",
    "LedgerPending",
    "LedgerSalt",
    "OutboxEntry",
    "SentMail",
    "SmartCode",
    "StepUp",
]
