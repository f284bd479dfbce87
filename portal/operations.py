"""What the page of operations shows: words and figures for what health, alarms and vitals have found."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from .alarms import Alarm
from .clock import CHINA
from .vitals import BACKUP, DRILL, HEARTBEAT, QUEUES, VERIFY, Vitals


def page(dependencies: dict[str, bool], raised: list[Alarm], found: Vitals | None) -> dict[str, Any]:
    """The context of templates/portal/operations.html; `found` is None when the database is away."""
    return {
        "ready": all(dependencies.values()),
        "dependencies": [
            {"name": name, "title": _titles()[name], "tone": "ok" if holds else "bad"}
            for name, holds in dependencies.items()
        ],
        "alarms": [{"name": alarm.name, "sentence": alarm.sentence, "since": written(alarm.since)} for alarm in raised],
        "at": written(found.at) if found else "",
        "figures": list(_figures(found)) if found else [],
        "queues": _queues(found) if found else None,
        "jobs": _jobs(found) if found else None,
    }


def _titles() -> dict[str, str]:
    """Names of portal.health in words."""
    return {
        "database": _("数据库可写"),
        "migrations": _("迁移已全部执行"),
        "broker": _("消息队列（Redis）有回应"),
        "disk": _("磁盘剩余 10 % 以上"),
        "clock": _("时钟与数据库一致"),
        "outbox": _("任务按时完成"),
        "checkpoint": _("账本检查点及时"),
        "ledger": _("账本核验通过"),
        "worker": _("worker 在取任务"),
    }


def written(moment: datetime) -> str:
    """An instant as it stands on the page, in Shanghai's time."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def lasted(time: timedelta | None) -> str:
    """A length of time in its largest unit, rounded down; a dash for none."""
    if time is None:
        return "—"
    seconds = max(0, int(time.total_seconds()))
    for size, text in ((86400, _("%(n)d 天")), (3600, _("%(n)d 小时")), (60, _("%(n)d 分钟"))):
        if seconds >= size:
            return text % {"n": seconds // size}
    return _("%(n)d 秒") % {"n": seconds}


def _figures(found: Vitals) -> Iterator[dict[str, Any]]:
    """Items for {% facts %}."""
    waiting = sum(queue.depth for queue in found.queues)
    oldest = found.at - found.waiting_since if found.waiting_since else None
    yield {"label": _("待办任务"), "value": str(waiting), "note": _("最长等了 %s") % lasted(oldest) if oldest else ""}
    yield {"label": _("停下的任务"), "value": str(found.dead), "tone": "bad" if found.dead else ""}
    yield {"label": _("账本"), "value": _("%(n)d 条") % {"n": found.tree_size}}
    yield {"label": _("等待入账"), "value": _("%(n)d 条") % {"n": found.pending_leaves}}
    for label, moment in (
        (_("最近检查点"), found.checkpoint_at),
        (_("最近账本核验"), found.ran_at(VERIFY)),
        (_("最近备份"), found.ran_at(BACKUP)),
        (_("最近恢复演练"), found.ran_at(DRILL)),
    ):
        yield {"label": label, "value": _("%s前") % lasted(found.at - moment) if moment else _("还没有")}


def _queues(found: Vitals) -> dict[str, Any]:
    """The table of queues: what waits, and when a worker last took something."""
    known = {queue.name: queue for queue in found.queues}
    rows = []
    for name in [*QUEUES, *sorted(set(known) - set(QUEUES))]:
        queue, heard = known.get(name), found.ran_at(HEARTBEAT + name)
        rows.append(
            [
                name,
                str(queue.depth if queue else 0),
                lasted(found.at - queue.oldest_at) if queue else "—",
                _("%s前") % lasted(found.at - heard) if heard else _("还没有"),
            ]
        )
    columns = [
        {"title": _("队列")},
        {"title": _("待办"), "numeric": True},
        {"title": _("最长等待"), "numeric": True},
        {"title": _("worker 最近取用"), "numeric": True},
    ]
    return {"caption": _("队列"), "columns": columns, "rows": rows}


def _jobs(found: Vitals) -> dict[str, Any]:
    """The table of periodic jobs and how their last run went."""
    rows = [
        [
            {"text": job.name, "note": job.note},
            {"badge": "ok" if job.ok else "failed", "text": _("正常") if job.ok else _("失败")},
            _("%s前") % lasted(found.at - job.ran_at),
        ]
        for job in found.jobs.values()
        if not job.name.startswith(HEARTBEAT)
    ]
    columns = [{"title": _("任务")}, {"title": _("结果")}, {"title": _("最近运行"), "numeric": True}]
    empty = {"title": _("还没有定期任务运行过"), "text": _("请确认 beat 和 worker 已启动。")}
    return {"caption": _("定期任务"), "columns": columns, "rows": rows, "empty": empty}
