"""What a hostile tenant, a hostile member and a stranger try, and what they get: no byte, no session, no crash."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates.models import RawRecord
from institutions import limits
from institutions import workflow as accounts
from institutions.models import (
    Invitation,
    Membership,
    User,
)
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.attackers import account, signed_in
from tests.concurrency import at_once


@pytest.fixture
def world(db):
    """A laboratory outside any scope, as a request finds it."""
    return make.laboratory()


# --- signing in


@pytest.mark.django_db
@pytest.mark.parametrize("variant", ["ＵＳＥＲ", "ｕｓｅｒ", " user", "USER", "uſer"])
def test_another_spelling_of_a_name_does_not_start_the_count_anew(variant):
    User.objects.create_user("user", make.PASSWORD, name="甲")
    for _ in range(limits.FREE_FAILURES + 2):
        limits.begin_attempt("user", "198.51.100.7")
    assert User.objects.get_by_natural_key(variant).username == "user"
    assert limits.begin_attempt(variant, "198.51.100.7") > 0


@pytest.mark.django_db
def test_the_addresses_of_one_ipv6_network_count_as_one():
    for place in range(limits.FREE_FAILURES + 2):
        limits.begin_attempt("user", f"2001:db8:1:2::{place + 1:x}")
    assert limits.begin_attempt("user", "2001:db8:1:2:ffff::1") > 0
    assert limits.begin_attempt("user", "2001:db8:1:3::1") == 0


@pytest.mark.django_db
def test_guessing_the_present_password_from_a_stolen_session_gets_slower_too():
    user = User.objects.create_user("user", make.PASSWORD, name="甲")
    client = signed_in(user)
    new = "another fine long passphrase"
    for _ in range(limits.FREE_FAILURES + 1):
        answer = client.post("/password/", {"current": "wrong", "password": new, "repeat": new})
    assert answer.status_code == 429
    assert client.post("/password/", {"current": make.PASSWORD, "password": new, "repeat": new}).status_code == 429
    user.refresh_from_db()
    assert user.check_password(make.PASSWORD)


def test_a_session_past_its_longest_time_accepts_no_invitation(world):
    offer = invitation(world)
    client = signed_in(make.user(make.institution("beta"), Role.OPERATOR))
    session = client.session
    session["started_at"] = int(datetime.now().timestamp()) - 13 * 3600
    session.save()
    client.post(f"/invitation/{accounts.link_token(offer)}/", {"existing": "1"})
    with tenant(world.institution.pk):
        assert Invitation.objects.get(pk=offer.pk).state == Invitation.State.SENT


def invitation(world):
    with tenant(world.institution.pk):
        return Invitation.objects.create(
            institution=world.institution, email="x@example.com", name="甲", roles=["operator"],
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_invitation_opens_one_membership_however_often_it_is_sent_at_once():
    world = make.laboratory()
    offer = invitation(world)
    url = f"/invitation/{accounts.link_token(offer)}/"

    def accept(name):
        def act():
            fields = {"username": name, "password": make.PASSWORD, "repeat": make.PASSWORD}
            return Client().post(url, fields).status_code

        return act

    assert sorted(at_once(accept("first"), accept("second"))) == [302, 400]
    with tenant(world.institution.pk):
        assert Membership.objects.filter(user__username__in=["first", "second"]).count() == 1


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "///evil.example",
               "javascript:alert(1)", "/%0d%0aX: y", "/\r\nX: y", "/" + "a" * 5000, "\\\\evil.example", "/\x00"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site_after_signing_in(world, wanted):
    user = account(world.operator)
    client = Client(raise_request_exception=False)
    answer = client.post("/login/", {"username": user.username, "password": make.PASSWORD, "next": wanted})
    assert answer.status_code < 500
    assert not answer.get("Location", "/").startswith(("//", "/\\", "http", "java"))
    assert "X" not in answer.headers


def test_a_confirmation_is_not_carried_from_one_person_to_the_next(world):
    certificate = make.certificate(world)
    url = reverse("certificates:check", args=["alpha", certificate.ref])
    page = Client().post(url, {"confirmed": "yes", "reason": "x"}).content.decode()
    assert 'name="resume-reason"' in page
    assert 'name="resume-confirmed"' not in page


# --- another institution's rows


def test_no_form_takes_a_row_of_another_institution(world):
    beta = make.laboratory("beta")
    item = make.item(world.institution)
    url = reverse("certificates:start", args=["alpha", item.ref])
    mine = {
        "performed_on": "2026-03-10", "late_reason": "测试", "room": "压力室", "device_lower": "0", "points": "",
        "device_upper": "1.6", "device_division": "0.05", "device_accuracy_class": "1.6",
        "site": world.site.ref, "standard": world.standard.ref, "environment_equipment": world.environment.ref,
    }  # fmt: skip
    client = signed_in(account(world.operator))
    for name, row in {"site": beta.site, "standard": beta.standard, "environment_equipment": beta.environment}.items():
        answer = client.post(url, mine | {name: row.ref})
        assert answer.status_code == 400, name
        for shown in ("beta计量院", row.ref):
            assert f">{shown}" not in answer.content.decode()
    foreign = client.post(url, mine | {"procedure": beta.procedure.ref}, follow=True)
    with tenant(world.institution.pk):
        assert {record.procedure_id for record in RawRecord.objects.all()} <= {world.procedure.pk}, foreign


def test_an_ended_member_loses_the_institution_with_the_next_request(world):
    user = account(world.operator)
    client = signed_in(user)
    assert client.get("/i/alpha/").status_code == 200
    with tenant(world.institution.pk):
        Membership.objects.filter(user=user).update(state=Membership.State.ENDED)
    assert client.get("/i/alpha/").status_code == 404


def test_secure_settings_of_cookies_follow_the_address_of_the_site():
    assert settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
