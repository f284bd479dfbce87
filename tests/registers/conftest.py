"""An institution whose registers are kept, and the person who keeps them."""

import pytest

from portal.permissions import Role
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def inside(lab):
    with tenant(lab.pk):
        yield lab


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


@pytest.fixture
def signed_in(client, lab):
    account = make.user(lab, Role.QUALITY_MANAGER)
    client.force_login(account)
    return account
