"""What a program or a stranger with somebody else's names tries on equipment. Names say what must not work."""

import csv
import io
import json
from copy import deepcopy
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from equipment.models import EnvironmentReading, Equipment, EquipmentEvent, Label, StockCheck, StockLine, Traceability
from institutions import tokens
from institutions.models import ApiToken
from portal.permissions import MACHINE_RIGHTS, Permission, Role
from portal.tenancy import tenant
from tests import make

READINGS, LIST, IMPORT, EXPORT, ROOMS = (
    f"/api/v1/{path}"
    for path in ("environment/readings", "equipment/", "equipment/import", "equipment/export", "environment/rooms")
)


def world(slug):
    lab = SimpleNamespace(institution=make.institution(slug))
    lab.site = make.site(lab.institution, name=f"{slug} 场所")
    lab.keeper = make.employment(lab.institution)
    lab.room = make.room(lab.institution, lab.site)
    lab.monitor = make.monitor(lab.institution, lab.site, lab.keeper, asset_number=f"{slug}-WSD")
    lab.device = make.equipment(lab.institution, lab.site, asset_number=f"{slug}-001")
    lab.manager = make.actor(lab.institution, Role.METROLOGY_MANAGER, employment=lab.keeper)
    make.requirement(lab.institution, lab.room, monitor=lab.monitor)
    lab.key = make.api_token(lab.institution, *MACHINE_RIGHTS)
    return lab


@pytest.fixture(scope="module")
def worlds(rows_of_module):
    return {slug: world(slug) for slug in ("alpha", "beta")}


@pytest.fixture
def lab(db, worlds):
    return deepcopy(worlds["alpha"])


@pytest.fixture
def other(db, worlds):
    return deepcopy(worlds["beta"])


def sent(key, address, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}", **headers}
    return Client().post(address, data, content_type="application/json", headers=headers)


def read(key, address, **query):
    return Client().get(address, query, headers={"authorization": f"Bearer {key}"})


def reading(lab, **values):
    moment = timezone.now().replace(microsecond=0) - timedelta(minutes=30)
    return {
        "room": lab.room.ref, "element": "temperature", "value": "20.1", "unit": "℃", "taken_at": moment.isoformat(),
        "monitor": lab.monitor.asset_number, **values,
    }  # fmt: skip


def refused(answer, *statuses):
    assert answer.status_code in (statuses or (400, 422)), answer.content.decode()[:300]
    assert answer["Content-Type"] == "application/problem+json" and answer.json()["detail"].endswith("。")
    return answer.json()


def kept(lab):
    with tenant(lab.institution.pk):
        return EnvironmentReading.objects.count()


# --- JSON


@pytest.mark.parametrize(
    "body",
    [
        b'{"readings": NaN}', b'{"readings": [{"value": Infinity}]}', b'{"readings": [{"value": -Infinity}]}',
        b"[" * 100_000, b'{"a":' * 50_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 995 + b"]" * 995,
        b'{"readings": ' + b"9" * 300_000 + b"}", b'{"readings": 1e' + b"9" * 300_000 + b"}",
        b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"", b"null", b'"x"', b"{}", b'{"readings": {}}', b'{"readings": [[]]}',
        b'{"readings": ["\\ud800"]}', b"{'readings': []}", b'{"readings": [1]}', b'{"__proto__": {}, "readings": [null]}',
    ],
    ids=range(21),
)  # fmt: skip
@pytest.mark.parametrize("address", [READINGS, IMPORT])
def test_a_body_that_is_no_honest_json_is_refused_in_words(lab, address, body):
    refused(sent(lab.key, address, body), 400)


def test_a_field_that_is_said_twice_is_said_once_or_not_at_all(lab):
    """Whoever reads only the first one has seen another value than the one that is kept."""
    body = json.dumps({"readings": [reading(lab)]}).replace('"value": "20.1"', '"value": "20.1", "value": "19.0"')
    refused(sent(lab.key, READINGS, body.encode()), 400)
    twice = json.dumps({"mode": "preview", "rows": [row(lab)]}).replace("{", '{"mode": "all", ', 1)
    refused(sent(lab.key, IMPORT, twice.encode()), 400)


