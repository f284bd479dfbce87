"""Alerts are made once for each threshold, told once, in one mail a day, to those whose role it is."""

import json
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.mail.backends import locmem
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Case, DateField, IntegerField, Value, When
from django.db.models.functions import Cast
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from institutions.models import Membership, Site
from portal import alerts, digest, due_functions, duelists, inbox, outbox, panels
from portal.alerts import scan
from portal.duelists import Watch, due_list, page, says
from portal.models import Alert, AuditEntry, Delivery, DeliveryAttempt, JobRun, OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
THRESHOLDS = (60, 30, 7, 0)


class Dates(dict):
    """Name of a site -> the day on which it is due. The rule sees what is written here at once."""

    def watch(self):
        days = [When(name=name, then=Value(day)) for name, day in self.items()]
        due_on = Case(*days, default=None, output_field=DateField())
        return Watch(
            rows=Site.objects.all(),
            due_on=due_on,
            subject=says("%(name)s到期", name="name"),
            link=page("portal:alerts"),
        )


@pytest.fixture
def dates(monkeypatch):
    """The only rule there is watches the sites named here: name -> due date."""
    known = Dates()
    monkeypatch.setattr(duelists, "RULES", {})
    due_list("tests.site", title="场所", thresholds=THRESHOLDS, recipients=(Role.QUALITY_MANAGER,))(known.watch)
    return known


def manager(lab, *roles, email="qm@example.com", **kwargs):
    account = make.user(lab, *(roles or (Role.QUALITY_MANAGER,)), **kwargs)
    account.email = email
    account.save(update_fields=["email"])
    return account


@pytest.fixture
def lab(db, dates):
    institution = make.institution()
    make.site(institution, name="甲楼")
    dates["甲楼"] = DAY + timedelta(30)
    return institution


def kept(lab, table=Alert):
    with tenant(lab.pk):
        return list(table.objects.filter(institution=lab).order_by("pk"))


def actor(lab, *roles):
    return make.actor(lab, *roles)


# --- thresholds


@pytest.mark.parametrize(
    ("left", "threshold"),
    [
        (61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-1, 0), (-6, 0), (-7, -7),
        (-13, -7), (-14, -14), (-28, -28), (-35, -28), (-4000, -28),
    ],
)  # fmt: skip
def test_the_tightest_threshold_passed_speaks(lab, dates, left, threshold):
    scan(dates["甲楼"] - timedelta(left))
    assert [row.threshold for row in kept(lab)] == ([] if threshold is None else [threshold])


@pytest.mark.parametrize(
    ("due_on", "first"),
    [
        (date(2028, 2, 29), date(2027, 12, 31)),
        (date(2027, 1, 1), date(2026, 11, 2)),
        (date(2028, 4, 29), date(2028, 2, 29)),
    ],
)
def test_sixty_days_are_counted_over_leap_days_and_year_ends(lab, dates, due_on, first):
    dates["甲楼"] = due_on
    assert scan(first - timedelta(1)).alerts == 0
    assert scan(first).alerts == 1


def test_a_thing_that_enters_late_makes_one_alert(lab, dates):
    dates["甲楼"] = DAY + timedelta(3)
    scan(DAY)
    assert [row.threshold for row in kept(lab)] == [7]


def test_day_by_day_every_threshold_speaks_once(lab, dates):
    for left in range(70, -45, -1):
        scan(dates["甲楼"] - timedelta(left))
    assert [row.threshold for row in kept(lab)] == [60, 30, 7, 0, -7, -14, -21, -28]


def test_a_new_due_date_speaks_again(lab, dates):
    scan(DAY)
    dates["甲楼"] += timedelta(365)
    scan(DAY + timedelta(365))
    assert len(kept(lab)) == 2


def test_scanning_twice_is_scanning_once(lab):
    manager(lab)
    first, second = scan(DAY), scan(DAY)
    assert (first.alerts, first.digests, second.alerts, second.digests) == (1, 1, 0, 0)


def test_two_rules_with_one_name_are_refused(dates):
    with pytest.raises(ValueError, match=r"tests\.site"):
        due_list("tests.site", title="", thresholds=(1,), recipients=())(dates.watch)


def test_an_institution_that_fails_does_not_keep_the_others_waiting(lab, dates, monkeypatch):
    other = make.institution("beta")
    in_one = due_functions.in_one

    def broken(rule, institution_id, day):
        if institution_id == other.pk:
            raise ZeroDivisionError
        return in_one(rule, institution_id, day)

    monkeypatch.setattr(due_functions, "in_one", broken)
    found = scan(DAY)
    assert (found.alerts, found.failed) == (1, ("beta",))


