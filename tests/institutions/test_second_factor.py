"""The second factor: set up once, asked for at each sign-in, each code good once."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from institutions import limits, recovery_codes, second_factor
from institutions.models import Membership, RecoveryCode, SecondFactor, UserSession
from institutions.sessions import PROVEN
from portal import outbox
from portal.models import StepUp
from portal.permissions import SECOND_FACTOR_ROLES, Role
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 4, 0, 10, tzinfo=UTC)
TODAY = "/i/alpha/"


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def signatory(lab):
    """Somebody with a second factor, and the recovery codes."""
    user = make.user(lab, Role.SIGNATORY, name="陈慕白")
    user.codes = make.second_factor_of(user)
    return user


def password(client, user, **fields):
    return client.post("/login/", {"username": user.username, "password": make.PASSWORD, **fields})


def code_at(user, at):
    return pyotp.TOTP(second_factor.stable_secret(user.username)).at(at)


# --- codes


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_of_the_step_before_and_after_is_taken_and_no_other(signatory, seconds, taken):
    assert second_factor.verify(signatory.pk, code_at(signatory, NOW + timedelta(seconds=seconds)), at=NOW) is taken


def test_a_code_is_good_once(signatory):
    assert second_factor.verify(signatory.pk, code_at(signatory, NOW), at=NOW)
    assert not second_factor.verify(signatory.pk, code_at(signatory, NOW), at=NOW)


def test_an_older_code_is_not_taken_after_a_newer_one(signatory):
    assert second_factor.verify(signatory.pk, code_at(signatory, NOW), at=NOW)
    assert not second_factor.verify(signatory.pk, code_at(signatory, NOW - timedelta(seconds=30)), at=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_with_the_same_code_at_the_same_moment_one_gets_in():
    user = make.user(make.institution(), Role.SIGNATORY)
    make.second_factor_of(user)
    typed = code_at(user, NOW)
    assert sorted(at_once(*[lambda: second_factor.verify(user.pk, typed, at=NOW)] * 4)) == [False, False, False, True]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３", "\x00", "9" * 5000])
def test_what_is_no_code_is_no_code(signatory, typed):
    assert not second_factor.verify(signatory.pk, typed, at=NOW)


def test_blanks_and_full_width_figures_are_understood(signatory):
    code = code_at(signatory, NOW)
    wide = code.translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert second_factor.verify(signatory.pk, f" {wide[:3]} {wide[3:]} ", at=NOW)


def test_the_secret_is_not_legible_in_the_database(signatory):
    stored = SecondFactor.objects.get(user=signatory).secret_sealed
    assert second_factor.stable_secret(signatory.username) not in stored


def test_a_recovery_code_is_good_once_however_it_is_typed(signatory):
    assert recovery_codes.use(signatory.pk, signatory.codes[0].lower().replace("-", " "))
    assert not recovery_codes.use(signatory.pk, signatory.codes[0])
    assert recovery_codes.left(signatory.pk) == 9


def test_a_recovery_code_is_of_one_person(signatory, lab):
    assert not recovery_codes.use(make.user(lab, Role.SIGNATORY).pk, signatory.codes[0])


def test_recovery_codes_are_not_legible_in_the_database(signatory):
    stored = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code.replace("-", "") in stored.upper() for code in signatory.codes)


# --- signing in


def test_the_password_alone_signs_nobody_in_who_has_a_second_factor(client, signatory):
    page = password(client, signatory)
    assert page.status_code == 200 and "动态验证码" in page.text
    assert client.get(TODAY).status_code == 401
    assert not UserSession.objects.filter(user_id=signatory.pk).exists()


def test_password_and_code_sign_in_and_lead_on(client, signatory):
    password(client, signatory)
    assert client.post("/login/code/", {"otp": make.code(signatory)})["Location"] == TODAY
    assert client.get(TODAY).status_code == 200


def test_a_code_without_the_password_before_it_is_too_late(client, signatory):
    answer = client.post("/login/code/", {"otp": make.code(signatory)})
    assert answer.status_code == 401 and "重新登录" in answer.text


def test_five_minutes_after_the_password_the_code_comes_too_late(client, signatory):
    password(client, signatory)
    session = client.session
    session["pending"] |= {"at": session["pending"]["at"] - 301}
    session.save()
    assert client.post("/login/code/", {"otp": make.code(signatory)}).status_code == 401


def test_a_wrong_code_is_refused_in_words_and_the_page_asked_for_is_kept(client, signatory):
    password(client, signatory, next="/i/alpha/people/")
    answer = client.post("/login/code/", {"otp": "000000", "next": "/i/alpha/people/"})
    assert answer.status_code == 401 and "下一个验证码" in answer.text
    assert 'name="next" value="/i/alpha/people/"' in answer.text


def test_codes_cannot_be_guessed_in_numbers(client, signatory):
    password(client, signatory)
    for _ in range(limits.FREE_FAILURES):
        client.post("/login/code/", {"otp": "000000"})
    answer = client.post("/login/code/", {"otp": make.code(signatory)})
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0


def test_a_recovery_code_signs_in_and_its_owner_hears_of_it(client, signatory):
    type(signatory).objects.filter(pk=signatory.pk).update(email="chen@alpha.example")
    password(client, signatory)
    assert client.post("/login/code/", {"recovery": signatory.codes[3]}).status_code == 302
    outbox.drain()
    assert "/account/freeze/" in mail.outbox[0].body


def test_the_session_key_changes_with_every_step(client, signatory):
    client.get("/login/")
    keys = []
    for url, typed in (
        ("/login/", {"username": signatory.username, "password": make.PASSWORD}),
        ("/login/code/", {"otp": make.code(signatory)}),
    ):
        client.post(url, typed)
        keys.append(client.cookies["session"].value)
    assert len(set(keys)) == 2


def test_a_session_knows_from_where_and_with_what_it_was_begun(lab):
    browser = Client(REMOTE_ADDR="198.51.100.7", headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
    user = make.user(lab, Role.OPERATOR)
    password(browser, user)
    row = UserSession.objects.get(user_id=user.pk)
    assert (row.address, row.agent) == ("198.51.100.7", "Mozilla/5.0 Firefox/140.0")


# --- roles that ask for it


def without_factor(lab, role, **kwargs):
    """A browser in which somebody of the role signed in by password; there is no second factor yet."""
    browser, user = Client(), make.regulator() if role == Role.REGULATOR else make.user(lab, role, **kwargs)
    password(browser, user)
    return browser


@pytest.mark.parametrize("role", sorted(SECOND_FACTOR_ROLES - {Role.PLATFORM_OPERATOR}))
def test_a_role_that_asks_for_a_second_factor_is_led_to_set_it_up_before_anything_else(lab, role):
    browser = without_factor(lab, role)
    for page in (TODAY, "/o/") if role == Role.REGULATOR else (TODAY, "/i/alpha/people/"):
        assert browser.get(page)["Location"].startswith("/account/factor/?next=")


@pytest.mark.parametrize("role", sorted(set(Role) - SECOND_FACTOR_ROLES))
def test_other_roles_work_with_a_password(lab, role):
    assert without_factor(lab, role).get(TODAY).status_code == 200


def test_a_script_without_a_second_factor_is_told_in_json(lab):
    answer = without_factor(lab, Role.SIGNATORY).post(TODAY, headers={"Accept": "application/json"})
    assert answer.status_code == 403 and "第二因素" in answer.json()["message"]


def test_a_form_sent_after_a_new_role_is_kept_until_the_factor_is_there(lab):
    user, browser = make.user(lab, Role.OPERATOR), Client()
    password(browser, user)
    with tenant(lab.pk):
        Membership.objects.filter(user=user).update(roles=[Role.ADMINISTRATOR])
    answer = browser.post("/i/alpha/settings/members/invite/", {"name": "沈若川", "own_password": "secret"})
    assert answer.status_code == 403 and 'value="沈若川"' in answer.text
    assert "secret" not in answer.text


def test_an_ordinary_page_asks_nothing_about_factors_or_proofs(client, lab, signatory):
    client.force_login(signatory)
    client.get(TODAY)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(TODAY)
    sql = " ".join(query["sql"] for query in asked)
    assert "secondfactor" not in sql and "stepup" not in sql and "recoverycode" not in sql


# --- setting up


def shown_secret(page):
    pieces = re.search(r'<p class="secret">(.*?)</p>', page, re.DOTALL).group(1)
    return "".join(re.findall(r"<span>([A-Z2-7]+)</span>", pieces))


def filled_in(browser):
    """The page for a new phone as its owner fills it in."""
    page = browser.get("/account/factor/").text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page).group(1)
    return {"sealed": sealed, "code": pyotp.TOTP(shown_secret(page)).now(), "own_password": make.PASSWORD}


def set_up(browser, **fields):
    return browser.post("/account/factor/", filled_in(browser) | fields)


def shown_codes(page):
    return re.findall(r"<li>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</li>", page)


def test_a_phone_is_set_up_by_its_first_code_and_ten_recovery_codes_are_shown(lab):
    browser = without_factor(lab, Role.SIGNATORY)
    page = set_up(browser)
    assert len(shown_codes(page.text)) == 10 and "no-store" in page["Cache-Control"]
    assert browser.get(TODAY).status_code == 200


def test_a_wrong_first_code_sets_nothing_up(lab):
    browser = without_factor(lab, Role.SIGNATORY)
    assert set_up(browser, code="000000").status_code == 400
    assert not SecondFactor.objects.exists()


def test_the_code_that_set_the_phone_up_does_not_sign_in_again(lab):
    user, browser = make.user(lab, Role.SIGNATORY), Client()
    password(browser, user)
    typed = filled_in(browser)
    assert browser.post("/account/factor/", typed).status_code == 200
    password(browser, user)
    assert browser.post("/login/code/", {"otp": typed["code"]}).status_code == 401


def test_setting_up_ends_every_other_session(lab):
    user, browser, other = make.user(lab, Role.OPERATOR), Client(), Client()
    password(browser, user)
    password(other, user)
    set_up(browser)
    assert browser.get(TODAY).status_code == 200
    assert other.get(TODAY).status_code == 401


def test_a_stolen_session_cannot_put_another_phone_in_place(client, signatory):
    client.force_login(signatory)
    assert [set_up(client, proof=guess).status_code for guess in ("", "000000")] == [400, 400]
    assert second_factor.verify(signatory.pk, code_at(signatory, NOW), at=NOW)


def test_the_old_phone_or_a_recovery_code_puts_a_new_phone_in_place(client, signatory):
    client.force_login(signatory)
    assert len(shown_codes(set_up(client, proof=signatory.codes[0]).text)) == 10
    assert not recovery_codes.use(signatory.pk, signatory.codes[1])


def test_the_password_is_asked_again_before_a_phone_is_set_up(lab, client):
    client.force_login(make.user(lab, Role.OPERATOR))
    assert [set_up(client, own_password=guess).status_code for guess in ("", "wrong wrong")] == [400, 400]
    assert set_up(client, own_password=make.PASSWORD).status_code == 200


# --- giving up and taking away


def test_who_needs_no_factor_may_give_it_up_with_a_code(client, lab):
    user = make.user(lab, Role.OPERATOR)
    make.second_factor_of(user)
    client.force_login(user)
    client.post("/account/factor/off/", {"otp": "000000"})
    assert second_factor.has_factor(user.pk)
    client.post("/account/factor/off/", {"otp": make.code(user)})
    assert not second_factor.has_factor(user.pk)


def test_who_needs_a_factor_cannot_give_it_up(client, signatory):
    client.force_login(signatory)
    answer = client.post("/account/factor/off/", {"otp": make.code(signatory)}, follow=True)
    assert "不能停用" in answer.text and second_factor.has_factor(signatory.pk)


@pytest.fixture
def desk(lab):
    """A browser in which an administrator with a second factor is signed in."""
    browser, browser.user = Client(), make.user(lab, Role.ADMINISTRATOR, name="程以恒")
    make.second_factor_of(browser.user)
    browser.force_login(browser.user)
    return browser


def remove(desk, lab, user, **fields):
    with tenant(lab.pk):
        ref = Membership.objects.get(user=user).ref
    typed = {"factor-reason": "手机丢失，已当面核实", "otp": make.code(desk.user), **fields}
    return desk.post(f"/i/alpha/settings/members/{ref}/factor/", typed)


def link_in_mail():
    outbox.drain()
    return re.search(r"http://[^/]+(/login/factor/\S+)", mail.outbox[-1].body).group(1)


@pytest.fixture
def bereft(signatory, desk, lab):
    """A signatory whose factor an administrator has removed."""
    type(signatory).objects.filter(pk=signatory.pk).update(email="chen@alpha.example")
    browser = Client()
    browser.force_login(signatory)
    assert remove(desk, lab, signatory).status_code == 302
    assert browser.get(TODAY).status_code == 401
    signatory.refresh_from_db()
    return signatory


def test_an_administrator_needs_a_code_of_its_own_to_remove_a_factor(signatory, desk, lab):
    answer = remove(desk, lab, signatory, otp="000000")
    assert answer.status_code == 401 and "手机丢失，已当面核实" in answer.text
    assert second_factor.has_factor(signatory.pk)


def test_nobody_removes_its_own_factor_as_an_administrator(desk, lab):
    assert remove(desk, lab, desk.user).status_code == 400
    assert second_factor.has_factor(desk.user.pk)


def test_after_a_removal_the_password_alone_opens_nothing(client, bereft):
    assert "还差一步" in password(client, bereft).text
    assert client.get(TODAY).status_code == 401
    assert client.get("/account/factor/").status_code == 302


def test_after_a_removal_the_mailed_link_leads_to_a_new_factor_before_anything_else(client, bereft):
    password(client, bereft)
    client.get(link_in_mail())
    assert client.get(TODAY)["Location"].startswith("/account/factor/")
    assert len(shown_codes(set_up(client).text)) == 10
    assert client.get(TODAY).status_code == 200


def test_the_mailed_link_opens_nothing_without_the_password(client, bereft):
    password(client, bereft)
    link = link_in_mail()
    thief = Client()
    assert thief.get(link).status_code == 404
    assert thief.get("/account/").status_code == 302


def test_the_mailed_link_is_void_once_a_new_factor_is_there(client, bereft):
    password(client, bereft)
    link = link_in_mail()
    client.get(link)
    set_up(client)
    assert second_factor.linked_user(link.split("/")[-2]) is None


def test_who_begins_again_after_a_removal_without_finishing_needs_a_new_link(client, bereft):
    password(client, bereft)
    client.get(link_in_mail())
    another = Client()
    assert "还差一步" in password(another, bereft).text


# --- the proof before an act


def test_a_wrong_proof_grants_nothing_and_is_in_the_trail(signatory, desk, lab):
    from portal.models import AuditEntry

    remove(desk, lab, signatory, otp="000000")
    assert not StepUp.objects.exists()
    with tenant(lab.pk):
        assert AuditEntry.objects.filter(verb="user.prove", succeeded=False).exists()


def test_who_has_a_factor_cannot_prove_by_password(signatory, desk, lab):
    assert remove(desk, lab, signatory, otp="", own_password=make.PASSWORD).status_code == 401


# --- commands and the demonstration


def test_the_command_prints_the_code_of_now(signatory, capsys):
    call_command("totp", signatory.username)
    assert capsys.readouterr().out.strip() == make.code(signatory)


def test_the_command_refuses_production(signatory, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("totp", signatory.username)


@pytest.mark.parametrize(("environment", "shown"), [("dev", True), ("test", False), ("production", False)])
def test_only_a_developers_machine_shows_the_code_on_the_page(client, signatory, settings, environment, shown):
    settings.APP_ENV = environment
    code = second_factor.current_code(signatory.pk, at=timezone.now())
    assert (code in password(client, signatory).text) is shown


def test_a_session_says_whether_the_factor_was_proven(client, signatory, lab):
    password(client, signatory)
    assert PROVEN not in client.session
    client.post("/login/code/", {"otp": make.code(signatory)})
    assert PROVEN in client.session
