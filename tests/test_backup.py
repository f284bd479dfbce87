"""Backups: what is restored equals what was saved, and nothing damaged, partial or outdated passes for a backup."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from config import checks
from portal.backups import DRILL, UNFINISHED, BackupError, database, making, restoring, sealing
from portal.ledger import notes, verify_rows, verify_seals
from tests import make
from tests.conftest import schema_fingerprint
from tests.places import CAUGHT_UP, ONE_MORE, WORLD, Place, directed_to, made, signed_anew

pytestmark = [
    pytest.mark.django_db(databases=["default", "owner"]),
    pytest.mark.skipif("backup" not in settings.DATABASES, reason="DATABASE_BACKUP_URL names no backup role"),
]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "backup.key"
    file.write_text(os.urandom(32).hex())
    return file


@pytest.fixture(scope="module")
def source(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory, key_file: Path
) -> Iterator[Place]:
    """A portal with a laboratory, two certificates that were issued and one that is ready for it."""
    name, template = f"saved_{os.getpid()}", f"test_portal_{schema_fingerprint()}"
    with django_db_blocker.unblock(), made(name, template):
        place = Place(name, tmp_path_factory.mktemp("saved media"), key_file)
        done = place.run("-c", WORLD, str(place.media.with_name("handed on")))
        assert done.returncode == 0, done.stderr
        yield place


@pytest.fixture(scope="module")
def backup(source: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it, made by the command while leaves wait for their place in the ledger; they have it afterwards."""
    directory = tmp_path_factory.mktemp("backups") / "first"
    done = source.manage("backup", str(directory), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    done = source.run("-c", CAUGHT_UP)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def copy(backup: Path, tmp_path: Path) -> Path:
    """A copy of the backup, to be damaged."""
    return Path(shutil.copytree(backup, tmp_path / "copy"))


@pytest.fixture
def empty(source: Place, tmp_path: Path, key_file: Path) -> Iterator[Place]:
    """An empty database with an empty place for files, to which this process is directed as well."""
    name = f"restored_{os.getpid()}"
    with made(name):
        checkpoints = str(key_file.with_name("checkpoints"))
        here = override_settings(
            MEDIA_ROOT=tmp_path / "media", BACKUP_KEY_FILE=str(key_file), CHECKPOINT_DIR=checkpoints
        )
        with here, directed_to(name):
            yield Place(name, tmp_path / "media", key_file)


def test_a_restored_portal_equals_the_saved_one_and_goes_on_numbering(source, backup, empty):
    done = empty.manage("restore", str(backup), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["ok"], report["problems"], report["files"]) == (True, [], 3)
    text = "SELECT string_agg(c::text, ' ' ORDER BY id) FROM certificates_certificate AS c"
    assert empty.rows(text) == source.rows(text)
    contents = {path.relative_to(source.media): path.read_bytes() for path in source.media.rglob("*.pdf")}
    assert {path.relative_to(empty.media): path.read_bytes() for path in empty.media.rglob("*.pdf")} == contents
    more = empty.run("-c", ONE_MORE, str(source.media.with_name("handed on")))
    assert more.returncode == 0, more.stderr
    numbers = empty.rows("SELECT right(number, 5)::int FROM certificates_certificate ORDER BY id")
    assert numbers == [(1,), (2,), (3,)]


def test_a_restored_portal_may_call_the_same_functions_of_the_owner(source, backup, empty):
    """A dump carries no rights: the scan of due dates and the search would fail, or crawl, until the next migration."""
    assert empty.manage("restore", str(backup)).returncode == 0
    callable_ones = (
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace::regnamespace::text IN ('due', 'find')"
        f" AND has_function_privilege('{settings.DATABASES['default']['USER']}', oid, 'EXECUTE')"
        f" AND has_schema_privilege('{settings.DATABASES['default']['USER']}', pronamespace, 'USAGE') ORDER BY 1"
    )
    found = empty.rows(callable_ones)
    assert found == source.rows(callable_ones) and {text.partition(".")[0] for (text,) in found} == {"due", "find"}


def test_the_backup_is_encrypted_and_names_no_customer(source, backup):
    whole = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    assert b"%PDF" not in whole and b"PGDMP" not in whole and "海曙热力".encode() not in whole


def test_a_backup_is_noted_with_its_time(source, backup):
    assert source.rows("SELECT ok FROM portal_jobrun WHERE name = 'backup'") == [(True,)]


@pytest.mark.parametrize(
    "name", ["manifest.json", "manifest.sig", "database.dump", "media.jsonl", "roles.json", "media"]
)
def test_one_altered_byte_is_named_and_nothing_is_restored(copy, name):
    file = copy / name if name != "media" else min((copy / "media").rglob("*.pdf"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupError, match=file.name):
        restoring.restore(copy)


def test_a_missing_part_is_named(copy):
    file = min((copy / "media").rglob("*.pdf"))
    file.unlink()
    with pytest.raises(BackupError, match=file.name):
        restoring.restore(copy)


def test_a_directory_without_a_manifest_is_no_backup(tmp_path):
    with pytest.raises(BackupError, match=r"manifest\.json"):
        restoring.restore(tmp_path)


def test_another_key_opens_nothing(copy, empty, tmp_path, settings):
    other = tmp_path / "other.key"
    other.write_text("00" * 32)
    settings.BACKUP_KEY_FILE = str(other)
    with pytest.raises(BackupError, match="密钥不对"):
        restoring.restore(copy)
    assert empty.rows("SELECT count(*) FROM pg_class WHERE relname = 'django_migrations'") == [(0,)]
    assert mark(empty) is None


def test_without_the_key_the_sentence_names_its_variable(copy, empty, settings):
    settings.BACKUP_KEY_FILE = ""
    with pytest.raises(BackupError, match="BACKUP_KEY_FILE"):
        restoring.restore(copy)


def test_a_database_with_something_in_it_is_refused(backup, empty):
    empty.rows("CREATE TABLE mine ()", "owner")
    with pytest.raises(BackupError, match="不是空的"):
        restoring.restore(backup)


def test_a_place_for_files_with_something_in_it_is_refused(backup, empty):
    empty.media.mkdir()
    (empty.media / "mine").touch()
    with pytest.raises(BackupError, match="不是空的"):
        restoring.restore(backup)


def test_a_backup_of_another_release_is_refused_with_the_first_difference(copy, empty):
    signed_anew(copy, lambda manifest: manifest["migrations"].append("portal.9999_later"))
    with pytest.raises(BackupError, match=r"portal\.9999_later"):
        restoring.restore(copy)


def another_digest(manifest: dict) -> None:
    manifest["tables"]["certificates_certificate"]["digest"] = "0.0"


def a_lost_row(manifest: dict) -> None:
    manifest["tables"]["certificates_certificate"]["rows"] += 1


def a_sequence_that_was_further(manifest: dict) -> None:
    manifest["sequences"]["portal_auditentry_id_seq"] += 1


DIFFERENCES = [
    (another_digest, "certificates_certificate"),
    (a_lost_row, "4.*3"),
    (a_sequence_that_was_further, "序列"),
]


@pytest.mark.parametrize(("difference", "words"), DIFFERENCES)
def test_a_difference_is_found_and_the_database_stays_marked(copy, empty, difference, words):
    signed_anew(copy, difference)
    with pytest.raises(BackupError, match=rf"{words}[\s\S]*DROP DATABASE"):
        restoring.restore(copy)
    assert mark(empty) == UNFINISHED
    assert any("restore" in reason for reason in checks.unsafe_role())


def test_a_file_that_a_row_names_and_the_backup_lacks_is_found(copy, empty):
    lines = (copy / "media.jsonl").read_text().splitlines(keepends=True)
    (copy / "media.jsonl").write_text(lines[0])

    def describe(manifest):
        part = next(part for part in manifest["parts"] if part["path"] == "media.jsonl")
        part["stored_sha256"] = sealing.stored_sha256(copy, "media.jsonl")

    signed_anew(copy, describe)
    lost = json.loads(lines[1])["path"].removeprefix("media/")
    with pytest.raises(BackupError, match=f"缺少文件 {lost}"):
        restoring.restore(copy)


def test_what_was_already_wrong_is_saved_said_and_no_obstacle(source, backup, empty, tmp_path):
    file = min(source.media.rglob("*.pdf"))
    content = file.read_bytes()
    file.write_bytes(b"something else")
    done = source.manage("backup", str(tmp_path / "amiss"), "--json")
    file.write_bytes(content)
    assert done.returncode == 1
    assert any(file.name in problem for problem in json.loads(done.stdout)["problems"])
    assert restoring.restore(tmp_path / "amiss")["problems"] == json.loads(done.stdout)["problems"]


@pytest.mark.parametrize(("named_later", "gone"), [({}, True), ({"quarantine/1/a.bin": ""}, False)])
def test_an_upload_that_left_quarantine_during_the_backup_is_not_missing(
    source, backup, tmp_path, monkeypatch, named_later, gone
):
    answers = iter([{"quarantine/1/a.bin": ""}, named_later])
    monkeypatch.setattr(database, "named_files", lambda cursor: next(answers))
    with override_settings(MEDIA_ROOT=source.media, CHECKPOINT_DIR=""), directed_to(source.name):
        report = making.make(tmp_path / "during")
    assert (report["gone"], report["problems"] == []) == (["quarantine/1/a.bin"] * gone, gone)


@pytest.mark.parametrize(("item", "word"), [("owner", "所有者"), ("collate", "collate"), ("encoding", "encoding")])
def test_a_place_unlike_the_saved_one_is_refused(copy, empty, item, word):
    signed_anew(copy, lambda manifest: manifest.update({item: "somebody's"}))
    with pytest.raises(BackupError, match=f"{word}[\\s\\S]*somebody's"):
        restoring.restore(copy)


def test_addresses_of_different_databases_are_refused(backup, empty, source):
    connections["backup"].settings_dict["NAME"] = source.name
    with pytest.raises(BackupError, match="同一个数据库"):
        restoring.restore(backup)


def mark(place: Place) -> str | None:
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    return place.rows(query)[0][0]


@contextlib.contextmanager
def a_checkpoint_elsewhere(size: int, tmp_path: Path) -> Iterator[None]:
    """Somebody has seen a ledger of that size with another root."""
    directory = Path(shutil.copytree(settings.CHECKPOINT_DIR, tmp_path / "checkpoints"))
    (directory / "seen.txt").write_text(notes.written(size, bytes(32), make.NOON))
    with override_settings(CHECKPOINT_DIR=str(directory)):
        yield


@pytest.fixture
def newer_checkpoint(empty, tmp_path):
    """Somebody has seen a larger ledger than the backup's."""
    with a_checkpoint_elsewhere(10**6, tmp_path):
        yield


def test_what_waited_for_the_ledger_has_its_place_there_afterwards(backup, empty, monkeypatch):
    assert json.loads((backup / "manifest.json").read_bytes())["tables"]["portal_ledgerpending"]["rows"] > 0
    at_once = verify_rows.LEAVES.replace(f"'{verify_rows.LATE_SECONDS} seconds'", "'0 seconds'")
    monkeypatch.setattr(verify_rows, "LEAVES", at_once)  # as if the backup were older
    monkeypatch.setattr(verify_seals, "MOST_AGE", "0 seconds")
    assert restoring.restore(backup)["problems"] == []


def test_a_ledger_that_contradicts_what_somebody_has_seen_is_found(backup, empty, tmp_path):
    size = json.loads((backup / "manifest.json").read_bytes())["head"]["size"]
    with a_checkpoint_elsewhere(size, tmp_path), pytest.raises(BackupError, match=r"seen\.txt[\s\S]*DROP DATABASE"):
        restoring.restore(backup)
    assert mark(empty) == UNFINISHED


def test_a_backup_older_than_a_known_checkpoint_is_refused(backup, empty, newer_checkpoint):
    with pytest.raises(BackupError, match=r"1000000.*--force-older"):
        restoring.restore(backup)


def test_going_back_on_purpose_is_in_the_audit_trail_with_its_reason(backup, empty, newer_checkpoint):
    restoring.restore(backup, force_older="机房进水，较新的备份全毁")
    query = "SELECT reason, changes->'size'->>0 FROM portal_auditentry WHERE verb = 'backup.restored_older'"
    assert empty.rows(query) == [("机房进水，较新的备份全毁", "1000000")]
    assert mark(empty) is None


def test_the_portal_does_not_start_on_what_a_drill_restored(backup, empty, newer_checkpoint):
    restoring.restore(backup, drill=True)
    assert mark(empty) == DRILL
    assert any("restore" in reason for reason in checks.unsafe_role())


def test_a_drill_is_noted_in_the_portal_itself(source, backup, empty):
    done = source.manage("drill", str(backup), "--database", empty.name, "--media", str(empty.media))
    assert done.returncode == 0, done.stdout + done.stderr
    assert source.rows("SELECT ok FROM portal_jobrun WHERE name = 'drill'") == [(True,)]


def test_a_kill_in_the_middle_leaves_nothing_that_looks_complete(source, tmp_path):
    done = source.manage("backup", str(tmp_path / "cut"), FAULTPOINTS="backup.mid=kill")
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["cut.part"]
    with pytest.raises(BackupError, match=r"manifest\.json"):
        restoring.restore(tmp_path / "cut.part")


def test_a_failure_in_the_middle_leaves_nothing_and_is_noted(source, tmp_path):
    source.rows("REVOKE SELECT ON portal_counter FROM portal_backup", "owner")
    done = source.manage("backup", str(tmp_path / "failed"))
    source.rows("GRANT SELECT ON portal_counter TO portal_backup", "owner")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    ((ok, note),) = source.rows("SELECT ok, note FROM portal_jobrun WHERE name = 'backup'")
    assert not ok
    assert "portal_counter" in note


def test_a_directory_with_something_in_it_is_refused(backup):
    with pytest.raises(BackupError, match="已有内容"):
        making.make(backup)


def test_production_makes_no_backup_without_a_key(settings, tmp_path):
    settings.PRODUCTION, settings.BACKUP_KEY_FILE = True, ""
    with pytest.raises(BackupError, match="BACKUP_KEY_FILE"):
        making.make(tmp_path / "open")


def test_a_missing_program_is_named(settings, monkeypatch):
    settings.PG_BIN = ""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackupError, match="pg_dump"):
        database.program("pg_dump")
