"""What of an institution ends soon, one module to a topic, and who of it is told."""

from . import file, methods, papers, people, recipients, scope

__all__ = ["file", "methods", "papers", "people", "recipients", "scope"]
