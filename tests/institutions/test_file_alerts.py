"""What of the institution file is spoken of in time, and what is not."""

from datetime import date, timedelta

import pytest

from institutions.models import (
    Declaration,
    LegalStatus,
    ManagementDocument,
    Partnership,
    PublicItem,
    PublicItemCheck,
    Qualification,
    ScopeItem,
)
from portal import duelists
from portal.tenancy import tenant
from tests import filled, make

pytestmark = pytest.mark.django_db
DAY = make.DAY
SOON = DAY + timedelta(20)


@pytest.fixture
def lab():
    return make.institution()


def subjects(rule, lab, until=SOON):
    with tenant(lab.pk):
        return [due.subject for due in duelists.watched(rule, until, lab.pk)]


def document(lab, **values):
    known = {"number": "QM-1", "title": "手册", "version": "1", "next_review_on": DAY}
    return filled.row(ManagementDocument, lab, **known | values)


def test_a_document_is_to_be_reviewed(lab):
    document(lab)
    assert subjects("institutions.document_review", lab) == ["体系文件评审：手册 1"]


@pytest.mark.parametrize(
    "values", [{"state": "withdrawn"}, {"next_review_on": SOON + timedelta(1)}, {"valid_until": DAY - timedelta(1)}]
)
def test_a_document_withdrawn_ended_or_not_due_yet_is_quiet(lab, values):
    document(lab, **values)
    assert subjects("institutions.document_review", lab) == []


def test_a_replaced_version_is_quiet(lab):
    document(lab, valid_from=date(2025, 1, 1))
    document(lab, version="2", valid_from=date(2026, 1, 1), next_review_on=date(2027, 1, 1))
    assert subjects("institutions.document_review", lab) == []


def declaration(lab, **values):
    person = values.pop("employment", None) or make.employment(lab)
    return filled.row(Declaration, lab, **{"kind": "no_conflict", "employment": person, "valid_until": SOON} | values)


def test_a_declaration_of_somebody_at_work_runs_out(lab):
    declaration(lab)
    assert subjects("institutions.declaration", lab) == ["声明到期：无利益冲突声明（个人） 沈若川"]


def test_a_renewed_declaration_is_quiet_and_somebody_elses_does_not_renew_it(lab):
    first = declaration(lab)
    declaration(lab, valid_until=SOON + timedelta(300))
    assert len(subjects("institutions.declaration", lab)) == 1
    declaration(lab, employment=first.employment, valid_until=SOON + timedelta(300))
    assert subjects("institutions.declaration", lab) == []


def test_who_has_left_renews_nothing(lab):
    declaration(lab, employment=make.employment(lab, ended_on=DAY))
    assert subjects("institutions.declaration", lab) == []


def compared(item, on, result="right", **values):
    return filled.row(PublicItemCheck, item.institution, item=item, checked_on=on, result=result, **values)


def test_what_was_found_right_is_compared_again_ninety_days_later(lab):
    item = filled.row(PublicItem, lab, title="收费", next_review_on=DAY)
    again = DAY + timedelta(90)
    compared(item, DAY, "wrong")
    compared(item, DAY, state="withdrawn")
    assert len(subjects("institutions.public_item", lab)) == 1
    compared(item, DAY)
    assert subjects("institutions.public_item", lab, again - timedelta(1)) == []
    assert len(subjects("institutions.public_item", lab, again)) == 1


@pytest.mark.parametrize(
    ("kind", "model"), [("capability", ScopeItem), ("authorisation", Qualification)], ids=["scope", "papers"]
)
def test_what_is_shown_is_compared_when_what_it_rests_on_has_changed(kind, model):
    w = make.laboratory()
    lab = w.institution
    make.laboratory("beta")
    item = filled.row(PublicItem, lab, kind=kind, title="某某", published_on=date(2024, 1, 1))
    filled.row(PublicItem, lab, kind="fees", published_on=date(2024, 1, 1))

    def told(**changes):
        with tenant(lab.pk):
            changes and model.objects.update(**changes)
            return [due.due_on for due in duelists.watched("institutions.public_source", SOON, lab.pk)]

    assert told(valid_until=None) == []
    assert told(valid_from=DAY) == [DAY]
    assert told(valid_from=date(2023, 1, 1), valid_until=DAY) == [DAY + timedelta(1)]
    assert told(state="withdrawn") == []
    assert told(state="valid" if kind == "authorisation" else "active") == [DAY + timedelta(1)]
    compared(item, DAY)
    assert told() == [DAY + timedelta(1)]
    compared(item, DAY + timedelta(1))
    assert told() == []


def test_what_is_shown_is_to_be_compared(lab):
    filled.row(PublicItem, lab, title="收费", next_review_on=DAY)
    assert subjects("institutions.public_item", lab) == ["公示内容核对：收费"]


def test_a_part_of_a_legal_person_is_authorised_for_a_time(lab):
    filled.row(LegalStatus, lab, legal_form="defined_part", parent_entity="某大学", authorised_until=DAY)
    filled.row(LegalStatus, make.institution("beta"), legal_form="legal_person", authorised_until=DAY)
    assert subjects("institutions.parent_authorisation", lab) == ["上级授权到期：某大学"]


def test_a_renewed_agreement_is_quiet(lab):
    agreement = {"kind": "cooperation", "name": "联合实验室"}
    filled.row(Partnership, lab, **agreement, valid_from=date(2025, 1, 1), valid_until=DAY)
    assert subjects("institutions.partnership", lab) == ["合作协议到期：联合实验室"]
    filled.row(Partnership, lab, **agreement, valid_from=date(2026, 1, 1), valid_until=None)
    assert subjects("institutions.partnership", lab) == []
