"""The pages of qualifications and scope: lists, steps, the choice between two lines."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from institutions.models import Qualification, ScopeChoice, ScopeItem
from portal.permissions import Role
from portal.tenancy import new_ref, tenant
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def w(laboratory):
    return laboratory


@pytest.fixture
def desk(client, w):
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER, name="周岚"))
    return client


def shown(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content.decode()[:300]
    return answer.content.decode()


def changed(w, model=ScopeItem, **values):
    with tenant(w.institution.pk):
        model.objects.update(**values)


def second(w, **values):
    with tenant(w.institution.pk):
        twin = ScopeItem.objects.get(pk=w.scope.pk)
        twin.pk, twin.ref = None, new_ref()
        for name, value in values.items():
            setattr(twin, name, value)
        twin.save()
    return twin


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True), ({"q": "压力表"}, True), ({"q": "JJG 52"}, True), ({"q": "卡尺"}, False), ({"field": "压力"}, True),
        ({"field": "长度"}, False), ({"state": "valid"}, True), ({"state": "expired"}, False), ({"state": "stopped"}, False),
        ({"site": "none"}, False), ({"paper": "none"}, False), ({"q": "\x00"}, True), ({"state": "x"}, True),
    ],
)  # fmt: skip
def test_the_scope_is_narrowed(desk, query, found):
    html = shown(desk, "/i/alpha/scope/", **query)
    assert ("0.002 MPa" in html) is found


def test_a_suspended_line_says_so_in_the_list_and_why_on_its_page(desk, w):
    changed(w, state="suspended", suspended_because="少于 2 人", suspended_clause="C-5.1.1-s2")
    assert "已暂停" in shown(desk, "/i/alpha/scope/", state="stopped")
    html = shown(desk, f"/i/alpha/registers/scope/row/{w.scope.ref}/")
    assert "少于 2 人" in html
    assert "/resume/" not in html


def test_a_line_on_an_invalid_qualification_says_so(desk, w):
    changed(w, Qualification, valid_until=timezone.localdate() - timedelta(3))
    assert "资质无效" in shown(desk, "/i/alpha/scope/")
    assert "这条能力今天不能用" in shown(desk, f"/i/alpha/registers/scope/row/{w.scope.ref}/")


@pytest.mark.parametrize(
    "values",
    [
        {}, {"cmc_slope": "0.001"}, {"cmc_form": "root", "cmc_slope": "0.001"}, {"range_low": "-1"},
        {"cmc_form": "table", "cmc_points": "0 0.1\n2.5 0.2"}, {"cmc_relative": True, "cmc_unit": "%", "cmc_form": "constant"},
    ],
)  # fmt: skip
def test_a_line_has_the_curve_of_its_cmc(desk, w, values):
    changed(w, **values)
    assert re.search(r'd="M52\.0 [\d.]+L', shown(desk, f"/i/alpha/registers/scope/row/{w.scope.ref}/"))


def test_a_matrix_and_a_single_value_have_no_curve(desk, w):
    changed(w, range_low="2.5")
    assert "CMC 随值的变化" not in shown(desk, f"/i/alpha/registers/scope/row/{w.scope.ref}/")


def test_a_qualification_is_recorded_suspended_and_taken_up_again(desk, w):
    path = f"/i/alpha/qualifications/{w.qualification.ref}"
    row = f"/i/alpha/registers/qualifications/row/{w.qualification.ref}/"
    today = timezone.localdate()
    answer = desk.post(f"{path}/suspend/", {"on": today.isoformat(), "reason": "认可〔2026〕12 号"})
    assert answer.headers["Location"] == row
    assert "停用：" in shown(desk, row)
    assert "已暂停" in shown(desk, "/i/alpha/qualifications/", state="stopped")
    refused = desk.post(f"{path}/resume/", {"on": today.isoformat(), "reason": "恢复通知第 3 号"})
    assert refused.status_code == 409
    assert "恢复通知第 3 号" in refused.content.decode()


@pytest.mark.parametrize("typed", [{}, {"on": "昨天", "reason": "通知"}, {"on": "2026-03-01", "reason": ""}])
def test_a_step_that_is_not_filled_in_is_shown_again(desk, w, typed):
    answer = desk.post(f"/i/alpha/qualifications/{w.qualification.ref}/suspend/", typed)
    assert answer.status_code == 422
    assert typed.get("reason", "") in answer.content.decode()


def test_what_is_missing_for_the_confirmation_is_shown_before_anybody_asks(desk, w):
    changed(w, Qualification, state="pending")
    html = shown(desk, f"/i/alpha/registers/qualifications/row/{w.qualification.ref}/")
    assert "没有证书文件" in html
    assert desk.post(f"/i/alpha/qualifications/{w.qualification.ref}/confirm/").status_code == 409


def test_a_line_is_suspended_and_resumed_by_hand(desk, w):
    make.authorisation(w.institution, make.employment(w.institution, "许知远二"), "calibrator")
    path, since = f"/i/alpha/scope/{w.scope.ref}", timezone.localdate() - timedelta(3)
    assert desk.post(f"{path}/suspend/", {"on": since.isoformat(), "reason": "标准器停用"}).status_code == 302
    assert desk.post(f"{path}/resume/", {"reason": "标准器恢复"}).status_code == 302
    with tenant(w.institution.pk):
        assert ScopeItem.objects.get().state == "active"
    html = shown(desk, f"/i/alpha/registers/scope/row/{w.scope.ref}/")
    assert "暂停过：" in html and since.isoformat() in html and "标准器停用" in html


def test_two_lines_are_chosen_between_on_one_page(desk, w):
    other = second(w, range_high="40", cmc_constant="0.02")
    path = f"/i/alpha/scope/choose/?lines={w.scope.ref},{other.ref}"
    assert "(0～40) MPa" in shown(desk, path)
    assert desk.post(path, {"line": other.ref}).status_code == 422
    assert desk.post(path, {"line": other.ref, "reason": "按附表第 2 项"}).status_code == 302
    with tenant(w.institution.pk):
        assert ScopeChoice.objects.get().line == other


@pytest.mark.parametrize("lines", ["", "x", "a,b,\x00"])
def test_lines_that_are_gone_lead_back_to_the_scope(desk, lines):
    assert desk.get("/i/alpha/scope/choose/", {"lines": lines}).headers["Location"] == "/i/alpha/scope/"


def test_whoever_may_not_keep_the_scope_changes_nothing(client, w):
    client.force_login(make.user(w.institution, Role.OPERATOR))
    for path in (f"scope/{w.scope.ref}/suspend", f"qualifications/{w.qualification.ref}/revoke", "scope/choose"):
        assert client.post(f"/i/alpha/{path}/").status_code == 403
    assert "登记一条" not in shown(client, "/i/alpha/scope/")


def test_the_scope_costs_as_many_queries_with_many_lines_as_with_one(desk, w, django_assert_max_num_queries):
    for number in range(30):
        second(w, instrument=f"仪器{number}")
    with django_assert_max_num_queries(30):
        shown(desk, "/i/alpha/scope/")


def test_the_sites_are_a_register_with_a_form(desk):
    answer = desk.post(
        "/i/alpha/registers/sites/new/",
        {"name": "东屏场所", "kind": "fixed", "address": "东屏路 1 号", "tenure": "leased"},
    )
    assert answer.status_code == 409
    assert "请上传使用证明" in answer.content.decode()
    assert "东屏路 1 号" in answer.content.decode()
