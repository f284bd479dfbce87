"""The register of measurement standards: what it takes from a form and from a spreadsheet, and what it refuses."""

from datetime import timedelta
from decimal import Decimal

import pytest

from equipment.standards import workflow
from institutions.models import Employment
from portal.registers import REGISTERS, verbs
from portal.registers.forms import RowForm
from portal.transitions import Refused
from tests import make
from tests.equipment.standards import (
    AGO,
    CERTIFICATE,
    NOW,
    REGISTER,
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
    said,
    upload,
    world,
)


@pytest.fixture
def w(lab):
    return world(lab)


# --- the register


def test_a_new_standard_is_being_built_and_its_history_begins(w):
    row = registered(w)
    assert row.state == S.BUILT and events(row) == [(E.BUILT, S.BUILT)]


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"assessment_certificate": "证 1"}, "A-6.1.1"),
        (CERTIFICATE | {"assessed_until": AGO - timedelta(1)}, "A-6.1.1"),
        (CERTIFICATE | {"assessed_on": TODAY + timedelta(1)}, "data"),
        ({"assessed_by": "机关"}, "A-6.1.1"),
        ({"assessed_on": AGO}, "A-6.1.1"),
        ({"assessed_until": SOON}, "A-6.1.1"),
        (CERTIFICATE | {"assessed_until": None}, "A-6.1.1"),
        ({"filing_number": ""}, "A-6.1.2-s1"),
        ({"filed_on": None}, "A-6.1.2-s1"),
        ({"kind": K.HIGHEST, "filed_on": None}, "A-6.1.2-s2"),
        ({"filed_on": TODAY + timedelta(1)}, "data"),
        ({"social_certificate": ""}, "C-4.1.2-a"),
        ({"social_certificate": "", "social_from": None}, "C-4.1.2-a"),
        ({"social_from": TODAY + timedelta(1)}, "data"),
        ({"kind": K.WORKING, "social_certificate": "", "social_from": None}, "C-4.1.2-a"),
        ({"accuracy": "2 kgf/cm²"}, "data"),
        ({"social_from": None}, "C-4.1.2-a"),
        ({"social_until": AGO - timedelta(1)}, "C-4.1.2-a"),
        ({"kind": K.HIGHEST}, "C-4.1.2-a"),
        ({"range_text": "(0～60) kgf/cm²"}, "data"),
        ({"approved_on": TODAY + timedelta(1)}, "data"),
    ],
)
def test_what_its_certificates_cannot_say_is_refused(w, changes, clause):
    assert clause in refused(registered, w, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        CERTIFICATE | {"assessed_on": TODAY}, CERTIFICATE | {"assessed_until": AGO}, {"filed_on": TODAY},
        {"social_from": TODAY}, {"social_until": AGO}, {"social_until": None}, {"approved_on": TODAY},
        {"filing_number": "", "filed_on": None},
        {"social_certificate": "", "social_from": None, "social_until": None},
    ],
)  # fmt: skip
def test_what_its_certificates_can_say_is_taken(w, changes):
    assert registered(w, **changes).pk


def test_a_code_is_given_once(w):
    first = registered(w)
    with pytest.raises(Refused) as caught:
        registered(w)
    assert caught.value.refusals[0].link == first.get_absolute_url()


def test_whoever_answers_for_a_standard_is_an_engineer(w):
    assert refused(registered, w, responsible=w.other) == {"C-5.1.1-s3"}
    make.credential(w.institution, w.other, "title", level="middle")
    assert registered(w, responsible=w.other).pk


def test_nobody_who_has_left_answers_for_a_standard(w):
    Employment.objects.filter(pk=w.keeper.pk).update(ended_on=AGO)
    w.keeper.refresh_from_db()
    assert refused(registered, w) == {"C-5.1.1-s3"}


