"""Faults on purpose: where a test may make a process stumble, and how.

`FAULTPOINTS="pdf.before_write=sleep:3,pdf.after_write=raise"` names points and what happens there. It counts only
where APP_ENV is "test"; a production process with the variable set refuses to start.
"""

import logging
import os
import signal
import time

from django.conf import settings

log = logging.getLogger("portal.faults")

# Every point there is, and what has and has not happened when it is reached.
POINTS = {
    "issue.after_lock": "the certificate is locked and its gates have been asked, it has no number yet",
    "issue.after_number": "the counter has moved, the transaction that moved it is open",
    "issue.before_commit": "number, leaf, audit entry and work are written, nothing is committed",
    "issue.after_commit": "the certificate is issued, nobody has been told",
    "outbox.after_publish": "the broker has the work, the relay has not noted anything since",
    "pdf.before_write": "the PDF is made, nothing of it is stored",
    "pdf.after_write": "the file lies on disk, the transaction that names it is open",
    "mail.before_send": "the mail's key is taken in an open transaction, the mail server has nothing",
    "mail.after_send": "the mail server has the message, the transaction that marks it as sent is open",
    "backup.mid": "the database is dumped, no file is copied, nothing is signed",
    "import.before_commit": "the rows of a spreadsheet and their audit entries are written, nothing is committed",
    "ledger.after_index": "leaves have their index and the nodes above them, the transaction is open",
}


class Fault(Exception):
    """What "raise" raises."""


def reach(point: str) -> None:
    """Nothing has happened, unless a test asked for something at this point.

    "kill" ends this process like kill -9, "sleep:<seconds>" holds it up, "raise" raises Fault.
    Raises: KeyError for a point missing from the table, ValueError for an unknown action.
    """
    if settings.APP_ENV != "test" or not settings.FAULTPOINTS:
        return
    asked = dict(part.split("=", 1) for part in settings.FAULTPOINTS.replace(" ", "").split(","))
    unknown = {point, *asked} - set(POINTS)
    if unknown:
        raise KeyError(f"no such fault point: {', '.join(sorted(unknown))}")
    action, _, value = asked.get(point, "").partition(":")
    if action:
        log.warning("fault at %s: %s", point, asked[point])
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "sleep":
        time.sleep(float(value))
    elif action == "raise":
        raise Fault(point)
    elif action:
        raise ValueError(f"{point}={action}: kill, sleep:<seconds> or raise")
