"""The list of institutions as a file: for who has just proven himself, with a look at each institution in it."""

import io

import pytest
from openpyxl import load_workbook

from tests import make

from .rows import evaluation, looks_at, not_met, regulator

pytestmark = pytest.mark.django_db

EXPORT = "/o/region/export/"


@pytest.fixture
def labs(db):
    return make.institution("alpha"), make.institution("beta"), make.institution("far", region_code="110100")


@pytest.fixture
def office(client, labs):
    """A browser of a regulator with a second factor."""
    account = regulator(client)
    make.second_factor_of(account)
    client.account = account
    return client


def export(office, query="", otp=None, kind="xlsx"):
    otp = make.code(office.account) if otp is None else otp
    return office.post(f"{EXPORT}{query}", {"format": kind, "otp": otp})


def rows_of(answer):
    sheet = load_workbook(io.BytesIO(answer.content)).active
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_file_holds_counts_and_facts_of_the_region(office, labs):
    evaluation(labs[0], not_met=4, duties=2, met=9)
    not_met(labs[0], "A-4.1.1", "没有营业执照。请登记。")
    rows = rows_of(export(office))
    assert [row["机构"] for row in rows] == ["alpha计量院", "beta计量院"]
    assert rows[0]["不符合"] == 4 and rows[0]["不符合的“应、不得”条款"] == 2
    assert rows[0]["最突出的问题 1"].startswith("没有营业执照（A-4.1.1，")
    assert rows[1]["不符合"] is None


def test_the_file_holds_what_the_filters_leave(office, labs):
    assert [row["机构"] for row in rows_of(export(office, "?q=beta"))] == ["beta计量院"]


def test_without_a_fresh_proof_there_is_no_file_and_no_look(office, labs):
    answer = export(office, otp="000000")
    assert answer.status_code == 302 and answer["Location"] == "/o/"
    assert looks_at(labs[0]) == []


def test_an_unknown_format_is_refused(office, labs):
    assert export(office, kind="exe").status_code == 302


def test_every_institution_in_the_file_reads_of_it_and_no_other(office, labs):
    export(office, "?q=beta")
    assert [looks_at(lab) for lab in labs] == [[], ["导出辖区机构"], []]


def test_members_cannot_export(client, labs):
    client.force_login(make.user(labs[0], "administrator"))
    assert client.post(EXPORT, {"format": "xlsx"}).status_code == 404


def test_more_institutions_than_a_trail_takes_at_once_are_refused(office, labs, monkeypatch):
    monkeypatch.setattr("oversight.looks.MOST", 1)
    assert export(office).status_code == 302
    assert "一次最多导出 1 家机构" in office.get("/o/").content.decode()


def test_no_fact_is_read_before_the_proof_is_taken(office, labs, monkeypatch):
    monkeypatch.delattr("oversight.jurisdiction.summaries")
    assert export(office, otp="000000").status_code == 302
