"""What a scanned code says on a day: the words of its state, the facts of its published card, and its page.

The page is the busiest of the portal. Its template is rendered once for every shape of card, with marks in the place
of the facts; a scan then only puts facts between the pieces. Nothing that depends on the day is ever kept.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from html import escape
from itertools import chain
from typing import Any

from django.template.loader import render_to_string

from . import codes, scan_units
from .clock import CHINA

TEMPLATE = "public/code.html"
TEMPLATES = {codes.CERTIFICATE: TEMPLATE, codes.EQUIPMENT: "public/device.html"}

# State -> the one huge word and its English. They stand on the page and in its JSON twin alike.
WORDS = {
    "valid": ("有效", "VALID"),
    "due": ("即将到期", "EXPIRES SOON"),
    "expired": ("已过有效期", "EXPIRED"),
    "failed": ("不合格", "NOT CONFORMING"),
    "replaced": ("已被代替", "REPLACED"),
    "void": ("已作废", "VOID"),
    "review": ("复核中", "UNDER REVIEW"),
    "anomaly": ("核验异常", "VERIFICATION FAILED"),
    "fit": ("合格", "FIT FOR USE"),
    "restricted": ("准用", "RESTRICTED USE"),
    "stopped": ("停用", "OUT OF USE"),
    "unproven": ("暂无证书", "NO CERTIFICATE YET"),
}
UNKNOWN_WORD = "查无此码"
OF_UNITS = ("successor", "unit", "pledge")  # said of institutions, or shown as a link
GROUPS = {name: sorted(fields) for name, fields in codes.PUBLIC_FIELDS.items() if fields and name not in OF_UNITS}


def face(card: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The card as the public sees it at this instant; every public field is present, empty text where unknown.

    The face of an institution's card is that of scan_units.
    Returns: {"kind", "state", "state_word", "state_en", "days_left" (whole days or None), "device", "certificate",
    "standing", "institution", "reason", "successor_url", "checked_at" (text, Asia/Shanghai)}.
    """
    if card.get("kind") == codes.UNIT:
        return scan_units.face(card, now)
    local = now.astimezone(CHINA)
    today = local.date()
    state = codes.state_on(card, today)
    word, english = WORDS[state]
    facts: dict[str, Any] = {}
    for name, fields in GROUPS.items():
        known = card.get(name) or {}
        facts[name] = {field: known.get(field) or "" for field in fields}
    until = facts["certificate"]["valid_until"] or facts["standing"]["until"]
    successor = card.get("successor") or {}
    facts["kind"] = card.get("kind") or codes.CERTIFICATE
    facts["state"] = state
    facts["state_word"] = word
    facts["state_en"] = english
    facts["days_left"] = (date.fromisoformat(until) - today).days if until else None
    facts["reason"] = card.get("reason") or ""
    facts["successor_url"] = f"/q/{successor['token']}" if successor.get("token") else ""
    facts["checked_at"] = local.isoformat(" ", "minutes")[:16]
    return facts


def page(shown: dict[str, Any]) -> str:
    """The page of a face, the same text as rendering the template with it."""
    values = dict(_named(shown))
    filled = frozenset([name for name, value in values.items() if value not in ("", None)])
    pieces, names = _cut(shown["kind"], shown["state"], shown["certificate"]["kind"], filled)
    facts = [str(values[name]) for name in names]
    joined = "\0".join(facts)
    # One pass over all facts; the separator cannot come out of the database, which takes no NUL into a card.
    safe = escape(joined).split("\0") if joined.count("\0") == len(facts) - 1 else [escape(fact) for fact in facts]
    return "".join(chain.from_iterable(zip(pieces, [*safe, ""], strict=True)))


@lru_cache(maxsize=1)
def unknown_page() -> str:
    """The page that says that there is no such code."""
    return render_to_string(TEMPLATE, {"card": None})


@lru_cache(maxsize=1000)
def _cut(about: str, state: str, kind: str, filled: frozenset[str]) -> tuple[list[str], list[str]]:
    """The template for what the card is about, cut at the facts: its literal pieces, and the names of the facts between them.

    It may look into the state, its words and the certificate's kind; of other facts it may only ask whether they exist.
    """
    shown: dict[str, Any] = {name: {} for name in GROUPS}
    for name, _value in _named(face({"state": "void"}, datetime.now(CHINA))):
        group, _dot, field = name.rpartition(".")
        blank = None if name == "days_left" else ""
        (shown[group] if group else shown)[field] = f"\x02{name}\x03" if name in filled else blank
    shown["state"] = state
    shown["state_word"], shown["state_en"] = WORDS[state]
    shown["certificate"]["kind"] = kind
    parts = re.split("\x02(.*?)\x03", render_to_string(TEMPLATES[about], {"card": shown}))
    return parts[::2], parts[1::2]


def _named(shown: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every fact of a face under its dotted name."""
    for name, value in shown.items():
        if isinstance(value, dict):
            for field, inner in value.items():
                yield f"{name}.{field}", inner
        else:
            yield name, value
