"""Clauses decided by whether the portal is worked with: each side of the work is asked for, of late and at each site."""

from datetime import timedelta

import pytest

from certificates import readings
from certificates.models import RawRecord
from institutions.models import (
    ArchiveClass,
    Employment,
    MethodReview,
    Qualification,
    ScopeItem,
    TrainingAttendance,
)
from orders.models import Item
from portal.clauses import evaluate
from portal.tenancy import tenant
from tests import make
from tests.clauses import DAY, WITHDRAWN, change, document, judge, row, said, state

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
LATELY, TOO_LONG_AGO = DAY - timedelta(89), DAY - timedelta(90)


@pytest.fixture
def w():
    """A laboratory in which every side was worked on, on the last day that counts."""
    world = make.laboratory()
    lab = world.institution
    world.record = make.record(world, filled=True)
    make.trained(lab, world.operator_employment, "law", held_on=LATELY)
    make.traceability(lab, world.equipment, world.operator_employment, calibrated_on=LATELY)
    make.review(world, reviewed_on=LATELY)
    with tenant(lab.pk):
        RawRecord.objects.update(performed_on=LATELY)
        Item.objects.update(received_on=LATELY)
    return world


def test_six_sides_worked_on_are_met(w):
    assert (state(w.institution, "B-6.6.1"), judge(w.institution, "B-6.6.1").figures["检查"]) == ("met", 6)


def test_without_any_work_all_six_sides_are_named():
    found = judge(make.institution("beta"), "B-6.6.1")
    assert (found.state, [row.label[:2] for row in found.evidence]) == (
        "not_met",
        ["业务", "人员", "设备", "环境", "方法", "数据"],
    )


SIDES = {
    "业务：样品收发": (Item, "received_on"),
    "人员：培训记录": (TrainingAttendance, "training__held_on"),
    "方法：方法查新": (MethodReview, "reviewed_on"),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("day", [TOO_LONG_AGO, TOMORROW])
def test_a_side_not_worked_on_of_late_is_named(w, side, day):
    model, column = SIDES[side]
    with tenant(w.institution.pk):
        for found in model.objects.all():
            target, _dot, name = column.rpartition("__")
            change(getattr(found, target) if target else found, **{name: day})
    found = judge(w.institution, "B-6.6.1")
    assert (found.state, [row.label for row in found.evidence]) == ("not_met", [side])


@pytest.mark.parametrize(
    ("day", "told"), [(LATELY - timedelta(1), True), (LATELY, False), (DAY, False), (TOMORROW, True)]
)
def test_equipment_is_traced_within_ninety_days(w, day, told):
    assert ("设备：溯源登记" in said(judge(w.institution, "B-6.6.1", day))) is told


@pytest.mark.parametrize("day", [TOO_LONG_AGO, TOMORROW])
def test_records_of_another_time_name_data_and_environment(w, day):
    change(w.record, performed_on=day)
    found = judge(w.institution, "B-6.6.1")
    assert [row.label for row in found.evidence] == ["环境：环境记录", "数据：原始记录"]


def test_a_record_that_was_abandoned_is_no_work(w):
    change(w.record, state="abandoned")
    assert [row.label for row in judge(w.institution, "B-6.6.1").evidence] == ["环境：环境记录", "数据：原始记录"]


def test_a_record_without_conditions_tells_nothing_of_the_environment():
    world = make.laboratory()
    entries = [entry for entry in make.cells() if not entry.cell.startswith("condition:")]
    with tenant(world.institution.pk):
        readings.enter(make.record(world), entries, actor=world.operator, at=make.NOON)
    labels = [row.label for row in judge(world.institution, "B-6.6.1").evidence]
    assert "环境：环境记录" in labels and "数据：原始记录" not in labels


@pytest.mark.parametrize("what", ["attendance", "training", "review"])
def test_withdrawn_rows_are_no_work(w, what):
    with tenant(w.institution.pk):
        match what:
            case "review":
                change(MethodReview.objects.get(), **WITHDRAWN)
            case "attendance":
                change(TrainingAttendance.objects.get(), **WITHDRAWN)
            case "training":
                change(TrainingAttendance.objects.get().training, **WITHDRAWN)
    found = judge(w.institution, "B-6.6.1")
    assert [row.label for row in found.evidence] == ["方法：方法查新" if what == "review" else "人员：培训记录"]


def test_the_work_of_another_institution_does_not_count(w):
    other = make.institution("beta")
    assert (state(other, "B-6.6.1"), state(other, "D-5.7.1")) == ("not_met", "not_met")
    assert len(judge(other, "B-6.6.1").evidence) == 6


@pytest.mark.parametrize(
    ("day", "received_on", "named"),
    [
        (DAY, LATELY, []), (DAY + timedelta(89), DAY, []), (DAY + timedelta(90), DAY + timedelta(90), ["证书签发"]),
        (YESTERDAY, YESTERDAY, ["证书签发"]), (DAY, TOO_LONG_AGO, ["样品收发"]), (DAY, TOMORROW, ["样品收发"]),
    ],
)  # fmt: skip
def test_items_and_certificates_of_late_are_asked_for(day, received_on, named):
    world = make.laboratory()
    make.certificate(world, "issued")
    with tenant(world.institution.pk):
        Item.objects.update(received_on=received_on)
    found = judge(world.institution, "D-5.7.1", day)
    assert (found.state, [row.label for row in found.evidence]) == ("not_met" if named else "met", named)


# --- several sites


@pytest.fixture
def sites(w):
    """A second site with scope for a year to the day; records of both sites."""
    w.second = make.site(w.institution, name="西塬场所")
    first = DAY - timedelta(364)
    with tenant(w.institution.pk):
        line = ScopeItem.objects.get()
        line.pk, line.ref, line._state.adding = None, ScopeItem._meta.get_field("ref").get_default(), True
        line.site, line.valid_from = w.second, first
        line.save()
        w.line = line
        RawRecord.objects.update(state="submitted", submitted_at=make.NOON)
    w.other = make.record(w)
    change(w.other, site=w.second)
    return w


def submitted(sites, **values):
    """The record of the second site is locked, with its measurement on the first day that counts."""
    change(
        sites.other, **{"state": "submitted", "submitted_at": make.NOON, "performed_on": DAY - timedelta(364), **values}
    )


def test_every_site_with_scope_and_records_is_met(sites):
    submitted(sites)
    found = judge(sites.institution, "B-4.7.4-s1")
    assert (found.state, found.figures["检查"]) == ("met", 2)


@pytest.mark.parametrize(
    "changes", [{"performed_on": DAY - timedelta(365)}, {"performed_on": TOMORROW}, {"state": "abandoned"}]
)
def test_a_site_with_scope_and_without_records_is_named(sites, changes):
    submitted(sites, **changes)
    found = judge(sites.institution, "B-4.7.4-s1")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [sites.second.pk])


