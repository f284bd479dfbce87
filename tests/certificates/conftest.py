import pytest

from portal.tenancy import tenant


@pytest.fixture
def lab(laboratory):
    """A laboratory with three authorised people, a valid standard and scope; the test runs inside its scope."""
    with tenant(laboratory.institution.pk):
        yield laboratory
