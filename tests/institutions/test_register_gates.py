"""What the registers of the institution's file refuse: rows that say something that cannot be, or lack what they stand on."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from institutions.models import Declaration, PublicItem
from portal.models import Document
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.clauses import head, row

pytestmark = pytest.mark.django_db
DAY = make.DAY
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def lab():
    institution = make.institution()
    with tenant(institution.pk):
        yield institution


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.QUALITY_MANAGER, Role.ADMINISTRATOR)


def refused(keeper, register, values):
    """The clauses in whose name, and the sentences with which the row was refused; none when it is on record."""
    try:
        verbs.record(REGISTERS[register], values, actor=keeper, at=make.NOON)
    except Refused as error:
        return [(one.clause, str(one.text)) for one in error.refusals]
    return []


def upload(name="授权书.pdf"):
    return SimpleUploadedFile(name, make.pdf())


# --- files that come with the form


SITE = {"name": "东屏场所", "address": "东屏路 1 号", "tenure": "leased", "tenure_valid_until": TOMORROW}


def test_a_gate_sees_the_file_that_comes_with_a_new_row(keeper):
    site = verbs.record(REGISTERS["sites"], {**SITE, "tenure_proof": upload()}, actor=keeper, at=make.NOON)
    assert site.tenure_proof.state == Document.State.QUARANTINED


def test_a_gate_sees_the_file_that_comes_with_an_amendment(lab, keeper):
    site = make.site(lab)
    found = verbs.amend(REGISTERS["sites"], site, {**SITE, "tenure_proof": upload()}, 1, actor=keeper, at=make.NOON)
    assert make.fresh(found).tenure_proof.name == "授权书.pdf"


def test_a_refused_row_leaves_no_file_behind(keeper):
    wrong = {**SITE, "tenure_valid_until": None, "tenure_proof": upload()}
    assert [clause for clause, _text in refused(keeper, "sites", wrong)] == ["B-4.2-s2"]
    assert not Document.objects.exists()


def test_a_confirmed_paper_takes_a_newer_file(lab, keeper):
    paper = make.qualification(lab, file=make.document(lab))
    verbs.amend(REGISTERS["qualifications"], paper, {"file": upload("新证.pdf")}, 1, actor=keeper, at=make.NOON)
    assert make.fresh(paper).file.name == "新证.pdf"


# --- legal status


PART = {
    "since": DAY, "legal_form": "defined_part", "business_status": "operating", "parent_entity": "某大学",
    "authorised_until": DAY,
}  # fmt: skip


def test_a_part_of_a_legal_person_with_its_authorisation_is_on_record(keeper):
    assert refused(keeper, "legal-status", {**PART, "parent_authorisation": upload()}) == []


@pytest.mark.parametrize(
    ("changes", "clause", "text"),
    [
        ({"parent_entity": ""}, "B-4.1-s1", "上级法人全称"), ({"parent_authorisation": None}, "C-4.1.1-s3", "上传上级授权书"),
        ({"authorised_until": YESTERDAY}, "C-4.1.1-s3", "续期"),
    ],
)  # fmt: skip
def test_a_part_of_a_legal_person_does_not_operate_without_it(keeper, changes, clause, text):
    ((said, sentence),) = refused(keeper, "legal-status", {**PART, "parent_authorisation": upload(), **changes})
    assert said == clause and text in sentence


@pytest.mark.parametrize("changes", [{"business_status": "closed"}, {"legal_form": "legal_person"}])
def test_who_does_not_operate_or_is_no_part_needs_no_authorisation(keeper, changes):
    assert refused(keeper, "legal-status", {**PART, **changes, "authorised_until": None}) == []


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [
        ({}, []), ({"valid_until": YESTERDAY}, ["D-3.3"]), ({"valid_from": TOMORROW}, ["D-3.3"]), ({"kind": "other"}, ["D-3.3"]),
        ({"state": "pending"}, ["D-3.3"]), (None, ["D-3.3"]),
    ],
)  # fmt: skip
def test_only_who_was_approved_is_an_industry_centre(lab, keeper, changes, clauses):
    if changes is not None:
        make.qualification(lab, **{"kind": "industry_centre_approval", **changes})
    centre = {**PART, "legal_form": "legal_person", "is_industry_centre": True}
    assert [clause for clause, _text in refused(keeper, "legal-status", centre)] == clauses


def test_a_key_person_goes_by_the_name_on_record(lab, keeper):
    person = make.employment(lab, "林见川")
    values = {"role": "director", "employment": person, "valid_from": DAY}
    assert refused(keeper, "key-persons", {**values, "name": "林见川"}) == []
    ((_clause, sentence),) = refused(keeper, "key-persons", {**values, "name": "林建川"})
    assert "林见川" in sentence


# --- declarations, decisions, searches


@pytest.fixture
def signer(lab):
    return head(lab)


def declared(**values):
    return {"kind": "liability", "valid_from": DAY, "valid_until": DAY, "file": None, **values}


def test_a_declaration_is_signed_by_one_person_and_a_personal_one_by_that_person(lab, keeper, signer):
    person = make.employment(lab, "林见川")
    for kind in Declaration.Kind.values:
        personal = kind in Declaration.PERSONAL
        for signers, right in (
            ({"signed_by": signer}, not personal), ({"employment": person}, True), ({}, False),
            ({"signed_by": signer, "employment": person}, False),
        ):  # fmt: skip
            found = refused(keeper, "declarations", declared(kind=kind, **signers))
            assert [clause for clause, _text in found] == ([] if right else ["signer"]), (kind, signers)


@pytest.mark.parametrize(
    ("first", "last", "clauses"),
    [
        (DAY, date(2027, 3, 10), []), (DAY, date(2027, 3, 11), ["valid_until"]), (DAY, YESTERDAY, ["valid_until"]),
        (TOMORROW, TOMORROW, ["day"]), (date(2024, 2, 29), date(2025, 2, 28), []),
        (date(2024, 2, 29), date(2025, 3, 1), ["valid_until"]),
    ],
)  # fmt: skip
def test_a_declaration_holds_for_twelve_months_at_most(keeper, signer, first, last, clauses):
    found = refused(keeper, "declarations", declared(signed_by=signer, valid_from=first, valid_until=last))
    assert [clause for clause, _text in found] == clauses


DECIDED = {
    "kind": "penalty", "issuer": "市监局", "number": "罚-1", "summary": "出具虚假数据", "decided_on": DAY, "file": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [
        ({"final_on": DAY, "revoked_on": DAY}, []), ({"decided_on": TOMORROW}, ["day"]), ({"final_on": YESTERDAY}, ["final_on"]),
        ({"revoked_on": YESTERDAY}, ["revoked_on"]),
    ],
)  # fmt: skip
def test_a_decision_becomes_final_and_is_revoked_after_it_was_made(keeper, changes, clauses):
    assert [clause for clause, _text in refused(keeper, "violations", {**DECIDED, **changes})] == clauses


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [({}, []), ({"result": "found"}, ["found"]), ({"result": "found", "found": "一条"}, []), ({"checked_on": TOMORROW}, ["day"])],
)  # fmt: skip
def test_a_search_that_found_something_says_what(lab, keeper, changes, clauses):
    searched = {
        "source": "dishonesty", "checked_on": DAY, "checked_by": make.employment(lab), "result": "nothing", "file": None,
    }  # fmt: skip
    assert [clause for clause, _text in refused(keeper, "register-checks", {**searched, **changes})] == clauses


def test_an_activity_has_taken_place(keeper):
    values = {"kind": "culture", "title": "开放日", "file": None}
    assert refused(keeper, "activities", {**values, "held_on": DAY}) == []
    assert [clause for clause, _text in refused(keeper, "activities", {**values, "held_on": TOMORROW})] == ["day"]


# --- what is shown, and figures


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [({}, []), ({"next_review_on": DAY}, ["next_review_on"]), ({"published_on": TOMORROW}, ["day"])],
)
def test_what_is_shown_is_looked_at_again_later(keeper, changes, clauses):
    shown = {"kind": "fees", "title": "收费", "content": "…", "published_on": DAY, "next_review_on": DAY + timedelta(2)}
    assert [clause for clause, _text in refused(keeper, "public-items", {**shown, **changes})] == clauses


@pytest.mark.parametrize(
    ("changes", "clauses"),
    [({}, []), ({"result": "wrong"}, ["note"]), ({"result": "wrong", "note": "单价"}, []), ({"checked_on": TOMORROW}, ["day"])],
)  # fmt: skip
def test_a_comparison_that_found_a_mistake_says_which(lab, keeper, changes, clauses):
    item = row(
        PublicItem, lab, kind="fees", title="收费", content="…", published_on=DAY, next_review_on=DAY + timedelta(9)
    )
    checked = {"item": item, "checked_on": DAY, "checked_by": make.employment(lab), "result": "right"}
    assert [clause for clause, _text in refused(keeper, "public-checks", {**checked, **changes})] == clauses


@pytest.mark.parametrize(("count", "names", "clauses"), [(0, "", []), (1, "", ["references"]), (1, "专利 1 号", [])])
def test_whoever_counts_something_names_it(keeper, count, names, clauses):
    figure = {"year": 2025, "indicator": "papers", "count": count, "references": names}
    assert [clause for clause, _text in refused(keeper, "innovation", figure)] == clauses
