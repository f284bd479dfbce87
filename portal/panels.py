"""What the ground floor puts on the today page and into the navigation: due dates, reminders, clauses, refusals."""

from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import alerts, due_view, history, inbox, menu, standing, windows
from .actors import Actor
from .digest import left_words
from .models import AuditEntry, ClauseStanding
from .permissions import Permission, Role
from .recipients import rules_of
from .registers import REGISTERS
from .today import Panel, panel

MOST = 6
WEEK = timedelta(days=7)
# Refusals are looked for among so many of the latest acts.
LOOKED_AT = 2000
# Who answers for how the institution stands.
ANSWERABLE = due_view.OVERSEERS | {Role.TECHNICAL_MANAGER, Role.METROLOGY_MANAGER}
STATE_TITLES = dict(ClauseStanding.State.choices)


@panel(order=5)
def reminders(actor: Actor, institution: Any, day: date) -> Panel | None:
    """What waits in this person's inbox, and a red line when the nightly scan is silent. Three queries."""
    mine = inbox.inbox(actor, day)
    if not rules_of(actor.roles) and not mine.exists():
        return None
    waiting = inbox.waiting(mine, day)
    count = waiting.values("rule", "target_id", "due_on").distinct().count()
    rows = waiting.values("rule", "target_id", "due_on", "subject", "link")
    rows = rows.annotate(first=Min("pk")).order_by("due_on", "first")[:MOST]
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
    context = {"entries": entries, "count": count, "pulse": pulse()}
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


@panel(order=1)
def due_dates(actor: Actor, institution: Any, day: date) -> Panel | None:
    """What ends soon comes first for those who answer for the institution, also when there is nothing. One query."""
    return _due_dates(actor, institution, day) if ANSWERABLE & set(actor.roles) else None


@panel(order=50)
def due_dates_told(actor: Actor, institution: Any, day: date) -> Panel | None:
    """For others who are told of something that ends soon it comes after their own work. One query."""
    found = None if ANSWERABLE & set(actor.roles) else _due_dates(actor, institution, day)
    return found if found and found.context["rows"] else None


def _due_dates(actor: Actor, institution: Any, day: date) -> Panel | None:
    """How much has ended or ends within 7, 30 and 60 days, by kind; every count opens its rows."""
    names = due_view.rules_for(actor, day)
    if not names:
        return None
    found = due_view.due_counts(due_view.view_of(actor, institution.pk, day))
    page = reverse("portal:due", args=[institution.slug])
    rows = [
        {
            "title": one.title,
            "cells": [
                {
                    "tone": windows.TONES[window],
                    "count": one.windows[window],
                    "url": f"{page}?rule={one.rule}&window={window}",
                    "name": f"{one.title} {windows.TITLES[window]}",
                }
                for window in windows.COUNTED
            ],
            "worst": one.worst,
            "tone": tone(one.worst.due_on, day),
            "left": left_words(one.worst.due_on.year, (one.worst.due_on - day).days),
        }
        for one in found
    ]
    sums = [
        {
            "tone": windows.TONES[window],
            "count": sum(one.windows[window] for one in found),
            "url": f"{page}?window={window}",
            "name": f"{_('合计')} {windows.TITLES[window]}",
        }
        for window in windows.COUNTED
    ]
    quiet = [title for name, title in due_view.titles(names).items() if name not in {one.rule for one in found}]
    context = {
        "rows": rows, "sums": sums, "heads": [windows.TITLES[window] for window in windows.COUNTED],
        "total": sum(one.sum for one in found), "quiet": quiet, "first_steps": not rows and actor.may(Permission.FILE_KEEP),
    }  # fmt: skip
    return Panel("portal/_due.html", context)


@panel(order=25)
def own_due_dates(actor: Actor, institution: Any, day: date) -> Panel | None:
    """What of the actor's own ends: authorisations and credentials; nothing for those who see everybody's. One query."""
    if due_view.OVERSEERS & set(actor.roles):
        return None
    rows = due_view.due_rows(due_view.own_of(actor, institution.pk, day), most=MOST)
    entries = [
        {
            "subject": row.subject,
            "link": row.link,
            "tone": tone(row.due_on, day),
            "day": "" if row.never else row.due_on.isoformat(),
            "words": left_words(row.due_on.year, (row.due_on - day).days),
        }
        for row in rows
    ]
    return Panel("portal/_own_due.html", {"entries": entries}, side=True) if entries else None


