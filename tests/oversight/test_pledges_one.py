"""One institution's pledge before its regulator: what stands behind it, and the acts on it, each with its reason."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.utils import timezone

from commitments import ending
from commitments.models import Commitment, CommitmentWithdrawal, Hearing, Remediation
from institutions.models import Qualification
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

from .rows import looks_at, page, regulator, today

URL = "/o/pledges/alpha/"
SAID = {"confirmed": "yes"}


@pytest.fixture(scope="module")
def world_made(rows_of_module):
    """A laboratory whose pledge is public since two days."""
    return pledges.public(make.laboratory("alpha"), at=timezone.now() - timedelta(2))


@pytest.fixture
def w(db, world_made):
    return deepcopy(world_made)


def notice(client, reason="现场检查发现数据不实（A-7.1-s2）", **sent):
    return client.post(f"{URL}notice/", {"reason": reason, "act": "notice", **SAID, **sent})


def noticed(w, *, answered=False, days=0):
    """A hearing that began so many days ago."""
    at = timezone.now() - timedelta(days)
    with tenant(w.institution.pk):
        hearing = ending.notice(w.pledge, "数据不实", actor=pledges.regulator(w), at=at)
        if answered:
            ending.answer(hearing, "已核对原始记录，数据属实。", None, actor=w.keeper, at=at)
    return hearing


def decide(client, hearing, act="uphold", decision="事实清楚，陈述不成立。", **sent):
    return client.post(f"{URL}decide/{hearing.ref}/", {"decision": decision, "act": act, **SAID, **sent})


def remedied(w):
    """The pledge has fallen for a complaint, and its remediation waits for the regulator."""
    pledges.withdrawn(w, at=timezone.now() - timedelta(1))
    with tenant(w.institution.pk):
        row = ending.begin(w.withdrawal, actor=w.keeper, at=timezone.now())
        ending.submit(
            row, cause_found="原始记录没有复核", measures="已补复核并培训", finished_on=today(), file=w.paper,
            actor=w.keeper, at=timezone.now(),
        )  # fmt: skip
    return row


def review(client, row, act="accept", decision="证据充分。", **sent):
    return client.post(f"{URL}review/{row.ref}/", {"decision": decision, "act": act, **SAID, **sent})


def state(row):
    return make.fresh(row).state


def acts(lab, *verbs):
    with tenant(lab.pk):
        rows = AuditEntry.objects.filter(institution=lab, verb__in=verbs, succeeded=True).order_by("pk")
        return [(row.verb, row.actor_name, row.reason) for row in rows]


# --- the page


def test_the_page_shows_the_pledge_its_dates_and_every_condition(client, w):
    regulator(client)
    html = page(client, URL)
    assert w.pledge.number in html and "<b>有效</b>" in html and "各项条件今天都具备" not in html
    assert str(w.pledge.confirm_by) in html and "周立言" in html
    assert html.count("clause-row") == 6 and "/compliance/A-4.1.1/" in html


def test_the_page_names_the_day_on_which_the_first_condition_ends(client, w):
    with tenant(w.institution.pk):
        Qualification.objects.filter(pk=w.licence.pk).update(valid_until=today(20))
    regulator(client)
    assert f"已知的第一个失效日是 {today(21)}" in page(client, URL)


def test_the_page_says_today_that_conditions_are_gone_though_no_job_has_run(client, w):
    with tenant(w.institution.pk):
        Qualification.objects.filter(pk=w.licence.pk).update(valid_until=today(-1))
    regulator(client)
    html = page(client, URL)
    assert "<b>条件已失效</b>" in html and state(w.pledge) == "public"


def test_an_institution_without_a_pledge_has_a_page(client, w):
    make.institution("gamma")
    regulator(client)
    html = page(client, "/o/pledges/gamma/")
    assert "<b>未公开承诺</b>" in html and "告知拟撤销" not in html


def test_a_look_at_the_page_is_in_the_trail_of_the_institution(client, w):
    regulator(client)
    page(client, URL)
    assert looks_at(w.institution) == ["机构的承诺"]


@pytest.mark.parametrize("path", ["", "notice/", "decide/{0}/", "review/{0}/", "penalties/new/", "penalties/{0}/"])
def test_a_foreign_region_finds_nothing(client, w, path):
    regulator(client, region="1101")
    url = URL + path.format("a" * 12)
    assert [client.get(url).status_code, client.post(url, SAID).status_code][
        path.count("{") or path == "notice/"
    ] == 404
    assert client.post(f"{URL}notice/", {"reason": "x", "act": "notice", **SAID}).status_code == 404
    assert looks_at(w.institution) == [] and acts(w.institution, "hearing.notice") == []


def test_a_member_of_the_institution_finds_nothing(client, w):
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    assert client.get(URL).status_code == 404 and notice(client).status_code == 404


def test_a_regulator_writes_nothing_below_the_institutions_own_address_and_reads_where_to(client, w):
    regulator(client)
    answer = client.post(f"/i/alpha/pledge/{w.pledge.ref}/withdraw/", {"reason": "x", **SAID})
    assert answer.status_code == 405 and answer["Allow"] == "GET, HEAD"
    assert (
        "监管人员在机构页面上只读" in answer.content.decode() and 'href="/o/pledges/alpha/"' in answer.content.decode()
    )
    assert state(w.pledge) == "public"


@pytest.mark.parametrize("ref", ["a%00", "x" * 300, "%F0%9F%98%80", "a" * 12])
@pytest.mark.parametrize("path", ["decide/{0}/", "review/{0}/", "penalties/{0}/"])
def test_what_is_not_there_is_not_found(client, w, path, ref):
    regulator(client)
    assert client.post(URL + path.format(ref), {"act": "uphold", "decision": "x", **SAID}).status_code == 404


# --- the notice and the decision


def test_a_notice_opens_a_hearing_and_tells_the_institution_why(client, w):
    regulator(client, name="监管员乙")
    assert notice(client).status_code == 302
    with tenant(w.institution.pk):
        hearing = Hearing.objects.get()
    assert hearing.reason.startswith("现场检查") and hearing.answer_by == today(5) and hearing.noticed_by == "监管员乙"
    assert acts(w.institution, "hearing.notice") == [("hearing.notice", "监管员乙", hearing.reason)]
    assert state(w.pledge) == "public"


def test_a_notice_without_reason_or_confirmation_is_refused_and_loses_nothing(client, w):
    regulator(client)
    assert notice(client, reason=" ").status_code == 422
    answer = notice(client, reason="写了很久的事由", confirmed="")
    assert answer.status_code == 422 and "写了很久的事由" in answer.content.decode()
    with tenant(w.institution.pk):
        assert not Hearing.objects.exists()


def test_a_second_notice_is_refused_in_words(client, w):
    noticed(w)
    regulator(client)
    answer = notice(client)
    assert answer.status_code == 409 and "已经告知过拟撤销" in answer.content.decode()


def test_no_notice_without_a_public_pledge(client, w):
    pledges.withdrawn(w, at=timezone.now())
    regulator(client)
    assert notice(client).status_code == 404


def test_nothing_is_decided_before_the_institution_could_answer(client, w):
    hearing = noticed(w)
    regulator(client)
    assert "机构还没有陈述，期限到" in page(client, URL)
    answer = decide(client, hearing)
    assert answer.status_code == 409 and "陈述期限未满" in answer.content.decode()
    assert state(w.pledge) == "public" and state(hearing) == "noticed"


def test_upholding_after_the_answer_withdraws_the_pledge_with_the_reason(client, w):
    hearing = noticed(w, answered=True)
    regulator(client, name="监管员乙")
    assert "已核对原始记录" in page(client, URL)
    assert decide(client, hearing).status_code == 302
    with tenant(w.institution.pk):
        ended = CommitmentWithdrawal.objects.get()
    assert (ended.cause, ended.reason, ended.decided_by) == ("regulator", "事实清楚，陈述不成立。", "监管员乙")
    assert state(w.pledge) == "withdrawn" and "<b>已撤销</b>" in page(client, URL)


def test_silence_until_the_deadline_lets_the_regulator_decide(client, w):
    hearing = noticed(w, days=6)
    regulator(client)
    assert decide(client, hearing).status_code == 302 and state(w.pledge) == "withdrawn"


def test_dismissing_leaves_the_pledge_public(client, w):
    hearing = noticed(w, answered=True)
    regulator(client)
    assert decide(client, hearing, act="dismiss", decision="陈述成立。").status_code == 302
    assert state(w.pledge) == "public" and state(hearing) == "dropped"
    assert acts(w.institution, "hearing.dismiss")[0][2] == "陈述成立。"


def test_what_was_decided_is_decided_once(client, w):
    hearing = noticed(w, answered=True)
    regulator(client)
    decide(client, hearing, act="dismiss")
    answer = decide(client, hearing)
    assert answer.status_code == 409 and "当前状态是“不予撤销”" in answer.content.decode()
    assert state(w.pledge) == "public"


def test_a_pledge_that_fell_meanwhile_stays_withdrawn_by_its_own_cause(client, w):
    hearing = noticed(w, answered=True)
    pledges.withdrawn(w, at=timezone.now())
    regulator(client)
    assert "已陈述，待决定" in page(client, URL)
    assert decide(client, hearing).status_code == 302 and state(hearing) == "upheld"
    with tenant(w.institution.pk):
        assert CommitmentWithdrawal.objects.get().cause == "complaint"


def test_an_act_that_is_none_is_not_found(client, w):
    hearing = noticed(w, answered=True)
    regulator(client)
    assert decide(client, hearing, act="accept").status_code == 404


def test_who_is_no_regulator_of_the_region_at_the_moment_of_the_act_is_refused(client, w, monkeypatch):
    account = regulator(client, region="1101")
    monkeypatch.setattr("oversight.jurisdiction.regulator_actor", lambda user: pledges.regulator(w, user=account))
    assert notice(client).status_code == 403
    assert acts(w.institution, "hearing.notice") == []


# --- the remediation


def test_the_page_shows_what_ended_the_pledge_and_what_was_done_about_it(client, w):
    remedied(w)
    regulator(client)
    html = page(client, URL)
    for text in ("投诉查证属实：出具了不实数据", "原始记录没有复核", "已补复核并培训", "已提交，待审查"):
        assert text in html


def test_accepting_a_remediation_opens_the_way_to_a_new_pledge(client, w):
    row = remedied(w)
    regulator(client, name="监管员乙")
    assert review(client, row).status_code == 302
    assert state(row) == "accepted"
    assert acts(w.institution, "remediation.accept") == [("remediation.accept", "监管员乙", "证据充分。")]
    assert 'id="accept"' not in page(client, URL)
    pledges.draft(w, at=timezone.now())
    assert state(w.pledge) == "draft"


def test_after_a_new_pledge_the_old_one_stays_on_the_page_with_its_cause(client, w):
    row, old = remedied(w), w.pledge
    regulator(client)
    review(client, row)
    pledges.searched(w, today())
    pledges.public(w, at=timezone.now())
    html = page(client, URL)
    assert "<b>有效</b>" in html and f"/i/alpha/pledge/{old.ref}/" in html
    assert "诚信投诉查证属实 · 投诉查证属实：出具了不实数据 · 整改已认可" in html


def test_returning_a_remediation_tells_what_is_missing(client, w):
    row = remedied(w)
    regulator(client)
    assert review(client, row, act="return", decision="缺培训记录。").status_code == 302
    with tenant(w.institution.pk):
        assert Remediation.objects.get().decision == "缺培训记录。"
    assert state(row) == "returned" and "缺培训记录。" in page(client, URL)


def test_a_review_needs_an_opinion(client, w):
    row = remedied(w)
    regulator(client)
    assert review(client, row, decision="").status_code == 422 and state(row) == "submitted"


def test_a_pledge_of_another_institution_is_not_decided_through_this_address(client, w):
    hearing = noticed(w, answered=True)
    make.institution("gamma")
    regulator(client)
    url = f"/o/pledges/gamma/decide/{hearing.ref}/"
    assert client.post(url, {"decision": "x", "act": "uphold", **SAID}).status_code == 404
    assert state(w.pledge) == Commitment.State.PUBLIC
