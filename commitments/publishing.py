"""What everybody may read of an institution: the page behind its 单位码, and its entry in the directory.

A card tells the truth on any later day by its dates, without anybody's act: see codes.state_on. What stands on it is
listed in codes.PUBLIC_FIELDS and codes.PUBLIC_LISTS; nothing else leaves. The lines of scope: capabilities.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institutions.models import Institution, Qualification
from portal import codes
from portal.ledger import leaves
from portal.models import SmartCode

from . import holding
from .models import (
    Commitment,
    CommitmentConfirmation,
    CommitmentWithdrawal,
    DirectoryEntry,
    DirectoryLine,
    Remediation,
)

S = Commitment.State
SHOWN = (S.PUBLIC, S.WITHDRAWN)
# What happened to a pledge, as its public history names it.
PUBLISHED, CONFIRMED, WITHDRAWN, REMEDIED = _("公开承诺"), _("年度确认"), _("撤销承诺"), _("整改经主管部门认可")


def refresh(institution: Institution, *, at: datetime, announced: Commitment | None = None) -> None:
    """Every public page of the institution and its entry in the directory say what is so now. Needs its scope.

    The card of the pledge that is `announced` gets its proofs, everything the ledger bears witness to about it.
    """
    pledges = _pledges(institution)
    broken = _first_break(institution, pledges, at)
    if pledges:
        cards = _cards(institution, pledges, broken, at)
        codes.publish_all(institution.pk, SmartCode.Kind.UNIT, cards, at=at)
        if announced is not None:
            codes.publish(
                institution_id=institution.pk, kind=SmartCode.Kind.UNIT, token=announced.token,
                card=cards[announced.token], at=at, file_sha256=announced.pdf.sha256 if announced.pdf else "",
                evidence=_evidence(announced),
            )  # fmt: skip
    _enter(institution, pledges[-1] if pledges else None, holding.last_good_day(broken), at)


def expected(institution: Institution, at: datetime) -> dict[str, dict[str, Any]]:
    """What the card of each pledge had to say when it was written `at` that moment, by what is on record now; by token."""
    pledges = _pledges(institution)
    return _cards(institution, pledges, _first_break(institution, pledges, at), at)


# --- the card


def _pledges(institution: Institution) -> list[Commitment]:
    """Those that are or were public, the newest last."""
    rows = Commitment.objects.filter(institution=institution, state__in=SHOWN)
    return list(rows.select_related("template", "withdrawal__remediation").order_by("published_at", "pk"))


def _first_break(institution: Institution, pledges: Sequence[Commitment], at: datetime) -> holding.Break | None:
    """By what the public pledge is known to fall, and when; None without an end, or without a pledge."""
    if not pledges or pledges[-1].state != S.PUBLIC:
        return None
    since = timezone.localdate(pledges[-1].published_at)
    return holding.first_break(institution, timezone.localdate(at), since)


def _cards(
    institution: Institution, pledges: Sequence[Commitment], broken: holding.Break | None, at: datetime
) -> dict[str, dict[str, Any]]:
    """The card of each pledge by its token."""
    papers, history = _papers(institution, timezone.localdate(at)), _histories(pledges)
    newest = pledges[-1] if pledges else None
    return {
        row.token: _card(institution, row, broken if row.state == S.PUBLIC else None, newest)
        | {"qualifications": papers, "history": history[row.pk]}
        for row in pledges
    }


def _card(
    institution: Institution, row: Commitment, broken: holding.Break | None, newest: Commitment
) -> dict[str, Any]:
    ended = _ended(row)
    return {
        "kind": codes.UNIT,
        "state": str(row.state),
        "institution": {
            "name": institution.name, "name_en": institution.name_en, "phone": institution.phone,
            "complaint_phone": institution.complaint_phone,
        },
        "unit": {
            "slug": institution.slug, "credit_code": institution.credit_code, "address": institution.address,
        },
        "pledge": {
            "number": row.number, "title": row.template.title, "signed_on": _day(row.signed_on),
            "published_on": _day(timezone.localdate(row.published_at)), "confirm_by": _day(row.confirm_by),
            "holds_until": _day(holding.last_good_day(broken)),
            "withdrawn_on": _day(timezone.localdate(row.withdrawn_at) if row.withdrawn_at else None),
            "trigger_on": _day(ended.trigger_on if ended else None),
            "cause": str(ended.get_cause_display()) if ended else "",
        },
        "reason": broken.text if broken else "",
        "successor": {"number": newest.number, "token": newest.token} if newest.pk != row.pk else {},
        "promises": [{"zh": text["zh"], "en": text.get("en", "")} for text in row.template.paragraphs],
    }  # fmt: skip


def _papers(institution: Institution, day: date) -> list[dict[str, str]]:
    """The qualifications in force on the day or later, each with its last day as far as that is known."""
    rows = Qualification.objects.filter(institution=institution, state__in=Qualification.COUNTING)
    papers = []
    for row in rows.order_by("kind", "valid_from", "pk"):
        first = max(day, row.valid_from)
        if row.valid_on(first):
            papers.append(
                {
                    "kind": str(row.get_kind_display()), "number": row.number, "issuer": row.issuer,
                    "from": _day(row.valid_from), "until": _day(holding.good_until(row, first)),
                }
            )  # fmt: skip
    return papers


def _histories(pledges: Sequence[Commitment]) -> dict[int, list[dict[str, str]]]:
    """What happened to each pledge, the oldest first. One query."""
    found: dict[int, list[tuple[date, str]]] = defaultdict(list)
    for row in pledges:
        found[row.pk].append((timezone.localdate(row.published_at), PUBLISHED))
    for row in _confirmations(pledges):
        found[row.commitment_id].append((row.confirmed_on, CONFIRMED))
    for row in pledges:
        if ended := _ended(row):
            found[row.pk].append((timezone.localdate(ended.withdrawn_at), WITHDRAWN))
            remedy = _remedy(ended)
            if remedy is not None and remedy.state == Remediation.State.ACCEPTED:
                found[row.pk].append((timezone.localdate(remedy.decided_at), REMEDIED))
    return {pk: [{"on": _day(on), "act": str(act)} for on, act in acts] for pk, acts in found.items()}


def _confirmations(pledges: Sequence[Commitment]) -> QuerySet[CommitmentConfirmation]:
    return CommitmentConfirmation.objects.filter(commitment__in=pledges).order_by("pk")


def _ended(row: Commitment) -> CommitmentWithdrawal | None:
    return getattr(row, "withdrawal", None)


def _remedy(ended: CommitmentWithdrawal) -> Remediation | None:
    return getattr(ended, "remediation", None)


def _evidence(row: Commitment) -> list[dict]:
    """The proofs of publication, confirmations, withdrawal and remediation, in the order of the ledger."""
    about: Iterable[Any] = [row, *_confirmations([row]), _ended(row), _remedy(row.withdrawal) if _ended(row) else None]
    held = [proof for one in about if one is not None for proof in leaves.evidence(one)]
    return sorted(held, key=lambda proof: proof["leaf"])


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


# --- the directory


def _enter(institution: Institution, row: Commitment | None, until: date | None, at: datetime) -> None:
    """The institution's entry in the directory, with its newest pledge. Two queries."""
    lines = DirectoryLine.objects.filter(institution=institution).in_force(timezone.localdate(at))
    fields = dict(lines.values_list("field").annotate(count=Count("pk")).order_by("field"))
    said = {
        "name": institution.name, "name_en": institution.name_en, "slug": institution.slug,
        "region_code": institution.region_code, "address": institution.address, "fields": list(fields),
        "lines": sum(fields.values()), "updated_at": at, **_pledged(row, until),
    }  # fmt: skip
    DirectoryEntry.objects.bulk_create(
        [DirectoryEntry(institution=institution, **said)],
        update_conflicts=True, unique_fields=["institution"], update_fields=list(said),
    )  # fmt: skip


def _pledged(row: Commitment | None, until: date | None) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(("published_on", "confirm_by", "holds_until", "withdrawn_on")) | {
            "pledge": "",
            "token": "",
        }
    return {
        "token": row.token, "pledge": row.state, "published_on": timezone.localdate(row.published_at),
        "confirm_by": row.confirm_by, "holds_until": until,
        "withdrawn_on": timezone.localdate(row.withdrawn_at) if row.withdrawn_at else None,
    }  # fmt: skip
