"""What programs read of pledges and of the directory."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commitments import workflow
from portal.permissions import Permission
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

PLEDGES, DIRECTORY = "/api/v1/pledges/", "/api/v1/directory/"


def read(address, key="", **query):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return Client().get(address, query, headers=headers)


@pytest.fixture
def key(pledged):
    return make.api_token(pledged.institution, Permission.INSTITUTION_READ)


def test_a_program_reads_what_its_institutions_pledge_is_worth(pledged, key):
    [row] = read(PLEDGES, key).json()["pledges"]
    assert (row["number"], row["state"]) == (pledged.pledge.number, "public")
    late = pledged.pledge.confirm_by < timezone.localdate()
    assert row["standing"] == ("overdue" if late else "holds")
    assert row["confirm_by"] == pledged.pledge.confirm_by.isoformat()
    assert row["page"].endswith(f"/q/{pledged.pledge.token}") and row["withdrawal"] is None


def test_a_fallen_pledge_says_why_and_how_far_the_remediation_is(pledged, key):
    with tenant(pledged.institution.pk):
        pledges.withdrawn(pledged)
    [row] = read(PLEDGES, key).json()["pledges"]
    assert (row["state"], row["standing"], row["holds_until"]) == ("withdrawn", "withdrawn", None)
    assert (row["withdrawal"]["cause"], row["withdrawal"]["remediation"]) == ("complaint", None)


def test_of_several_pledges_each_says_its_own(pledged, key):
    with tenant(pledged.institution.pk):
        pledges.withdrawn(pledged, cause=pledges.Cause.VOLUNTARY)
        pledges.public(pledged, at=pledges.NOON + timedelta(days=2))
        workflow.draft(pledged.institution, actor=pledged.keeper, at=pledges.NOON + timedelta(days=3))
    found = [(row["state"], row["standing"], row["page"]) for row in read(PLEDGES, key).json()["pledges"]]
    assert [state for state, _standing, _page in found] == ["draft", "public", "withdrawn"]
    assert (found[0][1:], found[2][1]) == ((None, None), "withdrawn")


def test_another_institutions_key_finds_its_own_pledges_only(pledged, key):
    other = make.api_token(make.institution("others"), Permission.INSTITUTION_READ)
    assert read(PLEDGES, other).json()["pledges"] == []


def test_the_number_of_queries_does_not_grow_with_pledges(pledged, key):
    def counted():
        with CaptureQueriesContext(connection) as asked:
            found = read(PLEDGES, key).json()["pledges"]
        return len(found), len(asked)

    with tenant(pledged.institution.pk):
        pledges.withdrawn(pledged, cause=pledges.Cause.VOLUNTARY)
    counted()  # the first use of a key is written down
    before = counted()
    with tenant(pledged.institution.pk):
        pledges.public(pledged, at=pledges.NOON + timedelta(days=2))
    assert counted() == (before[0] + 1, before[1])


def test_a_program_finds_institutions_and_lines_in_the_directory(pledged, key):
    found = read(DIRECTORY, key, name=pledged.institution.name).json()
    assert [row["name"] for row in found["institutions"]] == [pledged.institution.name] and found["after"] is None
    [line] = read(DIRECTORY, key, what="压力", low="0", high="1", unit="MPa").json()["lines"]
    assert line["institution"]["name"] == pledged.institution.name and line["U"]["unit"] == "MPa"


@pytest.mark.parametrize(
    ("query", "field"),
    [({"unit": "香蕉", "low": "1"}, "unit"), ({"pledge": "best"}, "pledge"), ({"what": "压力", "after": "x"}, "after"),
     ({"what": "压力", "before": "-1"}, "before"), ({"low": "2", "high": "1", "unit": "g"}, "high")],
)  # fmt: skip
def test_a_search_that_cannot_be_read_is_told_by_field(pledged, key, query, field):
    answer = read(DIRECTORY, key, **query)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_the_directory_is_read_a_page_at_a_time(pledged, key, monkeypatch):
    monkeypatch.setattr("commitments.views_api.MOST", 1)
    make.institution("zweite", name="某某计量所")
    first = read(DIRECTORY, key).json()
    second = read(DIRECTORY, key, after=first["after"]).json()
    assert first["after"] and {row["name"] for row in second["institutions"]} != {
        row["name"] for row in first["institutions"]
    }


@pytest.mark.parametrize("address", [PLEDGES, DIRECTORY])
def test_without_a_key_there_is_nothing(pledged, address):
    assert read(address).status_code == 401
