"""Pages of records and certificates: what people see, what bad input says, that nothing typed is lost."""

import json

import pytest
from django.urls import reverse

from certificates.models import Certificate, RawRecord, Reading
from institutions.models import Authorisation
from orders.models import Item
from portal.models import AuditEntry, OutboxEntry
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def world(laboratory):
    """A laboratory outside any scope, as a request finds it."""
    return laboratory


@pytest.fixture
def as_(client, world):
    """Sign in as one of the laboratory's three people."""
    from institutions.models import User

    def sign_in(who):
        client.force_login(User.objects.get(pk=getattr(world, who).user_id))
        return client

    return sign_in


def at(name, world, row=None):
    args = [world.institution.slug, *([row.ref] if row else [])]
    return reverse(f"certificates:{name}", args=args)


def fresh(row):
    return make.fresh(row)


def grid(client, url, *cells):
    body = {"cells": [dict(zip(("point", "key", "text", "reason"), cell, strict=False)) for cell in cells]}
    return client.post(url, json.dumps(body), content_type="application/json", headers={"Accept": "application/json"})


START = {
    "performed_on": "2026-03-10", "late_reason": "测试", "room": "压力室", "device_lower": "0", "device_upper": "1.6",
    "device_division": "0.05", "device_accuracy_class": "1.6", "points": "",
}  # fmt: skip


def start_data(world, **changes):
    rows = {"site": world.site, "standard": world.standard, "environment_equipment": world.environment}
    return START | {name: row.ref for name, row in rows.items()} | changes


def test_an_operator_starts_a_record_from_an_item(as_, world):
    item = make.item(world.institution)
    response = as_("operator").post(at("start", world, item), start_data(world))
    with tenant(world.institution.pk):
        record = RawRecord.objects.get()
    assert response.status_code == 302 and response.url == at("record", world, record)
    assert record.points == ["0", "0.4", "0.8", "1.2", "1.6"]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"device_upper": "十六"}, "十六"),
        ({"device_upper": "0"}, "测量上限应大于测量下限"),
        ({"device_upper": ""}, "请填写这一项"),
        ({"points": "0 abc"}, "abc"),
        ({"performed_on": "2099-01-01"}, "不能晚于今天"),
        ({"late_reason": ""}, "请说明为什么"),
        ({"performed_on": "昨天"}, "2026-03-09"),
        ({"standard": "nonesuch"}, "已经不在列表里"),
    ],
)
def test_a_bad_start_says_what_to_do_and_keeps_what_was_typed(as_, world, changes, sentence):
    item = make.item(world.institution)
    response = as_("operator").post(at("start", world, item), start_data(world, room="三楼东侧", **changes))
    assert response.status_code == 400
    assert sentence in response.text and "三楼东侧" in response.text
    with tenant(world.institution.pk):
        assert not RawRecord.objects.exists()


def test_a_lapsed_standard_is_not_offered(as_, world):
    with tenant(world.institution.pk):
        type(world.standard).objects.update(assessed_until="2026-03-09")
    item = make.item(world.institution)
    client = as_("operator")
    assert world.standard.ref not in client.get(at("start", world, item)).text
    assert "已经不在列表里" in client.post(at("start", world, item), start_data(world)).text


def test_the_grid_saves_readings_and_answers_with_the_live_result(as_, world):
    record = make.record(world)
    answer = grid(
        as_("operator"), at("readings", world, record), (1, "up_before", "０．４０"), (1, "up_after", "0,41")
    ).json()
    assert [cell["state"] for cell in answer["cells"]] == ["saved", "saved"]
    assert answer["cells"][0]["text"] == "0.40"
    assert "示值误差" in answer["panel"] and answer["summary"].startswith("2 / 20")
    assert {"point": 1, "key": "tap", "text": "0.01"} in answer["derived"]


def test_the_grid_refuses_a_cell_with_a_sentence_and_saves_the_others(as_, world):
    record = make.record(world)
    answer = grid(
        as_("operator"), at("readings", world, record), (0, "up_before", "abc"), (0, "up_after", "0.00")
    ).json()
    assert [cell["state"] for cell in answer["cells"]] == ["refused", "saved"]
    assert answer["cells"][0]["message"]


