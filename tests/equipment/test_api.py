"""What programs send and read: readings of loggers, the register of equipment."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.utils import timezone

from equipment.api import environment as views_api
from equipment.models import EnvironmentReading, Equipment, EquipmentEvent
from portal import api
from portal.models import AuditEntry
from portal.permissions import MACHINE_RIGHTS, Permission
from portal.registers import machines
from portal.routes import Audience, routes
from tests import make

READINGS, LIST, IMPORT, EXPORT = (
    f"/api/v1/{path}" for path in ("environment/readings", "equipment/", "equipment/import", "equipment/export")
)


@pytest.fixture
def key(lab):
    """A token that may do all that a token can."""
    lab.room = make.room(lab.institution, lab.site)
    lab.monitor = make.monitor(lab.institution, lab.site, lab.keeper)
    make.requirement(lab.institution, lab.room, monitor=lab.monitor)
    return make.api_token(lab.institution, *MACHINE_RIGHTS)


def sent(key, address, body, content_type="application/json"):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return Client().post(address, data, content_type=content_type, headers={"authorization": f"Bearer {key}"})


def read(key, address, **query):
    return Client().get(address, query, headers={"authorization": f"Bearer {key}"})


def reading(lab, value="20.1", *, minutes=30, **values):
    moment = timezone.now().replace(microsecond=0) - timedelta(minutes=minutes)
    return {
        "room": lab.room.ref, "element": "temperature", "value": value, "unit": "℃", "taken_at": moment.isoformat(),
        "monitor": lab.monitor.asset_number, **values,
    }  # fmt: skip


def flaws(answer, status=422):
    """Row and field of everything that the answer says is wrong."""
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["detail"].endswith("。") and all(one["detail"] for one in found["errors"])
    return [(one["row"], one["field"]) for one in found["errors"]]


# --- readings


def test_a_logger_sends_its_readings(lab, key):
    answer = sent(key, READINGS, {"readings": [reading(lab), reading(lab, 20.3, minutes=5)]})
    assert (answer.status_code, answer.json()) == (201, {"new": 2, "known": 0})
    rows = EnvironmentReading.objects.order_by("taken_at")
    assert [(row.value, row.source, row.noted_by) for row in rows] == [
        (Decimal("20.1"), "automatic", None), (Decimal("20.3"), "automatic", None),
    ]  # fmt: skip
    assert AuditEntry.objects.get(verb="room.note_environment").actor_name.startswith("接口：")


def test_a_batch_may_be_sent_twice(lab, key):
    body = {"readings": [reading(lab), reading(lab, minutes=5)]}
    sent(key, READINGS, body)
    again = sent(key, READINGS, body)
    assert (again.status_code, again.json()) == (200, {"new": 0, "known": 2})


def test_one_bad_reading_keeps_the_whole_batch_out(lab, key):
    batch = [reading(lab), reading(lab, minutes=5, value="300"), reading(lab, minutes=-60)]
    assert flaws(sent(key, READINGS, {"readings": batch})) == [(1, "value"), (2, "taken_at")]
    assert not EnvironmentReading.objects.exists()


def test_what_is_left_out_is_taken_from_the_requirement_and_the_zone_is_ours(lab, key):
    moment = (timezone.localtime() - timedelta(minutes=9)).replace(microsecond=0, tzinfo=None)
    body = {"readings": [reading(lab, unit=None, taken_at=moment.isoformat())]}
    assert sent(key, READINGS, body).status_code == 201
    row = EnvironmentReading.objects.get()
    assert (row.unit, timezone.localtime(row.taken_at).replace(tzinfo=None)) == ("℃", moment)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("room", {"room": "aaaaaaaaaaaa"}),
        ("room", {"room": None}),
        ("room", {"room": 7}),
        ("room", {"room": "x\x00"}),
        ("element", {"element": "happiness"}),
        ("value", {"value": "NaN"}),
        ("value", {"value": "Infinity"}),
        ("value", {"value": "1e400"}),
        ("value", {"value": True}),
        ("value", {"value": [20]}),
        ("value", {"value": "二十"}),
        ("unit", {"unit": "mmHg"}),
        ("unit", {"unit": {"a": 1}}),
        ("taken_at", {"taken_at": "gestern"}),
        ("taken_at", {"taken_at": "2026-02-30T00:00:00Z"}),
        ("taken_at", {"taken_at": "0001-01-01T00:00:00+14:00"}),
        ("taken_at", {"taken_at": "0001-01-01T00:00:00"}),
        ("taken_at", {"taken_at": "0001-01-03T00:00:00Z"}),
        ("taken_at", {"taken_at": "9999-12-31T23:59:59-12:00"}),
        ("taken_at", {"taken_at": 1_700_000_000}),
        ("taken_at", {"taken_at": "2999-01-01T00:00:00Z"}),
        ("monitor", {"monitor": "YB-9999"}),
        ("monitor", {"monitor": None}),
        ("monitor", {"monitor": "x" * 300}),
    ],
)
def test_nonsense_in_a_reading_is_told_by_field(lab, key, field, wrong):
    assert (0, field) in flaws(sent(key, READINGS, {"readings": [reading(lab, **wrong)]}))
    assert not EnvironmentReading.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"readings": []}', b'{"readings": {}}', b'{"readings": [1]}',
        b'{"readings": [{"value": NaN}]}', b'{"readings": [{"value": Infinity}]}', b"\xff\xfe", b"[" * 100_000,
        b'{"readings": [{"room": "a", "room": "b"}]}',
        b'{"readings": [{"room": "\\ud800"}]}', b'{"value": ' + b"9" * 5000 + b"}", b'{"readings": [{"value": 1e99999999999}]}',
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused_in_words(lab, key, body):
    answer = sent(key, READINGS, body)
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"].endswith("。") and not EnvironmentReading.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for_is_not_read_as_one(lab, key, number):
    body = json.dumps({"readings": [reading(lab)]}).replace('"20.1"', number)
    assert flaws(sent(key, READINGS, body), 400) == []


def test_a_name_that_stands_twice_is_not_read_as_the_last_one(lab, key):
    body = json.dumps({"readings": [reading(lab)]}).replace('"value": "20.1"', '"value": "20.1", "value": "21.1"')
    assert flaws(sent(key, READINGS, body), 400) == []


def test_a_body_that_is_too_long_is_not_read(lab, key, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert sent(key, READINGS, {"readings": [reading(lab)]}).status_code == 413


def test_every_field_of_a_row_that_cannot_be_read_is_told_at_once(lab, key):
    row = reading(lab, room="aaaaaaaaaaaa", value="x", taken_at="gestern")
    assert flaws(sent(key, READINGS, {"readings": [row]})) == [(0, "room"), (0, "value"), (0, "taken_at")]


@pytest.mark.parametrize("kind", ["text/html", "image/png", "application/xml", "nonsense"])
def test_whatever_a_program_says_it_accepts_it_gets_json(lab, key, kind):
    answer = Client().get(LIST, headers={"authorization": f"Bearer {key}", "accept": kind})
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"


def test_a_form_is_not_taken_for_json(lab, key):
    flaws(sent(key, READINGS, "readings=1", "application/x-www-form-urlencoded"), 400)


def test_a_batch_is_no_larger_than_it_may_be(lab, key, monkeypatch):
    monkeypatch.setattr(views_api, "MOST", 2)
    assert flaws(sent(key, READINGS, {"readings": [{}] * 3}), 400) == [(None, "readings")]


def test_a_room_or_an_instrument_of_another_institution_is_not_found(lab, key):
    other = make.institution("beta")
    site, keeper = make.site(other), make.employment(other)
    room, monitor = make.room(other, site), make.monitor(other, site, keeper)
    assert flaws(sent(key, READINGS, {"readings": [reading(lab, room=room.ref)]})) == [(0, "room")]
    assert flaws(sent(key, READINGS, {"readings": [reading(lab, monitor=monitor.asset_number)]})) == [(0, "monitor")]


def test_an_instrument_whose_traceability_has_run_out_reads_nothing(lab, key):
    late = make.equipment(lab.institution, lab.site, role="environment", name="旧温度计")
    make.traceability(lab.institution, late, lab.keeper)  # until August
    assert flaws(sent(key, READINGS, {"readings": [reading(lab, monitor=late.asset_number)]})) == [(0, "monitor")]


def test_the_number_of_queries_does_not_depend_on_the_readings(lab, key, django_assert_max_num_queries):
    batch = [reading(lab, minutes=minutes) for minutes in range(1, 200)]
    with django_assert_max_num_queries(40):
        assert sent(key, READINGS, {"readings": batch}).status_code == 201


def test_a_logger_learns_which_rooms_there_are(lab, key):
    (room,) = read(key, "/api/v1/environment/rooms").json()["rooms"]
    assert (room["ref"], room["requirements"][0]["low"]) == (lab.room.ref, "18")
    assert room["requirements"][0]["monitor"] == lab.monitor.asset_number


# --- equipment, read


def test_equipment_is_read_page_after_page(lab, key):
    for n in range(3):
        make.equipment(lab.institution, lab.site, asset_number=f"A-{n}")
    first = read(key, LIST, size=2).json()
    second = read(key, LIST, size=2, after=first["after"]).json()
    numbers = [row["asset_number"] for row in (*first["rows"], *second["rows"])]
    assert numbers == sorted(numbers) and len(set(numbers)) == 4


def test_the_list_is_narrowed_as_on_the_page(lab, key):
    assert [row["name"] for row in read(key, LIST, role="environment").json()["rows"]] == ["温湿度计"]
    assert [row["name"] for row in read(key, LIST, q="数字压力").json()["rows"]] == ["数字压力计"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"size": "0"}, "size"), ({"size": "9999"}, "size"), ({"role": "x"}, "role"), ({"site": "\x00"}, "site")],
)
def test_a_filter_that_cannot_be_read_is_told(lab, key, query, field):
    assert flaws(read(key, LIST, **query), 400) == [(None, field)]


def test_one_piece_of_equipment_says_whether_it_may_be_used_and_why_not(lab, key):
    found = read(key, LIST + lab.monitor.ref).json()
    assert (found["usable"], found["reasons"], found["range_high"]) == (True, [], "50")
    bare = read(key, LIST + lab.equipment.ref).json()
    assert bare["usable"] is False and bare["reasons"][0]["clause"] == "A-6.2.2"


def test_equipment_of_another_institution_is_not_found(lab, key):
    other = make.institution("beta")
    foreign = make.equipment(other, make.site(other), name="外院机密")
    answer = read(key, LIST + foreign.ref)
    assert answer.status_code == 404 and "外院" not in answer.content.decode()
    assert "外院" not in read(key, LIST).content.decode()


def test_the_list_takes_as_many_queries_for_many_as_for_few(lab, key, django_assert_max_num_queries):
    for n in range(30):
        make.equipment(lab.institution, lab.site, asset_number=f"A-{n:02d}")
    with django_assert_max_num_queries(20):
        assert len(read(key, LIST).json()["rows"]) == 32


# --- equipment, brought in


def device(lab, number="M-001", **values):
    return {
        "asset_number": number, "role": "计量标准器", "name": "数字压力计", "model": "DPG-30", "serial_number": f"S{number}",
        "manufacturer": "北岸仪表", "range_text": "(0～2.5) MPa", "accuracy": "0.05 级", "range_low": 0, "range_high": 2.5,
        "unit": "MPa", "site": lab.site.name, "control": "own", "traced": True, **values,
    }  # fmt: skip


def brought(key, rows, mode="all"):
    return sent(key, IMPORT, {"mode": mode, "rows": rows})


def test_new_equipment_is_brought_in_with_its_first_event(lab, key):
    answer = brought(key, [device(lab)])
    assert answer.status_code == 200, answer.content.decode()
    assert {name: answer.json()[name] for name in ("written", "new", "changed")} == {
        "written": True,
        "new": 1,
        "changed": 0,
    }
    row = Equipment.objects.get(asset_number="M-001")
    assert (row.state, row.range_high) == ("new", Decimal("2.5"))
    assert EquipmentEvent.objects.filter(equipment=row).exists()
    assert AuditEntry.objects.get(target_ref=row.ref, verb="equipment.record").reason.startswith("接口：")


def test_known_equipment_is_changed_by_its_number_and_only_in_the_fields_that_were_sent(lab, key):
    brought(key, [device(lab)])
    answer = brought(key, [{"asset_number": "M-001", "accuracy": "0.02 级"}]).json()
    assert (answer["changed"], answer["changes"][0]["changes"]["accuracy"]) == (1, ["0.05 级", "0.02 级"])
    assert Equipment.objects.get(asset_number="M-001").name == "数字压力计"


def test_a_preview_writes_nothing(lab, key):
    answer = brought(key, [device(lab), device(lab, "M-002", name="")], "preview").json()
    assert (answer["written"], answer["new"], answer["flawed"]) == (False, 1, 1)
    assert (answer["errors"][0]["row"], answer["errors"][0]["field"]) == (1, "name")
    assert not Equipment.objects.filter(asset_number__startswith="M-").exists()


def test_all_is_written_or_nothing_unless_the_good_ones_are_asked_for(lab, key):
    rows = [device(lab), device(lab, "M-002", unit="mmHg"), device(lab, "M-003", role="不存在")]
    assert {row for row, _field in flaws(brought(key, rows))} == {1, 2}
    assert not Equipment.objects.filter(asset_number="M-001").exists()
    assert brought(key, rows, "good").json()["new"] == 1
    assert Equipment.objects.filter(asset_number="M-001").exists()


def test_the_same_number_twice_is_refused(lab, key):
    assert flaws(brought(key, [device(lab), device(lab)])) == [(1, "asset_number")]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"mode": "all"}, {"mode": "x", "rows": [{"asset_number": "1"}]}, {"mode": 1, "rows": []}, {"mode": "all", "rows": [{}]},
        {"mode": "all", "rows": [{"password": "x"}]}, {"mode": "all", "rows": [{"asset_number": {}}]},
        {"mode": "all", "rows": [{"asset_number": "1"}, {"name": "x"}]}, {"mode": "all", "rows": [["asset_number"]]},
        {"mode": "all", "rows": [{"asset_number": "x" * 5000}]}, {"mode": "all", "rows": [{"asset_number": ["a", 1]}]},
    ],
)  # fmt: skip
def test_rows_that_are_none_are_refused_in_words(lab, key, body):
    flaws(sent(key, IMPORT, body), 400 if body != {"mode": "all", "rows": [{}]} else 422)


@pytest.mark.parametrize(
    "name", ["asset_number", "name", "role", "range_low", "site", "acquired_on", "stock", "traced"]
)
@pytest.mark.parametrize("text", ["\x00", "\ud800", "=1+1\t", "'; DROP TABLE", "9" * 4000, "NaN", "1e9999", "𠮷\u202e"])
def test_hostile_texts_in_a_row_are_never_a_failure(lab, key, name, text):
    answer = brought(key, [device(lab) | {name: text}])
    assert answer.status_code in (200, 400, 422) and answer.json()


def test_a_sentence_in_the_state_field_changes_no_state(lab, key):
    assert flaws(brought(key, [device(lab) | {"state": "in_use"}]), 400) == [(0, "state")]


def test_no_more_rows_than_may_be(lab, key, monkeypatch):
    monkeypatch.setattr(machines, "MOST", 1)
    assert flaws(brought(key, [device(lab), device(lab, "M-002")]), 400) == [(None, "rows")]


# --- equipment, given out


def test_the_register_is_given_out_as_a_file_and_the_trail_says_so(lab, key):
    answer = read(key, EXPORT, format="csv", role="environment")
    text = b"".join(answer).decode("utf-8-sig")
    assert text.splitlines()[0].startswith('"管理编号",') and lab.monitor.asset_number in text
    assert lab.equipment.asset_number not in text
    entry = AuditEntry.objects.get(verb="equipment.export")
    assert entry.changes["rows"] == ["", "1 行"]
    assert read(key, EXPORT, format="xlsx").content.startswith(b"PK")
    assert flaws(read(key, EXPORT, format="exe"), 400) == [(None, "format")]


def test_without_the_right_no_file_is_given(lab, key):
    reader = make.api_token(lab.institution, Permission.INSTITUTION_READ)
    assert read(reader, EXPORT).status_code == 403


# --- reading JSON


@pytest.mark.parametrize("text", ["0.1", "20", "-5.50", "1e2", "0.10000000000000000000000000000001"])
def test_a_number_keeps_its_digits(text):
    request = RequestFactory().post("/", f'{{"value": {text}}}', content_type="application/json")
    found = api.ExactJson().parse(request, parser_context={"request": request})["value"]
    assert found.as_tuple() == Decimal(text).as_tuple()
    field = views_api.ReadingFields().fields["value"]
    assert {field.run_validation(one).as_tuple() for one in (found, text)} == {Decimal(text).as_tuple()}


# --- what is written about it


def test_the_description_for_generators_names_every_door_of_programs():
    described = json.loads((settings.BASE_DIR / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]
    doors = [route for route in routes() if route.door and route.door.audience is Audience.API]
    there = {
        route.pattern.replace("<slug:ref>", "{ref}"): {method.lower() for method in route.door.methods} - {"head"}
        for route in doors
    }
    assert {path: set(methods) for path, methods in described.items()} == there
