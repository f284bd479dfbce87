"""计量智码: published, not queried.

The owner of the facts republishes a card in the transaction that changes them; the public page is one read of one
row by an exact key and cannot show what was never put on the card. States that depend on the day follow from the
dates on the card when it is read.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .models import SmartCode

# What a card may carry. A field that is not here cannot become public.
PUBLIC_FIELDS = {
    "kind": None,
    "state": None,
    "device": {"name", "model", "serial_number", "manufacturer", "range"},
    "certificate": {"kind", "number", "conclusion", "performed_on", "issued_on", "valid_until", "method"},
    "standing": {"word", "traced_on", "until", "restriction"},
    "institution": {"name", "name_en", "phone", "complaint_phone"},
    "reason": None,
    "successor": {"number", "token"},
    "unit": {"slug", "credit_code", "address"},
    "pledge": {
        "number", "title", "signed_on", "published_on", "confirm_by", "holds_until", "withdrawn_on", "trigger_on", "cause",
    },
}  # fmt: skip
# What stands on a card as a list of rows, and what a row may carry. Days are ISO texts; "" where there is none.
PUBLIC_LISTS = {
    "promises": {"zh", "en"}, "qualifications": {"kind", "number", "issuer", "from", "until"}, "history": {"on", "act"},
}  # fmt: skip

FAILURE = "verification_result_notice"
# What a card is about: one certificate, a thing with its own code, or an institution with its pledge.
CERTIFICATE, EQUIPMENT, UNIT = "device", "equipment", "unit"
STATES = ("issued", "review", "replaced", "void", "anomaly", "in_use", "stopped", "unproven")
PLEDGED = ("public", "withdrawn")
DUE_DAYS = 30
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_token() -> str:
    """128 random bits in 26 capitals and digits, so that the QR code stays in its alphanumeric mode. Source: E10.49."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")


