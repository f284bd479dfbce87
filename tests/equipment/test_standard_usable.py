"""The gate that others ask: may this standard be used for this quantity, range, kind of service and site on this day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from equipment.models import (
    Equipment,
    MeasurementStandard,
    StandardChange,
    StandardEvent,
    StandardItem,
    StandardPart,
)
from equipment.usability import standard_reasons, standards_usable_on
from institutions.models import Authorisation, Credential, Employment, Qualification
from portal.models import Document
from tests import make
from tests.equipment.standards import allowed

DAY = date(2026, 3, 10)
BEFORE, AFTER = DAY - timedelta(1), DAY + timedelta(1)
K, S = MeasurementStandard.Kind, MeasurementStandard.State
ENDS = date(2026, 8, 31)  # of the traceability of its main standard
WORK = {
    "activity": "verification", "external_customer": True, "mandatory": True, "instrument": "压力表", "measurand": "压力",
    "low": Decimal(0), "high": Decimal(6), "unit": "MPa",
}  # fmt: skip
PLAIN = {"activity": "calibration", "external_customer": False, "mandatory": False}


@pytest.fixture
def w(db):
    """A standard that may be used for everything on its certificate, with everything it consists of."""
    with allowed() as world:
        make.traceability(world.institution, world.equipment, world.people[0], confirmed_on=date(2025, 9, 5))
        world.helper = make.equipment(world.institution, world.site)
        make.traceability(world.institution, world.helper, world.people[0], confirmed_on=date(2025, 9, 5))
        part = {"institution": world.institution, "standard": world.standard, "equipment": world.helper}
        StandardPart.objects.create(**part, role=StandardPart.Role.SUPPORTING)
        item = {
            "institution": world.institution,
            "standard": world.standard,
            "instrument": "压力表",
            "measurand": "压力",
        }
        StandardItem.objects.create(**item, range_low=0, range_high=6, unit="MPa", accuracy="1.6 级")
        yield world


def clauses(w, day=DAY, **work):
    return {refusal.clause for refusal in standard_reasons(w.standard, day, **WORK | {"site_id": w.site.pk} | work)}


def listed(w, day=DAY):
    return standards_usable_on(MeasurementStandard.objects.all(), day).exists()


def change(model, **values):
    return lambda w: model.objects.update(**values)


def device(name, **values):
    return lambda w: Equipment.objects.filter(pk=getattr(w, name).pk).update(**values)


def changed_method(w):
    StandardChange.objects.create(
        institution=w.institution, standard=w.standard, kind="method", changed_on=BEFORE, text="换规程"
    )


def held_later(w):
    change(MeasurementStandard, state=S.HELD)(w)
    StandardEvent.objects.create(
        institution=w.institution, standard=w.standard, kind="held", happened_on=AFTER, state_after=S.HELD, text="-"
    )


def the_responsible_person_has_left(w):
    make.authorisation(w.institution, make.employment(w.institution, "第三人"), Authorisation.Role.CALIBRATOR)
    Employment.objects.filter(pk=w.people[0].pk).update(ended_on=BEFORE)


def another_standard_with_a_broken_part(w):
    broken = make.equipment(w.institution, w.site, state="quarantined")
    MeasurementStandard.objects.create(
        institution=w.institution, kind=K.WORKING, code="BZ-9", name="别的", site=w.site, range_text="-", accuracy="-",
        responsible=w.people[0], state=S.BUILT,
    ).parts.create(institution=w.institution, equipment=broken)  # fmt: skip


def suspended_that_day(w):
    for on, after in ((BEFORE, S.SUSPENDED), (AFTER, S.IN_USE)):
        StandardEvent.objects.create(
            institution=w.institution, standard=w.standard, kind="other", happened_on=on, state_after=after, text="-"
        )


# What spoils the standard for any work at all, and the clause that says so.
SPOILED = [
    (change(MeasurementStandard, assessed_until=BEFORE), "A-6.1.1"),
    (change(MeasurementStandard, assessed_on=AFTER), "A-6.1.1"),
    (change(MeasurementStandard, assessment_certificate=""), "A-6.1.1"),
    (change(MeasurementStandard, state=S.SUSPENDED), "C-4.1.2"),
    (change(MeasurementStandard, state=S.HELD), "E-8-h"),
    (held_later, "E-8-h"),
    (suspended_that_day, "C-4.1.2"),
    (changed_method, "C-4.1.2"),
    (change(MeasurementStandard, kind=K.HIGHEST, approved_on=AFTER), "C-4.1.2-b"),
    (change(MeasurementStandard, kind=K.HIGHEST, approval=None), "C-4.1.2-b"),
    (lambda w: (change(MeasurementStandard, kind=K.HIGHEST)(w), change(Document, state="refused")(w)), "C-4.1.2-b"),
    (change(Credential, valid_until=BEFORE), "C-5.1.1-s3"),
    (the_responsible_person_has_left, "C-5.1.1-s3"),
    (lambda w: Authorisation.objects.filter(employment=w.people[1]).update(valid_until=BEFORE), "C-5.1.1-s2"),
    (change(StandardPart, role="supporting"), "A-6.5.1-s3"),
    (change(StandardPart, removed_on=DAY), "A-6.5.1-s3"),
    (device("equipment", state="quarantined"), "D-4.4.3.2-s1"),
    (device("helper", state="quarantined"), "D-4.4.3.2-s1"),
    (lambda w: (device("helper", state="quarantined")(w), change(StandardPart, added_on=DAY)(w)), "D-4.4.3.2-s1"),
    (lambda w: (device("helper", state="quarantined")(w), change(StandardPart, removed_on=AFTER)(w)), "D-4.4.3.2-s1"),
]
# What leaves it usable.
HARMLESS = [
    lambda w: None,
    change(MeasurementStandard, kind=K.HIGHEST),
    change(MeasurementStandard, kind=K.WORKING),
    change(MeasurementStandard, approval=None, approved_on=None),
    change(MeasurementStandard, field=""),
    change(MeasurementStandard, assessed_on=DAY, assessed_until=DAY),
    change(Qualification, valid_until=BEFORE),
    another_standard_with_a_broken_part,
    lambda w: (device("helper", state="quarantined")(w), StandardPart.objects.filter(role="supporting").update(removed_on=DAY)),
    lambda w: (device("helper", state="quarantined")(w), StandardPart.objects.filter(role="supporting").update(added_on=AFTER)),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "clause"), SPOILED)
def test_what_spoils_it_is_said_and_keeps_it_from_the_list(w, spoil, clause):
    spoil(w)
    assert clause in {refusal.clause for refusal in standard_reasons(w.standard, DAY, **PLAIN)}
    assert not listed(w)


@pytest.mark.parametrize("leave", HARMLESS)
def test_what_may_be_used_is_listed_and_nothing_is_said(w, leave):
    leave(w)
    assert standard_reasons(w.standard, DAY, **PLAIN) == [] and listed(w)


@pytest.mark.parametrize(("day", "usable"), [(ENDS, True), (ENDS + timedelta(1), False)])
def test_the_day_after_the_traceability_of_a_part_has_ended_nothing_is_measured(w, day, usable):
    assert (clauses(w, day) == set(), listed(w, day)) == (usable, usable)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ({}, set()),
        ({"unit": "kPa", "high": Decimal(6000)}, set()),
        ({"unit": "kPa", "high": Decimal(6001)}, {"C-4.1.2"}),
        ({"high": Decimal("6.000000000001")}, {"C-4.1.2"}),
        ({"low": Decimal("-0.000000000001")}, {"C-4.1.2"}),
        ({"unit": "℃"}, {"C-4.1.2"}),
        ({"unit": "no unit"}, {"C-4.1.2"}),
        ({"measurand": "质量"}, {"C-4.1.2"}),
        ({"instrument": "天平"}, {"C-4.1.2"}),
        ({"site_id": 0}, {"C-4.1.2"}),
    ],
)
def test_quantity_range_and_site_are_held_against_its_certificate(w, work, expected):
    assert clauses(w, **work) == expected


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ({}, {"C-4.1.2-b", "C-4.1.2-c-s1"}),
        ({"mandatory": False}, {"C-4.1.2-b", "C-4.1.2-c-s1"}),
        ({"mandatory": False, "external_customer": False}, set()),
    ],
)
def test_the_highest_standard_of_an_unauthorised_institution_serves_the_house_only(w, work, expected):
    Qualification.objects.update(valid_until=BEFORE)
    MeasurementStandard.objects.update(kind=K.HIGHEST)
    assert clauses(w, **work) == expected


def test_everything_against_it_is_said_at_once_its_own_rules_first(w):
    MeasurementStandard.objects.update(assessed_until=BEFORE)
    device("helper", state="quarantined")(w)
    found = [refusal.clause for refusal in standard_reasons(w.standard, DAY, **WORK)]
    assert found == ["A-6.1.1", "D-4.4.3.2-s1"]


def test_the_gate_takes_three_queries_and_the_list_one(w):
    with CaptureQueriesContext(connection) as asked:
        standard_reasons(w.standard, DAY, **WORK)
    assert len(asked) == 3
    with CaptureQueriesContext(connection) as asked:
        list(standards_usable_on(MeasurementStandard.objects.all(), DAY))
    assert len(asked) == 1
