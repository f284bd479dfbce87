"""What a hostile expert tries on the ground floor: second factor, limits, sessions, addresses. Names say what must not work."""

import re

import pyotp
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from certificates import content
from institutions import freezing, limits, recovery_codes, second_factor, workflow
from institutions.models import User
from institutions.sessions import PROVEN
from portal import outbox, stepup
from portal.actors import Actor
from portal.models import StepUp
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

TODAY = "/i/alpha/"
FACTOR = "/account/factor/"


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def signatory(lab):
    """Somebody with a second factor; `codes` are the recovery codes."""
    user = make.user(lab, Role.SIGNATORY, name="陈慕白")
    user.codes = make.second_factor_of(user)
    return user


@pytest.fixture
def newcomer(lab):
    """Somebody whose role asks for a second factor, which is not set up yet."""
    return make.user(lab, Role.SIGNATORY, name="新来的")


def password(client, user, **extra):
    return client.post("/login/", {"username": user.username, "password": make.PASSWORD}, **extra)


def signed_in(user, **extra):
    client = Client(**extra)
    client.force_login(user)
    return client


def stolen(client):
    """Another browser with the same cookie."""
    thief = Client()
    thief.cookies["session"] = client.cookies["session"].value
    return thief


def secret_on(page):
    pieces = re.search(r'<p class="secret">(.*?)</p>', page, re.DOTALL).group(1)
    return "".join(re.findall(r"<span>([A-Z2-7]+)</span>", pieces))


def hidden_on(page):
    return dict(re.findall(r'<input type="hidden" name="(sealed|next)" value="([^"]*)"', page))


# --- the second factor


def test_codes_are_not_guessed_from_one_network_after_another(signatory):
    """A line with a /48 has 65536 networks of five free guesses each: enough for one code in three."""
    tried = 0
    for place in range(60):
        guesser = Client(REMOTE_ADDR=f"2001:db8:{place:x}::1")
        password(guesser, signatory)
        answer = guesser.post("/login/code/", {"otp": "000000"})
        tried += answer.status_code == 401
    assert tried <= limits.FAILURES_PER_ACCOUNT


def test_proofs_are_not_guessed_with_a_stolen_cookie_from_one_network_after_another(signatory):
    owner = signed_in(signatory)
    tried = 0
    for place in range(60):
        thief = Client(REMOTE_ADDR=f"2001:db8:{place:x}::1")
        thief.cookies["session"] = owner.cookies["session"].value
        tried += "不对" in thief.post("/account/codes/", {"otp": "000000"}).text
    assert tried <= limits.FAILURES_PER_ACCOUNT


def test_a_stranger_does_not_lock_the_code_step_by_signing_in_under_its_name(signatory):
    for place in range(60):
        stranger = Client(REMOTE_ADDR=f"2001:db8:{place:x}::1")
        for name in (f"{signatory.username} code", f"CODE {signatory.username}", f"code:{signatory.username}"):
            stranger.post("/login/", {"username": name, "password": "wrong wrong wrong"})
    owner = Client()
    password(owner, signatory)
    assert owner.post("/login/code/", {"otp": make.code(signatory)}).status_code == 302


def test_guessers_do_not_hold_up_a_browser_in_which_the_owner_has_signed_in_before(signatory):
    owner = Client()
    password(owner, signatory)
    assert owner.post("/login/code/", {"otp": make.code(signatory)}).status_code == 302
    for place in range(60):
        guesser = Client(REMOTE_ADDR=f"2001:db8:{place:x}::1")
        password(guesser, signatory)
        guesser.post("/login/code/", {"otp": "000000"})
    make.forget_used_codes(Actor(name="x", user_id=signatory.pk))
    password(owner, signatory)
    assert owner.post("/login/code/", {"otp": make.code(signatory)}).status_code == 302


def test_the_right_password_of_a_very_long_name_does_not_clear_the_wrong_codes(lab):
    user = make.user(lab, Role.SIGNATORY)
    User.objects.filter(pk=user.pk).update(username="a" * 60)
    user.refresh_from_db()
    make.second_factor_of(user)
    guesser, answers = Client(), []
    for _guess in range(12):
        password(guesser, user)
        answers.append(guesser.post("/login/code/", {"otp": "000000"}).status_code)
    assert 429 in answers


def test_two_very_long_names_do_not_clear_the_counts_of_each_other(db):
    for _guess in range(limits.FREE_FAILURES + 1):
        limits.begin_attempt("b" * 59 + "1", "198.51.100.7", step="code")
    limits.forget_failures("b" * 59 + "2", "198.51.100.7", step="code")
    assert limits.begin_attempt("b" * 59 + "1", "198.51.100.7", step="code") > 0


def test_freezing_and_opening_with_codes_got_by_password_is_no_second_factor(newcomer):
    thief = Client()
    password(thief, newcomer)
    page = thief.post("/account/codes/", {"own_password": make.PASSWORD}).text
    found = re.findall(r"<li>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</li>", page) or recovery_codes.renew(newcomer)
    freezing.freeze(newcomer)
    password(thief, newcomer)
    thief.post("/login/frozen/", {"recovery": found[0]})
    assert PROVEN not in thief.session
    assert thief.get(TODAY).status_code == 302


