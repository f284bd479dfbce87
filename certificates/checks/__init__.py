"""Clauses decided by records and certificates, and by what these rest on."""

from . import methods, papers, records, rights, usage  # noqa: F401  their checks register themselves
