"""What an expert tries against the ledger, with the rights of the runtime role (an SQL injection) and of the tables' owner.

Names say what must not work, or what must be found.
"""

import contextlib
import json

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from certificates import content
from portal import audit, codes
from portal.actors import Actor
from portal.ledger import sequencer, verify
from portal.models import SmartCode
from portal.tenancy import tenant
from tests import make
from tests.conftest import as_owner


@contextlib.contextmanager
def as_the_owner(*tables):
    """A cursor of the owner past triggers and policies of these tables; then they are in force again."""
    with contextlib.closing(as_owner()) as owner, owner, owner.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY; ALTER TABLE {table} ENABLE TRIGGER USER")


def sentences():
    return [str(problem) for problem in verify.run(timezone.now())]


@pytest.fixture
def issued(transactional_db):
    """An issued certificate of laboratory Alpha under a signed checkpoint; all is well."""
    row = make.certificate(make.laboratory(), "released")
    sequencer.checkpoint(timezone.now(), force=True)
    return row


def test_an_honest_ledger_stays_quiet(issued):
    assert sentences() == []


@pytest.mark.parametrize("kind", ["device", "unit"])
def test_a_page_without_a_certificate_does_not_stand(issued, kind):
    token = codes.new_token()
    with tenant(issued.institution_id):
        card = SmartCode.objects.get().card
        codes.publish(
            institution_id=issued.institution_id, kind=kind, token=token, at=timezone.now(), number="假-2026-000001",
            card=card | {"certificate": card["certificate"] | {"number": "假-2026-000001"}}, verification_code="AAAA-BBBB",
        )  # fmt: skip
    assert sentences()
    assert codes.find(token)["state"] == "anomaly"
    assert codes.find(issued.token)["state"] == "issued"


@pytest.mark.parametrize(
    "change",
    [
        """body = jsonb_set(body, '{item,serial_number}', '"99999999"')""",
        """body = jsonb_set(body, '{performed_on}', '"2026-06-30"')""",
        "valid_until = '2036-01-01'",
        "approved_at = approved_at - interval '30 days'",
        "verification_code = 'AAAA-AAAA'",
    ],
)
def test_a_certificate_and_its_page_altered_together_are_found(issued, change):
    with as_the_owner("certificates_certificate") as cursor:
        cursor.execute(f"UPDATE certificates_certificate SET {change} WHERE id = %s", [issued.pk])
    with tenant(issued.institution_id):
        SmartCode.objects.update(card=content.card(make.fresh(issued)))
    assert sentences()
    assert codes.find(issued.token)["state"] == "anomaly"


def test_an_issued_certificate_made_a_draft_again_is_found(issued):
    with as_the_owner("certificates_certificate") as cursor:
        cursor.execute("UPDATE certificates_certificate SET state = 'draft' WHERE id = %s", [issued.pk])
    with tenant(issued.institution_id):
        SmartCode.objects.update(card=content.card(make.fresh(issued)))
    assert sentences()


def test_a_certificate_added_with_an_earlier_date_is_found(issued, settings):
    """All of it is there: row, leaf, entry, page, and a new signed head. Only the head before knew nothing of it."""
    settings.PRODUCTION = True
    assert sentences() == []
    added = make.certificate(make.laboratory("beta"), "released")  # dated months before the head that is signed
    sequencer.checkpoint(timezone.now(), force=True)
    assert [sentence for sentence in sentences() if added.number in sentence]
    assert codes.find(added.token)["state"] == "anomaly"
    assert codes.find(issued.token)["state"] == "issued"


@pytest.mark.parametrize("change", ["body = '{}'", "content = '{}', content_sha256 = %s"])
def test_a_certificate_altered_beyond_recognition_does_not_stop_the_verification(issued, change):
    with as_the_owner("certificates_certificate") as cursor:
        values = [content.sha256({})] if "%s" in change else []
        cursor.execute(f"UPDATE certificates_certificate SET {change} WHERE id = %s", [*values, issued.pk])
    assert sentences()
    assert codes.find(issued.token)["state"] == "anomaly"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portal_ledgerentry SET data = 'x'", "DELETE FROM portal_ledgerentry", "DELETE FROM portal_ledgerleaf",
        "UPDATE portal_ledgersalt SET salt = 'x'", "DELETE FROM portal_ledgercheckpoint", "DELETE FROM portal_ledgernode",
        "UPDATE portal_auditentry SET reason = 'x'", "DELETE FROM portal_auditentry", "DELETE FROM portal_auditseal",
        "UPDATE certificates_certificate SET valid_until = '2036-01-01'", "DELETE FROM certificates_certificate",
        "UPDATE certificates_certificate SET state = 'draft'", "UPDATE certificates_reading SET text = '9'",
        "TRUNCATE portal_ledgerpending", "DELETE FROM portal_stepup", "DELETE FROM portal_outboxentry",
        "ALTER TABLE portal_ledgerentry DISABLE TRIGGER ALL", "SET session_replication_role = replica",
        "DELETE FROM ops_audit", "UPDATE ops_certificates SET number = 'x'", "CREATE TABLE public.mine (id int)",
        "CREATE OR REPLACE FUNCTION app_tenant() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
        "SELECT pg_read_file('/etc/passwd')", "COPY (SELECT 1) TO PROGRAM 'id'", "SET ROLE pg_read_all_data",
    ],
)  # fmt: skip
def test_the_runtime_role_changes_nothing_that_stays(issued, statement):
    refused = pytest.raises(DatabaseError)
    with tenant(issued.institution_id), connection.cursor() as cursor, refused, transaction.atomic():
        cursor.execute(statement)


