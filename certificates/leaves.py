"""What the ledger bears witness to in this app: locked records, corrections, issued, printed and void certificates."""

import hashlib
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from portal import decimals
from portal.ledger.leaves import Facts, canonical, kind

from .models import Certificate, RawRecord, Reading


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _line(reading: Reading) -> dict:
    return {
        "cell": reading.cell, "text": reading.text, "mode": reading.mode, "by": reading.recorded_by_id,
        "value": _figure(reading),
        "at": _instant(reading.recorded_at),
    }  # fmt: skip


def _figure(reading: Reading) -> str:
    """The figure as such: the column keeps more places than were typed, and gives them back when it is read again."""
    if reading.value is None:
        return ""
    whole, point, places = decimals.plain(reading.value).partition(".")
    return f"{whole}{point}{places}".rstrip("0").rstrip(".") if point else whole


def _text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@kind("record.submitted", of="certificates.RawRecord", title=_("提交原始记录"))
def record_submitted(record: RawRecord) -> Facts:
    """The first value of every cell as it stood at submission; nothing is filled in later. Source: E4.19, C-6.3.4."""
    digest = hashlib.sha256()
    for reading in record.readings.filter(replaces=None).order_by("id"):
        digest.update(canonical(_line(reading)) + b"\n")
    return {"number": record.number, "readings_sha256": digest.hexdigest()}


@kind("reading.corrected", of="certificates.Reading", title=_("更正读数"))
def reading_corrected(reading: Reading) -> Facts:
    """The new value beside the old one, who, when and why. Source: E4.20, C-6.3.4."""
    facts = {
        "record": reading.record.number, "was": reading.replaces.text, "reason_sha256": _text_digest(reading.reason),
        **_line(reading),
    }  # fmt: skip
    return facts | {"by": str(reading.recorded_by_id)}


@kind(
    "certificate.issued",
    of="certificates.Certificate",
    about=lambda certificate: certificate.token,
    title=_("签发证书"),
)
def certificate_issued(certificate: Certificate) -> Facts:
    """The number and the content it stands for."""
    return {
        "number": certificate.number, "kind": certificate.kind, "content_sha256": certificate.content_sha256,
        "issued_at": _instant(certificate.issued_at),
    }  # fmt: skip


@kind(
    "certificate.pdf",
    of="certificates.Certificate",
    about=lambda certificate: certificate.token,
    title=_("生成证书 PDF"),
)
def certificate_pdf(certificate: Certificate) -> Facts:
    """The bytes of the PDF, which are stored once. Source: E5.29."""
    return {
        "number": certificate.number, "content_sha256": certificate.content_sha256,
        "pdf_sha256": certificate.pdf_sha256,
    }  # fmt: skip


@kind(
    "certificate.voided",
    of="certificates.Certificate",
    about=lambda certificate: certificate.token,
    title=_("作废证书"),
)
def certificate_voided(certificate: Certificate) -> Facts:
    """The number is void, since when and by the digest of why."""
    return {
        "number": certificate.number, "voided_at": _instant(certificate.voided_at),
        "reason_sha256": _text_digest(certificate.void_reason),
    }  # fmt: skip
