"""Whoever alters a certificate, its file, its page or its record is found out, and the public is told."""

import contextlib
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from certificates import readings
from portal import codes
from portal.ledger import sequencer, verify
from portal.tenancy import tenant
from tests import make
from tests.conftest import as_owner

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def certificate():
    world = make.laboratory()
    corrected = make.record(world, filled=True)
    with tenant(world.institution.pk):
        slip = readings.Entry("reading:1:up_before", "0.50", reason="看错一格")
        assert [outcome.state for outcome in readings.enter(corrected, [slip], actor=world.operator, at=make.NOON)] == [
            "saved"
        ]
    issued = make.certificate(world, "released")
    make.certificate(world, "void")
    sequencer.sequence()
    return issued


def alter(table: str, change: str, **where: object) -> None:
    """Somebody with the owner's rights changes rows behind everybody's back, triggers switched off."""
    with contextlib.closing(as_owner()) as owner, owner, owner.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE TRIGGER USER")
        condition = " AND ".join(f"{name} = %s" for name in where)
        verb = f"UPDATE {table} SET {change}" if change != "DELETE" else f"DELETE FROM {table}"
        cursor.execute(f"{verb} WHERE {condition}", list(where.values()))
        assert cursor.rowcount > 0
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY; ALTER TABLE {table} ENABLE TRIGGER USER")


def named(certificate) -> str:
    return " ".join(
        f"{p.subject} {p.sentence}" for p in verify.run(timezone.now()) if p.anomaly_token == certificate.token
    )


def test_nothing_is_wrong_with_what_nobody_touched(certificate):
    assert verify.run(timezone.now()) == []
    assert codes.find(certificate.token)["state"] == "issued"


CERTIFICATE = "certificates_certificate"


@pytest.mark.parametrize(
    "change",
    [
        """content = jsonb_set(content, '{body,kind}', '"x"')""",
        "content_sha256 = reverse(content_sha256)",
        "number = number || '1'",
        "pdf_sha256 = reverse(pdf_sha256)",
        "state = 'void', void_reason = 'x', voided_at = now()",
        "issued_at = issued_at - interval '1 day'",
        "kind = 'verification_certificate'",
    ],
)
def test_a_changed_certificate_is_found_and_its_page_says_so(certificate, change):
    alter(CERTIFICATE, change, id=certificate.pk)
    assert named(certificate)
    assert codes.find(certificate.token)["state"] == "anomaly"


def test_a_changed_file_is_found_and_no_longer_handed_out_until_it_is_restored(certificate):
    path = Path(settings.MEDIA_ROOT) / certificate.pdf_stored_as
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert "字节不符" in named(certificate)
    assert codes.find_file(certificate.number, certificate.verification_code) is None
    path.write_bytes(good)
    assert verify.run(timezone.now()) == []
    assert codes.find(certificate.token)["state"] == "issued"


def test_a_removed_file_is_found(certificate):
    (Path(settings.MEDIA_ROOT) / certificate.pdf_stored_as).unlink()
    assert "不在了" in named(certificate)


@pytest.mark.parametrize(
    "change",
    [
        """card = jsonb_set(card, '{certificate,number}', '"X"')""",
        "evidence = '[]'",
        "file_digest = reverse(file_digest)",
        "stored_as = 'x'",
    ],
)
def test_a_changed_page_is_found(certificate, change):
    alter("portal_smartcode", change, token_digest=codes._token_digest(certificate.token))
    assert "公开页面" in named(certificate)


@pytest.mark.parametrize(
    "change", ["text = '9.99'", "value = 9.99", "recorded_at = now()", "mode = 'pasted'", "DELETE"]
)
def test_a_changed_reading_is_found(certificate, change):
    alter("certificates_reading", change, record_id=certificate.record_id, cell="reading:4:up_after")
    assert any("RawRecord" in p.subject for p in verify.problems())


def test_a_reading_filled_in_after_submission_is_found(certificate):
    with contextlib.closing(as_owner()) as owner, owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE certificates_reading NO FORCE ROW LEVEL SECURITY")
        cursor.execute(
            "INSERT INTO certificates_reading (institution_id, ref, record_id, cell, text, mode, reason, recorded_by_id) "
            "SELECT institution_id, 'x', record_id, 'reading:9:extra', '1', 'typed', '', recorded_by_id "
            "FROM certificates_reading WHERE record_id = %s LIMIT 1",
            [certificate.record_id],
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE certificates_reading FORCE ROW LEVEL SECURITY")
    assert any("RawRecord" in p.subject for p in verify.problems())


def test_a_certificate_that_never_was_in_the_ledger_is_found(certificate):
    for table, column in (("portal_ledgersalt", "leaf_id"), ("portal_ledgerleaf", "id")):
        with contextlib.closing(as_owner()) as owner, owner, owner.cursor() as cursor:
            cursor.execute("ALTER TABLE portal_ledgerleaf NO FORCE ROW LEVEL SECURITY")
            cursor.execute("SELECT id FROM portal_ledgerleaf WHERE kind = 'certificate.issued' AND target_id = %s",
                           [certificate.pk])  # fmt: skip
            ids = [pk for (pk,) in cursor.fetchall()]
            cursor.execute("ALTER TABLE portal_ledgerleaf FORCE ROW LEVEL SECURITY")
        alter(table, "DELETE", **{column: ids[0]})
    assert "应有的叶" in named(certificate)
