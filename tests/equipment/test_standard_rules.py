"""What each kind of measurement standard may be used for on a day: kind, customer, mandatory verification, activity."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from equipment.models import MeasurementStandard, StandardChange, StandardEvent, StandardItem, StandardPart
from equipment.standards.rules import rules_against
from institutions.models import Authorisation, Credential, Employment, Qualification
from tests import make
from tests.equipment.standards import allowed

DAY = date(2026, 3, 10)
BEFORE, AFTER = DAY - timedelta(1), DAY + timedelta(1)
K, S, E = MeasurementStandard.Kind, MeasurementStandard.State, StandardEvent.Kind
INTERNAL = {"activity": "calibration", "external_customer": False, "mandatory": False}


@pytest.fixture
def w(db):
    with allowed() as world:
        yield world


def changed(w, **values):
    MeasurementStandard.objects.filter(pk=w.standard.pk).update(**values)


def clauses(w, day=DAY, **work):
    return {refusal.clause for refusal in rules_against(w.standard, day, **INTERNAL | work)}


def item(w, low, high, unit="MPa", instrument="精密压力表", measurand="压力"):
    return StandardItem.objects.create(
        institution=w.institution, standard=w.standard, instrument=instrument, measurand=measurand, range_low=low,
        range_high=high, unit=unit, accuracy="0.4 级",
    )  # fmt: skip


def happened(w, kind, day, after):
    StandardEvent.objects.create(
        institution=w.institution, standard=w.standard, kind=kind, happened_on=day, state_after=after, text="记录"
    )


# --- the table of C-4.1.2: kind, is the institution authorised, has the kind its paper, for whom, mandatory, what

A, B, C = "C-4.1.2-a", "C-4.1.2-b", "C-4.1.2-c-s1"
VER, CAL = "verification", "calibration"
TABLE = [
    # kind, authorised, paper, external, mandatory, activity, expected
    (K.SOCIAL_PUBLIC, True, True, True, False, VER, set()),
    (K.SOCIAL_PUBLIC, True, True, True, True, VER, set()),
    (K.SOCIAL_PUBLIC, True, True, True, False, CAL, set()),
    (K.SOCIAL_PUBLIC, True, True, False, True, VER, set()),
    (K.SOCIAL_PUBLIC, True, False, True, False, VER, {A}),
    (K.SOCIAL_PUBLIC, True, False, True, False, CAL, {A}),
    (K.SOCIAL_PUBLIC, True, False, False, True, VER, set()),
    (K.SOCIAL_PUBLIC, True, False, False, False, CAL, set()),
    (K.SOCIAL_PUBLIC, False, True, True, False, VER, {C}),
    (K.SOCIAL_PUBLIC, False, True, True, True, VER, {C}),
    (K.SOCIAL_PUBLIC, False, True, True, False, CAL, set()),
    (K.SOCIAL_PUBLIC, False, True, False, True, VER, {C}),
    (K.SOCIAL_PUBLIC, False, True, False, False, VER, set()),
    (K.SOCIAL_PUBLIC, False, False, True, False, VER, {A, C}),
    (K.HIGHEST, True, True, True, False, VER, set()),
    (K.HIGHEST, True, True, True, False, CAL, set()),
    (K.HIGHEST, True, True, False, True, VER, set()),
    (K.HIGHEST, True, True, False, False, CAL, set()),
    (K.HIGHEST, True, False, False, False, CAL, {B}),
    (K.HIGHEST, True, False, True, False, VER, {B}),
    (K.HIGHEST, False, True, True, False, VER, {B, C}),
    (K.HIGHEST, False, True, True, False, CAL, {B}),
    (K.HIGHEST, False, True, False, True, VER, {B, C}),
    (K.HIGHEST, False, True, False, False, VER, set()),
    (K.HIGHEST, False, True, False, False, CAL, set()),
    (K.WORKING, True, False, True, False, VER, set()),
    (K.WORKING, True, False, False, True, VER, set()),
    (K.WORKING, False, False, True, False, VER, {C}),
    (K.WORKING, False, False, True, False, CAL, set()),
    (K.WORKING, False, False, False, True, VER, {C}),
    (K.WORKING, False, False, False, False, VER, set()),
    (K.WORKING, False, False, False, False, CAL, set()),
]


@pytest.mark.parametrize(("kind", "authorised", "paper", "external", "mandatory", "activity", "expected"), TABLE)
def test_a_kind_serves_whom_it_may(w, kind, authorised, paper, external, mandatory, activity, expected):
    changed(w, kind=kind)
    if not authorised:
        Qualification.objects.update(valid_until=BEFORE)
    if not paper:
        changed(w, social_certificate="", social_from=None, social_until=None, approved_on=None, approval=None)
    assert clauses(w, activity=activity, external_customer=external, mandatory=mandatory) == expected


def test_a_legal_institution_needs_no_other_authorisation(w):
    Qualification.objects.update(kind=Qualification.Kind.LEGAL_INSTITUTION)
    assert clauses(w, activity=VER, external_customer=True, mandatory=True) == set()


@pytest.mark.parametrize("kind", [Qualification.Kind.CNAS, Qualification.Kind.SOCIAL_PUBLIC])
def test_another_qualification_is_no_authorisation(w, kind):
    Qualification.objects.update(kind=kind)
    assert clauses(w, activity=VER, external_customer=True) == {C}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"social_certificate": ""}, {A}), ({"social_from": AFTER}, {A}), ({"social_from": DAY}, set()), ({"social_from": None}, {A}),
        ({"social_until": BEFORE}, {A}), ({"social_until": DAY}, set()), ({"social_until": None}, set()),
    ],
)  # fmt: skip
def test_the_social_certificate_counts_in_its_own_days(w, values, expected):
    changed(w, **values)
    assert clauses(w, external_customer=True) == expected


@pytest.mark.parametrize(
    ("values", "expected"), [
        ({"approved_on": DAY}, set()), ({"approved_on": AFTER}, {B}), ({"approved_on": None}, {B}), ({"approval": None}, {B}),
    ],
)  # fmt: skip
def test_the_approval_of_the_unit_counts_with_its_paper_from_its_day(w, values, expected):
    changed(w, kind=K.HIGHEST, **values)
    assert clauses(w) == expected


def test_an_approval_whose_file_was_refused_is_none(w):
    changed(w, kind=K.HIGHEST)
    type(w.paper).objects.update(state="refused")
    assert clauses(w) == {B}


# --- assessed, in use, held


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"assessed_until": DAY}, set()), ({"assessed_until": BEFORE}, {"A-6.1.1"}), ({"assessed_on": DAY}, set()),
        ({"assessed_on": AFTER}, {"A-6.1.1"}), ({"assessment_certificate": ""}, {"A-6.1.1"}),
    ],
)  # fmt: skip
def test_the_assessment_counts_in_the_days_on_its_certificate(w, values, expected):
    changed(w, **values)
    assert clauses(w) == expected


@pytest.mark.parametrize("state", sorted(set(S) - {S.IN_USE, S.HELD}))
def test_a_standard_that_is_not_in_use_serves_nobody(w, state):
    changed(w, state=state)
    assert clauses(w) == {"C-4.1.2"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(E.SUSPENDED, BEFORE, S.SUSPENDED), (E.PUT_IN_USE, AFTER, S.IN_USE)], {"C-4.1.2"}),
        ([(E.SUSPENDED, BEFORE, S.SUSPENDED), (E.PUT_IN_USE, DAY, S.IN_USE)], set()),
        ([(E.PUT_IN_USE, AFTER, S.IN_USE)], {"C-4.1.2"}),
        ([(E.PUT_IN_USE, DAY, S.IN_USE)], set()),
        ([(E.SEALED, AFTER, S.SEALED)], set()),
        ([(E.SEALED, DAY, S.SEALED)], {"C-4.1.2"}),
        ([(E.PART_ADDED, DAY, "")], set()),
    ],
)  # fmt: skip
def test_the_state_is_that_of_the_day_as_the_history_tells_it(w, events, expected):
    for kind, day, after in events:
        happened(w, kind, day, after)
    assert clauses(w) == expected


def test_what_is_held_now_serves_for_no_day(w):
    changed(w, state=S.HELD)
    happened(w, E.HELD, AFTER, S.HELD)
    assert clauses(w, day=BEFORE) == {"E-8-h"}


def test_a_day_inside_a_hold_that_is_over_stays_barred(w):
    happened(w, E.HELD, BEFORE, S.HELD)
    happened(w, E.RELEASED, AFTER, S.IN_USE)
    assert clauses(w) == {"C-4.1.2"}


# --- parts, changes, people, place


def test_without_a_main_standard_that_day_nothing_is_measured(w):
    StandardPart.objects.update(added_on=AFTER)
    assert clauses(w) == {"A-6.5.1-s3"}


def test_what_another_standard_has_and_did_is_not_its_own(w):
    other = MeasurementStandard.objects.create(
        institution=w.institution, kind=K.WORKING, code="BZ-2", name="天平检定装置", site=w.site, range_text="-",
        accuracy="-", responsible=w.people[0],
    )  # fmt: skip
    mine = {"institution": w.institution, "standard": other}
    StandardChange.objects.create(**mine, kind="method", changed_on=BEFORE, text="换规程")
    StandardChange.objects.create(**mine, kind="place", changed_on=AFTER, text="搬迁")
    StandardEvent.objects.create(**mine, kind=E.SUSPENDED, happened_on=BEFORE, state_after=S.SUSPENDED, text="停")
    item(SimpleNamespace(institution=w.institution, standard=other), "0", "1", instrument="天平")
    assert clauses(w) == set()
    assert clauses(w, instrument="天平") == {"C-4.1.2"} == clauses(w, site_id=w.site.pk + 1)
    StandardPart.objects.update(standard=other)
    assert clauses(w) == {"A-6.5.1-s3"}


def test_supporting_equipment_alone_is_no_standard(w):
    StandardPart.objects.update(role=StandardPart.Role.SUPPORTING)
    assert clauses(w) == {"A-6.5.1-s3"}


@pytest.mark.parametrize(
    ("kind", "changed_on", "filed_on", "expected"),
    [
        ("main_standard", DAY, None, {"C-4.1.2"}), ("method", BEFORE, None, {"C-4.1.2"}),
        ("main_standard", BEFORE, DAY, set()), ("main_standard", BEFORE, AFTER, {"C-4.1.2"}),
        ("main_standard", AFTER, None, set()), ("supporting", BEFORE, None, set()), ("person", BEFORE, None, set()),
    ],
)  # fmt: skip
def test_a_replaced_main_standard_or_method_is_filed_before_the_next_use(w, kind, changed_on, filed_on, expected):
    StandardChange.objects.create(
        institution=w.institution, standard=w.standard, kind=kind, changed_on=changed_on, filed_on=filed_on, text="更换"
    )
    assert clauses(w) == expected


def test_the_responsible_person_is_at_work(w):
    Employment.objects.filter(pk=w.people[0].pk).update(ended_on=BEFORE)
    assert "C-5.1.1-s3" in clauses(w)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"level": "junior"}, {"C-5.1.1-s3"}), ({"level": "senior"}, set()), ({"level": "professor"}, set()),
        ({"valid_until": BEFORE}, {"C-5.1.1-s3"}),
        ({"kind": "registered_metrologist", "level": "level_2"}, set()), ({"kind": "internal_certificate"}, {"C-5.1.1-s3"}),
        ({"state": "withdrawn"}, {"C-5.1.1-s3"}),
    ],
)  # fmt: skip
def test_the_responsible_person_is_an_engineer_or_a_registered_metrologist(w, values, expected):
    Credential.objects.update(**values)
    assert clauses(w) == expected


@pytest.mark.parametrize(
    "values", [{"valid_until": BEFORE}, {"field": "质量"}, {"role": Authorisation.Role.CHECKER}, {"revoked_on": DAY}]
)
def test_two_people_may_work_in_the_field(w, values):
    Authorisation.objects.filter(employment=w.people[1]).update(**values)
    assert clauses(w) == {"C-5.1.1-s2"}


def test_one_person_with_two_authorisations_is_one(w):
    Authorisation.objects.filter(employment=w.people[1]).update(valid_until=BEFORE)
    make.authorisation(w.institution, w.people[0], Authorisation.Role.VERIFIER)
    assert clauses(w) == {"C-5.1.1-s2"}


def test_without_a_field_nobody_is_counted(w):
    Authorisation.objects.update(valid_until=BEFORE)
    assert clauses(w) == {"C-5.1.1-s2"}
    changed(w, field="")
    assert clauses(w) == set()


@pytest.mark.parametrize(("ended_on", "expected"), [(BEFORE, {"C-5.1.1-s2"}), (DAY, set()), (AFTER, set())])
def test_who_has_left_is_counted_until_the_last_day(w, ended_on, expected):
    Employment.objects.filter(pk=w.people[1].pk).update(ended_on=ended_on)
    assert clauses(w) == expected


def test_people_of_another_institution_are_not_counted(w):
    Authorisation.objects.filter(employment=w.people[1]).update(valid_until=BEFORE)
    other = make.institution("beta")
    make.authorisation(other, make.employment(other), Authorisation.Role.CALIBRATOR)
    assert clauses(w) == {"C-5.1.1-s2"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"removed_on": DAY}, {"A-6.5.1-s3"}), ({"removed_on": AFTER}, set()), ({"added_on": DAY}, set()),
        ({"added_on": AFTER}, {"A-6.5.1-s3"}),
    ],
)  # fmt: skip
def test_a_main_standard_belongs_to_it_from_its_first_day_until_before_its_last(w, values, expected):
    StandardPart.objects.update(**values)
    assert clauses(w) == expected


def test_a_change_that_was_struck_off_is_none(w):
    StandardChange.objects.create(
        institution=w.institution, standard=w.standard, kind="method", changed_on=BEFORE, text="换", state="withdrawn"
    )
    assert clauses(w) == set()


def test_it_serves_where_it_is_kept(w):
    assert clauses(w, site_id=w.site.pk) == set()
    assert clauses(w, site_id=w.site.pk + 1) == {"C-4.1.2"}


@pytest.mark.parametrize(
    ("kind", "moved_on", "expected"),
    [("place", AFTER, set()), ("place", DAY, {"C-4.1.2"}), ("holder", AFTER, {"C-4.1.2"})],
)
def test_a_standard_that_was_moved_later_is_not_held_to_its_new_place(w, kind, moved_on, expected):
    StandardChange.objects.create(
        institution=w.institution, standard=w.standard, kind=kind, changed_on=moved_on, text="搬迁"
    )
    assert clauses(w, site_id=w.site.pk + 1) == expected


def test_no_certificate_and_one_that_has_ended_are_said_differently(w):
    changed(w, assessed_until=BEFORE)
    assert "有效期 2024-07-01 至 2026-03-09" in rules_against(w.standard, DAY, **INTERNAL)[0].text
    changed(w, assessment_certificate="")
    assert "没有考核证书" in rules_against(w.standard, DAY, **INTERNAL)[0].text


def test_the_answer_takes_one_query(w):
    item(w, "0", "6")
    with CaptureQueriesContext(connection) as asked:
        rules_against(w.standard, DAY, **INTERNAL, instrument="精密压力表", low=Decimal(0), high=Decimal(6), unit="MPa")
    assert len(asked) == 1


def test_every_refusal_says_where_to_put_it_right(w):
    changed(w, state=S.SUSPENDED, assessed_until=BEFORE, kind=K.HIGHEST, approval=None)
    Qualification.objects.update(valid_until=BEFORE)
    refusals = rules_against(w.standard, DAY, activity=VER, external_customer=True, mandatory=False)
    assert len(refusals) == 5 and all(refusal.link == w.standard.get_absolute_url() for refusal in refusals)
