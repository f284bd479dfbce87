"""Signing in, staying signed in, and losing nothing when the sign-in runs out."""

import re
from time import time

import pytest
from django.contrib.auth import hashers
from django.test import Client

from institutions import limits
from institutions.models import Invitation, LoginFailure, Membership, UserSession
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db


def sign_in(client, user, password=make.PASSWORD, **fields):
    return client.post("/login/", {"username": user.username, "password": password, **fields})


@pytest.fixture
def member(db):
    """Somebody whose role asks for a password only."""
    return make.user(make.institution(), Role.OPERATOR, name="程以恒")


@pytest.fixture
def administrator(db):
    """Somebody whose role asks for a second factor, with one."""
    user = make.user(make.institution(), Role.ADMINISTRATOR, name="程以恒")
    make.second_factor_of(user)
    return user


def hidden_fields(html):
    """Name and value pairs a browser would send back from the page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return [(name, value.replace("&amp;", "&")) for name, value in found if name != "csrfmiddlewaretoken"]


def test_a_member_of_one_institution_lands_on_its_today_page(client, member):
    assert sign_in(client, member)["Location"] == "/i/alpha/"


def test_a_member_of_two_institutions_chooses_first(client, member):
    second = make.institution("beta")
    with tenant(second.pk):
        Membership.objects.create(institution=second, user=member, roles=[Role.OPERATOR])
    assert sign_in(client, member)["Location"] == "/switch/"
    page = client.get("/switch/").content.decode()
    assert "/i/alpha/" in page and "/i/beta/" in page


def test_a_regulator_lands_on_the_institutions_of_the_region(client):
    regulator = make.regulator()
    make.second_factor_of(regulator)
    sign_in(client, regulator)
    assert client.post("/login/code/", {"otp": make.code(regulator)})["Location"] == "/o/"


def test_the_page_asked_for_comes_after_the_sign_in(client, member):
    page = client.get("/i/alpha/people/?q=a").content.decode()
    assert 'name="next" value="/i/alpha/people/?q=a"' in page
    assert sign_in(client, member, next="/i/alpha/people/?q=a")["Location"] == "/i/alpha/people/?q=a"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_a_next_address_elsewhere_is_ignored(client, member, elsewhere):
    assert sign_in(client, member, next=elsewhere)["Location"] == "/i/alpha/"


def test_unknown_name_and_wrong_password_get_the_same_answer(client, member):
    wrong = sign_in(client, member, "not the password at all")
    unknown = client.post("/login/", {"username": member.username + "x", "password": "not the password at all"})
    strip = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|user\d+x?|[0-9a-f-]{36}')
    assert wrong.status_code == unknown.status_code == 401
    assert strip.sub("", wrong.content.decode()) == strip.sub("", unknown.content.decode())
    assert "登录名或密码不对" in wrong.content.decode()


def test_the_typed_name_stays_after_a_wrong_password(client, member):
    assert f'value="{member.username}"' in sign_in(client, member, "wrong wrong wrong").content.decode()


def test_guessing_is_slowed_down_and_even_the_right_password_must_wait(client, member):
    for _ in range(limits.FREE_FAILURES):
        limits.begin_attempt(member.username, "127.0.0.1")
    answer = sign_in(client, member)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "秒后再试" in answer.content.decode()


def test_guesses_from_one_address_do_not_lock_the_owner_out_elsewhere(member):
    for _ in range(20):
        LoginFailure.objects.create(username=member.username, address="203.0.113.9")
    assert sign_in(Client(REMOTE_ADDR="198.51.100.7"), member).status_code == 302


def test_a_forwarded_address_is_not_believed_from_a_stranger(client, member):
    client.post("/login/", {"username": "x", "password": "y"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert LoginFailure.objects.get().address == "127.0.0.1"


def test_a_forwarded_address_is_believed_from_a_trusted_proxy(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    client.post("/login/", {"username": "x", "password": "y"}, headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.9"})
    assert LoginFailure.objects.get().address == "203.0.113.9"


def test_a_failure_is_forgotten_after_success(client, member):
    sign_in(client, member, "wrong wrong wrong")
    sign_in(client, member)
    assert not LoginFailure.objects.exists()


def entries(owner_connection, verb):
    with owner_connection.cursor() as cursor:
        cursor.execute("SELECT succeeded FROM portal_auditentry WHERE verb = %s ORDER BY id", [verb])
        return [succeeded for (succeeded,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_success_failure_and_sign_out_are_in_the_trail(client, owner_connection):
    user = make.user(make.institution(), Role.OPERATOR)
    sign_in(client, user, "wrong wrong wrong")
    sign_in(client, user)
    client.post("/logout/")
    with owner_connection.cursor() as cursor:
        cursor.execute("ALTER TABLE portal_auditentry NO FORCE ROW LEVEL SECURITY")
    assert entries(owner_connection, "session.start") == [False, True]
    assert entries(owner_connection, "session.end") == [True]


def test_the_trail_of_a_failed_sign_in_holds_no_typed_text(client, monkeypatch):
    written = []
    monkeypatch.setattr(AuditEntry.objects, "bulk_create", lambda rows, **kwargs: written.extend(rows))
    client.post("/login/", {"username": "my secret password", "password": "x"})
    assert "my secret password" not in str([vars(entry) for entry in written])


def test_the_session_key_changes_with_the_sign_in(client, member):
    client.cookies["session"] = "a" * 32
    sign_in(client, member)
    assert client.cookies["session"].value != "a" * 32


def test_signing_out_needs_a_post(client, member):
    sign_in(client, member)
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/i/alpha/").status_code == 401


def test_an_idle_session_ends_after_thirty_minutes(client, member):
    sign_in(client, member)
    session = UserSession.objects.get()
    assert 29 * 60 < session.expire_date.timestamp() - time() <= 30 * 60


def test_work_keeps_the_session_alive(client, member):
    sign_in(client, member)
    session = client.session
    session["seen_at"] = int(time()) - 20 * 60
    session.save()
    UserSession.objects.update(expire_date="2100-01-01T00:00Z")
    client.get("/i/alpha/")
    assert 29 * 60 < UserSession.objects.get().expire_date.timestamp() - time() <= 30 * 60


def test_a_session_ends_after_twelve_hours_of_work(client, member):
    sign_in(client, member)
    session = client.session
    session["started_at"] = int(time()) - 12 * 60 * 60 - 1
    session.save()
    assert client.get("/i/alpha/").status_code == 401


def test_a_form_sent_after_the_session_ended_is_saved_after_signing_in_again(client, administrator):
    """POST with an expired session -> password -> code -> continue -> saved, nothing typed lost."""
    typed = {"name": "沈若川", "email": "shen@example.com", "roles": ["operator", "checker"], "employment": ""}
    answer = client.post("/i/alpha/settings/members/invite/", typed)
    assert answer.status_code == 401
    carried = dict_of_lists(hidden_fields(answer.content.decode()))
    failed = sign_in(client, administrator, "wrong wrong wrong", **carried)
    carried = dict_of_lists(hidden_fields(failed.content.decode()))
    asked = sign_in(client, administrator, **carried)
    carried = dict_of_lists(hidden_fields(asked.content.decode()))
    failed = client.post("/login/code/", {"otp": "000000", **carried})
    carried = dict_of_lists(hidden_fields(failed.content.decode()))
    answer = client.post("/login/code/", {"otp": make.code(administrator), **carried})
    page = answer.content.decode()
    assert 'action="/i/alpha/settings/members/invite/"' in page and "继续提交" in page
    fields = dict_of_lists(hidden_fields(page))
    answer = client.post("/i/alpha/settings/members/invite/", fields)  # a proof is never carried: it is typed anew
    assert answer.status_code == 401 and "shen@example.com" in answer.content.decode()
    client.post("/i/alpha/settings/members/invite/", fields | {"otp": make.code(administrator)})
    with tenant(make.institution().pk):
        saved = Invitation.objects.get()
    assert (saved.name, saved.email, saved.roles) == ("沈若川", "shen@example.com", ["operator", "checker"])


@pytest.fixture
def strict(administrator):
    """A browser whose forms are checked for their token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator)
    return browser


