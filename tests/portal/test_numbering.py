"""Numbers without gaps: one counter row per institution, series and year."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from portal.models import Counter
from portal.numbering import next_number
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


def test_a_series_counts_from_one(lab):
    assert [next_number(lab.pk, "C", 2026) for _ in range(3)] == [1, 2, 3]


def test_each_series_and_each_year_counts_for_itself(lab):
    next_number(lab.pk, "C", 2026)
    assert next_number(lab.pk, "V", 2026) == next_number(lab.pk, "C", 2027) == 1
    assert next_number(lab.pk, "C", 2026) == 2


def test_each_institution_counts_for_itself(lab):
    next_number(lab.pk, "C", 2026)
    other = make.institution("beta")
    with tenant(other.pk):
        assert next_number(other.pk, "C", 2026) == 1


def test_a_number_whose_transaction_fails_is_given_again(lab):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert next_number(lab.pk, "C", 2026) == 1
        1 / 0  # noqa: B018
    assert next_number(lab.pk, "C", 2026) == 1


def test_nobody_takes_a_number_of_another_institution(lab):
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        next_number(make.institution("beta").pk, "C", 2026)


def test_a_series_has_one_counter_per_year(lab):
    next_number(lab.pk, "C", 2026)
    with pytest.raises(IntegrityError, match="counter_once_per_year"), transaction.atomic():
        Counter.objects.create(institution=lab, series="C", year=2026)


def test_the_counter_knows_the_last_number(lab):
    next_number(lab.pk, "C", 2026), next_number(lab.pk, "C", 2026)
    assert str(Counter.objects.get()) == "C 2026: 2"