def test_a_rule_that_fails_does_not_keep_the_others_waiting(lab, dates):
    def impossible():
        return replace(dates.watch(), subject=Cast(Value("not a number"), IntegerField()))

    due_list("tests.broken", title="坏", thresholds=(7,), recipients=())(impossible)
    duelists.RULES["tests.site"] = duelists.RULES.pop("tests.site")  # the broken one goes first
    dates["甲楼"] = DAY
    found = scan(DAY)
    assert (found.alerts, found.failed) == (1, ("alpha",))


def test_the_number_of_queries_does_not_grow_with_what_is_due(lab, dates):
    counts = []
    for more in (1, 12):
        for number in range(more):
            name = f"场所{more}-{number}"
            make.site(lab, name=name)
            dates[name] = DAY
        with CaptureQueriesContext(connection) as queries:
            scan(DAY)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- who is told


def test_a_member_without_the_role_gets_nothing(lab):
    manager(lab, Role.OPERATOR)
    assert scan(DAY).digests == 0


def test_everybody_with_the_role_gets_one_digest_for_everything(lab, dates):
    make.site(lab, name="乙楼")
    dates["乙楼"] = DAY
    people = {manager(lab).pk, manager(lab).pk}
    scan(DAY)
    assert {row.user_id for row in kept(lab, Delivery)} == people
    assert {len(row.alerts) for row in kept(lab, Delivery)} == {2}


def test_what_turns_up_later_the_same_day_is_told_the_next_day(lab, dates):
    manager(lab)
    scan(DAY)
    make.site(lab, name="乙楼")
    dates["乙楼"] = DAY + timedelta(1)
    assert scan(DAY).failed == ()
    scan(DAY + timedelta(1))
    first, second = kept(lab, Delivery)
    assert (len(first.alerts), len(second.alerts)) == (1, 1)
    assert first.alerts != second.alerts


def test_what_has_been_dealt_with_is_not_told(lab, dates):
    make.site(lab, name="乙楼")
    dates["乙楼"] = DAY + timedelta(5)
    scan(DAY)  # nobody is there to be told
    manager(lab)
    dates["甲楼"] += timedelta(365)
    scan(DAY + timedelta(1))
    (delivery,) = kept(lab, Delivery)
    assert [row.subject for row in kept(lab) if row.pk in delivery.alerts] == ["乙楼到期"]


def test_another_institution_is_never_mentioned(lab, dates):
    other = make.institution("beta")
    make.site(other, name="外院机密")
    dates["外院机密"] = DAY
    manager(lab)
    scan(DAY)
    outbox.drain()
    (message,) = mail.outbox
    assert "甲楼到期" in message.body
    assert "外院机密" not in message.body + message.alternatives[0][0]


# --- the mail


@pytest.fixture
def delivery(lab, dates):
    make.site(lab, name="乙楼")
    make.site(lab, name="丙楼")
    dates["乙楼"], dates["丙楼"] = DAY - timedelta(2), DAY + timedelta(5)
    manager(lab)
    scan(DAY)
    (row,) = kept(lab, Delivery)
    return row


def attempt(delivery):
    """One attempt of the work, as the outbox makes it."""
    with tenant(delivery.institution_id):
        digest.send_digest(delivery.pk)
    return make.fresh(delivery)


def test_the_digest_is_one_mail_with_the_urgent_things_first(delivery):
    outbox.drain()
    (message,) = mail.outbox
    html = message.alternatives[0][0]
    assert message.to == ["qm@example.com"]
    assert message.subject == "【诚量】3 项到期提醒 · 2026-03-10"
    for text in (message.body, html):
        places = [text.index(group) for group in ("已过期", "7 天内", "30 天内")]
        assert places == sorted(places)
        assert "/i/alpha/alerts/" in text and "alpha计量院" in text
    assert "style=" not in html


def test_a_long_digest_says_how_many_more_there_are(delivery, monkeypatch):
    monkeypatch.setattr(digest, "MOST_IN_A_MAIL", 2)
    outbox.drain()
    (message,) = mail.outbox
    for text in (message.body, message.alternatives[0][0]):
        assert "另有 1 项" in text and "甲楼到期" not in text


def test_a_subject_names_neither_thing_nor_person(delivery):
    outbox.drain()
    assert not [name for name in ("甲楼", "乙楼", "alpha") if name in mail.outbox[0].subject]


def test_a_sent_digest_knows_when(delivery):
    row = attempt(delivery)
    assert (row.state, row.attempts, row.last_error) == (Delivery.State.SENT, 1, "")
    assert row.sent_at is not None


def test_work_that_runs_again_after_a_crash_sends_no_second_mail(delivery):
    attempt(delivery)
    with tenant(delivery.institution_id):  # as if the crash had lost what became of it
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.PENDING, attempts=0)
    row = attempt(delivery)
    assert (len(mail.outbox), row.state) == (1, Delivery.State.SENT)