def test_who_has_no_second_factor_gets_no_recovery_codes(newcomer):
    client = Client()
    password(client, newcomer)
    client.post("/account/codes/", {"own_password": make.PASSWORD})
    assert recovery_codes.left(newcomer.pk) == 0


def test_a_stolen_cookie_sets_no_phone_up_right_after_the_sign_in(newcomer):
    victim = Client()
    password(victim, newcomer)
    thief = stolen(victim)
    page = thief.get(FACTOR).text
    thief.post(FACTOR, {"code": pyotp.TOTP(secret_on(page)).now(), **hidden_on(page)})
    assert not second_factor.has_factor(newcomer.pk)


def test_a_stolen_cookie_does_not_read_the_secret_that_its_owner_is_setting_up(newcomer):
    victim = Client()
    password(victim, newcomer)
    page = victim.get(FACTOR).text
    thief = stolen(victim)
    seen = {secret_on(thief.post(FACTOR, {"code": ""}).text), secret_on(thief.get(FACTOR).text)}
    assert secret_on(page) not in seen
    fields = {"code": pyotp.TOTP(secret_on(page)).now(), "own_password": make.PASSWORD, **hidden_on(page)}
    assert victim.post(FACTOR, fields).status_code == 200


def test_the_secret_of_one_person_is_not_set_up_by_another(newcomer, signatory, lab):
    other = make.user(lab, Role.SIGNATORY)
    theirs, mine = Client(), Client()
    password(theirs, other)
    password(mine, newcomer)
    page = theirs.get(FACTOR).text
    fields = {"code": pyotp.TOTP(secret_on(page)).now(), "own_password": make.PASSWORD, **hidden_on(page)}
    assert mine.post(FACTOR, fields).status_code == 400
    assert not second_factor.has_factor(newcomer.pk)


def test_a_sign_in_that_waits_for_its_code_ends_with_the_password_it_began_with(signatory):
    thief = Client()
    password(thief, signatory)
    workflow.change_password(signatory, "Ein neues Wort 42", keep_session=None)
    assert thief.post("/login/code/", {"otp": make.code(signatory)}).status_code == 401


def test_a_waiting_sign_in_opens_nothing(signatory):
    thief = Client()
    password(thief, signatory)
    pages = (TODAY, "/o/", "/account/", FACTOR, "/password/", "/switch/", "/login/frozen/")
    answers = {page: thief.get(page).status_code for page in pages}
    assert set(answers.values()) <= {302, 401}, answers
    assert thief.get(TODAY, headers={"Accept": "application/json"}).status_code == 401


def test_an_account_frozen_while_its_code_is_asked_for_is_not_signed_in(signatory):
    thief = Client()
    password(thief, signatory)
    freezing.freeze(signatory)
    thief.post("/login/code/", {"otp": make.code(signatory)})
    assert thief.get(TODAY).status_code == 401


def test_an_invitation_accepted_with_an_account_gives_no_rights_without_the_factor(lab, newcomer):
    beta = make.institution("beta")
    administrator = make.actor(beta, Role.ADMINISTRATOR)
    client = Client()
    password(client, newcomer)
    make.prove_invitation(administrator, "x@beta.example", [Role.ADMINISTRATOR])
    with tenant(beta.pk):
        offer = workflow.invite(
            email="x@beta.example", name="新来的", roles=[Role.ADMINISTRATOR], employment=None, actor=administrator,
            at=timezone.now(),
        )  # fmt: skip
        url = f"/invitation/{workflow.link_token(offer)}/"
    client.post(url, {"existing": "yes"})
    assert client.get("/i/beta/")["Location"].startswith(FACTOR)
    assert client.post("/i/beta/settings/members/invite/", {"name": "x"}).status_code == 403


def test_a_proof_is_good_for_its_own_person_act_row_and_content_only(lab, signatory):
    other = make.user(lab, Role.SIGNATORY)
    row, actor = lab, Actor(name="x", user_id=signatory.pk)
    stepup.grant(signatory.pk, "certificate.approve", row, sha256="aa", method=StepUp.Method.TOTP)
    tries = [
        (Actor(name="y", user_id=other.pk), "certificate.approve", row, "aa"),
        (actor, "certificate.issue", row, "aa"),
        (actor, "certificate.approve", make.institution("beta"), "aa"),
        (actor, "certificate.approve", None, "aa"),
        (actor, "certificate.approve", row, "ab"),
        (actor, "certificate.approve", row, ""),
    ]
    for who, act, what, sha256 in tries:
        with pytest.raises(Refused):
            stepup.consume(who, act, what, sha256=sha256)
    stepup.consume(actor, "certificate.approve", row, sha256="aa")
    with pytest.raises(Refused):
        stepup.consume(actor, "certificate.approve", row, sha256="aa")


