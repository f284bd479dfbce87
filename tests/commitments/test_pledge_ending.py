"""Pages after a pledge has fallen: why, remediation, and the history."""

from copy import deepcopy

import pytest

from commitments import ending
from commitments.models import Remediation
from portal import outbox
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges
from tests.commitments.pages import NOW, TODAY, enter, scan, text, url


@pytest.fixture(scope="module")
def made(rows_of_module):
    return pledges.withdrawn(make.laboratory(), at=NOW, published_at=NOW)


@pytest.fixture
def w(db, made):
    """A laboratory whose pledge fell today; the test runs inside its scope."""
    with tenant(made.institution.pk):
        yield deepcopy(made)


def test_a_withdrawn_pledge_says_why_and_asks_for_remediation(client, w):
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert (
        "已撤销" in page
        and "投诉查证属实：出具了不实数据" in page
        and "开始整改" in page
        and url(w, "draft") not in page
    )
    assert (
        "承诺依据的条件" not in page
    )  # what a pledge rests on is said while there is one; else, what the next one needs


def test_remediation_is_begun_kept_and_handed_in(client, w):
    enter(client, w.keeper).post(url(w, "remediation_begin", w.withdrawal))
    row = Remediation.objects.get()
    assert client.post(url(w, "remediation_fill", row), {"cause_found": "核对不严"}).status_code == 302
    assert "核对不严</textarea>" in text(client.get(url(w, "pledge")))
    whole = {
        "cause_found": "核对不严", "measures": "改为双人核对", "finished_on": TODAY.isoformat(), "file": scan("整改.pdf"),
        "submit": "yes",
    }  # fmt: skip
    early = client.post(url(w, "remediation_fill", row), whole)
    assert early.status_code == 409 and "等文件检查完成" in text(early) and "改为双人核对</textarea>" in text(early)
    outbox.drain()
    assert client.post(url(w, "remediation_fill", row), whole | {"file": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.file.name) == ("submitted", "整改.pdf")
    assert "等待主管部门审查" in text(client.get(url(w, "pledge")))


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "请写明原因分析和整改措施"),
        ({"cause_found": "a", "measures": "b"}, "请上传整改证据"),
    ],
)
def test_remediation_that_is_incomplete_is_kept_and_not_handed_in(client, w, sent, sentence):
    row = ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    response = enter(client, w.keeper).post(url(w, "remediation_fill", row), sent | {"submit": "yes"})
    assert response.status_code == 409 and sentence in text(response)
    row.refresh_from_db()
    assert row.state == "draft" and row.cause_found == sent.get("cause_found", "")


def test_remediation_without_its_last_day_is_not_handed_in(client, w):
    row = ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    Remediation.objects.filter(pk=row.pk).update(file=w.paper)
    sent = {"cause_found": "a", "measures": "b", "submit": "yes"}
    response = enter(client, w.keeper).post(url(w, "remediation_fill", row), sent)
    assert response.status_code == 409 and "请填写整改完成日期" in text(response)


def test_remediation_that_was_handed_in_is_changed_by_nobody(client, w):
    row = ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    Remediation.objects.filter(pk=row.pk).update(state="submitted", cause_found="原来的")
    refused = enter(client, w.keeper).post(url(w, "remediation_fill", row), {"cause_found": "改掉"})
    assert refused.status_code == 409 and Remediation.objects.get().cause_found == "原来的"


def test_remediation_is_begun_once(client, w):
    ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    again = enter(client, w.keeper).post(url(w, "remediation_begin", w.withdrawal))
    assert again.status_code == 409 and Remediation.objects.count() == 1


def test_a_pledge_that_fell_is_not_followed_by_a_draft_before_remediation(client, w):
    refused = enter(client, w.keeper).post(url(w, "draft"))
    assert refused.status_code == 409 and "整改还没有经主管部门认可" in text(refused)


def test_the_history_lists_every_pledge_with_its_end(client, w):
    page = text(enter(client, w.keeper).get(url(w, "pledge_history")))
    assert w.pledge.number in page and "诚信投诉查证属实" in page and "已撤销" in page


def test_an_old_pledge_is_readable_as_withdrawn_with_its_pdf(client, w):
    page = text(enter(client, w.keeper).get(url(w, "pledge_one", w.pledge)))
    assert "已撤销：诚信投诉查证属实" in page and "如实记录，不编造" in page and "周立言" in page and "平台自动" in page
    assert url(w, "paper", w.pledge) in page
