"""诚信计量自我承诺: the wording, the pledge itself, what keeps it true, and what ended it."""

from .directory import DirectoryEntry, DirectoryLine
from .keeping import Channel, CommitmentConfirmation
from .leaving import CommitmentWithdrawal, Hearing, Remediation
from .pledge import Commitment
from .template import CommitmentTemplate

__all__ = [
    "Channel",
    "Commitment",
    "CommitmentConfirmation",
    "CommitmentTemplate",
    "CommitmentWithdrawal",
    "DirectoryEntry",
    "DirectoryLine",
    "Hearing",
    "Remediation",
]
