"""Keys for programs: how they are made, what they open, and when they stop."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from institutions import tokens
from institutions.models import ApiToken
from portal import limits
from portal.models import AuditEntry
from portal.permissions import Permission, Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

LIST = "/api/v1/equipment/"
NEW = "/i/alpha/settings/tokens/new/"


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def administrator(lab):
    return make.user(lab, Role.ADMINISTRATOR)


@pytest.fixture
def desk(client, administrator):
    client.force_login(administrator)
    return client


def typed(**values):
    until = timezone.localdate() + timedelta(days=90)
    return {"name": "一楼采集器", "permissions": ["environment:note"], "expires_on": str(until),
            "own_password": make.PASSWORD, **values}  # fmt: skip


def asked(key, address=LIST, method="get", **options):
    return getattr(Client(), method)(address, headers={"authorization": f"Bearer {key}"}, **options)


def token_of(lab):
    with tenant(lab.pk):
        return ApiToken.objects.get()


# --- making


def test_the_key_is_shown_once_and_kept_nowhere(desk, lab):
    page = desk.post(NEW, typed()).content.decode()
    key = page.partition('value="clt_')[2].partition('"')[0]
    assert len(key) == 43
    token = token_of(lab)
    assert token.digest == tokens.digest_of(f"clt_{key}")
    later = desk.get(f"/i/alpha/settings/tokens/{token.ref}/").content.decode()
    assert key not in later and token.hint in later
    with tenant(lab.pk):
        written = json.dumps(list(AuditEntry.objects.values_list("changes", "reason")))
    assert key not in written and token.digest not in written


def test_a_key_that_was_just_made_opens_the_door(desk):
    page = desk.post(NEW, typed(permissions=["institution:read"])).content.decode()
    assert asked("clt_" + page.partition('value="clt_')[2].partition('"')[0]).status_code == 200


def test_without_the_proof_of_the_person_no_token_is_made(desk, lab):
    answer = desk.post(NEW, typed(own_password="wrong"))
    assert answer.status_code == 401 and "一楼采集器" in answer.content.decode()
    with tenant(lab.pk):
        assert not ApiToken.objects.exists()


def test_the_verb_itself_takes_the_proof(lab, administrator):
    actor = make.actor(lab, Role.ADMINISTRATOR)
    with tenant(lab.pk), pytest.raises(Refused, match="本人确认"):
        tokens.make(name="x", permissions=["export"], expires_on=make.DAY, actor=actor, at=make.NOON)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "invalid"),
        ({"permissions": []}, "请至少选一项"),
        ({"permissions": ["certificate:issue"]}, "certificate:issue"),
        ({"expires_on": "2025-01-01"}, "已经过去"),
        ({"expires_on": "2099-01-01"}, "最长用一年"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(desk, values, sentence):
    answer = desk.post(NEW, typed(**values))
    assert answer.status_code in (409, 422) and sentence in answer.content.decode()


def test_two_tokens_in_force_have_different_names(desk, lab):
    desk.post(NEW, typed())
    answer = desk.post(NEW, typed())
    assert answer.status_code == 409 and "已有一个有效的令牌" in answer.content.decode()
    with tenant(lab.pk):
        assert ApiToken.objects.count() == 1


def test_members_who_are_no_administrators_see_no_tokens(lab, client):
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    assert client.get("/i/alpha/settings/tokens/").status_code == 403


# --- the door


def refused(answer, status):
    """The sentence of a problem of this status."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status and found["detail"].endswith("。") and found["request_id"]
    return found["detail"]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer clt_", "Basic clt_x", "Bearer clt_" + "x" * 43, "Bearer " + "clt_" * 500,
     "Bearer clt_\x7f", "clt_x"],
)  # fmt: skip
def test_without_a_key_nothing_opens(db, header):
    headers = {} if header is None else {"authorization": header}
    answer = Client().get(LIST, headers=headers)
    assert "令牌" in refused(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer" and "session" not in answer.cookies


def test_a_door_of_programs_says_which_method_it_takes_to_whoever_has_no_key(db):
    answer = Client().delete(LIST)
    assert answer.status_code == 405 and "GET" in answer["Allow"]


def test_a_session_opens_no_door_of_programs(desk):
    refused(desk.get(LIST), 401)


def test_a_key_opens_no_page_of_members(lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ)
    assert asked(key, "/i/alpha/equipment/").status_code == 401


def test_an_expired_key_opens_nothing(lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ, expires_on=make.DAY)
    assert "过期" in refused(asked(key), 401)


def test_a_key_is_good_on_its_last_day(lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ, expires_on=timezone.localdate())
    assert asked(key).status_code == 200


def test_a_revoked_key_opens_nothing_from_then_on(desk, lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ)
    assert asked(key).status_code == 200
    url = f"/i/alpha/settings/tokens/{token_of(lab).ref}/revoke/"
    assert desk.post(url, {"revoke-reason": ""}).status_code == 422
    assert desk.post(url, {"revoke-reason": "设备报废"}).status_code == 302
    assert "已撤销" in refused(asked(key), 401)


def test_a_key_revoked_while_the_request_was_on_its_way_writes_nothing(lab, monkeypatch):
    key = make.api_token(lab, Permission.ENVIRONMENT_NOTE)
    monkeypatch.setattr(tokens, "why_shut", lambda token, day: ApiToken.objects.update(state="revoked") and "")
    assert "已撤销" in refused(asked(key, "/api/v1/environment/readings", "post"), 401)


def test_a_key_does_what_it_was_made_for_and_nothing_else(lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ)
    answer = asked(key, "/api/v1/environment/readings", "post", data={}, content_type="application/json")
    assert "没有做这件事的权限" in refused(answer, 403)
    with tenant(lab.pk):
        entry = AuditEntry.objects.get(verb="access.denied")
    assert entry.actor_name.startswith("接口：") and not entry.succeeded


def test_a_right_that_is_none_of_machines_is_not_granted_by_a_row(lab):
    make.api_token(lab, Permission.CERTIFICATE_ISSUE)
    actor = tokens.actor_for(token_of(lab))
    assert actor.permissions == frozenset()
    with pytest.raises(PermissionDenied):
        actor.require(Permission.CERTIFICATE_ISSUE, lab.pk)


def test_it_is_known_to_the_minute_when_a_key_was_last_used(lab):
    key = make.api_token(lab, Permission.INSTITUTION_READ)
    asked(key)
    first = token_of(lab).last_used_at
    asked(key)
    assert first is not None and token_of(lab).last_used_at == first


def test_a_key_that_was_used_again_later_was_last_used_then_and_no_other_key(lab):
    key, other = make.api_token(lab, Permission.INSTITUTION_READ), make.api_token(lab, Permission.INSTITUTION_READ)
    asked(key)
    with tenant(lab.pk):
        used = ApiToken.objects.filter(digest=tokens.digest_of(key))
        used.update(last_used_at=timezone.now() - timedelta(hours=1))
    asked(key)
    with tenant(lab.pk):
        assert used.get().last_used_at > timezone.now() - timedelta(minutes=5)
        assert ApiToken.objects.get(digest=tokens.digest_of(other)).last_used_at is None


def test_a_key_is_held_to_its_own_limit(lab, monkeypatch):
    key, other = make.api_token(lab, Permission.INSTITUTION_READ), make.api_token(lab, Permission.INSTITUTION_READ)
    monkeypatch.setitem(limits.FEATURES, "api", limits.Feature(60, None, 2, None, "any"))
    assert [asked(key).status_code for _ in range(2)] == [200, 200]
    answer = asked(key)
    refused(answer, 429)
    assert int(answer["Retry-After"]) > 0
    assert asked(other).status_code == 200


def test_guessing_keys_is_stopped(db, monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "api_miss", limits.Feature(600, 2, None, None, "any"))
    assert [asked("clt_wrong").status_code for _ in range(3)] == [401, 401, 429]


def test_an_address_of_programs_that_there_is_not_answers_in_json(db):
    assert refused(Client().get("/api/v1/nothing"), 404)


def test_a_page_of_another_site_cannot_act_through_a_key(lab):
    key = make.api_token(lab, Permission.ENVIRONMENT_NOTE)
    headers = {"authorization": f"Bearer {key}", "sec-fetch-site": "cross-site"}
    refused(Client().post("/api/v1/environment/readings", headers=headers), 403)


# --- what the verbs refuse, whatever a form lets through


def blank_token(lab, **values):
    known = {"name": "采集器", "permissions": ["export"], "expires_on": make.DAY, "state": "", **values}
    return ApiToken(institution=lab, **known)


@pytest.mark.parametrize("permissions", [[], ["certificate:issue"], ["export", "certificate:issue"]])
def test_no_token_is_made_for_what_takes_a_person(lab, permissions):
    assert list(tokens.rights_are_for_machines(blank_token(lab, permissions=permissions), None, make.NOON))
    assert not list(tokens.rights_are_for_machines(blank_token(lab), None, make.NOON))


def standing(lab, user, number, **values):
    known = {
        "made_by": user,
        "name": f"采集器{number}",
        "permissions": ["export"],
        "expires_on": make.DAY,
        "hint": "clt_",
        **values,
    }
    return ApiToken.objects.create(institution=lab, digest=tokens.digest_of(str(number)), state="active", **known)


def test_there_are_not_too_many_tokens_in_force(lab, administrator):
    with tenant(lab.pk):
        for number in range(tokens.MOST):
            standing(lab, administrator, number)
        (refusal,) = tokens.name_is_free(blank_token(lab), None, make.NOON)
    assert str(tokens.MOST) in refusal.text


def test_the_name_of_an_expired_token_is_free(lab, administrator):
    with tenant(lab.pk):
        standing(lab, administrator, 1, name="采集器", expires_on=make.DAY - timedelta(days=1))
        assert not list(tokens.name_is_free(blank_token(lab), None, make.NOON))


def test_the_name_of_a_revoked_token_is_free(lab, administrator):
    with tenant(lab.pk):
        standing(lab, administrator, 1, name="采集器")
        ApiToken.objects.update(state="revoked")
        assert not list(tokens.name_is_free(blank_token(lab), None, make.NOON))


def test_a_token_lives_for_a_year_to_the_day_and_the_last_day_is_told(lab):
    last = make.DAY + tokens.LONGEST_LIFE
    assert not list(tokens.life_is_a_year_at_most(blank_token(lab, expires_on=last), None, make.NOON))
    (refusal,) = tokens.life_is_a_year_at_most(blank_token(lab, expires_on=last + timedelta(1)), None, make.NOON)
    assert str(last) in refusal.text


def test_a_token_may_do_everything_that_machines_may(lab):
    rights = sorted(str(right) for right in tokens.MACHINE_RIGHTS)
    assert not list(tokens.rights_are_for_machines(blank_token(lab, permissions=rights), None, make.NOON))


def test_a_token_is_not_revoked_without_a_reason(lab, administrator):
    with tenant(lab.pk):
        token = standing(lab, administrator, 1)
        with pytest.raises(Refused, match="撤销的原因"):
            tokens.revoke(token, reason=" ", actor=make.actor(lab, Role.ADMINISTRATOR), at=make.NOON)


@pytest.mark.parametrize("key", ["", "abc", "clt_" + "x" * 200])
def test_what_is_no_key_is_not_looked_up(key, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert tokens.holder_of(key) is None
