"""计量智码: what may be on a card, how it is found, and what the table gives away."""

import re
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, ProgrammingError

from portal import codes
from portal.models import SmartCode
from portal.tenancy import tenant
from tests import make

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX23"
CARD = {"kind": "device", "state": "issued", "certificate": {"number": "A-1", "valid_until": ""}}


def publish(slug="alpha", token=TOKEN, card=CARD, **kwargs):
    lab = make.institution(slug)
    with tenant(lab.pk):
        codes.publish(institution_id=lab.pk, kind="device", token=token, card=card, at=AT, **kwargs)


def test_tokens_are_random_and_fit_the_dense_mode_of_a_qr_code():
    tokens = {codes.new_token() for _ in range(500)}
    assert len(tokens) == 500
    assert all(re.fullmatch("[A-Z2-7]{26}", token) for token in tokens)  # 26 characters of 5 bits: at least 128 bits


def test_printed_codes_have_no_look_alikes():
    printed = {codes.new_verification_code() for _ in range(500)}
    assert all(re.fullmatch("[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", code) for code in printed)
    assert len(printed) == 500


def test_the_code_says_an_address_and_nothing_else(settings):
    settings.SITE_URL = "https://portal.example"
    assert codes.address(TOKEN) == f"https://portal.example/q/{TOKEN}"
    assert codes.printed_address(TOKEN) == f"HTTPS://PORTAL.EXAMPLE/Q/{TOKEN}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "extra",
    [
        {"customer": "海曙热力有限公司"},
        {"device": {"name": "压力表", "customer": "海曙热力有限公司"}},
        {"certificate": {"number": "A-1", "price": "120"}},
        {"kind": {"customer": "海曙热力有限公司"}},
        {"reason": ["海曙热力有限公司"]},
        {"device": {"name": {"customer": "海曙热力有限公司"}}},
        {"certificate": [{"customer": "海曙热力有限公司"}]},
    ],
)
def test_a_card_carries_nothing_that_is_not_for_the_public(extra):
    with pytest.raises(ValueError, match="not for the public"):
        publish(card=CARD | extra)
    assert codes.find(TOKEN) is None


@pytest.mark.django_db
def test_a_card_is_in_a_state_that_has_a_word():
    with pytest.raises(ValueError, match="unknown state"):
        publish(card=CARD | {"state": "lost"})


@pytest.mark.django_db
def test_publishing_again_replaces_the_card():
    publish()
    publish(card=CARD | {"state": "void", "reason": "名称有误"})
    assert codes.find(TOKEN)["state"] == "void"
    with tenant(make.institution().pk):
        assert SmartCode.objects.count() == 1


@pytest.mark.django_db
def test_another_institution_cannot_take_a_token_over():
    publish("alpha")
    with pytest.raises(DatabaseError):
        publish("beta", card=CARD | {"state": "void"})


@pytest.mark.django_db
def test_nobody_publishes_in_the_name_of_another_institution():
    alpha, beta = make.institution("alpha"), make.institution("beta")
    with pytest.raises(ProgrammingError, match="row-level security"), tenant(alpha.pk):
        codes.publish(institution_id=beta.pk, kind="device", token=TOKEN, card=CARD, at=AT)


@pytest.mark.django_db
def test_the_table_holds_neither_token_nor_printed_code():
    publish(number="A-1", verification_code="7K4P-9WQD", file_sha256="f" * 64)
    with tenant(make.institution().pk):
        stored = str(SmartCode.objects.values().get())
    assert TOKEN not in stored and "7K4P" not in stored


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "code"), [("A-1", "7K4P-9WQD"), (" a-1 ", "7k4p9wqd"), ("A-1", "7K4P 9WQD"), ("A-1", " 7K4P- 9WQD ")]
)
def test_number_and_code_are_found_however_they_are_typed(number, code):
    publish(number="A-1", verification_code="7K4P-9WQD")
    assert codes.find_by_number(number, code) == CARD


@pytest.mark.django_db
@pytest.mark.parametrize(("number", "code"), [("A-1", ""), ("", "7K4P-9WQD"), ("A-2", "7K4P-9WQD"), ("A", "17K4P9WQD")])
def test_a_number_without_its_code_finds_nothing(number, code):
    publish(number="A-1", verification_code="7K4P-9WQD")
    assert codes.find_by_number(number, code) is None
