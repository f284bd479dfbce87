"""Rights that are taken away are gone with the next request, in queued work, and between two who act at once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from institutions import workflow
from institutions.access import actor_in
from institutions.models import Membership, User
from portal import outbox
from portal.models import StepUp
from portal.permissions import Role
from portal.tenancy import scope, tenant
from tests import make
from tests.concurrency import at_once, kinds

pytestmark = pytest.mark.django_db

TODAY = "/i/alpha/"


@pytest.fixture
def lab(db):
    return make.institution()


def member(lab, *roles):
    """An account and its membership."""
    user = make.user(lab, *roles)
    with tenant(lab.pk):
        return user, Membership.objects.get(user=user)


def working(user):
    browser = Client()
    browser.force_login(user)
    assert browser.get(TODAY).status_code == 200
    return browser


def acting(lab, user):
    with scope(institution_id=lab.pk, user_id=user.pk):
        return actor_in(user, lab)


def end(lab, membership, actor, reason="离职"):
    """The membership is ended by this person, who has proven who it is."""
    make.prove(actor, "membership.end", membership)
    with tenant(lab.pk):
        return workflow.end_membership(membership, actor=actor, at=timezone.now(), reason=reason)


def test_an_ended_member_is_out_with_the_next_request(lab):
    (user, membership), (admin, _own) = member(lab, Role.OPERATOR), member(lab, Role.ADMINISTRATOR)
    browser = working(user)
    end(lab, membership, acting(lab, admin))
    assert browser.get(TODAY).status_code == 404


def test_a_role_that_was_taken_away_opens_nothing_with_the_next_request(lab):
    (user, membership), (admin, _own) = member(lab, Role.ADMINISTRATOR), member(lab, Role.ADMINISTRATOR)
    browser, actor = working(user), acting(lab, admin)
    assert browser.get("/i/alpha/audit/").status_code == 200
    make.prove(actor, "membership.change_roles", membership, workflow.roles_digest(["operator"]))
    with tenant(lab.pk):
        workflow.change_roles(membership, ["operator"], actor=actor, at=timezone.now(), reason="转岗")
    assert browser.get("/i/alpha/audit/").status_code == 403


def test_a_proof_for_other_roles_changes_none(lab):
    (_user, membership), (admin, _own) = member(lab, Role.OPERATOR), member(lab, Role.ADMINISTRATOR)
    actor = acting(lab, admin)
    make.prove(actor, "membership.change_roles", membership, workflow.roles_digest(["checker"]))
    with tenant(lab.pk), pytest.raises(workflow.Refused, match="本人确认"):
        workflow.change_roles(membership, ["administrator"], actor=actor, at=timezone.now(), reason="x")


def test_a_disabled_account_is_out_with_the_next_request(lab):
    user, _membership = member(lab, Role.OPERATOR)
    browser = working(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert browser.get(TODAY).status_code == 401


def invited(lab, actor):
    make.prove_invitation(actor, "new@alpha.example", ["operator"])
    with tenant(lab.pk):
        return workflow.invite(
            email="new@alpha.example", name="新人", roles=["operator"], employment=None, actor=actor, at=timezone.now()
        )


def test_the_mail_of_an_invitation_goes_out_while_its_sender_is_an_administrator(lab):
    invited(lab, acting(lab, member(lab, Role.ADMINISTRATOR)[0]))
    outbox.drain()
    assert len(mail.outbox) == 1


def test_the_mail_of_an_invitation_is_not_sent_when_its_sender_was_ended_before(lab):
    (user, membership), (admin, _own) = member(lab, Role.ADMINISTRATOR), member(lab, Role.ADMINISTRATOR)
    invited(lab, acting(lab, user))
    end(lab, membership, acting(lab, admin))
    outbox.drain()
    assert not mail.outbox


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_end_each_other_at_once_one_wins():
    lab = make.institution()
    (first, first_row), (second, second_row) = member(lab, Role.ADMINISTRATOR), member(lab, Role.ADMINISTRATOR)
    first_actor, second_actor = acting(lab, first), acting(lab, second)
    results = at_once(
        lambda: end(lab, second_row, first_actor), lambda: end(lab, first_row, second_actor)
    )  # fmt: skip
    assert kinds(results) == ["Membership", "PermissionDenied"]
    with tenant(lab.pk):
        assert Membership.objects.filter(state=Membership.State.ACTIVE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_member_is_ended_every_other_membership_of_the_institution_waits():
    """So that of two who end each other, neither holds what the other one needs."""
    lab = make.institution()
    (_user, row), (_third, other), (admin, _own) = (
        member(lab, role) for role in (Role.OPERATOR, Role.CHECKER, Role.ADMINISTRATOR)
    )
    actor = acting(lab, admin)

    def lock_the_other():
        with tenant(lab.pk):
            return Membership.objects.select_for_update(nowait=True, of=("self",)).get(pk=other.pk)

    with tenant(lab.pk):
        end(lab, row, actor)
        assert kinds(at_once(lock_the_other)) == ["OperationalError"]
    assert kinds(at_once(lock_the_other)) == ["Membership"]


@pytest.mark.django_db(transaction=True)
def test_whoever_is_ended_at_the_same_moment_signs_before_or_not_at_all():
    world = make.laboratory()
    admin, _own = member(world.institution, Role.ADMINISTRATOR)
    certificate = make.certificate(world, "approved")
    make.prove(world.signatory, "certificate.issue", certificate, certificate.body_sha256)
    with tenant(world.institution.pk):
        signatory = Membership.objects.get(user_id=world.signatory.user_id)

    def issue():
        from certificates import workflow as certificates

        with tenant(world.institution.pk):
            return certificates.issue(certificate, actor=world.signatory, at=make.NOON + timedelta(hours=1))

    actor = acting(world.institution, admin)
    issued, ended = at_once(issue, lambda: end(world.institution, signatory, actor))
    assert isinstance(ended, Membership)
    used = StepUp.objects.filter(act="certificate.issue").exclude(used_at=None).exists()
    if used:
        assert make.fresh(certificate).state == "issued"
    else:
        assert type(issued).__name__ == "PermissionDenied" and make.fresh(certificate).state == "approved"
