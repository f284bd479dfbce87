"""Invitations and members: who comes in, with which roles, and who no longer."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from institutions import workflow
from institutions.models import Invitation, Membership, User
from institutions.tasks import invitation_address, send_invitation
from portal import outbox
from portal.actors import Actor
from portal.permissions import Role
from portal.tenancy import scope, tenant
from tests import make

pytestmark = pytest.mark.django_db

INVITE = "/i/alpha/settings/members/invite/"
# How somebody without a second factor proves who it is.
PROOF = {"own_password": make.PASSWORD}


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def administrator(lab):
    return make.user(lab, Role.ADMINISTRATOR, name="程以恒")


@pytest.fixture
def desk(client, administrator):
    """A browser in which the administrator is signed in."""
    client.force_login(administrator)
    return client


def typed(**fields):
    return {"name": "沈若川", "email": "shen@example.com", "roles": ["operator"], "employment": "", **PROOF, **fields}


def offer(lab, **fields):
    values = {
        "email": "shen@example.com", "name": "沈若川", "roles": ["operator"],
        "expires_at": timezone.now() + timedelta(days=7), **fields,
    }  # fmt: skip
    with tenant(lab.pk):
        return Invitation.objects.create(institution=lab, **values)


def the_invitation(lab):
    with tenant(lab.pk):
        return Invitation.objects.select_related("institution").get()


def path_of(invitation):
    return re.sub(r"^https?://[^/]+", "", invitation_address(invitation))


def membership_of(lab, user):
    with tenant(lab.pk):
        return Membership.objects.get(user=user)


def test_an_invitation_is_mailed_with_its_link(desk, lab):
    desk.post(INVITE, typed())
    outbox.drain()
    (message,) = mail.outbox
    assert message.to == ["shen@example.com"]
    assert invitation_address(the_invitation(lab)) in message.body
    assert "沈若川" not in message.subject


def test_the_mail_of_a_withdrawn_invitation_is_not_sent(lab):
    invitation = offer(lab, state=Invitation.State.WITHDRAWN)
    with tenant(lab.pk):
        send_invitation(invitation.pk)
    assert not mail.outbox


def test_the_link_of_an_invitation_goes_to_the_invited_person_only(desk, lab):
    desk.post(INVITE, typed())
    invitation = the_invitation(lab)
    page = desk.get(f"/i/alpha/settings/invitations/{invitation.ref}/").content.decode()
    assert workflow.link_token(invitation) not in page


def test_an_open_browser_invites_nobody(desk, lab):
    answer = desk.post(INVITE, typed(own_password=""))
    assert answer.status_code == 401
    assert "shen@example.com" in answer.content.decode()
    with tenant(lab.pk):
        assert not Invitation.objects.exists()


def test_a_proof_for_one_offer_makes_no_other(lab, administrator):
    actor = Actor.member(name="x", user_id=administrator.pk, institution_id=lab.pk, roles=[Role.ADMINISTRATOR])
    blank = Invitation(institution=lab)
    make.prove(actor, "invitation.invite", blank, workflow.offer_digest("a@example.com", ["operator"], None))
    with tenant(lab.pk), pytest.raises(workflow.Refused, match="本人确认"):
        workflow.invite(
            email="a@example.com", name="x", roles=["administrator"], employment=None, actor=actor, at=timezone.now()
        )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "no address"}, "邮"),
        ({"roles": []}, "请至少选择一个角色"),
        ({"name": ""}, "请填写这一项"),
        ({"name": "a\x00"}, "空字符"),
    ],
)
def test_a_faulty_invitation_says_why_and_keeps_what_was_typed(desk, lab, fields, sentence):
    answer = desk.post(INVITE, typed(**fields))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert ("shen@example.com" in page) or ("no address" in page)
    with tenant(lab.pk):
        assert not Invitation.objects.exists()


def test_the_same_address_is_not_invited_twice_at_once(desk, lab):
    offer(lab)
    assert "已有一份未接受的邀请" in desk.post(INVITE, typed(email="SHEN@example.com")).content.decode()


def test_a_regulators_role_cannot_be_given_by_an_invitation(desk):
    assert desk.post(INVITE, typed(roles=["regulator"])).status_code == 400


def test_an_employment_of_another_institution_cannot_be_chosen(desk):
    foreign = make.employment(make.institution("beta"), "外人")
    assert desk.post(INVITE, typed(employment=foreign.pk)).status_code == 400


def accept(client, invitation, **fields):
    values = {"username": "shen", "password": "a long enough phrase 7", "repeat": "a long enough phrase 7"}
    return client.post(path_of(invitation), values | fields)


def test_whoever_opens_the_link_sets_a_password_and_is_in(client, lab):
    invitation = offer(lab)
    assert "沈若川" not in client.get(path_of(invitation)).headers.values()
    assert accept(client, invitation)["Location"] == "/i/alpha/"
    assert client.get("/i/alpha/").status_code == 200
    assert membership_of(lab, User.objects.get(username="shen")).roles == ["operator"]


def test_a_link_works_once(client, lab):
    invitation = offer(lab)
    accept(client, invitation)
    assert accept(client, invitation, username="another").status_code == 404


@pytest.mark.parametrize(
    "closed",
    [{"state": Invitation.State.WITHDRAWN}, {"expires_at": timezone.now() - timedelta(minutes=1)}],
)
def test_a_closed_invitation_says_what_to_do(client, lab, closed):
    answer = client.get(path_of(offer(lab, **closed)))
    assert answer.status_code == 404
    assert "再发一份" in answer.content.decode()


def test_a_forged_link_opens_nothing(client, lab):
    invitation = offer(lab)
    assert client.get(f"/invitation/alpha.{invitation.ref}:forged/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "taken"}, "已被使用"),
        ({"username": "大写"}, "小写字母"),
        ({"password": "password1234", "repeat": "password1234"}, "常见"),
        ({"username": "long-enough-phrase", "password": "long-enough-phrase", "repeat": "long-enough-phrase"}, "相似"),
        ({"repeat": "something else entirely"}, "两次输入不一致"),
    ],
)
def test_a_faulty_acceptance_says_why_and_keeps_the_name(client, lab, fields, sentence):
    User.objects.create_user("taken", None, name="先来的人")
    answer = accept(client, offer(lab), **fields)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert f'value="{fields.get("username", "shen")}"' in page


def test_a_withdrawn_invitation_is_closed(desk, lab):
    invitation = offer(lab)
    desk.post(f"/i/alpha/settings/invitations/{invitation.ref}/withdraw/")
    assert the_invitation(lab).state == Invitation.State.WITHDRAWN


def test_new_roles_hold_from_the_next_request_on(desk, lab, client):
    colleague = make.user(lab, Role.OPERATOR)
    membership = membership_of(lab, colleague)
    desk.post(
        f"/i/alpha/settings/members/{membership.ref}/roles/",
        {"roles": ["administrator"], "reason": "接替程以恒"} | PROOF,
    )
    assert membership_of(lab, colleague).roles == ["administrator"]


def test_roles_are_not_changed_without_a_reason(desk, lab):
    colleague = make.user(lab, Role.OPERATOR)
    membership = membership_of(lab, colleague)
    answer = desk.post(
        f"/i/alpha/settings/members/{membership.ref}/roles/", {"roles": ["checker"], "reason": ""} | PROOF
    )
    assert answer.status_code == 400
    assert membership_of(lab, colleague).roles == ["operator"]


def test_the_reason_of_a_change_is_on_the_members_page(desk, lab):
    membership = membership_of(lab, make.user(lab, Role.OPERATOR))
    desk.post(
        f"/i/alpha/settings/members/{membership.ref}/roles/", {"roles": ["checker"], "reason": "转岗核验"} | PROOF
    )
    assert "转岗核验" in desk.get(f"/i/alpha/settings/members/{membership.ref}/").content.decode()


def test_an_administrator_cannot_give_up_that_role_alone(desk, lab, administrator):
    membership = membership_of(lab, administrator)
    answer = desk.post(
        f"/i/alpha/settings/members/{membership.ref}/roles/", {"roles": ["operator"], "reason": "不想管了"} | PROOF
    )
    assert "请由另一位管理员操作" in answer.content.decode()


def test_an_ended_member_is_out_with_the_next_request(desk, lab, client):
    colleague, browser = make.user(lab, Role.OPERATOR), Client()
    browser.force_login(colleague)
    assert browser.get("/i/alpha/").status_code == 200
    membership = membership_of(lab, colleague)
    desk.post(f"/i/alpha/settings/members/{membership.ref}/end/", {"end-reason": "离职"} | PROOF)
    assert browser.get("/i/alpha/").status_code == 404


def test_administrators_cannot_end_themselves(desk, lab, administrator):
    membership = membership_of(lab, administrator)
    answer = desk.post(f"/i/alpha/settings/members/{membership.ref}/end/", {"end-reason": "离职"} | PROOF)
    assert answer.status_code == 400
    assert "不能停用自己的账号" in answer.content.decode()


def test_mail_addresses_of_invited_people_are_for_administrators_only(client, lab):
    offer(lab)
    client.force_login(make.user(lab, Role.OPERATOR))
    assert "shen@example.com" not in client.get("/i/alpha/settings/members/").content.decode()


def test_a_user_sees_its_own_memberships_only(lab):
    user, other = make.user(lab, Role.OPERATOR), make.user(lab, Role.CHECKER)
    with scope(user_id=user.pk):
        assert [row.user_id for row in Membership.objects.all()] == [user.pk]
    assert other.pk != user.pk


def test_the_named_parts_of_a_link_are_those_it_was_made_of(lab):
    invitation = offer(lab)
    assert workflow.named_in(workflow.link_token(invitation)) == ("alpha", invitation.ref)


def test_a_signed_in_user_joins_a_second_institution_with_the_same_account(client, lab):
    other = make.institution("beta")
    user = make.user(other, Role.OPERATOR)
    invitation = offer(lab, roles=["checker"])
    client.force_login(user)
    response = client.post(path_of(invitation), {"existing": "yes"})
    assert response.url == "/i/alpha/"
    with scope(user_id=user.pk):
        roles = {m.institution.slug: m.roles for m in Membership.objects.select_related("institution")}
    assert roles == {"beta": ["operator"], "alpha": ["checker"]}


def test_a_member_cannot_join_twice(client, lab):
    user = make.user(lab, Role.OPERATOR)
    invitation = offer(lab, roles=["signatory"])
    client.force_login(user)
    assert "已经是本机构的成员" in client.post(path_of(invitation), {"existing": "yes"}).text
    with tenant(lab.pk):
        assert Membership.objects.get(user=user).roles == ["operator"]


def test_somebody_who_had_left_is_back_under_the_same_membership(client, lab, administrator):
    user = make.user(lab, Role.OPERATOR)
    with tenant(lab.pk):
        Membership.objects.filter(user=user).update(state=Membership.State.ENDED)
    client.force_login(user)
    client.post(path_of(offer(lab, roles=["checker"])), {"existing": "yes"})
    with tenant(lab.pk):
        row = Membership.objects.get(user=user)
    assert (row.state, row.roles) == (Membership.State.ACTIVE, ["checker"])


def test_without_signing_in_an_existing_account_cannot_be_claimed(client, lab):
    assert client.post(path_of(offer(lab)), {"existing": "yes"}).status_code == 400
    with tenant(lab.pk):
        assert not Membership.objects.exists()
