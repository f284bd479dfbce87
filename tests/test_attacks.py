"""What a hostile tenant, a hostile member and a stranger try, and what they get: no byte, no certificate, no crash."""

import json
import threading
from datetime import date, datetime, timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates import content, datasheet, readings, workflow
from certificates.models import Certificate, Procedure, RawRecord
from equipment.models import Equipment
from institutions import limits
from institutions import workflow as accounts
from institutions.access import actor_in
from institutions.models import (
    Authorisation,
    Employment,
    Invitation,
    Membership,
    Method,
    Qualification,
    ScopeItem,
    User,
)
from orders.models import Item
from portal import codes
from portal.permissions import INSTITUTION_ROLES, Role
from portal.routes import routes
from portal.tenancy import scope, tenant
from portal.transitions import Refused
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON

VERIFICATION = Item.Activity.VERIFICATION


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


def signed_in(user, **kwargs):
    client = Client(**kwargs)
    client.force_login(user)
    return client


def account(actor):
    return User.objects.get(pk=actor.user_id)


def submitted(lab, **kwargs):
    return workflow.submit(make.record(lab, filled=True, **kwargs), actor=lab.operator, at=NOON)


# --- past a gate: units and scope


def test_a_scope_in_a_smaller_unit_does_not_cover_points_in_a_larger_one(lab):
    ScopeItem.objects.update(unit="kPa")  # (0～2.5) kPa, and the sheet asks for 1.6 MPa
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab)


def test_a_scope_in_another_unit_of_the_same_quantity_is_converted(lab):
    ScopeItem.objects.update(unit="kPa", range_high="2500", cmc_constant="2")
    assert submitted(lab).state == Certificate.State.DRAFT


def test_the_smallest_uncertainty_of_a_scope_in_another_unit_is_converted(lab):
    ScopeItem.objects.update(unit="kPa", range_high="2500", cmc_constant="500")
    with pytest.raises(Refused, match="CMC"):
        submitted(lab)


def test_a_scope_in_a_unit_of_another_quantity_covers_nothing(lab):
    ScopeItem.objects.update(unit="℃")
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab)


def test_a_standard_whose_range_is_in_a_smaller_unit_does_not_cover_the_points(lab):
    Equipment.objects.filter(pk=lab.equipment.pk).update(unit="kPa")
    with pytest.raises(Refused, match="不含检校点"):
        submitted(lab)


def test_a_verification_rests_at_every_point_on_a_qualification_that_permits_it(lab):
    ScopeItem.objects.update(range_high="0.5")
    accreditation = make._row(
        Qualification, lab.institution, kind=Qualification.Kind.CNAS, number="CNAS L00000", issuer="认可机构（示）",
        valid_from=date(2024, 1, 1),
    )  # fmt: skip
    wide = ScopeItem.objects.get()
    wide.pk, wide.ref, wide.qualification, wide.range_high = None, "abcdefghijkl", accreditation, "2.5"
    wide.save()
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab, activity=VERIFICATION)


def test_a_verification_follows_a_regulation_and_no_calibration_specification(lab):
    with scope():  # no institution writes the catalogue
        Method.objects.update(kind=Method.Kind.SPECIFICATION)
    with pytest.raises(Refused, match="检定规程"):
        submitted(lab, activity=VERIFICATION)


# --- past a gate: what was measured


@pytest.mark.parametrize("points", [["0.8"], ["0.8", "0.8", "0.8"], ["0", "0.4", "0.8"], ["0.8", "1.2", "1.6"]])
def test_a_verification_at_too_few_points_or_not_over_the_whole_range_is_refused(lab, points):
    with pytest.raises(Refused, match="检定点"):
        make.record(lab, activity=VERIFICATION, points=points)
    record = make.record(lab, activity=VERIFICATION)
    RawRecord.objects.filter(pk=record.pk).update(points=points)
    texts = dict(zip(make.POINTS, make.READINGS, strict=True))
    entries = [
        readings.Entry(f"reading:{index}:{key}", text)
        for index, point in enumerate(points)
        for key, text in zip(make.COLUMNS, texts[point], strict=True)
    ] + [entry for entry in make.cells() if not entry.cell.startswith("reading")]
    readings.enter(record, entries, actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="检定点"):
        workflow.submit(record, actor=lab.operator, at=NOON)


def test_a_verification_without_a_verdict_leads_to_no_paper(lab):
    definition = dict(make.DEFINITION)
    definition["mpe"] = [{"when": "point < 0", "value": "1"}]
    Procedure.objects.update(definition=definition)
    with pytest.raises(Refused, match="结论"):
        submitted(lab, activity=VERIFICATION)


