"""How this app's states, numbers and changes are called on a page."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Field, JSONField
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.models import AuditEntry
from portal.permissions import ROLE_TITLES, SECOND_FACTOR_ROLES

from .models import Authorisation, Employment, Invitation, Membership, Method, Qualification, ScopeItem

DUE = timedelta(days=60)


def validity(row: Any, day: date) -> dict[str, str]:
    """A badge cell for a row with `valid_from` and `valid_until`."""
    if day < row.valid_from:
        return {"badge": "planned", "text": _("尚未生效")}
    if row.valid_until is None:
        return {"badge": "valid", "text": _("有效")}
    left = (row.valid_until - day).days
    if left < 0:
        return {"badge": "expired", "text": _("已失效 %(days)d 天") % {"days": -left}}
    if left <= DUE.days:
        return {"badge": "due", "text": _("剩 %(days)d 天") % {"days": left}}
    return {"badge": "valid", "text": _("有效")}


def qualification_state(row: Qualification, day: date) -> dict[str, str]:
    """A badge cell for a qualification: what its state and its dates say about the day."""
    if row.state != Qualification.State.VALID:
        return {"badge": row.state, "text": row.get_state_display()}
    return validity(row, day)


def scope_state(row: ScopeItem, day: date) -> dict[str, str]:
    """A badge cell for a line of scope: what its state, its dates and its qualification say about the day."""
    if row.state != ScopeItem.State.ACTIVE:
        return {"badge": row.state, "text": row.get_state_display()}
    if not row.qualification.valid_on(day):
        return {"badge": "suspended", "text": _("资质无效")}
    return validity(row, day)


def authorisation_state(row: Authorisation, day: date) -> dict[str, str]:
    """A badge cell for an authorisation: proposed, turned down, revoked, suspended, or what its dates say."""
    if row.state in Authorisation.NOT_GRANTED:
        proposed = row.state == Authorisation.State.PROPOSED
        return {"badge": "submitted" if proposed else "off", "text": row.get_state_display()}
    if row.revoked_on and row.revoked_on <= day:
        return {"badge": "revoked", "text": _("%(day)s 撤销") % {"day": day_text(row.revoked_on)}}
    if row.suspended_on and row.suspended_on <= day:
        return {"badge": "suspended", "text": _("%(day)s 起暂停") % {"day": day_text(row.suspended_on)}}
    if row.holds_until and row.holds_until < day:
        return {"badge": "suspended", "text": _("条件在 %(day)s 后不再满足") % {"day": day_text(row.holds_until)}}
    return validity(row, day)


def employment_state(row: Employment, day: date) -> dict[str, str]:
    """A badge cell: working here that day, not yet, or no longer; or recorded in error."""
    if row.state == Employment.State.WITHDRAWN:
        return {"badge": "withdrawn", "text": row.get_state_display()}
    if row.active_on(day):
        return {"badge": "active", "text": _("在职")}
    return (
        {"badge": "planned", "text": _("尚未入职")} if day < row.started_on else {"badge": "ended", "text": _("已离职")}
    )


def method_state(method: Method, day: date) -> dict[str, str]:
    """A badge cell: in force that day, not yet, or abolished and by what it is replaced."""
    if method.in_force_on(day):
        if method.note and not method.status_checked:
            return {"badge": "undetermined", "text": _("待查新")}
        return {"badge": "current", "text": _("现行有效")}
    if day < method.in_force_from:
        return {"badge": "planned", "text": _("未实施")}
    if method.replaced_by:
        return {"badge": "bad", "text": _("已被 %(code)s 代替") % {"code": method.replaced_by}}
    return {"badge": "bad", "text": _("已废止")}


def invitation_state(row: Invitation, now: datetime) -> dict[str, str]:
    """A badge cell: open, run out, accepted or withdrawn."""
    if row.state == Invitation.State.SENT and row.expires_at < now:
        return {"badge": "expired", "text": _("已过期")}
    tone = {Invitation.State.SENT: "sent", Invitation.State.ACCEPTED: "accepted"}.get(row.state, "off")
    return {"badge": tone, "text": row.get_state_display()}


def membership_state(row: Membership) -> dict[str, str]:
    """A badge cell: may come in, no longer a member, or the account is frozen."""
    if row.state == Membership.State.ACTIVE and row.user.frozen_at:
        return {"badge": "restricted", "text": _("已冻结")}
    return {"badge": row.state, "text": row.get_state_display()}


def factor_state(row: Membership) -> dict[str, str]:
    """A cell: whether the member has a second factor, and whether one is missing that its roles ask for."""
    factor = getattr(row.user, "second_factor", None)
    if factor is not None and factor.confirmed_at:
        return {"tone": "ok", "text": _("已设置")}
    if factor is not None:
        return {"tone": "due", "text": _("已移除，待重设")}
    if SECOND_FACTOR_ROLES.intersection(row.roles):
        return {"tone": "due", "text": _("未设置，登录时要求")}
    return {"tone": "off", "text": _("未设置")}


def changes_text(entry: AuditEntry) -> str:
    """What an act changed, in words: field, old value, new value; for a refused one the reasons.

    A new row is named by its object; its first values stand on its own page. Left out is what tells a person nothing:
    references by number, structured data, and fields without a name of their own.
    """
    if "refused" in entry.changes:
        return " ".join(f"{sentence}（{clause}）" for clause, sentence in entry.changes["refused"])
    if not entry.target:
        return "；".join(str(new) for _old, new in entry.changes.values())
    if entry.succeeded and not entry.was and all(old == "" for old, _new in entry.changes.values()):
        return ""
    told = (_change(entry.target, name, old, new) for name, (old, new) in entry.changes.items())
    return "；".join(filter(None, told))


def _change(target: str, name: str, old: str, new: str) -> str:
    try:
        field = apps.get_model(target)._meta.get_field(name)
    except (LookupError, FieldDoesNotExist):
        return ""
    label = _("状态") if name == "state" else str(field.verbose_name)
    if field.is_relation or isinstance(field, JSONField) or label == name.replace("_", " "):
        return ""
    old, new = _readable(field, old), _readable(field, new)
    return f"{label}：{old} → {new}" if old else f"{label}：{new}"


def _readable(field: Field, text: str) -> str:
    """A stored value as a person knows it: the word of a choice, the roles of a list, an instant in local time."""
    if field.choices:
        return str(dict(field.flatchoices).get(text, text))
    if isinstance(field, ArrayField):
        return "、".join(str(ROLE_TITLES.get(item, item)) for item in re.findall(r"\w+", text))
    if isinstance(field, DateTimeField) and text:
        return f"{timezone.localtime(parse_datetime(text)):%Y-%m-%d %H:%M}"
    return text


# What tells a browser and a system, the special before the general: Edge also calls itself Chrome, Chrome Safari.
BROWSERS = (
    ("MicroMessenger", "微信"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "鸿蒙"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(agent: str) -> str:
    """A User-Agent header in words, as far as it is one of the usual ones: "Chrome，Windows"."""
    found = (next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS))
    return "，".join(filter(None, found)) or _("未知浏览器")


def day_text(day: date | None) -> str:
    """A last valid day; none means for good."""
    return day.isoformat() if day else _("长期")
