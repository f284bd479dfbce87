"""Every address, seen by every role, by strangers, by nobody: data-driven over the URL configuration itself.

An address that is new is tested by being there. It fails here when it has no door, when one of its arguments names
no object, or when `objects` below cannot make that object.
"""

import ast
import json
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from commitments.models import Commitment, CommitmentWithdrawal, Hearing, Remediation
from equipment.models import (
    CorrectionCopy,
    DeviceCode,
    EquipmentPaper,
    EquipmentPlan,
    ImpactQuestion,
    IntermediateCheck,
    Label,
    StandardTest,
    StockCheck,
    StockLine,
    Traceability,
)
from institutions import freezing, reset, second_factor
from institutions import workflow as accounts
from institutions.models import (
    ApiToken,
    Department,
    Invitation,
    ManagementDocument,
    Membership,
    OwnMethod,
    Room,
    Violation,
)
from portal import documents
from portal.ledger import sequencer
from portal.models import Document
from portal.permissions import GRANTS, INSTITUTION_ROLES, MACHINE_RIGHTS, Role
from portal.routes import Audience, routes
from portal.tenancy import is_tenant_owned, tenant
from tests import filled, make

MARKER = "外院机密"
ROUTES = list(routes())
MEMBERS = [route for route in ROUTES if route.door and route.door.audience is Audience.MEMBER]
# What a page may answer to somebody who holds the right: shown, done and redirected, or refused in words.
HELD = {200, 302, 400, 409, 422}


def objects(slug, text):
    """One object for every argument a route may have; `text` stands in every name a page could show."""
    w = make.laboratory(slug)
    lab = w.institution
    person = make.employment(lab, text)
    invitation = {"email": "x@example.com", "name": text, "roles": ["operator"]}
    with tenant(lab.pk):
        for row in (w.equipment, w.standard, w.procedure):
            setattr(row, "title" if hasattr(row, "title") else "name", f"{text}{row}"[:60])
            row.save()
        member = Membership.objects.get(user=make.user(lab, Role.OPERATOR, name=text))
        offer = Invitation.objects.create(institution=lab, expires_at=timezone.now() + timedelta(days=1), **invitation)
        uploader = make.actor(lab, Role.ADMINISTRATOR)
        file = documents.upload(SimpleUploadedFile(f"{text}.pdf", b"%PDF-1.7"), actor=uploader, at=make.NOON)
    sample = make.item(lab, name=text, customer=make.customer(lab, text))
    with tenant(lab.pk):
        photo = documents.upload(SimpleUploadedFile(f"{text}.png", b"\x89PNG\r\n\x1a\n"), actor=uploader, at=make.NOON)
        Document.objects.filter(pk=photo.pk).update(state=Document.State.ACCEPTED)
    filled.row(EquipmentPaper, lab, text, equipment=w.equipment, kind="photo", file=photo)
    return {
        "institutions.Institution.slug": lab.slug,
        "institutions.Membership.ref": member.ref,
        "institutions.Employment.ref": person.ref,
        "institutions.Invitation.ref": offer.ref,
        "institutions.Authorisation.ref": make.authorisation(lab, person, "manager", field=text).ref,
        "institutions.Training.ref": make.trained(lab, person, "law")[0].training.ref,
        "institutions.Invitation.link": accounts.link_token(offer),
        "institutions.User.factor_link": second_factor.link_token(member.user),
        "institutions.User.freeze_link": freezing.link_token(member.user),
        "institutions.User.reset_link": reset.link_token(member.user),
        "institutions.OwnMethod.ref": filled.row(OwnMethod, lab, text).ref,
        "institutions.Method.ref": make.own_method(lab, text).ref,
        "equipment.Equipment.ref": w.equipment.ref,
        "equipment.MeasurementStandard.ref": w.standard.ref,
        "equipment.ImpactQuestion.ref": filled.row(ImpactQuestion, lab, text).ref,
        "equipment.EquipmentPlan.ref": filled.row(EquipmentPlan, lab, text).ref,
        "equipment.IntermediateCheck.ref": filled.row(IntermediateCheck, lab, text).ref,
        "equipment.Traceability.ref": filled.row(Traceability, lab, text, equipment=make.equipment(lab, w.site)).ref,
        "equipment.CorrectionCopy.ref": filled.row(CorrectionCopy, lab, text).ref,
        "equipment.StandardTest.ref": filled.row(StandardTest, lab, text).ref,
        "equipment.Label.ref": filled.row(Label, lab, text, equipment=w.equipment, word="stopped").ref,
        "equipment.DeviceCode.ref": filled.row(DeviceCode, lab, text).ref,
        "equipment.StockCheck.ref": filled.row(StockCheck, lab, text).ref,
        "equipment.StockLine.ref": filled.row(StockLine, lab, text).ref,
        "commitments.Commitment.ref": filled.row(Commitment, lab, text).ref,
        "commitments.CommitmentWithdrawal.ref": filled.row(CommitmentWithdrawal, lab, text).ref,
        "commitments.Hearing.ref": filled.row(Hearing, lab, text).ref,
        "commitments.Remediation.ref": filled.row(Remediation, lab, text).ref,
        "commitments.CommitmentTemplate.region": "portal",
        "commitments.CommitmentTemplate.edition": "1",
        "institutions.Violation.ref": filled.row(Violation, lab, text).ref,
        "institutions.Room.ref": filled.row(Room, lab, text).ref,
        "institutions.ApiToken.ref": filled.row(ApiToken, lab, text).ref,
        "institutions.Qualification.ref": w.qualification.ref,
        "institutions.ScopeItem.ref": w.scope.ref,
        "portal.Document.ref": file.ref,
        "portal.Register.name": "departments",
        "portal.Picking.kind": "equipment",
        "portal.RegisterImport.ref": make.register_import(lab, text).ref,
        "portal.RegisterRow.ref": filled.row(Department, lab, text).ref,
        "institutions.ManagementDocument.ref": filled.row(ManagementDocument, lab, text).ref,
        "portal.Alert.ref": make.alert(lab, w.equipment, subject=text).ref,
        "portal.Absence.ref": make.absence(lab, member.user, make.user(lab, Role.OPERATOR)).ref,
        "portal.Clause.id": "A-6.2.2",
        "portal.SmartCode.token": "A" * 26,
        "portal.LedgerEntry.index": "0",
        "portal.LedgerCheckpoint.size": str(sequencer.checkpoint(timezone.now(), force=True).size),
        "orders.Item.ref": sample.ref,
        "certificates.RawRecord.ref": make.record(w, item=sample).ref,
        "certificates.Certificate.ref": make.certificate(w, "released").ref,
        "certificates.Procedure.ref": w.procedure.ref,
    }


