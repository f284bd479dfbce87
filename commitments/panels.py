"""What this app puts on the today page."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Institution
from portal.actors import Actor
from portal.permissions import Permission
from portal.today import Panel, panel

from . import shown
from .models import Commitment, Hearing, Remediation
from .pledge_page import Found, found_by

S, R = Commitment.State, Remediation.State
KEEP, SIGN = Permission.PLEDGE_KEEP, Permission.PLEDGE_SIGN
Line = dict[str, Any]


@panel(order=12)
def pledge(actor: Actor, institution: Institution, day: date) -> Panel | None:
    """What of the pledge waits for this person: a hearing, the confirmation, the next step, remediation. Five queries at most."""
    if not (actor.may(KEEP) or actor.may(SIGN)):
        return None
    found = found_by(actor)
    lines = [
        line
        for line in (_hearing(actor, found), _confirmation(found, day), _making(actor, found), _remedy(actor, found))
        if line
    ]
    if not lines and found.public is None and found.making is None and found.last is None and actor.may(KEEP):
        lines = [_line("off", _("还没有公开的承诺"), _("起草、核对、签署、公开以后，客户扫码就能看到"))]
    return Panel("commitments/_today.html", {"lines": lines}, side=True) if lines else None


def _line(tone: str, text: str, note: str, part: str = "") -> Line:
    return {"tone": tone, "text": text, "note": note, "part": part}


def _hearing(actor: Actor, found: Found) -> Line | None:
    about = found.public or (found.last and found.last.commitment)
    if about is None:
        return None
    row = Hearing.objects.visible_to(actor).filter(commitment=about, state=Hearing.State.NOTICED).first()
    if row is None:
        return None
    said = {"day": row.answer_by}
    return _line("bad", _("主管部门拟撤销承诺"), _("请在 %(day)s 前陈述") % said, "hearing")


def _confirmation(found: Found, day: date) -> Line | None:
    row = found.public
    if row is None or row.confirm_by - timedelta(days=shown.SOON) > day:
        return None
    if row.is_overdue(day):
        return _line("bad", _("承诺逾期未确认"), _("应在 %(day)s 前确认") % {"day": row.confirm_by}, "confirm")
    left = {"n": (row.confirm_by - day).days, "day": row.confirm_by}
    return _line("due", _("承诺该年度确认了"), _("%(day)s 前，剩 %(n)d 天") % left, "confirm")


def _making(actor: Actor, found: Found) -> Line | None:
    """The next step, for whoever takes it; whoever drew a draft up does not check it."""
    row = found.making
    if row is None:
        return None
    if row.state == S.DRAFT and actor.may(KEEP) and actor.employment_id != row.made_by_id:
        who = {"who": row.made_by.name if row.made_by else "—", "day": timezone.localdate(row.made_at)}
        return _line("progress", _("承诺书等您核对"), _("%(who)s %(day)s 起草") % who, "step")
    if row.state == S.CHECKED and actor.may(SIGN):
        return _line("progress", _("承诺书等您签署"), _("核对已完成，请读过全文后签署"), "step")
    if row.state == S.CHECKED:
        return _line("progress", _("承诺书等待签署"), _("法定代表人在线签署，或上传签章扫描件"), "step")
    if row.state == S.SIGNED and actor.may(KEEP):
        return _line("progress", _("承诺书已签署，可以公开"), _("公开后客户扫码就能看到"), "step")
    return None


def _remedy(actor: Actor, found: Found) -> Line | None:
    ended = found.to_remedy
    if ended is None:
        return None
    state = Remediation.objects.visible_to(actor).filter(withdrawal=ended).values_list("state", flat=True).first()
    if state in (R.SUBMITTED, R.ACCEPTED):
        return None
    word = {None: _("请开始整改"), R.DRAFT: _("整改还没有提交"), R.RETURNED: _("整改已退回，请补充")}[state]
    said = {"day": timezone.localdate(ended.withdrawn_at), "why": ended.get_cause_display()}
    return _line("bad", _("承诺已撤销：%(word)s") % {"word": word}, _("%(day)s，%(why)s") % said, "remedy")
