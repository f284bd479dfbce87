"""Say whether a PDF is a certificate of this portal, unaltered, and what it is worth today."""

import hashlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates import canonical
from portal import codes, scan

VALID, NOT_VALID, NOT_OURS = 0, 1, 2
WORTH_SOMETHING = ("valid", "due")
ATTACHED = "content.json"


class Unreadable(Exception):
    """The file cannot be examined; the text is a sentence that says why."""


@dataclass(frozen=True)
class Finding:
    """What was found: the exit code, a sentence, and the facts they rest on; a fact that is not known is empty."""

    exit_code: int
    sentence: str
    sha256: str = ""
    number: str = ""
    state: str = ""
    state_word: str = ""
    valid_until: str = ""
    institution: str = ""
    content_sha256: str = ""
    content_intact: bool = False


class Command(BaseCommand):
    """`manage.py verify_certificate FILE [--json]`: 0 valid, 1 no longer valid, 2 unknown, altered or not readable."""

    help = "Compare a PDF with what was issued. Exit code 0: valid; 1: not valid; 2: unknown, altered or unreadable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The PDF, and whether to print JSON."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, file: Path, as_json: bool, **options: Any) -> None:
        """Examine the file, print what was found, and leave with its code."""
        try:
            finding = examined(readable(file), timezone.now())
        except Unreadable as unreadable:
            finding = Finding(NOT_OURS, str(unreadable))
        if as_json:
            self.stdout.write(json.dumps({"file": str(file), **asdict(finding)}, ensure_ascii=False, indent=1))
        else:
            for line in lines(finding):
                self.stdout.write(line)
        sys.exit(finding.exit_code)


def readable(file: Path) -> bytes:
    """The bytes of the file. Raises: Unreadable."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(_("读不到文件 %(file)s：%(why)s。") % {"file": file, "why": error.strerror}) from error


def examined(pdf: bytes, at: datetime) -> Finding:
    """What these bytes are at this instant: looked up by their SHA-256, and their attached content hashed anew.

    The content holds when it is in its canonical form and its body, with the approver's time left out as at approval,
    has the hash that the content itself names. Raises: Unreadable when they are no PDF.
    """
    attached = attached_content(pdf)
    sha256 = hashlib.sha256(pdf).hexdigest()
    card = codes.find_by_file(sha256)
    facts: dict[str, Any] = {"sha256": sha256}
    if attached is not None:
        facts |= {"content_sha256": hashlib.sha256(attached).hexdigest(), "content_intact": is_intact(attached)}
    if card is None:
        return Finding(NOT_OURS, why_unknown(attached), **facts)
    face = scan.face(card, at)
    facts |= {
        "number": face["certificate"]["number"],
        "state": face["state"],
        "state_word": face["state_word"],
        "valid_until": face["certificate"]["valid_until"],
        "institution": face["institution"]["name"],
    }
    if not facts.get("content_intact"):
        return Finding(NOT_OURS, _("文件已登记，但内嵌的 content.json 与它自己的散列值不符。请联系出证机构。"), **facts)
    if face["state"] in WORTH_SOMETHING:
        return Finding(VALID, _("文件与签发时逐字节一致，证书今天有效。"), **facts)
    sentence = _("文件与签发时逐字节一致，但证书今天的状态是“%(state)s”。") % {"state": face["state_word"]}
    return Finding(NOT_VALID, sentence, **facts)


def attached_content(pdf: bytes) -> bytes | None:
    """The bytes of the content attached to the PDF, None when it has none. Raises: Unreadable when it is no PDF."""
    try:
        with pikepdf.open(BytesIO(pdf)) as document:
            if ATTACHED not in document.attachments:
                return None
            return document.attachments[ATTACHED].get_file().read_bytes()
    except pikepdf.PasswordError as error:
        raise Unreadable(_("这个 PDF 加了密码。签发的证书没有密码，请用签发的原始文件。")) from error
    except (pikepdf.PdfError, ValueError) as error:
        raise Unreadable(_("这不是能读的 PDF 文件。请用签发的原始 PDF，不要用截图、照片或转换过的文件。")) from error


def is_intact(attached: bytes) -> bool:
    """Whether the content is canonical and its body has the hash under which it was approved. Source: B-5.7-c."""
    try:
        said = json.loads(attached)
        if canonical.encoded(said) != attached:
            return False
        said["body"]["people"]["approver"]["at"] = ""
        return canonical.sha256(said["body"]) == said["issue"]["body_sha256"]
    except (ValueError, KeyError, TypeError):
        return False


def why_unknown(attached: bytes | None) -> str:
    """Why no certificate has exactly these bytes: altered after issue, or never issued here."""
    try:
        issue = json.loads(attached or b"")["issue"]
        known = codes.find_by_number(issue["number"], issue["verification_code"])
    except (ValueError, KeyError, TypeError, AttributeError):
        known = None
    if known is None:
        return _("这里没有签发过这个文件。")
    number = {"number": issue["number"]}
    return _("文件被改动过：证书 %(number)s 由这里签发，但签发的不是这个文件。请向出证机构索取原件。") % number


def lines(finding: Finding) -> Iterator[str]:
    """The finding for a terminal; facts that are not known are left out."""
    yield finding.sentence
    intact = _("与批准时一致") if finding.content_intact else _("与批准时不一致")
    labelled = (
        (_("证书编号"), finding.number),
        (_("今天的状态"), finding.state_word),
        (_("有效期至"), finding.valid_until),
        (_("出证机构"), finding.institution),
        (_("文件 SHA-256"), finding.sha256),
        (_("内嵌内容"), f"{finding.content_sha256} {intact}" if finding.content_sha256 else ""),
    )
    for label, text in labelled:
        if text:
            yield f"{label}  {text}"
