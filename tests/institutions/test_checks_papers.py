"""Clauses decided by legal status, licences, approvals and declarations: met by the least they ask for, and nothing less."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from stdnum.cn import uscc

from institutions.models import Violation
from portal import declarations
from portal.declarations import CONTRADICTS, READERS
from portal.tenancy import tenant
from tests import make
from tests.clauses import DAY, FIRST, WITHDRAWN, change, declaration, head, judge, row, said, state

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
A_YEAR_AGO, OVER_A_YEAR_AGO = date(2025, 3, 10), date(2025, 3, 9)


def credit_code(number):
    code = f"91440300{number:09d}"
    return code + uscc.calc_check_digit(code)


def founded(slug, number):
    """An institution with its papers, each good until the day itself. Returns: them by name."""
    lab = make.institution(slug, credit_code=credit_code(number))
    signer = head(lab, valid_until=DAY)
    return SimpleNamespace(
        lab=lab, signer=signer, status=make.legal_status(lab, since=FIRST),
        licence=make.qualification(lab, valid_until=DAY, file=make.document(lab)),
        liability=declaration(lab, "liability", signed_by=signer),
        gap=declaration(lab, "cnas_gap", signed_by=signer),
        impartiality=declaration(lab, "impartiality", signed_by=signer),
        approval=make.qualification(lab, kind="industry_centre_approval", valid_until=DAY, file=make.document(lab)),
        **{kind: make.qualification(lab, kind=kind, valid_until=DAY) for kind in ("qms", "ems", "ohsms")},
    )  # fmt: skip


@pytest.fixture
def w():
    return founded("alpha", 1)


MET = (
    "A-4.1.1", "A-9.2.2", "B-4.1-s1", "B-4.1-s2", "B-6.4-g", "C-4.1.1-s1", "C-4.1.1-s2", "D-3.3",
)  # fmt: skip
SPOILT = [
    ("A-4.1.1", "licence", {"kind": "cnas_accreditation"}, "没有当天有效的营业执照"),
    ("A-4.1.1", "licence", {"valid_until": YESTERDAY}, "没有当天有效的营业执照"),
    ("A-4.1.1", "licence", {"valid_from": TOMORROW, "valid_until": None}, "没有当天有效的营业执照"),
    ("A-4.1.1", "licence", {"state": "pending"}, "没有当天有效的营业执照"),
    ("A-4.1.1", "licence", WITHDRAWN, "没有当天有效的营业执照"),
    ("A-4.1.1", "status", {"business_status": "suspended"}, "停业"),
    ("A-4.1.1", "status", {"business_status": "closed"}, "注销"),
    ("A-4.1.1", "status", {"business_status": "revoked"}, "被吊销"),
    ("A-4.1.1", "status", {"since": TOMORROW}, "还没有登记法律地位"),
    ("A-4.1.1", "status", WITHDRAWN, "还没有登记法律地位"),
    ("C-4.1.1-s1", "licence", {"kind": "cnas_accreditation"}, "营业执照"),
    ("C-4.1.1-s1", "licence", {"valid_until": YESTERDAY}, "营业执照"),
    ("C-4.1.1-s1", "licence", {"file": None}, "营业执照"),
    ("C-4.1.1-s1", "licence", {"file": "quarantined"}, "营业执照"),
    ("C-4.1.1-s1", "licence", WITHDRAWN, "营业执照"),
    ("B-4.1-s1", "status", {"legal_form": "defined_part"}, "内设机构要写明上级法人"),
    ("B-4.1-s1", "status", WITHDRAWN, "还没有登记法律地位"),
    *[
        (name, row, changes, "没有现任法定代表人签字")
        for name in ("B-4.1-s2", "C-4.1.1-s2")
        for row, changes in [
            ("liability", {"valid_until": YESTERDAY}), ("liability", {"valid_from": TOMORROW, "valid_until": TOMORROW}),
            ("liability", {"file": "quarantined"}), ("liability", {"file": None}), ("liability", {"kind": "cnas_gap"}),
            ("liability", {"signed_by": None}), ("liability", WITHDRAWN), ("signer", {"valid_until": YESTERDAY}),
            ("signer", {"valid_from": TOMORROW, "valid_until": None}), ("signer", {"role": "director"}), ("signer", WITHDRAWN),
        ]
    ],
    ("D-3.3", "approval", {"valid_until": YESTERDAY}, "没有当天有效的批准文件"),
    ("D-3.3", "approval", {"file": "quarantined"}, "没有当天有效的批准文件"),
    ("D-3.3", "approval", {"kind": "other"}, "没有当天有效的批准文件"),
    ("D-3.3", "approval", WITHDRAWN, "没有当天有效的批准文件"),
    ("A-9.2.2", "gap", {"valid_until": YESTERDAY}, "没有有效的 CNAS 认可"),
    ("A-9.2.2", "gap", {"file": "quarantined"}, "没有有效的 CNAS 认可"),
    ("A-9.2.2", "gap", {"kind": "liability"}, "没有有效的 CNAS 认可"),
    ("A-9.2.2", "gap", WITHDRAWN, "没有有效的 CNAS 认可"),
    ("A-9.2.2", "gap", {"valid_from": OVER_A_YEAR_AGO}, "没有有效的 CNAS 认可"),
    ("A-9.2.2", "gap", {"signed_by": None}, "没有有效的 CNAS 认可"),
    *[(name, "liability", {"valid_from": OVER_A_YEAR_AGO}, "没有现任法定代表人签字") for name in ("B-4.1-s2", "C-4.1.1-s2")],
    ("B-6.4-g", "qms", WITHDRAWN, "质量管理体系认证"),
    ("B-6.4-g", "ems", {"valid_until": YESTERDAY}, "环境管理体系认证"),
    ("B-6.4-g", "ohsms", {"kind": "other"}, "职业健康安全管理体系认证"),
]  # fmt: skip


@pytest.mark.parametrize("name", MET)
def test_papers_that_end_today_suffice(w, name):
    assert state(w.lab, name) == "met"


@pytest.mark.parametrize("name", [name for name in MET if name != "B-4.1-s1"])
def test_papers_that_ended_yesterday_do_not(w, name):
    assert state(w.lab, name, TOMORROW) == "not_met"


@pytest.mark.parametrize(("name", "what", "changes", "text"), SPOILT)
def test_each_paper_is_asked_for(w, name, what, changes, text):
    change(getattr(w, what), **changes)
    found = judge(w.lab, name)
    assert found.state == "not_met" and text in said(found)


@pytest.mark.parametrize("name", MET)
def test_the_papers_of_another_institution_do_not_count(w, name):
    assert state(make.institution("beta"), name) == "not_met"


def test_without_licence_and_status_both_are_asked_for():
    told = said(judge(make.institution("beta"), "A-4.1.1"))
    assert "营业执照" in told and "法律地位" in told


def test_a_legal_person_is_no_part_of_another_and_needs_its_own_code(w):
    change(w.status, parent_entity="某大学")
    w.lab.credit_code = "123"
    assert state(w.lab, "B-4.1-s1") == "not_met"


def test_an_institution_that_does_not_operate_is_shown_with_its_status(w):
    change(w.status, business_status="suspended")
    assert [row.row_id for row in judge(w.lab, "A-4.1.1").evidence] == [w.status.pk]


def test_the_latest_statement_of_legal_status_holds(w):
    make.legal_status(w.lab, since=DAY, business_status="suspended")
    assert [state(w.lab, "A-4.1.1", day) for day in (YESTERDAY, DAY)] == ["met", "not_met"]


def test_a_stopped_licence_does_not_count(w):
    change(w.licence, state="suspended", stops=[DateRange(DAY, None)])
    assert [state(w.lab, "A-4.1.1", day) for day in (YESTERDAY, DAY)] == ["met", "not_met"]


@pytest.mark.parametrize("name", ["C-4.1.1-s1", "B-4.1-s1"])
def test_a_credit_code_with_a_wrong_check_digit_is_not_met(w, name):
    code = w.lab.credit_code
    w.lab.credit_code = code[:-1] + ("0" if code[-1] != "0" else "1")
    found = judge(w.lab, name)
    assert found.state == "not_met" and "信用代码" in said(found)


@pytest.mark.parametrize(
    ("form", "parent", "expected"),
    [
        ("legal_person", "", "met"),
        ("other_org", "", "met"),
        ("defined_part", "某大学", "met"),
        ("defined_part", "", "not_met"),
    ],
)
def test_a_legal_entity_or_a_part_that_names_its_own(w, form, parent, expected):
    change(w.status, legal_form=form, parent_entity=parent)
    found = judge(w.lab, "B-4.1-s1")
    assert (found.state, [row.row_id for row in found.evidence]) == (
        expected,
        [] if expected == "met" else [w.status.pk],
    )


@pytest.fixture
def part(w):
    change(
        w.status, legal_form="defined_part", parent_entity="某大学", parent_authorisation=make.document(w.lab),
        authorised_until=DAY,
    )  # fmt: skip
    return w


def test_a_part_with_its_authorisation_is_met_until_it_ends(part):
    assert [state(part.lab, "C-4.1.1-s3", day) for day in (DAY, TOMORROW)] == ["met", "not_met"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"parent_authorisation": None}, "没有授权书文件"), ({"parent_authorisation": "quarantined"}, "没有授权书文件"),
        ({"authorised_until": YESTERDAY}, "到期"), (WITHDRAWN, "还没有登记法律地位"),
    ],
)  # fmt: skip
def test_a_part_without_its_authorisation_is_not_met(part, changes, text):
    change(part.status, **changes)
    found = judge(part.lab, "C-4.1.1-s3")
    assert found.state == "not_met" and text in said(found)


def test_an_authorisation_without_an_end_holds(part):
    change(part.status, authorised_until=None)
    assert state(part.lab, "C-4.1.1-s3") == "met"


@pytest.mark.parametrize("form", ["legal_person", "other_org"])
def test_who_is_no_part_needs_no_authorisation(w, form):
    change(w.status, legal_form=form)
    assert state(w.lab, "C-4.1.1-s3") == "not_applicable"


def test_a_declaration_counts_until_the_day_a_year_after_it_was_signed(w):
    for signed in (w.gap, w.liability):
        change(signed, valid_from=A_YEAR_AGO, valid_until=date(2030, 1, 1))
    assert [[state(w.lab, name, day) for day in (DAY, TOMORROW)] for name in ("A-9.2.2", "B-4.1-s2")] == [
        ["met", "not_met"]
    ] * 2


def test_an_accreditation_stands_for_the_gap_analysis(w):
    change(w.gap, **WITHDRAWN)
    paper = make.qualification(w.lab, kind="cnas_accreditation", valid_until=DAY)
    assert [row.row_id for row in judge(w.lab, "A-9.2.2").evidence] == [paper.pk]
    assert state(w.lab, "A-9.2.2", TOMORROW) == "not_met"


def test_of_three_certified_systems_those_missing_are_counted(w):
    change(w.ems, **WITHDRAWN)
    assert judge(w.lab, "B-6.4-g").figures == {"检查": 3, "不符合": 1}


# --- impartiality, which a declaration answers


def test_impartiality_is_declared_by_the_legal_representative(w):
    found = impartiality(w)
    assert (found.state, [row.row_id for row in found.evidence]) == ("met", [w.impartiality.pk])


def impartiality(w, day=DAY):
    with tenant(w.lab.pk):
        rows = [row for row in READERS["A-6.6-s1"](w.lab) if row.clause == "A-6.6-s1"]
        return declarations.judged(rows, CONTRADICTS["A-6.6-s1"](w.lab, day), day)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("impartiality", {"valid_until": YESTERDAY}), ("impartiality", {"file": "quarantined"}), ("impartiality", WITHDRAWN),
        ("impartiality", {"kind": "liability"}), ("signer", {"role": "quality_manager"}), ("signer", WITHDRAWN),
        ("signer", {"valid_until": date(2025, 5, 31)}), ("signer", {"valid_from": date(2025, 6, 2)}),
    ],
)  # fmt: skip
def test_what_is_no_declaration_of_the_legal_representative_does_not_count(w, what, changes):
    change(getattr(w, what), **changes)
    assert impartiality(w).state == "not_met"


def test_a_declaration_of_an_employee_is_none_of_the_legal_representative(w):
    change(w.impartiality, signed_by=None, employment=make.employment(w.lab))
    assert impartiality(w).state == "not_met"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "not_met"), ({"integrity_related": False}, "met"), ({"final_on": None}, "met"), ({"final_on": TOMORROW}, "met"),
        ({"final_on": DAY - timedelta(364)}, "not_met"), ({"final_on": DAY - timedelta(365)}, "met"),
        ({"revoked_on": DAY}, "met"), ({"revoked_on": TOMORROW}, "not_met"), (WITHDRAWN, "met"),
    ],
)  # fmt: skip
def test_a_final_decision_about_integrity_beats_the_declaration(w, changes, expected):
    decided = row(
        Violation, w.lab, kind="penalty", issuer="市监局", number="罚-1", summary="出具虚假数据",
        decided_on=date(2025, 1, 1), final_on=DAY, integrity_related=True,
    )  # fmt: skip
    if changes:
        change(decided, **changes)
    found = impartiality(w)
    assert (found.state, decided.pk in {row.row_id for row in found.evidence}) == (expected, expected == "not_met")
