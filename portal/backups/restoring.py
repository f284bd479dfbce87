"""Restoring a backup into an empty place, and proving that what is there equals what was saved."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from portal import audit, due_functions, searching
from portal.actors import Actor
from portal.grants import grant_runtime_rights
from portal.ledger import checkpoints, seals, sequencer, verify

from . import DRILL, UNFINISHED, BackupError, database, sealing
from .making import files_amiss, is_genuine

log = logging.getLogger("portal.backups")

MOST_NAMED = 20


def checked(directory: Path) -> dict[str, Any]:
    """The manifest of a backup whose signature, parts and files are all as they were written.

    Returns: the manifest; "media" has the lines of media.jsonl. Raises: BackupError naming each part that is not.
    """
    try:
        signed = (directory / "manifest.json").read_bytes()
        genuine = is_genuine(signed, json.loads((directory / "manifest.sig").read_bytes()))
    except FileNotFoundError as error:
        raise BackupError(
            _("%(path)s 里没有完整的备份：缺少 %(name)s。") % _place(directory, error.filename)
        ) from error
    except OSError as error:
        raise BackupError(_("%(path)s 读不了：%(why)s。") % {"path": directory, "why": error.strerror}) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(_("%(path)s/manifest.sig 被改动过：它不是签名。") % {"path": directory}) from error
    if not genuine:
        raise BackupError(
            _("%(path)s/manifest.json 与签名 manifest.sig 不符：其中一个被改动过，或不是用本门户的密钥签的。")
            % {"path": directory}
        )
    manifest = json.loads(signed)
    _refuse_altered(directory, manifest["parts"])
    lines = (directory / "media.jsonl").read_text(encoding="utf-8").splitlines()
    manifest["media"] = [json.loads(line) for line in lines]
    _refuse_altered(directory, manifest["media"])
    return manifest


def _place(directory: Path, name: str) -> dict[str, Any]:
    return {"path": directory, "name": Path(name).name}


def _refuse_altered(directory: Path, parts: list[dict[str, Any]]) -> None:
    """Raises: BackupError naming each part that is missing or whose bytes on disk are not those that were written."""
    sentences = []
    for part in parts:
        try:
            if sealing.stored_sha256(directory, part["path"]) != part["stored_sha256"]:
                sentences.append(_("%(path)s 被改动过。") % part)
        except OSError as error:
            sentences.append(_("%(path)s 读不到：%(why)s。") % {**part, "why": error.strerror})
    if sentences:
        more = (
            [_("还有 %(count)d 个。") % {"count": len(sentences) - MOST_NAMED}] if len(sentences) > MOST_NAMED else []
        )
        raise BackupError("\n".join([*sentences[:MOST_NAMED], *more, _("请改用另一份备份。")]))


def restore(directory: Path, *, drill: bool = False, force_older: str = "") -> dict[str, Any]:
    """The empty database of this process and its empty MEDIA_ROOT hold what the backup holds, proven equal.

    Rows and their digests, sequences, every file against manifest and row, then the ledger are compared. A `drill` may
    be older than a known checkpoint and leaves a mark on the database, with which the portal does not start.
    `force_older` is the reason for going back behind a known checkpoint; it is written to the audit trail.
    Returns: what was restored, and "problems": those the backup already had. Raises: BackupError; its last line says
    how to clean up when something was left behind. Source: E13.63, E4.26.
    """
    directory = directory.absolute()
    manifest = checked(directory)
    key = sealing.key_in(settings.BACKUP_KEY_FILE) if manifest["encryption"] else None
    if manifest["encryption"] and not key:
        raise BackupError(_("这份备份是加密的：请用 BACKUP_KEY_FILE 指出备份时的密钥文件。"))
    newer = _refuse_older(manifest, drill=drill, forced=bool(force_older))
    with database.connected("owner") as connection:
        connection.autocommit = True
        _refuse_place(connection, manifest)
        _mark(connection, UNFINISHED)
        log.info("restore.checked", extra={"path": str(directory)})
        try:
            database.load(sealing.pieces(directory, "database.dump", key))
        except BaseException:
            _mark(connection, None)  # nothing was committed: the database is as empty as before
            raise
        try:
            problems = _completed(connection, directory, manifest, key, newer)
            if newer and force_older:
                _confess(manifest, newer, force_older)
        except (BackupError, OSError, psycopg2.Error) as error:
            log.error("restore.failed", extra={"path": str(directory)})
            raise BackupError(f"{str(error).strip()}\n{_how_to_clean()}") from error
        _mark(connection, DRILL if drill else None)
    log.info("restore.done", extra={"path": str(directory), "drill": drill})
    return {
        "path": str(directory),
        "made_at": manifest["made_at"],
        "database": connections["owner"].settings_dict["NAME"],
        "media": str(settings.MEDIA_ROOT),
        "tables": len(manifest["tables"]),
        "rows": sum(table["rows"] for table in manifest["tables"].values()),
        "files": manifest["files"],
        "head": manifest["head"],
        "older_than": [list(checkpoint) for checkpoint in newer],
        "problems": problems,
    }


def _refuse_older(manifest: dict[str, Any], *, drill: bool, forced: bool) -> list[checkpoints.Known]:
    """Checkpoints in CHECKPOINT_DIR that are larger than the backup's. Raises: BackupError unless that is meant."""
    size = manifest["head"]["size"] if manifest["head"] else 0
    newer = sorted((known for known in checkpoints.in_directory() if known[0] > size), reverse=True)
    if newer and not (drill or forced):
        raise BackupError(
            _(
                "备份的账本到第 %(size)d 条，而检查点 %(source)s 已到第 %(known)d 条：恢复它会丢掉已公布的记录。"
                "请找更新的备份；确无更新的，加 --force-older “理由”，理由会写入审计。"
            )
            % {"size": size, "known": newer[0][0], "source": newer[0][2]}
        )
    return newer


