"""Reminders in the words of the pages: tabs, lines, facts, what was mailed to whom and how often it was tried."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from . import duelists, history
from .actors import Actor
from .digest import left_words
from .models import Alert, Delivery, DeliveryAttempt
from .panels import tone
from .permissions import ROLE_TITLES, Role
from .recipients import Recipient

MOST_DELIVERIES = 30
MOST_MAILS = 50


def tabs() -> list[tuple[str, str]]:
    return [("open", _("待处理")), ("mine", _("指派给我")), ("later", _("已推迟")), ("done", _("已处理"))]


def filters(
    rules: Mapping[str, str], rule: str, people: Sequence[Recipient], chosen: Recipient | None
) -> list[dict[str, Any]]:
    """Category and person, as the house's filter takes them."""
    names = [(person.ref, person.name) for person in people]
    return [
        {"name": "rule", "label": _("类别"), "value": rule, "kind": "select", "choices": list(rules.items())},
        {
            "name": "person", "label": _("处理人"), "value": chosen.ref if chosen else "", "kind": "select",
            "choices": names,
        },
    ]  # fmt: skip


def title_of(rule: str) -> str:
    """The title of a rule; of one that is no longer watched, that it is not."""
    return str(duelists.RULES[rule].title) if rule in duelists.RULES else _("不再监测的类别")


