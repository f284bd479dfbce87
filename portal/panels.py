"""What the ground floor puts on the today page and into the navigation: reminders, and whether they are alive."""

from datetime import date
from typing import Any

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import alerts, history, menu
from .actors import Actor
from .digest import left_words
from .today import Panel, panel

MOST = 6


@panel(order=5)
def reminders(actor: Actor, institution: Any, day: date) -> Panel | None:
    """What waits in this person's inbox, and a red line when the nightly scan is silent. Three queries."""
    if not alerts.rules_of(actor.roles):
        return None
    waiting = alerts.inbox(actor).filter(seen_at=None).values("rule", "target_id", "due_on", "subject", "link")
    rows = waiting.annotate(first=Min("pk")).order_by("due_on", "first")[:MOST]
    entries = [
        {
            "subject": row["subject"],
            "link": row["link"],
            "tone": tone(row["due_on"], day),
            "day": "" if row["due_on"].year == 1 else row["due_on"].isoformat(),
            "words": left_words(row["due_on"].year, (row["due_on"] - day).days),
        }
        for row in rows
    ]
    context = {"entries": entries, "count": alerts.unread(actor), "pulse": pulse()}
    return Panel("portal/_reminders.html", context, side=True)


def tone(due_on: date, day: date) -> str:
    """Red once it is over, amber within 30 days, grey before."""
    left = (due_on - day).days
    return "bad" if left < 0 else "due" if left <= 30 else "off"


def pulse() -> dict[str, str]:
    """How the nightly scan is doing, as a notice: tone, title and sentence. Source: E8.42."""
    beat = alerts.heartbeat()
    if beat.fresh:
        return {"tone": "progress", "title": "", "text": _("提醒扫描尚未运行，每天 06:30 自动运行一次。")}
    if beat.ran_at is None:
        text = _("提醒扫描从未运行过，到期可能没有人知道。请联系平台运维检查定时任务。")
        return {"tone": "bad", "title": _("提醒没有运行"), "text": text}
    at = {"at": f"{timezone.localtime(beat.ran_at):%Y-%m-%d %H:%M}"}
    if beat.silent:
        text = _("上次扫描是 %(at)s，超过 26 小时，到期提醒可能没有发出。请联系平台运维。") % at
        return {"tone": "bad", "title": _("提醒停了"), "text": text}
    if beat.failed:
        text = _("%(at)s 的扫描没有全部完成，部分提醒可能缺失。请联系平台运维。") % at
        return {"tone": "bad", "title": _("提醒扫描出错"), "text": text}
    return {"tone": "ok", "title": "", "text": _("上次扫描 %(at)s") % at}


menu.register(
    menu.Item(
        "今日", gettext_lazy("提醒"), "portal:alerts", "bell", 20, count=lambda actor: alerts.unread(actor) or None
    )
)
menu.register(menu.Item("诚信", gettext_lazy("合规情况"), "portal:compliance", "list-check", 10))
history.register({"alert.acknowledge": gettext_lazy("已知悉提醒")})
