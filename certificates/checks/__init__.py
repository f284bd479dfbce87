"""Clauses decided by records and certificates, and by what these rest on."""

from . import papers, records, rights  # noqa: F401  their checks register themselves
