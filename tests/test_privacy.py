"""Personal data: every field is on the register, the register is in the documentation, and nothing of it is logged."""

import logging
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from config.logs import LineFormatter
from institutions import identity
from institutions import workflow as accounts
from institutions.models import Invitation
from portal import documents, personal
from portal.models import AuditEntry, OutboxEntry
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.make import NOON, PASSWORD

SOUNDS_PERSONAL = re.compile(
    r"(?:^|_)(?:username|codename|name|phone|mobile|e?mail|birth|id_number|address|agent|contact|identity|session|actor|reason|acting"
    r"|uploaded_by|on_behalf|password|secret|digest|hash|user_id|changes|subject|recipient|complainant|gender|photo"
    r"|signature|sealed)(?:_|$)"
)
OURS = {app.label for app in apps.get_app_configs() if (settings.BASE_DIR / app.label).is_dir()} | {"sessions", "auth"}


def fields():
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            for field in model._meta.local_concrete_fields:
                kind = field.get_internal_type()
                if not field.is_relation and kind not in ("BooleanField", "DateTimeField"):
                    yield f"{model._meta.label}.{field.name}", field.name


REGISTERED = [name for entry in personal.REGISTER for name in entry.fields]


def test_every_field_that_sounds_personal_is_on_the_register_or_said_to_be_none():
    known = {*REGISTERED, *personal.NOT_PERSONAL}
    assert [name for name, short in fields() if SOUNDS_PERSONAL.search(short) and name not in known] == []


def test_every_field_on_the_lists_exists_and_stands_there_once():
    there = {name for name, _short in fields()}
    assert [name for name in (*REGISTERED, *personal.NOT_PERSONAL) if name not in there] == []
    assert len({*REGISTERED, *personal.NOT_PERSONAL}) == len(REGISTERED) + len(personal.NOT_PERSONAL)


@pytest.mark.parametrize("entry", personal.REGISTER, ids=lambda entry: entry.holds)
def test_the_documentation_prints_the_register(entry):
    page = (Path(settings.BASE_DIR) / "docs/privacy.md").read_text(encoding="utf-8")
    named = "、".join(f"`{name}`" for name in entry.fields)
    rules = (entry.purpose, entry.basis, entry.seen_by, entry.masked, entry.kept, entry.erased)
    assert (
        f"| {entry.holds} | {' | '.join(rules).replace('*', chr(92) + '*')} |" in page
        and f"| {entry.holds} | {named} |" in page
    )


@pytest.mark.parametrize("name", ["birth_date", "id_number_sealed", "phone_sealed", "email", "contact", "phone"])
def test_what_must_not_reach_the_trail_is_left_out_of_it(name):
    owners = {label.rpartition(".")[0] for label in REGISTERED if label.endswith(f".{name}")} - {"institutions.User"}
    assert owners
    assert all(name in apps.get_model(owner).audit_omits for owner in owners)


@pytest.mark.parametrize(
    ("mask", "given", "shown"),
    [
        (personal.masked_id_number, "440300198505011234", "440***********1234"),
        (personal.masked_id_number, "44030019", "********"),
        (personal.masked_id_number, "", ""),
        (personal.masked_phone, "13812345678", "138****5678"),
        (personal.masked_phone, "5550100", "*******"),
        (personal.masked_phone, "0990-5550100", "099*****0100"),
        (personal.masked_email, "zhang.san@example.com", "z***@example.com"),
        (personal.masked_email, "not an address", "***"),
    ],
)
def test_a_masked_form_says_enough_to_recognise_and_no_more(mask, given, shown):
    assert mask(given) == shown


# --- a story in which nothing personal reaches the logs, an address, a mail's subject or a task


SECRETS = {
    "name": "慕容雪见", "e-mail": "murong.xuejian@example.test", "phone": "13912340987", "birth": "1983-11-17",
    "uploaded file": "慕容雪见的证书", "reason": "办理慕容的社保",
}  # fmt: skip


@pytest.fixture
def told(client, db, caplog):
    """Every line the story logs, in the form that is written; and every address that was asked for."""
    caplog.set_level(logging.DEBUG)
    lab = make.institution()
    born = NOON.date().replace(1983, 11, 17)
    number = identity.fictional_id_number(born, 21)
    with tenant(lab.pk):
        person = make.employment(lab, SECRETS["name"], birth_date=born)
        keeper = make.actor(lab, Role.ADMINISTRATOR)
        identity.set_identity(person, number, SECRETS["phone"], actor=keeper, at=NOON)
        make.prove_invitation(keeper, SECRETS["e-mail"], ["operator"], person)
        accounts.invite(
            email=SECRETS["e-mail"], name=SECRETS["name"], roles=["operator"], employment=person, actor=keeper,
            at=NOON.replace(year=2100),
        )  # fmt: skip
        file = SimpleUploadedFile(f"{SECRETS['uploaded file']}.pdf", b"%PDF-1.7 broken")
        documents.upload(file, actor=keeper, at=NOON)
    client.post("/login/", {"username": SECRETS["e-mail"], "password": "wrong"})
    client.force_login(make.user(lab, Role.QUALITY_MANAGER, name=SECRETS["name"]))
    pages = ["people/", f"people/{person.ref}/", "audit/", "settings/members/", "people/nobody/"]
    addresses = [client.get(f"/i/alpha/{page}").wsgi_request.get_full_path() for page in pages]
    proof = {"own_password": PASSWORD}
    sent = {"what": "id_number", "reason": SECRETS["reason"], **proof}
    assert number in client.post(f"/i/alpha/people/{person.ref}/unmask/", sent).content.decode()
    assert client.post("/i/alpha/audit/export/", {"format": "csv", **proof}).status_code == 200
    drain()
    lines = [LineFormatter().format(record) for record in caplog.records]
    return {"lines": "\n".join(lines) + caplog.text, "addresses": " ".join(addresses), "number": number}


def test_nothing_personal_is_logged_or_stands_in_an_address_a_subject_or_a_task(told):
    assert len(told["lines"].splitlines()) > 10
    subjects = " ".join(message.subject for message in mail.outbox)
    tasks = " ".join(map(str, OutboxEntry.objects.values_list("task", "target_id", "last_error")))
    assert mail.outbox and tasks
    for what, secret in {**SECRETS, "number": told["number"]}.items():
        for where, text in {**told, "subjects": subjects, "tasks": tasks}.items():
            assert where == "number" or secret not in text, (what, where)


def test_the_trail_holds_no_number_phone_mail_or_birth_date(told):
    with tenant(make.institution().pk):
        text = " ".join(map(str, AuditEntry.objects.values_list("changes", "reason", "target_name")))
        assert Invitation.objects.exists() and "m***@example.test" in text
    for secret in (told["number"], SECRETS["phone"], SECRETS["e-mail"], SECRETS["birth"]):
        assert secret not in text
