"""To whom the documents apply, and that every clause of this app has an answer for every institution."""

import logging
from datetime import timedelta

import pytest

from institutions.models import Qualification, ScopeItem
from portal.clauses import APPLIES, CHECKS, catalogue, evaluate
from portal.models import Document
from portal.tenancy import tenant
from tests import filled, make
from tests.clauses import DAY, FIRST, WITHDRAWN, change, judge

pytestmark = pytest.mark.django_db

# What the catalogue lets be not applicable to an institution that has nothing on record.
NOTHING_TO_JUDGE = {
    "B-4.2-s1", "B-4.2-s2", "B-4.3-s1", "B-4.3-s3", "B-4.7.3-s1", "B-4.7.4-s1", "B-6.1.2-s1", "B-6.5.2-s2", "B-6.5.5",
    "C-4.3-s1", "C-4.6", "C-5.4.3-s1", "D-4.2.1.4-s2", "D-4.2.2.2-s2",
}  # fmt: skip
TOPICS = ("documents", "innovation", "organisation", "papers", "places", "service", "shown")
MODULES = {"certificates.checks.usage", *(f"institutions.checks.{topic}" for topic in TOPICS)}


@pytest.fixture
def failures(monkeypatch):
    """The checks that fail while the test runs."""
    found = []
    monkeypatch.setattr(
        logging.getLogger("portal.clauses"), "exception", lambda event, extra: found.append((event, extra["check"]))
    )
    return found


def test_an_institution_with_nothing_on_record_meets_nothing():
    empty = make.institution("gamma")
    names = [name for name, check in CHECKS.items() if check.__module__ in MODULES]
    found = {name: str(judge(empty, name).state) for name in names}
    assert len(names) > 90
    assert found == {name: "not_applicable" if name in NOTHING_TO_JUDGE else "not_met" for name in names}


@pytest.mark.parametrize("world", ["empty", "laboratory", "everything"])
def test_no_check_of_any_clause_fails(failures, world):
    lab = make.institution() if world == "empty" else make.laboratory().institution
    if world == "everything":
        filled.one_of_each(lab)
        make.legal_status(lab, since=FIRST, is_industry_centre=True)
        with tenant(lab.pk):
            Document.objects.update(state=Document.State.ACCEPTED)
    found = evaluate(lab, DAY)
    assert (failures, len(found)) == ([], len(catalogue()))


@pytest.fixture
def w():
    return make.laboratory()


def why_not(letter, lab):
    """Why the document does not apply to the institution on the day, or ""."""
    with tenant(lab.pk):
        return "" if any(not says(lab, DAY) for says in APPLIES[letter]) else APPLIES[letter][0](lab, DAY)


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True), ({"valid_until": DAY - timedelta(364)}, True), ({"valid_until": DAY - timedelta(365)}, False),
        ({"valid_from": DAY + timedelta(1)}, False), (WITHDRAWN, False),
    ],
)  # fmt: skip
def test_document_b_is_for_who_had_scope_within_a_year(w, changes, applies):
    make.laboratory("beta")
    if changes:
        change(w.scope, **changes)
    assert (not why_not("B", w.institution)) is applies


def test_why_document_b_does_not_apply_is_said(w):
    change(w.scope, **WITHDRAWN)
    assert "能力范围" in evaluate(w.institution, DAY)["B-4.3-s2"].advice


@pytest.mark.parametrize(
    ("values", "applies"),
    [
        ({}, True), ({"is_industry_centre": False}, False), ({"since": DAY + timedelta(1)}, False), (WITHDRAWN, False),
    ],
)  # fmt: skip
def test_document_d_is_for_industry_centres(w, values, applies):
    make.legal_status(w.institution, **{"since": FIRST, "is_industry_centre": True, **values})
    make.legal_status(make.institution("beta"), is_industry_centre=True)
    assert (not why_not("D", w.institution)) is applies


def test_a_verdict_looks_at_its_own_institution_only(w):
    before = evaluate(w.institution, DAY)
    other = make.laboratory("beta").institution
    filled.one_of_each(other)
    with tenant(other.pk):
        ScopeItem.objects.update(valid_until=DAY - timedelta(1))
        Qualification.objects.update(valid_until=DAY - timedelta(1))
    after = evaluate(w.institution, DAY)
    assert {name for name in before if before[name] != after[name]} == set()
