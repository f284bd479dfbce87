"""The page behind a QR code: what it says on which day, what it costs, what it never does."""

import json
import re
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from portal import codes, scan
from portal.tenancy import tenant
from tests import make

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX23"


def card(state="issued", valid_until="2027-03-09", **facts):
    return {
        "kind": "device",
        "state": state,
        "device": {
            "name": "一般压力表", "model": "Y-100", "serial_number": "21087743", "manufacturer": "西塬仪表厂",
            "range": "(0～1.6) MPa",
        },
        "certificate": {
            "kind": "verification_certificate", "number": "JD26-00001", "conclusion": "合格", "method": "JJG 52-2013",
            "performed_on": "2026-03-10", "issued_on": "2026-03-11", "valid_until": valid_until,
        },
        "institution": {
            "name": "岭测", "name_en": "Lingce", "phone": "0990-5550100", "complaint_phone": "0990-5550116",
        },
        **facts,
    }  # fmt: skip


def published(token=TOKEN, number="JD26-00001", code="7K4P-9WQD", file_sha256="", stored_as="", **values):
    lab = make.institution()
    with tenant(lab.pk):
        codes.publish(
            institution_id=lab.pk, kind="device", token=token, card=card(**values), at=NOON, number=number,
            verification_code=code, file_sha256=file_sha256, stored_as=stored_as,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2026-03-10", "valid"), ("2027-02-06", "valid"), ("2027-02-07", "due"), ("2027-03-09", "due"),
        ("2027-03-10", "expired"),
    ],
)  # fmt: skip
def test_the_state_follows_from_the_day(today, state):
    assert codes.state_on(card(), date.fromisoformat(today)) == state


def test_the_day_is_that_of_shanghai():
    last_minute, first_minute = datetime(2027, 3, 9, 15, 59, tzinfo=UTC), datetime(2027, 3, 9, 16, 0, tzinfo=UTC)
    assert scan.face(card(), last_minute)["state"] == "due"
    assert scan.face(card(), first_minute)["state"] == "expired"


def test_a_calibration_without_agreed_expiry_never_expires():
    assert scan.face(card(valid_until=None), datetime(2050, 1, 1, tzinfo=UTC))["state"] == "valid"


@pytest.mark.parametrize("state", ["review", "replaced", "void", "anomaly"])
def test_a_state_of_the_owner_overrides_the_dates(state):
    assert scan.face(card(state=state), NOON)["state"] == state


def test_a_notice_of_failure_is_never_called_valid():
    notice = card()
    notice["certificate"]["kind"] = "verification_result_notice"
    shown = scan.face(notice, NOON)
    assert (shown["state"], shown["state_word"]) == ("failed", "不合格")
    assert "不得使用" in scan.page(shown)


def test_every_state_has_a_word():
    by_day = {"valid", "due", "expired", "failed", "fit", "restricted"}
    assert set(scan.WORDS) == by_day | set(codes.STATES) - {"issued", "in_use"}


texts = st.text(st.characters(blacklist_characters="\x02\x03", blacklist_categories=("Cs",)), max_size=12)
dates = st.sampled_from(["", None, "2026-03-10", "2026-03-20", "2025-01-01"])


@given(
    state=st.sampled_from([state for state in codes.STATES if state != "in_use"]),
    kind=st.sampled_from(["calibration_certificate", "verification_certificate", "verification_result_notice", ""]),
    until=dates,
    values=st.lists(texts, min_size=16, max_size=16),
)
def test_the_cut_template_gives_the_same_page_as_rendering_it(state, kind, until, values):
    made = card(state=state, valid_until=until)
    left = iter(values)
    for group in ("device", "certificate", "institution"):
        for name in made[group]:
            if name not in ("kind", "valid_until"):
                made[group][name] = next(left)
    made["certificate"]["kind"] = kind
    made["reason"] = next(left)
    made["successor"] = {"token": next(left)}
    shown = scan.face(made, NOON)
    assert scan.page(shown) == render_to_string(scan.TEMPLATE, {"card": shown})


@pytest.mark.django_db
def test_a_scan_is_one_query_without_session_and_cookie(client, django_assert_num_queries):
    published()
    with django_assert_num_queries(1):
        answer = client.get(f"/q/{TOKEN}")
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.django_db
def test_the_headers_keep_the_page_fresh_private_and_out_of_search_engines(client):
    published()
    answer = client.get(f"/q/{TOKEN}")
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/q/{TOKEN}", f"/Q/{TOKEN}", f"/q/{TOKEN.lower()}"])
def test_capitals_do_not_matter(client, path):
    published()
    assert "21087743" in client.get(path).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/q/{TOKEN}.json", f"/Q/{TOKEN}.JSON"])
def test_the_json_twin_has_the_same_facts(client, path):
    published()
    answer = client.get(path).json()
    page = client.get(f"/q/{TOKEN}").content.decode()
    assert answer["state_word"] in page and answer["state"] in ("valid", "due", "expired")
    for group in ("device", "certificate", "institution"):
        assert answer[group].items() >= card()[group].items()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", answer["checked_at"])


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["UNKNOWN", "%00", "x" * 5000, "%F0%9F%98%80", "..%2f..", "<script>"])
def test_an_unknown_code_says_so(client, token):
    answer = client.get(f"/q/{token}")
    assert answer.status_code == 404
    if "%2f" not in token:
        assert "查无此码" in answer.content.decode()
    assert "<script>" not in answer.content.decode()


@pytest.mark.django_db
def test_an_unknown_code_says_so_in_json(client):
    answer = client.get("/q/UNKNOWN.json")
    assert (answer.status_code, answer.json()["state_word"]) == (404, "查无此码")


@pytest.mark.django_db
def test_text_of_a_card_cannot_become_markup(client):
    published(reason="<script>alert(1)</script>", state="void")
    assert "<script>alert" not in client.get(f"/q/{TOKEN}").content.decode()


@pytest.mark.django_db
def test_the_page_says_the_same_without_its_short_way(client, settings):
    published()
    quick = client.get(f"/q/{TOKEN}")
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "ScanMiddleware" not in name]
    slow = Client().get(f"/q/{TOKEN}")
    assert slow.content == quick.content
    assert not slow.cookies and slow["Cache-Control"] == quick["Cache-Control"]


@pytest.mark.django_db
def test_a_successor_is_linked(client):
    published(state="replaced", successor={"number": "JD26-00002", "token": "NEW"})
    assert 'href="/q/NEW"' in client.get(f"/q/{TOKEN}").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_scan_survives_a_connection_that_the_server_closed(client):
    published()
    client.get(f"/q/{TOKEN}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert client.get(f"/q/{TOKEN}").status_code == 200


@pytest.mark.django_db
def test_the_page_is_small(client):
    published()
    assert len(client.get(f"/q/{TOKEN}").content) < 12_000


def test_a_card_says_nothing_that_is_not_on_the_list():
    with pytest.raises(ValueError, match="customer"):
        codes.publish(institution_id=1, kind="device", token=TOKEN, at=NOON, card=card(customer={"name": "某公司"}))


def test_the_page_of_a_face_is_plain_json():
    assert json.loads(json.dumps(scan.face(card(), NOON)))["days_left"] == 364
