"""A session alone signs nothing: approving, issuing and voiding take a fresh code for exactly this act on this content."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from certificates import workflow
from institutions.models import User
from portal import outbox
from portal.models import StepUp
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    """A laboratory whose signatory has a second factor and a mail address."""
    world = make.laboratory()
    world.user = User.objects.get(pk=world.signatory.user_id)
    User.objects.filter(pk=world.user.pk).update(email="chen@alpha.example")
    make.second_factor_of(world.user)
    return world


@pytest.fixture
def desk(client, world):
    """A browser in which the signatory is signed in."""
    client.force_login(world.user)
    return client


def at(name, certificate):
    return reverse(f"certificates:{name}", args=["alpha", certificate.ref])


def shown(client, certificate):
    """The hash that the certificate's page shows as what will be signed."""
    return re.search(
        r'name="confirmed_sha256" value="([0-9a-f]{64})"', client.get(at("certificate", certificate)).text
    )[1]


def approve(client, certificate, **fields):
    typed = {"confirmed": "yes", "confirmed_sha256": shown(client, certificate), **fields}
    return client.post(at("approve", certificate), typed)


def test_one_code_approves_and_issues_and_each_of_the_two_has_a_proof_of_its_own(desk, world):
    certificate = make.certificate(world, "checked")
    approve(desk, certificate, otp=make.code(world.user))
    assert make.fresh(certificate).state == "issued"
    proofs = StepUp.objects.exclude(used_at=None).filter(method="totp").order_by("id")
    assert [proof.act for proof in proofs] == ["certificate.approve", "certificate.issue"]


@pytest.mark.parametrize("typed", [{}, {"otp": ""}, {"otp": "000000"}, {"own_password": make.PASSWORD}])
def test_a_stolen_session_without_the_code_signs_nothing(desk, world, typed):
    certificate = make.certificate(world, "checked")
    answer = approve(desk, certificate, **typed)
    assert answer.status_code == 401 and "没有做任何改动" in answer.text
    assert make.fresh(certificate).state == "checked"


def test_a_stolen_session_without_the_code_issues_nothing(desk, world):
    certificate = make.certificate(world, "approved")
    answer = desk.post(at("issue", certificate), {"confirmed": "yes", "confirmed_sha256": certificate.body_sha256})
    assert answer.status_code == 401
    assert make.fresh(certificate).state == "approved"


def test_a_stolen_session_without_the_code_voids_nothing_and_the_reason_stays(desk, world):
    certificate = make.certificate(world, "released")
    typed = {"reason": "客户名称有误", "confirmed": "yes", "confirmed_sha256": certificate.content_sha256}
    answer = desk.post(at("void", certificate), {**typed, "otp": "000000"})
    assert answer.status_code == 401 and "客户名称有误</textarea>" in answer.text
    assert make.fresh(certificate).state == "issued"


def test_a_code_that_was_used_signs_nothing_more(desk, world):
    first, second = make.certificate(world, "checked"), make.certificate(world, "checked")
    code = make.code(world.user)
    approve(desk, first, otp=code)
    assert approve(desk, second, otp=code).status_code == 401
    assert make.fresh(second).state == "checked"


def test_a_code_that_signed_in_does_not_sign(client, world):
    certificate = make.certificate(world, "checked")
    client.post("/login/", {"username": world.user.username, "password": make.PASSWORD})
    code = make.code(world.user)
    client.post("/login/code/", {"otp": code})
    assert approve(client, certificate, otp=code).status_code == 401


def void(world, certificate):
    with tenant(world.institution.pk):
        return workflow.void(certificate, reason="客户名称有误", actor=world.signatory, at=NOON)


def spoil(proof, world):
    """A proof that is not for this."""
    certificate = make.certificate(world, "released")
    act, row, sha256, who = "certificate.void", certificate, certificate.content_sha256, world.signatory
    if proof == "for another certificate":
        row = make.certificate(world, "released")
    elif proof == "for another act":
        act = "certificate.issue"
    elif proof == "of other content":
        sha256 = "0" * 64
    elif proof == "of another person":
        who = world.checker
    make.prove(who, act, row, sha256)
    if proof == "six minutes old":
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE portal_stepup SET proven_at = proven_at - interval '6 minutes' WHERE act = %s", [act]
            )
    return certificate


