"""What a fraudulent institution tries with its people and its papers, and a curious one with the others'."""

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from certificates import gates as certificate_gates
from certificates import workflow
from institutions import identity
from institutions.methods import gates as method_gates
from institutions.models import (
    Authorisation,
    Employment,
    KeyPerson,
    Method,
    OwnMethod,
    User,
)
from institutions.people import granting, staff
from institutions.people.reconsidering import reconsider
from portal import absence, digest, inbox, recipients
from portal.models import AuditEntry, Delivery
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import new_ref, scope, tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

pytestmark = pytest.mark.django_db
DAY_BEFORE, DAY_AFTER = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def w(laboratory):
    world = laboratory
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def keeper(w):
    return make.actor(w.institution, Role.TECHNICAL_MANAGER)


# --- people


BORN = date(1985, 5, 1)
NUMBER = next(n for n in (identity.fictional_id_number(BORN, order) for order in range(99)) if n.endswith("X"))


def hired(lab, number="", **facts):
    """Somebody begins at the institution, as its administrator records it, in its own scope."""
    values = {
        "name": "沈若川",
        "staff_number": f"N{new_ref()}",
        "birth_date": BORN,
        "started_on": date(2020, 1, 1),
        **facts,
    }
    with tenant(lab.pk):
        return staff.employ(values, id_number=number, actor=make.actor(lab, Role.ADMINISTRATOR), at=NOON)


FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@pytest.mark.parametrize(
    "typed", [NUMBER.lower(), NUMBER.translate(FULL_WIDTH), f" {NUMBER[:6]}-{NUMBER[6:14]} {NUMBER[14:]} ", NUMBER[:-1] + "Ⅹ",
              NUMBER[:-1] + "ｘ", "\u3000".join((NUMBER[:6], NUMBER[6:]))],
)  # fmt: skip
def test_no_spelling_of_a_number_makes_somebody_another_person(w, typed):
    beta = make.institution("beta", name="贝塔计量院", credit_code="91440300MA5GAAAA01")
    hired(beta, NUMBER)
    with pytest.raises(Refused) as refused:
        hired(w.institution, typed)
    assert refused.value.refusals[0].clause == "C-5.1.5" and "贝塔" not in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER[:6] + "\u200b" + NUMBER[6:],
        NUMBER[:6] + "\u2013" + NUMBER[6:],
        NUMBER[:-1] + "Х",
        NUMBER[2:],
        "١" * 17 + "X",
    ],
)
def test_what_only_looks_like_the_number_is_no_number(w, typed):
    with pytest.raises(Refused) as refused:
        hired(w.institution, typed)
    assert refused.value.refusals[0].clause == "data"


def test_one_person_under_two_names_does_not_make_two(w, keeper):
    one, other = hired(w.institution, NUMBER), hired(w.institution, name="沈若穿")
    with pytest.raises(Refused, match="已在本机构登记"):
        identity.set_identity(other, NUMBER, "", actor=make.actor(w.institution, Role.ADMINISTRATOR), at=NOON)
    assert Employment.objects.get(pk=other.pk).person_id != one.person_id


def test_once_it_is_known_who_somebody_is_the_authorisations_are_looked_at_again(w):
    first, again = hired(w.institution, NUMBER, ended_on=DAY_BEFORE), hired(w.institution, started_on=DAY)
    grant = make.authorisation(w.institution, again, "checker", granted_on=DAY, valid_from=DAY)
    make.credential(w.institution, first)
    reconsider(w.institution, DAY, at=NOON)
    assert Authorisation.objects.get(pk=grant.pk).state == "suspended"
    identity.set_identity(again, NUMBER, "", actor=make.actor(w.institution, Role.ADMINISTRATOR), at=NOON)
    assert Authorisation.objects.get(pk=grant.pk).state == "granted"


def test_nobody_is_authorised_who_hides_behind_no_number(w, keeper):
    """Without one, two institutions would never find out that they employ the same person."""
    unknown = hired(w.institution)
    make.credential(w.institution, unknown)
    values = {"role": "checker", "field": "压力", "certificate_number": "授-07", "valid_from": DAY}
    row = granting.propose(unknown, values, actor=keeper, at=NOON)
    with pytest.raises(Refused, match="没有登记身份证号"):
        granting.grant(row, actor=keeper, at=NOON)
    identity.set_identity(unknown, NUMBER, "", actor=make.actor(w.institution, Role.ADMINISTRATOR), at=NOON)
    assert granting.grant(Authorisation.objects.get(pk=row.pk), actor=keeper, at=NOON).state == "granted"


def test_the_same_days_at_two_houses_are_found_by_either_end(w):
    beta = make.institution("beta", credit_code="91440300MA5GAAAA01")
    hired(beta, NUMBER, ended_on=DAY)
    for facts in (
        {"started_on": DAY},
        {"started_on": DAY_BEFORE, "ended_on": DAY_BEFORE},
        {"ended_on": date(2020, 1, 1)},
    ):
        with pytest.raises(Refused, match="另一家"):
            hired(w.institution, NUMBER, **facts)
    assert hired(w.institution, NUMBER, started_on=DAY_AFTER).pk


