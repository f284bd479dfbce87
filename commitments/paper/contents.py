"""What the pledge and its poster say on paper: texts only, worked out before anything is drawn."""

import hashlib
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from portal import codes
from portal.ledger.leaves import canonical

from .. import workflow
from ..models import Commitment


def pledge(row: Commitment) -> dict[str, Any]:
    """The pledge as it was checked: wording, facts, who signed it; number and code once it is public.

    `row` has its template and signer at hand. Source: A-3.4-s1, A-8.2.2.1.
    """
    wording, facts = row.template, row.facts
    return {
        "title": wording.title,
        "title_en": wording.title_en,
        "edition": f"{wording.made_by} 第 {wording.edition} 版",
        "edition_en": f"Edition {wording.edition}",
        "number": row.number,
        "is_draft": row.state == Commitment.State.DRAFT,
        "institution": {
            name: facts.get(name, "")
            for name in (
                "name",
                "name_en",
                "credit_code",
                "address",
                "legal_representative",
                "phone",
                "complaint_phone",
            )
        },
        "qualifications": [dict(paper) for paper in facts.get("qualifications", [])],
        "paragraphs": _paragraphs(row),
        "signer": row.signed_by.name if row.signed_by else "",
        "signed_on": _day(row.signed_on),
        "on_paper": row.mode == Commitment.Mode.PAPER,
        "published_on": _day_of(row.published_at),
        "confirm_by": _day(workflow.a_year_later(timezone.localdate(row.published_at))) if row.published_at else "",
        "scan_sha256": row.scan_digest or "",
        "sha256": workflow.digest(row),
        "url": codes.printed_address(row.token) if row.token else "",
    }


def poster(row: Commitment) -> dict[str, Any]:
    """What hangs at the counter. It states nothing that a day can make untrue: the code behind it tells today's state."""
    institution = row.institution
    return {
        "title": row.template.title,
        "title_en": row.template.title_en,
        "name": row.facts["name"],
        "name_en": row.facts.get("name_en", ""),
        "paragraphs": _paragraphs(row),
        "complaint_phone": institution.complaint_phone,
        "phone": institution.phone,
        "number": row.number,
        "published_on": _day_of(row.published_at),
        "url": codes.printed_address(row.token),
    }


def digest(said: dict[str, Any]) -> str:
    """SHA-256 of what a paper says: the same content is the same paper."""
    return hashlib.sha256(canonical(said)).hexdigest()


def _paragraphs(row: Commitment) -> list[dict[str, str]]:
    return [{"zh": text["zh"], "en": text.get("en", "")} for text in row.template.paragraphs]


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day_of(at: datetime | None) -> str:
    return timezone.localdate(at).isoformat() if at else ""