def test_a_form_of_the_sign_in_before_is_offered_again_as_it_was_typed(strict, administrator):
    """Signed in anew in another tab: the token of the older tab is stale, what was typed there is not."""
    typed = {"name": "沈若川", "email": "shen@example.com", "roles": ["operator", "checker"], "employment": ""}
    address, own = "/i/alpha/settings/members/invite/", {"Origin": "http://testserver"}
    answer = strict.post(address, typed | {"csrfmiddlewaretoken": "stale"}, headers=own)
    page = answer.content.decode()
    assert answer.status_code == 403 and f'action="{address}"' in page
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    carried = dict_of_lists(hidden_fields(page)) | {"csrfmiddlewaretoken": token, "otp": make.code(administrator)}
    assert strict.post(address, carried, headers=own).status_code == 302


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_form_of_a_foreign_page_is_never_offered_again(strict, origin):
    answer = strict.post("/i/alpha/settings/members/invite/", {"name": "沈若川"}, headers={"Origin": origin})
    assert answer.status_code == 403 and "沈若川" not in answer.content.decode()


def dict_of_lists(pairs):
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/i/alpha/",
        "//evil.example/i/alpha/",
        "/logout/",
        "/i/../logout/",
        "/i/alpha/no/such/page/",
    ],
)
def test_a_carried_form_goes_to_our_own_pages_only(client, member, elsewhere):
    answer = sign_in(client, member, resume_url=elsewhere, **{"resume-a": "1"})
    assert answer.status_code == 302


