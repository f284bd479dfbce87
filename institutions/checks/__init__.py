"""Clauses decided by what an institution has on record about itself and its people."""

from . import (  # noqa: F401  register themselves
    applicability,
    documents,
    innovation,
    later,
    methods,
    organisation,
    papers,
    people,
    places,
    record,
    service,
    shown,
    team,
    training,
)  # fmt: skip