def clock(row: Alert, day: date) -> dict[str, Any]:
    left = (row.due_on - day).days
    return {
        "day": "" if row.due_on.year == 1 else row.due_on.isoformat(),
        "remaining": left_words(row.due_on.year, left),
        "tone": tone(row.due_on, day),
        "share": 100 if left < 0 else max(2, min(100, 100 * left // 60)),
    }


def line(row: Alert, day: date, actor: Actor) -> dict[str, Any]:
    """One row of the inbox."""
    return {
        "ref": row.ref,
        "subject": row.subject,
        "link": row.link,
        "rule": title_of(row.rule),
        "clock": clock(row, day),
        "found": timezone.localtime(row.found_at),
        "standing": standing(row, day),
        "assigned": row.assigned_to.name if row.assigned_to else "",
        "is_mine": row.assigned_to_id is not None and row.assigned_to_id == actor.user_id,
        "seen": row.seen_at and timezone.localtime(row.seen_at),
        "seen_by": row.seen_by.name if row.seen_by else "",
        "may_acknowledge": row.seen_at is None and row.settled_at is None and Role.REGULATOR not in actor.roles,
    }


def standing(row: Alert, day: date) -> dict[str, str]:
    """What has become of it: tone and words."""
    if row.settled_at:
        return {"tone": "ok", "text": _("已消除")}
    if row.seen_at:
        return {"tone": "ok", "text": _("已知悉")}
    if row.snoozed_until and row.snoozed_until > day:
        return {"tone": "progress", "text": _("推迟至 %(day)s") % {"day": row.snoozed_until.isoformat()}}
    return {"tone": tone(row.due_on, day), "text": _("待处理")}


def facts(row: Alert, day: date, people: Sequence[Recipient]) -> list[dict[str, Any]]:
    """What is known of the thing and of who deals with it."""
    due = clock(row, day)
    found = [
        {"label": _("类别"), "value": title_of(row.rule)},
        {"label": _("到期日"), "value": due["day"] or due["remaining"], "note": due["remaining"] if due["day"] else ""},
        {"label": _("提醒对象"), "value": _told_to(row, people)},
    ]
    if row.assigned_to:
        at = timezone.localtime(row.assigned_at)
        found.append({"label": _("处理人"), "value": row.assigned_to.name, "note": f"{at:%Y-%m-%d %H:%M}"})
    if row.snoozed_until:
        found.append({"label": _("推迟至"), "value": row.snoozed_until.isoformat(), "note": row.snooze_reason})
    if row.seen_by:
        at = timezone.localtime(row.seen_at)
        found.append({"label": _("知悉"), "value": row.seen_by.name, "note": f"{at:%Y-%m-%d %H:%M}"})
    if row.settled_at:
        found.append({"label": _("消除时间"), "value": f"{timezone.localtime(row.settled_at):%Y-%m-%d %H:%M}"})
    return found


def _told_to(row: Alert, people: Sequence[Recipient]) -> str:
    """The roles of the rule, and that administrators stand in where nobody holds them with an address."""
    if row.rule not in duelists.RULES:
        return "—"
    roles = duelists.RULES[row.rule].recipients
    names = "、".join(str(title) for role, title in ROLE_TITLES.items() if role in roles)
    if any(person.email and roles & set(person.roles) for person in people):
        return names
    return _("%(roles)s（无人可通知，改发机构管理员）") % {"roles": names}


def reminders(row: Alert) -> dict[str, Any]:
    """When the thing was spoken of: one row for each threshold, the latest first."""
    rows = same_thing(row).select_related("seen_by").order_by("-pk")
    return {
        "caption": _("提醒记录"),
        "columns": [{"title": _("提醒"), "day": True}, {"title": _("节点")}, {"title": _("知悉")}],
        "rows": [
            [
                f"{timezone.localtime(one.found_at):%Y-%m-%d %H:%M}",
                _edge_words(one.threshold),
                {"text": one.seen_by.name, "note": f"{timezone.localtime(one.seen_at):%Y-%m-%d %H:%M}"}
                if one.seen_by
                else "",
            ]
            for one in rows
        ],
        "dense": True,
    }


def _edge_words(threshold: int) -> str:
    if threshold < 0:
        return _("过期满 %(days)d 天") % {"days": -threshold}
    return _("提前 %(days)d 天") % {"days": threshold} if threshold else _("到期当天")


def same_thing(row: Alert) -> Any:
    """The alerts of all thresholds of the thing and its day."""
    return Alert.objects.filter(
        institution_id=row.institution_id, rule=row.rule, target_id=row.target_id, due_on=row.due_on
    )


def mails_about(row: Alert, names: Mapping[int, str]) -> dict[str, Any]:
    """Every attempt to tell somebody of the thing by mail: to whom, when, how it went, which attempt it was."""
    ids = list(same_thing(row).values_list("pk", flat=True))
    found = Delivery.objects.filter(institution_id=row.institution_id, alerts__overlap=ids)
    found = list(found.select_related("user").order_by("-day", "-pk")[:MOST_MAILS])
    tries: dict[int, list[DeliveryAttempt]] = {}
    for one in DeliveryAttempt.objects.filter(institution_id=row.institution_id, delivery__in=found).order_by("pk"):
        tries.setdefault(one.delivery_id, []).append(one)
    rows = []
    for delivery in found:
        note = _tries_words(tries.get(delivery.pk, []), delivery)
        rows.append(
            [
                {"text": delivery.day.isoformat(), "day": True},
                names.get(delivery.user_id, delivery.user.name),
                {"badge": delivery.state, "text": delivery.get_state_display()},
                str(delivery.attempts),
                {"text": note, "tone": "bad" if delivery.state == Delivery.State.FAILED else ""},
            ]
        )
    return {
        "caption": _("邮件"),
        "columns": [
            {"title": _("日期"), "day": True}, {"title": _("收件人")}, {"title": _("状态")},
            {"title": _("次数"), "numeric": True}, {"title": _("各次尝试")},
        ],
        "rows": rows,
        "empty": {"title": _("还没有发过邮件"), "text": _("下一次扫描后，应提醒的人会收到当天的汇总邮件。")},
    }  # fmt: skip


def _tries_words(tries: Sequence[DeliveryAttempt], delivery: Delivery) -> str:
    words = []
    for one in tries:
        at = f"{timezone.localtime(one.at):%m-%d %H:%M}"
        sent = one.outcome == DeliveryAttempt.Outcome.SENT
        words.append(f"{at} {one.get_outcome_display()}" if sent else f"{at} {one.get_outcome_display()}：{one.error}")
    return "；".join(words) or delivery.last_error


def history_of(row: Alert) -> list[dict[str, str]]:
    """What people did about the thing."""
    return history.timeline(*same_thing(row))


def nothing(show: str, rules: Mapping[str, str]) -> dict[str, str]:
    """What an empty inbox says: that nothing is due, or that this role is not told of anything."""
    if show == "mine":
        return {"title": _("没有指派给您的事项"), "text": _("机构管理员、质量负责人或技术负责人指派后，会出现在这里。")}
    if show == "later":
        return {"title": _("没有推迟的提醒"), "text": _("在提醒的详情页可以选一个日期，到时再提醒。")}
    if show == "done":
        return {"title": _("还没有处理过的提醒"), "text": _("点过“已知悉”的，和扫描时已不再到期的，会出现在这里。")}
    if rules:
        text = _("系统每天 06:30 扫描 %(count)d 类到期事项，例如%(rules)s。到期前和到期当天提醒。") % {
            "count": len(rules), "rules": "、".join(list(rules.values())[:4]),
        }  # fmt: skip
        return {"title": _("没有要处理的提醒"), "text": text}
    roles = {role for rule in duelists.RULES.values() for role in rule.recipients}
    names = "、".join(str(ROLE_TITLES[role]) for role in ROLE_TITLES if role in roles)
    text = _("到期提醒发给%(roles)s。需要接收时，请机构管理员给您加上角色。") % {"roles": names}
    return {"title": _("您的角色没有到期提醒"), "text": text}


def deliveries(actor: Actor) -> dict[str, Any]:
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