def test_a_body_larger_than_it_may_be_is_refused_in_words(lab):
    assert sent(lab.key, READINGS, b'{"x": "' + b"a" * (6 * 1024 * 1024) + b'"}').status_code in (400, 413)


@pytest.mark.parametrize(
    "value",
    ["1_0", "２０", "٢٠", "0x14", "20.1.1", "1e400", "-1e400", "NaN", "sNaN", "Infinity", "", " ", "20,1", True, None, [20], {},
     "9" * 41, "1" * 35],
)  # fmt: skip
def test_what_is_no_plain_number_is_no_reading(lab, value):
    refused(sent(lab.key, READINGS, {"readings": [reading(lab, value=value)]}))
    assert kept(lab) == 0


def test_a_number_that_json_cannot_bear_is_no_reading(lab):
    body = json.dumps({"readings": [reading(lab, value=1234567)]}).encode()
    for number in (b"1" * 60, b"1e99", b"-1E-99", b"20.1234567"):
        refused(sent(lab.key, READINGS, body.replace(b"1234567", number)))
    assert kept(lab) == 0


def test_a_negative_zero_is_a_zero(lab):
    assert sent(lab.key, READINGS, {"readings": [reading(lab, value="-0.0")]}).status_code == 201
    with tenant(lab.institution.pk):
        assert str(EnvironmentReading.objects.get().value) == "0.000000"


@pytest.mark.parametrize(
    "moment",
    ["2099-01-01T00:00:00+08:00", "1990-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "now", "",
     "2026-13-01T00:00:00", "2026-01-01", 1767225600, "2026-01-01T00:00:00+99:99", "2026-02-30T10:00:00+08:00"],
)  # fmt: skip
def test_a_reading_of_no_possible_time_is_not_kept(lab, moment):
    refused(sent(lab.key, READINGS, {"readings": [reading(lab, taken_at=moment)]}))
    assert kept(lab) == 0


def test_a_reading_is_not_overwritten(lab):
    first = reading(lab)
    assert sent(lab.key, READINGS, {"readings": [first]}).status_code == 201
    refused(sent(lab.key, READINGS, {"readings": [{**first, "value": "19.0"}]}))
    assert kept(lab) == 1


# --- keys


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer clt_", "Bearer null", "Basic abc", "Bearer clt_" + "x" * 43, "Bearer clt_" + "x" * 5000,
     "Bearer '; DROP TABLE", "Token {key}", "Bearer {key}x", "Bearer {upper}", "{key}"],
)  # fmt: skip
def test_nothing_but_the_exact_key_opens(lab, header):
    text = header.format(key=lab.key, upper=lab.key.upper())
    assert Client().get(LIST, headers={"authorization": text}).status_code == 401


@pytest.mark.parametrize("where", ["query", "cookie", "session"])
def test_a_key_or_a_session_elsewhere_opens_nothing(lab, where):
    client = Client()
    if where == "cookie":
        client.cookies["Authorization"] = f"Bearer {lab.key}"
    if where == "session":
        client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    assert client.get(LIST, {"key": lab.key, "token": lab.key} if where == "query" else {}).status_code == 401


def test_a_revoked_or_expired_key_writes_nothing(lab):
    with tenant(lab.institution.pk):
        token = ApiToken.objects.get()
        admin = make.actor(lab.institution, Role.ADMINISTRATOR)
        tokens.revoke(token, reason="丢失", actor=admin, at=timezone.now())
    old = make.api_token(lab.institution, *MACHINE_RIGHTS, expires_on=timezone.localdate() - timedelta(1))
    for key in (lab.key, old):
        assert sent(key, READINGS, {"readings": [reading(lab)]}).status_code == 401
        assert read(key, EXPORT).status_code == 401
    assert kept(lab) == 0


@pytest.mark.parametrize(
    ("right", "address", "method"),
    [
        (Permission.ENVIRONMENT_NOTE, IMPORT, "post"),
        (Permission.ENVIRONMENT_NOTE, EXPORT, "get"),
        (Permission.EQUIPMENT_MANAGE, READINGS, "post"),
        (Permission.EQUIPMENT_MANAGE, EXPORT, "get"),
        (Permission.EXPORT, IMPORT, "post"),
    ],
)
def test_a_key_does_what_it_was_made_for(lab, right, address, method):
    key = make.api_token(lab.institution, right)
    body = {"readings": [reading(lab)], "mode": "all", "rows": [{"asset_number": "X"}]}
    assert (sent(key, address, body) if method == "post" else read(key, address)).status_code == 403


