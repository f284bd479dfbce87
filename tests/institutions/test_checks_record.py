"""Clauses decided by what authorities have recorded, and by searches of public registers: each day of change, and who is meant."""

from copy import deepcopy
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from institutions.models import Employment, KeyPerson, RegisterCheck, Violation
from portal import clauses
from portal.clauses import CHECKS, GATED, evaluate
from portal.tenancy import tenant
from tests import make
from tests.clauses import DAY, TOO_LONG_AGO, WITHDRAWN, change, judge, row, said, state

SERIOUS, LISTED, PERSONS, OWN = CLAUSES = "A-4.3.1-s1", "A-4.3.1-s2", "A-4.3.2", "A-4.3.3"
A_DAY = timedelta(1)
YESTERDAY, TOMORROW = DAY - A_DAY, DAY + A_DAY
Kind, Role, Source = Violation.Kind, KeyPerson.Role, RegisterCheck.Source


@pytest.fixture(scope="module")
def world_made(rows_of_module):
    """An institution with its two key persons, searched for on the first day that counts: nothing was found."""
    lab = make.institution()
    w = SimpleNamespace(lab=lab, searcher=make.employment(lab, "何守真"), paper=make.document(lab))
    w.head = row(KeyPerson, lab, role=Role.LEGAL_REPRESENTATIVE, name="周立言", valid_from=date(2020, 1, 1))
    w.quality = row(KeyPerson, lab, role=Role.QUALITY_MANAGER, name="何守真", valid_from=date(2020, 1, 1))
    w.searches = {
        (Source.PENALTIES, None): searched(w, Source.PENALTIES), (Source.DISHONESTY, None): searched(w, Source.DISHONESTY),
        (Source.PENALTIES, "head"): searched(w, Source.PENALTIES, w.head),
        (Source.PENALTIES, "quality"): searched(w, Source.PENALTIES, w.quality),
    }  # fmt: skip
    return w


@pytest.fixture
def w(world_made):
    with transaction.atomic():
        yield deepcopy(world_made)
        transaction.set_rollback(True)


def searched(w, source, who=None, **values):
    values = {"checked_on": TOO_LONG_AGO + A_DAY, "result": "nothing", "file": w.paper, **values}
    return row(RegisterCheck, w.lab, source=source, key_person=who, checked_by=w.searcher, **values)


def decided(w, kind=Kind.PENALTY, **values):
    """What an authority decided yesterday, final at once, over metrology and serious."""
    values = {
        "decided_on": YESTERDAY, "issuer": "市级监管部门（示）", "number": "罚 1 号", "summary": "事由", "metrology": True,
        "serious": True, "file": w.paper, **values,
    }  # fmt: skip
    values.setdefault("final_on", values["decided_on"])
    return row(Violation, w.lab, kind=kind, **values)


def states(w, day=DAY):
    return {name: state(w.lab, name, day) for name in CLAUSES}


def broken(w, day=DAY):
    return {name for name, found in states(w, day).items() if found == "not_met"}


def test_who_was_searched_for_and_found_clean_meets_all(w):
    assert states(w) == dict.fromkeys(CLAUSES, "met")


def test_who_was_never_searched_for_meets_none(w):
    assert {state(make.institution("beta"), name) for name in CLAUSES} == {"not_met"}


# --- the look back


@pytest.mark.parametrize(
    ("on", "day", "counts"),
    [
        (DAY, DAY, True), (date(2025, 3, 11), DAY, True), (date(2025, 3, 10), DAY, False),
        (date(2024, 2, 29), date(2025, 2, 28), True), (date(2024, 2, 29), date(2025, 3, 1), False),
        (date(2027, 2, 28), date(2028, 2, 27), True), (date(2027, 2, 28), date(2028, 2, 28), False),
        (TOMORROW, DAY, False),
    ],
)  # fmt: skip
def test_a_serious_violation_counts_for_one_year(w, on, day, counts):
    with tenant(w.lab.pk):
        RegisterCheck.objects.update(checked_on=day)
    decided(w, Kind.VIOLATION, decided_on=on, metrology=False)
    assert broken(w, day) == ({SERIOUS} if counts else set())


@pytest.mark.parametrize("who", [None, "head", "quality"])
@pytest.mark.parametrize(
    ("on", "day", "counts"),
    [
        (date(2023, 3, 11), DAY, True), (date(2023, 3, 10), DAY, False), (date(2024, 2, 29), date(2027, 2, 28), True),
        (date(2024, 2, 29), date(2027, 3, 1), False), (TOMORROW, DAY, False),
    ],
)  # fmt: skip
def test_a_metrology_penalty_counts_for_three_years(w, who, on, day, counts):
    with tenant(w.lab.pk):
        RegisterCheck.objects.update(checked_on=day)
    decided(w, decided_on=on, serious=False, key_person=who and getattr(w, who))
    assert broken(w, day) == ({PERSONS if who else OWN} if counts else set())