@pytest.mark.parametrize("changes", [{"valid_from": DAY - timedelta(363)}, {"valid_until": YESTERDAY}, WITHDRAWN])
def test_a_site_without_a_year_of_scope_is_not_judged(sites, changes):
    change(sites.line, **changes)
    found = judge(sites.institution, "B-4.7.4-s1")
    assert (found.state, found.figures["检查"]) == ("met", 1)


def test_sites_without_a_year_of_scope_stay_unknown(sites):
    with tenant(sites.institution.pk):
        ScopeItem.objects.update(valid_from=DAY - timedelta(363))
    assert state(sites.institution, "B-4.7.4-s1") == "unknown"


@pytest.mark.parametrize("changes", [WITHDRAWN, {"closed_on": YESTERDAY}, {"opened_on": TOMORROW}])
def test_of_one_open_site_nothing_is_asked(sites, changes):
    change(sites.second, **changes)
    make.site(make.institution("beta"))
    assert state(sites.institution, "B-4.7.4-s1") == "not_applicable"


# --- calibrating on a certificate with its annex


@pytest.fixture
def qualified(w):
    lab = w.institution
    with tenant(lab.pk):
        w.paper = ScopeItem.objects.get().qualification
    change(w.paper, file=make.document(lab), annex=make.document(lab))
    change(w.record.item, received_on=DAY - timedelta(364))
    return w


def test_calibrations_on_a_certificate_with_its_annex_are_met(qualified):
    assert state(qualified.institution, "B-4.3-s1") == "met"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"file": None}, "没有证书文件"), ({"file": "quarantined"}, "没有证书文件"), ({"annex": None}, "没有能力附表"),
        ({"annex": "quarantined"}, "没有能力附表"),
    ],
)  # fmt: skip
def test_a_qualification_under_the_scope_without_its_papers_is_named(qualified, changes, text):
    change(qualified.paper, **changes)
    found = judge(qualified.institution, "B-4.3-s1")
    assert (found.state, [row.row_id for row in found.evidence], found.evidence[0].text) == (
        "not_met",
        [qualified.paper.pk],
        text,
    )


@pytest.mark.parametrize(
    "changes", [{"received_on": DAY - timedelta(365)}, {"received_on": TOMORROW}, {"activity": "verification"}]
)
def test_without_a_calibration_accepted_within_the_year_it_stays_unknown(qualified, changes):
    change(qualified.record.item, **changes)
    make.item(make.institution("beta"))
    assert state(qualified.institution, "B-4.3-s1") == "unknown"


