"""Published worked examples and cases, worked out with the portal's own arithmetic and compared with what is printed.

A file of cases is JSON with an "examples" list and lists such as "rounding_cases". Names of fields vary between
sources, so they are read generously; what cannot be read is reported as unknown, never guessed to be right.
"""

from certificates.cases.file import load, run

__all__ = ["load", "run"]
