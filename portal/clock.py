"""The database's own clock, the only witness of when a row was written, and the zone in which days are counted."""

from zoneinfo import ZoneInfo

from django.db import models

CHINA = ZoneInfo("Asia/Shanghai")


class DatabaseClock(models.Func):
    """The instant at which the database writes the row, also inside a long transaction."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


class StatementClock(models.Func):
    """The instant at which the database began the statement: one for all rows, so that an index can find them."""

    function = "statement_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()
