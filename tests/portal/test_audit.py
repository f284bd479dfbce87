"""The audit trail: who, as whom, what, before and after, why, when, for which request."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from orders import workflow
from portal import audit
from portal.actors import Actor
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.make import NOON, PASSWORD


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def operator(lab):
    return make.actor(lab, Role.OPERATOR, Role.CHECKER, name="沈若川")


def last():
    return AuditEntry.objects.latest("pk")


def test_an_entry_says_who_acted_as_whom_on_what(lab, operator):
    item = make.item(lab)
    workflow.begin(item, actor=operator, at=NOON)
    entry = last()
    assert (entry.actor_name, entry.actor_user_id, entry.acting_as) == (
        "沈若川", operator.user_id, "检定/校准员、核验员",
    )  # fmt: skip
    assert (entry.verb, entry.target, entry.target_id, entry.target_ref) == (
        "item.begin", "orders.Item", item.pk, item.ref,
    )  # fmt: skip


def test_an_entry_says_what_was_and_what_became(lab, operator):
    workflow.begin(make.item(lab), actor=operator, at=NOON)
    entry = last()
    assert (entry.was, entry.became, entry.changes) == ("received", "in_lab", {"state": ["received", "in_lab"]})


def test_an_entry_about_a_new_row_shows_every_field_that_has_a_value(lab, operator):
    site = make.site(lab, name="东港场所")
    changes = audit.differences({}, audit.snapshot(site))
    assert changes["name"] == ["", "东港场所"]
    assert not {"id", "ref"} & set(changes)


def test_the_portal_itself_acts_under_its_own_name(lab):
    audit.record(Actor.system("certificates"), "certificate.render", make.site(lab))
    assert (last().actor_name, last().actor_user_id, last().acting_as) == ("system:certificates", None, "")


def test_the_time_is_the_databases(lab, operator):
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        before = cursor.fetchone()[0]
    workflow.begin(make.item(lab), actor=operator, at=NOON)
    assert NOON < before <= last().at <= timezone.now()


def test_an_entry_carries_the_request_it_belongs_to(lab, operator):
    token = audit.request_id.set("4f6c1c4e")
    try:
        workflow.begin(make.item(lab), actor=operator, at=NOON)
    finally:
        audit.request_id.reset(token)
    assert last().request_id == "4f6c1c4e"


@pytest.mark.django_db
def test_a_denied_request_leaves_one_entry_with_its_request_id(client):
    lab = make.institution()
    user = make.user(lab, Role.RECEPTIONIST)
    assert client.login(username=user.username, password=PASSWORD)
    answer = client.get(reverse("institutions:audit", args=[lab.slug]))
    assert answer.status_code == 403
    with tenant(lab.pk):
        entry = AuditEntry.objects.get(verb="access.denied")
    assert not entry.succeeded
    assert entry.request_id and entry.request_id == answer["X-Request-ID"]


def test_a_number_is_written_as_printed_and_a_long_text_is_cut(lab):
    site = make.site(lab)
    site.address, site.name = Decimal("0.10"), "长" * 600
    shown = audit.snapshot(site)
    assert shown["address"] == "0.10"
    assert shown["name"] == "长" * audit.LONGEST_VALUE + "… (600)"


def test_fields_a_model_leaves_out_never_reach_the_trail(lab):
    certificate = make.certificate(make.laboratory(), "issued")
    assert not {"body", "content", "token", "verification_code"} & set(audit.snapshot(certificate))
    trail = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert certificate.token not in trail and certificate.verification_code not in trail


def test_only_what_changed_is_a_change():
    assert audit.differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": ""}) == {"b": ["2", "3"]}


@pytest.mark.parametrize("statement", ["UPDATE portal_auditentry SET reason = 'x'", "DELETE FROM portal_auditentry"])
def test_entries_are_only_ever_added(lab, operator, statement):
    workflow.begin(make.item(lab), actor=operator, at=NOON)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_entry_falls_with_the_transaction_of_its_act(lab, operator):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(operator, "site.look", make.site(lab))
        1 / 0  # noqa: B018
    assert not AuditEntry.objects.filter(verb="site.look").exists()


def test_an_institution_does_not_read_the_trail_of_another(lab, operator):
    audit.record(operator, "site.look", make.site(lab))
    with tenant(make.institution("beta").pk):
        assert not AuditEntry.objects.filter(verb="site.look").exists()
