"""What a scanned code says on a day: the words of its state and the facts of its published card."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import codes

SHANGHAI = ZoneInfo("Asia/Shanghai")

# State -> the one huge word and its English. They stand on the page and in its JSON twin alike.
WORDS = {
    "valid": ("有效", "VALID"),
    "due": ("即将到期", "EXPIRES SOON"),
    "expired": ("已过有效期", "EXPIRED"),
    "replaced": ("已被代替", "REPLACED"),
    "void": ("已作废", "VOID"),
    "review": ("复核中", "UNDER REVIEW"),
    "anomaly": ("核验异常", "VERIFICATION FAILED"),
}
GROUPS = {name: sorted(fields) for name, fields in codes.PUBLIC_FIELDS.items() if fields and name != "successor"}


def face(card: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The card as the public sees it at this instant; every public field is present, empty text where unknown.

    Returns: {"kind", "state", "state_word", "state_en", "days_left" (whole days or None), "device", "certificate",
    "institution", "reason", "successor_url", "checked_at" (text, Asia/Shanghai)}.
    """
    local = now.astimezone(SHANGHAI)
    state = codes.state_on(card, local.date())
    word, english = WORDS[state]
    facts = {name: {field: card.get(name, {}).get(field) or "" for field in fields} for name, fields in GROUPS.items()}
    until = facts["certificate"]["valid_until"]
    successor = card.get("successor") or {}
    return facts | {
        "kind": card.get("kind") or "device",
        "state": state,
        "state_word": word,
        "state_en": english,
        "days_left": (date.fromisoformat(until) - local.date()).days if until else None,
        "reason": card.get("reason") or "",
        "successor_url": f"/q/{successor['token']}" if successor.get("token") else "",
        "checked_at": local.strftime("%Y-%m-%d %H:%M"),
    }