def test_it_is_told_what_was_decided_and_where_it_stands(w):
    found = decided(w)
    verdict = judge(w.lab, OWN)
    assert [piece.row_id for piece in verdict.evidence] == [found.pk]
    assert "满三年" in verdict.advice and verdict.fix.endswith("/violations/new/")


@pytest.mark.parametrize(
    "values",
    [
        {"final_on": None}, {"final_on": TOMORROW}, {"revoked_on": DAY}, {"revoked_on": YESTERDAY}, WITHDRAWN,
        {"metrology": False, "serious": False}, {"kind": Kind.VIOLATION, "serious": False},
    ],
)  # fmt: skip
def test_what_is_open_revoked_written_down_by_mistake_or_of_another_kind_bars_nobody(w, values):
    decided(w, **{"kind": Kind.PENALTY, **values})
    assert broken(w) == set()


def test_what_is_revoked_tomorrow_bars_today(w):
    decided(w, revoked_on=TOMORROW)
    searched(w, Source.PENALTIES, checked_on=DAY)
    assert broken(w) == {SERIOUS, OWN}
    assert not broken(w, TOMORROW) & {SERIOUS, OWN}


def test_what_is_final_today_barred_nobody_yesterday(w):
    decided(w, decided_on=DAY - timedelta(90), final_on=DAY)
    with tenant(w.lab.pk):
        RegisterCheck.objects.update(checked_on=YESTERDAY)
    assert (broken(w, YESTERDAY), broken(w)) == (set(), {SERIOUS, OWN})


def test_the_list_bars_as_long_as_one_stands_on_it(w):
    found = decided(w, Kind.DISHONESTY_LISTING, decided_on=date(2015, 1, 1), serious=False, metrology=False)
    assert broken(w) == {LISTED}
    searched(w, Source.DISHONESTY, checked_on=DAY)
    change(found, revoked_on=TOMORROW)
    assert (broken(w), broken(w, TOMORROW) & {LISTED}) == ({LISTED}, set())


@pytest.mark.parametrize("final_on", [None, TOMORROW])
def test_who_contests_being_listed_is_on_the_list_all_the_same(w, final_on):
    decided(w, Kind.DISHONESTY_LISTING, decided_on=DAY, final_on=final_on)
    assert broken(w) == {LISTED}


def test_who_will_be_listed_tomorrow_is_not_on_the_list(w):
    decided(w, Kind.DISHONESTY_LISTING, decided_on=TOMORROW, final_on=DAY)
    assert broken(w) == set()


def test_the_listing_of_a_person_is_not_the_institutions(w):
    decided(w, Kind.DISHONESTY_LISTING, serious=True, metrology=False, key_person=w.head)
    assert broken(w) == set()


def test_what_another_institution_did_bars_nobody_here(w):
    other = make.institution("beta")
    decided(SimpleNamespace(lab=other, paper=make.document(other)))
    assert broken(w) == set()


# --- key persons


@pytest.mark.parametrize("who", ["head", "quality"])
@pytest.mark.parametrize("values", [WITHDRAWN, {"valid_until": YESTERDAY}, {"valid_from": TOMORROW}])
def test_who_stands_for_the_institution_and_its_quality_is_registered(w, who, values):
    change(getattr(w, who), **values)
    verdict = judge(w.lab, PERSONS)
    assert verdict.state == "not_met" and str(getattr(w, who).get_role_display()) in verdict.advice


@pytest.mark.parametrize("role", Role.values)
def test_seven_kinds_of_key_persons_must_be_clean(w, role):
    other = row(KeyPerson, w.lab, role=role, name="第三人", valid_from=DAY, valid_until=DAY)
    searched(w, Source.PENALTIES, other)
    assert broken(w) == set()
    decided(w, key_person=other)
    assert broken(w) == ({PERSONS} if role != Role.TOP_MANAGEMENT else set())


def test_who_left_the_office_yesterday_bars_nobody_today(w):
    gone = row(KeyPerson, w.lab, role=Role.DIRECTOR, name="第三人", valid_from=date(2020, 1, 1), valid_until=YESTERDAY)
    decided(w, key_person=gone)
    assert broken(w) == set()


def test_a_penalty_follows_the_person_into_another_office(w):
    before = row(
        KeyPerson, w.lab, role=Role.DIRECTOR, name="周立言", valid_from=date(2019, 1, 1), valid_until=YESTERDAY
    )
    decided(w, key_person=before)
    assert broken(w) == {PERSONS}


