"""Each condition of the checks of certificates by itself: one fact spoiled while all others are in order."""

import pytest

from certificates.checks.papers import GENERAL
from certificates.models import Certificate, Procedure, RawRecord
from orders.models import Item
from portal.clauses import CHECKS, State
from tests import make

from . import test_checks
from .test_checks import (
    DAY,
    TOMORROW,
    catalogue_says,
    changed,
    copied,
    found_ended,
    on_record,
    said,
    updated,
)

w, world = test_checks.w, test_checks.world  # the two fixtures
OF_ITS_OWN = "A" * 26
YEAR_AGO = make.DAY.replace(year=make.DAY.year - 1)


def original(w):
    return Certificate.objects.get(pk=w.calibration.pk)


def twin(w, who):
    """Another employment of the same person, long over."""
    person = getattr(w, f"{who}_employment").person
    past = {"started_on": make.DAY.replace(2010), "ended_on": make.DAY.replace(2011)}
    return make.employment(w.institution, "沈若川", person=person, **past).pk


def as_if(column, who):
    """There is a certificate on which another employment of this person stands in the column."""
    return lambda w: changed(**{f"{column}_id": twin(w, who)})(w)


def at_once(column, other):
    """There is a certificate of which one moment is the other."""
    return lambda w: changed(**{column: getattr(original(w), other)})(w)


def measured_on(w, **item):
    """A record of a measurement of another item."""
    return copied(RawRecord.objects.get(pk=w.calibration.record_id), item_id=make.item(w.institution, **item).pk).pk


def with_paper(activity, **values):
    """There is another finished item with a paper of this kind and state."""
    return lambda w: changed(record_id=measured_on(w, activity=activity, state=Item.State.DONE), **values)(w)


def received(on=DAY, activity=Item.Activity.VERIFICATION, state=Item.State.DONE):
    """There is an item without any paper."""
    return lambda w: make.item(w.institution, activity=activity, state=state, received_on=on)


def nothing_main(w):
    standards = original(w).content["body"]["standards"]
    said("body", "standards", value=[one | {"role": "environment"} for one in standards])(w)


def found_ended_of_another_method(w):
    found_ended(DAY, method=make.method("JJG 49-2013"))(w)


def found_current_the_same_day(w):
    found_ended(DAY)(w)
    make.review(w, reviewed_on=DAY)


FINISHED = {Item.Activity.VERIFICATION: "C-6.4.1-s1", Item.Activity.CALIBRATION: "C-6.4.2.1"}
UNSIGNED = [
    as_if("checker", "operator"), as_if("approver", "operator"), as_if("checker", "signatory"),
    at_once("checked_at", "approved_at"),
    *[changed(**{column: None}) for column in ("checker_id", "approver_id", "checked_at", "approved_at")],
]  # fmt: skip
MORE = [
    ("A-3.4-s2", changed(token=OF_ITS_OWN, verification_code="")),
    ("A-3.4-s2", changed(token=OF_ITS_OWN, pdf_sha256="")),
    ("B-6.1.7-7.8.1-b", changed(content=None)),
    ("B-6.1.7-7.8.1-b", changed(pdf_sha256="")),
    *[(name, spoil) for name in ("B-6.1.7-s2", "A-6.6-s3") for spoil in UNSIGNED],
    ("A-6.6-s3", on_record(state=RawRecord.State.ABANDONED)),
    ("C-6.4.3.2", updated(Procedure, approved_by=None)),
    ("C-6.4.3.2", changed(kind=Certificate.Kind.VERIFICATION, valid_until=TOMORROW)),
    ("C-6.4.2.2-s2", said("body", "results", 0, "rows", value=[])),
    ("B-6.1.7-7.8.4-b", said("body", "environment", value=[{"value": ""}])),
    ("B-6.1.7-7.8.4-c", nothing_main),
    ("B-6.1.7-7.8.4-c", said("body", "standards", 1, "valid_until")),
    ("B-6.1.7-7.8.4-c", said("body", "standards", 1, "issuer")),
    ("C-6.4.2.3-s3", said("body", "conformity", "verdict")),
    *[("B-6.1.7-7.8.2", said("body", *name.split("."))) for name in GENERAL],
    ("B-6.1.7-7.8.2", said("issue", "issued_on")),
    ("B-6.1.7-7.8.2", said("body", "results", 0, "rows", value=[])),
    ("A-6.7", updated(Item, name="16 kgf/cm² 压力表")),
    ("A-6.7", updated(Item, model="16 kgf/cm²")),
    *[(name, with_paper(activity, state=Certificate.State.ABANDONED)) for activity, name in FINISHED.items()],
    ("C-6.4.1-s1", with_paper(Item.Activity.VERIFICATION)),
    ("C-6.4.2.1", with_paper(Item.Activity.CALIBRATION, kind=Certificate.Kind.VERIFICATION)),
]
MORE_OTHERWISE = [
    ("A-3.4-s2", State.MET, changed(token=OF_ITS_OWN)),
    ("B-6.1.7-s2", State.MET, at_once("approved_at", "issued_at")),
    ("A-6.6-s3", State.UNKNOWN, lambda w: on_record(submitted_at=original(w).checked_at)(w)),
    ("B-6.1.2-s2", State.MET, catalogue_says(in_force_from=DAY)),
    ("B-6.1.2-s2", State.MET, found_ended_of_another_method),
    ("B-6.1.2-s2", State.MET, found_current_the_same_day),
    ("C-6.4.2.5-s2", State.MET, said("body", "conclusion", value={"valid_until": None})),
    ("C-6.4.2.3-s1", State.MET, said("body", "conformity", value={"stated": False})),
    ("C-6.4.1-s1", State.MET, received(state=Item.State.RECEIVED)),
    ("C-6.4.1-s1", State.MET, received(on=YEAR_AGO)),
    ("C-6.4.1-s1", State.MET, received(on=TOMORROW)),
    ("C-6.4.1-s1", State.MET, with_paper(Item.Activity.VERIFICATION, kind=Certificate.Kind.NOTICE)),
    ("C-6.4.1-s1", State.MET, with_paper(Item.Activity.VERIFICATION, kind=Certificate.Kind.VERIFICATION)),
    ("C-6.4.2.1", State.MET, with_paper(Item.Activity.CALIBRATION)),
]


@pytest.mark.parametrize(("name", "spoil"), MORE, ids=[f"{name}-{n}" for n, (name, _) in enumerate(MORE)])
def test_each_condition_by_itself_breaks_the_clause(w, name, spoil):
    spoil(w)
    found = CHECKS[name](w.institution, DAY)
    assert found.state == State.NOT_MET and found.evidence


@pytest.mark.parametrize(
    ("name", "expected", "change"), MORE_OTHERWISE, ids=[f"{row[0]}-{n}" for n, row in enumerate(MORE_OTHERWISE)]
)
def test_what_only_looks_like_a_breach_is_none(w, name, expected, change):
    change(w)
    assert CHECKS[name](w.institution, DAY).state == expected


@pytest.mark.parametrize("column", ["name", "model", "condition"])
def test_only_the_certificate_of_the_item_with_an_illegal_unit_is_shown(w, column):
    Item.objects.update(name="压力表", model="Y-100", condition="完好")
    Item.objects.filter(records=w.calibration.record_id).update(**{column: "16 kgf/cm²"})
    found = CHECKS["A-6.7"](w.institution, DAY)
    assert [piece.row_id for piece in found.evidence] == [w.calibration.pk]
