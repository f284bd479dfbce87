"""Laboratories seeded for strangers: marked everywhere, everybody can sign in, objects in every state."""

import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from certificates.acceptance import batch, seed
from certificates.models import Certificate
from institutions import second_factor
from institutions.models import Institution, User
from portal import invariants
from portal.ledger import sequencer, verify
from portal.permissions import SECOND_FACTOR_ROLES, Role
from portal.tenancy import TenantModel, tenant

pytestmark = pytest.mark.django_db

# Texts that are figures, codes of the portal's own, or names of methods, each with its model.
UNMARKED = {
    "institutions.ScopeItem": {
        "instrument", "measurand", "field", "unit", "cmc_points", "parameter", "parameter_unit",
        "suspended_because", "suspended_clause",  # the portal's own sentence
    },
    "institutions.Authorisation": {"field", "suspended_because"}, "institutions.FieldStaffing": {"field"},
    "institutions.Credential": {"speciality"},
    "institutions.Training": {"field"},
    "institutions.OwnMethod": {"field"},
    "institutions.Employment": {"staff_number"},
    "equipment.Equipment": {"unit", "accuracy", "software_sha256"},
    "equipment.TracePoint": {"quantity", "unit"},
    "equipment.Confirmation": {"finding"},  # the portal's own sentence
    "equipment.EquipmentClock": {"basis"},  # of the usual clocks
    "equipment.Traceability": {"expanded_uncertainty", "coverage_factor", "uncertainty_unit"},
    "equipment.MeasurementStandard": {"accuracy", "field"},
    "equipment.StandardItem": {"instrument", "measurand", "unit", "accuracy"},
    "equipment.StandardEvent": {"text"},  # the portal's own sentence when the standard comes into the register
    "equipment.EquipmentEvent": {"text"},  # the portal's own sentence when equipment comes into the register
    "orders.Item": {"number", "order_number", "condition", "decision_rule"},
    "commitments.Commitment": {"number", "token"},
    "commitments.CommitmentWithdrawal": {"decided_by", "subject"},  # the portal itself, a kind of row
    "commitments.Remediation": {"decided_by"},  # a regulator
    "commitments.DirectoryEntry": {"slug", "region_code", "token"},
    "commitments.DirectoryLine": {"region_code", "field", "instrument", "measurand", "si_unit"},
    "certificates.Procedure": {"code", "title"},
    "certificates.RawRecord": {"number", "decision_rule"},
    "certificates.Reading": {"cell", "text"},
    "certificates.Certificate": {
        "number", "body_sha256", "content_sha256", "pdf_sha256", "pdf_stored_as", "token", "verification_code",
    },
}  # fmt: skip
OURS = {"portal"}  # tables of the ground floor repeat what others say, or digests of it


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker, plain_papers):
    """One seeding for the module, rolled back at its end."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield seed.seed("STRANGE", timezone.now())
        transaction.set_rollback(True)


def text_fields(model):
    for field in model._meta.concrete_fields:
        texts = isinstance(field, models.CharField | models.TextField) and not isinstance(field, models.EmailField)
        sealed = field.name.endswith("_sealed")
        if texts and not field.choices and not sealed and field.name not in {"ref", "state"}:
            yield field.name


def test_every_text_of_a_laboratory_carries_its_mark(seeded):
    bare = []
    for described in seeded["institutions"]:
        institution = Institution.objects.get(slug=described["slug"])
        with tenant(institution.pk):
            for model in apps.get_models():
                if not issubclass(model, TenantModel) or model._meta.app_label in OURS:
                    continue
                names = set(text_fields(model)) - UNMARKED.get(model._meta.label, set())
                for row in model.objects.filter(institution=institution).values("pk", *names):
                    bare += [
                        f"{model._meta.label}.{name} {value}"
                        for name, value in row.items()
                        if name != "pk" and value and described["mark"] not in value
                    ]
    assert bare == []


def test_no_laboratory_carries_the_mark_of_another(seeded):
    marks = [described["mark"] for described in seeded["institutions"]]
    assert len(set(marks)) == 3
    for described in seeded["institutions"]:
        others = [mark for mark in marks if mark != described["mark"]]
        institution = Institution.objects.get(slug=described["slug"])
        with tenant(institution.pk):
            for certificate in Certificate.objects.exclude(content=None):
                text = json.dumps(certificate.content, ensure_ascii=False)
                assert described["mark"] in text
                assert not any(mark in text for mark in others)


def test_every_role_signs_in_with_what_was_printed(seeded):
    roles = {role for sign in seeded["sign_ins"] for role in sign["roles"]}
    assert roles == set(Role) - {Role.PLATFORM_OPERATOR}
    for sign in seeded["sign_ins"]:
        user = User.objects.get(username=sign["username"])
        assert bool(sign["totp_secret"]) == bool(SECOND_FACTOR_ROLES.intersection(sign["roles"]))
        assert second_factor.has_factor(user.pk) == bool(sign["totp_secret"])
    sign = next(sign for sign in seeded["sign_ins"] if Role.SIGNATORY in sign["roles"])
    user = User.objects.get(username=sign["username"])
    assert user.check_password(sign["password"])
    import pyotp

    assert second_factor.verify(user.pk, pyotp.TOTP(sign["totp_secret"]).now(), at=timezone.now())


def test_there_are_certificates_in_every_state_a_stranger_can_meet(seeded):
    states = {row["state"] for described in seeded["institutions"] for row in described["certificates"]}
    assert states >= {"draft", "returned", "checked", "issued", "void"}
    kinds = {row["kind"] for described in seeded["institutions"] for row in described["certificates"]}
    assert len(kinds) == 3


def test_what_is_seeded_breaks_no_rule(seeded):
    slugs = {described["slug"] for described in seeded["institutions"]}
    assert [breach for breach in invariants.breaches() if breach.institution in slugs] == []


def test_what_is_seeded_stands_as_the_ledger_says(seeded):
    sequencer.sequence()
    assert list(verify.problems()) == []


def test_pledges_stand_have_fallen_and_are_being_remedied(seeded):
    found = [described["objects"] for described in seeded["institutions"]]
    assert [len(objects["commitments.Commitment"]) for objects in found] == [1, 1, 2]
    assert [len(objects["commitments.Remediation"]) for objects in found] == [0, 0, 2]


def test_certificates_are_issued_in_numbers(seeded):
    institution = Institution.objects.get(slug="strangea")
    hands = batch.hands_of(institution)
    certificate = batch.issue(hands, batch.prepare(hands, "SERIAL-1", timezone.now()), timezone.now())
    assert certificate.number.startswith("STRANGEA-C-")


@pytest.mark.parametrize("prefix", ["", "x", "with blank", "ninechars", "量"])
def test_a_prefix_that_cannot_stand_everywhere_is_refused(prefix):
    with pytest.raises(CommandError, match="letters and digits"):
        call_command("seed_acceptance", prefix=prefix)


def test_a_prefix_is_seeded_once(seeded):
    with pytest.raises(CommandError, match="has been seeded before"):
        call_command("seed_acceptance", prefix="STRANGE")


@pytest.mark.parametrize("command", [["seed_acceptance", "--prefix", "P8"], ["issue_batch", "--count", "1"]])
def test_production_has_neither(settings, command):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command(*command)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--count", "0"], "--count is 1 to 100000"),
        (["--count", "1", "--concurrency", "65"], "--concurrency 1 to 64"),
        (["--count", "1", "--institution", "nowhere"], "there is no institution nowhere"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("issue_batch", *arguments, stdout=StringIO())


def test_the_trail_of_one_institution_is_exported_line_by_line(seeded, capsys):
    call_command("audit_export", "--institution", "strangeb", "--json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    institution = Institution.objects.get(slug="strangeb")
    assert {line["institution_id"] for line in lines} == {institution.pk}
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert {"certificate.issue", "membership.join"} <= {line["verb"] for line in lines}


def test_an_export_never_overwrites_a_file(seeded, tmp_path):
    (tmp_path / "trail").write_text("kept")
    with pytest.raises(CommandError, match="exists already"):
        call_command("audit_export", "--institution", "strangeb", "--output", str(tmp_path / "trail"))
    assert (tmp_path / "trail").read_text() == "kept"
