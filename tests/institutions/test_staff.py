"""Who works here: begun, corrected, left, withdrawn; and that nobody works for two institutions at once."""

from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction

from institutions import identity
from institutions.models import Authorisation, Employment, EmploymentConflict, Membership, Person
from institutions.people import staff
from portal.clock import CHINA
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.concurrency import at_once, kinds

NOON = datetime(2026, 3, 10, 12, tzinfo=CHINA)
BORN = date(1985, 5, 1)
NUMBER = identity.fictional_id_number(BORN, 7)
OTHER = identity.fictional_id_number(BORN, 8)
A = Authorisation.Role


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.ADMINISTRATOR)


def values(**facts):
    return {"name": "沈若川", "staff_number": "A01", "birth_date": BORN, "started_on": date(2020, 1, 1), **facts}


def employed(lab, keeper=None, id_number=NUMBER, **facts):
    """Somebody begins at the institution: by the keeper in whose scope we are, or in a scope of its own."""
    if keeper:
        return staff.employ(values(**facts), id_number=id_number, actor=keeper, at=NOON)
    with tenant(lab.pk):
        return employed(lab, make.actor(lab, Role.ADMINISTRATOR), id_number, **facts)


# --- begun


def test_who_begins_is_on_record_with_a_sealed_number(lab, keeper):
    row = employed(lab, keeper)
    assert (row.state, row.revision, row.name) == ("current", 1, "沈若川")
    assert NUMBER not in row.id_number_sealed and identity.masked(row, "id_number").endswith(NUMBER[-4:])
    assert row.person.identity_digest


