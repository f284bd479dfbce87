"""Clauses decided by what is shown to the public and at the window: met by the least they ask for, and nothing less."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from institutions.models import (
    PublicItem,
    PublicItemCheck,
    ServiceWindow,
)
from tests import make
from tests.clauses import DAY, FIRST, WITHDRAWN, change, declaration, judge, row, state

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def lab():
    return make.institution()


SIX = ("law", "authorisation", "process_in_lab", "fees", "time_limit", "service_promise")
FIVE = ("process_in_lab", "fees", "time_limit", "capability", "complaint_channel")
INTERVAL = timedelta(90)


def item(lab, kind, **values):
    values = {
        "title": f"公示{kind}", "content": "…", "published_on": DAY - INTERVAL, "next_review_on": DAY,
        "photo": make.document(lab), **values,
    }  # fmt: skip
    return row(PublicItem, lab, kind=kind, **values)


def compared(item, on, result="right", **values):
    person = make.employment(item.institution, "核对人")
    return row(PublicItemCheck, item.institution, item=item, checked_on=on, checked_by=person, result=result, **values)


@pytest.fixture
def shown(lab):
    return {kind: item(lab, kind) for kind in PublicItem.Kind.values}


def only(lab, *kinds):
    return {kind: item(lab, kind) for kind in kinds}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("B-6.2.4-s1", FIVE), ("C-4.4-s1", SIX), ("C-4.4-s2", SIX), ("C-4.4-s3", SIX), ("C-6.2.1", SIX[2:3])],
)
def test_what_must_be_shown_suffices(lab, name, kinds):
    only(lab, *kinds)
    assert state(lab, name) == "met"


@pytest.mark.parametrize(
    ("name", "kind"),
    [*(("B-6.2.4-s1", kind) for kind in FIVE), *(("C-4.4-s1", kind) for kind in SIX), ("C-6.2.1", SIX[2])],
)
@pytest.mark.parametrize("changes", [WITHDRAWN, {"published_on": TOMORROW}])
def test_each_of_what_must_be_shown_is_asked_for(lab, shown, name, kind, changes):
    change(shown[kind], **changes)
    found = judge(lab, name)
    assert (found.state, [row.label for row in found.evidence]) == ("not_met", [shown[kind].get_kind_display()])


@pytest.mark.parametrize("changes", [{"photo": None}, {"photo": "quarantined"}])
@pytest.mark.parametrize("kind", SIX)
def test_each_item_is_photographed(lab, shown, kind, changes):
    change(shown[kind], **changes)
    found = judge(lab, "C-4.4-s1")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [shown[kind].pk])


@pytest.mark.parametrize("name", ["B-6.2.4-s1", "C-4.4-s3"])
def test_what_was_not_compared_within_ninety_days_is_named(lab, shown, name):
    change(shown["fees"], published_on=DAY - INTERVAL - timedelta(1))
    found = judge(lab, name)
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [shown["fees"].pk])


@pytest.mark.parametrize(
    ("on", "changes", "expected"),
    [
        (DAY - INTERVAL, {}, "met"), (DAY - INTERVAL - timedelta(1), {}, "not_met"), (TOMORROW, {}, "not_met"),
        (DAY, WITHDRAWN, "not_met"),
    ],
)  # fmt: skip
def test_a_comparison_counts_for_ninety_days(lab, shown, on, changes, expected):
    change(shown["fees"], published_on=FIRST)
    found = compared(shown["fees"], on)
    if changes:
        change(found, **changes)
    assert state(lab, "C-4.4-s3") == expected


@pytest.mark.parametrize(
    ("name", "kinds", "other", "changes"),
    [("B-6.2.4-s1", FIVE, "law", {"published_on": FIRST}), ("C-4.4-s1", SIX, "complaint_channel", {"photo": None})],
)
def test_what_the_clause_does_not_name_is_not_asked_about(lab, name, kinds, other, changes):
    only(lab, *kinds)
    change(item(lab, other), **changes)
    assert state(lab, name) == "met"


def test_what_is_past_its_review_is_named(lab, shown):
    change(shown["fees"], next_review_on=YESTERDAY)
    found = judge(lab, "C-4.4-s2")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [shown["fees"].pk])


@pytest.mark.parametrize(
    ("on", "result", "expected"),
    [(DAY - INTERVAL, "right", "met"), (DAY - INTERVAL - timedelta(1), "right", "not_met"), (DAY, "wrong", "not_met")],
)
def test_what_was_found_right_of_late_is_not_past_its_review(lab, shown, on, result, expected):
    change(shown["fees"], next_review_on=YESTERDAY)
    compared(shown["fees"], on, result, note="单价已调")
    assert state(lab, "C-4.4-s2") == expected


def test_what_was_found_wrong_is_named_until_it_is_found_right(lab, shown):
    compared(shown["fees"], YESTERDAY, "wrong", note="单价已调")
    found = judge(lab, "C-4.4-s2")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [shown["fees"].pk])
    again = compared(shown["fees"], YESTERDAY)
    assert state(lab, "C-4.4-s2") == "met"
    change(again, checked_on=TOMORROW)
    assert state(lab, "C-4.4-s2") == "not_met"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "met"), ({"valid_from": DAY}, "not_met"), ({"valid_from": TOMORROW}, "met"),
        ({"valid_until": YESTERDAY}, "not_met"), ({"valid_until": DAY}, "met"),
        ({"state": "suspended", "suspended_on": DAY}, "not_met"), ({"valid_from": DAY, "state": "withdrawn"}, "met"),
    ],
)  # fmt: skip
def test_the_shown_capability_is_compared_after_the_scope_has_changed(lab, shown, changes, expected):
    world = make.laboratory()
    if changes:
        change(world.scope, **changes)
    compared(shown["capability"], YESTERDAY)
    compared(shown["authorisation"], DAY)
    assert state(lab, "C-4.4-s2") == expected
    if expected == "not_met":
        assert [row.row_id for row in judge(lab, "C-4.4-s2").evidence] == [shown["capability"].pk]
        compared(shown["capability"], DAY)
        assert state(lab, "C-4.4-s2") == "met"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"valid_from": DAY}, "not_met"), ({"valid_from": TOMORROW}, "met"), ({"valid_until": YESTERDAY}, "not_met"),
        ({"valid_until": DAY}, "met"), ({"valid_from": DAY, "state": "pending"}, "met"),
        ({"valid_from": DAY, "state": "withdrawn"}, "met"),
        ({"stops": [(DAY, None)]}, "not_met"), ({"stops": [(FIRST, DAY)]}, "not_met"), ({"stops": [(FIRST, TOMORROW)]}, "met"),
    ],
)  # fmt: skip
def test_the_shown_authorisation_is_compared_after_the_papers_have_changed(lab, shown, values, expected):
    make.qualification(lab, **values)
    compared(shown["authorisation"], YESTERDAY)
    found = judge(lab, "C-4.4-s2")
    named = [shown["authorisation"].pk] if expected == "not_met" else []
    assert (found.state, [row.row_id for row in found.evidence]) == (expected, named)


@pytest.mark.parametrize("changes", [WITHDRAWN, {"published_on": TOMORROW}])
@pytest.mark.parametrize("name", ["C-4.4-s2", "C-4.4-s3"])
def test_nothing_shown_is_not_met(lab, name, changes):
    change(item(lab, "fees"), **changes)
    only(make.institution("beta"), "fees")
    assert state(lab, name) == "not_met"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "not_met"),
        (WITHDRAWN, "met"),
        ({"closed_on": YESTERDAY}, "met"),
        ({"opened_on": TOMORROW}, "met"),
        ({"kind": "fixed"}, "met"),
    ],
)
def test_who_works_on_site_shows_how(lab, changes, expected):
    only(lab, "process_in_lab")
    make.site(make.institution("beta"), kind="mobile")
    van = make.site(lab, kind="mobile")
    if changes:
        change(van, **changes)
    assert state(lab, "C-6.2.1") == expected
    only(lab, "process_on_site")
    assert state(lab, "C-6.2.1") == "met"


@pytest.fixture
def window(lab):
    window = row(ServiceWindow, lab, site=make.site(lab), name="业务大厅", hours="9:00", phone="1", valid_from=FIRST)
    return SimpleNamespace(window=window, checked=declaration(lab, "window_check"))


def test_a_window_that_was_looked_over_is_met(lab, window):
    assert [state(lab, "C-4.6", day) for day in (DAY, TOMORROW)] == ["met", "not_met"]


@pytest.mark.parametrize(
    "changes",
    [
        WITHDRAWN,
        {"file": "quarantined"},
        {"kind": "premises"},
        {"valid_from": TOMORROW, "valid_until": TOMORROW},
        {"valid_from": DAY - timedelta(366)},
        {"signed_by": None},
    ],
)
def test_a_window_that_was_not_looked_over_is_not_met(lab, window, changes):
    change(window.checked, **changes)
    assert state(lab, "C-4.6") == "not_met"


@pytest.mark.parametrize("changes", [WITHDRAWN, {"valid_until": YESTERDAY}])
def test_without_a_window_there_is_nothing_to_look_over(lab, window, changes):
    change(window.window, **changes)
    assert state(lab, "C-4.6") == "not_applicable"
