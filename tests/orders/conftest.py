from types import SimpleNamespace

import pytest

from portal.permissions import Role
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def lab(laboratory):
    """A laboratory with scope, a counter and a bench; the test runs inside its rows."""
    institution = laboratory.institution
    world = SimpleNamespace(
        institution=institution,
        scope=laboratory.scope,
        qualification=laboratory.qualification,
        receptionist=make.actor(institution, Role.RECEPTIONIST),
        operator=make.actor(institution, Role.OPERATOR),
    )
    with tenant(institution.pk):
        yield world


@pytest.fixture
def signed_in(client, lab):
    """Signs a new member with these roles in and gives the browser."""

    def sign_in(*roles, institution=None):
        client.force_login(make.user(institution or lab.institution, *roles))
        return client

    return sign_in
