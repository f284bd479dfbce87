"""What a stranger needs to check an entry without us: the proof file behind a smart code, and proofs by number."""

import base64
import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from portal.models import LedgerCheckpoint, LedgerEntry

from . import keys, leaves, notes, tree

FORMAT = "chengliang-proof-1"
INCLUDED, PENDING = "included", "pending"


def for_code(token: str) -> dict[str, Any] | None:
    """The proof file of the certificate behind a scanned token; None when there is no such code.

    Each leaf about it with its facts and salt, its place in the log and the path from there to the newest signed head.
    A leaf that no head covers yet says so. Source: E4.27.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT published_evidence(%s)", [leaves.subject(token.strip())])
        found = cursor.fetchone()[0]
    if found is None:
        return None
    evidence = json.loads(found)
    head = LedgerCheckpoint.objects.order_by("-size").first()
    size = head.size if head else 0
    ids = [leaf["leaf"] for leaf in evidence]
    entries = {entry.leaf_id: entry for entry in LedgerEntry.objects.filter(leaf_id__in=ids, index__lt=size)}
    covered = [leaf for leaf in evidence if leaf["leaf"] in entries]
    paths = tree.inclusions([entries[leaf["leaf"]].index for leaf in covered], size)
    steps = {leaf["leaf"]: path for leaf, path in zip(covered, paths, strict=True)}
    return {
        "format": FORMAT,
        "code": token.strip().upper(),
        "origin": notes.origin(),
        "checkpoint": head.text if head else "",
        "public_keys": public_keys(),
        "leaves": [_leaf(leaf, entries.get(leaf["leaf"]), steps.get(leaf["leaf"])) for leaf in evidence],
    }


def public_keys() -> list[dict[str, str]]:
    """The keys that sign and have signed heads: [{"algorithm", "key" (base64), "name"}], the current one first."""
    return [
        {"algorithm": key.algorithm.name, "key": base64.b64encode(key.raw).decode(), "name": notes.origin()}
        for key in keys.known()
    ]


def _leaf(leaf: dict[str, Any], entry: LedgerEntry | None, path: list[bytes] | None) -> dict[str, Any]:
    stated = {"kind": leaf["kind"], "title": title(leaf["kind"]), "salt": leaf["salt"], "facts": leaf["facts"]}
    if entry is None or path is None:
        return {**stated, "state": PENDING, "state_word": _("待入账")}
    return {
        **stated,
        "state": INCLUDED,
        "index": entry.index,
        "data": entry.data,
        "proof": [step.hex() for step in path],
    }


def title(kind: str) -> str:
    """What the pages call this kind of leaf."""
    return str(leaves.KINDS[kind].title) if kind in leaves.KINDS else kind


def covering_size(index: int) -> int | None:
    """The size of the newest signed head, if it covers the entry."""
    size = LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return size if size is not None and index < size else None