def _refuse_place(connection: "psycopg2.extensions.connection", manifest: dict[str, Any]) -> None:
    """Raises: BackupError when database or MEDIA_ROOT are not empty, or not made for this backup and this release."""
    with connection.cursor() as cursor:
        cursor.execute(database.THINGS)
        (things,) = cursor.fetchone()
        here = database.surroundings(cursor)
        cursor.execute("SELECT current_database(), current_user")
        name, owner = cursor.fetchone()
    if things:
        raise BackupError(_("数据库 %(name)s 不是空的。恢复只装入空的新数据库。") % {"name": name})
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and any(media.iterdir()):
        raise BackupError(_("文件目录 %(media)s 不是空的。请用 MEDIA_ROOT 指向一个空目录。") % {"media": media})
    for alias in ("default", "backup"):
        with database.connected(alias) as other, other.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            if cursor.fetchone()[0] != name:
                raise BackupError(_("DATABASE_URL、DATABASE_OWNER_URL 与 DATABASE_BACKUP_URL 须指同一个数据库。"))
    if owner != manifest["owner"]:
        raise BackupError(
            _("备份时数据库的所有者是 %(owner)s。请让 DATABASE_OWNER_URL 用同名的角色。") % {"owner": manifest["owner"]}
        )
    for item in ("encoding", "collate", "ctype"):
        if here[item] != manifest[item]:
            raise BackupError(
                _("备份时数据库的 %(item)s 是 %(was)s，这里是 %(here)s。请照原样重建数据库。")
                % {"item": item, "was": manifest[item], "here": here[item]}
            )
    strange = {".".join(name) for name in MigrationLoader(None).disk_migrations} ^ set(manifest["migrations"])
    if strange:
        raise BackupError(
            _("备份与装着的程序不是同一版本（差在 %(name)s）。请装上备份时的版本来恢复，之后再升级。")
            % {"name": min(strange)}
        )


def _mark(connection: "psycopg2.extensions.connection", text: str | None) -> None:
    with connection.cursor() as cursor:
        name = connections["owner"].ops.quote_name(connection.info.dbname)
        cursor.execute(f"COMMENT ON DATABASE {name} IS %s", [text])


def _completed(
    connection: "psycopg2.extensions.connection",
    directory: Path,
    manifest: dict[str, Any],
    key: bytes | None,
    newer: list[checkpoints.Known],
) -> list[str]:
    """Rights, statistics and files are there and all equals the backup. Returns: the problems it already had.

    That the ledger ends before these newer checkpoints is known, and no further problem.
    """
    grant_runtime_rights(None, using="owner")
    searching.lay_down(None, using="owner")
    due_functions.lay_down(None, using="owner")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    log.info("restore.loaded", extra={"tables": len(manifest["tables"])})
    with database.snapshot() as cursor:
        differences = [*_differences(database.inventory(cursor), manifest)]
        named = database.named_files(cursor)
    named = {path: sha256 for path, sha256 in named.items() if path not in manifest["gone"]}
    log.info("restore.compared", extra={"differences": len(differences)})
    sums = {}
    for file in manifest["media"]:
        name = file["path"].removeprefix("media/")
        pieces = sealing.pieces(directory, file["path"], key)
        sums[name] = sealing.write(Path(settings.MEDIA_ROOT), name, pieces, None).sha256
        if sums[name] != file["sha256"]:
            differences.append(_("文件 %(name)s 与备份清单不符") % {"name": name})
    log.info("restore.copied", extra={"files": len(sums)})
    _caught_up()
    ahead = {where for _size, _root, where in newer}
    problems = files_amiss(named, sums)
    problems += [str(problem) for problem in verify.problems() if problem.subject not in ahead]
    differences += [problem for problem in problems if problem not in manifest["problems"]]
    if differences:
        raise BackupError("\n".join(differences[:MOST_NAMED]))
    return problems


def _caught_up() -> None:
    """What waited for its seal or its place in the log when the backup was made has it: by now it would be late."""
    with transaction.atomic():
        seals.seal()
    while sequencer.sequence():
        continue


def _differences(here: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    """A sentence for each table that is not row for row what was saved, and each sequence that would repeat itself."""
    for name, saved in manifest["tables"].items():
        found = here["tables"].get(name)
        if found != saved:
            rows = found["rows"] if found else 0
            yield _("表 %(name)s 与备份不同：备份 %(saved)d 行，这里 %(rows)d 行") % {
                "name": name, "saved": saved["rows"], "rows": rows,
            }  # fmt: skip
    for name, last in manifest["sequences"].items():
        if here["sequences"].get(name, 0) < last:
            yield _("序列 %(name)s 会重复给出用过的编号") % {"name": name}


def _confess(manifest: dict[str, Any], newer: list[checkpoints.Known], reason: str) -> None:
    """The trail says that and why the portal went back behind what it had made public."""
    size = manifest["head"]["size"] if manifest["head"] else 0
    with transaction.atomic():
        audit.record(
            Actor.system("restore"), "backup.restored_older", reason=reason,
            changes={"size": [str(newer[0][0]), str(size)], "made_at": ["", manifest["made_at"]]},
        )  # fmt: skip


def _how_to_clean() -> str:
    entry = connections["owner"].settings_dict
    return _(
        "数据库 %(name)s 与文件目录 %(media)s 不可使用，门户不会在上面启动。"
        "请删除并重建数据库（DROP DATABASE %(name)s），清空文件目录，再恢复一次。"
    ) % {"name": entry["NAME"], "media": settings.MEDIA_ROOT}
