"""The scope: what it opens, for how long, and the one reading that needs none."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from institutions.models import Site
from portal import codes
from portal.actors import PUBLIC, Actor
from portal.models import SmartCode
from portal.tenancy import TenantTable, composite_key, new_ref, scope, tenant
from tests import make

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX23"


def settings_now():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('app.tenant', true), ''), "
            "coalesce(current_setting('app.user', true), ''), coalesce(current_setting('app.region', true), '')"
        )
        return cursor.fetchone()


@pytest.fixture
def two_sites(db):
    alpha, beta = make.institution("alpha"), make.institution("beta")
    make.site(alpha), make.site(beta)
    return alpha, beta


def seen():
    return list(Site.objects.values_list("institution__slug", flat=True))


def test_a_nested_scope_gives_the_outer_one_back(two_sites):
    alpha, beta = two_sites
    with scope(institution_id=alpha.pk, user_id=7):
        with tenant(beta.pk):
            assert (seen(), settings_now()) == (["beta"], (str(beta.pk), "", ""))
        assert (seen(), settings_now()) == (["alpha"], (str(alpha.pk), "7", ""))
    assert settings_now() == ("", "", "")


def test_a_scope_that_fails_gives_the_outer_one_back(two_sites):
    alpha, beta = two_sites
    with tenant(alpha.pk):
        with pytest.raises(ZeroDivisionError), tenant(beta.pk):
            1 / 0  # noqa: B018
        assert seen() == ["alpha"]


def test_a_scope_that_fails_leaves_nothing_written(two_sites):
    alpha, _ = two_sites
    with pytest.raises(ZeroDivisionError), tenant(alpha.pk):
        Site.objects.update(name="x")
        1 / 0  # noqa: B018
    with tenant(alpha.pk):
        assert Site.objects.get().name == "北湾场所"


@pytest.mark.django_db(transaction=True)
def test_a_scope_does_not_outlive_its_transaction():
    lab = make.institution()
    make.site(lab)
    with tenant(lab.pk):
        assert seen() == ["alpha"]
    assert (seen(), settings_now()) == ([], ("", "", ""))


@pytest.mark.django_db(transaction=True)
def test_a_scope_that_failed_does_not_outlive_its_transaction():
    lab = make.institution()
    make.site(lab)
    with pytest.raises(ZeroDivisionError), tenant(lab.pk):
        1 / 0  # noqa: B018
    assert (seen(), settings_now()) == ([], ("", "", ""))


@pytest.mark.django_db(transaction=True)
def test_a_scope_opened_inside_a_transaction_ends_before_it():
    lab = make.institution()
    make.site(lab)
    with transaction.atomic():
        with tenant(lab.pk):
            pass
        assert seen() == []


def test_an_actor_without_institution_sees_nothing_inside_a_scope(two_sites):
    with tenant(two_sites[0].pk):
        assert not Site.objects.visible_to(PUBLIC).exists()


def test_an_actor_sees_nothing_in_a_scope_of_another_institution(two_sites):
    alpha, beta = two_sites
    with tenant(alpha.pk):
        assert not Site.objects.visible_to(Actor(name="x", institution_id=beta.pk)).exists()


def test_the_portal_itself_sees_what_its_scope_shows(two_sites):
    with tenant(two_sites[1].pk):
        assert Site.objects.visible_to(Actor.system("x")).get().institution.slug == "beta"


def publish(lab, **kwargs):
    card = {"kind": "device", "state": "issued", "certificate": {"number": "A-1", "valid_until": None}}
    with tenant(lab.pk):
        codes.publish(institution_id=lab.pk, kind="device", token=TOKEN, card=card, at=AT, **kwargs)


@pytest.mark.django_db
def test_a_card_is_read_by_its_exact_key_without_a_scope_and_the_table_shows_nothing():
    publish(make.institution())
    assert codes.find(TOKEN)["certificate"]["number"] == "A-1"
    assert not SmartCode.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "A", "%", TOKEN.replace("A", "_")])
def test_no_other_key_reads_a_card(token):
    publish(make.institution())
    assert codes.find(token) is None


@pytest.mark.django_db
def test_empty_keys_never_meet():
    publish(make.institution())  # without number and file
    assert codes.find_by_number("", "") is None
    assert codes.find_by_file("") is None


def test_names_for_addresses_are_random_and_fit_an_address():
    names = {new_ref() for _ in range(1000)}
    assert len(names) == 1000
    assert all(len(name) == 12 and name.isalnum() and name == name.lower() for name in names)


def test_a_migration_writes_down_only_what_differs_from_the_default():
    assert TenantTable("Site").deconstruct() == ("TenantTable", ["Site"], {})
    assert TenantTable("Reading", append_only=True).deconstruct()[2] == {"append_only": True}


def test_the_composite_key_is_checked_at_commit():
    sql = composite_key("orders_item", "customer_id", "institutions_customer")
    assert "FOREIGN KEY (institution_id, customer_id) REFERENCES institutions_customer (institution_id, id)" in sql
    assert sql.endswith("DEFERRABLE INITIALLY DEFERRED")
