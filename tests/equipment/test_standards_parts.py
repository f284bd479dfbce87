"""What a measurement standard consists of, and the changes that have to be filed."""

from datetime import timedelta

import pytest

from equipment.models import StandardPart
from equipment.standards import parts, workflow
from equipment.standards.facts import seen
from portal.registers import REGISTERS, verbs
from tests import make
from tests.equipment.standards import (
    AGO,
    NOW,
    TODAY,
    E,
    events,
    in_use,
    refused,
    registered,
    upload,
    world,
)


@pytest.fixture
def w(lab):
    return world(lab)


# --- parts


def test_replacing_the_main_standard_asks_for_a_filing_before_the_next_use(w):
    row, spare = in_use(w), make.equipment(w.institution, w.site)
    part = row.parts.get()
    parts.change_parts(row, added=spare, removed=part, on=TODAY, reason="送修", actor=w.metrologist, at=NOW)
    part.refresh_from_db()
    assert part.removed_on == TODAY and [one.equipment for one in row.parts.filter(removed_on=None)] == [spare]
    change = row.changes.get()
    assert change.kind == "main_standard" and [one["kind"] for one in seen(row, TODAY).unfiled] == ["main_standard"]
    assert [kind for kind, _after in events(row)[-2:]] == [E.PART_REMOVED, E.PART_ADDED]


def test_supporting_equipment_is_a_change_that_does_not_bar_the_use(w):
    row, helper = in_use(w), make.equipment(w.institution, w.site)
    parts.change_parts(row, added=helper, role="supporting", on=TODAY, reason="新增", actor=w.metrologist, at=NOW)
    assert row.changes.get().kind == "supporting" and seen(row, TODAY).unfiled == []


@pytest.mark.parametrize(
    ("leaves", "comes", "kind"),
    [
        ("main", "", "main_standard"), ("supporting", "", "supporting"), ("", "main", "main_standard"),
        ("main", "supporting", "main_standard"), ("supporting", "main", "main_standard"), ("supporting", "supporting", "supporting"),
    ],
)  # fmt: skip
def test_a_main_standard_that_comes_or_leaves_is_a_change_of_the_main_standard(w, leaves, comes, kind):
    row = in_use(w)
    helper = make.equipment(w.institution, w.site)
    StandardPart.objects.create(
        institution=w.institution, standard=row, equipment=helper, role="supporting", added_on=AGO
    )
    what = {"removed": row.parts.get(role=leaves)} if leaves else {}
    if comes:
        what |= {"added": make.equipment(w.institution, w.site), "role": comes}
    parts.change_parts(row, **what, on=TODAY, reason="更换", actor=w.metrologist, at=NOW)
    assert row.changes.get().kind == kind


def test_what_left_may_come_back(w):
    row = registered(w)
    for what in ({"added": w.equipment}, {}, {"added": w.equipment}):
        what = what or {"removed": row.parts.get()}
        parts.change_parts(row, **what, on=TODAY, reason="换用", actor=w.metrologist, at=NOW)
    assert row.parts.filter(equipment=w.equipment, removed_on=None).count() == 1


def test_what_was_withdrawn_changes_no_parts(w):
    row = workflow.retire(in_use(w), "不再开展", upload(), actor=w.metrologist, at=NOW)
    what = {"added": make.equipment(w.institution, w.site), "on": TODAY, "reason": "更换"}
    assert refused(parts.change_parts, row, **what, actor=w.metrologist, at=NOW) == {"state"}


def test_what_is_being_built_changes_without_filing(w):
    row = registered(w)
    parts.change_parts(row, added=w.equipment, on=AGO, reason="建标", actor=w.metrologist, at=NOW)
    assert not row.changes.exists()


@pytest.mark.parametrize(
    ("make_it", "clause"),
    [
        (lambda w, row: {}, "data"),
        (lambda w, row: {"added": w.equipment}, "data"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, state="scrapped")}, "A-6.5.1-s3"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, state="withdrawn")}, "A-6.5.1-s3"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, role="customer")}, "A-6.5.1-s3"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, role="consumable")}, "A-6.5.1-s3"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, role="software")}, "A-6.5.1-s3"),
        (lambda w, row: {"added": make.equipment(w.institution, w.site, traced=False)}, "A-6.2.2"),
        (lambda w, row: {"removed": row.parts.get(), "on": AGO - timedelta(1)}, "data"),
        (lambda w, row: {"removed": row.parts.get(), "on": TODAY + timedelta(1)}, "data"),
        (lambda w, row: {"removed": row.parts.get(), "reason": " "}, "data"),
    ],
)
def test_parts_that_cannot_be_are_refused(w, make_it, clause):
    row = in_use(w)
    values = {"on": TODAY, "reason": "更换"} | make_it(w, row)
    assert refused(parts.change_parts, row, **values, actor=w.metrologist, at=NOW) == {clause}


