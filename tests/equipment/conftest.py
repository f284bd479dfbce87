from types import SimpleNamespace

import pytest
from django.db import transaction

from portal.permissions import Role
from portal.tenancy import tenant
from tests import furnished, make


@pytest.fixture
def lab(db):
    """A laboratory with one piece of equipment and the people around it; the test runs inside its scope."""
    institution = make.institution()
    keeper = make.employment(institution, "沈若川")
    world = SimpleNamespace(
        institution=institution,
        site=make.site(institution),
        keeper=keeper,
        metrologist=make.actor(institution, Role.METROLOGY_MANAGER, employment=keeper),
        operator=make.actor(institution, Role.OPERATOR),
    )
    world.equipment = make.equipment(institution, world.site)
    with tenant(institution.pk):
        yield world


@pytest.fixture
def signed_in(client, lab):
    """Signs a new member with these roles in and gives the browser."""

    def sign_in(*roles, institution=None):
        client.force_login(make.user(institution or lab.institution, *roles, employment=None))
        return client

    return sign_in


@pytest.fixture(scope="module")
def laboratory_in_order(django_db_setup, django_db_blocker):
    """A laboratory about whose equipment every clause is met, for all tests of a module: each takes back what it does."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield furnished.laboratory()
        transaction.set_rollback(True)
