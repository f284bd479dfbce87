"""Tables of the ground floor."""

from .alerts import Absence, Alert, Delivery, DeliveryAttempt
from .codes import SmartCode
from .documents import Document
from .imports import RegisterImport
from .ledger import (
    AuditSeal,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerLeaf,
    LedgerNode,
    LedgerPending,
    LedgerSalt,
)
from .rows import RegisterRow
from .stepup import StepUp
from .trail import AuditEntry
from .verdicts import ClauseStanding, Evaluation
from .work import Counter, JobRun, OutboxEntry, SentMail

__all__ = [
    "Absence",
    "Alert",
    "AuditEntry",
    "AuditSeal",
    "ClauseStanding",
    "Counter",
    "Delivery",
    "DeliveryAttempt",
    "Document",
    "Evaluation",
    "JobRun",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerLeaf",
    "LedgerNode",
    "LedgerPending",
    "LedgerSalt",
    "OutboxEntry",
    "RegisterImport",
    "RegisterRow",
    "SentMail",
    "SmartCode",
    "StepUp",
]
