"""Clauses decided by equipment, its traceability and rooms, and measurement standards."""

from portal.clauses import finished

from . import (  # noqa: F401  register themselves
    checking,
    environment,
    events,
    labels,
    plans,
    registers,
    resources,
    standards,
    states,
    traceability,
)  # fmt: skip

finished("equipment")