def test_a_proof_that_was_not_used_signs_nothing_without_a_code(db):
    """A refused act leaves its proof unused for five minutes; the page still asks for a code."""
    world = make.laboratory()
    row = make.certificate(world, "checked")
    thief = signed_in(User.objects.get(pk=world.signatory.user_id))
    make.second_factor_of(User.objects.get(pk=world.signatory.user_id))
    with tenant(world.institution.pk):
        seen = content.sha256(content.body(make.fresh(row), approver=world.signatory.name))
    for act in ("certificate.approve", "certificate.issue"):
        make.prove(world.signatory, act, row, seen)
    url = f"/i/alpha/certificates/{row.ref}/approve/"
    answer = thief.post(url, {"confirmed": "yes", "confirmed_sha256": seen, "otp": "000000"})
    assert answer.status_code == 401
    with tenant(world.institution.pk):
        assert make.fresh(row).state == "checked"


# --- limits, cookies, addresses


def test_other_spellings_of_a_name_bring_no_further_mails(lab):
    user = make.user(lab, Role.OPERATOR)
    User.objects.filter(pk=user.pk).update(username="anna", email="anna@alpha.example")
    for name in ("anna", "ａnna", "aｎna", "anｎa", "annａ", "ＡNNA", "ａｎna", " anna", "ANNA"):
        Client(REMOTE_ADDR="198.51.100.7").post("/login/forgot/", {"username": name})
    outbox.drain()
    assert len(mail.outbox) <= 3


@pytest.mark.parametrize("name", ["ﷺ" * 60, "a" * 60, "\u0130" * 60])
def test_a_name_that_grows_when_it_is_spelled_out_breaks_nothing(db, name):
    client = Client(raise_request_exception=False)
    assert client.post("/login/forgot/", {"username": name}).status_code == 200
    assert client.post("/login/", {"username": name, "password": "wrong wrong wrong"}).status_code == 401
    outbox.drain()
    assert not outbox.OutboxEntry.objects.exclude(state="done").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cookie",
    ['session="abcdefgh\\000ijkl"', "session=" + "a" * 5000, 'csrf="\\000\\000"; session="\\377\\376aaaaaaaa"'],
)
@pytest.mark.parametrize("page", [TODAY, "/account/", "/login/", "/o/", "/login/code/"])
def test_a_cookie_that_no_server_gave_is_no_crash(cookie, page):
    answer = Client(raise_request_exception=False, HTTP_COOKIE=cookie).get(page)
    assert answer.status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize(
    "token",
    [
        "1-%00",
        "9" * 30 + "-x",
        "1-%F0%9F%98%80",
        "٣-abc",
        "-",
        "1:2:3",
        "1:AAAAAA:" + "b" * 43,
        "%00:%00",
        "=?" + "é" * 9,
    ],
)
@pytest.mark.parametrize("page", ["/login/reset/", "/login/factor/", "/account/freeze/", "/invitation/", "/q/"])
def test_a_made_up_token_is_a_plain_no(token, page):
    client = Client(raise_request_exception=False)
    for url in (f"{page}{token}/", f"{page}{token}", f"{page}{token}/proof.json"):
        for answer in (client.get(url), client.post(url, {"password": "x"})):
            assert answer.status_code < 500, url


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/ledger/entry/99999999999999999999", "/ledger/entry/99999999999999999999.json", "/ledger/?before=٣",
        "/ledger/?before=-1", "/ledger/checkpoint/99999999999999999999", "/ledger/proof/0?size=999999999999999999",
        "/ledger/consistency?from=0&to=0", "/ledger/consistency?from=1&to=99999999999999999999", "/ledger/?before=%00",
    ],
)  # fmt: skip
def test_numbers_beyond_the_ledger_are_no_crash(path):
    for accept in ("text/html", "application/json"):
        assert Client(raise_request_exception=False).get(path, headers={"Accept": accept}).status_code < 500


OPERATIONS = ("/metrics", "/ops/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pretence",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "::ffff:203.0.113.9", "HTTP_X_REAL_IP": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"},
    ],
)
@pytest.mark.parametrize("page", OPERATIONS)
def test_nobody_outside_sees_the_pages_of_operations(settings, pretence, page):
    settings.TRUSTED_PROXIES = []
    assert Client().get(page, **pretence).status_code == 404


def test_a_forwarded_address_in_front_of_the_real_one_counts_for_nothing(settings, lab):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    pretence = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1, 203.0.113.9"}
    assert Client().get("/metrics", **pretence).status_code == 404
    user, answers = make.user(lab, Role.OPERATOR), []
    for place in range(12):
        forged = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.{place}, 203.0.113.9"}
        answers.append(Client().post("/login/", {"username": user.username, "password": "wrong"}, **forged).status_code)
    assert 429 in answers


def test_who_only_has_the_mailbox_gets_in_nowhere_after_a_factor_was_taken_away(lab, signatory):
    User.objects.filter(pk=signatory.pk).update(email="s@alpha.example")
    second_factor.remove(signatory.pk)
    Client().post("/login/forgot/", {"username": signatory.username})
    outbox.drain()
    assert not mail.outbox