def test_a_script_is_told_in_json_that_the_session_ended(client):
    answer = client.post("/i/alpha/", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "登录" in answer.json()["message"]


def change_password(client, **fields):
    values = {"current": make.PASSWORD, "password": "a different horse 42", "repeat": "a different horse 42"}
    return client.post("/password/", values | fields)


def test_a_new_password_ends_the_other_sessions_but_not_this_one(client, member):
    other = Client()
    sign_in(client, member)
    sign_in(other, member)
    assert "密码已修改" in change_password(client).content.decode()
    assert client.get("/i/alpha/").status_code == 200
    assert other.get("/i/alpha/").status_code == 401


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"current": "wrong wrong wrong"}, "现在的密码不对"),
        ({"repeat": "a different horse 43"}, "两次输入不一致"),
        ({"password": "short", "repeat": "short"}, "12"),
        ({"password": "a" * 129, "repeat": "a" * 129}, "128"),
        ({"password": "1234567890123456", "repeat": "1234567890123456"}, "数字"),
        ({"password": make.PASSWORD, "repeat": make.PASSWORD}, "最近 5 次"),
    ],
)
def test_a_password_that_will_not_do_is_refused_in_words(client, member, fields, sentence):
    sign_in(client, member)
    answer = change_password(client, **fields)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


# --- the brakes


def test_an_attempt_is_counted_before_the_password_is_looked_at(client, member, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "institutions.views_accounts.auth.authenticate",
        lambda request, **typed: seen.append(LoginFailure.objects.count()),
    )
    sign_in(client, member)
    assert seen == [1]


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_guesses_at_the_same_moment_gets_no_more_than_the_free_ones():
    guesses = [lambda: limits.begin_attempt("somebody", "203.0.113.9")] * 9
    assert sorted(at_once(*guesses))[: limits.FREE_FAILURES + 1].count(0) == limits.FREE_FAILURES


def test_a_refused_attempt_does_not_make_the_wait_longer(db):
    for _ in range(limits.FREE_FAILURES + 3):
        limits.begin_attempt("somebody", "203.0.113.9")
    assert LoginFailure.objects.count() == limits.FREE_FAILURES


def flood(count):
    LoginFailure.objects.bulk_create(
        LoginFailure(username=f"n{n}", address=f"10.{n // 250 % 250}.{n % 250}.1") for n in range(count)
    )


def test_a_flood_of_guesses_from_everywhere_slows_down_everybody_who_is_new(db):
    flood(limits.FAILURES_IN_ALL)
    assert limits.begin_attempt("somebody", "203.0.113.9") > 0


def test_a_flood_never_holds_up_a_browser_in_which_the_name_signed_in_before(client, member):
    sign_in(client, member)
    client.post("/logout/")
    flood(limits.FAILURES_IN_ALL)
    assert sign_in(client, member).status_code == 302
    assert sign_in(Client(), member).status_code == 429


def test_the_mark_of_a_browser_is_of_one_name_and_cannot_be_forged(client, member):
    sign_in(client, member)
    client.post("/logout/")
    flood(limits.FAILURES_IN_ALL)
    other = make.user(make.institution(), Role.OPERATOR)
    assert sign_in(client, other).status_code == 429
    client.cookies["familiar"] = client.cookies["familiar"].value[:-1] + "x"
    assert sign_in(client, member).status_code == 429


def hashed(monkeypatch, act):
    """How often a password is hashed meanwhile."""
    calls = []
    hasher = hashers.get_hasher()
    encode = type(hasher).encode
    monkeypatch.setattr(type(hasher), "encode", lambda *args, **kwargs: calls.append(1) or encode(*args, **kwargs))
    act()
    monkeypatch.setattr(type(hasher), "encode", encode)
    return len(calls)


def test_an_unknown_name_costs_as_much_hashing_as_a_wrong_password(client, member, monkeypatch):
    wrong = hashed(monkeypatch, lambda: sign_in(client, member, "not the password at all"))
    unknown = hashed(monkeypatch, lambda: client.post("/login/", {"username": "nobody", "password": "not it at all"}))
    assert wrong == unknown == 1