@pytest.fixture(scope="module")
def alpha_made(rows_of_module):
    return objects("alpha", "本院")


@pytest.fixture(scope="module")
def beta_made(rows_of_module):
    return objects("beta", MARKER)


@pytest.fixture
def alpha(db, alpha_made):
    return alpha_made


@pytest.fixture
def beta(db, beta_made):
    return beta_made


def right_of(route, known):
    """What a member needs for the route with these arguments."""
    return route.door.needs(**{name: known[feed] for name, feed in route.feeds.items()})


def address(route, *known, **other):
    """The route's address with its arguments from `known`; `other` replaces single ones."""
    feeds = {}
    for names in known:
        feeds |= names
    found = route.pattern
    for piece in route.pattern.split("<")[1:]:
        converter = piece.partition(">")[0]
        name = converter.rpartition(":")[2]
        found = found.replace(f"<{converter}>", other.get(name) or feeds[route.feeds[name]])
    return found


def asked(client, url, method):
    """The answer and its text; what the request changed is taken back."""
    with transaction.atomic():
        response = client.generic(method, url)
        text = b"".join(response) if response.streaming else response.content
        transaction.set_rollback(True)
    return response, text.decode("utf-8", "replace")


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def first_method(route):
    return route.door.methods[0]


def test_every_route_has_a_door_and_knows_what_feeds_it(alpha):
    assert [route.pattern for route in ROUTES if route.door is None] == []
    assert [route.pattern for route in ROUTES if not set(route.feeds.values()) <= set(alpha)] == []


