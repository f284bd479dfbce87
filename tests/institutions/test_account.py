"""One's own account: open sign-ins, recovery codes, freezing and opening again, a forgotten password."""

import re
from datetime import timedelta

import pytest
from django.core import mail, signing
from django.test import Client
from django.utils import timezone

from institutions import freezing, recovery_codes, reset, second_factor
from institutions.models import LoginFailure, Membership, PasswordReset, User, UserSession
from institutions.words import browser as in_words
from portal import outbox
from portal.models import OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db

TODAY = "/i/alpha/"
NEW = "Ein neues Wort 42"


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def operator(lab):
    """Somebody with a password only."""
    user = make.user(lab, Role.OPERATOR, name="沈若川")
    User.objects.filter(pk=user.pk).update(email="shen@alpha.example")
    user.refresh_from_db()
    return user


@pytest.fixture
def signatory(lab):
    """Somebody with a second factor, and the recovery codes."""
    user = make.user(lab, Role.SIGNATORY, name="陈慕白")
    user.codes = make.second_factor_of(user)
    return user


def signed_in(user, **agent):
    browser = Client(**agent)
    answer = browser.post("/login/", {"username": user.username, "password": make.PASSWORD})
    if second_factor.has_factor(user.pk):
        answer = browser.post("/login/code/", {"otp": make.code(user)})
    assert answer.status_code == 302
    return browser


# --- open sign-ins


def test_the_page_lists_the_open_sign_ins_in_words(operator):
    signed_in(operator, REMOTE_ADDR="198.51.100.7", headers={"User-Agent": "Mozilla (Windows) Chrome/140 Edg/140"})
    page = signed_in(operator).get("/account/").text
    assert "198.51.100.7" in page and "Edge，Windows" in page and "这台设备" in page


def test_nobodys_session_key_stands_on_the_page(operator):
    signed_in(operator)
    page = signed_in(operator).get("/account/").text
    assert not any(key in page for key in UserSession.objects.values_list("session_key", flat=True))


def test_another_sign_in_is_ended_by_its_button(operator):
    here, other, third = (signed_in(operator) for _ in range(3))
    names = re.findall(r'name="session" value="([0-9a-f]{16})"', here.get("/account/").text)
    assert len(names) == 2
    here.post("/account/sessions/end/", {"session": names[0]})
    assert sorted(browser.get(TODAY).status_code for browser in (here, other, third)) == [200, 200, 401]


def test_all_other_sign_ins_are_ended_at_once(operator):
    here, other, third = (signed_in(operator) for _ in range(3))
    here.post("/account/sessions/end/", {"session": "others"})
    assert [browser.get(TODAY).status_code for browser in (here, other, third)] == [200, 401, 401]


def test_nobody_ends_the_sign_ins_of_others(operator, signatory):
    theirs = signed_in(signatory)
    mine = signed_in(operator)
    for wanted in ("others", UserSession.objects.get(user_id=signatory.pk).session_key, "x", "\x00"):
        mine.post("/account/sessions/end/", {"session": wanted})
    assert theirs.get(TODAY).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit Version/18 Safari/605", "Safari，macOS"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) MicroMessenger/8.0", "微信，iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Firefox，Linux"),
        ("curl/8", "未知浏览器"),
        ("", "未知浏览器"),
    ],
)
def test_a_browser_is_told_in_words(agent, words):
    assert in_words(agent) == words


# --- recovery codes


def test_new_recovery_codes_take_a_code_and_void_the_old_ones(signatory):
    browser = signed_in(signatory)
    assert browser.post("/account/codes/", {"otp": "000000"}).status_code == 401
    assert recovery_codes.left(signatory.pk) == 10
    page = browser.post("/account/codes/", {"otp": make.code(signatory)})
    codes = re.findall(r"<li>([0-9A-Z-]{14})</li>", page.text)
    assert len(codes) == 10
    assert not recovery_codes.use(signatory.pk, signatory.codes[0])
    assert recovery_codes.use(signatory.pk, codes[0])