GIVEN_UP = {"social_certificate": "", "social_from": None, "social_until": None}


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [
        (GIVEN_UP, {"C-4.1.2-a"}),
        ({"social_until": TODAY - timedelta(1)}, {"C-4.1.2-a"}),
        ({"filing_number": "", "filed_on": None}, {"A-6.1.2-s1"}),
        (GIVEN_UP | {"kind": K.HIGHEST}, {"C-4.1.2-b"}),
        (GIVEN_UP | {"kind": K.HIGHEST, "approved_on": AGO}, {"C-4.1.2-b"}),
        (GIVEN_UP | {"kind": K.HIGHEST, "filing_number": "", "filed_on": None}, {"C-4.1.2-b", "A-6.1.2-s2"}),
        (dict.fromkeys(CERTIFICATE, "") | {"assessed_on": None, "assessed_until": None}, {"A-6.1.1"}),
    ],
)
def test_what_is_in_use_stays_complete_when_it_is_amended(w, changes, clauses):
    row = in_use(w)
    values = said(w, **CERTIFICATE | changes)
    assert refused(verbs.amend, REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW) == clauses


def told(act, *args, **kwargs):
    """The sentences with which the act is refused."""
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return " ".join(refusal.text for refusal in caught.value.refusals)


def test_a_certificate_that_is_not_whole_is_told_what_it_lacks(w):
    text = told(registered, w, **CERTIFICATE | {"assessed_by": "", "assessed_until": None})
    assert "还缺主持考核机关、有效期至。" in text


def test_what_is_in_use_keeps_its_certificate(w):
    row = in_use(w)
    values = said(w, **dict.fromkeys(CERTIFICATE, "") | {"assessed_on": None, "assessed_until": None})
    assert "在用的计量标准要有考核证书" in told(
        verbs.amend, REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW
    )


def test_who_assessed_it_is_not_typed_over_either(w):
    registered(w, code="BZ-08")
    row = workflow.assess(registered(w), dict(CERTIFICATE), upload(), actor=w.metrologist, at=NOW)
    values = said(w, **CERTIFICATE | {"assessed_by": "另一机关"})
    assert "“登记考核”" in told(verbs.amend, REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW)


def test_what_is_being_built_is_amended_with_its_certificate(w):
    row = registered(w)
    assert (
        verbs.amend(REGISTER, row, said(w, **CERTIFICATE), row.revision, actor=w.metrologist, at=NOW).assessed_on == AGO
    )


def test_the_highest_standard_is_amended_with_its_approval(w):
    paper = make.document(w.institution)
    row = in_use(w, **GIVEN_UP, kind=K.HIGHEST, approved_on=AGO, approval=paper)
    values = said(w, **CERTIFICATE | GIVEN_UP, kind=K.HIGHEST, approved_on=AGO, approval=paper, name="另一名称")
    assert verbs.amend(REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW).name == "另一名称"
    type(paper).objects.update(state="refused")
    values["approval"].refresh_from_db()
    row.refresh_from_db()
    assert refused(verbs.amend, REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW) == {"C-4.1.2-b"}


def test_an_entry_by_mistake_is_struck_off_and_one_that_was_assessed_is_not(w):
    row = complete(w)
    assert refused(verbs.withdraw, REGISTER, row, "登记错了", actor=w.metrologist, at=NOW) == {"state"}
    mistake = verbs.withdraw(REGISTER, registered(w, code="BZ-8"), "登记错了", actor=w.metrologist, at=NOW)
    assert mistake.state == S.WITHDRAWN and events(mistake)[-1] == (E.WITHDRAWN, S.WITHDRAWN)


def test_the_form_of_the_register_has_every_field(w):
    form = RowForm(register=REGISTER, actor=w.metrologist)
    assert set(REGISTER.fields) <= set(form.fields)


def amended(w, row, **changes):
    values = said(w, **CERTIFICATE | changes)
    return verbs.amend(REGISTER, row, values, row.revision, actor=w.metrologist, at=NOW)


