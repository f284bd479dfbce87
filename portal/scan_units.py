"""What the 单位码 of an institution says on a day: the one word for its pledge, the facts of its card, and its page.

Nothing here is older than the card and the day: what has a date is judged by it when it is read. Source: A-9.3-s1.
"""

from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from . import codes, qr
from .clock import CHINA

TEMPLATE = "public/unit.html"
# State -> the one huge word and its English. They stand on the page, on the badge and in the JSON twin alike.
WORDS = {
    "public": ("承诺有效", "PLEDGE IN FORCE"),
    "overdue": ("逾期未确认", "CONFIRMATION OVERDUE"),
    "lapsed": ("已失效", "PLEDGE LAPSED"),
    "withdrawn": ("已撤销", "PLEDGE WITHDRAWN"),
    "anomaly": ("核验异常", "VERIFICATION FAILED"),
}
TONES = {"public": "ok", "overdue": "due", "lapsed": "bad", "withdrawn": "bad", "anomaly": "bad"}
# Nobody may show a pledge that has fallen since: the page is asked for anew each time.
HEADERS = {"Cache-Control": "public, no-cache", "Referrer-Policy": "no-referrer"}
SOON_DAYS = 60  # from when on a paper that is still in force is shown as ending


def face(card: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The card as the public sees it at this instant; every public field is present, empty text where unknown.

    Returns: {"kind", "state", "state_word", "state_en", "tone", "institution", "unit", "pledge", "promises": [{"zh", "en"}],
    "qualifications": [{..., "state": "valid" | "due" | "expired" | "pending", "state_word", "days_left" (or None)}],
    "history": [{"on", "act"}], the newest first, "reason", "successor_number", "successor_url",
    "checked_at" (text, Asia/Shanghai)}.
    """
    local = now.astimezone(CHINA)
    today = local.date()
    state = codes.state_on(card, today)
    word, english = WORDS[state]
    successor = card.get("successor") or {}
    facts = {
        name: {field: (card.get(name) or {}).get(field) or "" for field in sorted(codes.PUBLIC_FIELDS[name] or ())}
        for name in ("institution", "unit", "pledge")
    }
    return {
        "kind": codes.UNIT, "state": state, "state_word": word, "state_en": english, "tone": TONES[state], **facts,
        "promises": list(card.get("promises", ())),
        "qualifications": [_paper(row, today) for row in card.get("qualifications", ())],
        "history": list(reversed(card.get("history", ()))),
        "reason": card.get("reason") or "" if state == "lapsed" else facts["pledge"]["cause"],
        "successor_number": successor.get("number") or "",
        "successor_url": f"/q/{successor['token']}" if successor.get("token") else "",
        "checked_at": local.isoformat(" ", "minutes")[:16],
    }  # fmt: skip


def page(shown: dict[str, Any], token: str) -> str:
    """The page of a face under the token by which it was found."""
    token = token.strip().upper()
    return render_to_string(TEMPLATE, {"card": shown, "token": token, "qr": qr.drawn(codes.printed_address(token))})


def _paper(row: dict[str, str], today: date) -> dict[str, Any]:
    """A qualification with how it stands that day."""
    first, last = (date.fromisoformat(row[name]) if row.get(name) else None for name in ("from", "until"))
    left = (last - today).days if last else None
    if first is not None and today < first:
        state, word = "pending", _("尚未生效")
    elif left is not None and left < 0:
        state, word = "expired", _("已失效")
    elif left is not None and left <= SOON_DAYS:
        state, word = "due", _("%(days)d 天后到期") % {"days": left} if left else _("今天到期")
    else:
        state, word = "valid", _("有效")
    return {**row, "state": state, "state_word": word, "days_left": left}
