"""Clauses decided by documents that are about a year: reports, plans, and how far they reach."""

from datetime import timedelta

import pytest

from institutions.checks.documents import years_in
from institutions.system_documents import KINDS
from tests import make
from tests.clauses import DAY, WITHDRAWN, change, document, judge, said, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.institution()


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2026", {2026}), ("２０２６ 年度", {2026}), ("2026—2030 年", {2026, 2030}), ("第 3.2026 节", set()), ("20260", set()),
        ("第 2026.1 节", set()), ("规划到 2026.", {2026}), ("第 3 章", set()), ("1226", set()),
    ],
)  # fmt: skip
def test_years_are_read_from_what_was_typed(text, years):
    assert years_in(text) == years


YEARLY = {
    "B-6.4-c": ("esg_report", ("2025", "2026"), ("2024", "2027", "第 3 章", ""), ()),
    "B-6.7.1": (
        "innovation_plan", ("2026",), ("2025", "2027", ""), ("people", "funds", "results", "intellectual_property"),
    ),
    "D-4.3.1.4": ("talent_plan", ("2026",), ("2025", "2027", ""), ("actions",)),
}  # fmt: skip


def plan(lab, name, year, **values):
    kind, _right, _wrong, sections = YEARLY[name]
    return document(lab, kind, sections={**dict.fromkeys(sections, "第 2 章"), "year": year}, **values)


@pytest.mark.parametrize(("name", "year"), [(name, year) for name, case in YEARLY.items() for year in case[1]])
def test_a_document_about_the_year_is_met(lab, name, year):
    plan(lab, name, year)
    assert state(lab, name) == "met"


@pytest.mark.parametrize(("name", "year"), [(name, year) for name, case in YEARLY.items() for year in case[2]])
def test_a_document_about_another_year_is_named(lab, name, year):
    paper = plan(lab, name, year)
    found = judge(lab, name)
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [paper.pk])


@pytest.mark.parametrize(("name", "section"), [(name, part) for name, case in YEARLY.items() for part in case[3]])
def test_a_plan_covers_every_side(lab, name, section):
    paper = plan(lab, name, "2026")
    change(paper, sections=paper.sections | {section: ""})
    found = judge(lab, name)
    assert found.state == "not_met" and str(KINDS[paper.kind].sections[section]) in said(found)


@pytest.mark.parametrize("changes", [WITHDRAWN, {"file": "quarantined"}, {"valid_until": DAY - timedelta(1)}])
@pytest.mark.parametrize("name", YEARLY)
def test_a_plan_that_is_not_in_force_does_not_count(lab, name, changes):
    change(plan(lab, name, "2026"), **changes)
    found = judge(lab, name)
    assert found.state == "not_met" and "没有现行有效的文件" in said(found)


@pytest.mark.parametrize("name", YEARLY)
def test_a_plan_for_a_year_needs_no_review_of_its_own(lab, name):
    plan(lab, name, "2026", next_review_on=DAY - timedelta(1))
    assert state(lab, name) == "met"


@pytest.mark.parametrize("name", YEARLY)
def test_next_years_plan_does_not_put_this_years_aside(lab, name):
    plan(lab, name, "2026")
    plan(lab, name, "2027", version="B/0", valid_from=DAY)
    assert state(lab, name) == "met"


@pytest.mark.parametrize("name", YEARLY)
def test_the_plan_of_another_institution_does_not_count(lab, name):
    plan(make.institution("beta"), name, "2026")
    assert state(lab, name) == "not_met"


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        ("2026", "met"),
        ("到 2035 年", "met"),
        ("2025", "not_met"),
        ("第五章", "not_met"),
        ("", "not_met"),
        ("第 3.2 节 2020", "not_met"),
    ],
)
def test_the_plan_for_facilities_reaches_this_year_or_further(lab, horizon, expected):
    document(lab, "facility_development_plan", sections={"horizon_year": horizon})
    assert state(lab, "D-4.2.1.2") == expected


@pytest.mark.parametrize("changes", [WITHDRAWN, {"file": "quarantined"}, {"valid_until": DAY - timedelta(1)}])
def test_a_plan_for_facilities_must_be_in_force(lab, changes):
    change(document(lab, "facility_development_plan", sections={"horizon_year": "2035"}), **changes)
    assert state(lab, "D-4.2.1.2") == "not_met"


def test_the_plan_for_facilities_of_another_institution_does_not_count(lab):
    document(make.institution("beta"), "facility_development_plan", sections={"horizon_year": "2035"})
    assert state(lab, "D-4.2.1.2") == "not_met"