@pytest.mark.parametrize(
    ("changes", "kind", "told"),
    [
        (lambda w: {"site": make.site(w.institution, name="二号楼")}, "place", "存放场所"),
        (
            lambda w: {"range_text": "(0～10) MPa", "accuracy": "0.1 级"},
            "range",
            "测量范围：(0～6) MPa → (0～10) MPa；不确定度",
        ),
        (lambda w: {"responsible": w.other}, "person", "计量标准负责人：沈若川 → 许知远"),
    ],
)
def test_what_must_be_declared_is_a_change_on_record_when_it_is_amended(w, changes, kind, told):
    make.credential(w.institution, w.other)
    row = amended(w, in_use(w), **changes(w))
    change = row.changes.get()
    assert (change.kind, change.changed_on, change.filed_on) == (kind, TODAY, None) and told in change.text


def test_what_concerns_nobody_else_is_amended_without_a_declaration(w):
    assert not amended(w, in_use(w), name="精密压力表检定装置").changes.exists()


def test_what_is_being_built_or_new_declares_nothing(w):
    row = registered(w)
    verbs.amend(REGISTER, row, said(w, accuracy="0.1 级"), row.revision, actor=w.metrologist, at=NOW)
    assert not row.changes.exists()


# --- what is kept for a standard


def kept(w, register, **values):
    values = {"standard": registered(w), **values}
    return verbs.record(REGISTERS[register], values, actor=w.metrologist, at=NOW)


ITEM = {"instrument": "压力表", "measurand": "压力", "method": None, "unit": "MPa", "accuracy": "1.6 级"}


@pytest.mark.parametrize(("low", "high", "may"), [(0, 6, True), (6, 6, True), (-6, -7, False)])
def test_the_lower_limit_of_an_item_is_not_above_the_upper_one(w, low, high, may):
    values = ITEM | {"range_low": Decimal(low), "range_high": Decimal(high)}
    if may:
        assert kept(w, "standard-items", **values).pk
    else:
        assert refused(kept, w, "standard-items", **values) == {"data"}


@pytest.mark.parametrize(
    ("dated_on", "reviewed_on", "may"),
    [
        (TODAY, None, True), (TODAY, TODAY, True), (AGO, TODAY, True), (TODAY + timedelta(1), None, False),
        (AGO, TODAY + timedelta(1), False), (TODAY, AGO, False),
    ],
)  # fmt: skip
def test_a_paper_was_written_and_looked_through_by_today(w, dated_on, reviewed_on, may):
    values = {"kind": "logbook", "title": "履历书", "dated_on": dated_on, "reviewed_on": reviewed_on}
    values["file"] = make.document(w.institution)
    if may:
        assert kept(w, "standard-papers", **values).pk
    else:
        assert refused(kept, w, "standard-papers", **values) == {"C-7.1.2-s2"}


# --- spreadsheets


def test_a_spreadsheet_of_standards_is_judged_like_the_form(w):
    from portal.inspection.tables import Table
    from portal.registers.judging import tried

    heads = [
        "编号",
        "种类",
        "计量标准名称",
        "专业领域",
        "存放场所",
        "计量标准负责人",
        "测量范围",
        "不确定度或准确度等级",
    ]
    rows = [
        ["BZ-21", "工作计量标准", "天平检定装置", "质量", w.site.name, "沈若川", "(0～1) kg", "E2 级"],
        ["BZ-22", "工作计量标准", "砝码检定装置", "质量", w.site.name, "许知远", "(0～1) kg", "E2 级"],
    ]
    judged = tried(REGISTER, Table(lines=[(1, heads), (2, rows[0]), (3, rows[1])]), actor=w.metrologist, at=NOW)
    assert [plan.row.code for plan in judged.plans] == ["BZ-21"]
    assert [flaw.line for flaw in judged.flaws] == [3] and "工程师" in judged.flaws[0].sentence