@panel(order=30)
def compliance_now(actor: Actor, institution: Any, day: date) -> Panel | None:
    """How the clauses stand, what is worst, and what changed within a week. Three queries."""
    if not ANSWERABLE & set(actor.roles):
        return None
    latest = standing.latest(institution)
    context = {
        "latest": latest,
        "worst": standing.worst([institution.pk])[institution.pk] if latest else [],
        "changes": [
            {
                "clause": change.clause,
                "was": STATE_TITLES.get(change.was, change.was),
                "became": STATE_TITLES.get(change.became, change.became),
                "state": change.became,
                "on": change.on,
            }
            for change in (standing.changes(institution, day - WEEK)[:MOST] if latest else [])
        ],
    }
    return Panel("portal/_standing.html", context, side=True)


@panel(order=60)
def refused_lately(actor: Actor, institution: Any, day: date) -> Panel | None:
    """What the portal refused to do of late, with the reasons: everybody's for those who read the trail, else one's own.

    One query, and one for each kind of thing. Source: E4.23.
    """
    everybody = actor.may(Permission.AUDIT_READ)
    newest = AuditEntry.objects.visible_to(actor).order_by("-pk").values("pk")[:LOOKED_AT]
    entries = AuditEntry.objects.visible_to(actor).filter(
        pk__in=newest, succeeded=False, changes__has_key="refused", at__date__gte=day - 2 * WEEK
    )
    if not everybody:
        entries = entries.filter(actor_user_id=actor.user_id)
    entries = list(entries.order_by("-pk")[:MOST])
    if not entries:
        return None
    links = _links(actor, institution, entries)
    rows = [
        {
            "name": entry.target_name or history.title_of(entry.verb),
            "url": links.get((entry.target, entry.target_id), ""),
            "act": history.title_of(entry.verb),
            "who": history.actor_of(entry) if everybody else "",
            "at": timezone.localtime(entry.at),
            "reasons": [
                {"clause": history.printed_clause(c), "text": text} for c, text in entry.changes["refused"][:2]
            ],
            "more": max(0, len(entry.changes["refused"]) - 2),
        }
        for entry in entries
    ]
    return Panel("portal/_refused.html", {"rows": rows, "everybody": everybody}, side=True)


def _links(actor: Actor, institution: Any, entries: list[AuditEntry]) -> dict[tuple[str, int | None], str]:
    """The pages of the things that the entries are about, by table and id; things without a page are left out."""
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        if entry.target and entry.target_id:
            wanted.setdefault(entry.target, set()).add(entry.target_id)
    tables = {model._meta.label: model for model in apps.get_models()}
    links = {}
    for label, ids in wanted.items():
        model = tables.get(label)
        if model is None:
            continue
        if hasattr(model, "get_absolute_url") and hasattr(model.objects, "visible_to"):
            rows = model.objects.visible_to(actor).filter(pk__in=ids).select_related("institution")
            links |= {(label, row.pk): row.get_absolute_url() for row in rows}
        elif register := next((one for one in REGISTERS.values() if one.model is model), None):
            for row in model.objects.visible_to(actor).filter(pk__in=ids):
                links[label, row.pk] = reverse("portal:register_row", args=[institution.slug, register.name, row.ref])
    return links


menu.register(
    menu.Item(
        "今日",
        gettext_lazy("提醒"),
        "portal:alerts",
        "bell",
        20,
        count=lambda actor: inbox.unread(actor, timezone.localdate()) or None,
    )
)
menu.register(menu.Item("今日", gettext_lazy("到期日历"), "portal:calendar", "calendar-due", 30))
menu.register(menu.Item("诚信", gettext_lazy("合规情况"), "portal:compliance", "list-check", 10))
history.register(
    {
        "alert.acknowledge": gettext_lazy("已知悉提醒"),
        "alert.snooze": gettext_lazy("推迟提醒"),
        "alert.assign": gettext_lazy("指派提醒"),
        "compliance.evaluate": gettext_lazy("要求重新评定"),
        "compliance.export": gettext_lazy("导出合规情况"),
    }
)
