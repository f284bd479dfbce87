"""The timeline of a row."""

import pytest

from portal import audit, history
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def row(db):
    institution = make.institution()
    row = make.equipment(institution, make.site(institution))
    with tenant(institution.pk):
        yield row


@pytest.fixture
def actor(row):
    return make.actor(row.institution, "metrology_manager", name="周岚")


def test_the_latest_act_stands_first(row, actor):
    for reason in ("先", "后"):
        audit.record(actor, "equipment.quarantine", row, reason=reason)
    assert [told["text"] for told in history.timeline(row)] == ["后", "先"]


def test_an_act_is_told_in_the_words_of_its_app(row, actor):
    audit.record(actor, "equipment.quarantine", row)
    told = history.timeline(row)[0]
    assert (told["title"], told["who"]) == ("停用隔离", "周岚（计量管理人员）")


def test_a_refused_act_is_told_with_its_reasons(row, actor):
    refused = {"refused": [["A-6.2.2", "没有溯源证书。"]]}
    audit.record(actor, "equipment.return_to_use", row, succeeded=False, changes=refused)
    told = history.timeline(row)[0]
    assert (told["title"], told["text"]) == ("投入使用：被拒绝", "没有溯源证书。（A-6.2.2）")


def test_a_refusal_without_a_clause_shows_no_name_of_the_code(row, actor):
    refused = {"refused": [["state", "当前状态是“停用”。"]]}
    audit.record(actor, "equipment.return_to_use", row, succeeded=False, changes=refused)
    assert history.timeline(row)[0]["text"] == "当前状态是“停用”。"


def test_acts_on_another_row_stay_out(row, actor):
    audit.record(actor, "equipment.quarantine", make.equipment(row.institution, row.site))
    assert history.timeline(row) == []


@pytest.mark.parametrize(
    ("name", "printed"),
    [("B-4.5-d", "B-4.5-d"), ("state", ""), ("approved_by", ""), ("step-up", ""), ("", "")],
)
def test_only_clauses_of_the_catalogue_are_printed(name, printed):
    assert history.printed_clause(name) == printed