def test_a_verification_by_a_sheet_that_limits_nothing_leads_to_no_paper(lab):
    definition = dict(make.DEFINITION, observations=[], mpe=[])
    definition["derived"] = [{k: v for k, v in d.items() if k != "limit"} for d in definition["derived"]]
    Procedure.objects.update(definition=definition)
    record = make.record(lab, activity=VERIFICATION)
    readings.enter(record, make.cells(), actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="结论"):
        workflow.submit(record, actor=lab.operator, at=NOON)


@pytest.mark.parametrize("state", [Procedure.State.DRAFT, Procedure.State.RETIRED])
def test_no_record_is_started_with_a_data_sheet_that_is_not_approved(lab, state):
    stale = Procedure.objects.get(pk=lab.procedure.pk)
    Procedure.objects.update(state=state)
    with pytest.raises(Refused, match="数据表"):
        make.record(lab, procedure=stale)


# --- past a gate: who acts


@pytest.mark.parametrize("who", ["checker", "signatory"])
def test_who_has_left_neither_checks_nor_approves(lab, who):
    certificate = make.certificate(lab, "draft" if who == "checker" else "checked")
    Employment.objects.filter(pk=getattr(lab, who).employment_id).update(ended_on=make.DAY - timedelta(days=1))
    with pytest.raises(Refused, match="不在职"):
        if who == "checker":
            workflow.check(certificate, actor=lab.checker, at=NOON)
        else:
            seen = content.sha256(content.body(certificate, approver=lab.signatory.name))
            workflow.approve(certificate, confirmed_sha256=seen, actor=lab.signatory, at=NOON + timedelta(hours=1))


def test_nothing_is_issued_in_the_name_of_somebody_who_has_left(lab):
    certificate = make.certificate(lab, "approved")
    Employment.objects.filter(pk=lab.signatory.employment_id).update(ended_on=make.DAY - timedelta(days=1))
    with pytest.raises(Refused, match="不在职"):
        workflow.issue(certificate, actor=lab.signatory, at=NOON + timedelta(hours=1))


def test_a_certificate_names_the_employee_and_not_what_another_institution_called_the_account(world):
    user = User.objects.get(pk=world.signatory.user_id)
    User.objects.filter(pk=user.pk).update(name="别院起的名字")
    user.refresh_from_db()
    with scope(institution_id=world.institution.pk, user_id=user.pk):
        assert actor_in(user, world.institution).name == world.signatory_employment.name


# --- past a gate: two things at once


@pytest.mark.django_db(transaction=True)
def test_a_correction_in_the_moment_of_resubmitting_is_judged_or_refused():
    lab = make.laboratory()
    certificate = make.certificate(lab, "draft", activity=VERIFICATION)
    with tenant(lab.institution.pk):
        certificate = workflow.send_back(certificate, reason="请复核", actor=lab.checker, at=NOON)
    record = RawRecord(pk=certificate.record_id, institution_id=lab.institution.pk)
    corrected, resubmitted = threading.Event(), threading.Event()

    def correct():
        with tenant(lab.institution.pk):
            spoiled = readings.Entry("reading:2:up_after", "0.90", reason="读错")
            outcomes = readings.enter(record, [spoiled], actor=lab.operator, at=NOON)
            corrected.set()
            resubmitted.wait(1.5)  # the other one is through only if nothing holds it up
            return outcomes[0].state

    def resubmit():
        corrected.wait(10)
        with tenant(lab.institution.pk):
            workflow.resubmit(make.fresh(certificate), actor=lab.operator, at=NOON)
        resubmitted.set()

    assert at_once(correct, resubmit) == ["saved", None]
    with tenant(lab.institution.pk):
        now = make.fresh(certificate)
        assert now.kind == content.kind_for(now.dossier) == Certificate.Kind.NOTICE


def test_the_database_holds_one_open_record_of_an_item(lab):
    twin = make.record(lab)
    twin.pk, twin.ref, twin.number = None, "abcdefghijkl", "R26-99999"
    with pytest.raises(IntegrityError, match="one_open_record_per_item"), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_one_item_gets_one_data_sheet_however_many_are_asked_for_at_once():
    lab = make.laboratory()
    item = make.item(lab.institution)
    first = make.record(lab, item=item)
    with tenant(lab.institution.pk):
        workflow.abandon_record(first, reason="换标准器", actor=lab.operator, at=NOON)

    def start():
        with tenant(lab.institution.pk):
            return make.record(lab, item=Item.objects.get(pk=item.pk))

    assert kinds(at_once(start, start, start)) == ["RawRecord", "Refused", "Refused"]


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


