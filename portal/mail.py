"""Mail from queued work: each message by its own key, sent once, and with the same Message-ID should it be sent again."""

import hashlib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction

from . import faults
from .clock import DatabaseClock
from .models import SentMail


def send(subject: str, text: str, html: str, to: list[str], key: str) -> bool:
    """The mail server has taken the message with this key, now or earlier. Source: E6.35.

    The mark is written in the transaction around the call, and two who send the same key wait for each other. A crash after
    sending and before the commit costs one duplicate, whose Message-ID lets mail programs show it once. `subject` names no
    person (E12.58); `html` may be empty.
    Returns: whether it was sent now. Raises: OSError, SMTPException when the server refuses or stays silent.
    """
    with transaction.atomic():
        if not _is_ours_to_send(key):
            return False
        headers = {"Message-ID": message_id(key), "Auto-Submitted": "auto-generated"}
        message = EmailMultiAlternatives(subject, text, to=to, headers=headers)
        if html:
            message.attach_alternative(html, "text/html")
        faults.reach("mail.before_send")
        message.send()
        faults.reach("mail.after_send")
        SentMail.objects.filter(key=key).update(sent_at=DatabaseClock())
    return True


def message_id(key: str) -> str:
    """The same for the same key, in this portal only."""
    digest = hashlib.sha256(f"{settings.SITE_URL}\n{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{urlsplit(settings.SITE_URL).hostname}>"


def _is_ours_to_send(key: str) -> bool:
    """The key has a row, locked until the commit, and was not sent. Somebody else's unfinished row is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_sentmail (key, message_id) VALUES (%s, %s) ON CONFLICT (key) DO NOTHING",
            [key, message_id(key)],
        )
    return SentMail.objects.select_for_update().get(key=key).sent_at is None
