"""What somebody must look at now: each alarm with one sentence and since when. docs/operations.md says what to do.

Everything is judged by the database's clock, from what portal.vitals has read. Source: E13.62.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from .denials import Lately
from .vitals import BACKUP, DRILL, NIGHTLY, VERIFY, Vitals

NAMES = (
    "database", "verify_failed", "verify_late", "checkpoint_late", "outbox_late", "dead_letter", "denial_burst", "backup_late",
    "backup_failed", "drill_late", "job_failed", "job_late", "clock_skew", "worker_silent",
)  # fmt: skip
OUTBOX_LATE = timedelta(minutes=5)
CHECKPOINT_LATE = timedelta(minutes=20)
VERIFY_LATE = timedelta(hours=26)
BACKUP_LATE = timedelta(hours=26)
NIGHT_LATE = timedelta(hours=26)
DRILL_LATE = timedelta(days=35)
WORKER_SILENT = timedelta(seconds=120)
MOST_SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class Alarm:
    """What is wrong, in one sentence, and since when."""

    name: str
    sentence: str
    since: datetime


def raised(found: Vitals, lately: Lately | None) -> list[Alarm]:
    """The alarms of that moment, in the order of NAMES. `lately`: what was denied, None when nobody could say."""
    checks = (_ledger, _outbox, _denied, _backups, _jobs, _machine)
    alarms = [alarm for check in checks for alarm in check(found, lately)]
    return sorted(alarms, key=lambda alarm: NAMES.index(alarm.name))


def database_away(at: datetime) -> Alarm:
    """The one alarm that can still be told when the database does not answer."""
    return Alarm("database", _("数据库没有回应，其他情况都无法判断。请先恢复数据库。"), at)


def _ledger(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    verified = found.jobs.get(VERIFY)
    if verified and not verified.ok:
        note = verified.note or _("没有说明")
        yield Alarm(
            "verify_failed",
            _("账本核验发现异常：%(note)s。请运行 verify_ledger 查看每一处。") % {"note": note},
            verified.ran_at,
        )
    if found.tree_size and _late(found, found.missing_since(VERIFY), VERIFY_LATE):
        yield Alarm("verify_late", _("账本超过 26 小时没有核验。请检查夜间任务。"), found.missing_since(VERIFY))
    waiting = found.unwitnessed_since
    if waiting and _late(found, waiting, CHECKPOINT_LATE):
        yield Alarm("checkpoint_late", _("账本有记录超过 20 分钟没有签名检查点。请检查 relay 和签名密钥。"), waiting)


def _outbox(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    waiting = found.waiting_since
    if waiting and _late(found, waiting, OUTBOX_LATE):
        yield Alarm("outbox_late", _("有任务等待超过 5 分钟没有完成。请检查 worker 和 relay。"), waiting)
    if found.dead:
        yield Alarm(
            "dead_letter",
            _("%(n)d 件任务多次失败后停下。请用 outbox_status 查看原因，排除后重新启动。") % {"n": found.dead},
            found.dead_since or found.at,
        )


def _denied(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    if lately and lately.is_burst:
        yield Alarm(
            "denial_burst",
            _("近 20 分钟内有 %(n)d 次拒绝，涉及 %(m)d 家机构。请在日志中按 status 和 route 查找来源。")
            % {"n": sum(lately.by_kind.values()), "m": lately.institutions},
            found.at,
        )


def _backups(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    if found.failed(BACKUP):
        yield Alarm("backup_failed", _("最近一次备份失败。请看 backup 的输出，然后重做。"), found.missing_since(BACKUP))
    if _late(found, found.missing_since(BACKUP), BACKUP_LATE):
        yield Alarm("backup_late", _("超过 26 小时没有备份。请检查备份任务。"), found.missing_since(BACKUP))
    if _late(found, found.missing_since(DRILL), DRILL_LATE) or found.failed(DRILL):
        yield Alarm(
            "drill_late",
            _("超过 35 天没有成功的恢复演练。请在空的环境里用最近的备份恢复一次。"),
            found.missing_since(DRILL),
        )


def _jobs(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    failed = [job for job in found.jobs.values() if not job.ok and job.name not in (VERIFY, BACKUP, DRILL)]
    if failed:
        names = "、".join(job.name for job in failed)
        yield Alarm(
            "job_failed",
            _("定期任务最近一次失败：%(names)s。请在日志中按任务名查找原因。") % {"names": names},
            min(job.ran_at for job in failed),
        )
    late = {name: ran for name in NIGHTLY if _late(found, ran := found.missing_since(name), NIGHT_LATE)}
    if late:
        yield Alarm(
            "job_late",
            _("定期任务超过 26 小时没有运行：%(names)s。请检查 beat 和 worker，然后补做。")
            % {"names": "、".join(late)},
            min(late.values()),
        )


def _machine(found: Vitals, lately: Lately | None) -> Iterator[Alarm]:
    if abs(found.skew) > MOST_SKEW:
        yield Alarm(
            "clock_skew",
            _("本进程的时钟与数据库相差 %(n)d 秒。请检查两台机器的对时。") % {"n": found.skew.total_seconds()},
            found.at,
        )
    silent = {queue: heard for queue, heard in found.silent_queues.items() if _late(found, heard, WORKER_SILENT)}
    if silent:
        yield Alarm(
            "worker_silent",
            _("worker 超过 2 分钟没有从队列 %(queues)s 取过任务。请重启 worker。") % {"queues": "、".join(silent)},
            min(silent.values()),
        )


def _late(found: Vitals, since: datetime, most: timedelta) -> bool:
    return found.at - since > most