def new_verification_code() -> str:
    """Eight characters without look-alikes, as printed beside the QR code: "7K4P-9WQD"."""
    letters = [secrets.choice(ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def address(token: str) -> str:
    """What the QR code says."""
    return f"{settings.SITE_URL}/q/{token}"


def printed_address(token: str) -> str:
    """The same address in capitals, which a QR code stores in fewer modules."""
    return address(token).upper()


def publish(
    *,
    institution_id: int,
    kind: str,
    token: str,
    card: dict,
    at: datetime,
    number: str = "",
    verification_code: str = "",
    file_sha256: str = "",
    stored_as: str = "",
    evidence: Iterable[dict] = (),
) -> None:
    """The public page behind `token` says exactly this from the end of the transaction on.

    `evidence` is what its reader needs to check the card against the ledger, as leaves.evidence() gives it.

    Raises: ValueError when the card carries a field outside `PUBLIC_FIELDS`.
    """
    _check(card)
    SmartCode.objects.update_or_create(
        token_digest=_token_digest(token),
        defaults={
            "institution_id": institution_id,
            "kind": kind,
            "number_digest": _number_digest(number, verification_code) if number else None,
            "file_digest": file_sha256 or None,
            "stored_as": stored_as,
            "card": card,
            "evidence": list(evidence),
            "updated_at": at,
        },
    )


def publish_all(institution_id: int, kind: str, cards: Mapping[str, dict], *, at: datetime) -> None:
    """As `publish` for many cards by their tokens, without number, file and evidence. One statement.

    Raises: ValueError as `publish`.
    """
    for card in cards.values():
        _check(card)
    SmartCode.objects.bulk_create(
        (
            SmartCode(
                institution_id=institution_id, kind=kind, token_digest=_token_digest(token), card=card, updated_at=at
            )
            for token, card in cards.items()
        ),
        update_conflicts=True, unique_fields=["token_digest"], update_fields=["card", "updated_at"], batch_size=500,
    )  # fmt: skip


def unpublish(institution_id: int, token: str, *, at: datetime) -> None:
    """Whoever scans the token reads what he would read for one that never was; what was published stays on record."""
    rows = SmartCode.objects.filter(institution_id=institution_id, token_digest=_token_digest(token))
    rows.update(token_digest=withdrawn_digest(token), updated_at=at)


def withdrawn_digest(token: str) -> str:
    """Under what a card stands that was unpublished: no address leads there, since what is scanned becomes capitals."""
    return hashlib.sha256(f"withdrawn {token}".encode()).hexdigest()


@dataclass(frozen=True)
class Shown:
    """What the pages of an institution's codes of one kind say: the state by digest of the token.

    `others`: how many codes belong to none of the tokens that were asked for.
    """

    states: Mapping[str, str]
    others: int

    def state_of(self, token: str) -> str:
        """The state on the page behind the token; "" where there is none."""
        return self.states.get(_token_digest(token), "")


def shown(institution_id: int, kind: str, tokens: Iterable[str]) -> Shown:
    """What is published under codes of the kind, beside these tokens' too. One query. Needs the institution's scope."""
    rows = SmartCode.objects.filter(institution_id=institution_id, kind=kind).values_list("token_digest", "card__state")
    states = dict(rows)
    return Shown(states, len(states.keys() - {_token_digest(token) for token in tokens}))


def find(token: str) -> dict | None:
    """The card behind a scanned token, or None. One read by key."""
    return _read("token_digest", _token_digest(token))


def find_by_number(number: str, verification_code: str) -> dict | None:
    """The card of the certificate with this number and printed verification code, or None."""
    return _read("number_digest", _number_digest(number, verification_code))


def find_by_file(sha256: str) -> dict | None:
    """The card of the certificate whose PDF has exactly these bytes, or None."""
    return _read("file_digest", sha256)


def find_file(number: str, verification_code: str) -> tuple[str, str] | None:
    """The storage name and the SHA-256 of the PDF behind this number and printed code; None unless it stands.

    A void or replaced certificate is not handed out as if it were good. Source: C-4.5-s2.
    """
    digest = _number_digest(number, verification_code)
    with connection.cursor() as cursor:
        cursor.execute("SELECT published_file(%s), published_file_digest(%s)", [digest, digest])
        stored_as, sha256 = cursor.fetchone()
    return (stored_as, sha256) if stored_as else None


def state_on(card: dict, day: date) -> str:
    """What the code says on this day: valid, due, expired, failed, or the state that overrides the dates.

    A notice of a failed verification is genuine, but nobody who scans the instrument may read it as "valid".
    Equipment in use is fit or restricted as long as its dates reach. A public pledge is lapsed on the day after the last
    one on which its conditions hold, and overdue when it should have been confirmed.
    """
    if card["state"] == "public":
        return _pledge_on(card["pledge"], day)
    if card["state"] == "in_use":
        return _standing_on(card["standing"], day)
    if card["state"] != "issued":
        return card["state"]
    if card["certificate"].get("kind") == FAILURE:
        return "failed"
    until = card["certificate"].get("valid_until")
    return _by_dates(until, day) or "valid"


def _pledge_on(pledge: dict, day: date) -> str:
    """public, overdue or lapsed. What has lapsed counts for nothing, confirmed or not."""
    said = {name: date.fromisoformat(pledge[name]) for name in ("holds_until", "confirm_by") if pledge.get(name)}
    if said.get("holds_until", date.max) < day:
        return "lapsed"
    return "overdue" if said.get("confirm_by", date.max) < day else "public"


def _standing_on(standing: dict, day: date) -> str:
    """A restriction is said before a date that comes near: it is what whoever stands there has to know."""
    by_dates = _by_dates(standing.get("until"), day)
    if by_dates != "expired" and standing.get("restriction"):
        return "restricted"
    return by_dates or "fit"


def _by_dates(until: str | None, day: date) -> str:
    """expired, due, or "" when the last day of validity is far or there is none."""
    if not until:
        return ""
    left = date.fromisoformat(until) - day
    if left < timedelta(0):
        return "expired"
    return "due" if left <= timedelta(days=DUE_DAYS) else ""


def _read(key: str, digest: str) -> dict | None:
    # A scan does without the extra round trip that asks whether a kept connection still lives; a dead one is replaced.
    database = connections[DEFAULT_DB_ALIAS]
    database.health_check_done = True
    try:
        return _card(database, key, digest)
    except (OperationalError, InterfaceError):
        if database.in_atomic_block or database.is_usable():
            raise
        database.close()
        return _card(database, key, digest)


def _card(database: BaseDatabaseWrapper, key: str, digest: str) -> dict | None:
    with database.cursor() as cursor:
        cursor.execute("SELECT published_card(%s, %s)", [key, digest])
        card = cursor.fetchone()[0]
    return json.loads(card) if card else None


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.strip().upper().encode("utf-8", "replace")).hexdigest()


def _number_digest(number: str, verification_code: str) -> str:
    code = "".join(verification_code.upper().split()).replace("-", "")
    return hashlib.sha256(f"{number.strip().upper()}\n{code}".encode("utf-8", "replace")).hexdigest()


def _check(card: dict) -> None:
    for name, value in card.items():
        if name in PUBLIC_LISTS:
            for row in value:
                _check_facts(name, row, PUBLIC_LISTS[name])
        else:
            allowed = PUBLIC_FIELDS.get(name)
            facts = value if allowed and isinstance(value, dict) else {name: value}
            _check_facts(name, facts, allowed or ({name} if name in PUBLIC_FIELDS else set()))
    if card["state"] not in (PLEDGED if card.get("kind") == UNIT else STATES):
        raise ValueError(f"unknown state {card['state']}")


def _check_facts(name: str, facts: dict, allowed: set[str]) -> None:
    extra = set(facts) - allowed
    structured = any(not isinstance(fact, str | None) for fact in facts.values())
    if extra or structured:
        raise ValueError(f"not for the public: {name} {sorted(extra)}")


# The public's only door to the table. It runs as the table's owner, whom one policy lets read; it takes one
# exact key and returns one card as text. The runtime role itself reads cards of its own tenant only.
PUBLISHED_CARD = """
CREATE POLICY owner_reading ON portal_smartcode FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION published_card(key text, digest text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF key = 'token_digest' THEN
        RETURN (SELECT card::text FROM portal_smartcode WHERE token_digest = digest);
    ELSIF key = 'number_digest' THEN
        RETURN (SELECT card::text FROM portal_smartcode WHERE number_digest = digest);
    ELSE
        RETURN (SELECT card::text FROM portal_smartcode WHERE file_digest = digest);
    END IF;
END $$;
CREATE FUNCTION published_file(digest text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT stored_as FROM portal_smartcode WHERE number_digest = digest AND card->>'state' = 'issued' $$;
"""
REVERSE_PUBLISHED_CARD = """
DROP FUNCTION published_file(text);
DROP FUNCTION published_card(text, text);
DROP POLICY owner_reading ON portal_smartcode;
"""
