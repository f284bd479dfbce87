"""Making a backup."""

import json
import logging
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.utils.translation import gettext as _

from portal import faults
from portal.ledger import keys, verify

from . import BackupError, database, sealing

log = logging.getLogger("portal.backups")

SIGNED_AS = b"chengliang backup manifest\n"  # the key signs other things, too: none of them begins like this


def make(directory: Path) -> dict[str, Any]:
    """The directory holds a whole, signed backup. Raises: BackupError; then there is no such directory.

    A process that is killed leaves `<directory>.part`, which no restore takes. What is wrong with the data itself does
    not keep them from being saved: it is in the report, and in the manifest so that a restore knows it.
    Returns: the manifest with "path", without its "tables" and "sequences". Source: E13.63, E4.26.
    """
    key = sealing.key_in(settings.BACKUP_KEY_FILE)
    if settings.PRODUCTION and not key:
        raise BackupError(_("生产环境的备份必须加密：请设置 BACKUP_KEY_FILE，见 docs/operations.md。"))
    directory = Path(os.path.abspath(directory))
    part = directory.with_name(f"{directory.name}.part")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BackupError(_("%(path)s 里已有内容。请换一个空目录或新目录。") % {"path": directory})
    try:
        part.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise BackupError(
            _("%(path)s 还在：上一次备份没有做完，或正在进行。确认没有备份在运行后删除它，再试。") % {"path": part}
        ) from error
    except OSError as error:
        raise BackupError(_("%(path)s 写不了：%(why)s。") % {"path": part, "why": error.strerror}) from error
    try:
        manifest = _fill(part, key)
        part.rename(directory)  # over an empty directory, too
        _settle(directory.parent)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError | psycopg2.Error):
            raise BackupError(_("备份失败：%(why)s") % {"why": str(error).strip()}) from error
        raise
    report = {name: value for name, value in manifest.items() if name not in {"tables", "sequences", "migrations"}}
    log.info("backup.done", extra={"path": str(directory)})
    return {"path": str(directory), **report}


def _fill(place: Path, key: bytes | None) -> dict[str, Any]:
    """Everything is written below the place, the manifest and its signature last."""
    with database.snapshot() as cursor:
        facts = database.surroundings(cursor)
        head = database.head(cursor)
        parts = [_dumped(cursor, place, key)]
        faults.reach("backup.mid")
        # A file is stored before the row that names it is committed, and removed after the row that no longer names it.
        files = _copied(settings.MEDIA_ROOT, place, key)
        sums = {file.path.removeprefix("media/"): file.sha256 for file in files}
        named = database.named_files(cursor)
        gone = sorted(named.keys() - sums.keys() - _named_now())
        problems = files_amiss({path: named[path] for path in named.keys() - set(gone)}, sums)
        texts = {
            "roles.json": json.dumps(database.roles(cursor), ensure_ascii=False, indent=1),
            "checkpoint.txt": head["text"] if head else "",
            "media.jsonl": "".join(f"{json.dumps(asdict(file), ensure_ascii=False)}\n" for file in files),
        }
        parts += [_text(place, path, text) for path, text in texts.items()]
        manifest = {
            "format": 1,
            **facts,
            "encryption": "AES-256-GCM" if key else "",
            "head": head and {"size": head["size"], "root": head["root"]},
            "files": len(files),
            "gone": gone,
            "bytes": sum(part.size for part in [*parts, *files]),
            "parts": [asdict(part) for part in parts],
            "migrations": database.migrations(cursor),
            **database.inventory(cursor),
        }
    problems += [str(problem) for problem in verify.problems()]
    manifest["problems"] = problems
    signed = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    _text(place, "manifest.json", signed.decode())
    _text(place, "manifest.sig", json.dumps(signature(signed)))
    _settle(place)
    return manifest


def signature(manifest: bytes) -> dict[str, str]:
    """The public key, with its algorithm, and the signature over these bytes; of no use for a head of the ledger."""
    return {"key": str(keys.public_key()), "signature": keys.sign(SIGNED_AS + manifest).hex()}


def is_genuine(manifest: bytes, signed: dict[str, str]) -> bool:
    """Whether one of the ledger's keys has signed these bytes. Raises: ValueError, KeyError for what is no signature."""
    mine = {str(key): key for key in keys.known()}.get(signed["key"])
    return bool(mine) and keys.verify(SIGNED_AS + manifest, bytes.fromhex(signed["signature"]), mine)


def _dumped(cursor: database.Cursor, place: Path, key: bytes | None) -> sealing.Part:
    process = database.dump(cursor)
    try:
        part = sealing.write(place, "database.dump", sealing.in_pieces(process.stdout), key)
        database.finish(process)
    finally:
        process.kill()
        process.wait()
    return part


def _copied(media: Path, place: Path, key: bytes | None) -> list[sealing.Part]:
    """All files below MEDIA_ROOT; those still being written are not."""
    copied = []
    for path in sorted(Path(media).rglob("*")):
        if path.suffix != ".part" and path.is_file():
            try:
                with path.open("rb") as source:
                    copied.append(
                        sealing.write(
                            place, f"media/{path.relative_to(media).as_posix()}", sealing.in_pieces(source), key
                        )
                    )
            except FileNotFoundError:  # an upload in quarantine that was refused just now
                continue
    return copied


def _named_now() -> set[str]:
    """The files that rows name by now: an upload may have left quarantine since the snapshot."""
    with database.snapshot() as cursor:
        return {*database.named_files(cursor)}


def files_amiss(named: dict[str, str], sums: dict[str, str]) -> list[str]:
    """A sentence for each file that a row names and that is not there with the row's SHA-256."""
    missing = [_("缺少文件 %(path)s") % {"path": path} for path in sorted(named.keys() - sums.keys())]
    altered = [path for path in sorted(named.keys() & sums.keys()) if named[path] != sums[path]]
    return missing + [_("文件 %(path)s 与登记的 SHA-256 不符") % {"path": path} for path in altered]


def _text(place: Path, path: str, text: str) -> sealing.Part:
    return sealing.write(place, path, [text.encode()], None)


def _settle(directory: Path) -> None:
    """The names in the directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
