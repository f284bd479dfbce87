"""Laboratories that may pledge or have pledged, made once for a module: each test takes back what it does itself."""

from collections.abc import Iterator
from copy import deepcopy
from types import SimpleNamespace

import pytest

from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges


@pytest.fixture(scope="module")
def ready_made(rows_of_module: None) -> SimpleNamespace:
    """A laboratory that may pledge, once for a module."""
    return pledges.furnished(make.laboratory("ready"))


@pytest.fixture(scope="module")
def pledged_made(rows_of_module: None) -> SimpleNamespace:
    """A laboratory whose pledge is public since NOON, once for a module."""
    return pledges.public(make.laboratory("pledged"))


@pytest.fixture
def ready(db: None, ready_made: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The module's laboratory that may pledge; the test runs inside its scope."""
    with tenant(ready_made.institution.pk):
        yield deepcopy(ready_made)


@pytest.fixture
def pledged(db: None, pledged_made: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The module's laboratory whose pledge is public; the test runs inside its scope."""
    with tenant(pledged_made.institution.pk):
        yield deepcopy(pledged_made)
