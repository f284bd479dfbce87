"""What the runtime role may do after every migration; nothing comes back that was taken away."""

import pytest
from django.apps import apps
from django.db import connection, connections

from portal.grants import grant_runtime_rights


def rights(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(name) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS name"
            " WHERE has_table_privilege(%s, name)",
            [table],
        )
        return set(cursor.fetchone()[0] or [])


READ, WRITE, CHANGE, ERASE = "SELECT", "INSERT", "UPDATE", "DELETE"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("portal_auditentry", {READ, WRITE}),
        ("certificates_reading", {READ, WRITE}),
        ("certificates_certificate", {READ, WRITE, CHANGE}),
        ("portal_outboxentry", {READ, WRITE, CHANGE}),
        ("institutions_institution", {READ, WRITE, CHANGE}),
        ("django_session", {READ, WRITE, CHANGE, ERASE}),
        ("django_migrations", {READ}),
    ],
)
def test_the_runtime_role_has_what_its_work_needs(table, expected):
    assert rights(table) == expected


@pytest.mark.django_db
def test_every_table_that_keeps_its_rows_says_how():
    kept = {model._meta.label: model.protection for model in apps.get_models() if hasattr(model, "protection")}
    assert set(kept.values()) == {"no_delete", "append_only"}
    for label, protection in kept.items():
        held = rights(apps.get_model(label)._meta.db_table)
        assert held == ({READ, WRITE} if protection == "append_only" else {READ, WRITE, CHANGE}), label


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_granting_again_changes_nothing():
    before = {model._meta.label: rights(model._meta.db_table) for model in apps.get_models(include_auto_created=True)}
    grant_runtime_rights(sender=apps.get_app_config("portal"), using="owner")
    after = {model._meta.label: rights(model._meta.db_table) for model in apps.get_models(include_auto_created=True)}
    assert after == before


@pytest.mark.django_db
def test_the_runtime_role_grants_itself_nothing():
    grant_runtime_rights(sender=apps.get_app_config("portal"), using="default")
    assert connections["default"].settings_dict["USER"] != connections["owner"].settings_dict["USER"]
    assert rights("portal_auditentry") == {READ, WRITE}
