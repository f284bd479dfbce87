"""Mail from queued work: once for each key, the same Message-ID again after a crash, and patient with no silent server."""

import socket
import threading
from contextlib import closing, contextmanager

import pytest
from django.core import mail as django_mail
from django.db import transaction

from portal import faults, mail, outbox
from portal.models import OutboxEntry, SentMail
from tests.concurrency import at_once

TO = ["shen@example.com"]


def send(key="notice:1", html=""):
    return mail.send("诚量：通知", "正文", html, TO, key)


@contextmanager
def smtp(talk):
    """A server on loopback that does `talk(connection)` with whoever comes. Yields its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        held = []

        def accept():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                held.append(connection)
                talk(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in held:
            connection.close()


def use(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = ""


@pytest.fixture
def notice(monkeypatch):
    """Work that sends one mail."""
    monkeypatch.setattr(outbox, "KINDS", dict(outbox.KINDS))

    @outbox.work(queue="mail")
    def notice(target_id: int) -> None:
        send(f"notice:{target_id}")

    return notice


@pytest.mark.django_db
def test_a_mail_is_sent_once_for_its_key():
    assert (send(), send(), send("notice:2")) == (True, False, True)
    assert len(django_mail.outbox) == 2


@pytest.mark.django_db
def test_the_mark_holds_neither_address_nor_text():
    send()
    assert {field.name for field in SentMail._meta.fields} == {"id", "key", "message_id", "created_at", "sent_at"}
    assert SentMail.objects.get().sent_at is not None


@pytest.mark.django_db
def test_a_mail_has_the_message_id_of_its_key_and_says_that_nobody_wrote_it():
    send()
    (message,) = django_mail.outbox
    assert message.extra_headers["Message-ID"] == mail.message_id("notice:1") != mail.message_id("notice:2")
    assert message.message()["Auto-Submitted"] == "auto-generated"


@pytest.mark.django_db
def test_a_mail_with_html_carries_both():
    send(html="<p>正文</p>")
    assert [kind for _text, kind in django_mail.outbox[0].alternatives] == ["text/html"]


@pytest.mark.django_db
def test_a_crash_right_after_sending_costs_one_duplicate_with_the_same_message_id(settings):
    settings.FAULTPOINTS = "mail.after_send=raise"
    with pytest.raises(faults.Fault), transaction.atomic():
        send()
    settings.FAULTPOINTS = ""
    assert (send(), send()) == (True, False)
    first, second = django_mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


@pytest.mark.django_db(transaction=True)
def test_two_who_send_one_key_at_once_send_one_mail():
    assert sorted(at_once(send, send, send)) == [False, False, True]


@pytest.mark.django_db
def test_a_server_that_accepts_and_says_nothing_holds_the_worker_up_for_the_timeout_only(notice, settings):
    entry = outbox.enqueue(notice, 7, institution_id=None)
    with smtp(lambda connection: None) as port:
        use(settings, port)
        outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == (OutboxEntry.State.PENDING, 1)
    assert "timed out" in entry.last_error
    assert not SentMail.objects.exists()


@pytest.mark.django_db
def test_a_server_that_hangs_up_leaves_the_mail_to_be_sent_later(notice, settings):
    entry = outbox.enqueue(notice, 7, institution_id=None)
    with smtp(lambda connection: connection.close()) as port:
        use(settings, port)
        outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert (entry.state, SentMail.objects.count()) == (OutboxEntry.State.PENDING, 0)


def test_every_mail_server_has_a_timeout():
    from config import environment

    assert environment.mail("smtp://mail.example.com:587")["EMAIL_TIMEOUT"] <= 10
