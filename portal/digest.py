"""The digest: one mail to one recipient about the alerts of one day, sent once, its attempts on the Delivery."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from . import mail
from .clock import DatabaseClock
from .models import Alert, Delivery, OutboxEntry
from .outbox import MOST_ATTEMPTS, enqueue, work
from .permissions import Role

State = Delivery.State
FIRST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Recipient:
    """A member who can be written to now: an open account and an active membership."""

    user_id: int
    email: str
    roles: tuple[Role, ...]


Resolver = Callable[[int], Iterable[Recipient]]
_resolvers: list[Resolver] = []


def recipients_from(resolver: Resolver) -> None:
    """This function tells, from now on, who the members of an institution are, inside the institution's scope."""
    _resolvers[:] = [resolver]


def recipients(institution_id: int) -> list[Recipient]:
    """Everybody of the institution who can be written to now."""
    return [recipient for resolver in _resolvers for recipient in resolver(institution_id)]


@work(queue="mail")
def send_digest(delivery_id: int) -> None:
    """The recipient has the mail of this delivery once, or the delivery says why not; twice is harmless.

    A refusing or silent mail server is an attempt: it is counted on the delivery and tried again later, each time twice as
    late, MOST_ATTEMPTS times in all. Nothing goes to somebody who has left. Source: E6.35, E2.10.
    """
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("institution").get(pk=delivery_id)
    if delivery.state != State.PENDING:
        return
    known = {recipient.user_id: recipient for recipient in recipients(delivery.institution_id)}
    recipient = known.get(delivery.user_id)
    if recipient is None:
        _close(delivery, _("成员或账户已停用，没有发送。"))
    elif not recipient.email:
        _close(delivery, _("账户没有电子邮箱，没有发送。请在账户中填写邮箱。"))
    else:
        _attempt(delivery, recipient.email)


def _close(delivery: Delivery, why: str) -> None:
    delivery.state, delivery.last_error = State.FAILED, why
    delivery.save(update_fields=["state", "last_error"])


def _attempt(delivery: Delivery, address: str) -> None:
    delivery.attempts += 1
    try:
        mail.send(*written(delivery), to=[address], key=f"digest-{delivery.pk}")
    except (OSError, SMTPException) as error:
        delivery.last_error = f"{type(error).__name__}: {error}".replace(address, "…")[:300]
        if delivery.attempts >= MOST_ATTEMPTS:
            delivery.state = State.FAILED
        else:
            again = enqueue(send_digest, delivery.pk, institution_id=delivery.institution_id)
            wait = FIRST_WAIT * 2 ** (delivery.attempts - 1)
            OutboxEntry.objects.filter(pk=again.pk).update(due_at=DatabaseClock() + wait)
        delivery.save(update_fields=["attempts", "last_error", "state"])
    else:
        delivery.state, delivery.last_error, delivery.sent_at = State.SENT, "", DatabaseClock()
        delivery.save(update_fields=["attempts", "last_error", "state", "sent_at"])


def written(delivery: Delivery) -> tuple[str, str, str]:
    """Subject, text and HTML. The subject names no person and no thing. Source: E12.58."""
    rows = Alert.objects.filter(institution_id=delivery.institution_id, pk__in=delivery.alerts).order_by("due_on", "pk")
    entries = [_entry(row, (row.due_on - delivery.day).days) for row in rows]
    context = {
        "institution": delivery.institution.name,
        "day": delivery.day,
        "count": len(entries),
        "groups": _grouped(entries),
        "inbox": settings.SITE_URL + reverse("portal:alerts", args=[delivery.institution.slug]),
    }
    subject = _("【诚量】%(count)d 项到期提醒 · %(day)s") % {"count": len(entries), "day": delivery.day.isoformat()}
    if all(entry["left"] < 0 for entry in entries):
        subject = _("【诚量】%(count)d 项已过期 · %(day)s") % {"count": len(entries), "day": delivery.day.isoformat()}
    return subject, render_to_string("mail/digest.txt", context), render_to_string("mail/digest.html", context)


def _entry(row: Alert, left: int) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "url": settings.SITE_URL + row.link if row.link else "",
        "left": left,
        "day": "" if row.due_on.year == 1 else row.due_on.isoformat(),
        "words": left_words(row.due_on.year, left),
    }


def left_words(year: int, left: int) -> str:
    """What remains, in words. A thing due in year 1 never had its time."""
    if year == 1:
        return _("没有记录")
    if left < 0:
        return _("已过期 %(days)d 天") % {"days": -left}
    return _("还有 %(days)d 天") % {"days": left} if left else _("今天到期")


def _grouped(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries by how much time is left, the most urgent group first, empty groups left out."""
    limits = ((_("已过期"), -1), (_("7 天内"), 7), (_("30 天内"), 30), (_("60 天内"), 60), (_("更晚"), None))
    groups, rest = [], entries
    for title, last in limits:
        inside = [entry for entry in rest if last is None or entry["left"] <= last]
        rest = [entry for entry in rest if entry not in inside]
        if inside:
            groups.append({"title": title, "entries": inside})
    return groups
