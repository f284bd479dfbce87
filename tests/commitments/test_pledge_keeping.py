"""Pages of a public pledge: what it rests on, its year, a hearing, taking it back, and where it hangs."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from commitments import ending, workflow
from commitments.models import Channel, Commitment, Hearing
from portal.models import AuditEntry, Document
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges
from tests.commitments.pages import NOW, TODAY, YES, aged, channel, enter, scan, text, url


@pytest.fixture(scope="module")
def made(rows_of_module):
    return pledges.public(make.laboratory(), at=NOW)


@pytest.fixture
def w(db, made):
    """A laboratory with a pledge that became public today; the test runs inside its scope."""
    with tenant(made.institution.pk):
        yield deepcopy(made)


def test_a_public_pledge_says_what_it_rests_on_and_until_when(client, w):
    until = TODAY + timedelta(40)
    w.licence.valid_until = until
    w.licence.save()
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "承诺有效" in page and f"至 {until}" in page and "剩 40 天" in page and w.pledge.number in page


def test_an_overdue_pledge_says_since_when(client, w):
    aged(w, confirm_by=TODAY - timedelta(3))
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "逾期未确认" in page and "已超过 3 天" in page and "确认承诺" in page and "承诺依据的条件" in page


def test_a_condition_that_broke_tonight_shows_before_the_night_s_work(client, w):
    type(w.licence).objects.filter(pk=w.licence.pk).update(valid_until=TODAY - timedelta(1))
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "承诺失效" in page and "承诺有效" not in page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.LEGAL_REPRESENTATIVE, Role.ADMINISTRATOR])
def test_who_does_not_keep_the_pledge_is_offered_no_act_of_the_keepers(client, w, role):
    aged(w, confirm_by=TODAY)
    client.force_login(make.user(w.institution, role))
    page = text(client.get(url(w, "pledge")))
    assert url(w, "confirm", w.pledge) not in page and url(w, "draft") not in page


def test_a_new_pledge_waits_until_the_public_one_is_taken_back(client, w):
    first = w.pledge
    pledges.signed(w, at=NOW)
    refused = enter(client, w.keeper).post(url(w, "publish", w.pledge), YES)
    assert refused.status_code == 409 and f"承诺书 {first.number} 仍然公开" in text(refused)


def test_the_pledge_is_confirmed_for_another_year(client, w):
    aged(w, confirm_by=TODAY + timedelta(10))
    assert "还有" not in text(enter(client, w.keeper).get(url(w, "pledge")))
    assert client.post(url(w, "confirm", w.pledge), YES | {"remark": "承诺不变"}).status_code == 302
    w.pledge.refresh_from_db()
    assert w.pledge.confirm_by == workflow.a_year_later(TODAY)
    assert w.pledge.confirmations.get().remark == "承诺不变"


def test_a_pledge_is_not_confirmed_twice_in_a_day(client, w):
    aged(w, confirm_by=TODAY)
    enter(client, w.keeper).post(url(w, "confirm", w.pledge), YES)
    again = client.post(url(w, "confirm", w.pledge), YES | {"remark": "再确认"})
    assert again.status_code == 409 and "不用再确认" in text(again) and "再确认</textarea>" in text(again)
    assert w.pledge.confirmations.count() == 1


def test_an_account_that_is_no_colleague_s_cannot_confirm(client, w):
    aged(w, confirm_by=TODAY)
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    refused = client.post(url(w, "confirm", w.pledge), YES)
    assert refused.status_code == 409 and "没有关联人员台账" in text(refused)


def test_the_legal_representative_takes_the_pledge_back_with_a_proof_of_the_person(client, w):
    sent = YES | {"reason": "停止对外服务", "own_password": make.PASSWORD}
    assert enter(client, w.legal).post(url(w, "withdraw", w.pledge), sent).status_code == 302
    w.pledge.refresh_from_db()
    assert w.pledge.state == "withdrawn" and w.pledge.withdrawal.reason == "停止对外服务"
    assert "由机构自行撤销：停止对外服务" in text(client.get(url(w, "pledge")))


def test_nothing_is_taken_back_without_the_proof_and_the_reason_stays(client, w):
    sent = YES | {"reason": "停止对外服务", "own_password": "wrong"}
    response = enter(client, w.legal).post(url(w, "withdraw", w.pledge), sent)
    assert response.status_code == 401 and "密码不对" in text(response) and "停止对外服务</textarea>" in text(response)
    assert Commitment.objects.get().state == "public"


def test_a_keeper_cannot_take_the_pledge_back(client, w):
    sent = YES | {"reason": "停止对外服务", "own_password": make.PASSWORD}
    assert enter(client, w.keeper).post(url(w, "withdraw", w.pledge), sent).status_code == 403


@pytest.fixture
def heard(w):
    w.hearing = ending.notice(w.pledge, "三份证书没有原始记录", actor=pledges.regulator(w), at=NOW)
    return w


def test_the_institution_answers_a_hearing_with_a_file(client, heard):
    page = text(enter(client, heard.keeper).get(url(heard, "pledge")))
    assert "三份证书没有原始记录" in page and f"请在 {heard.hearing.answer_by} 前陈述" in page
    sent = {"answer": "记录已补交", "file": scan("材料.pdf")}
    assert client.post(url(heard, "hearing_answer", heard.hearing), sent).status_code == 302
    heard.hearing.refresh_from_db()
    assert (heard.hearing.state, heard.hearing.file.name) == ("answered", "材料.pdf")
    assert "记录已补交" in text(client.get(url(heard, "pledge")))


def test_an_answer_comes_once_and_the_second_leaves_no_file(client, heard):
    ending.answer(heard.hearing, "第一次", None, actor=heard.keeper, at=NOW)
    before = Document.objects.count()
    sent = {"answer": "第二次", "file": scan()}
    refused = enter(client, heard.keeper).post(url(heard, "hearing_answer", heard.hearing), sent)
    assert refused.status_code == 409 and Document.objects.count() == before
    assert Hearing.objects.get().answer == "第一次"


def test_an_answer_whose_file_will_not_do_keeps_what_was_typed(client, heard):
    sent = {"answer": "说来话长", "file": SimpleUploadedFile("a.exe", b"MZ")}
    response = enter(client, heard.keeper).post(url(heard, "hearing_answer", heard.hearing), sent)
    assert response.status_code == 422 and "说来话长</textarea>" in text(response)


def test_a_refused_act_is_in_the_audit_trail(client, w):
    enter(client, w.keeper).post(url(w, "confirm", w.pledge), YES)
    entry = AuditEntry.objects.get(verb="commitment.confirm")
    assert not entry.succeeded


def test_a_pledge_of_another_institution_is_not_found(client, w):
    foreign = pledges.public(make.laboratory("beta"), at=NOW)
    enter(client, w.keeper)
    address = reverse("commitments:pledge_one", args=[w.institution.slug, foreign.pledge.ref])
    assert client.get(address).status_code == 404


def test_a_place_where_it_hangs_stands_on_the_page(client, w):
    assert channel(client, w).status_code == 302
    assert "官网首页" in text(client.get(url(w, "pledge")))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": ""}, "要填能打开承诺书的网址"),
        ({"kind": "notice_board", "url": ""}, "请上传能看清承诺书的照片"),
        ({"shown_on": (TODAY + timedelta(1)).isoformat()}, "还没有到"),
    ],
)
def test_a_place_without_proof_is_not_on_record(client, w, values, sentence):
    response = channel(client, w, **values)
    assert sentence in text(response) and not Channel.objects.exists()


def test_a_proof_older_than_a_year_is_pointed_out(client, w):
    Channel.objects.create(
        institution=w.institution, kind="website", place="官网", url="https://x.cn", shown_on=TODAY - timedelta(365)
    )
    assert "满一年该更新" in text(enter(client, w.keeper).get(url(w, "pledge")))