def test_guessing_keys_is_slowed_down(lab):
    answers = [Client().get(LIST, headers={"authorization": f"Bearer clt_{n:043d}x"}).status_code for n in range(40)]
    assert answers[0] == 401 and 429 in answers


# --- somebody else's names


def test_a_key_sees_its_own_institution_only(lab, other):
    for address in (LIST, ROOMS):
        text = read(lab.key, address).content.decode()
        assert "alpha" in text and "beta" not in text and other.room.ref not in text
    assert read(lab.key, LIST + other.device.ref).status_code == 404
    assert "beta" not in b"".join(read(lab.key, EXPORT)).decode()


@pytest.mark.parametrize("field", ["room", "monitor"])
def test_somebody_elses_room_or_instrument_is_not_found(lab, other, field):
    foreign = {"room": other.room.ref, "monitor": other.monitor.asset_number}[field]
    said = refused(sent(lab.key, READINGS, {"readings": [reading(lab, **{field: foreign})]}))
    assert said["errors"][0]["field"] == field and kept(lab) == kept(other) == 0
    refused(sent(lab.key, READINGS, {"readings": [reading(lab, monitor=other.monitor.ref)]}))


def row(lab, **values):
    return {
        "asset_number": "M-1", "role": "计量标准器", "name": "压力计", "model": "D", "serial_number": "S", "manufacturer": "厂",
        "range_text": "(0～1) MPa", "accuracy": "0.05 级", "site": lab.site.name, **values,
    }  # fmt: skip


def test_somebody_elses_place_or_number_is_not_found_by_an_import(lab, other):
    refused(sent(lab.key, IMPORT, {"mode": "all", "rows": [row(lab, site=other.site.name)]}))
    refused(sent(lab.key, IMPORT, {"mode": "all", "rows": [row(lab, keeper="没有这个人", room=other.room.ref)]}))
    refused(
        sent(lab.key, IMPORT, {"mode": "all", "rows": [{"asset_number": other.device.asset_number, "name": "我的"}]})
    )
    with tenant(other.institution.pk):
        assert make.fresh(other.device).name == "数字压力计"


@pytest.mark.parametrize("field", ["state", "institution", "traced_from", "due_on", "ref", "id", "revision", "words"])
def test_an_import_writes_no_field_that_is_not_offered(lab, field):
    refused(sent(lab.key, IMPORT, {"mode": "all", "rows": [row(lab, **{field: "in_use"})]}), 400)


@pytest.mark.parametrize("query", [
    {"after": "1' OR 1=1"}, {"after": "AAAA"}, {"after": "\x00"}, {"size": "0"}, {"size": "１０"}, {"size": "-1"}, {"q": "\x00%_'"},
    {"site": "\x00"}, {"state": "x"}, {"role": "\u202e"}, {"due": "x"},
])  # fmt: skip
def test_a_hostile_filter_is_no_failure(lab, other, query):
    answer = read(lab.key, LIST, **query)
    assert answer.status_code in (200, 400) and "beta" not in answer.content.decode()


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1"])
def test_no_cell_of_an_export_is_a_formula(lab, name):
    with tenant(lab.institution.pk):
        Equipment.objects.filter(pk=lab.device.pk).update(name=name)
    text = b"".join(read(lab.key, EXPORT, format="csv")).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert not [cell for cell in cells if cell.lstrip().startswith(tuple("=+@")) or cell.startswith("\t")]


# --- forms in a browser, with the refs of another institution


@pytest.fixture
def browser(client, lab):
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    return client


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


@pytest.mark.parametrize("field", ["site", "room", "keeper", "done_by"])
def test_a_move_goes_to_no_place_of_somebody_else(browser, lab, other, field):
    theirs = {"site": other.site, "room": other.room, "keeper": other.keeper, "done_by": other.keeper}[field]
    values = {"happened_on": "2026-03-01", "site": lab.site.ref, "room": lab.room.ref, "text": "", field: theirs.ref}
    answer = browser.post(f"{url(lab, 'event_new', lab.device.ref)}?kind=move", {"kind": "move", **values})
    assert answer.status_code == 422
    with tenant(lab.institution.pk):
        assert not EquipmentEvent.objects.filter(kind="move").exists()