def test_every_route_below_an_institution_is_for_members():
    below = [route for route in ROUTES if route.pattern.startswith("/i/")]
    assert below == MEMBERS


def each_role(slug):
    """A role and a browser in which somebody of the institution with just this role is signed in."""
    for role in INSTITUTION_ROLES:
        yield role, signed_in(make.user(make.institution(slug), role))


def in_turns(place, found, of=3):
    """Every third of them, another third for each place: many ask for everything, each for a part."""
    return found[place % of :: of]


def test_a_stranger_of_any_role_gets_404_everywhere_without_a_foreign_byte(beta):
    for place, (role, client) in enumerate(each_role("alpha")):
        for route in in_turns(place, MEMBERS):
            response, text = asked(client, address(route, beta), first_method(route))
            assert response.status_code == 404, (role, route.pattern)
            assert MARKER not in text and "beta计量院" not in text, (role, route.pattern)


def test_an_object_of_another_institution_is_not_found_under_ones_own(alpha, beta):
    rows = [route for route in MEMBERS if "ref" in route.arguments]
    for place, (role, client) in enumerate(each_role("alpha")):
        for route in in_turns(place, rows):
            response, text = asked(client, address(route, beta, slug="alpha"), first_method(route))
            expected = 404 if right_of(route, alpha) in GRANTS[role] else 403
            assert response.status_code == expected, (role, route.pattern)
            assert MARKER not in text, (role, route.pattern)


def test_a_member_may_exactly_what_its_role_grants(alpha, beta):
    for place, (role, client) in enumerate(each_role("alpha")):
        met = set()
        for turn, route in enumerate(MEMBERS):
            right = right_of(route, alpha)
            # Each role meets each right, and a third of all doors: by turns, so that three roles meet each door.
            if right in met and (place + turn) % 3:
                continue
            met.add(right)
            # A door has one right: whoever is turned away is so whatever the method.
            methods = set(route.door.methods) - {"HEAD"} if right in GRANTS[role] else {first_method(route)}
            for method in methods:
                response, text = asked(client, address(route, alpha), method)
                # A verb may ask for more than its page, so that the right to write can still be missing.
                held = HELD | ({403} if method == "POST" else set())
                expected = held if right in GRANTS[role] else {403}
                assert response.status_code in expected, (role, method, route.pattern)
                assert MARKER not in text, (role, route.pattern)


def test_a_missing_object_is_not_found(alpha):
    client = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))
    for route in MEMBERS:
        if "ref" in route.arguments:
            for ref in ("aaaaaaaaaaaa", "x" * 300, "a%00", "%F0%9F%98%80"):
                response, _text = asked(client, address(route, alpha, ref=ref), first_method(route))
                assert response.status_code == 404, (route.pattern, ref)


def test_a_wrong_method_is_refused(alpha):
    client = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))
    for route in ROUTES:
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(route.door.methods):
            response, _text = asked(client, address(route, alpha), method)
            assert response.status_code == 405, (
                method, route.pattern,
            )  # fmt: skip
            assert response["Allow"] == ", ".join(route.door.methods)


def test_nobody_is_asked_to_sign_in_first(alpha):
    for route in MEMBERS:
        response, text = asked(Client(), address(route, alpha), first_method(route))
        assert response.status_code == 401, route.pattern
        assert "本院" not in text, route.pattern


def unscoped_reads():
    """Places in the doors where rows of an institution are read past `visible_to`: (file, line, model)."""
    owned = {model.__name__ for model in apps.get_models() if is_tenant_owned(model)}
    doors = [*settings.BASE_DIR.glob("*/*views*.py"), *settings.BASE_DIR.glob("*/panels.py")]
    for file in doors:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(value=ast.Attribute(value=ast.Name(id=model), attr="objects"), attr=method):
                    if model in owned and method != "visible_to":
                        yield f"{file.parent.name}/{file.name}:{node.lineno} {model}.objects.{method}"


def test_doors_read_the_rows_of_an_institution_through_visible_to_only():
    """The database would hide foreign rows as well; this keeps the first wall standing beside the second."""
    # The invitation is opened by somebody who is no member yet: its signed link and the scope are the proof.
    allowed = "institutions/views_invitation.py"
    assert [place for place in unscoped_reads() if not place.startswith(allowed)] == []


