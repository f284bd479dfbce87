"""Logging as one JSON object per event and line, for the portal and Celery alike."""

import json
import logging
import re
from datetime import UTC, datetime

from django.http import HttpRequest

from portal import observe

LONGEST_TEXT = 2000
LONGEST_TRACEBACK = 10_000
# What JSON leaves as it is although a terminal or a reader of lines may act on it: DEL and the C1 controls, line and
# paragraph separators, marks that turn the direction of writing, and halves of characters, which no file can hold.
UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# PostgreSQL quotes the row that broke a rule, with the personal data in it.
ROW_CONTENT = re.compile(r"^(DETAIL|CONTEXT|HINT|PARAMETERS): .*$|(?<=contains ).*$", re.MULTILINE)


class LineFormatter(logging.Formatter):
    """Writes a record as one line of JSON.

    Fields: at (UTC), level, logger, event, what is known of the request or work (portal.observe.facts), and what was given
    as `extra`. Objects other than text and numbers are left out: their text may hold an address or a person. Source: E13.61.
    """

    STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a traceback is a field, so that it cannot break the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": shortened(event_of(record), LONGEST_TEXT),
            **observe.facts(request_of(record)),
        }
        for key, value in vars(record).items():
            if key not in self.STANDARD and isinstance(value, str | int | float):
                line[key] = shortened(value, LONGEST_TEXT) if isinstance(value, str) else value
        if record.exc_info:
            text = ROW_CONTENT.sub("(left out)", self.formatException(record.exc_info))
            line["traceback"] = text[-LONGEST_TRACEBACK:]  # its end says what went wrong
        return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(line, ensure_ascii=False))


def request_of(record: logging.LogRecord) -> HttpRequest | None:
    """The request that Django tells about, mostly after all middleware has ended."""
    request = getattr(record, "request", None)
    return request if isinstance(request, HttpRequest) else None


def event_of(record: logging.LogRecord) -> str:
    """The message; where Django or gunicorn puts the address of a request into it, the name of its route stands instead."""
    request = request_of(record)
    if request is not None and isinstance(record.args, tuple):
        route, address = observe.route_of(request), request.path
        arguments = tuple(route if isinstance(value, str) and value == address else value for value in record.args)
        return str(record.msg) % arguments if arguments else str(record.msg)
    if record.name == "gunicorn.error" and "request" in str(record.msg):
        return str(record.msg).partition("%")[0].strip()
    return record.getMessage()


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)})"