def test_views_and_functions_show_the_runtime_role_nothing_of_another_institution(issued):
    beta = make.institution("beta")
    seen = {}
    with tenant(beta.pk), connection.cursor() as cursor:
        for view in ("ops_certificates", "ops_readings", "ops_audit", "ops_leaves"):
            cursor.execute(f"SELECT count(*) FROM {view} WHERE institution_id = %s", [issued.institution_id])
            seen[view] = cursor.fetchone()[0]
        for table in (
            "portal_smartcode",
            "portal_ledgersalt",
            "portal_document",
            "portal_alert",
            "certificates_reading",
        ):
            cursor.execute(f"SELECT count(*) FROM {table} WHERE institution_id = %s", [issued.institution_id])
            seen[table] = cursor.fetchone()[0]
    assert set(seen.values()) == {0}, seen


def gap_in_the_trail(institution_id):
    """A number of the trail that was taken and never used, below rows that are sealed."""
    with tenant(institution_id), connection.cursor() as cursor:
        audit.record(Actor.system("test"), "test.before", institution_id=institution_id)
        cursor.execute("SELECT nextval('portal_auditentry_id_seq')")
        number = cursor.fetchone()[0]
        audit.record(Actor.system("test"), "test.after", institution_id=institution_id)
    sequencer.checkpoint(timezone.now(), force=True)
    return number


def backdated_row(institution_id, number):
    with tenant(institution_id), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_auditentry (id, institution_id, ref, at, actor_name, acting_as, verb, target, target_ref, "
            "target_name, was, became, changes, reason, succeeded, request_id) VALUES (%s, %s, 'forged', "
            "now() - interval '90 days', '陈慕白', '', 'certificate.check', '', '', '', '', '', '{}', '', true, '')",
            [number, institution_id],
        )


def sealed_by_hand(number):
    with connection.cursor() as cursor:
        ids = f"{{[{number},{number + 1})}}"
        cursor.execute("SELECT rows, digest FROM audit_digest(%s)", [ids])
        rows, digest = cursor.fetchone()
        cursor.execute(
            "INSERT INTO portal_auditseal (ids, rows, digest) VALUES (%s, %s, %s) RETURNING id", [ids, rows, digest]
        )
        return cursor.fetchone()[0]


def test_an_audit_row_slipped_in_with_a_seal_of_its_own_is_found(issued):
    number = gap_in_the_trail(issued.institution_id)
    backdated_row(issued.institution_id, number)
    sealed_by_hand(number)
    assert sentences()


def test_an_audit_row_slipped_in_and_sealed_in_the_log_as_if_it_came_late_is_found(issued):
    number = gap_in_the_trail(issued.institution_id)
    backdated_row(issued.institution_id, number)
    sequencer.checkpoint(timezone.now(), force=True)
    assert sentences()


def test_a_seal_over_rows_to_come_is_refused(issued):
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value + 1 FROM portal_auditentry_id_seq")
        number = cursor.fetchone()[0]
    with pytest.raises(IntegrityError, match="a seal is of rows that are there"), transaction.atomic():
        sealed_by_hand(number)


def test_an_entry_without_an_act_is_found(issued):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO portal_ledgerpending (leaf_id, data) VALUES (999999, 'x')")
    sequencer.checkpoint(timezone.now(), force=True)
    assert sentences()


def test_the_proof_file_of_a_void_certificate_without_its_last_leaf_is_found(issued):
    with tenant(issued.institution_id):
        SmartCode.objects.update(evidence=SmartCode.objects.get().evidence[:1])
    assert sentences()
    assert codes.find(issued.token)["state"] == "anomaly"


def test_the_proof_file_tells_nobody_and_nothing_beyond_the_certificate(issued):
    answer = Client().get(f"/q/{issued.token}/proof.json")
    kinds = {leaf["kind"] for leaf in json.loads(answer.content)["leaves"]}
    assert kinds == {"certificate.issued", "certificate.pdf"}
    for secret in ("沈若川", "许知远", "陈慕白", "海曙热力", "alpha"):
        assert secret not in answer.text


def test_a_leaf_of_an_unknown_kind_does_not_stop_the_verification(issued):
    with tenant(issued.institution_id), connection.cursor() as cursor:
        cursor.execute(
            "WITH leaf AS (INSERT INTO portal_ledgerleaf (institution_id, ref, kind, target, target_id, data) VALUES "
            "(%(lab)s, 'x', 'no.such', 'certificates.Certificate', %(pk)s, 'x') RETURNING id) "
            "INSERT INTO portal_ledgersalt (institution_id, ref, leaf_id, salt) SELECT %(lab)s, 'x', id, '00' FROM leaf",
            {"lab": issued.institution_id, "pk": issued.pk},
        )
    assert sentences()
    assert codes.find(issued.token)["state"] == "anomaly"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO portal_ledgerentry (index, leaf_id, data, leaf_hash) VALUES (9000000000, -1, '{}', '')",
        "INSERT INTO portal_ledgerentry (index, leaf_id, data, leaf_hash) VALUES (-1, -1, '{}', '')",
        "INSERT INTO portal_ledgercheckpoint (size, root, text) VALUES (9000000000, '', '')",
        "INSERT INTO portal_auditseal (ids, rows, digest) VALUES ('{[1,9000000000)}', 1, '')",
        "INSERT INTO portal_auditseal (ids, rows, digest) VALUES ('nonsense', 1, '')",
    ],
)
def test_nothing_can_be_appended_that_stops_the_sequencer_for_good(db, statement):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
