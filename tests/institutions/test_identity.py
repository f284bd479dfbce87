"""ID numbers and phones: checked, sealed, masked, matched without a word, and shown once to who says why."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from stdnum.cn import ric

from institutions import identity
from institutions.models import Employment, Person
from portal import sealing, stepup
from portal.actors import Actor
from portal.models import AuditEntry, StepUp
from portal.permissions import Permission, Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON, PASSWORD

BORN = date(1985, 5, 1)
NUMBER = identity.fictional_id_number(BORN, 7)
OTHER = identity.fictional_id_number(BORN, 8)
PHONE = "13800005678"


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.ADMINISTRATOR)


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川", birth_date=BORN)


def identified(row, keeper, id_number=NUMBER, phone=PHONE):
    with tenant(row.institution_id):
        return identity.set_identity(row, id_number, phone, actor=keeper, at=NOON)


def desk(client, lab, *roles):
    client.force_login(make.user(lab, *roles))
    return client


def asks(browser, row, what="id_number", reason="办理社保", password=PASSWORD):
    url = f"/i/alpha/people/{row.ref}/unmask/"
    return browser.post(url, {"what": what, "reason": reason, "own_password": password})


# --- on record


def test_number_and_phone_are_sealed(person, keeper):
    row = Employment.objects.get(pk=identified(person, keeper).pk)
    assert NUMBER not in row.id_number_sealed and PHONE not in row.phone_sealed
    assert (sealing.unseal(row.id_number_sealed), sealing.unseal(row.phone_sealed)) == (NUMBER, PHONE)


@pytest.mark.parametrize(
    ("typed", "kept"), [("138 0000 5678", PHONE), ("+86-138-0000-5678", PHONE), ("１３８００００５６７８", PHONE)]
)
def test_a_phone_is_understood_as_people_type_it(person, keeper, typed, kept):
    assert sealing.unseal(identified(person, keeper, phone=typed).phone_sealed) == kept


def test_a_number_is_understood_with_blanks_and_a_small_x(person, keeper):
    ending = next(n for n in (identity.fictional_id_number(BORN, order) for order in range(99)) if n.endswith("X"))
    typed = f" {ending[:6]} {ending[6:14]} {ending[14:].lower()}"
    assert sealing.unseal(identified(person, keeper, typed).id_number_sealed) == ending


@pytest.mark.parametrize(
    ("id_number", "phone", "sentence"),
    [
        (NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), "", "最后一位对不上"),
        (NUMBER[:-1], "", "18 位"),
        ("x" * 18, "", "18 位"),
        ("99999919850501007" + ric.calc_check_digit("999999198505010070"), "", "地区或出生日期不存在"),
        ("00000019851301007" + ric.calc_check_digit("000000198513010070"), "", "地区或出生日期不存在"),
        (identity.fictional_id_number(date(1985, 5, 2), 7), "", "出生日期不同"),
        ("", "12345678901", "11 位数字"),
        ("", "0990-5550100", "11 位数字"),
        ("", "1" * 500, "11 位数字"),
    ],
)
def test_what_can_be_no_number_is_refused_with_what_to_do(person, keeper, id_number, phone, sentence):
    with pytest.raises(Refused, match=sentence):
        identified(person, keeper, id_number, phone)
    assert not Employment.objects.get(pk=person.pk).id_number_sealed


def test_a_real_number_is_taken(lab, keeper):
    row = make.employment(lab, birth_date=date(1991, 1, 1))
    assert identified(row, keeper, "360426199101010071", "").id_number_sealed


def test_production_takes_no_invented_number(person, keeper, settings):
    settings.APP_ENV = "production"
    with pytest.raises(Refused, match="地区"):
        identified(person, keeper)


def test_an_empty_text_leaves_what_was_there(person, keeper):
    row = identified(identified(person, keeper), keeper, "", "")
    assert sealing.unseal(row.id_number_sealed) == NUMBER and sealing.unseal(row.phone_sealed) == PHONE


def test_entering_numbers_is_a_right(lab, person):
    with pytest.raises(PermissionDenied):
        identified(person, make.actor(lab, Role.OPERATOR))
    with pytest.raises(PermissionDenied):
        identified(person, Actor(name="system:anything", institution_id=lab.pk))


def test_the_trail_says_that_and_never_what(person, keeper):
    identified(identified(person, keeper), keeper, OTHER, "")
    entries = AuditEntry.objects.filter(verb="employment.set_identity").order_by("pk")
    assert [entry.changes.get("id_number_sealed") for entry in entries] == [["", "已登记"], ["已登记", "已更改"]]
    assert all(secret not in str(entry.changes) for entry in entries for secret in (NUMBER, OTHER, PHONE, "sealed:"))


# --- one person at two institutions


def test_the_same_number_at_two_institutions_is_one_person(person, keeper):
    other = make.institution("beta")
    elsewhere = make.employment(
        other, "沈若川", birth_date=BORN, ended_on=date(2014, 12, 31), started_on=date(2010, 1, 1)
    )
    first = identified(person, keeper)
    second = identified(elsewhere, make.actor(other, Role.ADMINISTRATOR))
    assert first.person_id == second.person_id != elsewhere.person_id


def test_nobody_is_told_that_a_number_was_known(person, keeper):
    other = make.institution("beta")
    before = {"started_on": date(2010, 1, 1), "ended_on": date(2014, 12, 31)}
    identified(make.employment(other, birth_date=BORN, **before), make.actor(other, Role.ADMINISTRATOR))
    identified(person, keeper)
    entry = AuditEntry.objects.get(verb="employment.set_identity", target_id=person.pk)
    assert entry.changes == {"id_number_sealed": ["", "已登记"], "phone_sealed": ["", "已登记"]}


def test_a_corrected_number_leaves_the_person_it_was_first_taken_for(person, keeper):
    first = identified(person, keeper)
    second = identified(first, keeper, OTHER)
    assert second.person_id != first.person_id
    assert Person.objects.get(pk=first.person_id).identity_digest == sealing.keyed_digest(NUMBER, "id number")


def test_the_digest_is_no_hash_that_can_be_guessed_without_the_key(person, keeper):
    import hashlib

    digest = Person.objects.get(pk=identified(person, keeper).person_id).identity_digest
    assert len(digest) == 64 and digest != hashlib.sha256(NUMBER.encode()).hexdigest()


# --- on the page


def test_the_page_shows_masked_forms_only(client, lab, person, keeper):
    identified(person, keeper)
    for role in (Role.ADMINISTRATOR, Role.OPERATOR):
        text = desk(client, lab, role).get(f"/i/alpha/people/{person.ref}/").content.decode()
        assert f"000***********{NUMBER[-4:]}" in text and "138****5678" in text and "1985 年" in text
        assert NUMBER not in text and PHONE not in text and "1985-05-01" not in text


@pytest.mark.parametrize(("what", "text"), [("id_number", NUMBER), ("phone", PHONE), ("birth_date", "1985-05-01")])
def test_who_holds_the_right_and_says_why_sees_one_fact_once(client, lab, person, keeper, what, text):
    identified(person, keeper)
    browser = desk(client, lab, Role.QUALITY_MANAGER)
    answer = asks(browser, person, what)
    assert answer.status_code == 200 and text in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert text not in browser.get(f"/i/alpha/people/{person.ref}/").content.decode()


def test_who_looked_at_what_and_why_is_in_the_trail_without_the_fact(client, lab, person, keeper):
    identified(person, keeper)
    asks(desk(client, lab, Role.ADMINISTRATOR), person)
    entry = AuditEntry.objects.get(verb="employment.unmask")
    assert (entry.reason, entry.changes) == ("办理社保", {"field": ["", "身份证号"]})
    assert StepUp.objects.get(act="employment.unmask", target_id=person.pk).used_at


def test_without_the_right_nothing_is_shown(client, lab, person, keeper):
    identified(person, keeper)
    browser = desk(client, lab, Role.OPERATOR)
    assert "查看原文" not in browser.get(f"/i/alpha/people/{person.ref}/").content.decode()
    assert asks(browser, person).status_code == 403
    assert asks(browser, person, password="wrong").status_code == 403  # told before anything typed is looked at


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ({"password": "wrong"}, 409, "密码不对"),
        ({"reason": " "}, 422, "请填写这一项"),
        ({"what": "person_id"}, 422, "没有“person_id”这一项"),
    ],
)
def test_without_proof_or_reason_nothing_is_shown_and_what_was_typed_stays(
    client, lab, person, keeper, typed, status, sentence
):
    identified(person, keeper)
    answer = asks(desk(client, lab, Role.ADMINISTRATOR), person, **{"reason": "核对证件原件", **typed})
    text = answer.content.decode()
    assert answer.status_code == status and sentence in text and NUMBER not in text
    assert "reason" in typed or "核对证件原件" in text
    assert not AuditEntry.objects.filter(verb="employment.unmask", succeeded=True).exists()


def test_a_proof_for_one_fact_shows_no_other(lab, person, keeper):
    row = identified(person, keeper)
    stepup.grant(keeper.user_id, "employment.unmask", row, sha256=identity.bound_to("phone"), method="command")
    with pytest.raises(Refused, match="本人确认"):
        identity.reveal(row, "id_number", reason="核对", actor=keeper, at=NOON)
    assert identity.reveal(row, "phone", reason="核对", actor=keeper, at=NOON) == PHONE


def test_a_lost_key_is_said_and_the_page_stays(client, lab, person, keeper):
    identified(person, keeper)
    Employment.objects.filter(pk=person.pk).update(id_number_sealed="from another key")
    browser = desk(client, lab, Role.ADMINISTRATOR)
    assert "无法读取" in browser.get(f"/i/alpha/people/{person.ref}/").content.decode()
    answer = asks(browser, person)
    assert answer.status_code == 409 and "密钥" in answer.content.decode()


def test_only_administrators_and_quality_managers_may_see_originals():
    from portal.permissions import GRANTS

    holders = {role for role, rights in GRANTS.items() if Permission.PERSON_UNMASK in rights}
    assert holders == {Role.ADMINISTRATOR, Role.QUALITY_MANAGER}