def test_neither_trail_nor_list_nor_file_of_the_one_names_the_other(client, w):
    beta = make.institution("beta", name="贝塔计量院", credit_code="91440300MA5GAAAA01")
    theirs = hired(beta, NUMBER, name="沈若川本名")
    with pytest.raises(Refused):
        hired(w.institution, NUMBER)
    told = [str(entry.changes) + entry.reason + entry.target_name for entry in AuditEntry.objects.all()]
    assert not [text for text in told if "贝塔" in text or "beta" in text or "本名" in text or theirs.ref in text]
    client.force_login(make.user(w.institution, Role.ADMINISTRATOR))
    for path in ("people/", "audit/", "compliance/", "today/", "alerts/", "due/"):
        html = client.get(f"/i/alpha/{path}").content.decode()
        assert "贝塔" not in html and "本名" not in html


# --- methods


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("JJG52-2013", "local_regulation"), ("jjg 52-2013", "non_standard"), ("ＪＪＧ 52-2013", "local_regulation"),
        ("JJG 52—2013", "national_standard"), ("JJF 1071−2010", "local_specification"), ("JJG  52-2013", "general_rules"),
        ("JJF\u30001071-2010", "non_standard"), ("JJG 52 — 2013", "local_regulation"),
    ],
)  # fmt: skip
def test_no_method_of_ones_own_looks_like_a_national_one(w, code, kind):
    row = OwnMethod(institution=w.institution, code=code, kind=kind, origin="published")
    assert "不符" in "".join(one.text for one in method_gates.code_is_free(row, None, NOON))


def test_a_superseded_edition_does_not_come_back_as_a_method_of_ones_own(w):
    row = OwnMethod(institution=w.institution, code="JJG 52-1999", kind="verification_regulation", origin="published")
    assert ["JJG 52-2013" in one.text for one in method_gates.code_is_free(row, None, NOON)] == [True]
    row.code = "JJG 52-2026"  # an edition that the catalogue does not have yet
    assert not list(method_gates.code_is_free(row, None, NOON))


def test_a_method_verified_before_its_end_measures_nothing_after_it(w, keeper):
    with scope():
        Method.objects.filter(pk=w.method.pk).update(in_force_until=DAY)
    with pytest.raises(Refused, match="不是现行有效"):
        workflow.submit(make.record(w, filled=True), actor=w.operator, at=NOON)


# --- declarations


def declared(w, keeper, kind="cnas_gap", **values):
    facts = {
        "kind": kind, "valid_from": DAY, "valid_until": DAY + timedelta(300), "signed_by": None, "employment": None,
        "statement": "", "file": make.document(w.institution), **values,
    }  # fmt: skip
    return verbs.record(REGISTERS["declarations"], facts, actor=keeper, at=NOON)


@pytest.mark.parametrize(
    "left", [{"ended_on": DAY_BEFORE}, {"started_on": DAY_AFTER}, {"state": "withdrawn"}],
)  # fmt: skip
def test_nobody_signs_who_does_not_work_here_that_day(w, left):
    keeper = make.actor(w.institution, Role.ADMINISTRATOR)
    Employment.objects.filter(pk=w.operator_employment.pk).update(**left)
    with pytest.raises(Refused, match="不在职"):
        declared(w, keeper, employment=Employment.objects.get(pk=w.operator_employment.pk))


@pytest.mark.parametrize("gone", [{"valid_until": DAY_BEFORE}, {"valid_from": DAY_AFTER}, {"state": "withdrawn"}])
def test_nobody_signs_in_an_office_that_is_somebody_elses_that_day(w, gone):
    facts = {"role": "legal_representative", "name": "王立", "valid_from": date(2020, 1, 1), **gone}
    head = make._row(KeyPerson, w.institution, **facts)
    with pytest.raises(Refused, match="不在任"):
        declared(w, make.actor(w.institution, Role.ADMINISTRATOR), "liability", signed_by=head)


def test_a_declaration_is_neither_signed_tomorrow_nor_good_for_longer_than_a_year(w):
    keeper, person = make.actor(w.institution, Role.ADMINISTRATOR), w.operator_employment
    for values in ({"valid_from": DAY_AFTER}, {"valid_until": DAY + timedelta(366)}, {"valid_until": DAY_BEFORE}):
        with pytest.raises(Refused):
            declared(w, keeper, employment=person, **values)


def test_a_file_of_another_institution_proves_nothing_here(w):
    theirs = make.document(make.institution("beta"))
    with pytest.raises(Exception, match="same_tenant|不存在|冲突"), transaction.atomic():
        declared(w, make.actor(w.institution, Role.ADMINISTRATOR), employment=w.operator_employment, file=theirs)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- certificates by people who may not