@pytest.mark.parametrize("on", [AGO, TODAY])
def test_a_part_leaves_on_the_day_it_came_at_the_earliest_and_today_at_the_latest(w, on):
    row = in_use(w)
    parts.change_parts(row, removed=row.parts.get(), on=on, reason="送修", actor=w.metrologist, at=NOW)
    assert row.parts.get().removed_on == on


def test_what_needs_no_traceability_may_be_supporting_equipment(w):
    row, helper = in_use(w), make.equipment(w.institution, w.site, traced=False)
    parts.change_parts(row, added=helper, role="supporting", on=TODAY, reason="新增", actor=w.metrologist, at=NOW)
    assert row.parts.filter(equipment=helper).exists()


def test_a_filing_is_written_in_its_order(w):
    row = in_use(w)
    values = {"standard": row, "kind": "method", "changed_on": AGO, "text": "换规程", "filed_on": None, "file": None}
    for filed_on, accepted_on in ((None, AGO), (TODAY, AGO), (TODAY + timedelta(1), None)):
        dated = values | {"filed_on": filed_on, "accepted_on": accepted_on}
        record = REGISTERS["standard-changes"]
        assert refused(verbs.record, record, dated, actor=w.metrologist, at=NOW) == {"C-7.1.2-s2"}


@pytest.mark.parametrize(
    ("kind", "file", "may"),
    [
        ("method", None, False), ("main_standard", None, False), ("method", "quarantined", True), ("method", "refused", False),
        ("supporting", None, True), ("person", None, True),
    ],
)  # fmt: skip
def test_what_bars_the_use_until_it_is_filed_is_filed_with_its_form(w, kind, file, may):
    values = {
        "standard": in_use(w),
        "kind": kind,
        "changed_on": AGO,
        "text": "更换",
        "filed_on": TODAY,
        "accepted_on": None,
    }
    values["file"] = make.document(w.institution, state=file) if file else None
    if may:
        assert verbs.record(REGISTERS["standard-changes"], values, actor=w.metrologist, at=NOW).filed_on == TODAY
    else:
        assert refused(verbs.record, REGISTERS["standard-changes"], values, actor=w.metrologist, at=NOW) == {
            "C-7.1.2-s2"
        }


@pytest.fixture
def replaced(w):
    """That the main standard of what is in use was replaced today wrote itself down."""
    row, spare = in_use(w), make.equipment(w.institution, w.site)
    parts.change_parts(row, added=spare, removed=row.parts.get(), on=TODAY, reason="送修", actor=w.metrologist, at=NOW)
    return row.changes.get()


def written(w, act, change, what):
    return act(REGISTERS["standard-changes"], change, *what, actor=w.metrologist, at=NOW)


@pytest.mark.parametrize("other", ["standard", "changed_on"])
def test_a_replacement_stays_with_its_standard_and_its_day(w, replaced, other):
    value = {"standard": registered(w, code="BZ-8"), "changed_on": TODAY - timedelta(1)}[other]
    what = ({other: value}, replaced.revision)
    assert refused(written, w, verbs.amend, replaced, what) == {"C-7.1.2-s2"}


def test_the_words_of_a_replacement_are_amended(w, replaced):
    assert written(w, verbs.amend, replaced, ({"text": "送修，另用一台"}, replaced.revision)).text == "送修，另用一台"


def test_a_replacement_that_was_filed_is_struck_off(w, replaced):
    type(replaced).objects.filter(pk=replaced.pk).update(filed_on=TODAY, file=make.document(w.institution))
    assert written(w, verbs.withdraw, make.fresh(replaced), ("另有一条",)).state == "withdrawn"


@pytest.mark.parametrize(("kind", "on"), [("person", TODAY), ("main_standard", TODAY - timedelta(1))])
def test_what_was_no_change_of_parts_that_day_is_struck_off(w, replaced, kind, on):
    values = {"standard": replaced.standard, "kind": kind, "changed_on": on, "text": "登记错了", "filed_on": None}
    mistake = written(w, verbs.record, values | {"accepted_on": None, "file": None}, ())
    assert written(w, verbs.withdraw, mistake, ("登记错了",)).state == "withdrawn"


def test_a_change_that_is_not_filed_yet_needs_no_form(w):
    values = {"standard": in_use(w), "kind": "method", "changed_on": AGO, "text": "更换", "filed_on": None}
    values |= {"accepted_on": None, "file": None}
    assert verbs.record(REGISTERS["standard-changes"], values, actor=w.metrologist, at=NOW).pk
