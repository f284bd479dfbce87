"""Clauses decided by records and certificates, and by what these rest on."""

from . import (  # noqa: F401  their checks register themselves
    methods,
    papers,
    records,
    rights,
    surroundings,
    tools,
    usage,
)  # fmt: skip
