"""What people do about a reminder: 推迟 until a day, 指派 to a member; and what the pages show of it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import duelists, inbox, outbox
from portal.alerts import scan
from portal.duelists import Watch, due_list, page, says
from portal.models import Alert, AuditEntry, Delivery, DeliveryAttempt
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON


@pytest.fixture
def lab(db, monkeypatch):
    """One site, due in thirty days, of which the quality manager is told."""
    monkeypatch.setattr(duelists, "RULES", {})
    institution = make.institution()
    make.site(institution, name="甲楼", tenure_valid_until=DAY + timedelta(30))

    def sites():
        from institutions.models import Site

        return Watch(
            rows=Site.objects.all(), due_on="tenure_valid_until",
            subject=says("%(name)s到期", name="name"), link=page("portal:alerts"),
        )  # fmt: skip

    due_list("tests.site", title="场所", thresholds=(60, 30, 7, 0), recipients=(Role.QUALITY_MANAGER,))(sites)
    scan(DAY)
    with tenant(institution.pk):
        yield institution


@pytest.fixture
def alert(lab):
    return Alert.objects.get()


def member(lab, *roles, email="a@example.com"):
    account = make.user(lab, *roles)
    type(account).objects.filter(pk=account.pk).update(email=email)
    return account


def as_actor(lab, account, *roles):
    actor = make.actor(lab, *roles)
    return type(actor)(**{**actor.__dict__, "user_id": account.pk})


@pytest.fixture
def manager(lab):
    return member(lab, Role.QUALITY_MANAGER)


@pytest.fixture
def quality(lab, manager):
    return as_actor(lab, manager, Role.QUALITY_MANAGER)


def told_on(day, account):
    scan(day)
    return Delivery.objects.filter(user=account, day=day).exists()


# --- 推迟


def test_what_is_put_off_is_not_told_before_its_day_and_again_on_it(alert, quality, manager):
    assert told_on(DAY + timedelta(1), manager)
    inbox.snooze(alert, DAY + timedelta(10), reason="已送检", actor=quality, at=NOON)
    assert not told_on(DAY + timedelta(9), manager)
    assert inbox.unread(quality, DAY + timedelta(9)) == 0
    assert told_on(DAY + timedelta(10), manager)
    assert inbox.unread(quality, DAY + timedelta(10)) == 1


def test_a_threshold_that_passes_meanwhile_stays_silent(alert, quality, manager):
    inbox.snooze(alert, DAY + timedelta(29), reason="已送检", actor=quality, at=NOON)
    assert not told_on(DAY + timedelta(24), manager)
    assert Alert.objects.count() == 2


@pytest.mark.parametrize("days", [0, -1, 31])
def test_a_day_in_the_past_or_after_the_end_is_refused(alert, quality, days):
    with pytest.raises(Refused, match="推迟不能越过到期日"):
        inbox.snooze(alert, DAY + timedelta(days), reason="x", actor=quality, at=NOON)


def test_what_is_overdue_waits_a_week_at_most(alert, quality):
    late = NOON + timedelta(40)
    inbox.snooze(alert, DAY + timedelta(47), reason="x", actor=quality, at=late)
    with pytest.raises(Refused):
        inbox.snooze(alert, DAY + timedelta(48), reason="x", actor=quality, at=late)


def test_putting_off_takes_a_reason_and_leaves_it_in_the_trail(alert, quality):
    with pytest.raises(Refused, match="为什么推迟"):
        inbox.snooze(alert, DAY + timedelta(9), reason=" ", actor=quality, at=NOON)
    inbox.snooze(alert, DAY + timedelta(9), reason="已送检", actor=quality, at=NOON)
    assert AuditEntry.objects.get(verb="alert.snooze").reason == "已送检"


def test_somebody_who_is_not_told_cannot_put_off(lab, alert):
    stranger = as_actor(lab, member(lab, Role.OPERATOR), Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        inbox.snooze(alert, DAY + timedelta(9), reason="x", actor=stranger, at=NOON)


# --- 指派


def test_who_is_assigned_is_told_in_the_next_digest_and_sees_it_beyond_the_own_roles(lab, alert, quality):
    operator = member(lab, Role.OPERATOR)
    mine = as_actor(lab, operator, Role.OPERATOR)
    assert inbox.unread(mine, DAY) == 0
    inbox.assign(alert, operator.pk, actor=quality, at=timezone.now())
    assert inbox.unread(mine, DAY) == 1
    assert told_on(DAY + timedelta(1), operator)


def test_who_was_told_before_is_told_again_when_it_is_assigned(alert, quality, manager):
    assert told_on(DAY + timedelta(1), manager)
    assert not told_on(DAY + timedelta(2), manager)
    inbox.assign(alert, manager.pk, actor=quality, at=timezone.now() + timedelta(seconds=5))
    assert told_on(DAY + timedelta(3), manager)


def test_who_is_assigned_may_acknowledge(lab, alert, quality):
    operator = member(lab, Role.OPERATOR)
    inbox.assign(alert, operator.pk, actor=quality, at=NOON)
    assert inbox.acknowledge(make.fresh(alert), actor=as_actor(lab, operator, Role.OPERATOR), at=NOON) == 1


def test_assigning_takes_the_right_to(lab, alert):
    operator = member(lab, Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        inbox.assign(alert, operator.pk, actor=as_actor(lab, operator, Role.OPERATOR), at=NOON)


def test_nobody_is_assigned_who_is_not_a_member(alert, quality):
    stranger = make.user(make.institution("beta"), Role.OPERATOR)
    with pytest.raises(Refused, match="不是有效成员"):
        inbox.assign(alert, stranger.pk, actor=quality, at=NOON)


# --- the pages


def refs(*accounts):
    return [account.memberships.get().ref for account in accounts]


def opened(client, account, show="", **query):
    client.force_login(account)
    page = client.get(reverse("portal:alerts", args=["alpha"]), {"show": show, **query})
    return [row["subject"] for row in page.context["rows"]]


def test_each_tab_of_the_inbox_holds_its_state(client, alert, quality, manager):
    assert opened(client, manager) == ["甲楼到期"]
    assert opened(client, manager, "mine") == opened(client, manager, "later") == opened(client, manager, "done") == []
    Alert.objects.update(assigned_to=manager)
    assert opened(client, manager, "mine") == ["甲楼到期"]
    Alert.objects.update(snoozed_until=timezone.localdate() + timedelta(1))
    assert (opened(client, manager), opened(client, manager, "later")) == ([], ["甲楼到期"])
    Alert.objects.update(settled_at=NOON)
    assert (opened(client, manager, "later"), opened(client, manager, "done")) == ([], ["甲楼到期"])


def test_the_inbox_is_narrowed_to_one_person(client, lab, alert, manager):
    other = member(lab, Role.OPERATOR)
    Alert.objects.update(assigned_to=other)
    his, mine = refs(other, manager)
    assert (opened(client, manager, person=his), opened(client, manager, person=mine)) == (["甲楼到期"], [])


def test_every_attempt_to_write_is_shown_on_the_page_of_the_alert(client, alert, manager, monkeypatch):
    from django.core.mail.backends import locmem

    scan(DAY)
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", lambda *_: (_ for _ in ()).throw(OSError("no route")))
        outbox.drain()
    from portal import digest

    digest.send_digest(Delivery.objects.get().pk)
    assert [row.outcome for row in DeliveryAttempt.objects.order_by("pk")] == ["refused", "sent"]
    client.force_login(manager)
    page = client.get(reverse("portal:alert", args=["alpha", alert.ref])).content.decode()
    assert "no route" in page and "已交给邮件服务器" in page
    assert len(mail.outbox) == 1


def test_putting_off_and_assigning_work_through_the_page(client, lab, alert, manager):
    Alert.objects.update(due_on=timezone.localdate() + timedelta(30))
    client.force_login(manager)
    until = timezone.localdate() + timedelta(3)
    typed = {"until": until.isoformat(), "reason": "已送检"}
    assert client.post(reverse("portal:alert_snooze", args=["alpha", alert.ref]), typed).status_code == 302
    (ref,) = refs(manager)
    assert client.post(reverse("portal:alert_assign", args=["alpha", alert.ref]), {"person": ref}).status_code == 302
    row = make.fresh(alert)
    assert (row.snoozed_until, row.snooze_reason, row.assigned_to_id) == (until, "已送检", manager.pk)


def test_a_day_that_cannot_be_keeps_the_reason_that_was_typed(client, alert, manager):
    client.force_login(manager)
    typed = {"until": "2090-01-01", "reason": "等标准器回来"}
    response = client.post(reverse("portal:alert_snooze", args=["alpha", alert.ref]), typed)
    assert response.status_code == 409
    assert "等标准器回来" in response.content.decode() and "推迟不能越过到期日" in response.content.decode()


def test_the_inbox_asks_as_many_questions_for_twelve_things_as_for_one(client, lab, manager):
    client.force_login(manager)
    client.get(reverse("portal:alerts", args=["alpha"]))
    counts = []
    for more in (1, 12):
        for number in range(more):
            make.site(lab, name=f"楼{more}-{number}", tenure_valid_until=DAY)
        scan(DAY)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("portal:alerts", args=["alpha"]))
        counts.append(len(queries))
    assert counts[0] == counts[1]