# --- freezing


def freeze_link(user):
    return f"/account/freeze/{freezing.link_token(user)}/"


def test_looking_at_the_link_freezes_nothing(operator):
    browser = signed_in(operator)
    assert "立即冻结" in Client().get(freeze_link(operator)).text
    assert browser.get(TODAY).status_code == 200


def test_the_link_freezes_at_once_and_every_session_is_over(operator):
    browsers = [signed_in(operator), signed_in(operator)]
    Client().post(freeze_link(operator))
    assert [browser.get(TODAY).status_code for browser in browsers] == [401, 401]
    assert not UserSession.objects.filter(user_id=operator.pk).exists()


def test_a_session_that_survived_somehow_does_not_count_for_a_frozen_account(operator):
    browser = signed_in(operator)
    User.objects.filter(pk=operator.pk).update(frozen_at=timezone.now())
    assert browser.get(TODAY).status_code == 401


@pytest.mark.parametrize("token", ["x", "1", "1:x:y", "\x00"])
def test_a_forged_link_freezes_nobody(operator, token):
    assert Client().post(f"/account/freeze/{token}/").status_code == 404


def test_the_link_runs_out_after_a_week(operator, monkeypatch):
    link = freeze_link(operator)
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 8 * 24 * 3600)
    assert Client().post(link).status_code == 404


def test_the_button_freezes_after_a_tick(operator):
    browser = signed_in(operator)
    browser.post("/account/freeze/")
    assert not User.objects.get(pk=operator.pk).frozen_at
    assert "账号已冻结" in browser.post("/account/freeze/", {"confirmed": "yes"}).text
    assert User.objects.get(pk=operator.pk).frozen_at
    assert browser.get(TODAY).status_code == 401


def test_a_frozen_account_says_so_only_after_password_and_code(signatory):
    freezing.freeze(signatory)
    browser = Client()
    wrong = browser.post("/login/", {"username": signatory.username, "password": "wrong wrong wrong"})
    assert "冻结" not in wrong.text
    asked = browser.post("/login/", {"username": signatory.username, "password": make.PASSWORD})
    assert "冻结" not in asked.text and "动态验证码" in asked.text
    told = browser.post("/login/code/", {"otp": make.code(signatory)})
    assert told.status_code == 403 and "账号已冻结" in told.text
    assert browser.get(TODAY).status_code == 401


def test_a_recovery_code_opens_a_frozen_account_again_and_signs_in(signatory):
    freezing.freeze(signatory)
    browser = Client()
    browser.post("/login/", {"username": signatory.username, "password": make.PASSWORD})
    browser.post("/login/code/", {"otp": make.code(signatory)})
    assert browser.post("/login/frozen/", {"recovery": "AAAA-AAAA-AAAA"}).status_code == 401
    assert browser.post("/login/frozen/", {"recovery": signatory.codes[0]})["Location"] == TODAY
    assert browser.get(TODAY).status_code == 200


def test_a_recovery_code_alone_opens_nothing(signatory):
    freezing.freeze(signatory)
    browser = Client()
    browser.post("/login/", {"username": signatory.username, "password": make.PASSWORD})
    assert browser.post("/login/frozen/", {"recovery": signatory.codes[0]}).status_code == 401
    assert User.objects.get(pk=signatory.pk).frozen_at


def member_address(lab, user, act):
    with tenant(lab.pk):
        return f"/i/alpha/settings/members/{Membership.objects.get(user=user).ref}/{act}/"


