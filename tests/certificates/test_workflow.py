"""From an empty data sheet to a void certificate."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from certificates import content, tasks, workflow
from certificates.models import Certificate, RawRecord
from orders.models import Item
from portal import codes, outbox
from portal.models import AuditEntry, OutboxEntry
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON

State = Certificate.State


def clauses(refused):
    return {refusal.clause for refusal in refused.value.refusals}


def test_a_record_has_a_gap_free_number_and_its_item_is_on_the_bench(lab):
    first, second = make.record(lab), make.record(lab)
    assert [first.number, second.number] == ["R26-00001", "R26-00002"]
    assert make.fresh(first.item).state == Item.State.IN_LAB


def test_submitting_locks_the_record_and_drafts_its_certificate(lab):
    record = make.record(lab, filled=True)
    certificate = workflow.submit(record, actor=lab.operator, at=NOON)
    assert make.fresh(record).state == RawRecord.State.SUBMITTED
    assert (certificate.state, certificate.kind) == (State.DRAFT, Certificate.Kind.CALIBRATION)


def test_three_people_bring_a_certificate_to_issue(lab):
    certificate = make.certificate(lab, "issued")
    assert certificate.number == "ALPHA-C-2026-000001"
    assert len({certificate.operator_id, certificate.checker_id, certificate.approver_id}) == 3


def test_the_issued_content_is_the_approved_body_and_its_hash_holds(lab):
    certificate = make.certificate(lab, "issued")
    assert content.sha256(certificate.content) == certificate.content_sha256
    body = certificate.content["body"]
    body["people"]["approver"]["at"] = ""
    assert content.sha256(body) == certificate.body_sha256 == certificate.content["issue"]["body_sha256"]


def test_every_line_of_the_body_has_its_uncertainty(lab):
    body = make.certificate(lab, "approved").body
    assert [row["U"] for row in body["results"][0]["rows"]].count("") == 0


def test_approval_is_refused_when_the_content_is_not_what_was_seen(lab):
    certificate = make.certificate(lab, "checked")
    with pytest.raises(Refused) as refused:
        workflow.approve(certificate, confirmed_sha256="0" * 64, actor=lab.signatory, at=NOON + timedelta(hours=1))
    assert clauses(refused) == {"B-5.7-c"}
    assert make.fresh(certificate).state == State.CHECKED


def test_numbers_of_a_series_have_no_gap_after_a_refused_issue(lab):
    certificate = make.certificate(lab, "approved")
    with pytest.raises(Refused):
        workflow.issue(certificate, actor=lab.signatory, at=NOON - timedelta(days=1))
    numbers = [make.certificate(lab, "issued").number, make.certificate(lab, "issued").number]
    assert numbers == ["ALPHA-C-2026-000001", "ALPHA-C-2026-000002"]


def test_issuing_leaves_work_that_stores_the_pdf_and_publishes_the_code(lab):
    certificate = make.certificate(lab, "issued")
    assert codes.find(certificate.token) is None
    outbox.drain()
    certificate = make.fresh(certificate)
    assert len(certificate.pdf_sha256) == 64
    assert codes.find(certificate.token)["certificate"]["number"] == certificate.number
    assert OutboxEntry.objects.get().state == OutboxEntry.State.DONE


def test_rendering_twice_changes_nothing(lab):
    certificate = make.certificate(lab, "issued")
    tasks.render_pdf(certificate.pk)
    first = make.fresh(certificate)
    tasks.render_pdf(certificate.pk)
    again = make.fresh(certificate)
    assert (again.pdf_sha256, again.pdf_stored_as) == (first.pdf_sha256, first.pdf_stored_as)


def test_a_released_certificate_finishes_its_item(lab):
    certificate = make.certificate(lab, "released")
    assert make.fresh(certificate.record.item).state == Item.State.DONE


def test_the_card_never_names_the_customer(lab):
    certificate = make.certificate(lab, "released")
    assert certificate.record.item.customer.name not in str(codes.find(certificate.token))


def test_the_card_is_found_by_number_and_code_and_by_the_pdf_bytes(lab):
    certificate = make.certificate(lab, "released")
    by_number = codes.find_by_number(certificate.number.lower(), certificate.verification_code.replace("-", " "))
    assert by_number == codes.find_by_file(certificate.pdf_sha256) == codes.find(certificate.token)
    assert codes.find_by_number(certificate.number, "2222-2222") is None


def test_a_void_certificate_says_so_and_why_to_the_public(lab):
    certificate = make.certificate(lab, "void")
    card = codes.find(certificate.token)
    assert (card["state"], card["reason"]) == ("void", "客户名称有误")


def test_voiding_needs_a_reason(lab):
    certificate = make.certificate(lab, "released")
    with pytest.raises(Refused, match="写明理由"):
        workflow.void(certificate, reason="  ", actor=lab.signatory, at=NOON)


def test_a_certificate_without_pdf_cannot_be_voided_yet(lab):
    certificate = make.certificate(lab, "issued")
    with pytest.raises(Refused, match="PDF 还在生成"):
        workflow.void(certificate, reason="错", actor=lab.signatory, at=NOON)


def test_a_returned_certificate_forgets_check_and_approval(lab):
    certificate = make.certificate(lab, "approved")
    workflow.send_back(certificate, reason="环境记录不全", actor=lab.signatory, at=NOON)
    row = make.fresh(certificate)
    assert (row.state, row.checker, row.approver, row.body) == (State.RETURNED, None, None, None)
    assert row.returned_reason == "环境记录不全"


def test_a_returned_certificate_can_be_given_up_and_the_item_measured_anew(lab):
    certificate = make.certificate(lab, "draft")
    workflow.send_back(certificate, reason="量程选错", actor=lab.checker, at=NOON)
    workflow.abandon(make.fresh(certificate), reason="量程选错", actor=lab.operator, at=NOON)
    again = make.record(lab, filled=True, item=make.fresh(certificate.record.item))
    assert workflow.submit(again, actor=lab.operator, at=NOON).state == State.DRAFT


def test_a_verification_that_passes_has_a_validity_and_one_that_fails_is_a_notice(lab):
    passed = make.certificate(lab, "issued", activity=Item.Activity.VERIFICATION)
    assert (passed.kind, passed.valid_until.isoformat()) == (Certificate.Kind.VERIFICATION, "2026-09-09")
    make.READINGS[1] = ("0.45", "0.46", "0.46", "0.46")
    try:
        failed = make.certificate(lab, "issued", activity=Item.Activity.VERIFICATION)
    finally:
        make.READINGS[1] = ("0.40", "0.41", "0.41", "0.41")
    assert (failed.kind, failed.valid_until) == (Certificate.Kind.NOTICE, None)
    assert failed.body["conclusion"]["zh"] == "不合格"
    assert failed.number == "ALPHA-N-2026-000001"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificates_certificate SET number = 'X' WHERE id = %s",
        "UPDATE certificates_certificate SET content = '{}' WHERE id = %s",
        "UPDATE certificates_certificate SET pdf_sha256 = 'x' WHERE id = %s",
        "UPDATE certificates_certificate SET state = 'approved' WHERE id = %s",
        "UPDATE certificates_rawrecord SET room = 'x' WHERE id IN"
        " (SELECT record_id FROM certificates_certificate WHERE id = %s)",
        "UPDATE certificates_reading SET text = '9' WHERE record_id IN"
        " (SELECT record_id FROM certificates_certificate WHERE id = %s)",
        "DELETE FROM certificates_reading WHERE record_id IN"
        " (SELECT record_id FROM certificates_certificate WHERE id = %s)",
        "DELETE FROM certificates_certificate WHERE id = %s",
        "DELETE FROM portal_auditentry WHERE target_id = %s",
    ],
)
def test_the_database_refuses_to_alter_what_was_issued(lab, statement):
    certificate = make.certificate(lab, "released")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [certificate.pk])


def test_an_operator_may_not_check(lab):
    with pytest.raises(PermissionDenied):
        workflow.check(make.certificate(lab, "draft"), actor=lab.operator, at=NOON)


def test_another_operator_may_not_submit_somebody_elses_record(lab):
    other = make.employment(lab.institution, "罗闻")
    colleague = make.actor(lab.institution, *lab.operator.roles, employment=other)
    with pytest.raises(Refused, match="只有本人"):
        workflow.submit(make.record(lab, filled=True), actor=colleague, at=NOON)


def test_each_step_is_in_the_audit_trail_with_what_changed(lab):
    certificate = make.certificate(lab, "issued")
    entries = AuditEntry.objects.filter(target="certificates.Certificate", target_id=certificate.pk).order_by("pk")
    assert [entry.verb.split(".")[1] for entry in entries] == ["draft", "check", "approve", "issue"]
    issue = entries.last()
    assert (issue.was, issue.became, issue.actor_name) == ("approved", "issued", "陈慕白")
    assert issue.changes["number"] == ["", certificate.number]
    assert "content" not in issue.changes


def test_a_refused_attempt_is_in_the_audit_trail_with_its_clauses(lab):
    record = make.record(lab)
    with pytest.raises(Refused):
        workflow.submit(record, actor=lab.operator, at=NOON)
    entry = AuditEntry.objects.get(verb="rawrecord.submit")
    assert not entry.succeeded and "B-5.7-a" in {clause for clause, _ in entry.changes["refused"]}


VERBS = {
    "check": (workflow.CHECK, State.DRAFT),
    "send back unchecked": (workflow.RETURN_UNCHECKED, State.DRAFT),
    "resubmit": (workflow.RESUBMIT, State.RETURNED),
    "abandon": (workflow.ABANDON, State.RETURNED),
    "approve": (workflow.APPROVE, State.CHECKED),
    "issue": (workflow.ISSUE, State.APPROVED),
    "attach the PDF": (workflow.ATTACH_PDF, State.ISSUED),
    "void": (workflow.VOID, State.ISSUED),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_starts_only_from_its_own_states(verb, state):
    transition, source = VERBS[verb]
    assert (state in transition.sources) == (state == source)


def test_sending_back_what_was_checked_or_approved_is_the_signatorys():
    assert workflow.RETURN_CHECKED.sources == {State.CHECKED, State.APPROVED}


@pytest.mark.parametrize("state", [State.DRAFT, State.CHECKED, State.ISSUED, State.VOID])
def test_issuing_from_any_other_state_is_refused(lab, state):
    row = make.certificate(lab, "released" if state == State.ISSUED else state)
    with pytest.raises(Refused, match="当前状态"):
        workflow.issue(row, actor=lab.signatory, at=NOON + timedelta(days=1))


def test_another_institution_sees_none_of_it(lab):
    make.certificate(lab, "released")
    stranger = make.laboratory("beta")
    with tenant(stranger.institution.pk):
        assert not Certificate.objects.exists() and not RawRecord.objects.exists() and not AuditEntry.objects.filter(
            target="certificates.Certificate"
        ).exists()  # fmt: skip