def test_what_a_scan_could_not_tell_any_more_the_next_one_tells(lab, monkeypatch):
    manager(lab)
    with monkeypatch.context() as patch:
        patch.setattr(digest, "enqueue", lambda *args, **kwargs: 1 / 0)
        assert scan(DAY).failed == ("alpha",)
    assert kept(lab, Delivery) == []
    scan(DAY)
    outbox.drain()
    assert len(mail.outbox) == 1


@pytest.fixture
def smtp_down(monkeypatch):
    def refuse(self, messages):
        raise SMTPServerDisconnected("qm@example.com: server went away")

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", refuse)


def test_a_mail_server_that_is_down_is_an_attempt_and_another_follows(delivery, smtp_down):
    OutboxEntry.objects.update(state=OutboxEntry.State.DONE)
    row = attempt(delivery)
    assert (row.state, row.attempts) == (Delivery.State.PENDING, 1)
    assert "SMTPServerDisconnected" in row.last_error and "qm@example.com" not in row.last_error
    again = OutboxEntry.objects.get(state=OutboxEntry.State.PENDING, task="portal.send_digest")
    assert again.due_at > timezone.now() + timedelta(seconds=30)


def test_after_the_last_attempt_the_digest_has_failed(delivery, smtp_down):
    for _number in range(outbox.MOST_ATTEMPTS):
        row = attempt(delivery)
    assert (row.state, row.attempts) == (Delivery.State.FAILED, outbox.MOST_ATTEMPTS)