def test_a_correction_in_the_grid_asks_for_a_reason_first(as_, world):
    record = make.record(world)
    client, url = as_("operator"), at("readings", world, record)
    grid(client, url, (0, "up_before", "0.00"))
    assert grid(client, url, (0, "up_before", "0.01")).json()["cells"][0]["state"] == "needs_reason"
    answer = grid(client, url, (0, "up_before", "0.01", "看错刻度")).json()
    assert (answer["cells"][0]["state"], answer["cells"][0]["was"]) == ("saved", "0.00")
    page = client.get(at("record", world, record)).text
    assert "看错刻度" in page and ">0.00</s>" in page


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"cells": 3}', '{"cells": [{"point": "x", "key": "y", "text": "1"}]}', '{"cells": [1]}',
             '{"cells": [{"point": 0, "key": "up_before", "text": "1\\u0000"}]}'],
)  # fmt: skip
def test_a_body_that_is_no_grid_is_a_clear_400(as_, world, body):
    record = make.record(world)
    response = as_("operator").post(at("readings", world, record), body, content_type="application/json")
    assert response.status_code == 400 and response.json()["message"]


def test_the_sheet_works_as_a_plain_form_and_keeps_refused_values(as_, world):
    record = make.record(world)
    client, url = as_("operator"), at("readings", world, record)
    data = {"r-0-up_before": "0.00", "r-0-up_after": "O.O1", "c-temperature": "20.8"}
    response = client.post(url, data)
    assert response.status_code == 400
    assert "O.O1" in response.text and 'aria-invalid="true"' in response.text
    with tenant(world.institution.pk):
        assert sorted(Reading.objects.values_list("cell", flat=True)) == [
            "condition:temperature",
            "reading:0:up_before",
        ]


def test_an_expired_session_answers_the_grid_with_401_and_keeps_the_form(client, world):
    record = make.record(world)
    assert grid(client, at("readings", world, record), (0, "up_before", "0.00")).status_code == 401
    page = client.post(at("readings", world, record), {"r-0-up_before": "0.00"})
    assert page.status_code == 401 and 'value="0.00"' in page.text


def test_what_was_typed_and_not_saved_is_saved_by_submitting(as_, world):
    record = make.record(world)
    response = as_("operator").post(at("submit", world, record), {"r-0-up_before": "0.01", "c-humidity": "55"})
    assert response.status_code == 409 and 'value="0.01"' in response.text and 'value="55"' in response.text


def test_nothing_is_submitted_while_something_typed_cannot_be_read(as_, world):
    record = make.record(world, filled=True)
    response = as_("operator").post(at("submit", world, record), {"c-humidity": "abc", "reason-c-humidity": "笔误"})
    assert response.status_code == 400 and 'value="abc"' in response.text
    assert make.fresh(record).state == "draft"


def test_submitting_twice_is_refused_the_second_time_and_makes_one_certificate(as_, world):
    record = make.record(world, filled=True)
    client = as_("operator")
    first, second = (client.post(at("submit", world, record)) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 409)
    assert "当前状态" in second.text
    with tenant(world.institution.pk):
        assert Certificate.objects.count() == 1


def test_a_refused_submission_shows_every_clause_on_the_page(as_, world):
    response = as_("operator").post(at("submit", world, make.record(world)))
    assert response.status_code == 409
    assert "B-5.7-a" in response.text and "B-6.1.7-7.8.4-b" in response.text


def test_somebody_elses_record_is_read_only(as_, world):
    record = make.record(world)
    page = as_("checker").get(at("record", world, record)).text
    assert "readonly" in page and "提交核验</button>" not in page


def test_checking_needs_the_tick(as_, world):
    certificate = make.certificate(world, "draft")
    client = as_("checker")
    client.post(at("check", world, certificate))
    assert fresh(certificate).state == "draft"
    client.post(at("check", world, certificate), {"confirmed": "yes"})
    assert fresh(certificate).state == "checked"


def test_the_signatory_approves_what_the_page_shows_and_it_is_issued(as_, world):
    certificate = make.certificate(world, "checked")
    client = as_("signatory")
    page = client.get(at("certificate", world, certificate)).text
    seen = page.split('name="confirmed_sha256" value="')[1].split('"')[0]
    response = client.post(
        at("approve", world, certificate),
        {"confirmed": "yes", "confirmed_sha256": seen, "own_password": make.PASSWORD}, follow=True,
    )  # fmt: skip
    row = fresh(certificate)
    assert (row.state, row.body_sha256) == ("issued", seen)
    assert row.number in response.text and "data-progress-url" in response.text


def test_the_back_button_after_issue_is_refused_and_changes_nothing(as_, world):
    certificate = make.certificate(world, "issued")
    response = as_("signatory").post(
        at("approve", world, certificate),
        {"confirmed": "yes", "confirmed_sha256": certificate.body_sha256, "own_password": make.PASSWORD},
    )
    assert response.status_code == 409 and "当前状态是“已签发”" in response.text
    assert fresh(certificate).number == certificate.number


