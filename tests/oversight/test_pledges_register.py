"""The register of all pledges of a region: which are on it, by which word, and who reads that it was looked at."""

import io
from copy import deepcopy
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from commitments.models import Commitment, CommitmentWithdrawal, DirectoryEntry, Hearing
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

from .rows import looks_at, page, regulator, today

URL, EXPORT = "/o/pledges/", "/o/region/pledges/export/"


@pytest.fixture(scope="module")
def worlds_made(rows_of_module):
    """A laboratory with a public pledge and one whose pledge has fallen, and one of another region."""
    now = timezone.now()
    public = pledges.public(make.laboratory("alpha"), at=now - timedelta(2))
    fallen = pledges.withdrawn(make.laboratory("beta"), at=now, published_at=now - timedelta(1))
    return public, fallen


@pytest.fixture
def worlds(db, worlds_made):
    return deepcopy(worlds_made)


def change(world, **values):
    with tenant(world.institution.pk):
        Commitment.objects.filter(pk=world.pledge.pk).update(**values)


def entry(world, **values):
    """What the directory says of the institution."""
    with tenant(world.institution.pk):
        DirectoryEntry.objects.filter(institution=world.institution).update(**values)


def listed(client, **query):
    """The slugs of the institutions on the page, in order."""
    html = page(client, URL, **query)
    return [part.split("/")[0] for part in html.split('href="/o/pledges/')[1:] if part[:1] not in ('"', "?")]


def test_every_pledge_of_the_region_is_on_the_register_the_newest_first(client, worlds):
    regulator(client)
    assert listed(client) == ["beta", "alpha"]


def test_a_pledge_of_another_region_is_not(client, worlds):
    regulator(client, region="1101")
    assert listed(client) == []


def test_a_wider_region_holds_the_pledges_of_its_cities(client, worlds):
    regulator(client, region="44")
    assert listed(client, region="4403") == ["beta", "alpha"]
    assert listed(client, region="4401") == []


def test_a_member_of_an_institution_finds_no_register(client, worlds):
    client.force_login(make.user(worlds[0].institution, "quality_manager"))
    assert client.get(URL).status_code == 404


@pytest.mark.parametrize(
    ("state", "slugs"),
    [("valid", ["alpha"]), ("withdrawn", ["beta"]), ("unremedied", ["beta"]), ("overdue", []), ("lapsed", []),
     ("making", []), ("nonsense", ["beta", "alpha"])],
)  # fmt: skip
def test_a_word_leaves_the_pledges_of_which_it_is_true(client, worlds, state, slugs):
    regulator(client)
    assert listed(client, state=state) == slugs


def test_an_unconfirmed_pledge_is_overdue_from_the_day_after_its_deadline(client, worlds):
    regulator(client)
    change(worlds[0], confirm_by=today())
    assert listed(client, state="overdue") == []
    change(worlds[0], confirm_by=today(-1))
    assert listed(client, state="overdue") == ["alpha"] and listed(client, state="valid") == []
    assert "逾期未确认" in page(client, URL)


def test_a_pledge_is_lapsed_from_the_day_after_its_conditions_though_nobody_has_withdrawn_it(client, worlds):
    regulator(client)
    entry(worlds[0], holds_until=today())
    assert listed(client, state="lapsed") == []
    entry(worlds[0], holds_until=today(-1))
    assert listed(client, state="lapsed") == ["alpha"] and listed(client, state="valid") == []


def test_a_pledge_under_a_hearing_is_found_by_that(client, worlds):
    w = worlds[0]
    regulator(client)
    assert listed(client, state="hearing") == []
    with tenant(w.institution.pk):
        Hearing.objects.create(
            institution=w.institution, commitment=w.pledge, reason="数据不实", noticed_by="甲", answer_by=today(5)
        )
    assert listed(client, state="hearing") == ["alpha"]


def test_a_cause_leaves_the_pledges_that_ended_by_it(client, worlds):
    regulator(client)
    assert listed(client, cause=CommitmentWithdrawal.Cause.COMPLAINT) == ["beta"]
    assert listed(client, cause=CommitmentWithdrawal.Cause.LICENCE) == []


def test_a_pledge_is_found_by_its_number_and_by_its_institution(client, worlds):
    regulator(client)
    assert listed(client, q=worlds[0].pledge.number) == ["alpha"]
    assert listed(client, q=worlds[1].institution.credit_code) == ["beta"]


def test_what_was_given_up_is_shown_only_when_asked_for(client, worlds):
    with tenant(worlds[0].institution.pk):
        Commitment.objects.create(
            institution=worlds[0].institution, state="dropped", template=worlds[0].pledge.template
        )
    regulator(client)
    assert listed(client) == ["beta", "alpha"]
    assert listed(client, state="dropped") == ["alpha"]


def test_the_figures_count_the_region_whatever_is_filtered(client, worlds):
    regulator(client)
    for query in ({}, {"state": "lapsed"}):
        html = page(client, URL, **query)
        assert [name in html for name in ("</svg>1</b>有效", "<b>0</b>逾期未确认", "</svg>1</b>已撤销")] == [True] * 3


def test_the_next_page_goes_on_after_the_last_row(client, worlds, monkeypatch):
    monkeypatch.setattr("oversight.pledges.views.SIZE", 1)
    regulator(client)
    html = page(client, URL)
    assert f"after={worlds[1].pledge.ref}" in html
    assert listed(client, after=worlds[1].pledge.ref) == ["alpha"]


def test_each_institution_on_the_page_reads_that_it_was_looked_at(client, worlds):
    regulator(client)
    page(client, URL, state="valid")
    assert [looks_at(w.institution) for w in worlds] == [["承诺登记"], []]


def test_more_pledges_on_the_page_are_no_more_queries(client, worlds, django_assert_num_queries):
    regulator(client)
    page(client, URL)  # what a session asks once has been asked
    with CaptureQueriesContext(connection) as queries:
        assert listed(client, state="valid") == ["alpha"]
    with django_assert_num_queries(len(queries)):
        assert listed(client) == ["beta", "alpha"]


# --- the file


@pytest.fixture
def office(client, worlds):
    account = regulator(client)
    make.second_factor_of(account)
    client.account = account
    return client


def export(office, query="", otp=None):
    otp = make.code(office.account) if otp is None else otp
    return office.post(f"{EXPORT}{query}", {"format": "xlsx", "otp": otp})


def test_the_file_holds_what_the_filters_leave_with_cause_and_dates(office, worlds):
    answer = export(office, "?state=withdrawn")
    assert answer.status_code == 200
    head, *rows = load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    row = dict(zip(head, rows[0], strict=True))
    assert len(rows) == 1 and row["机构"] == worlds[1].institution.name and row["情况"] == "已撤销"
    assert row["撤销情形"] == "诚信投诉查证属实" and row["作出者"] == "系统"
    assert row["情形出现日期"].date() == today()


def test_each_institution_in_the_file_reads_so(office, worlds):
    export(office, "?state=withdrawn")
    assert [looks_at(w.institution) for w in worlds] == [[], ["导出承诺登记"]]


def test_without_a_fresh_proof_there_is_no_file_and_no_look(office, worlds):
    answer = export(office, otp="000000")
    assert answer.status_code == 302 and answer["Location"] == URL
    assert looks_at(worlds[1].institution) == []


def test_more_pledges_than_one_look_can_hold_are_not_given(office, worlds, monkeypatch):
    monkeypatch.setattr("oversight.looks.MOST", 1)
    assert export(office).status_code == 302
    assert looks_at(worlds[0].institution) == []