def test_an_administrator_opens_a_frozen_account_with_a_reason_and_a_code(lab, operator):
    administrator = make.user(lab, Role.ADMINISTRATOR)
    make.second_factor_of(administrator)
    desk = signed_in(administrator)
    freezing.freeze(operator)
    url, reason = member_address(lab, operator, "unfreeze"), {"unfreeze-reason": "已当面核实"}
    assert desk.post(url, reason | {"otp": "000000"}).status_code == 401
    assert User.objects.get(pk=operator.pk).frozen_at
    assert desk.post(url, {"unfreeze-reason": "", "otp": make.code(administrator)}).status_code == 400
    assert desk.post(url, reason | {"otp": make.code(administrator)}).status_code == 302
    signed_in(operator)


# --- a forgotten password


def ask(username):
    return Client().post("/login/forgot/", {"username": username})


def link_in_mail():
    outbox.drain()
    return re.search(r"http://[^/]+(/login/reset/\S+)", mail.outbox[-1].body).group(1)


def test_the_answer_is_the_same_for_every_name(operator):
    strip = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|[0-9a-f-]{36}')
    known, unknown = ask(operator.username), ask("nobody")
    assert strip.sub("", known.text) == strip.sub("", unknown.text)


def test_the_request_looks_nothing_up(operator, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    asked = []
    for name in (operator.username, "nobody"):
        with CaptureQueriesContext(connection) as queries:
            ask(name)
        asked.append(len(queries))
        assert "institutions_user" not in " ".join(query["sql"] for query in queries)
    assert asked[0] == asked[1]


def test_the_worker_mails_a_link_to_the_account_and_nothing_for_other_names(operator):
    ask("nobody")
    ask(operator.username.upper())
    outbox.drain()
    (message,) = mail.outbox
    assert message.to == ["shen@alpha.example"] and operator.name not in message.subject
    assert not PasswordReset.objects.filter(answered_at=None).exists()
    assert not OutboxEntry.objects.exclude(state="done").exists()


def test_a_name_gets_a_few_mails_an_hour_at_most(operator):
    for _ in range(6):
        ask(operator.username)
    outbox.drain()
    assert len(mail.outbox) == reset.MOST_AN_HOUR


def set_new(link, password=NEW):
    return Client().post(link, {"password": password, "repeat": password})


def test_the_link_sets_a_new_password_ends_all_sessions_and_works_once(operator):
    browser = signed_in(operator)
    ask(operator.username)
    link = link_in_mail()
    assert set_new(link).status_code == 302
    assert not UserSession.objects.filter(user_id=operator.pk).exists()
    assert browser.get(TODAY).status_code == 401
    assert Client().post("/login/", {"username": operator.username, "password": NEW}).status_code == 302
    assert set_new(link).status_code == 404


def test_a_reset_does_not_go_around_the_second_factor(signatory):
    User.objects.filter(pk=signatory.pk).update(email="chen@alpha.example")
    ask(signatory.username)
    set_new(link_in_mail())
    browser = Client()
    page = browser.post("/login/", {"username": signatory.username, "password": NEW})
    assert "动态验证码" in page.text and browser.get(TODAY).status_code == 401


def test_a_reset_does_not_unfreeze(operator):
    freezing.freeze(operator)
    ask(operator.username)
    set_new(link_in_mail())
    answer = Client().post("/login/", {"username": operator.username, "password": NEW})
    assert answer.status_code == 403 and "账号已冻结" in answer.text


def test_the_reset_link_runs_out_after_half_an_hour(operator, monkeypatch):
    token = reset.link_token(operator)
    from django.contrib.auth import tokens

    late = tokens.PasswordResetTokenGenerator._now(tokens.default_token_generator) + timedelta(minutes=31)
    monkeypatch.setattr(tokens.PasswordResetTokenGenerator, "_now", lambda self: late)
    assert reset.linked_user(token) is None


@pytest.mark.parametrize("token", ["x", "1-x", "-", "9" * 30 + "-x", "١-x", "1-\x00"])
def test_a_forged_reset_link_opens_nothing(operator, token):
    assert Client().get(f"/login/reset/{token}/").status_code == 404


def test_asking_counts_no_failure_of_anybody(operator):
    ask(operator.username)
    assert not LoginFailure.objects.exists()