@pytest.mark.parametrize("name", ["send_to_repair", "scrap"])
def test_nobody_of_another_institution_approves(browser, lab, other, name):
    sent = {"reason": "损坏", "approved_by": other.keeper.ref, "confirmed": "yes"}
    assert browser.post(url(lab, name, lab.device.ref), sent).status_code in (409, 422)
    with tenant(lab.institution.pk):
        assert make.fresh(lab.device).state == Equipment.State.IN_USE


def test_a_certificate_names_no_standard_or_person_of_somebody_else(browser, lab):
    theirs = make.laboratory("gamma")
    sent = {
        "kind": "calibration", "certificate_number": "C-1", "issuer": "院", "calibrated_on": "2026-01-01",
        "valid_until": "2027-01-01", "own_standard": theirs.standard.ref, "conclusion": "fit",
        "confirmed_by": theirs.operator_employment.ref, "confirmed_on": "2026-01-02", "requirement": "use",
        "file": SimpleUploadedFile("a.pdf", make.pdf()),
    }  # fmt: skip
    assert browser.post(url(lab, "trace", lab.device.ref), sent).status_code == 422
    with tenant(lab.institution.pk):
        assert Traceability.objects.filter(equipment=lab.device).count() == 0


@pytest.mark.parametrize("register", ["equipment-clocks", "check-plans", "external-uses", "correction-copies", "equipment-papers",
                                      "mandatory-files", "alternative-traceability", "environment-requirements",
                                      "environment-actions", "plan-lines", "resource-slots"])  # fmt: skip
def test_no_register_takes_equipment_or_a_room_of_somebody_else(browser, lab, other, register):
    page = reverse("portal:register_new", args=[lab.institution.slug, register])
    theirs = {"equipment": other.device.ref, "room": other.room.ref, "monitor": other.monitor.ref, "keeper": other.keeper.ref,
              "check_standard": other.device.ref, "approved_by": other.keeper.ref, "handled_by": other.keeper.ref}  # fmt: skip
    shown = browser.get(page, theirs)
    assert other.device.asset_number not in shown.content.decode()
    answer = browser.post(page, theirs)
    assert answer.status_code == 422 and other.device.asset_number not in answer.content.decode()


def test_no_label_or_code_is_printed_for_somebody_elses_equipment(browser, lab, other):
    for what in ("status", "code"):
        sent = {"what": what, "sheet": "roll-40x30", "start": "1", "ref": [other.device.ref]}
        answer = browser.post(url(lab, "label_new"), sent)
        assert answer.status_code in (409, 422) and other.device.asset_number not in answer.content.decode()
    with tenant(other.institution.pk):
        assert not Label.objects.exists()


def test_a_stock_check_is_not_opened_over_somebody_elses_site(browser, lab, other):
    for place in ({"site": other.site.ref}, {"room": other.room.ref}):
        assert browser.post(url(lab, "stock_new"), {"title": "盘点", **place}).status_code == 422
    with tenant(lab.institution.pk):
        assert not StockCheck.objects.exists() and not StockLine.objects.exists()


def test_no_chart_or_recall_of_somebody_else_opens_under_our_address(browser, lab, other):
    for name in ("detail", "trend", "checks", "events", "corrections", "chain", "equipment_recall", "photo", "trace"):
        assert browser.get(url(lab, name, other.device.ref)).status_code == 404, name
        assert browser.get(url(other, name, other.device.ref)).status_code == 404, name


def test_a_day_of_a_page_of_equipment_may_be_nonsense(browser, lab):
    for name in ("chain", "equipment_recall", "trend", "checks"):
        for text in ("0000-00-00", "\x00", "9999-12-31", "1e9", "２０２６-01-01", "x" * 5000):
            for field in ("on", "first", "last", "span", "from", "to"):
                assert browser.get(url(lab, name, lab.device.ref), {field: text}).status_code < 500
    assert browser.get(url(lab, "room", lab.room.ref), {"span": "\x00", "on": str(date.max)}).status_code < 500
