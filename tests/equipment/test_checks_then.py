"""The clauses as of a day gone by, and what is close to a breach and none: states, clocks and plans as they were."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from equipment.models import (
    MeasurementStandard,
    ResourceSlot,
    StandardPart,
)
from portal.clauses import CHECKS, State
from portal.tenancy import tenant
from tests import furnished, make
from tests.equipment.spoils import (
    TOMORROW,
    YESTERDAY,
    a_check_that_failed_of_what_is_not_traced,
    a_device,
    a_line,
    a_long_certificate,
    accredited_until,
    both,
    certificate_of_the_working_one,
    change,
    changed,
    checked_again,
    clock,
    coded,
    confirmed_by,
    filed_and_never_verified,
    found_unfit_tomorrow,
    gone_from_the_room,
    happened,
    labels,
    looked_after_again,
    needed_by_another_method,
    new,
    not_adjustable_and_not_looked_at,
    out_of_the_plan,
    photo,
    printed_today,
    put_away,
    seen,
    slot,
    suspended,
    table,
    traced,
)
from tests.furnished import DAY, FIRST, event


@pytest.fixture
def w(laboratory_in_order):
    with transaction.atomic():
        with tenant(laboratory_in_order.institution.pk):
            yield laboratory_in_order
        transaction.set_rollback(True)


LONG_AGO = DAY - timedelta(31)
THEN = [
    # in use yesterday, put away today
    ("B-4.4.2-s6", YESTERDAY, State.NOT_MET, both(change("working", keeper=None), put_away())),
    ("B-4.4.2-s6", DAY, State.MET, both(change("working", keeper=None), put_away())),
    ("A-6.2.1.1-s1", YESTERDAY, State.MET, put_away()),
    ("A-6.2.1.1-s1", DAY, State.NOT_MET, put_away()),
    ("C-5.3.1-s2", YESTERDAY, State.NOT_MET, both(gone_from_the_room, put_away())),
    ("D-4.4.2.2-s3", YESTERDAY, State.NOT_MET, both(a_device(role="working"), lambda w: event(w, new(w), "store", DAY, "out_of_use"))),
    # taken into use today
    ("B-4.4.2-s3", YESTERDAY, State.MET, both(a_device(), lambda w: event(w, new(w), "acceptance", DAY, "in_use"))),
    # scrapped today, bought tomorrow
    ("A-6.4.2-s1", YESTERDAY, State.NOT_MET, both(change("receipt", state="withdrawn"), happened("working", "scrap", DAY, "scrapped"))),
    ("A-6.4.2-s1", DAY, State.NOT_APPLICABLE, both(change("receipt", state="withdrawn"), happened("working", "scrap", DAY, "scrapped"))),
    ("A-6.4.2-s1", DAY, State.MET, a_device(mandatory=True, acquired_on=TOMORROW)),
    ("A-6.4.2-s1", DAY, State.MET, both(a_device(mandatory=True), lambda w: event(w, new(w), "purchase", TOMORROW, "new"))),
    ("A-6.4.2-s1", DAY, State.NOT_MET, a_device(mandatory=True, acquired_on=DAY)),
    ("A-6.4.2-s1", DAY, State.NOT_MET, both(a_device(mandatory=True), lambda w: event(w, new(w), "purchase", DAY, "new"))),
    ("A-6.2.1.2-s2", DAY, State.MET, both(happened("working", "seal"), happened("working", "scrap", DAY, "scrapped"))),
    # standards
    ("C-7.1.2-s1", YESTERDAY, State.NOT_MET, suspended),
    ("C-7.1.2-s1", DAY, State.MET, suspended),
    ("C-4.1.2", YESTERDAY, State.NOT_MET, suspended),
    ("C-4.1.2", DAY, State.MET, suspended),
    ("B-4.4.1-c", YESTERDAY, State.NOT_MET, both(suspended, table(MeasurementStandard, assessed_until=DAY - timedelta(2)))),
    # what fills a slot for a standard belongs to one that is assessed that day, or the laboratory is accredited
    *[
        ("B-4.4.1-c", DAY, state, change)
        for state, change in (
            (State.NOT_MET, table(StandardPart, added_on=TOMORROW)), (State.MET, table(StandardPart, added_on=DAY)),
            (State.NOT_MET, table(StandardPart, removed_on=DAY)), (State.MET, table(StandardPart, removed_on=TOMORROW)),
            (State.NOT_MET, table(MeasurementStandard, assessment_certificate="")),
            (State.NOT_MET, table(MeasurementStandard, state="suspended")),
            (State.NOT_MET, table(MeasurementStandard, assessed_on=TOMORROW)),
            (State.MET, table(MeasurementStandard, assessed_on=DAY, assessed_until=DAY)),
            (State.MET, both(table(MeasurementStandard, assessed_until=YESTERDAY), accredited_until(DAY))),
            (State.NOT_MET, both(table(MeasurementStandard, assessed_until=YESTERDAY), accredited_until(YESTERDAY))),
        )
    ],
    # what no method in scope needs
    *[("B-4.4.1", DAY, State.MET, change) for change in (slot("reagent", needed=False, equipment=None), needed_by_another_method)],
    ("B-4.4.1-f", DAY, State.NOT_APPLICABLE, slot("reagent", needed=False, equipment=None)),
    ("B-4.4.1", DAY, State.NOT_MET, table(ResourceSlot, state="withdrawn")),
    ("B-4.4.1-g", DAY, State.MET, change("consumable", stock=None)),
    # customers' instruments are none of it
    *[(name, DAY, State.MET, a_device(role="customer")) for name in ("C-7.1.2-s1", "B-6.6.1-b", "B-4.4.2-s6")],
    # clocks
    *[("A-6.2.1.3", day, state, looked_after_again("maintenance")) for day, state in ((YESTERDAY, State.NOT_MET), (DAY, State.MET))],
    *[("D-4.4.3.7", day, state, looked_after_again("protection_check")) for day, state in ((YESTERDAY, State.NOT_MET), (DAY, State.MET))],
    *[("C-5.5.3", day, state, checked_again) for day, state in ((YESTERDAY, State.NOT_MET), (DAY, State.MET))],
    ("B-6.1.5.1-c", YESTERDAY, State.NOT_MET, checked_again),
    # looked after in time, by another deed than maintenance too
    *[("A-6.2.1.3", DAY, state, both(clock("maintenance"), happened("equipment", "storage_check", on, **came_out)))
      for on, state, came_out in (
          (date(2025, 9, 10), State.NOT_MET, {}), (date(2025, 9, 11), State.MET, {}), (DAY, State.MET, {}),
          (TOMORROW, State.NOT_MET, {}), (DAY, State.NOT_MET, {"result": "failed"}),
      )],
    ("A-6.2.1.3", YESTERDAY, State.MET, happened("working", "maintenance", DAY)),
    # of whom it is not asked
    ("A-6.2.1.3", DAY, State.MET, clock("maintenance", "software", state="withdrawn")),
    ("A-6.2.3.1-s1", DAY, State.MET, clock("label_check", "reagent", state="withdrawn")),
    ("D-4.4.3.7", DAY, State.MET, both(change("reagent", protection_mode=""), change("material", protection_mode=""))),
    ("D-4.4.3.7", DAY, State.MET, not_adjustable_and_not_looked_at),
    ("C-4.1.2", DAY, State.MET, furnished.unauthorised),
    ("C-4.1.2", DAY, State.MET, both(furnished.unauthorised, change("standard", kind="working"))),
    ("C-4.1.2", DAY, State.MET, change("highest", approval=None)),
    ("A-6.1.2-s1", DAY, State.MET, both(change("highest", filing_number=""), change("standard", filed_on=DAY))),
    # no check was made yet, and none is asked for any more
    *[(name, DAY - timedelta(61), State.MET, lambda w: None) for name in ("B-6.1.5.1-c", "D-4.4.3.5")],
    *[(name, DAY, State.MET, clock("intermediate_check", needed=False)) for name in ("B-6.1.5.1-c", "D-4.4.3.5")],
    # on the very day
    ("B-6.1.5.1-e", DAY, State.MET, traced(confirmed_on=YESTERDAY)),
    ("B-6.1.5.1-e", DAY, State.MET, confirmed_by(started_on=DAY, ended_on=DAY)),
    ("C-5.3.3-s1", DAY, State.NOT_MET, change("alternative", valid_from=DAY, file=None)),
    ("B-4.4.2-s7", DAY, State.NOT_MET, traced(calibrated_on=DAY, file=None)),
    ("B-4.4.2-s7", DAY, State.MET, lambda w: traced(calibrated_on=DAY, file=None, dcc=w.paper)(w)),
    ("B-6.1.5.1-d", DAY, State.MET, a_long_certificate(DAY)),
    # what does not matter
    ("C-5.5.3", DAY, State.MET, both(put_away("equipment"), clock("intermediate_check"))),
    ("C-5.5.3", DAY, State.MET, clock("label_check")),
    ("C-5.3.2", DAY, State.MET, traced("stopped", chain="")),
    ("C-5.3.2", DAY, State.MET, a_line("inspection", due_on=DAY - timedelta(40))),
    ("B-6.1.5.1-d", DAY, State.MET, both(out_of_the_plan, change("equipment", traced=False))),
    ("A-6.2.1.2-s1", DAY, State.MET, found_unfit_tomorrow),
    ("A-6.2.1.2-s1", DAY, State.MET, a_check_that_failed_of_what_is_not_traced),
    ("C-5.3.3-s1", DAY, State.NOT_APPLICABLE, both(change("alternative", file=None), happened("odd", "scrap", DAY, "scrapped"))),
    ("D-4.4.2.2-s3", DAY, State.MET, a_device(role="supporting")),
    ("D-4.4.2.2-s3", DAY, State.NOT_APPLICABLE, change("working", traced=False)),
    ("B-4.4.2-s7", DAY, State.MET, both(change("working", traced=False), traced("working", file=None))),
    ("B-4.4.2-s7", DAY, State.MET, both(traced("stopped", file=None))),
    ("B-4.4.2-s7", DAY, State.MET, traced(issuer_qualification="", own=True, confirmed_on=YESTERDAY)),
    # labels
    ("C-5.3.4-s3", DAY, State.MET, labels(dated_on=FIRST, printed_at=make.NOON - timedelta(400))),
    ("C-5.3.4-s3", DAY, State.MET, labels(dated_on=FIRST, printed_at=make.NOON + timedelta(1))),
    ("A-6.2.3.1-s2", DAY, State.UNKNOWN, change("stop_label", state="void", void_because="印错")),
    ("C-5.3.4-s2", DAY, State.NOT_MET, a_device()),
    ("C-5.3.4-s2", DAY, State.MET, a_device(state="new")),
    ("C-5.3.4-s2", DAY, State.NOT_MET, labels("odd", state="void")),
    ("C-5.3.4-s2", DAY, State.MET, seen("maintenance")),
    ("C-5.3.4-s2", DAY, State.MET, happened("working", "store", TOMORROW, "out_of_use")),
    ("C-5.3.4-s2", DAY, State.MET, labels(valid_until=DAY)),
    ("C-5.3.4-s2", DAY, State.MET, printed_today(seen())),
    ("C-5.3.4-s2", DAY, State.MET, printed_today(photo())),
    *[
        ("C-5.3.4-s2", DAY, State.NOT_MET, printed_today(then))
        for then in (
            seen(result="failed"), seen("maintenance"), seen(on=TOMORROW), photo(state="withdrawn"), photo(file="quarantined"),
        )
    ],
    ("D-4.4.3.3", DAY, State.MET, labels(valid_until=DAY)),
    ("D-4.4.3.3", DAY, State.MET, a_device()),
    ("D-4.4.3.3", DAY, State.MET, both(labels(state="void"), change("working", traced=False))),
    ("D-4.4.3.3", DAY, State.NOT_MET, labels(word="stopped")),
    *[("D-4.4.3.3", DAY, state, coded(word)) for word, state in (("linked", State.MET), ("retired", State.NOT_MET))],
    # mandatory verification
    ("A-6.4.2-s1", DAY, State.MET, change("receipt", filed_on=DAY)),
    ("A-6.4.2-s2", DAY, State.MET, change("receipt", due_on=DAY - timedelta(30))),
    ("A-6.4.2-s2", DAY, State.MET, certificate_of_the_working_one(DAY - timedelta(30))),
    ("A-6.4.2-s2", DAY, State.NOT_MET, certificate_of_the_working_one(DAY - timedelta(31))),
    ("A-6.4.2-s2", DAY, State.MET, both(change("receipt", updated_on=LONG_AGO), traced("working", calibrated_on=LONG_AGO))),
    ("A-6.4.2-s2", DAY, State.MET, both(change("receipt", updated_on=FIRST), traced("borrowed", calibrated_on=DAY - timedelta(40)))),
    ("A-6.4.2-s2", DAY, State.MET, filed_and_never_verified),
    ("A-6.4.2-s2", DAY, State.NOT_APPLICABLE, both(change("working", mandatory=False), change("receipt", due_on=FIRST))),
    # what came later
    ("D-4.4.3.7", DAY, State.MET, changed("passed")),
    ("D-4.4.2.1-s1", DAY, State.MET, happened("software", "software", TOMORROW, result="failed")),
    *[("D-4.4.2.1-s1", DAY, State.MET, happened("software", "software", on, result="failed")) for on in (YESTERDAY, DAY)],
    ("D-4.4.2.1-s1", DAY, State.MET, both(change("software", validated_on=YESTERDAY), happened("equipment", "software", DAY, result="failed"))),
    ("D-4.4.3.7", DAY, State.MET, both(changed("passed"), change("software", validated_on=TOMORROW))),
    ("B-4.4.1-b", DAY, State.NOT_MET, changed("failed")),
    ("B-4.4.2-s7", DAY, State.MET, traced(calibrated_on=TOMORROW, confirmed_on=None, file=None)),
    ("C-5.3.3-s1", DAY, State.NOT_APPLICABLE, change("alternative", valid_from=TOMORROW, justification=" ")),
    ("B-6.1.5.1-g", DAY, State.MET, happened("working", "other", TOMORROW, after="repair")),
    ("B-6.6.1-b", DAY, State.MET, both(a_device(), lambda w: event(w, new(w), "acceptance", DAY, "in_use"))),
    ("D-4.4.3.2-s2", DAY, State.MET, both(change("working", room=None), happened("working", "defect", TOMORROW, after="quarantined"))),
    ("B-6.1.5.1-d", DAY, State.MET, a_long_certificate(YESTERDAY)),
    ("B-6.1.5.1-d", DAY, State.NOT_MET, a_long_certificate(TOMORROW)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "day", "expected", "happens"), THEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(THEN)]
)
def test_a_day_gone_by_is_judged_by_what_was_true_then(w, name, day, expected, happens):
    happens(w)
    found = CHECKS[name](w.institution, day)
    assert (found.state, found.evidence if expected == State.MET else ()) == (expected, ())
