"""The pages of people: what they show, what they refuse, and that nothing typed is lost."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from institutions import identity
from institutions.models import Authorisation, Employment, TrainingAttendance
from institutions.people import granting
from portal.permissions import Role
from portal.registers import REGISTERS
from portal.tenancy import tenant
from tests import make

A = Authorisation.Role
BORN = date(1985, 5, 1)
NUMBER = identity.fictional_id_number(BORN, 7)
TODAY = timezone.localdate


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川", staff_number="A07", person=make.known_person())


@pytest.fixture
def desk(client, lab):
    def sits(*roles):
        client.force_login(make.user(lab, *roles))
        return client

    return sits


def text(response):
    return response.content.decode()


NEW = {
    "name": "许知远", "staff_number": "A01", "kind": "on_post", "birth_date": "1985-05-01", "started_on": "2024-03-01",
    "full_time": "on", "is_technical": "on",
}  # fmt: skip


# --- somebody begins


def test_a_new_person_is_recorded_with_a_sealed_number(desk):
    response = desk(Role.ADMINISTRATOR).post("/i/alpha/people/new/", NEW | {"id_number": NUMBER, "phone": ""})
    row = Employment.objects.get()
    assert response.status_code == 302 and response.url == f"/i/alpha/people/{row.ref}/"
    assert row.person.identity_digest and NUMBER not in row.id_number_sealed


def test_a_wrong_check_digit_is_told_and_the_form_keeps_what_was_typed(desk):
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    response = desk(Role.ADMINISTRATOR).post("/i/alpha/people/new/", NEW | {"id_number": wrong})
    assert response.status_code == 409 and "最后一位对不上" in text(response) and 'value="A01"' in text(response)
    assert not Employment.objects.exists()


def test_two_employers_are_told_without_the_other_ones_name(desk):
    other = make.institution("beta", name="贝塔计量院")
    with tenant(other.pk):
        row = make.employment(other, birth_date=BORN)
        identity.set_identity(row, NUMBER, "", actor=make.actor(other, Role.ADMINISTRATOR), at=make.NOON)
    page = desk(Role.ADMINISTRATOR).post("/i/alpha/people/new/", NEW | {"id_number": NUMBER})
    assert page.status_code == 409 and "另一家计量技术机构" in text(page) and "C-5.1.5" in text(page)
    assert "贝塔" not in text(page)


def test_who_may_not_record_numbers_is_not_asked_for_them(desk):
    page = desk(Role.QUALITY_MANAGER).get("/i/alpha/people/new/")
    assert page.status_code == 200 and "id_number" not in text(page)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "请填写"),
        ({"birth_date": "1800-01-01"}, "年份 1800 不对"),
        ({"started_on": "昨天"}, "日期看不懂"),
        ({"kind": "friend"}, "没有“friend”这一项"),
        ({"department": "\x00"}, "不在列表里"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(desk, change, sentence):
    page = desk(Role.ADMINISTRATOR).post("/i/alpha/people/new/", NEW | change)
    assert page.status_code == 422 and sentence in text(page)


@pytest.mark.parametrize(
    "path", ["people/new/", "people/{}/amend/", "people/{}/leave/", "people/{}/authorise/", "people/{}/withdraw/"]
)
def test_who_keeps_no_people_finds_no_form(desk, person, path):
    assert desk(Role.OPERATOR).get(f"/i/alpha/{path.format(person.ref)}").status_code == 403


# --- corrected, left


AMENDED = NEW | {"name": "沈若川", "staff_number": "A07", "started_on": "2015-01-01", "revision": "1"}


def test_a_correction_is_kept_and_the_second_of_two_sees_what_is_stored(desk, person):
    browser = desk(Role.QUALITY_MANAGER)
    url = f"/i/alpha/people/{person.ref}/amend/"
    assert browser.post(url, AMENDED | {"post": "压力室主任"}).status_code == 302
    late = browser.post(url, AMENDED | {"post": "校准员"})
    assert late.status_code == 409 and "别人改过" in text(late) and 'value="校准员"' in text(late)
    assert 'name="revision" value="2"' in text(late)
    assert Employment.objects.get().post == "压力室主任"


def test_the_form_of_a_correction_does_not_tell_the_birthday_and_keeps_it(desk, person):
    browser, url = desk(Role.TECHNICAL_MANAGER), f"/i/alpha/people/{person.ref}/amend/"
    assert "1985-05-01" not in text(browser.get(url))
    assert browser.post(url, AMENDED | {"birth_date": ""}).status_code == 302
    assert Employment.objects.get().birth_date == BORN
    assert browser.post(url, AMENDED | {"birth_date": "1984-05-01", "revision": "2"}).status_code == 302
    assert Employment.objects.get().birth_date == date(1984, 5, 1)


def test_leaving_tells_what_ends_and_whose_account_is_open(desk, lab, person):
    make.authorisation(lab, person, A.CHECKER)
    account = make.user(lab, Role.CHECKER, employment=person)
    page = desk(Role.QUALITY_MANAGER).post(
        f"/i/alpha/people/{person.ref}/leave/", {"on": TODAY().isoformat(), "reason": "合同到期"}, follow=True
    )
    assert "最后在职日" in text(page) and f"登录账号 {account.username} 还能使用" in text(page)
    assert Authorisation.objects.get().valid_until == TODAY()


def test_a_leave_without_a_day_says_so(desk, person):
    page = desk(Role.QUALITY_MANAGER).post(f"/i/alpha/people/{person.ref}/leave/", {"on": "", "reason": "合同到期"})
    assert page.status_code == 422 and "合同到期" in text(page)


# --- the list


def test_the_list_shows_who_is_stopped_and_can_be_narrowed(desk, lab, person):
    make.credential(lab, person, valid_until=TODAY() + timedelta(20))
    make.authorisation(lab, person, A.CHECKER)
    other = make.employment(lab, "许知远", staff_number="A08")
    make.authorisation(
        lab, other, A.CALIBRATOR, state="suspended", suspended_on=date(2026, 1, 1), suspended_because="证书到期"
    )
    browser = desk(Role.QUALITY_MANAGER)
    found = {
        "": {"沈若川", "许知远"}, "?state=stopped": {"许知远"}, "?role=checker": {"沈若川"}, "?role=calibrator": set(),
        "?papers=due": {"沈若川"}, "?papers=none": {"许知远"}, "?q=A08": {"许知远"}, "?state=left": set(), "?state=x": {"沈若川", "许知远"},
        "?state=waiting": set(),
    }  # fmt: skip
    for query, names in found.items():
        page = text(browser.get(f"/i/alpha/people/{query}"))
        assert {name for name in ("沈若川", "许知远") if f">{name}</a>" in page} == names, query


# --- one person


def test_the_page_says_what_is_missing_before_anybody_asks(desk, lab, person):
    page = text(desk(Role.QUALITY_MANAGER).get(f"/i/alpha/people/{person.ref}/?role=calibrator&field=压力"))
    assert all(clause in page for clause in ("C-5.1.4", "B-5.7-d-s1", "B-4.5-d"))
    assert f"/i/alpha/registers/credentials/new/?employment={person.ref}" in page
    make.trained(lab, person)
    make.credential(lab, person)
    page = text(desk(Role.OPERATOR).get(f"/i/alpha/people/{person.ref}/?role=calibrator&field=压力"))
    assert "条件都满足" in page


@pytest.mark.parametrize("query", ["?role=calibrator", "?role=nonsense&field=%00", "?role=checker&field=" + "长" * 400])
def test_a_question_that_names_no_role_or_field_is_no_error(desk, person, query):
    assert desk(Role.OPERATOR).get(f"/i/alpha/people/{person.ref}/{query}").status_code == 200


def test_the_page_shows_why_an_authorisation_is_suspended(desk, lab, person):
    make.authorisation(
        lab, person, A.CHECKER, state="suspended", suspended_on=date(2026, 1, 1), suspended_because="证书 3 月 5 日到期"
    )
    page = text(desk(Role.OPERATOR).get(f"/i/alpha/people/{person.ref}/"))
    assert "证书 3 月 5 日到期" in page and "2026-01-01 起暂停" in page


# --- an authorisation from proposal to grant


def test_a_proposal_goes_to_the_technical_manager_who_sees_what_is_missing_and_grants(desk, lab, person):
    typed = {"role": "checker", "field": "压力", "certificate_number": "授-07", "valid_from": TODAY().isoformat()}
    response = desk(Role.QUALITY_MANAGER).post(f"/i/alpha/people/{person.ref}/authorise/", typed)
    row = Authorisation.objects.get()
    assert response.url == f"/i/alpha/authorisations/{row.ref}/"
    manager = desk(Role.TECHNICAL_MANAGER)
    page = text(manager.get(response.url))
    assert "B-4.5-d" in page and f"{response.url}grant/" not in page
    assert manager.post(f"{response.url}grant/").status_code == 409
    make.credential(lab, person)
    assert f"{response.url}grant/" in text(manager.get(response.url))
    assert manager.post(f"{response.url}grant/").status_code == 302
    assert Authorisation.objects.get().state == "granted"


def test_who_may_only_propose_is_offered_no_grant(desk, lab, person):
    make.credential(lab, person)
    values = {"role": "checker", "field": "压力", "certificate_number": "授-07", "valid_from": TODAY()}
    row = granting.propose(person, values, actor=make.actor(lab, Role.QUALITY_MANAGER), at=timezone.now())
    browser = desk(Role.QUALITY_MANAGER)
    assert f"{row.ref}/grant/" not in text(browser.get(f"/i/alpha/authorisations/{row.ref}/"))
    assert browser.post(f"/i/alpha/authorisations/{row.ref}/grant/").status_code == 403


def test_declining_and_revoking_ask_for_a_reason(desk, lab, person):
    row = make.authorisation(lab, person, A.CHECKER)
    browser = desk(Role.TECHNICAL_MANAGER)
    assert browser.post(f"/i/alpha/authorisations/{row.ref}/revoke/", {"reason": ""}).status_code == 422
    assert browser.post(f"/i/alpha/authorisations/{row.ref}/revoke/", {"reason": "调岗"}).status_code == 302
    late = browser.post(f"/i/alpha/authorisations/{row.ref}/revoke/", {"reason": "再次"})
    assert late.status_code == 409 and "当前状态是“已撤销”" in text(late)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"role": ""}, "请选择一项"), ({"valid_from": ""}, "请填写日期"), ({"valid_until": "2020-01-01"}, "早于有效期自")],
)
def test_a_proposal_that_makes_no_sense_keeps_what_was_typed(desk, person, change, sentence):
    typed = {"role": "checker", "field": "压力", "certificate_number": "授-07", "valid_from": TODAY().isoformat()}
    page = desk(Role.QUALITY_MANAGER).post(f"/i/alpha/people/{person.ref}/authorise/", typed | change)
    assert page.status_code in (409, 422) and sentence in text(page) and "授-07" in text(page)


# --- who can do what


def test_the_matrix_marks_fields_with_fewer_than_two_operators(desk):
    w = make.laboratory()
    page = text(desk(Role.OPERATOR).get("/i/alpha/people/matrix/"))
    assert "1 个专业少于两人" in page and ">沈若川</a>" in page
    second = make.employment(w.institution, "许知远二")
    make.authorisation(w.institution, second, A.CALIBRATOR)
    page = text(desk(Role.OPERATOR).get("/i/alpha/people/matrix/"))
    assert "少于两人" not in page and "2 人" in page


# --- a training's list


@pytest.fixture
def training(lab):
    return make.trained(lab, make.employment(lab, "先到的人"), "law", held_on=date(2026, 2, 1))[0].training


def test_a_whole_list_is_recorded_at_once(desk, lab, person, training):
    other = make.employment(lab, "许知远")
    typed = {f"result-{person.ref}": "passed", f"score-{person.ref}": "９2.5", f"result-{other.ref}": ""}
    page = desk(Role.QUALITY_MANAGER).post(f"/i/alpha/trainings/{training.ref}/attendance/", typed, follow=True)
    assert "已登记 1 人" in text(page) and "沈若川" in text(page)
    row = TrainingAttendance.objects.get(employment=person)
    assert (row.result, str(row.score)) == ("passed", "92.5")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({}, "还没有选任何人"), ({"score": "90"}, "请选考核结果"), ({"result": "passed", "score": "很好"}, "不是数")],
)
def test_a_list_that_is_not_filled_in_says_what_is_missing(desk, person, training, typed, sentence):
    typed = {f"{name}-{person.ref}": value for name, value in typed.items()}
    page = desk(Role.QUALITY_MANAGER).post(f"/i/alpha/trainings/{training.ref}/attendance/", typed)
    assert page.status_code == 422 and sentence in text(page)
    assert not TrainingAttendance.objects.filter(employment=person).exists()


# --- the registers


CREDENTIAL = {
    "kind": "registered_metrologist", "level": "level_2", "speciality": "压力", "number": "注-1", "issuer": "省局（示）",
    "valid_from": "2024-01-01", "valid_until": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"level": ""}, "级别是：一级、二级"),
        ({"kind": "verifier_certificate"}, "不分级别"),
        ({"kind": "title", "level": "senior", "speciality": ""}, "职称证书上的专业"),
        ({"valid_until": "2023-12-31"}, "早于"),
        ({"number": "旧-1"}, "已登记给 沈若川"),
    ],
)
def test_a_credential_that_cannot_be_is_refused_with_what_to_do(desk, lab, person, change, sentence):
    make.credential(lab, person, number="旧-1", valid_from=date(2024, 1, 1))
    typed = CREDENTIAL | {"employment": person.ref} | change
    page = desk(Role.QUALITY_MANAGER).post("/i/alpha/registers/credentials/new/", typed)
    assert page.status_code in (409, 422) and sentence in text(page)


def test_a_title_from_before_1990_is_taken(desk, person):
    typed = CREDENTIAL | {"employment": person.ref, "valid_from": "1988-06-01"}
    assert desk(Role.QUALITY_MANAGER).post("/i/alpha/registers/credentials/new/", typed).status_code == 302


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"organiser_kind": "external"}, "组织单位"),
        ({"hours": "0"}, "training_takes_time|大于"),
        ({"hours": "1000.1"}, "太多"),
        ({"effectiveness": "好"}, "一起填"),
        ({"effectiveness": "好", "evaluated_on": "2026-01-31"}, "早于培训日期"),
    ],
)
def test_a_training_that_cannot_be_is_refused_with_what_to_do(desk, lab, change, sentence):
    typed = {"title": "法规", "kind": "law", "organiser_kind": "internal", "held_on": "2026-02-01", "hours": "8"}
    page = desk(Role.QUALITY_MANAGER).post("/i/alpha/registers/trainings/new/", typed | change)
    assert page.status_code in (409, 422) and any(part in text(page) for part in sentence.split("|"))


def test_nobody_is_in_a_trainings_list_twice_or_before_it_was_held(desk, lab, person, training):
    browser, typed = desk(Role.QUALITY_MANAGER), {"employment": person.ref, "result": "passed"}
    url = "/i/alpha/registers/attendances/new/"
    assert browser.post(url, typed | {"training": training.ref}).status_code == 302
    assert "已在这次培训的名单里" in text(browser.post(url, typed | {"training": training.ref}))
    future = make.trained(lab, make.employment(lab), "law", held_on=TODAY() + timedelta(30))[0].training
    assert "还没有举行" in text(browser.post(url, typed | {"training": future.ref}))


def test_every_register_of_people_opens(desk, person):
    browser = desk(Role.QUALITY_MANAGER)
    names = ["credentials", "experience", "trainings", "attendances", "training-plans", "protective-issues"]
    assert set(names) <= set(REGISTERS)
    for name in names:
        assert browser.get(f"/i/alpha/registers/{name}/").status_code == 200
        assert browser.get(f"/i/alpha/registers/{name}/new/?employment={person.ref}").status_code == 200
