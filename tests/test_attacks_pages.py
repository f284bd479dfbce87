"""What is sent to pages to break them: cells, numbers, definitions, files, addresses, forms; and what headers go out."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from certificates import datasheet, readings
from portal import codes
from portal.tenancy import tenant
from tests import make
from tests.attackers import account, signed_in
from tests.make import NOON


@pytest.fixture
def lab(db):
    """A laboratory with three authorised people; the test runs inside its scope."""
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def world(db):
    """A laboratory outside any scope, as a request finds it."""
    return make.laboratory()


# --- what breaks a page


CELLS = [
    '{"cells": [{"point": 1e999, "key": "up_after", "text": "1"}]}',
    '{"cells": [{"point": NaN, "key": "up_after", "text": "1"}]}',
    '{"cells": [{"point": Infinity, "key": "up_after", "text": "1"}]}',
    '{"cells": [{"point": 0, "key": "up:after", "text": "1"}]}',
    '{"cells": [{"point": 0, "key": "\\ud800", "text": "1"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "\\ud800"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "0.05", "reason": "\\ud800"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "0.05", "reason": "\\u0007"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "1e30"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "1e-30"}]}',
    '{"cells": [{"point": 0, "key": "up_after", "text": "1", "mode": {}}]}',
    '{"cells": [{"point": 0, "key": [], "text": {}}]}',
    '{"cells": [{"point": 99999999999999999999999, "key": "up_after", "text": "1"}]}',
    '{"cells": {"a": 1}}',
    '{"cells": "abc"}',
    '{"cells": 5}',
    "[" * 100_000,
    '{"cells": ' + "9" * 10_000 + "}",
    "null",
    '"x"',
    "\ud800",
    "",
]


@pytest.mark.parametrize("body", CELLS, ids=[text[:60].encode("ascii", "replace").decode() for text in CELLS])
def test_no_body_of_the_grid_breaks_it(world, body):
    record = make.record(world, filled=True)
    url = reverse("certificates:readings", args=["alpha", record.ref])
    sent = body.encode("utf-8", "surrogatepass")
    response = signed_in(account(world.operator), raise_request_exception=False).post(
        url, sent, content_type="application/json"
    )
    assert response.status_code < 500


@pytest.mark.parametrize("text", ["1e30", "-1e30", "1e-30", "0." + "1" * 33 + "e-30", "9" * 34, "9" * 34 + "e30"])
@pytest.mark.parametrize("cell", ["condition:temperature", "reading:0:up_after"])
def test_a_number_that_the_table_cannot_hold_as_typed_is_refused_in_words(lab, cell, text):
    lab.procedure.definition = dict(make.DEFINITION)
    del lab.procedure.definition["reading_step"]
    lab.procedure.save()
    record = make.record(lab)
    (outcome,) = readings.enter(record, [readings.Entry(cell, text)], actor=lab.operator, at=NOON)
    assert outcome.state == "refused" and outcome.message


def spoiled_definitions():
    """The shipped definition with one part of it replaced by something hostile, each part by each."""
    hostile = [
        None,
        0,
        -1,
        "",
        "x",
        "0",
        "-1",
        "5",
        "1 / 0",
        "\x00",
        "\ud800",
        "1e9999999999",
        [],
        [[]],
        [{}],
        {},
        {"key": []},
        True,
        1e308,
    ]
    for part in make.DEFINITION:
        for value in hostile:
            yield f"{part}={value!r}", dict(make.DEFINITION, **{part: value})
    for part, entries in make.DEFINITION.items():
        if isinstance(entries, list) and isinstance(entries[0], dict):
            for name in {*entries[0], "key", "when", "larger_of"}:
                for value in hostile:
                    changed = [dict(entries[0], **{name: value}), *entries[1:]]
                    yield f"{part}[0].{name}={value!r}", dict(make.DEFINITION, **{part: changed})
        elif isinstance(entries, dict):
            for name in {*entries, "standard_names"}:
                for value in hostile:
                    yield f"{part}.{name}={value!r}", dict(make.DEFINITION, **{part: dict(entries, **{name: value})})
    inputs = make.DEFINITION["uncertainty"]["inputs"]
    for name in ("name", "value", "U", "k", "half_width", "distribution", "readings", "larger_of", "dof", "label"):
        for value in hostile:
            changed = [dict(inputs[0], **{name: value}), *inputs[1:]]
            parts = dict(make.DEFINITION["uncertainty"], inputs=changed)
            yield f"inputs[0].{name}={value!r}", dict(make.DEFINITION, uncertainty=parts)


def test_a_hostile_definition_is_refused_in_words_or_can_be_worked_with():
    """Nothing between: no definition that is taken breaks the sheet that is filled by it."""
    readings_ = {
        (place, key): text
        for place, row in enumerate(make.READINGS)
        for key, text in zip(make.COLUMNS, row, strict=True)
    }
    standard = {"U": "0.0015", "k": "2", "unit": "MPa"}
    conditions = {"temperature": "20", "humidity": "50"}
    broken = []
    for name, definition in spoiled_definitions():
        try:
            if not datasheet.check_definition(definition):
                datasheet.evaluate(
                    definition, make.DEVICE, make.POINTS, readings_, {}, conditions, standard, "", activity="verification"
                )  # fmt: skip
        except Exception as error:
            broken.append(f"{name}: {error!r}")
    assert broken == []


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": NaN}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        "[" * 100_000,
        '{"a": 1e999}',
        "9" * 5000,
        "null",
        "[]",
    ],
)
def test_no_file_breaks_the_page_of_data_sheets(world, text):
    url = reverse("certificates:new_procedure", args=["alpha"])
    with_it = dict(make.DEFINITION, extra="@")
    whole = json.dumps(with_it).replace('"@"', text if text[0] != "[" else f'"{text[:9]}"')
    client = signed_in(account(world.operator), raise_request_exception=False)
    for sent in (text, whole):
        response = client.post(url, {"file": SimpleUploadedFile("x.json", sent.encode())})
        assert response.status_code < 500, sent[:80]


# --- headers


def test_every_answer_carries_a_policy_also_those_that_go_wrong(world, settings):
    token = "A" * 26
    signed = signed_in(account(world.operator), raise_request_exception=False)
    answers = {
        "scan": Client().get(f"/q/{token}"),
        "scan by a wrong method": Client().post(f"/q/{token}"),
        "missing": Client().get("/nothing"),
        "too large": Client().post("/login/", CONTENT_LENGTH="999999999"),
        "wrong method": Client().delete("/login/"),
        "without a token": Client(enforce_csrf_checks=True).post("/login/"),
        "sign in first": Client().get("/i/alpha/"),
        "foreign": signed.get("/i/beta/"),
        "denied": signed.post(reverse("institutions:member_invite", args=["alpha"])),
        "health": Client().get("/healthz"),
    }
    lacking = [
        name
        for name, answer in answers.items()
        if "default-src 'none'" not in answer.get("Content-Security-Policy", "")
    ]
    assert lacking == []


def test_a_scan_during_an_outage_carries_a_policy(monkeypatch):
    def away(token):
        raise OperationalError("away")

    monkeypatch.setattr(codes, "find", away)
    answer = Client(raise_request_exception=False).get("/q/" + "A" * 26)
    assert answer.status_code == 503
    assert "default-src 'none'" in answer.get("Content-Security-Policy", "")