VALUES = ["\x00", "%ED%A0%80", "9" * 3000, "-1", "1e999", "'><script>alert(1)</script>", "0000-00-00", "٣"]
NAMES = ["q", "person", "state", "role", "due", "on", "after", "before", "queue", "mine", "procedure", "same", "customer",
         "promise", "received_on", "result", "number", "code", "next", "page"]  # fmt: skip


def pages(objects):
    """Addresses of every page that is read."""
    from tests.test_routes import address

    return [address(route, objects) for route in routes() if route.door and "GET" in route.door.methods]


def test_no_question_in_an_address_breaks_a_page(db):
    from tests.test_routes import objects

    found = objects("alpha", "本院")
    client = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES), raise_request_exception=False)
    for url in pages(found):
        if url == "/_components/" or url.endswith("preview.pdf"):
            continue
        for value in VALUES:
            response = client.get(f"{url}?" + "&".join(f"{name}={value}" for name in NAMES))
            assert response.status_code < 500 or url == "/readyz", (url, value)  # which says so when something is down
            if not response.streaming:
                assert b"<script>alert" not in response.content, url


def test_no_form_breaks_a_page(db):
    from tests.test_routes import address, objects

    found = objects("alpha", "本院")
    employed = make.employment(make.institution("alpha"))
    user = make.user(make.institution("alpha"), *INSTITUTION_ROLES, employment=employed)
    client = signed_in(user, raise_request_exception=False)
    posts = [route for route in routes() if route.door and "POST" in route.door.methods]
    fields = {name for route in posts for name in ("reason", "end-reason", "roles", "email", "name", "employment")} | {
        "performed_on", "late_reason", "site", "room", "standard", "environment_equipment", "device_lower", "points",
        "device_upper", "device_division", "device_accuracy_class", "procedure", "shipped", "customer_name", "model",
        "serial_number", "manufacturer", "condition", "received_on", "promised_on", "activity", "asset_number", "role",
        "range_low", "range_high", "unit", "accuracy", "range_text", "certificate_number", "issuer", "calibrated_on",
        "valid_until", "expanded_uncertainty", "coverage_factor", "confirmed_by", "confirmed_on", "username",
        "password", "repeat", "current", "next", "resume_url", "resume-x", "number", "code", "r-0-up_after",
        "c-temperature", "o-appearance", "confirmed", "confirmed_sha256",
    }  # fmt: skip
    for route in posts:
        if route.name in ("accounts:logout", "accounts:login", "accounts:password"):
            continue
        url = address(route, found)
        for value in (
            "\x00",
            "9" * 400,
            "1e999",
            "NaN",
            "-1e-400",
            "99999999999999999999",
            "٣",
            "2026-02-30",
            "\u202e",
        ):
            response = client.post(url, dict.fromkeys(fields, value))
            assert response.status_code < 500, (url, value)
        for kind in ("application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/xml", "x", ""):
            for body in (b"\xff\x00{[", b"--x\r\n", b""):
                response = client.post(url, body, content_type=kind)
                assert response.status_code < 500, (url, kind, body)


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


# --- signing in


@pytest.mark.django_db
@pytest.mark.parametrize("variant", ["ＵＳＥＲ", "ｕｓｅｒ", " user", "USER", "uſer"])
def test_another_spelling_of_a_name_does_not_start_the_count_anew(variant):
    User.objects.create_user("user", make.PASSWORD, name="甲")
    for _ in range(limits.FREE_FAILURES + 2):
        limits.begin_attempt("user", "198.51.100.7")
    assert User.objects.get_by_natural_key(variant).username == "user"
    assert limits.begin_attempt(variant, "198.51.100.7") > 0


@pytest.mark.django_db
def test_the_addresses_of_one_ipv6_network_count_as_one():
    for place in range(limits.FREE_FAILURES + 2):
        limits.begin_attempt("user", f"2001:db8:1:2::{place + 1:x}")
    assert limits.begin_attempt("user", "2001:db8:1:2:ffff::1") > 0
    assert limits.begin_attempt("user", "2001:db8:1:3::1") == 0


@pytest.mark.django_db
def test_guessing_the_present_password_from_a_stolen_session_gets_slower_too():
    user = User.objects.create_user("user", make.PASSWORD, name="甲")
    client = signed_in(user)
    new = "another fine long passphrase"
    for _ in range(limits.FREE_FAILURES + 1):
        answer = client.post("/password/", {"current": "wrong", "password": new, "repeat": new})
    assert answer.status_code == 429
    assert client.post("/password/", {"current": make.PASSWORD, "password": new, "repeat": new}).status_code == 429
    user.refresh_from_db()
    assert user.check_password(make.PASSWORD)


