"""Leaves: what an act leaves in the ledger, written in the transaction of the act.

An app says once what a kind of leaf states about a row; verification asks the same function again, years later:

    @kind("certificate.issued", of="certificates.Certificate", about=lambda row: row.token, title=_("签发证书"))
    def issued(certificate):
        return {"number": certificate.number, "content_sha256": certificate.content_sha256}

The facts are texts that never change while the row is honest. The public sees their salted hash only.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, models

from portal.models import LedgerSalt
from portal.outbox import CHANNEL
from portal.tenancy import new_ref

Facts = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """A kind of leaf: of which model, what it states about a row, and the smart code token it is about, if any.

    `title` is what the public pages of the ledger call it.
    """

    name: str
    model: str
    facts: Callable[[models.Model], Facts]
    about: Callable[[models.Model], str]
    title: str


KINDS: dict[str, Kind] = {}


def kind(name: str, *, of: str, about: Callable[[models.Model], str] = lambda row: "", title: str = "") -> Callable:
    """The decorated function says what leaves of this kind state. Raises: ValueError when the name is taken."""

    def register(facts: Callable[[models.Model], Facts]) -> Callable[[models.Model], Facts]:
        if name in KINDS:
            raise ValueError(f"{name} is registered twice")
        KINDS[name] = Kind(name, of, facts, about, title or name)
        return facts

    return register


def canonical(value: dict) -> bytes:
    """The one way to write it: UTF-8, keys sorted, no space, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(salt: str, facts: Facts) -> str:
    """SHA-256, in hexadecimal, of the salt's 32 bytes followed by the canonical facts."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(facts)).hexdigest()


def subject(token: str) -> str:
    """How a leaf names the smart code it is about: SHA-256 of its token in capitals; empty for none."""
    return hashlib.sha256(token.upper().encode()).hexdigest() if token else ""


def data_of(known: Kind, row: models.Model, salt: str) -> str:
    """What of this leaf becomes public, as text."""
    about = subject(known.about(row))
    return canonical({"about": about, "digest": digest_of(salt, known.facts(row)), "kind": known.name, "v": 1}).decode()


def append(name: str, row: models.Model) -> int:
    """The ledger will hold a leaf about this row if the surrounding transaction commits. Returns: its id.

    Source: E4.24.
    """
    known, salt = KINDS[name], secrets.token_hex(32)
    if row._meta.label != known.model:
        raise ValueError(f"{name} is about {known.model}, not {row._meta.label}")
    data = data_of(known, row, salt)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH leaf AS (INSERT INTO portal_ledgerleaf (institution_id, ref, kind, target, target_id, data) "
            "VALUES (%(institution)s, %(ref)s, %(kind)s, %(target)s, %(target_id)s, %(data)s) RETURNING id), "
            "salt AS (INSERT INTO portal_ledgersalt (institution_id, ref, leaf_id, salt) "
            "SELECT %(institution)s, %(ref)s, id, %(salt)s FROM leaf), "
            "pending AS (INSERT INTO portal_ledgerpending (leaf_id, data) SELECT id, %(data)s FROM leaf) "
            "SELECT id, pg_notify(%(channel)s, '') FROM leaf",
            {
                "institution": getattr(row, "institution_id", None),
                "ref": new_ref(),
                "kind": name,
                "target": known.model,
                "target_id": row.pk,
                "data": data,
                "salt": salt,
                "channel": CHANNEL,
            },
        )
        return cursor.fetchone()[0]


def evidence(row: models.Model) -> list[dict]:
    """What proves every leaf about the row to whoever holds it: [{"kind", "leaf", "salt", "facts"}], oldest first."""
    held = LedgerSalt.objects.filter(
        institution_id=row.institution_id, leaf__target=row._meta.label, leaf__target_id=row.pk
    )
    return [
        {"kind": name, "leaf": leaf_id, "salt": salt, "facts": KINDS[name].facts(row)}
        for name, leaf_id, salt in held.order_by("leaf_id").values_list("leaf__kind", "leaf_id", "salt")
    ]
