"""What an institution tries whose pledge ought to fall, or ought not to come back. Names say what must not work."""

from collections.abc import Iterator
from copy import deepcopy
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from commitments import ending, workflow
from commitments.forms_pledge import WithdrawForm
from commitments.models import CommitmentWithdrawal, Hearing
from institutions.checks.record import one_person
from institutions.models import Employment, LegalStatus, Qualification, Violation
from portal import codes
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.attackers import account
from tests.commitments import pledges
from tests.commitments.spoils import at, day, remedied

Cause = CommitmentWithdrawal.Cause
DECIDED = {
    "kind": "penalty", "issuer": "市级监管部门（示）", "number": "罚 1", "summary": "事由", "decided_on": day(-40),
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(rows_of_module: None) -> SimpleNamespace:
    """A laboratory that may pledge, and one whose pledge is public since day 0, once for the module."""
    return SimpleNamespace(
        ready=pledges.furnished(make.laboratory("ready")), pledged=pledges.public(make.laboratory("pledged"))
    )


@pytest.fixture
def ready(db: None, worlds: SimpleNamespace) -> Iterator[SimpleNamespace]:
    with tenant(worlds.ready.institution.pk):
        yield deepcopy(worlds.ready)


@pytest.fixture
def pledged(db: None, worlds: SimpleNamespace) -> Iterator[SimpleNamespace]:
    with tenant(worlds.pledged.institution.pk):
        yield deepcopy(worlds.pledged)


def written(w, model, after, monkeypatch, **values):
    """The row is saved on that day, with everything that follows."""
    pledges.now(monkeypatch, at(after))
    return model.objects.create(institution=w.institution, **values)


def written_before(w, **values):
    """A decision that was on record two days before the pledge became public."""
    row = Violation.objects.bulk_create([Violation(institution=w.institution, **DECIDED | values)])[0]
    Violation.objects.filter(pk=row.pk).update(recorded_at=at(-2))
    return make.fresh(row)


def saved(row, number, monkeypatch, **values):
    pledges.now(monkeypatch, at(number))
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def causes(w):
    return list(CommitmentWithdrawal.objects.filter(commitment=w.pledge).values_list("cause", flat=True))


# --- a pledge that stays public though a condition broke


def test_a_penalty_is_not_made_final_backwards_past_the_day_of_the_pledge(pledged, monkeypatch):
    row = written_before(pledged, metrology=True)
    saved(row, 5, monkeypatch, final_on=day(-1))
    assert causes(pledged) == [Cause.VIOLATION]


def test_a_penalty_is_not_found_to_concern_metrology_after_the_pledge(pledged, monkeypatch):
    row = written_before(pledged, final_on=day(-30))
    saved(row, 5, monkeypatch, metrology=True)
    assert causes(pledged) == [Cause.VIOLATION]


def test_the_penalty_of_a_key_person_is_not_ended_for_the_day_of_the_pledge_only(pledged, monkeypatch):
    w = pledged
    row = written_before(w, final_on=day(-30), metrology=True, key_person=w.quality_manager, revoked_on=day(-1))
    saved(row, 5, monkeypatch, revoked_on=None)
    assert causes(w) == [Cause.VIOLATION]


def test_what_a_former_key_person_was_punished_for_ends_nothing_as_it_barred_nothing(pledged, monkeypatch):
    w = pledged
    gone = pledges.key_person(w, "director", name="前任", valid_until=day(-20))
    row = written_before(w, final_on=day(-30), metrology=True, key_person=gone)
    saved(row, 5, monkeypatch, summary="事由写全")
    assert causes(w) == []


def test_a_punished_key_person_is_not_put_back_into_office_once_the_pledge_is_public(pledged, monkeypatch):
    w = pledged
    gone = pledges.key_person(w, "director", name="前任", valid_until=day(-20))
    written_before(w, final_on=day(-30), metrology=True, key_person=gone)
    saved(gone, 5, monkeypatch, valid_until=None)
    assert causes(w) == [Cause.VIOLATION]


def test_a_listing_does_not_wait_until_the_institution_calls_it_final(pledged, monkeypatch):
    written(pledged, Violation, 5, monkeypatch, **DECIDED | {"kind": "dishonesty_listing", "decided_on": day(4)})
    assert causes(pledged) == [Cause.VIOLATION]


def test_a_closed_week_is_not_hidden_behind_the_reopening(pledged, monkeypatch):
    facts = {"legal_form": "legal_person"}
    written(pledged, LegalStatus, 20, monkeypatch, since=day(17), business_status="operating", **facts)
    assert causes(pledged) == []
    written(pledged, LegalStatus, 20, monkeypatch, since=day(10), business_status="closed", **facts)
    assert causes(pledged) == [Cause.CLOSURE]
    assert CommitmentWithdrawal.objects.get().trigger_on == day(10)


def test_a_pledge_that_lapsed_while_no_job_ran_does_not_come_to_life_by_a_later_licence(pledged, monkeypatch):
    w = pledged
    saved(w.licence, 1, monkeypatch, valid_until=day(9))
    assert codes.state_on(codes.find(w.pledge.token), day(10)) == "lapsed"
    written(
        w, Qualification, 12, monkeypatch, kind="business_licence", number="2", issuer="示", valid_from=day(12),
        state="valid",
    )  # fmt: skip
    assert causes(w) == [Cause.LICENCE] and CommitmentWithdrawal.objects.get().trigger_on == day(10)


def test_a_licence_that_was_suspended_for_a_week_is_not_entered_when_it_is_over(pledged, monkeypatch):
    saved(pledged.licence, 20, monkeypatch, stops=[(day(10), day(17))])
    assert causes(pledged) == [Cause.LICENCE]


def test_a_licence_renewed_by_amending_its_row_before_its_end_keeps_the_pledge(pledged, monkeypatch):
    saved(pledged.licence, 20, monkeypatch, valid_from=day(15), valid_until=day(900))
    assert causes(pledged) == []


def test_an_offence_is_not_washed_away_by_taking_the_pledge_back_and_making_another(pledged, monkeypatch):
    w = pledged
    ending.withdraw(w.pledge, "机构更名", actor=w.legal, at=at(10))
    pledges.searched(w, day(11))
    pledges.public(w, at=at(12))
    late = {**DECIDED, "integrity_related": True, "decided_on": day(2), "final_on": day(5)}
    written(w, Violation, 20, monkeypatch, **late)
    assert causes(w) == [Cause.VIOLATION]


def test_what_was_final_before_the_first_pledge_and_barred_nothing_ends_nothing(pledged, monkeypatch):
    written(pledged, Violation, 20, monkeypatch, **DECIDED, final_on=day(-5), integrity_related=True)
    assert causes(pledged) == []


# --- who draws up, checks, signs


def test_the_same_person_does_not_check_under_another_employment(ready):
    w = pledges.draft(ready)
    Employment.objects.filter(pk=w.keeper_employment.pk).update(ended_on=day(-1))
    again = Employment.objects.create(
        institution=w.institution, person=w.keeper_employment.person, name="何守真", staff_number="again",
        birth_date="1980-01-01", started_on=day(0),
    )  # fmt: skip
    twin = make.actor(w.institution, Role.METROLOGY_MANAGER, employment=again, name="何守真")
    with pytest.raises(Refused, match="另一人核对"):
        workflow.check(w.pledge, actor=twin, at=at(0))


def test_nobody_draws_up_a_draft_as_nobody_to_check_it_as_somebody(ready):
    w = ready
    with pytest.raises(Refused, match="没有关联人员台账"):
        workflow.draft(w.institution, actor=make.actor(w.institution, Role.QUALITY_MANAGER), at=at(0))


# --- escaping


def grave(w, **values):
    return Violation.objects.bulk_create(
        [Violation(institution=w.institution, **DECIDED | {"integrity_related": True, "decided_on": day(1), **values})]
    )[0]


@pytest.mark.parametrize("final_on", [None, day(30)])
def test_who_waits_for_a_decision_to_be_final_does_not_take_the_pledge_back_before(pledged, final_on):
    grave(pledged, final_on=final_on)
    with pytest.raises(Refused, match="不能自行撤销"):
        ending.withdraw(pledged.pledge, "不再承诺", actor=pledged.legal, at=at(2))


def test_who_cannot_take_the_pledge_back_reads_why_before_anything_is_typed(client, pledged):
    grave(pledged, final_on=None)
    client.force_login(account(pledged.legal))
    page = client.get(reverse("commitments:pledge", args=[pledged.institution.slug])).content.decode()
    assert "行政处罚 罚 1 尚未生效" in page and "不能自行撤销承诺" in page


def test_a_decision_that_was_revoked_holds_nobody(pledged):
    grave(pledged, final_on=None, revoked_on=day(1))
    assert ending.withdraw(pledged.pledge, "不再承诺", actor=pledged.legal, at=at(2)).cause == Cause.VOLUNTARY


def meanwhile(monkeypatch, act):
    """Whoever waits for the institution finds that somebody else has done this in between."""
    taken = ending.in_turn

    def wait(institution_id):
        monkeypatch.setattr(ending, "in_turn", taken)
        act()
        return taken(institution_id)

    monkeypatch.setattr(ending, "in_turn", wait)


def test_nobody_takes_the_pledge_back_in_the_moment_it_is_charged(pledged, monkeypatch):
    w = pledged
    meanwhile(monkeypatch, lambda: ending.notice(w.pledge, "拟撤销", actor=pledges.regulator(w), at=at(1)))
    with pytest.raises(Refused, match="不能自行撤销"):
        ending.withdraw(w.pledge, "不再承诺", actor=w.legal, at=at(1))


def test_a_pledge_taken_back_in_this_moment_is_not_charged(pledged, monkeypatch):
    w = pledged
    meanwhile(monkeypatch, lambda: ending.withdraw(w.pledge, "不再承诺", actor=w.legal, at=at(1)))
    with pytest.raises(Refused, match="只有公开的承诺书"):
        ending.notice(w.pledge, "拟撤销", actor=pledges.regulator(w), at=at(1))
    assert not Hearing.objects.exists()


def test_a_refused_decision_is_on_record(pledged):
    w = pledged
    hearing = ending.notice(w.pledge, "拟撤销", actor=pledges.regulator(w), at=at(1))
    with pytest.raises(Refused, match="陈述期限未满"):
        ending.decide(hearing, uphold=True, decision="属实", actor=pledges.regulator(w), at=at(2))
    assert AuditEntry.objects.filter(verb="hearing.uphold", succeeded=False).count() == 1


# --- coming back


def test_what_was_signed_before_the_fall_is_not_published_after_the_remediation(pledged):
    w = pledged
    w.first = w.pledge
    pledges.searched(w, day(1))
    pledges.signed(w, at=at(2))
    w.waiting, w.pledge = w.pledge, w.first
    pledges.withdrawn(w, at=at(3))
    remedied(w, w.withdrawal, 5)
    with pytest.raises(Refused, match="重新起草"):
        workflow.publish(w.waiting, actor=w.keeper, at=at(6))


def test_a_pledge_taken_back_of_its_own_accord_is_not_remedied(pledged):
    w = pledged
    withdrawal = ending.withdraw(w.pledge, "机构更名", actor=w.legal, at=at(1))
    with pytest.raises(Refused, match="不用整改"):
        ending.begin(withdrawal, actor=w.keeper, at=at(2))


# --- forged posts, walls


@pytest.fixture
def outsiders(db: None, worlds: SimpleNamespace) -> SimpleNamespace:
    """People who have no business with the pledged laboratory."""
    return SimpleNamespace(
        keeper=worlds.ready.keeper, legal=worlds.ready.legal, regulator=make.regulator("1101"),
        own_regulator=make.regulator(worlds.pledged.institution.region_code[:4]),
    )  # fmt: skip


ACTS = ("check", "sign", "scan", "publish", "confirm", "drop", "withdraw", "paper")


@pytest.mark.parametrize("name", ACTS)
def test_a_pledge_of_another_laboratory_is_not_there_under_ones_own_address(client, worlds, outsiders, name):
    client.force_login(account(outsiders.legal if name in ("sign", "withdraw") else outsiders.keeper))
    url = reverse(f"commitments:{name}", args=[worlds.ready.institution.slug, worlds.pledged.pledge.ref])
    answer = client.get(url) if name == "paper" else client.post(url, {"confirmed": "yes", "reason": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("act", ["confirm", "drop", "publish", "withdraw", "scan"])
def test_a_regulator_does_nothing_in_the_name_of_the_institution(client, worlds, outsiders, act):
    client.force_login(outsiders.own_regulator)
    url = reverse(f"commitments:{act}", args=[worlds.pledged.institution.slug, worlds.pledged.pledge.ref])
    assert client.post(url, {"confirmed": "yes", "reason": "x"}).status_code in (403, 404, 405)
    with tenant(worlds.pledged.institution.pk):
        assert make.fresh(worlds.pledged.pledge).state == "public"


@pytest.mark.parametrize("act", ["", "notice/", "penalties/new/"])
def test_a_regulator_of_another_region_finds_nothing(client, worlds, outsiders, act):
    client.force_login(outsiders.regulator)
    url = f"/o/pledges/{worlds.pledged.institution.slug}/{act}"
    assert client.get(url).status_code in (404, 405) and client.post(url, {"confirmed": "yes"}).status_code in (
        404,
        405,
    )


def test_no_post_says_that_it_is_eligible_or_what_its_number_is(client, ready):
    w = pledges.signed(ready)  # whose registers were searched last months ago
    client.force_login(account(w.keeper))
    forged = {"confirmed": "yes", "eligible": "1", "state": "public", "number": "CN-1", "token": "A" * 26}
    assert (
        client.post(reverse("commitments:publish", args=[w.institution.slug, w.pledge.ref]), forged).status_code == 409
    )
    assert make.fresh(w.pledge).state == "signed" and make.fresh(w.pledge).token is None


# --- the directory, asked for nonsense

NONSENSE = (
    "\x00",
    "%",
    "\\",
    "'; DROP TABLE x;--",
    "<script>alert(1)",
    "\u202e甲",
    "９９９",
    "1e999999",
    "NaN",
    "m/s/s/s",
    "甲" * 200,
)
FULL = {"what": "压力表", "low": "1", "high": "2", "unit": "MPa", "U": "0.1"}


@pytest.mark.parametrize("name", ["what", "place", "name", "field", "pledge", "low", "unit", "U", "after", "before"])
def test_the_directory_answers_nonsense_in_words(client, worlds, name):
    for said in NONSENSE:
        for address, more in (("/directory/", {}), ("/directory/data.json", FULL)):
            answer = client.get(address, more | {name: said}, follow=True)
            assert answer.status_code in (200, 400), (address, said)
            assert "json" in answer["Content-Type"] or b"<script>alert" not in answer.content, said


# --- hostile names


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "=cmd|'/c calc'!A1", "甲" * 100, "\u202e计量", "é́́" * 40]
)
def test_a_hostile_name_is_text_wherever_it_is_shown(client, pledged, name):
    w = pledged
    w.institution.name = name[:100]
    w.institution.save()
    for address in (
        f"/q/{w.pledge.token}", f"/q/{w.pledge.token}.json", f"/directory/{w.institution.slug}/", f"/directory/{w.institution.slug}/badge.svg",
        f"/directory/{w.institution.slug}/badge/", "/directory/",
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "json" in answer["Content-Type"] or b"<img src=x" not in answer.content, address
        if address.endswith(".svg"):
            ElementTree.fromstring(answer.content)


# --- taken back just before somebody wrote it down


def taken_back_before_it_was_told(w, **values):
    """The pledge was taken back on day 10; on day 11 it turns out what has been final since day 5."""
    withdrawal = ending.withdraw(w.pledge, "机构更名", actor=w.legal, at=at(10))
    grave(w, final_on=day(5), **values)
    return withdrawal


def test_an_offence_that_is_told_once_the_pledge_is_gone_asks_for_remediation_all_the_same(pledged):
    w = pledged
    withdrawal = taken_back_before_it_was_told(w)
    with pytest.raises(Refused, match="整改还没有经主管部门认可"):
        workflow.draft(w.institution, actor=w.keeper, at=at(12))
    remedied(w, withdrawal, 14)
    assert workflow.draft(w.institution, actor=w.keeper, at=at(15)).state == "draft"


def test_what_was_remedied_does_not_end_the_next_pledge(pledged):
    w = pledged
    remedied(w, taken_back_before_it_was_told(w), 14)
    Violation.objects.update(recorded_at=at(11))
    pledges.searched(w, day(19))
    pledges.public(w, at=at(20))
    assert ending.reconsider(w.institution, at=at(21)) is None


def test_an_offence_that_was_revoked_asks_for_nothing(pledged):
    taken_back_before_it_was_told(pledged, revoked_on=day(9))
    assert workflow.draft(pledged.institution, actor=pledged.keeper, at=at(12)).state == "draft"


# --- what nobody can print, what a reader is told, who comes twice


def test_a_paper_with_a_letter_that_cannot_be_printed_is_no_error_page(client, ready):
    w = ready
    w.institution.address = "衡量路 \U0001f680 号"
    w.institution.save()
    pledges.draft(w)
    client.force_login(account(w.keeper))
    answer = client.get(reverse("commitments:paper", args=[w.institution.slug, w.pledge.ref]), follow=True)
    assert answer.status_code == 200 and "印不出来，没有生成 PDF" in answer.content.decode()


def test_why_the_pledge_was_taken_back_is_for_the_regulator_and_not_for_everybody(client, pledged):
    w = pledged
    ending.withdraw(w.pledge, "张三 13800000000 离职", actor=w.legal, at=at(1))
    for address in (f"/q/{w.pledge.token}", f"/q/{w.pledge.token}.json", f"/directory/{w.institution.slug}/data.json"):
        assert "13800000000" not in client.get(address).content.decode(), address
    assert "只显示“机构自行撤销”" in str(WithdrawForm().fields["reason"].help_text)


def test_of_two_confirmations_at_once_one_counts(pledged, monkeypatch):
    w, taken = pledged, workflow.in_turn

    def wait(institution_id):
        monkeypatch.setattr(workflow, "in_turn", taken)
        workflow.confirm(w.pledge, actor=w.second_keeper, at=at(9))
        return taken(institution_id)

    monkeypatch.setattr(workflow, "in_turn", wait)
    with pytest.raises(Refused, match="今天已经公开或确认过"):
        workflow.confirm(w.pledge, actor=w.keeper, at=at(9))
    assert w.pledge.confirmations.count() == 1


def test_who_lets_the_charged_pledge_fall_by_something_small_does_not_pledge_anew_before_the_decision(client, pledged):
    w = pledged
    hearing = ending.notice(w.pledge, "出具虚假数据", actor=pledges.regulator(w), at=at(1))
    withdrawal = ending.fall(w.institution, Cause.CLOSURE, "停业一天", None, on=day(2), at=at(2))
    facts = {"cause_found": "原因", "measures": "措施", "finished_on": day(3), "file": w.paper}
    row = ending.submit(ending.begin(withdrawal, actor=w.keeper, at=at(3)), **facts, actor=w.keeper, at=at(3))
    with pytest.raises(Refused, match="请先作出决定"):
        ending.review(row, accept=True, decision="认可", actor=pledges.regulator(w), at=at(3))
    client.force_login(account(w.keeper))
    page = client.get(reverse("commitments:pledge", args=[w.institution.slug])).content.decode()
    assert (
        "出具虚假数据" in page and reverse("commitments:hearing_answer", args=[w.institution.slug, hearing.ref]) in page
    )
    ending.decide(hearing, uphold=True, decision="属实", actor=pledges.regulator(w), at=at(9))
    ending.review(row, accept=True, decision="认可", actor=pledges.regulator(w), at=at(10))
    assert workflow.draft(w.institution, actor=w.keeper, at=at(11)).state == "draft"


@pytest.mark.parametrize("spelt", ["周 立言", "周立言\u3000", "周\u00a0立言"])
def test_a_punished_person_is_nobody_else_with_a_space_in_the_name(ready, spelt):
    w = ready
    row = pledges.key_person(w, "director", name="周立言")
    again = pledges.key_person(w, "supervisor", name=spelt)
    assert one_person(row, again) and not one_person(row, pledges.key_person(w, "director", name="周立新"))
