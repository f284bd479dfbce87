"""When somebody leaves, a credential ends or a birthday passes: suspended with the reason, lifted when it is cured."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from institutions import tasks
from institutions.models import Authorisation, Credential, Employment, FieldStaffing, ScopeItem
from institutions.people import granting, reconsidering
from institutions.people.reconsidering import reconsider
from institutions.registers import people as registers  # noqa: F401  they register themselves
from portal import duelists
from portal.clock import CHINA
from portal.duelists import watched
from portal.models import AuditEntry, JobRun
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once

NOON = datetime(2026, 3, 10, 12, tzinfo=CHINA)
TODAY = NOON.date()
MORROW = TODAY + timedelta(1)
A = Authorisation.Role


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川", person=make.known_person())


def checker(lab, person, **facts):
    """Authorised to check, on a certificate with these facts."""
    paper = make.credential(lab, person, **facts)
    row = make.authorisation(lab, person, A.CHECKER, granted_on=date(2020, 1, 1))
    return paper, row


def again(row):
    return type(row).objects.get(pk=row.pk)


def on(lab, day):
    return reconsider(lab, day, at=NOON)


# --- a credential ends


def test_a_credential_that_ends_at_midnight_ends_the_authorisation_at_midnight_before_any_job(lab, person):
    _paper, row = checker(lab, person, valid_until=TODAY)
    on(lab, date(2026, 2, 1))
    row = again(row)
    assert (row.state, row.holds_until) == ("granted", TODAY)
    assert row.in_force_on(TODAY) and not row.in_force_on(MORROW)
    assert not Authorisation.objects.in_force_on(MORROW).exists()


def test_the_night_says_since_when_and_why(lab, person):
    _paper, row = checker(lab, person, valid_until=date(2026, 3, 5))
    assert on(lab, TODAY).suspended == (row,)
    row = again(row)
    assert (row.state, row.suspended_on) == ("suspended", date(2026, 3, 6))
    assert "没有“压力”专业有效的资格证书" in row.suspended_because and "B-4.5-d" in row.suspended_because
    assert row.in_force_on(date(2026, 3, 5)) and not row.in_force_on(date(2026, 3, 6))
    on_that_day = [Authorisation.objects.in_force_on(date(2026, 3, day)).exists() for day in (5, 6)]
    assert on_that_day == [True, False]
    entry = AuditEntry.objects.get(verb="authorisation.suspend")
    assert (entry.actor_name, entry.reason) == ("system:people", row.suspended_because)


def test_asked_again_it_writes_nothing(lab, person):
    checker(lab, person, valid_until=date(2026, 3, 5))
    on(lab, TODAY)
    entries = AuditEntry.objects.count()
    assert on(lab, TODAY).count == on(lab, MORROW).count == 0 and AuditEntry.objects.count() == entries


def test_a_renewal_lifts_it_and_the_days_between_stay_without(lab, person):
    _paper, row = checker(lab, person, valid_until=date(2026, 3, 5))
    on(lab, TODAY)
    Credential.objects.update(valid_until=date(2031, 3, 5))
    assert on(lab, MORROW).lifted == (row,)
    row = again(row)
    assert (row.state, row.suspended_on, row.suspended_because) == ("granted", None, "")
    days = [date(2026, 3, 5), date(2026, 3, 6), TODAY, MORROW]
    assert [row.in_force_on(day) for day in days] == [True, False, False, True]
    assert [Authorisation.objects.in_force_on(day).exists() for day in days] == [True, False, False, True]
    assert row.holds_until == date(2031, 3, 5)


def test_what_ends_twice_is_suspended_twice(lab, person):
    _paper, row = checker(lab, person, valid_until=date(2026, 3, 5))
    on(lab, TODAY)
    Credential.objects.update(valid_until=date(2026, 3, 20))
    on(lab, MORROW)
    on(lab, date(2026, 3, 25))
    row = again(row)
    assert (row.suspended_on, len(row.past_suspensions)) == (date(2026, 3, 21), 1)
    assert [row.in_force_on(date(2026, 3, day)) for day in (5, 6, 11, 20, 21)] == [True, False, True, True, False]


def test_withdrawing_a_credential_suspends_at_once_and_amending_it_back_lifts(lab, person):
    paper, row = checker(lab, person)
    keeper, now = make.actor(lab, Role.QUALITY_MANAGER), timezone.now()
    verbs.withdraw(REGISTERS["credentials"], paper, "证书是假的", actor=keeper, at=now)
    row = again(row)
    assert (row.state, row.suspended_on) == ("suspended", timezone.localdate())
    assert row.in_force_on(timezone.localdate() - timedelta(1))  # an act today says nothing about yesterday
    values = {"employment": person, "kind": "registered_metrologist", "level": "level_2", "speciality": "",
              "number": "新-1", "issuer": "省局（示）", "valid_from": date(2019, 1, 1), "valid_until": None, "file": None}  # fmt: skip
    verbs.record(REGISTERS["credentials"], values, actor=keeper, at=now)
    assert again(row).state == "granted"


def test_withdrawing_a_training_suspends_who_operates_on_it(lab, person):
    make.credential(lab, person)
    attendances = make.trained(lab, person)
    row = make.authorisation(lab, person, A.CALIBRATOR, granted_on=date(2020, 1, 1))
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    verbs.withdraw(REGISTERS["trainings"], attendances[1].training, "没有举行", actor=keeper, at=timezone.now())
    assert "C-5.1.4" in again(row).suspended_because


def test_what_an_authorisation_from_before_the_portal_never_had_does_not_suspend_it(lab, person):
    row = make.authorisation(lab, person, A.CALIBRATOR)
    assert on(lab, TODAY).suspended == () and again(row).state == "granted"
    make.credential(lab, person, valid_until=date(2026, 3, 5))
    on(lab, TODAY)
    assert again(row).suspended_on == date(2026, 3, 6)  # but what was there and has ended does


# --- age, departure, kind


def test_the_65th_birthday_is_the_last_day_of_an_operator(lab):
    person = make.employment(lab, birth_date=date(1961, 3, 10))
    row = make.authorisation(lab, person, A.VERIFIER)
    on(lab, date(2026, 3, 9))
    assert again(row).holds_until == TODAY
    on(lab, MORROW)
    row = again(row)
    assert row.suspended_on == MORROW and "65 周岁" in row.suspended_because


def test_a_departure_that_nobody_acted_upon_ends_the_authorisation_in_the_night(lab, person):
    row = make.authorisation(lab, person, A.CHECKER)
    Employment.objects.filter(pk=person.pk).update(ended_on=date(2026, 3, 9))
    assert on(lab, TODAY).ended == (row,) and again(row).valid_until == date(2026, 3, 9)


def test_a_key_person_who_is_only_dispatched_from_now_on_is_suspended(lab, person):
    row = make.authorisation(lab, person, A.QUALITY_MANAGER, field="")
    Employment.objects.filter(pk=person.pk).update(kind="dispatch")
    on(lab, TODAY)
    assert again(row).suspended_on == TODAY and "C-5.1.2-s2" in again(row).suspended_because


def test_what_was_revoked_or_only_proposed_is_left_alone(lab, person):
    make.credential(lab, person, valid_until=date(2026, 3, 5))
    rows = [
        make.authorisation(lab, person, A.CHECKER, state="proposed"),
        make.authorisation(lab, person, A.CHECKER, state="revoked", revoked_on=date(2026, 1, 1)),
        make.authorisation(lab, person, A.CHECKER, valid_until=date(2026, 3, 9)),
    ]
    on(lab, TODAY)
    assert [again(row).state for row in rows] == ["proposed", "revoked", "granted"]


def test_a_grant_knows_until_when_its_conditions_hold(lab, person):
    make.credential(lab, person, valid_until=date(2026, 9, 30))
    manager = make.actor(lab, Role.TECHNICAL_MANAGER)
    values = {"role": A.CHECKER, "field": "压力", "certificate_number": "授-1", "valid_from": TODAY}
    row = granting.propose(person, values, actor=manager, at=NOON)
    assert granting.grant(row, actor=manager, at=NOON).holds_until == date(2026, 9, 30)


# --- two people for each line of scope


def two_operators(lab):
    w = make.laboratory()
    second = make.employment(lab, "许知远二")
    w.second = make.authorisation(lab, second, A.CALIBRATOR)
    return w


def test_with_two_people_a_line_stands(lab):
    w = two_operators(lab)
    assert on(lab, TODAY).lines_suspended == () and again(w.scope).state == "active"


@pytest.mark.parametrize(
    "facts",
    [
        {"revoked_on": TODAY},
        {"field": "长度"},
        {"role": "checker"},
        {"valid_from": MORROW},
        {"holds_until": date(2026, 3, 9)},
    ],
)
def test_a_line_without_a_second_operator_is_suspended_and_lifted_when_there_is_one(lab, facts):
    w = two_operators(lab)
    was = {name: getattr(w.second, name) for name in facts}
    Authorisation.objects.filter(pk=w.second.pk).update(**facts)
    short, _staffed = reconsidering.reconsider_lines(lab, TODAY, at=NOON)
    assert short == (w.scope,)
    assert reconsidering.reconsider_lines(lab, TODAY, at=NOON) == ((), ())
    Authorisation.objects.filter(pk=w.second.pk).update(**was)
    assert reconsidering.reconsider_lines(lab, TODAY, at=NOON) == ((), (w.scope,))
    line = again(w.scope)
    assert (line.state, line.suspended_on, line.suspended_because, line.suspended_clause) == ("active", None, "", "")


def test_who_does_not_work_here_any_more_is_no_second_person(lab):
    w = two_operators(lab)
    Employment.objects.filter(pk=w.second.employment_id).update(ended_on=date(2026, 3, 9))
    assert reconsidering.lines_short_on(lab, TODAY) == (w.scope,)
    assert reconsidering.lines_short_on(lab, date(2026, 3, 9)) == ()


def test_two_authorisations_of_one_person_are_one_person(lab):
    w = two_operators(lab)
    Authorisation.objects.filter(pk=w.second.pk).update(employment=w.operator_employment)
    assert on(lab, TODAY).lines_suspended == (w.scope,)


def test_the_days_on_which_a_line_lacked_people_stay_without_it(lab):
    w = two_operators(lab)
    Authorisation.objects.filter(pk=w.second.pk).update(role="checker")
    on(lab, TODAY - timedelta(5))
    Authorisation.objects.filter(pk=w.second.pk).update(role="calibrator")
    assert on(lab, TODAY).lines_lifted == (w.scope,)
    counted = [ScopeItem.objects.valid_on(TODAY - timedelta(day)).exists() for day in (6, 5, 1, 0)]
    assert counted == [True, False, False, True]


def test_a_suspended_line_says_how_many_people_there_are_today_and_since_when_it_is_suspended(lab):
    w = two_operators(lab)
    Authorisation.objects.filter(pk=w.second.pk).update(revoked_on=TODAY)
    on(lab, TODAY)
    Authorisation.objects.update(revoked_on=MORROW)
    assert on(lab, MORROW).lines_suspended == ()
    line = again(w.scope)
    assert "只有 0 人" in line.suspended_because and line.suspended_on == TODAY
    assert AuditEntry.objects.filter(verb="scopeitem.recount", target_id=line.pk).count() == 1
    on(lab, MORROW)
    assert AuditEntry.objects.filter(verb="scopeitem.recount").count() == 1


# --- how many people a field has, for the reminders


def reminders(day):
    return [(one.due_on, one.subject) for one in watched("institutions.too_few_people", day)]


def counted(lab, day, people):
    """The field is counted on a day on which so many people may operate in it. Returns: what is told of, day and figure."""
    Authorisation.objects.filter(role=A.CALIBRATOR).update(revoked_on=date(2020, 1, 2))
    Authorisation.objects.filter(role=A.VERIFIER).update(revoked_on=date(2020, 1, 2))
    known = list(Authorisation.objects.filter(role=A.CALIBRATOR).order_by("pk"))
    while len(known) < people:
        known.append(make.authorisation(lab, make.employment(lab, f"人{len(known)}"), A.CALIBRATOR))
    Authorisation.objects.filter(pk__in=[row.pk for row in known[:people]]).update(revoked_on=None)
    on(lab, day)
    return [(since, re.search(r"只[剩有] (\d) 人", text)[1]) for since, text in reminders(day)]


def test_a_field_that_drops_to_two_people_and_below_is_told_of_with_the_day_on_which_it_did(lab):
    make.laboratory()
    days = [TODAY + timedelta(n) for n in range(8)]
    assert counted(lab, days[0], 3) == []
    assert counted(lab, days[1], 2) == [(days[1], "2")]
    assert counted(lab, days[2], 2) == [(days[1], "2")]
    assert counted(lab, days[3], 1) == [(days[3], "1")]
    assert counted(lab, days[4], 0) == [(days[4], "0")]
    assert counted(lab, days[5], 1) == [(days[4], "1")]
    assert counted(lab, days[6], 2) == []
    assert counted(lab, days[7], 3) == []


def test_a_field_that_begins_with_two_people_has_not_dropped_and_one_that_begins_with_fewer_lacks_them(lab):
    make.laboratory()
    assert counted(lab, TODAY, 2) == []
    assert counted(lab, MORROW, 1) == [(MORROW, "1")]
    FieldStaffing.objects.update(field="长度")
    assert counted(lab, MORROW, 1) == [(MORROW, "1")]


def test_a_field_without_lines_lacks_nobody(lab):
    w = make.laboratory()
    assert counted(lab, TODAY, 1) == [(TODAY, "1")]
    ScopeItem.objects.filter(pk=w.scope.pk).update(state="withdrawn")
    assert counted(lab, MORROW, 0) == []


def test_two_people_left_are_told_of_once_and_fewer_until_it_is_cured(lab):
    make.laboratory()
    counted(lab, TODAY, 3)
    counted(lab, TODAY, 2)

    def after(days):
        return len(watched("institutions.too_few_people", TODAY + timedelta(days)))

    assert (after(0), after(6), after(7)) == (1, 1, 0)
    counted(lab, TODAY, 1)
    assert (after(7), after(28)) == (1, 1)


def test_lines_that_lack_people_are_told_of_with_their_field_and_not_one_by_one(lab):
    w = make.laboratory()
    on(lab, TODAY)
    assert again(w.scope).state == "suspended" and len(reminders(TODAY)) == 1
    assert watched("institutions.scope_stopped", date(2026, 12, 31)) == []
    ScopeItem.objects.update(suspended_clause="")
    assert len(watched("institutions.scope_stopped", date(2026, 12, 31))) == 1


def test_the_technical_and_the_quality_manager_hear_of_it(lab):
    assert duelists.RULES["institutions.too_few_people"].recipients == {Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER}


def test_a_line_that_a_person_suspended_is_not_lifted_by_the_portal(lab):
    w = two_operators(lab)
    ScopeItem.objects.update(state="suspended", suspended_on=TODAY, suspended_because="设备送修")
    assert on(lab, TODAY).lines_lifted == () and again(w.scope).state == "suspended"


# --- the night


def test_the_night_goes_through_every_institution_and_one_that_fails_keeps_nobody_waiting(db, monkeypatch):
    labs = [make.institution(slug) for slug in ("alpha", "beta")]
    rows = []
    for lab in labs:
        with tenant(lab.pk):
            rows.append(checker(lab, make.employment(lab), valid_until=timezone.localdate() - timedelta(3))[1])
    right = reconsidering.reconsider

    def fails_for_alpha(institution, day, **how):
        if institution.slug == "alpha":
            raise ValueError
        return right(institution, day, **how)

    monkeypatch.setattr(reconsidering, "reconsider", fails_for_alpha)
    with pytest.raises(reconsidering.ReconsideringFailed, match="alpha"):
        tasks.reconsider_people()
    assert not JobRun.objects.get(name="reconsider_people").ok
    with tenant(labs[1].pk):
        assert again(rows[1]).state == "suspended"
    monkeypatch.setattr(reconsidering, "reconsider", right)
    assert "机构 2 家" in tasks.reconsider_people() and JobRun.objects.get(name="reconsider_people").ok


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_the_same_moment_suspend_once():
    lab = make.institution()
    person = make.employment(lab)
    with tenant(lab.pk):
        _paper, row = checker(lab, person)
        Credential.objects.update(valid_until=date(2026, 3, 5))

    def run():
        with tenant(lab.pk):
            return on(lab, TODAY).count

    assert sorted(at_once(run, run)) == [0, 1]
    with tenant(lab.pk):
        assert AuditEntry.objects.filter(verb="authorisation.suspend").count() == 1


def test_the_queries_do_not_grow_with_the_people(lab, django_assert_num_queries):
    w = two_operators(lab)
    for number in range(20):
        person = make.employment(lab, f"人{number}")
        make.credential(lab, person, valid_until=date(2030, 1, 1))
        make.authorisation(lab, person, A.CHECKER)
    on(lab, TODAY)
    with django_assert_num_queries(12):
        assert on(lab, TODAY).count == 0
    assert again(w.scope).state == "active"
