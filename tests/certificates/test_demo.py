"""The demonstration: built once for this file, inside a transaction that is rolled back at the end."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from stdnum.cn import uscc

from certificates import content, workflow
from certificates.demo import world
from certificates.demo.laboratory import PASSWORD
from certificates.models import Certificate, RawRecord, Reading
from commitments.models import Commitment, CommitmentConfirmation, CommitmentWithdrawal, DirectoryEntry, Remediation
from equipment.models import Equipment, ImpactQuestion, MeasurementStandard, StockCheck, StockLine, Traceability
from equipment.standards import files
from equipment.standards.facts import seen
from equipment.tracing.uses import uses_of
from institutions.access import actor_in, regulator_actor
from institutions.models import (
    Authorisation,
    Credential,
    Employment,
    EmploymentConflict,
    Institution,
    Membership,
    Method,
    OwnMethod,
    ScopeItem,
    User,
)
from orders.models import Item
from portal import codes, standing
from portal import windows as due_windows
from portal.models import Absence, Alert, AuditEntry, Document, Evaluation, OutboxEntry
from portal.permissions import INSTITUTION_ROLES
from portal.registers import REGISTERS
from portal.tenancy import scope, tenant
from portal.transitions import Refused

State, Kind = Certificate.State, Certificate.Kind


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, plain_papers):
    """The world as built."""
    now = timezone.now()
    with django_db_blocker.unblock(), transaction.atomic():
        report = world.build(now)
        yield SimpleNamespace(report=report, now=now, today=timezone.localdate(now))
        transaction.set_rollback(True)


def everywhere(table):
    """The rows of all three institutions."""
    found = []
    for institution in Institution.objects.filter(slug__in=world.SLUGS):
        with tenant(institution.pk):
            found += table.objects.filter(institution=institution)
    return found


def actor(login):
    """The person behind a login, in the institution its name begins with."""
    prefix = login.partition("-")[0].upper()
    institution = Institution.objects.get(short_code=prefix)
    with scope(institution_id=institution.pk):
        return actor_in(User.objects.get(username=login), institution)


def approval_of(serial, login):
    """What the signatory hears who wants to approve the certificate of this gauge: the clauses of all refusals."""
    signatory = actor(login)
    with tenant(signatory.institution_id), pytest.raises(Refused) as refused:
        certificate = Certificate.objects.for_work().get(record__item__serial_number=serial)
        seen = content.sha256(content.body(certificate, approver=signatory.name))
        workflow.approve(certificate, confirmed_sha256=seen, actor=signatory, at=timezone.now())
    return {refusal.clause for refusal in refused.value.refusals}


def test_everybody_named_can_sign_in(demo):
    assert all(authenticate(username=login.login, password=login.password) for login in demo.report.logins)


def test_the_password_is_long_enough_for_the_portal_itself():
    assert len(PASSWORD) >= 12


@pytest.mark.parametrize("slug", world.SLUGS)
def test_every_role_is_held_in_every_institution(demo, slug):
    institution = Institution.objects.get(slug=slug)
    with tenant(institution.pk):
        held = {role for member in Membership.objects.filter(institution=institution) for role in member.roles}
    assert held == set(INSTITUTION_ROLES)


def test_somebody_holds_two_roles_and_somebody_has_two_institutions(demo):
    assert any("、" in login.role for login in demo.report.logins)
    assert [login for login, times in Counter(row.login for row in demo.report.logins).items() if times == 2] == [
        world.IN_TWO[0]
    ]


def test_credit_codes_have_a_right_check_digit(demo):
    assert all(uscc.is_valid(institution.credit_code) for institution in Institution.objects.all())


@pytest.mark.parametrize("login, seen", [("city", 3), ("province", 3)])
def test_regulators_answer_for_the_institutions(demo, login, seen):
    user = User.objects.get(username=login)
    with scope(user_id=user.pk):
        regions = regulator_actor(user).regions
    assert sum(row.region_code.startswith(regions) for row in Institution.objects.all()) == seen


def test_certificates_lie_in_every_state_and_of_every_kind(demo):
    rows = everywhere(Certificate)
    assert {row.state for row in rows} == {State.DRAFT, State.RETURNED, State.CHECKED, State.ISSUED, State.VOID}
    assert {row.kind for row in rows if row.state == State.ISSUED} == set(Kind)


def test_every_issued_certificate_answers_a_scan(demo):
    issued = [row for row in everywhere(Certificate) if row.number]
    assert all(codes.find(row.token)["certificate"]["number"] == row.number for row in issued)


def test_scans_meet_valid_due_expired_and_void(demo):
    cards = [codes.find(row.token) for row in everywhere(Certificate) if row.token]
    assert {codes.state_on(card, demo.today) for card in cards} == {"valid", "due", "expired", "failed", "void"}


def test_the_printed_links_have_the_states_they_name(demo):
    found = {
        link.state: codes.state_on(codes.find(link.url.rpartition("/")[2]), demo.today) for link in demo.report.links
    }
    assert found == {"valid": "valid", "due": "due", "void": "void"}


def test_the_printed_unit_codes_have_the_states_they_name(demo):
    found = [codes.state_on(codes.find(pledge.url.rpartition("/")[2]), demo.today) for pledge in demo.report.pledges]
    assert found == [pledge.state for pledge in demo.report.pledges] == ["public", "overdue", "withdrawn"]


def test_pledges_were_signed_on_the_screen_and_one_was_confirmed_once(demo):
    rows = everywhere(Commitment)
    assert {(row.mode, row.checked_by_id != row.made_by_id) for row in rows} == {(Commitment.Mode.SCREEN, True)}
    assert {row.template.region_code for row in rows} == {world.REGULATORS[0][2]}
    assert [row.institution.slug for row in everywhere(CommitmentConfirmation)] == [world.SLUGS[0]]


def test_one_pledge_fell_over_a_penalty_and_its_remediation_waits_beside_an_accepted_one(demo):
    fallen = {row.cause: row for row in everywhere(CommitmentWithdrawal)}
    assert set(fallen) == {CommitmentWithdrawal.Cause.COMPLAINT, CommitmentWithdrawal.Cause.VIOLATION}
    states = {row.withdrawal_id: row.state for row in everywhere(Remediation)}
    assert [states[fallen[cause].pk] for cause in ("complaint", "violation")] == ["accepted", "submitted"]


def test_everybody_finds_the_institutions_in_the_directory_with_what_they_measure(demo):
    entries = {row.slug: row for row in DirectoryEntry.objects.filter(slug__in=world.SLUGS)}
    assert all(entries[slug].lines and entries[slug].fields for slug in world.SLUGS)


def test_the_printed_number_and_code_find_their_certificate(demo):
    verify = demo.report.as_json()["verify"]
    card = codes.find_by_number(verify["number"], verify["verification_code"])
    assert card["certificate"]["number"] == verify["number"]


def test_items_lie_in_every_state(demo):
    assert {item.state for item in everywhere(Item)} == set(Item.State)


def test_numbers_follow_the_days_of_issue(demo):
    series = {}
    for row in sorted((row for row in everywhere(Certificate) if row.number), key=lambda row: row.issued_at):
        series.setdefault((row.institution_id, row.kind, row.issued_at.year), []).append(row.number)
    assert all(numbers == sorted(numbers) for numbers in series.values())


def test_what_is_issued_lies_in_the_past(demo):
    assert max(row.issued_at for row in everywhere(Certificate) if row.number) < demo.now


def test_a_record_in_progress_is_half_filled_and_shows_a_correction_with_its_reason(demo):
    for institution in Institution.objects.filter(slug__in=world.SLUGS):
        with tenant(institution.pk):
            record = RawRecord.objects.for_work().filter(state=RawRecord.State.DRAFT).first()
            assert record.dossier.sheet.missing
            assert [reading.reason for reading in record.dossier.corrections] == ["看错一格分度，复读后更正"]


def test_a_certificate_measured_with_the_lapsed_standard_cannot_be_approved(demo):
    assert approval_of("YSJ-4006", "qh-signatory") == {"A-6.1.1"}


def test_a_certificate_measured_with_quarantined_equipment_cannot_be_approved(demo):
    assert approval_of("CB-3340", "mc-signatory") == {"D-4.4.3.2-s3"}


def test_the_lapsed_signatory_cannot_approve_what_the_other_one_can(demo):
    assert approval_of("SP-1952", "qh-signatory2") == {"B-5.7-d-s2"}


def test_equipment_lies_in_every_window_of_due_dates_and_beyond(demo):
    days = set()
    for institution in Institution.objects.filter(slug__in=world.SLUGS):
        with tenant(institution.pk):
            days |= {row.traced_until for row in Equipment.objects.filter(institution=institution) if row.traced_until}
    limits = [due_windows.limits(name, demo.today) for name in due_windows.COUNTED]
    assert all(any((first is None or first <= day) and day <= last for day in days) for first, last in limits)
    assert max(days) > max(last for _first, last in limits)


def test_every_register_is_filled_somewhere(demo):
    empty = {name for name, register in REGISTERS.items() if not everywhere(register.model)}
    assert empty == set()


def test_every_file_that_is_shown_was_inspected_and_taken_in(demo):
    assert {row.state for row in everywhere(Document)} == {Document.State.ACCEPTED}


def test_authorisations_lie_in_every_state(demo):
    assert {row.state for row in everywhere(Authorisation)} == set(Authorisation.State)


def test_an_ended_credential_has_suspended_an_authorisation_and_says_so(demo):
    [suspended] = [row for row in everywhere(Authorisation) if row.state == Authorisation.State.SUSPENDED]
    [ended] = [row for row in everywhere(Credential) if row.employment_id == suspended.employment_id]
    assert "B-4.5-d" in suspended.suspended_because and suspended.suspended_on == ended.valid_until + timedelta(1)


def test_scope_lines_are_stated_in_every_form_and_two_fields_lack_people(demo):
    rows = everywhere(ScopeItem)
    assert {row.cmc_form for row in rows} == set(ScopeItem.Form)
    assert {row.suspended_clause for row in rows if row.state == ScopeItem.State.SUSPENDED} == {"C-5.1.1-s2"}


def test_a_method_of_ones_own_is_in_force_and_another_is_a_draft(demo):
    assert {row.state for row in everywhere(OwnMethod)} == {OwnMethod.State.CURRENT, OwnMethod.State.DRAFT}


def test_the_attempt_to_employ_somebody_twice_is_on_record_once(demo):
    [conflict] = everywhere(EmploymentConflict)
    employed = [row for row in everywhere(Employment) if row.person_id == conflict.person_id]
    assert conflict.institution.slug == world.TWO_EMPLOYERS[2]
    assert [row.institution.slug for row in employed] == [world.TWO_EMPLOYERS[0]]


@pytest.fixture(scope="module")
def stands(demo):
    """How each laboratory stands today, clause by clause."""
    return {slug: standing.as_of(Institution.objects.get(slug=slug), demo.today) for slug in world.SLUGS}


def test_the_first_laboratory_stands_best_and_the_third_worst(stands):
    broken = [sum(row.state == "not_met" for row in found.values()) for found in stands.values()]
    assert broken == sorted(broken) and broken[0] < 10 < 40 < broken[1]


def test_the_labels_of_the_first_laboratory_are_in_order_and_one_excursion_waits_for_an_answer(stands):
    found = stands[world.SLUGS[0]]
    assert [found[clause].state for clause in ("C-5.3.4-s2", "D-4.2.2.1-s1")] == ["met", "not_met"]


def test_no_piece_of_work_is_left_over(demo):
    assert not OutboxEntry.objects.exclude(state=OutboxEntry.State.DONE).exists()


def test_a_second_run_changes_nothing_and_tells_the_same(demo):
    def counted():
        return {table: len(everywhere(table)) for table in (AuditEntry, Reading, Certificate, Item, Membership)} | {
            User: User.objects.count(), Method: Method.objects.count(), OutboxEntry: OutboxEntry.objects.count(),
        }  # fmt: skip

    before = counted()
    assert world.build(timezone.now()) == demo.report
    assert counted() == before


@pytest.fixture(scope="module")
def commanded(demo):
    """What the command has printed, run twice over the world: for people, and as JSON."""
    printed, data = StringIO(), StringIO()
    call_command("demo", stdout=printed)
    call_command("demo", "--json", stdout=data)
    return SimpleNamespace(printed=printed.getvalue(), data=json.loads(data.getvalue()))


def test_the_command_prints_every_login_and_link(demo, commanded):
    assert all(login.login in commanded.printed and login.name in commanded.printed for login in demo.report.logins)
    assert all(link.url in commanded.printed for link in [*demo.report.links, *demo.report.pledges])
    assert demo.report.as_json()["directory"] in commanded.printed


def test_the_command_leaves_alerts_for_the_first_morning_and_some_are_cared_for(demo, commanded):
    found = everywhere(Alert)
    assert len({row.target_id for row in found if row.assigned_to_id}) == 1
    assert len({row.target_id for row in found if row.snoozed_until}) == 1
    [away] = everywhere(Absence)
    assert away.first_day <= demo.today <= away.last_day and any(
        not (row.assigned_to_id or row.snoozed_until) for row in found
    )


def test_a_line_of_scope_was_suspended_for_a_while_and_says_when(demo):
    [line] = [row for row in everywhere(ScopeItem) if row.past_suspensions]
    assert line.state == ScopeItem.State.ACTIVE and line.past_suspension_on(demo.today - timedelta(70))
    assert line.past_suspension_on(demo.today) is None


def test_the_command_leaves_verdicts_of_two_days(commanded):
    days = {row.day for row in everywhere(Evaluation)}
    assert len(days) == 2 and max(days) - min(days) == timedelta(world.EVALUATED_DAYS_AGO[0])


def test_the_command_prints_the_same_as_json(demo, commanded):
    assert commanded.data == demo.report.as_json()


def test_the_command_refuses_to_run_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="APP_ENV=production"):
        call_command("demo")


def piece(asset):
    institution = Institution.objects.get(slug="yunting")
    with tenant(institution.pk):
        return Equipment.objects.select_related("institution").get(institution=institution, asset_number=asset)


def test_equipment_has_come_as_far_as_one_can_come(demo):
    assert {row.state for row in everywhere(Equipment)} >= {
        Equipment.State.NEW, Equipment.State.IN_USE, Equipment.State.QUARANTINED, Equipment.State.OUT_OF_USE,
        Equipment.State.SCRAPPED,
    }  # fmt: skip


def test_the_quarantined_standard_has_touched_certificates_that_were_issued(demo):
    stopped = piece("YT-YL-009")
    with tenant(stopped.institution_id):
        [question] = ImpactQuestion.objects.filter(equipment=stopped, state=ImpactQuestion.State.OPEN)
        touched = [use for use in uses_of(stopped, question.since, question.until) if use.touched]
    assert stopped.state == Equipment.State.QUARANTINED and len(touched) == 2


def test_a_drift_is_drawn_over_four_certificates(demo):
    with tenant(piece("YT-YL-002").institution_id):
        standing = Traceability.objects.standing().filter(equipment=piece("YT-YL-002"))
        assert len({row.calibrated_on for row in standing}) == 4


def test_a_repaired_piece_is_in_use_with_its_history(demo):
    repaired = piece("YT-ZL-003")
    with tenant(repaired.institution_id):
        kinds = set(repaired.events.values_list("kind", flat=True))
    assert repaired.state == Equipment.State.IN_USE and kinds >= {"repair", "move", "return_verification"}


def test_one_count_is_closed_with_its_report_and_another_is_going_on(demo):
    closed, opened = sorted(everywhere(StockCheck), key=lambda row: row.state)
    assert (closed.state, opened.state) == (StockCheck.State.CLOSED, StockCheck.State.OPEN)
    assert closed.report_id and closed.closed_at
    lines = [row for row in everywhere(StockLine) if row.check_of_id == closed.pk]
    assert {row.outcome for row in lines} == set(StockLine.Outcome)


def test_a_highest_standard_waits_for_its_file_set_beside_one_in_use(demo):
    highest = {row.code: row for row in everywhere(MeasurementStandard) if row.kind == MeasurementStandard.Kind.HIGHEST}
    assert [highest[code].state for code in ("BZ-0207", "BZ-0431")] == ["in_use", "assessed"]
    with tenant(highest["BZ-0431"].institution_id):
        assert len(files.missing(seen(highest["BZ-0431"], demo.today))) == 2
