"""The log: one event is one line of JSON, with the request it belongs to, and without persons, addresses and tokens."""

import io
import json
import logging
import sys

import pytest
from django.db import IntegrityError
from django.test import Client, RequestFactory
from django.urls import path

from config.logs import LineFormatter
from institutions.models import Institution
from portal import audit, observe, outbox
from portal.models import AuditEntry, OutboxEntry
from portal.permissions import Role
from tests import make

TOKEN = "ABCDEFGHJKLMNPQRSTUVWXYZ23"


@pytest.fixture
def lines():
    """A list of what has been logged, each line read again as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def requests(lines):
    return [line for line in lines() if line["event"] == "request"]


def text_of(lines):
    return json.dumps(lines(), ensure_ascii=False)


@pytest.mark.parametrize(
    "evil",
    [
        "a\nb",
        "a\r\nb",
        "\x1b[31mred",
        "\x9b31mred",
        "a\u2028b",
        "a\u2029b",
        "a\x85b",
        "a\x7fb",
        "a\u202eb",
        "a\ud800b",
        "\0",
    ],
)
@pytest.mark.parametrize("where", ["message", "field", "name", "traceback"])
def test_one_event_is_one_line_that_no_terminal_obeys(evil, where):
    try:
        raise ValueError(evil if where == "traceback" else "")
    except ValueError:
        error = sys.exc_info() if where == "traceback" else None
    record = logging.LogRecord("t", logging.INFO, "", 0, "said %s", (evil if where == "message" else "",), error)
    if where in ("field", "name"):
        setattr(record, evil if where == "name" else "field", evil)
    text = LineFormatter().format(record)
    assert text.isprintable()
    assert len(text.splitlines()) == 1
    assert json.loads(text)
    text.encode()


def test_an_object_given_to_the_log_is_not_written_since_its_text_may_hold_an_address():
    record = logging.makeLogRecord({"msg": "x", "request": RequestFactory().get(f"/q/{TOKEN}"), "args": ()})
    assert TOKEN not in LineFormatter().format(record)


def test_a_text_without_end_is_cut():
    record = logging.makeLogRecord({"msg": "x" * 100_000, "field": "y" * 100_000, "args": ()})
    assert len(LineFormatter().format(record)) < 5_000


def test_the_row_that_broke_a_rule_is_not_in_the_traceback():
    said = 'duplicate key "x"\nDETAIL:  Key (email)=(shen@example.com) already exists.\n'
    try:
        raise IntegrityError(said)
    except IntegrityError:
        record = logging.LogRecord("t", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    text = LineFormatter().format(record)
    assert "duplicate key" in text
    assert "shen@example.com" not in text


@pytest.mark.django_db
def test_a_request_is_one_event_with_who_and_where_by_id_and_name(lines):
    lab = make.institution()
    user = make.user(lab, Role.ADMINISTRATOR, name="沈若川")
    client = Client()
    client.force_login(user)
    answer = client.get("/i/alpha/", {"q": "客户张三"})
    (event,) = requests(lines)
    assert event["request_id"] == answer["X-Request-ID"]
    assert {name: event[name] for name in ("tenant", "tenant_id", "user_id", "route", "status", "method", "logger")} == {
        "tenant": "alpha", "tenant_id": lab.pk, "user_id": user.pk, "route": "institutions:today", "status": 200,
        "method": "GET", "logger": "portal.request",
    }  # fmt: skip
    assert event["ms"] > 0
    assert "沈若川" not in text_of(lines)
    assert "张三" not in text_of(lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "route"),
    [
        (f"/q/{TOKEN}", "portal:code"),
        (f"/Q/{TOKEN}.JSON", "portal:code_json"),
        (f"/invitation/{TOKEN}/", "accounts:invitation"),
        (f"/nothing/{TOKEN}", "none"),
        (f"/static/{TOKEN}", "static"),
        (f"/verify/?number={TOKEN}", "portal:verify"),
    ],
)
def test_a_token_in_an_address_is_in_no_line_of_the_log(lines, address, route):
    Client().get(address)
    (event,) = requests(lines)
    assert event["route"] == route
    assert TOKEN not in text_of(lines)


def boom(request, token):
    raise RuntimeError("broken")


def refuse(request, token):
    from django.core.exceptions import SuspiciousOperation

    raise SuspiciousOperation("odd")


urlpatterns = [path("boom/<token>", boom, name="boom"), path("refuse/<token>", refuse, name="refuse")]
handler500 = "portal.errors.server_error"
handler400 = "portal.errors.bad_request"


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "status"), [("boom", 500), ("refuse", 400)])
def test_what_django_says_of_a_failure_names_the_route_and_not_the_address(lines, settings, name, status):
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    assert client.get(f"/{name}/{TOKEN}?q={TOKEN}").status_code == status
    events = [line for line in lines() if line["logger"].startswith("django.")]
    assert events
    assert all(line["route"] == name for line in events)
    assert TOKEN not in text_of(lines)


@pytest.mark.django_db
def test_every_line_of_a_request_carries_its_id(lines):
    answer = Client().get("/nothing")
    others = [line for line in lines() if line["event"] != "request"]
    assert {line["request_id"] for line in others} == {answer["X-Request-ID"]}


@pytest.mark.django_db
def test_after_a_request_nothing_of_it_is_left(lines):
    Client().get("/")
    assert observe.facts() == {}


@pytest.fixture
def note(monkeypatch):
    """Work that logs, leaves an audit entry, and enqueues more of itself once."""
    monkeypatch.setattr(outbox, "KINDS", dict(outbox.KINDS))

    @outbox.work()
    def note(target_id: int) -> None:
        logging.getLogger("tests").info("noted")
        audit.record(
            audit.Actor.system("test"), "test.note", Institution.objects.get(pk=target_id), institution_id=target_id
        )
        if OutboxEntry.objects.count() == 1:
            outbox.enqueue(note, target_id, institution_id=target_id)

    return note


@pytest.mark.django_db
def test_the_id_of_a_request_goes_with_its_work_into_log_audit_and_further_work(lines, note, monkeypatch):
    lab = make.institution()
    monkeypatch.setattr(Institution, "institution_id", property(lambda row: row.pk), raising=False)
    with observe.doing(of="11111111-2222-3333-4444-555555555555"):
        outbox.enqueue(note, lab.pk, institution_id=lab.pk)
    outbox.drain()
    told = [line for line in lines() if line["event"] in ("noted", "work")]
    assert [(line["event"], line["request_id"], line["work"]) for line in told] == [
        (event, "11111111-2222-3333-4444-555555555555", "tests.note") for event in ("noted", "work") * 2
    ]
    assert {line["tenant_id"] for line in told} == {lab.pk}
    with make.tenant(lab.pk):
        assert set(AuditEntry.objects.filter(verb="test.note").values_list("request_id", flat=True)) == {
            "11111111-2222-3333-4444-555555555555"
        }
    assert observe.request_id.get() == ""


@pytest.mark.django_db
def test_work_enqueued_by_a_request_keeps_its_id():
    lab = make.institution()
    client = Client()
    client.force_login(make.user(lab, Role.ADMINISTRATOR))
    typed = {"email": "shen@example.com", "name": "沈若川", "roles": ["operator"], "employment": ""}
    answer = client.post("/i/alpha/settings/members/invite/", typed | {"own_password": make.PASSWORD})
    assert OutboxEntry.objects.get().request_id == answer["X-Request-ID"]


def test_the_lines_of_gunicorn_tell_no_address():
    record = logging.LogRecord(
        "gunicorn.error", logging.ERROR, "", 0, "Error handling request %s", (f"/q/{TOKEN}",), None
    )
    line = json.loads(LineFormatter().format(record))
    assert line["event"] == "Error handling request"
