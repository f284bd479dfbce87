"""The registers of an institution, by topic. Importing this package gives them their pages."""

from . import conduct, methods, organisation, people, qualifications, scope, service, sites, system  # noqa: F401  they register themselves
