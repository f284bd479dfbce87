"""Pages of reminders: the inbox, 已知悉, and who was written to when. For developers also the last mails."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from . import alerts, mailbox
from .actors import Actor, actor_of
from .digest import left_words
from .models import Alert, Delivery
from .paging import page_of
from .panels import pulse, tone
from .permissions import ROLE_TITLES, Permission, Role
from .routes import Audience, door
from .views_operations import inside_only

MOST_DELIVERIES = 30


@door("GET")
def inbox(request: HttpRequest, slug: str) -> HttpResponse:
    """What ends and has been told of, the earliest day first: of each thing only the latest reminder."""
    actor, day = actor_of(request), timezone.localdate()
    mine = alerts.inbox(actor)
    latest = mine.values("rule", "target_id", "due_on").annotate(last=Max("pk")).values("last")
    rows = mine.filter(pk__in=latest)
    rules = {name: str(rule.title) for name, rule in alerts.RULES.items() if name in alerts.rules_of(actor.roles)}
    rule = request.GET.get("rule", "")
    rule = rule if rule in rules else ""
    everything = request.GET.get("show") == "all"
    shown = rows if everything else rows.filter(seen_at=None)
    shown = shown.filter(rule=rule) if rule else shown
    page = page_of(shown.select_related("seen_by"), "due_on", "pk", request=request)
    context = {
        "pulse": pulse(),
        "tabs": _tabs(request, rows, everything),
        "filter": {"name": "rule", "label": _("类别"), "value": rule, "kind": "select", "choices": rules.items()},
        "show": "all" if everything else "",
        "clear_url": request.path + ("?show=all" if everything else "") if rule else "",
        "rows": [_row(row, day, actor) for row in page.rows],
        "count": _("共 %(count)d 项，按到期日先后") % {"count": shown.count()},
        "nothing": _nothing(rules),
        **page.links(request),
        "deliveries": _deliveries(actor) if actor.may(Permission.AUDIT_READ) else None,
    }
    return render(request, "portal/alerts.html", context)


def _tabs(request: HttpRequest, rows: Any, everything: bool) -> list[dict[str, Any]]:
    waiting = rows.filter(seen_at=None).count()
    return [
        {"title": _("未确认"), "url": request.path, "count": waiting, "current": not everything},
        {"title": _("全部"), "url": f"{request.path}?show=all", "count": rows.count(), "current": everything},
    ]


def _row(row: Alert, day: date, actor: Actor) -> dict[str, Any]:
    left = (row.due_on - day).days
    never = row.due_on.year == 1
    return {
        "ref": row.ref,
        "subject": row.subject,
        "link": row.link,
        "rule": alerts.RULES[row.rule].title,
        "clock": {
            "day": "" if never else row.due_on.isoformat(),
            "remaining": left_words(row.due_on.year, left),
            "tone": tone(row.due_on, day),
            "share": 100 if left < 0 else max(2, min(100, 100 * left // 60)),
        },
        "found": timezone.localtime(row.found_at),
        "seen": row.seen_at and timezone.localtime(row.seen_at),
        "seen_by": row.seen_by.name if row.seen_by else "",
        "may_acknowledge": row.seen_at is None and Role.REGULATOR not in actor.roles,
    }


def _nothing(rules: dict[str, str]) -> dict[str, str]:
    """What an empty inbox says: that nothing is due, or that this role is not told of anything."""
    if rules:
        text = _("系统每天 06:30 扫描：%(rules)s。到期前 60、30、7 天和当天提醒。") % {
            "rules": "、".join(rules.values())
        }
        return {"title": _("没有要确认的提醒"), "text": text}
    roles = {role for rule in alerts.RULES.values() for role in rule.recipients}
    names = "、".join(str(ROLE_TITLES[role]) for role in ROLE_TITLES if role in roles)
    text = _("到期提醒发给%(roles)s。需要接收时，请机构管理员给您加上角色。") % {"roles": names}
    return {"title": _("您的角色没有到期提醒"), "text": text}


def _deliveries(actor: Actor) -> dict[str, Any]:
    """The table of the latest digests: to whom, what became of them."""
    rows = Delivery.objects.visible_to(actor).select_related("user").order_by("-day", "-pk")[:MOST_DELIVERIES]
    return {
        "caption": _("邮件发送记录"),
        "columns": [
            {"title": _("日期"), "day": True}, {"title": _("收件人")}, {"title": _("项数"), "numeric": True},
            {"title": _("状态")}, {"title": _("次数"), "numeric": True}, {"title": _("发出时间")}, {"title": _("说明")},
        ],
        "rows": [
            [
                {"text": row.day.isoformat(), "day": True},
                row.user.name,
                str(len(row.alerts)),
                {"badge": row.state, "text": row.get_state_display()},
                str(row.attempts),
                f"{timezone.localtime(row.sent_at):%Y-%m-%d %H:%M}" if row.sent_at else "",
                {"text": row.last_error, "tone": "bad" if row.state == Delivery.State.FAILED else ""},
            ]
            for row in rows
        ],
        "empty": {"title": _("还没有发过提醒邮件"), "text": _("有新的提醒时，每人每天最多一封汇总邮件。")},
    }  # fmt: skip


@door("POST", ref="portal.Alert.ref")
def acknowledge(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor = actor_of(request)
    alert = get_object_or_404(Alert.objects.visible_to(actor), ref=ref)
    if alerts.acknowledge(alert, actor=actor, at=timezone.now()):
        messages.success(request, _("已记下您知悉“%(subject)s”。") % {"subject": alert.subject})
    else:
        messages.info(request, _("“%(subject)s”已经有人确认过了。") % {"subject": alert.subject})
    return redirect("portal:alerts", slug=slug)


@door("GET", to=Audience.OPERATIONS)
@inside_only
def mails(request: HttpRequest) -> HttpResponse:
    """The last mails of this machine, for developers; not served in production."""
    return render(request, "portal/mails.html", {"mails": mailbox.latest(20), "directory": mailbox.directory()})
