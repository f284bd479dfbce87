import pytest

from portal.tenancy import tenant
from tests import make


@pytest.fixture
def lab(db):
    """A laboratory with three authorised people, a valid standard and scope; the test runs inside its scope."""
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world
