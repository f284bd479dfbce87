"""Two institutions, one person: what the regulator of both sees, and nobody else."""

import pytest

from institutions.models import EmploymentConflict
from oversight import pairs
from portal.tenancy import scope, tenant
from tests import make

from .rows import amend, conflict, looks_at, page, regulator, today

pytestmark = pytest.mark.django_db

PAIRS = "/o/region/pairs/"


@pytest.fixture
def labs(db):
    return make.institution("alpha", region_code="440300"), make.institution("beta", region_code="440100")


def found(region):
    """The pairs of the region; the database finds as many conflicts as the page has pairs."""
    with scope(region=region):
        rows = pairs.conflicts()
        shown = [(pair.trying.slug, pair.other.slug) for pair in pairs.pairs_of(rows)]
        assert len(shown) == rows.count()
    return shown


def test_the_regulator_of_both_sees_both_names_and_days(client, labs):
    conflict(*labs)
    regulator(client, "44")
    html = page(client, PAIRS)
    assert "alpha计量院" in html and "beta计量院" in html and "两处人" in html
    assert f"{today(-900)} 至 今" in html and "未解除" in html


@pytest.mark.parametrize("region", ["4403", "4401", "33"])
def test_the_regulator_of_one_of_them_sees_nothing(client, labs, region):
    conflict(*labs)
    regulator(client, region)
    assert "两处人" not in page(client, PAIRS)


@pytest.mark.parametrize("region", ["4403", "4401", ""])
def test_the_database_shows_no_pair_of_which_one_side_lies_outside(labs, region):
    conflict(*labs)
    assert found(region) == []


def test_an_institution_finds_no_pair_in_its_own_scope(labs):
    conflict(*labs)
    for lab in labs:
        with tenant(lab.pk):
            assert pairs.pairs_of(pairs.conflicts()) == []


def test_both_sheets_show_the_pair(client, labs):
    conflict(*labs)
    regulator(client, "44")
    assert "两处人" in page(client, "/o/alpha/") and "两处人" in page(client, "/o/beta/")


def test_the_sheet_of_a_city_does_not_show_the_other_city(client, labs):
    conflict(*labs)
    regulator(client, "4403")
    html = page(client, "/o/alpha/")
    assert "两处人" not in html and "beta计量院" not in html


def test_a_third_institutions_sheet_shows_nothing_of_it(client, labs):
    conflict(*labs)
    make.institution("gamma", region_code="440200")
    regulator(client, "44")
    assert "两处人" not in page(client, "/o/gamma/")


def test_a_pair_whose_employment_has_ended_says_since_when(client, labs):
    row = conflict(*labs)
    amend(row, ended_on=today(-2))
    regulator(client, "44")
    html = page(client, PAIRS)
    assert f"另一处已于 {today(-2)} 离职" in html and "未解除" not in html


def test_an_employment_that_turned_out_not_to_overlap_makes_no_pair(labs):
    row = conflict(*labs)
    amend(row, ended_on=today(-6))
    assert found("44") == []


def test_a_withdrawn_employment_makes_no_pair(labs):
    row = conflict(*labs)
    amend(row, state="withdrawn")
    assert found("44") == []


def test_an_employment_at_the_same_institution_is_no_other_one(labs):
    row = make.employment(labs[0], "两处人", started_on=today(-900))
    make._row(EmploymentConflict, labs[0], person=row.person, name="两处人", started_on=today(-5))
    assert found("44") == []


def test_tried_twice_it_is_one_pair(labs):
    row = conflict(*labs)
    make._row(EmploymentConflict, labs[0], person=row.person, name="两处人", started_on=today(-1))
    assert found("44") == [("alpha", "beta")]


def test_both_institutions_read_that_the_pair_was_looked_at(client, labs):
    conflict(*labs)
    regulator(client, "44")
    page(client, PAIRS)
    assert [looks_at(lab) for lab in labs] == [["双重从业"], ["双重从业"]]


def test_the_other_side_reads_of_a_look_at_the_sheet(client, labs):
    conflict(*labs)
    regulator(client, "44")
    page(client, "/o/alpha/")
    assert looks_at(labs[0]) == ["机构监管档案"] and looks_at(labs[1]) == ["双重从业"]


def test_the_number_of_pairs_not_yet_ended_stands_on_the_first_page(client, labs):
    conflict(*labs)
    amend(conflict(*labs, "已走的人"), ended_on=today(-2))
    regulator(client, "44")
    assert client.get("/o/").context["figures"]["pairs"] == 1


@pytest.mark.parametrize("region", ["44%00", "x", "４４", "%"])
def test_an_odd_region_shows_the_regulators_own(client, labs, region):
    conflict(*labs)
    regulator(client, "44")
    assert "两处人" in client.get(f"{PAIRS}?region={region}").content.decode()
