"""Every look of a regulator stands in the trail of the institution that was looked at, and there only."""

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from oversight import looks
from portal.actors import Actor
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import scope, tenant
from tests import make

from .rows import LOOK, looks_at, page, regulator

pytestmark = pytest.mark.django_db


@pytest.fixture
def labs(db):
    return [make.institution(slug) for slug in ("alpha", "beta", "gamma")]


def audit_page(lab, **query):
    """The institution's audit page as its quality manager reads it."""
    desk = Client()
    desk.force_login(make.user(lab, Role.QUALITY_MANAGER))
    return page(desk, f"/i/{lab.slug}/audit/", **query)


def look(labs, actor=None):
    request = RequestFactory().get("/o/")
    return looks.looked(request, actor or Actor(name="监管员甲", user_id=None), looks.LIST, [lab.pk for lab in labs])


def test_the_list_is_a_look_at_each_institution_on_it(client, labs):
    regulator(client)
    page(client, "/o/")
    assert [looks_at(lab) for lab in labs] == [["辖区机构"]] * 3


def test_an_institution_that_the_search_does_not_show_was_not_looked_at(client, labs):
    regulator(client)
    page(client, "/o/", q="beta")
    assert [looks_at(lab) for lab in labs] == [[], ["辖区机构"], []]


def test_the_sheet_is_one_look(client, labs):
    regulator(client)
    page(client, "/o/beta/")
    assert [looks_at(lab) for lab in labs] == [[], ["机构监管档案"], []]


def test_a_page_inside_the_institution_is_one_look(client, labs):
    regulator(client)
    page(client, "/i/alpha/people/")
    assert [len(looks_at(lab)) for lab in labs] == [1, 0, 0]


def test_the_institution_reads_who_looked_at_what(client, labs):
    regulator(client, name="监管员甲")
    page(client, "/o/alpha/")
    html = audit_page(labs[0])
    assert "监管员甲" in html and "监管人员" in html and "监管查看" in html and "机构监管档案；/o/alpha/" in html


def test_the_audit_page_shows_nothing_but_looks_when_asked(client, labs):
    regulator(client, name="监管员甲")
    page(client, "/o/alpha/")
    make.actor(labs[0], Role.OPERATOR)
    curious = Client()
    curious.force_login(make.user(labs[0], Role.OPERATOR, name="好奇的人"))
    curious.get("/i/alpha/audit/")
    assert "好奇的人" in audit_page(labs[0])
    html = audit_page(labs[0], act=LOOK)
    assert "监管员甲" in html and "好奇的人" not in html


def test_looks_at_many_are_one_statement(labs):
    with CaptureQueriesContext(connection) as queries:
        assert look(labs) == 3
    assert sum("INSERT" in query["sql"] for query in queries) == 1


def test_each_entry_is_written_into_the_trail_of_its_own_institution(labs):
    look(labs)
    for lab in labs:
        with tenant(lab.pk):
            assert set(AuditEntry.objects.values_list("institution_id", "verb")) == {(lab.pk, LOOK)}


def test_after_looking_the_scope_is_the_one_before(labs):
    with scope(institution_id=labs[0].pk, region="4403"):
        look(labs[1:])
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant'), current_setting('app.region')")
            assert cursor.fetchone() == (str(labs[0].pk), "4403")


def test_looking_at_nothing_writes_nothing(labs):
    assert look([]) == 0


def test_a_page_that_fails_leaves_no_entry(client, labs, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("out of order")

    monkeypatch.setattr("oversight.views.render", fail)
    regulator(client)
    with pytest.raises(RuntimeError):
        client.get("/o/")
    assert looks_at(labs[0]) == []


def test_a_page_whose_looks_cannot_be_written_is_not_shown(client, labs, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("out of order")

    monkeypatch.setattr("oversight.looks.AuditEntry.objects.bulk_create", fail)
    regulator(client)
    with pytest.raises(RuntimeError):
        client.get("/o/alpha/")