@pytest.mark.parametrize(
    "proof",
    ["for another certificate", "for another act", "of other content", "of another person", "six minutes old"],
)
def test_a_proof_that_is_not_for_this_is_none(world, proof):
    certificate = spoil(proof, world)
    with pytest.raises(Refused, match="本人确认"):
        void(world, certificate)
    assert make.fresh(certificate).state == "issued"


def test_the_proof_meant_for_this_is_one(world):
    certificate = spoil("", world)
    assert void(world, certificate).state == "void"


def test_what_was_approved_on_another_page_is_not_issued_by_this_proof(desk, world):
    certificate = make.certificate(world, "approved")
    typed = {"confirmed": "yes", "confirmed_sha256": "0" * 64, "otp": make.code(world.user)}
    assert desk.post(at("issue", certificate), typed).status_code == 409
    assert make.fresh(certificate).state == "approved"


@pytest.mark.django_db(transaction=True)
def test_one_proof_voids_once_however_many_requests_come_at_the_same_moment():
    world = make.laboratory()
    certificate = make.certificate(world, "released")
    make.prove(world.signatory, "certificate.void", certificate, certificate.content_sha256)
    results = at_once(*[lambda: void(world, certificate)] * 3)
    assert kinds(results) == ["Certificate", "Refused", "Refused"]
    assert StepUp.objects.filter(act="certificate.void").exclude(used_at=None).count() == 1


def test_an_act_that_the_gates_refuse_leaves_the_proof_unused(desk, world):
    certificate = make.certificate(world, "checked")
    seen = shown(desk, certificate)
    with tenant(world.institution.pk):
        type(world.standard).objects.update(assessed_until="2026-03-09")
    typed = {"confirmed": "yes", "confirmed_sha256": seen, "otp": make.code(world.user)}
    assert desk.post(at("approve", certificate), typed).status_code == 409
    assert not StepUp.objects.exclude(used_at=None).exists()


def test_the_dialog_shows_what_is_signed(desk, world):
    certificate = make.certificate(world, "checked")
    page = desk.get(at("certificate", certificate)).text
    dialog = re.search(r'<dialog id="approve-dialog".*?</dialog>', page, re.DOTALL)[0]
    for text in (
        "签发时分配",
        "一般压力表 21087743",
        "海曙热力有限公司",
        "5 点",
        "授权签字人",
        'autocomplete="one-time-code"',
    ):
        assert text in dialog, text


def test_after_a_wrong_code_the_tick_stays_and_the_reason_is_at_the_field(desk, world):
    answer = approve(desk, make.certificate(world, "checked"), otp="000000")
    dialog = re.search(r'<dialog id="approve-dialog".*?</dialog>', answer.text, re.DOTALL)[0]
    assert "checked" in dialog and 'aria-invalid="true"' in dialog and "最多 30 秒" in dialog
    assert "000000" not in answer.text


def test_the_first_signature_of_an_hour_is_told_by_mail_with_the_brake(desk, world):
    approve(desk, make.certificate(world, "checked"), otp=make.code(world.user))
    approve(desk, make.certificate(world, "checked"), otp="000000")
    outbox.drain()
    (notice,) = [message for message in mail.outbox if "签署提醒" in message.subject]
    assert notice.to == ["chen@alpha.example"] and "/account/freeze/" in notice.body
    assert "陈慕白" not in notice.subject


def test_a_proof_that_led_to_nothing_is_not_told(desk, world):
    certificate = make.certificate(world, "checked")
    seen = shown(desk, certificate)
    with tenant(world.institution.pk):
        type(world.standard).objects.update(assessed_until="2026-03-09")
    desk.post(at("approve", certificate), {"confirmed": "yes", "confirmed_sha256": seen, "otp": make.code(world.user)})
    outbox.drain()
    assert not [message for message in mail.outbox if "签署提醒" in message.subject]


def test_a_signatory_without_a_factor_is_not_let_near_a_signature(world):
    User.objects.get(pk=world.user.pk).second_factor.delete()
    browser = Client()
    browser.post("/login/", {"username": world.user.username, "password": make.PASSWORD})
    certificate = make.certificate(world, "checked")
    typed = {"confirmed": "yes", "confirmed_sha256": "0" * 64, "own_password": make.PASSWORD}
    assert browser.post(at("approve", certificate), typed).status_code == 403
    assert make.fresh(certificate).state == "checked"