def test_without_a_number_the_person_is_one_of_its_own(lab, keeper):
    first, second = employed(lab, keeper, ""), employed(lab, keeper, "", staff_number="A02")
    assert first.person_id != second.person_id and first.person.identity_digest is None


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"started_on": date(2020, 1, 1), "ended_on": date(2019, 12, 31)}, "早于入职日期"),
        ({"birth_date": date(2010, 5, 1)}, "不满 16 周岁"),
        ({"staff_number": "S-TAKEN"}, "工号 S-TAKEN 已是 许知远 的"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(lab, keeper, facts, sentence):
    make.employment(lab, "许知远", staff_number="S-TAKEN")
    with pytest.raises(Refused, match=sentence):
        employed(lab, keeper, "", **facts)
    assert Employment.objects.count() == 1


def test_a_number_of_another_birthday_is_refused_and_nobody_is_left_behind(lab, keeper):
    people = Person.objects.count()
    with pytest.raises(Refused, match="出生日期不同"):
        employed(lab, keeper, birth_date=date(1985, 5, 2))
    assert not Employment.objects.exists() and Person.objects.count() == people


def test_the_same_person_is_not_employed_here_twice_at_a_time(lab, keeper):
    employed(lab, keeper)
    with pytest.raises(Refused, match="已在本机构登记：沈若川（工号 A01"):
        employed(lab, keeper, staff_number="A02", started_on=date(2022, 1, 1))
    staff.leave(Employment.objects.get(), date(2025, 12, 31), "", actor=keeper, at=NOON)
    assert employed(lab, keeper, staff_number="A02", started_on=date(2026, 1, 1)).pk


def test_recording_people_and_their_numbers_are_two_rights(lab):
    with pytest.raises(PermissionDenied):
        employed(lab, make.actor(lab, Role.OPERATOR), "")
    manager = make.actor(lab, Role.QUALITY_MANAGER)
    with pytest.raises(PermissionDenied):
        employed(lab, manager)
    assert employed(lab, manager, "").pk


# --- two employers


def test_a_second_employer_is_refused_without_naming_the_first(lab, keeper):
    employed(make.institution("beta", name="贝塔计量院"))
    with pytest.raises(Refused) as refused:
        employed(lab, keeper)
    (refusal,) = refused.value.refusals
    assert refusal.clause == "C-5.1.5" and "另一家计量技术机构" in refusal.text
    assert "贝塔" not in str([entry.changes for entry in AuditEntry.objects.all()]) and "贝塔" not in refusal.text
    assert not Employment.objects.exists()


def test_the_database_itself_refuses_it(lab):
    person = Person.objects.create()
    make.employment(make.institution("beta"), person=person, ended_on=date(2026, 3, 10))
    with pytest.raises(IntegrityError, match="one_employer_at_a_time"), transaction.atomic():
        make.employment(lab, person=person, started_on=date(2026, 3, 10))
    assert make.employment(lab, person=person, started_on=date(2026, 3, 11)).pk


def test_a_withdrawn_employment_stands_in_nobodys_way(lab):
    person = Person.objects.create()
    make.employment(make.institution("beta"), person=person, state="withdrawn")
    assert make.employment(lab, person=person).pk


def test_the_refused_attempt_stays_on_record_once(lab, keeper):
    employed(make.institution("beta"))
    for _attempt in range(2):
        with pytest.raises(Refused):
            employed(lab, keeper, started_on=date(2024, 1, 1))
    noted = EmploymentConflict.objects.get()
    assert (noted.institution, noted.name, noted.started_on) == (lab, "沈若川", date(2024, 1, 1))
    assert AuditEntry.objects.filter(verb="employment.record", succeeded=False).count() == 2


def test_a_number_recorded_later_that_shows_two_employers_is_refused_and_noted(lab, keeper):
    employed(make.institution("beta"))
    row = employed(lab, keeper, "")
    with pytest.raises(Refused, match="不能同时在两家任职"):
        identity.set_identity(row, NUMBER, "", actor=keeper, at=NOON)
    assert EmploymentConflict.objects.get().started_on == row.started_on
    assert not Employment.objects.get(pk=row.pk).id_number_sealed


def test_dates_that_are_corrected_into_an_overlap_are_refused_and_noted(lab, keeper):
    employed(make.institution("beta"), ended_on=date(2022, 12, 31))
    row = employed(lab, keeper, started_on=date(2023, 1, 1))
    with pytest.raises(Refused, match="不能同时在两家任职"):
        staff.amend(row, {"started_on": date(2022, 12, 31)}, 1, actor=keeper, at=NOON)
    assert EmploymentConflict.objects.get().started_on == date(2022, 12, 31)


@pytest.mark.django_db(transaction=True)
def test_of_two_institutions_that_employ_one_person_at_the_same_moment_one_is_told():
    labs = [make.institution(slug) for slug in ("alpha", "beta")]
    keepers = [make.actor(lab, Role.ADMINISTRATOR) for lab in labs]

    def hire(lab, keeper):
        def act():
            with tenant(lab.pk):
                return staff.employ(values(), id_number=NUMBER, actor=keeper, at=NOON)

        return act

    results = at_once(*(hire(lab, keeper) for lab, keeper in zip(labs, keepers, strict=True)))
    assert kinds(results) == ["Employment", "Refused"]
    refused = next(result for result in results if isinstance(result, Refused))
    assert refused.refusals[0].clause == "C-5.1.5"


# --- who sees the attempt; the regulator's side of it is in tests/oversight/test_pairs.py


def two_employers(lab, keeper):
    employed(make.institution("beta"))
    with pytest.raises(Refused):
        employed(lab, keeper)


def test_each_institution_sees_its_own_side_only(lab, keeper):
    two_employers(lab, keeper)
    seen = []
    for slug in ("alpha", "beta"):
        with tenant(make.institution(slug).pk):
            seen.append((EmploymentConflict.objects.count(), Employment.objects.count()))
    assert seen == [(1, 0), (0, 1)]


def test_the_note_of_an_attempt_is_changed_by_nobody(lab, keeper):
    two_employers(lab, keeper)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        EmploymentConflict.objects.update(name="别人")


# --- corrected and withdrawn


def test_a_correction_counts_the_revision_and_the_second_of_two_is_told(lab, keeper):
    row = employed(lab, keeper)
    assert staff.amend(row, {"post": "压力室主任"}, 1, actor=keeper, at=NOON).revision == 2
    with pytest.raises(Refused, match="别人改过"):
        staff.amend(row, {"post": "检定员"}, 1, actor=keeper, at=NOON)
    assert Employment.objects.get().post == "压力室主任"


def test_a_birthday_that_contradicts_the_number_on_record_is_refused(lab, keeper):
    row = employed(lab, keeper)
    with pytest.raises(Refused, match="身份证号里的出生日期不同"):
        staff.amend(row, {"birth_date": date(1985, 5, 2)}, 1, actor=keeper, at=NOON)


def test_a_row_recorded_in_error_is_withdrawn_unless_something_rests_on_it(lab, keeper):
    row = employed(lab, keeper)
    with pytest.raises(Refused, match="作废的原因"):
        staff.withdraw(row, " ", actor=keeper, at=NOON)
    account = make.user(lab, Role.OPERATOR, employment=row)
    with pytest.raises(Refused, match="登录账号"):
        staff.withdraw(row, "重复登记", actor=keeper, at=NOON)
    Membership.objects.filter(user=account).update(state="ended")
    granted = make.authorisation(lab, row, A.CHECKER)
    with pytest.raises(Refused, match="有过授权"):
        staff.withdraw(row, "重复登记", actor=keeper, at=NOON)
    Authorisation.objects.filter(pk=granted.pk).update(state="withdrawn")
    assert staff.withdraw(row, "重复登记", actor=keeper, at=NOON).state == "withdrawn"
    assert not Employment.objects.active_on(date(2026, 3, 10)).exists()


# --- left


def test_who_leaves_keeps_no_authorisation_beyond_the_last_day(lab, keeper):
    row = employed(lab, keeper)
    running = make.authorisation(lab, row, A.CHECKER)
    later = make.authorisation(lab, row, A.SIGNATORY, valid_from=date(2026, 6, 1))
    over = make.authorisation(lab, row, A.VERIFIER, valid_until=date(2021, 1, 1))
    last = date(2026, 3, 9)
    left = staff.leave(row, last, "合同到期", actor=keeper, at=NOON)
    running, later, over = (Authorisation.objects.get(pk=one.pk) for one in (running, later, over))
    assert (running.valid_until, later.revoked_on, over.valid_until) == (last, later.valid_from, date(2021, 1, 1))
    assert running.in_force_on(last) and not running.in_force_on(date(2026, 3, 10))
    assert {one.pk for one in left.changes.ended} == {running.pk, later.pk}
    assert AuditEntry.objects.get(verb="authorisation.end", target_id=running.pk).changes["valid_until"] == [
        "",
        str(last),
    ]


def test_a_day_to_come_ends_the_authorisations_on_that_day_already_now(lab, keeper):
    row = employed(lab, keeper)
    running = make.authorisation(lab, row, A.CHECKER)
    staff.leave(row, date(2026, 6, 30), "", actor=keeper, at=NOON)
    running = Authorisation.objects.get(pk=running.pk)
    assert running.in_force_on(date(2026, 6, 30)) and not running.in_force_on(date(2026, 7, 1))


def test_whose_account_is_still_open_is_told(lab, keeper):
    row = employed(lab, keeper)
    account = make.user(lab, Role.OPERATOR, employment=row)
    left = staff.leave(row, date(2026, 3, 9), "", actor=keeper, at=NOON)
    assert [membership.user for membership in left.accounts] == [account]


def test_nobody_leaves_twice_or_before_having_come(lab, keeper):
    row = employed(lab, keeper)
    with pytest.raises(Refused, match="早于入职日期"):
        staff.leave(row, date(2019, 12, 31), "", actor=keeper, at=NOON)
    staff.leave(row, date(2026, 3, 9), "", actor=keeper, at=NOON)
    with pytest.raises(Refused, match="离职日期已登记"):
        staff.leave(row, date(2026, 3, 8), "", actor=keeper, at=NOON)


def test_a_line_of_scope_that_loses_its_second_person_is_suspended_and_named(lab, keeper):
    w = make.laboratory()
    second = make.employment(lab, "许知远二")
    make.authorisation(lab, second, A.CALIBRATOR)
    left = staff.leave(second, date(2026, 3, 9), "", actor=keeper, at=NOON)
    assert left.changes.lines_suspended == left.lines_short == (w.scope,)
    w.scope.refresh_from_db()
    assert (w.scope.state, w.scope.suspended_on, w.scope.suspended_clause) == ("suspended", NOON.date(), "C-5.1.1-s2")
    assert "“压力”专业在职、有授权的检定或校准员只有 1 人" in w.scope.suspended_because
