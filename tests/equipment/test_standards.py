"""The life of a measurement standard: assessed, put in use, held, sealed, withdrawn."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from equipment.models import (
    Equipment,
    MeasurementStandard,
    StandardChange,
    StandardItem,
    StandardPaper,
    StandardPart,
)
from equipment.standards import files, workflow
from equipment.standards.facts import seen
from institutions.models import Authorisation, Credential
from portal.models import Document
from tests import make
from tests.equipment.standards import (
    AGO,
    CERTIFICATE,
    NOW,
    SOON,
    TODAY,
    E,
    K,
    S,
    complete,
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


# --- assessed


def test_an_assessment_takes_the_dates_as_printed_and_files_the_certificate(w):
    row = workflow.assess(registered(w), dict(CERTIFICATE), upload(), actor=w.metrologist, at=NOW)
    assert (row.state, row.assessed_on, row.assessed_until) == (S.ASSESSED, AGO, SOON)
    assert row.papers.get().kind == StandardPaper.Kind.CERTIFICATE and events(row)[-1] == (E.ASSESSED, S.ASSESSED)


def test_a_new_assessment_leaves_what_is_in_use_in_use(w):
    row = workflow.assess(
        in_use(w), CERTIFICATE | {"assessment_certificate": "新证"}, upload(), actor=w.metrologist, at=NOW
    )
    assert row.state == S.IN_USE and events(row)[-1] == (E.ASSESSED, "")


@pytest.mark.parametrize(
    "changes",
    [{"assessment_certificate": ""}, {"assessed_until": AGO - timedelta(1)}, {"assessed_on": TODAY + timedelta(1)}],
)
def test_an_assessment_that_cannot_be_is_refused_and_nothing_is_kept(w, changes):
    row = registered(w)
    assert refused(workflow.assess, row, CERTIFICATE | changes, upload(), actor=w.metrologist, at=NOW)
    row.refresh_from_db()
    assert row.state == S.BUILT and not row.papers.exists()


def test_an_assessment_needs_its_certificate_as_a_file(w):
    assert refused(workflow.assess, registered(w), dict(CERTIFICATE), None, actor=w.metrologist, at=NOW) == {"A-6.1.1"}


# --- put in use


def test_what_lacks_nothing_is_put_in_use(w):
    row = in_use(w)
    assert row.state == S.IN_USE and events(row)[-1] == (E.PUT_IN_USE, S.IN_USE)


def _no_people(w, row):
    Authorisation.objects.filter(employment=w.other).update(valid_until=AGO)


def _no_engineer(w, row):
    Credential.objects.update(valid_until=AGO)


def _set(**values):
    return lambda w, row: MeasurementStandard.objects.filter(pk=row.pk).update(**values)


LACKS = [
    (_set(assessed_until=TODAY - timedelta(1)), "A-6.1.1"),
    (_set(filing_number=""), "A-6.1.2-s1"),
    (_set(kind=K.HIGHEST, approved_on=AGO), "C-4.1.2-b"),
    (lambda w, row: _set(kind=K.HIGHEST, approval=make.document(w.institution))(w, row), "C-4.1.2-b"),
    (_set(kind=K.HIGHEST, filing_number=""), "A-6.1.2-s2"),
    (_set(social_until=TODAY - timedelta(1)), "C-4.1.2-a"),
    (_set(field=""), "C-5.1.1-s2"),
    (_no_people, "C-5.1.1-s2"),
    (_no_engineer, "C-5.1.1-s3"),
    (lambda w, row: StandardPart.objects.update(role="supporting"), "A-6.5.1-s3"),
    (lambda w, row: Equipment.objects.update(state="quarantined"), "D-4.4.3.2-s1"),
    (lambda w, row: StandardItem.objects.update(state="withdrawn"), "C-4.1.2"),
    (lambda w, row: StandardPaper.objects.filter(kind="logbook").update(state="withdrawn"), "C-7.1.2-s2"),
    (lambda w, row: Document.objects.update(state="refused"), "C-7.1.2-s2"),
    (
        lambda w, row: StandardChange.objects.create(
            institution=w.institution, standard=row, kind="method", changed_on=AGO, text="换规程"
        ),
        "C-4.1.2",
    ),
]


@pytest.mark.parametrize(("lack", "clause"), LACKS)
def test_whatever_is_missing_keeps_it_from_use(w, lack, clause):
    row = complete(w)
    lack(w, row)
    assert clause in refused(workflow.put_in_use, row, "", actor=w.metrologist, at=NOW)


def test_a_part_that_was_taken_out_keeps_nothing_from_use(w):
    row, old = complete(w), make.equipment(w.institution, w.site, state="quarantined")
    there = {"role": "supporting", "added_on": AGO, "removed_on": TODAY}
    StandardPart.objects.create(institution=w.institution, standard=row, equipment=old, **there)
    assert workflow.put_in_use(row, "", actor=w.metrologist, at=NOW).state == S.IN_USE


def test_a_working_standard_needs_no_filing(w):
    row = in_use(w, kind=K.WORKING, filing_number="", filed_on=None, social_certificate="", social_from=None,
                 social_until=None)  # fmt: skip
    assert row.state == S.IN_USE


# --- held and released


def test_a_hold_stops_everything_until_it_is_released_with_evidence(w):
    row = workflow.hold(in_use(w), "比对结果不满意", "2026 年国家比对 7 号", actor=w.manager, at=NOW)
    assert row.state == S.HELD and "国家比对 7 号" in row.events.last().text
    row = workflow.release(row, "接头泄漏，更换后复测满意", upload(), actor=w.manager, at=NOW)
    assert row.state == S.IN_USE and row.events.last().file is not None


def test_only_a_quality_or_technical_manager_holds_and_releases(w):
    row = in_use(w)
    assert refused(workflow.hold, row, "可疑", actor=w.metrologist, at=NOW) == {"E-8-h"}
    row = workflow.hold(row, "可疑", actor=w.manager, at=NOW)
    assert refused(workflow.release, row, "好了", upload(), actor=w.metrologist, at=NOW) == {"E-8-h"}


def test_a_part_of_the_portal_holds_for_itself(w):
    from portal.actors import Actor
    from portal.permissions import Permission

    comparisons = Actor.system("comparisons", Permission.EQUIPMENT_MANAGE)
    assert workflow.hold(in_use(w), "En = 1.4", "比对 7", actor=comparisons, at=NOW).state == S.HELD


def test_a_release_needs_words_and_evidence(w):
    row = workflow.hold(in_use(w), "可疑", actor=w.manager, at=NOW)
    assert refused(workflow.release, row, " ", upload(), actor=w.manager, at=NOW) == {"E-8-h"}
    assert refused(workflow.release, row, "好了", None, actor=w.manager, at=NOW) == {"E-8-h"}


@pytest.mark.parametrize("verb", ["suspend", "seal"])
def test_a_hold_is_not_left_by_another_door(w, verb):
    row = workflow.hold(in_use(w), "可疑", actor=w.manager, at=NOW)
    more = (upload(),) if verb == "seal" else ()
    assert refused(getattr(workflow, verb), row, "原因", *more, actor=w.metrologist, at=NOW) == {"state"}


# --- suspended, sealed, withdrawn


def test_what_was_suspended_is_put_in_use_with_all_that_takes(w):
    row = workflow.suspend(in_use(w), "搬迁", actor=w.metrologist, at=NOW)
    MeasurementStandard.objects.filter(pk=row.pk).update(assessed_until=TODAY - timedelta(1))
    assert "A-6.1.1" in refused(workflow.put_in_use, row, "", actor=w.metrologist, at=NOW)


def test_sealing_takes_the_declaration_and_unsealing_leads_to_waiting(w):
    row = in_use(w)
    assert refused(workflow.seal, row, "无任务", None, actor=w.metrologist, at=NOW) == {"C-7.1.2-s2"}
    row = workflow.seal(row, "无任务", upload(), actor=w.metrologist, at=NOW)
    assert row.state == S.SEALED and row.papers.filter(kind="seal_form").count() == 1
    assert workflow.unseal(row, "有任务", actor=w.metrologist, at=NOW).state == S.ASSESSED


def test_a_standard_is_withdrawn_for_good_with_its_declaration(w):
    row = in_use(w)
    assert refused(workflow.retire, row, "报废", None, actor=w.metrologist, at=NOW) == {"C-7.1.2-s2"}
    row = workflow.retire(row, "报废", upload(), actor=w.metrologist, at=NOW)
    assert row.state == S.WITHDRAWN
    assert refused(workflow.assess, row, dict(CERTIFICATE), upload(), actor=w.metrologist, at=NOW) == {"state"}


@pytest.mark.parametrize("verb", ["suspend", "unseal"])
def test_a_reason_is_given(w, verb):
    row = in_use(w)
    if verb == "unseal":
        row = workflow.seal(row, "无任务", upload(), actor=w.metrologist, at=NOW)
    assert refused(getattr(workflow, verb), row, " ", actor=w.metrologist, at=NOW) == {"C-4.1.2"}


def test_an_operator_changes_nothing(w):
    with pytest.raises(PermissionDenied):
        workflow.suspend(in_use(w), "原因", actor=w.operator, at=NOW)


def test_the_history_tells_the_state_of_any_day(w):
    row = workflow.suspend(in_use(w), "搬迁", actor=w.metrologist, at=NOW)
    assert seen(row, TODAY).state_that_day == S.SUSPENDED
    assert seen(row, TODAY - timedelta(1)).state_that_day == S.BUILT


# --- the file set

SPECIAL = {StandardPaper.Kind.SOCIAL_CERTIFICATE, StandardPaper.Kind.CHANGE_FORM, StandardPaper.Kind.SEAL_FORM}


@pytest.mark.parametrize(
    ("kind", "state", "changed", "there", "kept"),
    [
        (K.WORKING, S.IN_USE, False, [], set()),
        (K.SOCIAL_PUBLIC, S.IN_USE, False, [], {"social_certificate"}),
        (K.WORKING, S.IN_USE, True, [], {"change_form"}),
        (K.WORKING, S.SEALED, False, [], {"seal_form"}),
        (K.HIGHEST, S.WITHDRAWN, False, [], {"seal_form"}),
        (K.WORKING, S.IN_USE, False, ["seal_form"], {"seal_form"}),
    ],
)
def test_the_file_set_leaves_out_what_does_not_concern_the_standard(kind, state, changed, there, kept):
    found = MeasurementStandard(kind=kind, state=state)
    found.paper_kinds, found.test_kinds = there, []
    papers = files.expected(found, changed=changed)
    kinds = {paper.kind for paper in papers}
    assert kinds & SPECIAL == kept and kinds | SPECIAL == set(StandardPaper.Kind)
    assert {paper.kind for paper in papers if paper.required} == set(StandardPaper.REQUIRED)
    assert [paper.kind for paper in papers if paper.there] == there


def test_a_test_on_record_is_the_record_of_the_test():
    found = MeasurementStandard()
    found.paper_kinds, found.test_kinds = [], ["repeatability"]
    assert files.kinds_there(found) == {StandardPaper.Kind.REPEATABILITY}