def test_red_gates_are_on_the_page_before_anybody_presses(as_, world):
    certificate = make.certificate(world, "checked")
    with tenant(world.institution.pk):
        type(world.standard).objects.update(assessed_until="2026-03-09")
        Authorisation.objects.filter(role="authorised_signatory").update(field="长度")
    page = as_("signatory").get(at("certificate", world, certificate)).text
    assert "A-6.1.1" in page and "B-5.7-d-s2" in page and "先解决" in page


def test_a_return_needs_a_reason_and_shows_it_to_the_operator(as_, world):
    certificate = make.certificate(world, "draft")
    client = as_("checker")
    assert client.post(at("send_back", world, certificate), {"reason": " "}).status_code == 409
    client.post(at("send_back", world, certificate), {"reason": "0.4 点请复核"})
    today = as_("operator").get(reverse("institutions:today", args=["alpha"])).text
    assert "0.4 点请复核" in today


def test_an_operator_gets_403_from_the_signatorys_door_and_it_is_recorded(as_, world):
    certificate = make.certificate(world, "checked")
    assert as_("operator").post(at("approve", world, certificate), {"confirmed": "yes"}).status_code == 403
    with tenant(world.institution.pk):
        assert AuditEntry.objects.filter(verb="access.denied", succeeded=False).exists()


def test_the_pdf_is_downloaded_as_stored_and_the_look_is_recorded(as_, world):
    certificate = make.certificate(world, "released")
    response = as_("signatory").get(at("pdf", world, certificate))
    assert b"".join(response.streaming_content) == f"%PDF-1.7 {certificate.number}".encode()
    assert response["Content-Disposition"].startswith("attachment")
    with tenant(world.institution.pk):
        assert AuditEntry.objects.filter(verb="certificate.download").exists()


def test_a_certificate_without_pdf_has_no_download_but_progress(as_, world):
    certificate = make.certificate(world, "issued")
    client = as_("signatory")
    assert client.get(at("pdf", world, certificate)).status_code == 404
    assert client.get(at("progress", world, certificate)).json()["state"] == "running"


def test_a_pdf_that_cannot_be_made_is_said_to_have_failed(as_, world):
    certificate = make.certificate(world, "issued")
    entries = OutboxEntry.objects.filter(target_id=certificate.pk, task="certificates.render_pdf")
    client = as_("signatory")
    entries.update(last_error="MissingGlyph: x")
    assert "自动重试" in client.get(at("progress", world, certificate)).json()["text"]
    entries.update(state=OutboxEntry.State.DEAD)
    answer = client.get(at("progress", world, certificate)).json()
    assert answer["state"] == "failed" and "平台运维" in answer["text"]
    assert "平台运维" in client.get(at("certificate", world, certificate)).text


def test_a_preview_says_it_is_not_issued(as_, world):
    certificate = make.certificate(world, "draft")
    response = as_("checker").get(at("preview", world, certificate))
    assert response.content.startswith(b"%PDF") and response["Content-Type"] == "application/pdf"


def test_voiding_from_the_page_changes_the_public_state(as_, world):
    certificate = make.certificate(world, "released")
    proven = {"confirmed": "yes", "confirmed_sha256": certificate.content_sha256, "own_password": make.PASSWORD}
    as_("signatory").post(at("void", world, certificate), {"reason": "型号写错", **proven})
    assert fresh(certificate).state == "void"


@pytest.mark.parametrize("name", ["records", "list", "procedures"])
def test_lists_say_what_to_do_when_empty_and_survive_odd_filters(as_, world, name):
    client = as_("operator")
    assert client.get(at(name, world)).status_code == 200
    assert client.get(at(name, world), {"q": "\x00%", "state": "x", "queue": "x", "after": "\x00"}).status_code == 200


@pytest.mark.parametrize("state", ["draft", "checked", "approved", "issued", "released", "void"])
@pytest.mark.parametrize("who", ["operator", "checker", "signatory"])
def test_every_state_has_a_page_for_everybody(as_, world, state, who):
    certificate = make.certificate(world, state)
    client = as_(who)
    for name, row in (("certificate", certificate), ("record", certificate.record), ("history", certificate.record)):
        response = client.get(at(name, world, row))
        assert response.status_code == 200 and "!!" not in response.text


def test_list_queries_do_not_grow_with_rows(as_, world, django_assert_max_num_queries):
    client = as_("operator")
    for _ in range(2):
        make.certificate(world, "draft")
    client.get(at("list", world))
    with django_assert_max_num_queries(28) as few:
        client.get(at("list", world))
    for _ in range(3):
        make.certificate(world, "draft", activity=Item.Activity.VERIFICATION)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(at("list", world))
