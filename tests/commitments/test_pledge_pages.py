"""Pages on the way to a public pledge: what they show, what they do, and what they refuse in words."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from commitments import workflow
from commitments.models import Commitment
from institutions.models import Institution, KeyPerson, RegisterCheck, Violation
from portal import outbox
from portal.models import Document
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges
from tests.commitments.pages import NOW, TODAY, YES, enter, scan, sign, text, upload, url


@pytest.fixture(scope="module")
def made(rows_of_module):
    return pledges.furnished(make.laboratory(), at=NOW)


@pytest.fixture
def w(db, made):
    """A laboratory that may pledge today; the test runs inside its scope."""
    with tenant(made.institution.pk):
        yield deepcopy(made)


def test_an_institution_without_pledge_reads_how_to_begin(client, w):
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "尚未承诺" in page and "起草承诺书" in page and "承诺书将这样写" in page and "全部符合" in page


def test_the_wording_stands_in_chinese_with_english_beside_it(client, w):
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "如实记录，不编造" in page and "recorded as they are" in page


def test_each_condition_says_what_decides_it_and_leads_to_what_mends_it(client, w):
    RegisterCheck.objects.filter(institution=w.institution).update(checked_on=TODAY - timedelta(31))
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "差 1 项" in page and "30 天内没有查过：严重违法失信名单、行政处罚公示" in page
    assert reverse("portal:register", args=[w.institution.slug, "register-checks"]) in page


def test_who_cannot_mend_a_condition_reads_who_can(client, w):
    RegisterCheck.objects.filter(institution=w.institution).update(checked_on=TODAY - timedelta(400))
    page = text(enter(client, w.legal).get(url(w, "pledge")))
    assert "由机构管理员、质量负责人、计量管理人员处理" in page


def test_the_four_steps_lead_to_a_public_pledge(client, w):
    enter(client, w.keeper).post(url(w, "draft"))
    row = Commitment.objects.get()
    assert enter(client, w.second_keeper).post(url(w, "check", row), YES).status_code == 302
    assert sign(client, w, row).status_code == 302
    assert enter(client, w.keeper).post(url(w, "publish", row), YES).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.mode, row.signed_by) == ("public", "screen", w.representative)


def test_whoever_drew_it_up_is_told_that_another_one_checks(client, w):
    pledges.draft(w, at=NOW)
    page = text(enter(client, w.keeper).get(url(w, "pledge")))
    assert "要由另一人核对" in page and url(w, "check", w.pledge) not in page
    refused = enter(client, w.keeper).post(url(w, "check", w.pledge), YES)
    assert refused.status_code == 409 and "起草人不能核对自己的草稿" in text(refused)


def test_the_checker_sees_what_differs_from_the_register(client, w):
    pledges.draft(w, at=NOW)
    Institution.objects.filter(pk=w.institution.pk).update(address="新址 1 号")
    page = text(enter(client, w.second_keeper).get(url(w, "pledge")))
    assert "不一致" in page and "新址 1 号" in page and "地址与机构登记的不一致" in page


def test_a_second_draft_is_refused_while_one_is_in_the_making(client, w):
    pledges.draft(w, at=NOW)
    refused = enter(client, w.keeper).post(url(w, "draft"))
    assert refused.status_code == 409 and "已有一份承诺书正在办理" in text(refused) and Commitment.objects.count() == 1


def test_nothing_is_signed_with_a_wrong_password(client, w):
    pledges.checked(w, at=NOW)
    response = sign(client, w, w.pledge, password="wrong")
    assert response.status_code == 401 and "密码不对" in text(response)
    assert Commitment.objects.get().state == "checked"


def test_nothing_is_signed_but_what_was_shown(client, w):
    pledges.checked(w, at=NOW)
    response = sign(client, w, w.pledge, confirmed_sha256="0" * 64)
    assert response.status_code == 409 and Commitment.objects.get().state == "checked"


def test_what_is_not_ticked_is_not_done(client, w):
    pledges.checked(w, at=NOW)
    response = sign(client, w, w.pledge, confirmed="")
    assert response.status_code == 422 and "并勾选" in text(response) and Commitment.objects.get().state == "checked"


def test_another_legal_representative_than_the_registered_one_cannot_sign(client, w):
    pledges.checked(w, at=NOW)
    other = make.actor(w.institution, Role.LEGAL_REPRESENTATIVE, employment=make.employment(w.institution, "冒名"))
    page = text(enter(client, other).get(url(w, "pledge")))
    assert url(w, "sign", w.pledge) not in page and "不是登记的法定代表人" in page
    refused = sign(client, w, w.pledge, who=other)
    assert refused.status_code == 409 and "只能由法定代表人（负责人）本人" in text(refused)
    assert Commitment.objects.get().state == "checked"


def test_who_was_legal_representative_until_yesterday_cannot_sign(client, w):
    pledges.checked(w, at=NOW)
    KeyPerson.objects.filter(pk=w.representative.pk).update(valid_until=TODAY - timedelta(1))
    successor = make.employment(w.institution, "继任")
    pledges.key_person(w, KeyPerson.Role.LEGAL_REPRESENTATIVE, successor, valid_from=TODAY)
    refused = sign(client, w, w.pledge)
    assert refused.status_code == 409 and "法定代表人与机构登记的不一致" in text(refused)
    assert Commitment.objects.get().state == "checked"


def test_a_scan_of_the_sealed_paper_is_published_once_it_was_inspected(client, w):
    pledges.checked(w, at=NOW)
    assert upload(client, w).status_code == 302
    early = enter(client, w.keeper).post(url(w, "publish", w.pledge), YES)
    assert early.status_code == 409 and "稍等文件检查完成" in text(early)
    outbox.drain()
    assert enter(client, w.keeper).post(url(w, "publish", w.pledge), YES).status_code == 302
    w.pledge.refresh_from_db()
    assert (w.pledge.state, w.pledge.mode) == ("public", "paper")


def test_a_scan_that_the_inspection_turned_away_is_replaced(client, w):
    pledges.checked(w, at=NOW)
    upload(client, w)
    Document.objects.filter(pk=Commitment.objects.get().scan_id).update(state="refused", refused_because="打不开。")
    page = text(client.get(url(w, "pledge")))
    assert "签章扫描件被拒收：打不开。" in page and url(w, "scan", w.pledge) in page
    better = SimpleUploadedFile("b.pdf", make.pdf(lambda document: document.add_blank_page()))
    assert upload(client, w, file=better).status_code == 302
    again = upload(client, w)
    assert again.status_code == 409 and "已经签署" in text(again)
    assert Commitment.objects.get().scan.name == "b.pdf"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"signed_on": (TODAY + timedelta(1)).isoformat()}, "不能晚于今天"),
        ({"signed_on": (TODAY - timedelta(1)).isoformat()}, "签署日期早于核对日期"),
        ({"signed_on": "昨天"}, "日期看不懂"),
        ({"file": ""}, "请选择签章扫描件"),
        ({"file": SimpleUploadedFile("承诺书.exe", b"MZ")}, "请上传 PDF"),
    ],
)
def test_a_scan_that_will_not_do_is_refused_in_a_sentence_and_leaves_no_file(client, w, sent, sentence):
    pledges.checked(w, at=NOW)
    before = Document.objects.count()
    response = upload(client, w, **sent)
    assert response.status_code in (409, 422) and sentence in text(response)
    assert Document.objects.count() == before and Commitment.objects.get().state == "checked"


def test_the_day_that_was_typed_is_still_there_when_the_file_was_forgotten(client, w):
    pledges.checked(w, at=NOW)
    page = text(upload(client, w, signed_on="2026-02-29", file=""))
    assert 'value="2026-02-29"' in page


def test_the_scan_of_another_institution_s_pledge_is_refused(client, w):
    pledges.checked(w, at=NOW)
    foreign = pledges.furnished(make.laboratory("beta"), at=NOW)
    pledges.checked(foreign, at=NOW)
    same = scan().read()
    with tenant(foreign.institution.pk):
        file = SimpleUploadedFile("a.pdf", same)
        workflow.sign_on_paper(foreign.pledge, file, TODAY, actor=foreign.keeper, at=timezone.now())
    response = upload(client, w, file=SimpleUploadedFile("b.pdf", same))
    assert response.status_code == 409 and "已经用在另一份承诺书上" in text(response)
    assert "beta" not in text(response) and Commitment.objects.get(pk=w.pledge.pk).state == "checked"


def test_a_forged_post_does_not_make_an_institution_eligible(client, w):
    pledges.signed(w, at=NOW)
    Violation.objects.create(
        institution=w.institution, kind="penalty", issuer="市局（示）", number="罚 1 号", summary="出具虚假数据",
        decided_on=TODAY, final_on=TODAY, metrology=True,
    )  # fmt: skip
    forged = YES | {"eligible": "yes", "eligibility": "[]", "state": "public", "signed_by": str(w.representative.pk)}
    response = enter(client, w.keeper).post(url(w, "publish", w.pledge), forged)
    assert response.status_code == 409 and "三年内受过计量行政处罚" in text(response)
    assert Commitment.objects.get().state == "signed"


def test_an_act_of_another_institution_s_pledge_is_not_found(client, w):
    foreign = pledges.signed(pledges.furnished(make.laboratory("beta"), at=NOW), at=NOW)
    enter(client, w.keeper)
    address = reverse("commitments:publish", args=[w.institution.slug, foreign.pledge.ref])
    assert client.post(address, YES).status_code == 404


def test_a_draft_is_given_up_with_a_reason(client, w):
    pledges.draft(w, at=NOW)
    missing = enter(client, w.keeper).post(url(w, "drop", w.pledge), {"reason": " "})
    assert missing.status_code == 422 and Commitment.objects.get().state == "draft"
    client.post(url(w, "drop", w.pledge), {"reason": "法定代表人变更"})
    assert Commitment.objects.get().state == "dropped"