def test_papers_under_no_line_of_scope_are_not_asked_for(qualified):
    make.qualification(qualified.institution, kind="cnas_accreditation")
    assert state(qualified.institution, "B-4.3-s1") == "met"


@pytest.mark.parametrize("model", [ScopeItem, Qualification])
def test_what_ended_after_the_last_calibration_was_accepted_breaks_nothing(qualified, model):
    with tenant(qualified.institution.pk):
        model.objects.update(valid_until=YESTERDAY)
    assert state(qualified.institution, "B-4.3-s1") == "met"


@pytest.mark.parametrize("model", [ScopeItem, Qualification])
def test_without_scope_in_force_and_calibrations_accepted_none_is_offered(qualified, model):
    make.laboratory("beta")
    change(qualified.record.item, received_on=TOO_LONG_AGO - timedelta(365))
    with tenant(qualified.institution.pk):
        model.objects.update(valid_until=YESTERDAY)
    assert state(qualified.institution, "B-4.3-s1") == "not_applicable"


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (ScopeItem, {"valid_until": DAY - timedelta(365)}), (ScopeItem, {"valid_from": DAY - timedelta(363)}),
        (ScopeItem, WITHDRAWN), (Qualification, {"valid_until": DAY - timedelta(365)}), (Qualification, WITHDRAWN),
        (Qualification, {"kind": "business_licence"}),
    ],
)  # fmt: skip
def test_a_calibration_accepted_without_scope_that_day_is_named(qualified, model, changes):
    with tenant(qualified.institution.pk):
        model.objects.update(**changes)
    found = judge(qualified.institution, "B-4.3-s1")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [qualified.record.item.pk])


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True), ({"received_on": DAY - timedelta(365)}, False), ({"received_on": TOMORROW}, False),
        ({"activity": "verification"}, False),
    ],
)  # fmt: skip
def test_document_b_is_for_who_took_in_calibrations_without_any_scope(qualified, changes, applies):
    change(qualified.scope, **WITHDRAWN)
    make.item(make.institution("beta"))
    if changes:
        change(qualified.record.item, **changes)
    found = evaluate(qualified.institution, DAY)["B-4.3-s1"]
    assert found.state == ("not_met" if applies else "not_applicable")


# --- archives


@pytest.fixture
def archived():
    """A laboratory with rules for its archives, each set up, and something in each on the day."""
    world = make.laboratory()
    lab = world.institution
    world.certificate = make.certificate(world, "issued")
    world.rules = document(lab, "archive_policy", valid_from=DAY, author=world.signatory_employment)
    world.archives = {
        kind: row(ArchiveClass, lab, archive=kind, confidentiality="internal", measure="专柜上锁")
        for kind in ArchiveClass.Archive.values
    }
    return world


def test_archives_that_are_ruled_and_hold_something_are_met(archived):
    assert state(archived.institution, "C-7.3.1.1") == "met"


@pytest.mark.parametrize("kind", ArchiveClass.Archive.values)
def test_an_archive_that_was_not_set_up_is_named(archived, kind):
    change(archived.archives[kind], **WITHDRAWN)
    found = judge(archived.institution, "C-7.3.1.1")
    assert (found.state, [row.label for row in found.evidence]) == (
        "not_met",
        [archived.archives[kind].get_archive_display()],
    )


def test_archives_without_rules_are_not_met(archived):
    change(archived.rules, **WITHDRAWN)
    assert "档案管理制度" in said(judge(archived.institution, "C-7.3.1.1"))


def test_what_was_archived_tomorrow_is_not_there_today(archived):
    change(archived.rules, valid_from=DAY - timedelta(1))
    found = judge(archived.institution, "C-7.3.1.1", YESTERDAY)
    assert (found.state, [row.label for row in found.evidence]) == ("not_met", ["原始记录档案", "证书档案"])


def test_archives_that_were_only_declared_are_named_as_empty():
    lab = make.institution()
    for kind in ArchiveClass.Archive.values:
        row(ArchiveClass, lab, archive=kind, confidentiality="internal", measure="专柜上锁")
    make.laboratory("beta")
    found = judge(lab, "C-7.3.1.1")
    assert [entry.label for entry in found.evidence if entry.text == "没有内容"] == [
        str(label) for label in ArchiveClass.Archive.labels
    ]


@pytest.mark.parametrize("changes", [{"started_on": TOMORROW}, WITHDRAWN])
def test_people_who_do_not_work_here_yet_fill_no_archive(archived, changes):
    with tenant(archived.institution.pk):
        Employment.objects.update(**changes)
    assert "人员档案 没有内容" in said(judge(archived.institution, "C-7.3.1.1"))


def test_a_record_that_was_not_submitted_fills_no_archive(w):
    change(w.record, performed_on=DAY)
    assert "原始记录档案 没有内容" in said(judge(w.institution, "C-7.3.1.1"))
