"""Mails that Django's file backend has written (EMAIL_URL=file:), read back for the developers' page."""

import email
import email.policy
import email.utils
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from django.conf import settings
from django.utils import timezone

END_OF_MAIL = b"-" * 79


@dataclass(frozen=True)
class Mail:
    """One mail as it would have left."""

    sent: str
    to: str
    subject: str
    text: str
    html: str
    message_id: str


def directory() -> Path | None:
    """Where the mails lie, or None when they go elsewhere."""
    place = getattr(settings, "EMAIL_FILE_PATH", None)
    return Path(place) if place else None


def latest(most: int) -> list[Mail]:
    """The last mails, the newest first."""
    place = directory()
    return in_directory(place, most) if place and place.is_dir() else []


def in_directory(place: Path, most: int) -> list[Mail]:
    """The last mails that were written into this directory, the newest first."""
    files = sorted(place.glob("*.log"), reverse=True)
    found: list[Mail] = []
    for file in files:
        pieces = file.read_bytes().split(END_OF_MAIL)
        found += [_read(piece.strip()) for piece in reversed(pieces) if piece.strip()]
        if len(found) >= most:
            break
    return found[:most]


def _read(written: bytes) -> Mail:
    message = email.message_from_bytes(written, policy=email.policy.default)
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    bodies = {kind: part.get_content() if part else "" for kind, part in parts.items()}
    sent = timezone.localtime(email.utils.parsedate_to_datetime(str(message["Date"])).replace(tzinfo=UTC))
    return Mail(
        f"{sent:%Y-%m-%d %H:%M:%S}", str(message["To"]), str(message["Subject"]), bodies["plain"], bodies["html"],
        str(message["Message-ID"]),
    )  # fmt: skip
