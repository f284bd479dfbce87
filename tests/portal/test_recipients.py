"""Who is told: by role, in place of somebody who is away, and the administrators where nobody else can be reached."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal import absence, duelists
from portal.duelists import due_list
from portal.models import Absence, AuditEntry
from portal.permissions import Role
from portal.recipients import duties, told
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

RULE = "tests.rule"


@pytest.fixture
def lab(db, monkeypatch):
    monkeypatch.setattr(duelists, "RULES", {})
    due_list(RULE, title="场所", thresholds=(30,), recipients=(Role.QUALITY_MANAGER,))(lambda: [])
    institution = make.institution()
    with tenant(institution.pk):
        yield institution


def member(lab, *roles, email="a@example.com"):
    account = make.user(lab, *roles)
    type(account).objects.filter(pk=account.pk).update(email=email)
    return account


def hears(lab, account, day=DAY):
    return RULE in told(lab.pk, day).get(account.pk, ())


def test_whoever_holds_the_role_is_told_and_nobody_else(lab):
    manager, other = member(lab, Role.QUALITY_MANAGER), member(lab, Role.OPERATOR)
    assert (hears(lab, manager), hears(lab, other)) == (True, False)


@pytest.mark.parametrize(("on", "expected"), [(-1, False), (0, True), (14, True), (15, False)])
def test_a_substitute_is_told_on_the_days_of_the_absence_only(lab, on, expected):
    manager, other = member(lab, Role.QUALITY_MANAGER), member(lab, Role.OPERATOR)
    make.absence(lab, manager, other)
    assert hears(lab, other, DAY + timedelta(on)) is expected


def test_who_is_absent_is_still_told(lab):
    manager, other = member(lab, Role.QUALITY_MANAGER), member(lab, Role.OPERATOR)
    make.absence(lab, manager, other)
    assert hears(lab, manager)


def test_a_withdrawn_substitution_does_not_count(lab):
    manager, other = member(lab, Role.QUALITY_MANAGER), member(lab, Role.OPERATOR)
    make.absence(lab, manager, other, state=Absence.State.WITHDRAWN)
    assert not hears(lab, other)


@pytest.mark.parametrize("holder", ["nobody", "without address", "left"])
def test_what_reaches_nobody_goes_to_the_administrators(lab, holder):
    administrator = member(lab, Role.ADMINISTRATOR)
    if holder != "nobody":
        manager = member(lab, Role.QUALITY_MANAGER, email="" if holder == "without address" else "a@example.com")
        if holder == "left":
            type(manager).objects.filter(pk=manager.pk).update(is_active=False)
    assert hears(lab, administrator)


def test_administrators_are_not_told_while_somebody_else_is(lab):
    administrator = member(lab, Role.ADMINISTRATOR)
    member(lab, Role.QUALITY_MANAGER)
    assert not hears(lab, administrator)


def test_a_substitute_with_an_address_keeps_the_administrators_out(lab):
    administrator = member(lab, Role.ADMINISTRATOR)
    manager, other = member(lab, Role.QUALITY_MANAGER, email=""), member(lab, Role.OPERATOR)
    make.absence(lab, manager, other)
    assert (hears(lab, administrator), hears(lab, other)) == (False, True)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OPERATOR, Role.QUALITY_MANAGER])
def test_the_inbox_shows_what_the_mail_tells(lab, role):
    account = member(lab, role)
    manager = member(lab, Role.QUALITY_MANAGER, email="")
    make.absence(lab, manager, member(lab, Role.CHECKER))
    actor = make.actor(lab, role)
    actor = type(actor)(**{**actor.__dict__, "user_id": account.pk})
    assert duties(actor, DAY) == told(lab.pk, DAY)[account.pk]


# --- announcing


def actor_for(lab, account, *roles):
    actor = make.actor(lab, *roles)
    return type(actor)(**{**actor.__dict__, "user_id": account.pk})


def announce(lab, absent, substitute, first=DAY, last=DAY + timedelta(7), by=None, roles=(Role.OPERATOR,)):
    actor = actor_for(lab, by or absent, *roles)
    return absence.announce(absent.pk, substitute.pk, first, last, actor=actor, at=NOON)


@pytest.fixture
def pair(lab):
    return member(lab, Role.OPERATOR), member(lab, Role.OPERATOR)


def test_everybody_announces_an_absence_of_their_own(lab, pair):
    announce(lab, *pair)
    assert AuditEntry.objects.filter(verb="absence.announce", succeeded=True).count() == 1


def test_for_somebody_else_it_takes_the_right_to_assign(lab, pair):
    stranger = member(lab, Role.OPERATOR)
    with pytest.raises(Refused, match="只能登记和撤销自己的代理"):
        announce(lab, *pair, by=stranger)
    manager = member(lab, Role.QUALITY_MANAGER)
    assert announce(lab, *pair, by=manager, roles=(Role.QUALITY_MANAGER,)).pk


def test_days_that_are_over_out_of_order_or_too_many_are_refused(lab, pair):
    for first, last, text in ((-9, -1, "已经过去"), (5, 3, "早于开始"), (0, 400, "最长一年")):
        with pytest.raises(Refused, match=text):
            announce(lab, *pair, DAY + timedelta(first), DAY + timedelta(last))


def test_a_substitute_who_is_absent_too_or_not_reached_is_refused(lab, pair):
    with pytest.raises(Refused, match="同一个人"):
        announce(lab, pair[0], pair[0])
    make.absence(lab, pair[1], member(lab, Role.OPERATOR))
    with pytest.raises(Refused, match="也离岗"):
        announce(lab, *pair)
    with pytest.raises(Refused, match="没有电子邮箱"):
        announce(lab, pair[0], member(lab, Role.OPERATOR, email=""))


def test_whoever_stands_in_for_somebody_cannot_go_away_before_another_does(lab, pair):
    make.absence(lab, member(lab, Role.OPERATOR), pair[0])
    with pytest.raises(Refused, match="另选代理人"):
        announce(lab, *pair)


def test_two_absences_of_one_member_in_the_same_days_are_refused(lab, pair):
    announce(lab, *pair)
    with pytest.raises(Refused, match="先撤销那一条"):
        announce(lab, *pair)


# --- the page


def test_a_substitution_is_announced_and_withdrawn_on_the_page(lab, client, pair):
    absent, substitute = pair
    client.force_login(absent)
    page = reverse("portal:absences", args=["alpha"])
    names = dict((name, ref) for ref, name in client.get(page).context["form"].fields["substitute"].choices)
    refs = {account.pk: account.memberships.get().ref for account in pair}
    assert refs[substitute.pk] in names.values()
    typed = {
        "absent": refs[absent.pk],
        "substitute": refs[substitute.pk],
        "first_day": "2090-01-05",
        "last_day": "2090-01-09",
    }
    assert client.post(page, typed).status_code == 302
    row = Absence.objects.get()
    assert client.post(reverse("portal:absence_withdraw", args=["alpha", row.ref])).status_code == 302
    assert make.fresh(row).state == Absence.State.WITHDRAWN


def test_a_refused_substitution_keeps_what_was_typed(lab, client, pair):
    absent, substitute = pair
    client.force_login(absent)
    typed = {
        "absent": absent.memberships.get().ref, "substitute": substitute.memberships.get().ref,
        "first_day": "2090-01-09", "last_day": "2090-01-05",
    }  # fmt: skip
    response = client.post(reverse("portal:absences", args=["alpha"]), typed)
    assert response.status_code == 409
    assert "早于开始日期" in response.content.decode() and 'value="2090-01-09"' in response.content.decode()