def by_key(*rights):
    """A program of alpha with these rights."""
    key = make.api_token(make.institution("alpha"), *rights)
    return Client(headers={"authorization": f"Bearer {key}"})


PROGRAMS = [route for route in ROUTES if route.door and route.door.audience is Audience.API]


def test_a_program_may_exactly_what_its_key_was_made_for(alpha, beta):
    for held in MACHINE_RIGHTS:
        client = by_key(held)
        for route in PROGRAMS:
            for method in set(route.door.methods) - {"HEAD"}:
                response, text = asked(client, address(route, alpha), method)
                expected = {200, 400} if route.door.right == held else {403}
                assert response.status_code in expected, (held, method, route.pattern)
                assert MARKER not in text, route.pattern


def test_a_program_finds_no_object_of_another_institution(alpha, beta):
    client = by_key(*MACHINE_RIGHTS)
    for route in PROGRAMS:
        if "ref" in route.arguments:
            for ref in (alpha, beta):
                response, text = asked(client, address(route, ref), first_method(route))
                assert response.status_code == (200 if ref is alpha else 404), route.pattern
                assert MARKER not in text, route.pattern


def test_without_a_key_every_door_of_programs_is_shut(alpha):
    member = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))
    for client in (Client(), member, Client(headers={"authorization": "Bearer clt_" + "x" * 43})):
        for route in PROGRAMS:
            response, text = asked(client, address(route, alpha), first_method(route))
            assert response.status_code == 401, route.pattern
            assert "本院" not in text, route.pattern
            assert client is member or "session" not in response.cookies, route.pattern


def test_every_door_of_programs_has_a_limit():
    assert [route.pattern for route in PROGRAMS if not route.door.limit] == []


def test_a_public_page_opens_no_session(alpha):
    for route in ROUTES:
        if route.door.audience in (Audience.PUBLIC, Audience.OPERATIONS):
            response, _text = asked(Client(), address(route, alpha), first_method(route))
            unready = {503} if route.name == "portal:readyz" else set()  # no worker runs beside the tests
            assert response.status_code in {200, 400, 404} | unready, route.pattern
            assert "session" not in response.cookies, route.pattern


def test_a_regulator_of_the_region_reads_and_never_writes(alpha):
    client = signed_in(make.regulator("4403"))
    for route in MEMBERS:
        response, _text = asked(client, address(route, alpha), first_method(route))
        expected = HELD if right_of(route, alpha) in GRANTS[Role.REGULATOR] else {403}
        assert response.status_code in (expected if first_method(route) == "GET" else {405}), route.pattern


def test_a_regulator_of_another_region_finds_nothing(beta):
    client = signed_in(make.regulator("3301"))
    for route in MEMBERS:
        response, text = asked(client, address(route, beta), first_method(route))
        assert response.status_code == 404, route.pattern
        assert MARKER not in text


def test_the_regulators_page_does_not_exist_for_members(alpha):
    client = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))
    for route in ROUTES:
        if route.door.audience is Audience.REGULATOR:
            assert asked(client, address(route, alpha), first_method(route))[0].status_code == 404


def test_pages_of_members_are_never_kept_by_a_cache(alpha):
    client = signed_in(make.user(make.institution("alpha"), *INSTITUTION_ROLES))
    for route in MEMBERS:
        if "GET" in route.door.methods:
            assert "no-store" in asked(client, address(route, alpha), "GET")[0]["Cache-Control"], route.pattern


def test_list_routes_prints_what_is_declared():
    out = StringIO()
    call_command("list_routes", "--json", stdout=out)
    listed = {row["pattern"]: row for row in json.loads(out.getvalue())}
    assert listed["/i/<slug:slug>/settings/members/<slug:ref>/end/"] == {
        "pattern": "/i/<slug:slug>/settings/members/<slug:ref>/end/",
        "name": "institutions:member_end",
        "methods": ["POST"],
        "audience": "member",
        "right": "member:change",
        "limit": "step_up",
        "arguments": {"slug": "institutions.Institution.slug", "ref": "institutions.Membership.ref"},
    }