@pytest.mark.parametrize("same", [True, False])
def test_of_two_of_one_name_the_register_of_people_tells_whether_they_are_one(w, same):
    here, there = make.employment(w.lab, "周立言"), make.employment(w.lab, "周立言")
    change(w.head, employment=here)
    before = row(
        KeyPerson, w.lab, role=Role.DIRECTOR, name="别名" if same else "周立言", valid_from=date(2019, 1, 1),
        valid_until=YESTERDAY, employment=here if same else there,
    )  # fmt: skip
    decided(w, key_person=before)
    assert broken(w) == ({PERSONS} if same else set())


def test_somebody_employed_again_is_the_same_person(w):
    first = make.employment(w.lab, "周立言", ended_on=date(2024, 1, 1))
    again = make.employment(w.lab, "周力言", person=first.person)
    change(w.head, employment=again)
    before = row(
        KeyPerson, w.lab, role=Role.DIRECTOR, name="周立言", valid_from=date(2019, 1, 1), valid_until=YESTERDAY,
        employment=first,
    )  # fmt: skip
    decided(w, key_person=before)
    assert Employment is type(first) and broken(w) == {PERSONS}


def test_one_search_of_a_person_does_for_all_the_offices_held(w):
    row(KeyPerson, w.lab, role=Role.DIRECTOR, name="周立言", valid_from=date(2020, 1, 1))
    assert broken(w) == set()


# --- searches


NEEDED = {
    (Source.PENALTIES, None): {SERIOUS, OWN},
    (Source.DISHONESTY, None): {LISTED},
    (Source.PENALTIES, "head"): {PERSONS},
    (Source.PENALTIES, "quality"): {PERSONS},
}


@pytest.mark.parametrize("values", [{"checked_on": TOO_LONG_AGO}, {"checked_on": TOMORROW}, WITHDRAWN, {"file": None}])
@pytest.mark.parametrize("key", NEEDED)
def test_each_search_is_a_year_old_at_most_and_on_file(w, key, values):
    change(w.searches[key], **values)
    assert broken(w) == NEEDED[key]


def test_a_result_that_waits_for_inspection_is_none(w):
    change(w.searches[Source.PENALTIES, None], file="quarantined")
    assert broken(w) == set(CLAUSES)


def test_it_is_told_who_was_not_searched_for(w):
    change(w.searches[Source.PENALTIES, "quality"], **WITHDRAWN)
    verdict = judge(w.lab, PERSONS)
    assert [piece.row_id for piece in verdict.evidence] == [w.quality.pk] and "逐人查询" in verdict.advice


@pytest.mark.parametrize("key", NEEDED)
def test_what_a_search_found_is_on_record(w, key):
    source, who = key
    subject = who and getattr(w, who)
    searched(w, source, subject, checked_on=DAY, result="found", found="有一条")
    assert broken(w) == NEEDED[key]
    assert "没有登记是什么决定" in said(judge(w.lab, min(NEEDED[key])))
    kind = Kind.PENALTY if source == Source.PENALTIES else Kind.DISHONESTY_LISTING
    decided(w, kind, key_person=subject, decided_on=date(2015, 1, 1), revoked_on=DAY)
    assert broken(w) == set()


@pytest.mark.parametrize(
    "values",
    [{"decided_on": DAY}, WITHDRAWN, {"kind": Kind.DISHONESTY_LISTING, "revoked_on": DAY}, {"of": "head"}],
)
def test_it_is_not_on_record_by_something_else(w, values):
    searched(w, Source.PENALTIES, checked_on=YESTERDAY, result="found", found="有一条")
    values = dict(values)
    who = getattr(w, values.pop("of", ""), None)
    decided(w, **{"serious": False, "metrology": False, "kind": Kind.PENALTY, "key_person": who, **values})
    assert broken(w) == {SERIOUS, OWN}


def test_the_latest_search_decides(w):
    searched(w, Source.PENALTIES, checked_on=YESTERDAY, result="found", found="有一条")
    searched(w, Source.PENALTIES, checked_on=DAY)
    assert broken(w) == set()


# --- what it costs


def reads(lab):
    with CaptureQueriesContext(connection) as queries:
        evaluate(lab, DAY)
    tables = ("institutions_violation", "institutions_registercheck", "institutions_keyperson")
    return [sum(f'FROM "{table}"' in query["sql"] for query in queries.captured_queries) for table in tables]


def test_decisions_and_searches_are_read_once_in_an_evaluation(w, monkeypatch):
    monkeypatch.setattr(clauses, "CHECKS", {name: CHECKS[name] for name in CLAUSES})
    few = reads(w.lab)
    for number in range(5):
        person = row(KeyPerson, w.lab, role=Role.DIRECTOR, name=f"董事 {number}", valid_from=date(2020, 1, 1))
        searched(w, Source.PENALTIES, person)
        decided(w, key_person=person, number=f"罚 {number} 号")
    assert reads(w.lab) == few == [1, 1, 1]


def test_each_of_these_clauses_stops_an_act():
    assert set(CLAUSES) <= GATED.keys() and set(CLAUSES) <= CHECKS.keys()
