"""Clauses decided by figures of a year, and by a team with its experts."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from institutions.models import (
    InnovationFigure,
    YearFigures,
)
from tests import make
from tests.clauses import DATED, DAY, HELD, WITHDRAWN, activity, change, judge, partnership, row, said, state

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def lab():
    return make.institution()


FIGURES = {
    "B-6.7.2-c": ("cooperation", "file"),
    "B-6.7.2-d": ("projects", "file"),
    "B-6.7.2-e": ("utility_patents", "references"),
    "B-6.7.2-f": ("invention_patents", "references"),
    "B-6.7.2-g": ("papers", "references"),
    "B-6.7.2-h": ("software", "references"),
    "B-6.7.4-a": ("international_standards", "references"),
    "B-6.7.4-b": ("national_standards", "references"),
    "B-6.7.4-c": ("international_papers", "references"),
    "B-6.7.4-d": ("science_awards", "file"),
    "B-6.7.4-e": ("quality_awards", "file"),
    "B-6.7.4-f": ("patent_awards", "file"),
}


def figure(lab, indicator, count=1, *, proof="", year=2025):
    proofs = {
        "references": "一项" if proof == "references" else "",
        "file": make.document(lab) if proof == "file" else None,
    }
    return row(InnovationFigure, lab, year=year, indicator=indicator, count=count, **proofs)


@pytest.mark.parametrize(("name", "indicator", "proof"), [(name, *case) for name, case in FIGURES.items()])
def test_a_figure_of_last_year_with_its_proof_is_met(lab, name, indicator, proof):
    made = figure(lab, indicator, 2, proof=proof)
    found = judge(lab, name)
    assert (found.state, [row.row_id for row in found.evidence], [*found.figures.values()]) == ("met", [made.pk], [2])


@pytest.mark.parametrize(("name", "indicator", "proof"), [(name, *case) for name, case in FIGURES.items()])
def test_nought_is_a_figure_that_needs_no_proof(lab, name, indicator, proof):
    figure(lab, indicator, 0)
    assert state(lab, name) == "met"


@pytest.mark.parametrize(("name", "indicator", "proof"), [(name, *case) for name, case in FIGURES.items()])
def test_a_figure_without_its_proof_is_named(lab, name, indicator, proof):
    made = figure(lab, indicator, proof="file" if proof == "references" else "references")
    found = judge(lab, name)
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [made.pk])


@pytest.mark.parametrize(
    "changes", [{"year": 2024}, {"year": 2026}, {"indicator": "specifications"}, {"file": "quarantined"}, WITHDRAWN]
)
def test_only_last_years_figure_counts(lab, changes):
    change(figure(lab, "projects", proof="file"), **changes)
    figure(make.institution("beta"), "projects", proof="file")
    assert state(lab, "B-6.7.2-d") == "not_met"


@pytest.mark.parametrize(
    ("year", "count", "expected"),
    [
        (2026, 1, "met"),
        (2025, 1, "met"),
        (2024, 1, "met"),
        (2023, 1, "met"),
        (2022, 1, "not_met"),
        (2027, 1, "not_met"),
        (2025, 0, "not_met"),
    ],
)
def test_a_specification_of_the_last_three_years_is_met(lab, year, count, expected):
    figure(lab, "specifications", count, year=year)
    assert state(lab, "B-6.4-b") == expected


@pytest.mark.parametrize("changes", [{"indicator": "papers"}, WITHDRAWN])
def test_other_figures_are_no_specifications(lab, changes):
    change(figure(lab, "specifications"), **changes)
    figure(make.institution("beta"), "specifications")
    assert state(lab, "B-6.4-b") == "not_met"


def totals(lab, **values):
    values = {
        "year": 2025, "headcount": 40, "inventory": 300, "research_staff": 6, "research_spend": Decimal("12.5"),
        "calibration_revenue": Decimal(100), **values,
    }  # fmt: skip
    return row(YearFigures, lab, **values)


@pytest.mark.parametrize(("name", "share"), [("B-6.7.2-a", "15.0 %"), ("B-6.7.2-b", "12.5 %")])
def test_shares_are_computed_from_last_years_totals(lab, name, share):
    made = totals(lab)
    found = judge(lab, name)
    assert (found.state, [*found.figures.values()], [row.row_id for row in found.evidence]) == (
        "met",
        [share],
        [made.pk],
    )


@pytest.mark.parametrize("name", ["B-6.7.2-a", "B-6.7.2-b"])
def test_a_share_of_nothing_is_a_share(lab, name):
    totals(lab, research_staff=0, research_spend=Decimal(0))
    assert [*judge(lab, name).figures.values()] == ["0.0 %"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("B-6.7.2-a", {"research_staff": None}), ("B-6.7.2-a", {"headcount": 0}), ("B-6.7.2-b", {"research_spend": None}),
        ("B-6.7.2-b", {"calibration_revenue": None}), ("B-6.7.2-b", {"calibration_revenue": Decimal(0)}),
        *((name, changes) for name in ("B-6.7.2-a", "B-6.7.2-b") for changes in ({"year": 2024}, {"year": 2026}, WITHDRAWN)),
    ],
)  # fmt: skip
def test_a_blank_total_gives_no_share(lab, name, changes):
    change(totals(lab), **dict(changes))
    totals(make.institution("beta"))
    assert state(lab, name) == "not_met"


# --- a team with its experts


@pytest.fixture
def team(lab):
    return SimpleNamespace(
        team=partnership("innovation_team", lead="陈慕白")(lab), expert=partnership("expert")(lab),
        guidance=activity("guidance")(lab),
    )  # fmt: skip


def test_a_team_with_a_lead_an_expert_and_guidance_is_met(lab, team):
    assert state(lab, "D-5.6.2") == "met"


@pytest.mark.parametrize(
    ("what", "changes", "text"),
    [
        ("team", {"lead": ""}, "没有写明负责人的创新团队"),
        *(("team", changes, "没有写明负责人的创新团队") for changes in DATED),
        *(("expert", changes, "没有在期的专家") for changes in DATED),
        *(("guidance", changes, "专家指导") for changes in HELD),
    ],
)
def test_team_expert_and_guidance_are_each_asked_for(lab, team, what, changes, text):
    change(getattr(team, what), **dict(changes))
    found = judge(lab, "D-5.6.2")
    assert found.state == "not_met" and text in said(found)


def test_the_team_of_another_institution_does_not_count(lab, team):
    assert state(make.institution("beta"), "D-5.6.2") == "not_met"


def test_the_form_for_a_missing_figure_is_that_of_last_year(lab):
    assert judge(lab, "B-6.7.2-d").fix.endswith("?year=2025&indicator=projects")
    assert judge(lab, "B-6.7.2-a").fix.endswith("?year=2025")
