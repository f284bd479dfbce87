"""Logging as one JSON object per event and line."""

import json
import logging
from datetime import UTC, datetime


class LineFormatter(logging.Formatter):
    """Writes a record as one line of JSON: time (UTC), level, logger, event, and the fields given as `extra`."""

    STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a traceback is a field, so that it cannot break the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: str(value) for key, value in vars(record).items() if key not in self.STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