def test_a_session_past_its_longest_time_accepts_no_invitation(world):
    offer = invitation(world)
    client = signed_in(make.user(make.institution("beta"), Role.OPERATOR))
    session = client.session
    session["started_at"] = int(datetime.now().timestamp()) - 13 * 3600
    session.save()
    client.post(f"/invitation/{accounts.link_token(offer)}/", {"existing": "1"})
    with tenant(world.institution.pk):
        assert Invitation.objects.get(pk=offer.pk).state == Invitation.State.SENT


def invitation(world):
    with tenant(world.institution.pk):
        return Invitation.objects.create(
            institution=world.institution, email="x@example.com", name="甲", roles=["operator"],
            expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_invitation_opens_one_membership_however_often_it_is_sent_at_once():
    world = make.laboratory()
    offer = invitation(world)
    url = f"/invitation/{accounts.link_token(offer)}/"

    def accept(name):
        def act():
            fields = {"username": name, "password": make.PASSWORD, "repeat": make.PASSWORD}
            return Client().post(url, fields).status_code

        return act

    assert sorted(at_once(accept("first"), accept("second"))) == [302, 400]
    with tenant(world.institution.pk):
        assert Membership.objects.filter(user__username__in=["first", "second"]).count() == 1


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "///evil.example",
               "javascript:alert(1)", "/%0d%0aX: y", "/\r\nX: y", "/" + "a" * 5000, "\\\\evil.example", "/\x00"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site_after_signing_in(world, wanted):
    user = account(world.operator)
    client = Client(raise_request_exception=False)
    answer = client.post("/login/", {"username": user.username, "password": make.PASSWORD, "next": wanted})
    assert answer.status_code < 500
    assert not answer.get("Location", "/").startswith(("//", "/\\", "http", "java"))
    assert "X" not in answer.headers


def test_a_confirmation_is_not_carried_from_one_person_to_the_next(world):
    certificate = make.certificate(world)
    url = reverse("certificates:check", args=["alpha", certificate.ref])
    page = Client().post(url, {"confirmed": "yes", "reason": "x"}).content.decode()
    assert 'name="resume-reason"' in page
    assert 'name="resume-confirmed"' not in page


# --- another institution's rows


def test_no_form_takes_a_row_of_another_institution(world):
    beta = make.laboratory("beta")
    item = make.item(world.institution)
    url = reverse("certificates:start", args=["alpha", item.ref])
    mine = {
        "performed_on": "2026-03-10", "late_reason": "测试", "room": "压力室", "device_lower": "0", "points": "",
        "device_upper": "1.6", "device_division": "0.05", "device_accuracy_class": "1.6",
        "site": world.site.ref, "standard": world.standard.ref, "environment_equipment": world.environment.ref,
    }  # fmt: skip
    client = signed_in(account(world.operator))
    for name, row in {"site": beta.site, "standard": beta.standard, "environment_equipment": beta.environment}.items():
        answer = client.post(url, mine | {name: row.ref})
        assert answer.status_code == 400, name
        for shown in ("beta计量院", row.ref):
            assert f">{shown}" not in answer.content.decode()
    foreign = client.post(url, mine | {"procedure": beta.procedure.ref}, follow=True)
    with tenant(world.institution.pk):
        assert {record.procedure_id for record in RawRecord.objects.all()} <= {world.procedure.pk}, foreign


def test_an_ended_member_loses_the_institution_with_the_next_request(world):
    user = account(world.operator)
    client = signed_in(user)
    assert client.get("/i/alpha/").status_code == 200
    with tenant(world.institution.pk):
        Membership.objects.filter(user=user).update(state=Membership.State.ENDED)
    assert client.get("/i/alpha/").status_code == 404


def test_secure_settings_of_cookies_follow_the_address_of_the_site():
    assert settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"


def test_the_signatory_must_hold_the_field_of_the_sheet(lab):
    certificate = make.certificate(lab, "checked")
    Authorisation.objects.filter(role=Authorisation.Role.SIGNATORY).update(field="温度")
    seen = content.sha256(content.body(certificate, approver=lab.signatory.name))
    with pytest.raises(Refused, match="授权"):
        workflow.approve(certificate, confirmed_sha256=seen, actor=lab.signatory, at=NOON + timedelta(hours=1))