def test_the_mail_goes_out_once_the_server_is_back(delivery, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", lambda *_: (_ for _ in ()).throw(OSError("no route")))
        attempt(delivery)
    row = attempt(delivery)
    assert (len(mail.outbox), row.state, row.attempts, row.last_error) == (1, Delivery.State.SENT, 2, "")


@pytest.mark.parametrize("change", ["membership", "inactive", "frozen"])
def test_nothing_is_sent_to_somebody_who_has_left(delivery, change):
    with tenant(delivery.institution_id):
        if change == "membership":
            Membership.objects.filter(user=delivery.user).update(state=Membership.State.ENDED)
        else:
            values = {"is_active": False} if change == "inactive" else {"frozen_at": timezone.now()}
            type(delivery.user)._base_manager.filter(pk=delivery.user_id).update(**values)
    row = attempt(delivery)
    assert (len(mail.outbox), row.state) == (0, Delivery.State.FAILED)
    assert "停用" in row.last_error


def test_an_account_without_an_address_is_told_apart(lab):
    manager(lab, email="")
    scan(DAY)
    row = attempt(kept(lab, Delivery)[0])
    assert row.state == Delivery.State.FAILED
    assert "没有电子邮箱" in row.last_error


# --- the command and the heartbeat


def test_the_command_reports_what_it_made(lab):
    manager(lab)
    out = StringIO()
    call_command("scan_due", "--on", DAY.isoformat(), "--json", stdout=out)
    assert json.loads(out.getvalue()) == {
        "on": "2026-03-10", "institutions": 1, "alerts": 1, "settled": 0, "digests": 1, "failed": [],
    }  # fmt: skip


def test_the_command_run_twice_for_a_day_sends_one_mail(lab):
    manager(lab)
    for _time in range(2):
        call_command("scan_due", "--on", DAY.isoformat(), stdout=StringIO())
        outbox.drain()
    assert len(mail.outbox) == 1
    assert (len(kept(lab)), len(kept(lab, Delivery)), len(kept(lab, DeliveryAttempt))) == (1, 1, 1)


def test_in_production_nobody_is_told_today_of_a_day_to_come(lab, settings):
    manager(lab)
    settings.PRODUCTION = True
    call_command("scan_due", "--on", DAY.isoformat(), stdout=StringIO())
    with pytest.raises(CommandError, match="has not come yet"):
        call_command("scan_due", "--on", (timezone.localdate() + timedelta(1)).isoformat())
    assert {row.day for row in kept(lab, Delivery)} == {DAY}


@pytest.mark.parametrize("command", ["scan_due", "clauses"])
def test_a_day_that_is_none_is_answered_with_how_to_write_it(command):
    with pytest.raises(CommandError, match="2026-13-40 is no day; write it like 2026-03-09"):
        call_command(command, "--on", "2026-13-40")


def test_a_sentence_whose_last_fact_is_empty_ends_without_a_space(lab):
    with tenant(lab.pk):
        said = says("声明到期：%(kind)s %(signer)s", kind="name", signer=Value(""))
        assert Site.objects.annotate(said=said).first().said == f"声明到期：{Site.objects.first().name}"


def test_the_database_knows_when_the_scan_ran(lab):
    alerts.scan_due()
    run = JobRun.objects.get(name="scan_due")
    assert run.ok and "机构 1 家" in run.note


def test_a_scan_that_failed_somewhere_is_noted_as_failed(lab, monkeypatch):
    monkeypatch.setattr(digest, "tell", lambda *_: 1 / 0)
    with pytest.raises(CommandError, match="alpha"):
        call_command("scan_due")
    assert not JobRun.objects.get(name="scan_due").ok
    assert panels.pulse()["tone"] == "bad"


def ran(**ago):
    JobRun.note_run("scan_due")
    JobRun.objects.filter(name="scan_due").update(ran_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize(("hours", "tone"), [(0, "ok"), (25, "ok"), (27, "bad")])
def test_a_scan_silent_for_more_than_26_hours_is_red(db, hours, tone):
    ran(hours=hours)
    assert panels.pulse()["tone"] == tone


def test_a_database_of_the_first_day_has_not_scanned_yet(db, owner_connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(applied) > now() - interval '26 hours' FROM django_migrations")
        young = cursor.fetchone()[0]
    assert panels.pulse()["tone"] == ("progress" if young else "bad")


def test_the_first_page_of_the_day_is_red_when_the_scan_is_silent(lab, client):
    ran(hours=27)
    client.force_login(manager(lab))
    page = client.get(reverse("institutions:today", args=["alpha"])).content.decode()
    assert "提醒停了" in page


# --- the inbox


def open_inbox(client, lab, *roles, query=""):
    client.force_login(make.user(lab, *roles))
    return client.get(reverse("portal:alerts", args=[lab.slug]) + query)


def test_the_inbox_shows_the_latest_reminder_of_a_thing_only(lab, client, dates):
    scan(DAY - timedelta(30))
    scan(DAY)
    assert [row["subject"] for row in open_inbox(client, lab, "quality_manager").context["rows"]] == ["甲楼到期"]


def test_the_inbox_begins_with_what_ends_first(lab, client, dates):
    make.site(lab, name="乙楼")
    dates["乙楼"] = DAY
    scan(DAY)
    rows = open_inbox(client, lab, "quality_manager").context["rows"]
    assert [row["subject"] for row in rows] == ["乙楼到期", "甲楼到期"]


def test_a_role_that_is_not_told_has_an_empty_inbox_and_no_badge(lab, client):
    scan(DAY)
    response = open_inbox(client, lab, "operator")
    assert response.context["rows"] == []
    assert inbox.unread(actor(lab, Role.OPERATOR), DAY) == 0


def test_who_was_written_to_is_for_those_who_answer_for_it(delivery, lab, client):
    assert open_inbox(client, lab, "quality_manager").context["deliveries"]["rows"]
    assert open_inbox(client, lab, "operator").context["deliveries"] is None


def test_the_badge_counts_things_and_not_thresholds_in_two_queries(lab):
    scan(DAY - timedelta(30))
    scan(DAY)
    quality = actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk), CaptureQueriesContext(connection) as queries:
        assert inbox.unread(quality, DAY) == 1
    assert len(queries) == 2


def test_an_acknowledged_thing_is_off_the_badge_with_all_its_thresholds_and_audited(lab, client):
    scan(DAY - timedelta(30))
    scan(DAY)
    account = make.user(lab, Role.QUALITY_MANAGER)
    client.force_login(account)
    client.post(reverse("portal:alert_acknowledge", args=[lab.slug, kept(lab)[-1].ref]))
    assert {row.seen_by_id for row in kept(lab)} == {account.pk}
    with tenant(lab.pk):
        assert AuditEntry.objects.filter(institution=lab, verb="alert.acknowledge").count() == 1
        assert inbox.unread(actor(lab, Role.QUALITY_MANAGER), DAY) == 0


def test_a_second_acknowledgement_changes_nothing(lab):
    scan(DAY)
    (row,) = kept(lab)
    with tenant(lab.pk):
        first = inbox.acknowledge(row, actor=actor(lab, Role.QUALITY_MANAGER), at=make.NOON)
        second = inbox.acknowledge(row, actor=actor(lab, Role.QUALITY_MANAGER), at=make.NOON)
    assert (first, second) == (1, 0)


def test_somebody_who_is_not_told_cannot_acknowledge(lab):
    scan(DAY)
    (row,) = kept(lab)
    with tenant(lab.pk), pytest.raises(PermissionDenied):
        inbox.acknowledge(row, actor=actor(lab, Role.OPERATOR), at=make.NOON)
    assert kept(lab)[0].seen_at is None


# --- mails of a developer's machine


def test_the_mails_of_a_development_machine_can_be_read_back(db, client, settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    message = mail.EmailMultiAlternatives("标题", "正文里的话", to=["a@example.com"])
    message.attach_alternative("<b>网页里的话</b>", "text/html")
    message.send()
    page = client.get("/_mail/").content.decode()
    assert all(text in page for text in ("标题", "正文里的话", "a@example.com"))
    assert "&lt;b&gt;网页里的话" in page and "sandbox" in page