def test_who_left_and_came_back_signs_with_no_authorisation_of_before(w):
    """The old authorisation ended with the old employment; the account still points at that one."""
    row = make.certificate(w, "approved")
    admin = make.actor(w.institution, Role.ADMINISTRATOR)
    left = staff.leave(w.signatory_employment, DAY_BEFORE, "调岗", actor=admin, at=NOON).employment
    back = make.employment(w.institution, "陈慕白", person=left.person, started_on=DAY)
    returned = make.actor(w.institution, Role.SIGNATORY, employment=back, name="陈慕白")
    for signer in (w.signatory, returned):
        make.prove(signer, "certificate.issue", row, row.body_sha256)
        with pytest.raises(Refused) as refused:
            workflow.issue(row, actor=signer, at=NOON + timedelta(minutes=30))
        assert "B-5.7-d-s2" in {one.clause for one in refused.value.refusals}


def test_the_last_day_of_a_credential_is_the_last_day_of_what_rests_on_it(w):
    paper = make.credential(w.institution, w.signatory_employment, valid_until=DAY)
    grant = Authorisation.objects.get(employment=w.signatory_employment, role="authorised_signatory")
    Authorisation.objects.filter(pk=grant.pk).update(granted_on=date(2020, 1, 1))
    another = make.employment(w.institution, "许一鸣")
    make.authorisation(w.institution, another, "verifier")
    reconsider(w.institution, DAY, at=NOON)
    assert make.certificate(w, "issued")
    row = make.certificate(w, "draft")
    workflow.check(row, actor=w.checker, at=NOON)
    with pytest.raises(Refused) as refused:
        workflow.approve(make.fresh(row), confirmed_sha256="", actor=w.signatory, at=NOON + timedelta(days=1))
    assert "B-5.7-d-s2" in {one.clause for one in refused.value.refusals} and paper.valid_until == DAY


def test_five_to_midnight_is_still_today_and_five_past_is_not(w):
    Employment.objects.filter(pk=w.signatory_employment.pk).update(ended_on=DAY)
    row = make.certificate(w, "draft")
    gate = certificate_gates.signatory_is_authorised
    before, after = (datetime(2026, 3, 10, 15, 55, tzinfo=UTC) + timedelta(minutes=more) for more in (0, 10))
    assert not list(gate(row, w.signatory, before)) and list(gate(make.fresh(row), w.signatory, after))


# --- alerts


def test_nobody_outside_is_told_by_being_assigned_or_standing_in(w):
    manager, stranger = (
        make.actor(w.institution, Role.QUALITY_MANAGER),
        make.user(make.institution("beta"), Role.QUALITY_MANAGER),
    )
    alert = make.alert(w.institution, w.equipment)
    with pytest.raises(Refused, match="不是有效成员"):
        inbox.assign(alert, stranger.pk, actor=manager, at=NOON)
    for absent, substitute in ((manager.user_id, stranger.pk), (stranger.pk, manager.user_id)):
        with pytest.raises(Refused, match="不是有效成员"):
            absence.announce(absent, substitute, DAY, DAY_AFTER, actor=manager, at=NOON)


def test_a_chain_of_substitutes_ends_and_a_cycle_turns_nowhere(w):
    first, second_, third = (
        make.user(w.institution, role) for role in (Role.QUALITY_MANAGER, Role.OPERATOR, Role.CHECKER)
    )
    for absent, substitute in ((first, second_), (second_, third), (third, first)):  # as three who ask in one moment
        make.absence(w.institution, absent, substitute)
    told = recipients.told(w.institution.pk, DAY)
    assert "institutions.age" in told[first.pk] & told[second_.pk] and "institutions.age" not in told[third.pk]


def test_what_is_put_off_again_and_again_stays_in_the_trail_each_time(w):
    manager, alert = (
        make.actor(w.institution, Role.METROLOGY_MANAGER),
        make.alert(w.institution, w.equipment, due_on=DAY_BEFORE),
    )
    for week in range(3):
        at = NOON + timedelta(days=7 * week)
        with pytest.raises(Refused):
            inbox.snooze(alert, DAY + timedelta(7 * week + 8), reason="再等", actor=manager, at=at)
        inbox.snooze(alert, DAY + timedelta(7 * week + 7), reason="再等", actor=manager, at=at)
    assert AuditEntry.objects.filter(verb="alert.snooze").count() == 3


@pytest.mark.parametrize("address", ["a@example.com\nBcc: b@example.com", "a@example.com\r\n\r\nhello"])
def test_no_address_adds_a_line_to_the_head_of_a_mail(w, address):
    account = make.user(w.institution, Role.QUALITY_MANAGER)
    User.objects.filter(pk=account.pk).update(email=address)
    alert = make.alert(w.institution, w.equipment, subject="<script>alert(1)</script>\nBcc: c@example.com")
    delivery = Delivery.objects.create(institution=w.institution, user=account, day=DAY, alerts=[alert.pk])
    with contextlib.suppress(ValueError):
        digest.send_digest(delivery.pk)
    assert mail.outbox == []
    subject, text, html = digest.written(delivery)
    assert "\n" not in subject and "<script>" not in html
