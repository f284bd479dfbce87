"""The digest: one mail to one recipient about the alerts of one day, sent once, every attempt kept."""

from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from . import mail
from .clock import DatabaseClock, StatementClock
from .inbox import waiting
from .models import Alert, Delivery, DeliveryAttempt, OutboxEntry
from .outbox import MOST_ATTEMPTS, enqueue, work
from .recipients import recipients, told

State = Delivery.State
FIRST_WAIT = timedelta(minutes=1)
MOST_IN_A_MAIL = 100


# What was found while nobody could be told is told within this time; what is older is on the page only.
TOLD_WITHIN = timedelta(days=7)


def tell(institution: Any, on: date) -> int:
    """Each recipient has one digest for the day about what nobody told it yet, and the work that sends it is queued.

    Told are alerts of things that are still due, that nobody has acknowledged and that are not put off: by role those of
    the last days and those whose 推迟 has ended, and what has been assigned to the recipient since its last digest.
    Needs the institution's scope. Two at a time wait for each other. Returns: how many digests are new.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('digests'), %s::int)", [institution.pk])
    news = _latest_of_each_thing(institution, on)
    if not news:
        return 0
    heard, had_today = _told_before(institution, on)
    duties = told(institution.pk, on)
    blank = []
    for user_id, rules in sorted(duties.items()):
        mine = [row for row in news if _is_news_to(user_id, row, rules, heard.get((user_id, row.pk)))]
        if mine and user_id not in had_today:
            ids = [row.pk for row in mine]
            blank.append(Delivery(institution=institution, user_id=user_id, day=on, alerts=ids))
    for delivery in Delivery.objects.bulk_create(blank):
        enqueue(send_digest, delivery.pk, institution_id=institution.pk)
    return len(blank)


def _latest_of_each_thing(institution: Any, on: date) -> list[Alert]:
    """Of each thing that waits and of which there may be news, the latest alert."""
    since = StatementClock() - TOLD_WITHIN
    fresh = Q(found_at__gt=since) | Q(assigned_at__gt=since) | Q(snoozed_until__gt=on - TOLD_WITHIN)
    rows = waiting(Alert.objects.filter(fresh, institution=institution), on).order_by("due_on", "pk")
    return list({(row.rule, row.target_id, row.due_on): row for row in rows}.values())


def _told_before(institution: Any, on: date) -> tuple[dict[tuple[int, int], tuple[date, datetime]], set[int]]:
    """(user, alert) -> day and instant of the last digest that told of it, in the last two weeks; users who had today's."""
    heard, had_today = {}, set()
    known = Delivery.objects.filter(institution=institution, day__gte=on - 2 * TOLD_WITHIN).order_by("day", "pk")
    for user_id, day, at, alerts in known.values_list("user_id", "day", "created_at", "alerts"):
        heard.update({(user_id, alert): (day, at) for alert in alerts})
        if day == on:
            had_today.add(user_id)
    return heard, had_today


def _is_news_to(user_id: int, row: Alert, rules: set[str], heard: tuple[date, datetime] | None) -> bool:
    is_assigned = row.assigned_to_id == user_id
    if not is_assigned and row.rule not in rules:
        return False
    if heard is None:
        return True
    day, at = heard
    if row.snoozed_until and day < row.snoozed_until:
        return True
    return is_assigned and row.assigned_at is not None and at < row.assigned_at


@work(queue="mail")
def send_digest(delivery_id: int) -> None:
    """The recipient has the mail of this delivery once, or the delivery says why not; twice is harmless.

    A refusing or silent mail server is an attempt: it is counted on the delivery and tried again later, each time twice as
    late, MOST_ATTEMPTS times in all. Nothing goes to somebody who has left. Source: E6.35, E2.10.
    """
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("institution").get(pk=delivery_id)
    if delivery.state != State.PENDING:
        return
    people = {person.user_id: person for person in recipients(delivery.institution_id)}
    recipient = people.get(delivery.user_id)
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
        _keep_attempt(delivery, DeliveryAttempt.Outcome.REFUSED, delivery.last_error)
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
        _keep_attempt(delivery, DeliveryAttempt.Outcome.SENT)


def _keep_attempt(delivery: Delivery, outcome: str, error: str = "") -> None:
    DeliveryAttempt.objects.create(
        institution_id=delivery.institution_id, delivery=delivery, outcome=outcome, error=error
    )


def written(delivery: Delivery) -> tuple[str, str, str]:
    """Subject, text and HTML. The subject names no person and no thing. Source: E12.58."""
    rows = Alert.objects.filter(institution_id=delivery.institution_id, pk__in=delivery.alerts).order_by("due_on", "pk")
    entries = [_entry(row, (row.due_on - delivery.day).days) for row in rows]
    context = {
        "institution": delivery.institution.name,
        "day": delivery.day,
        "count": len(entries),
        "groups": _grouped(entries[:MOST_IN_A_MAIL]),
        "more": max(0, len(entries) - MOST_IN_A_MAIL),
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
            groups.append({"title": title, "entries": inside, "over": last == -1})
    return groups
