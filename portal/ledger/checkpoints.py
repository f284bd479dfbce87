"""Where signed heads of the ledger go: the table, a directory that outlives the database, and the mail of outsiders.

What nobody else holds can be rewritten unseen. So every checkpoint leaves the database at once. Source: E4.25.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from portal import mail
from portal.models import LedgerCheckpoint
from portal.outbox import work

from . import notes

SUFFIX = ".txt"
Known = tuple[int, str, str]  # size, root in hexadecimal, where it was found


def latest() -> str | None:
    """The text of the newest checkpoint; None before the first."""
    return LedgerCheckpoint.objects.order_by("-size").values_list("text", flat=True).first()


def texts() -> Iterator[tuple[str, str]]:
    """(where, text) of every checkpoint in the table and in the directory, whatever is written there."""
    for size, text in LedgerCheckpoint.objects.order_by("size").values_list("size", "text").iterator():
        yield _("检查点表 %(size)d") % {"size": size}, text
    for path in _files():
        yield str(path), path.read_text(encoding="utf-8", errors="replace")


def heads() -> list[notes.Head]:
    """What the well signed checkpoints of the table state, the smallest first."""
    found = []
    for text in LedgerCheckpoint.objects.order_by("size").values_list("text", flat=True).iterator():
        with suppress(notes.Malformed):  # verification names it
            found.append(notes.parse(text))
    return found


def known() -> list[Known]:
    """Every checkpoint of the table and the directory that is well signed: size, root, where."""
    return _read(texts())


def in_directory() -> list[Known]:
    """Every well signed checkpoint of the directory: size, root, path."""
    return _read((str(path), path.read_text(encoding="utf-8", errors="replace")) for path in _files())


def write_files() -> int:
    """Every checkpoint of the table has its file `<size>.txt` in CHECKPOINT_DIR. Returns: how many were written.

    A file that is there is left as it is, whatever it says. Raises: OSError.
    """
    if not settings.CHECKPOINT_DIR:
        return 0
    directory = Path(settings.CHECKPOINT_DIR)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    there = {int(path.stem) for path in _files() if path.stem.isdecimal()}
    missing = [size for size in LedgerCheckpoint.objects.values_list("size", flat=True) if size not in there]
    for row in LedgerCheckpoint.objects.filter(size__in=missing).order_by("size").iterator():
        _write(directory, f"{row.size}{SUFFIX}", row.text)
    return len(missing)


def status() -> dict[str, object]:
    """What operations want to know: size, pending, oldest_pending_seconds, checkpoint_size, checkpoint_at.

    A waiting leaf carries no time that may be read here; its age is bounded by that of the newest entry.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT max(index) + 1 FROM portal_ledgerentry), 0), p.waiting, "
            "CASE WHEN p.waiting = 0 THEN 0 ELSE coalesce(extract(epoch FROM clock_timestamp() - "
            "(SELECT sequenced_at FROM portal_ledgerentry ORDER BY index DESC LIMIT 1)), 0)::float END, "
            "coalesce(c.size, 0), c.at FROM (SELECT count(*) AS waiting FROM portal_ledgerpending) AS p "
            "LEFT JOIN (SELECT size, at FROM portal_ledgercheckpoint ORDER BY size DESC LIMIT 1) AS c ON true"
        )
        names = ("size", "pending", "oldest_pending_seconds", "checkpoint_size", "checkpoint_at")
        return dict(zip(names, cursor.fetchone(), strict=True))


@work(queue="mail")
def mail_checkpoint(checkpoint_id: int) -> None:
    """The checkpoint is in the mail of everybody named in CHECKPOINT_MAIL_TO."""
    row = LedgerCheckpoint.objects.get(pk=checkpoint_id)
    text = _(
        "这是诚量公开账本的签名检查点。请原样保存这封邮件：今后任何人改写或截断账本，都会与它不符。\n"
        "核对方法见 %(url)s/ledger/。\n\n%(note)s"
    ) % {"url": settings.SITE_URL, "note": row.text}
    subject = _("【诚量】账本检查点，第 %(size)d 条") % {"size": row.size}
    mail.send(subject, text, "", settings.CHECKPOINT_MAIL_TO, key=f"checkpoint:{row.size}")


def _files() -> list[Path]:
    if not settings.CHECKPOINT_DIR:
        return []
    found = Path(settings.CHECKPOINT_DIR).glob(f"*{SUFFIX}")
    return sorted(found, key=lambda path: (len(path.stem), path.stem))


def _read(found: Iterator[tuple[str, str]]) -> list[Known]:
    heads = []
    for where, text in found:
        try:
            head = notes.parse(text)
        except notes.Malformed:  # verification names it
            continue
        heads.append((head.size, head.root.hex(), where))
    return heads


def _write(directory: Path, name: str, text: str) -> None:
    """The whole file is there under its name, also after a power cut, or nothing is."""
    handle, draft = tempfile.mkstemp(dir=directory, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(draft, directory / name)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    place = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
