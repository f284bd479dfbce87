"""What the relay does for the ledger between two looks at the outbox; beat does the same in case no relay runs."""

import logging
from datetime import datetime
from time import monotonic

from django.db import OperationalError, connection

from portal.models import JobRun, LedgerPending

from . import checkpoints, sequencer

log = logging.getLogger("portal.ledger")

CHECKPOINT, SEQUENCE = "checkpoint", "sequence_ledger"  # names of rows of JobRun
SECONDS = 10  # between two questions whether a checkpoint is due


class Rounds:
    """The rounds of one process. An error in one is logged and noted; the next one tries again."""

    def __init__(self) -> None:
        self.due = 0.0
        self.files_due = True  # those that an earlier process could not write

    def turn(self, at: datetime) -> None:
        """Waiting leaves have their place, a checkpoint is signed when one is due and its file written, or JobRun says why not.

        Raises: OperationalError when the database is gone. Source: E4.24, E4.25.
        """
        try:
            if LedgerPending.objects.exists():
                sequencer.sequence()
            if monotonic() < self.due:
                return
            self.due = monotonic() + SECONDS
            self._checkpoint(at)
        except Exception as error:
            if isinstance(error, OperationalError) and not connection.is_usable():
                raise
            log.exception("ledger.round_failed")
            self.due = monotonic() + SECONDS
            JobRun.note_run(CHECKPOINT, ok=False, note=f"{type(error).__name__}: {error}")

    def _checkpoint(self, at: datetime) -> None:
        JobRun.note_run(SEQUENCE)
        waiting, self.files_due = self.files_due, True
        made = sequencer.checkpoint(at)
        if made:
            log.info("ledger.checkpoint", extra={"size": made.size})
        elif waiting:
            checkpoints.write_files()
        self.files_due = False
        JobRun.note_run(CHECKPOINT)
