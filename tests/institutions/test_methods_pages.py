"""Pages of methods: what is in use and due, the catalogue, one method with what rests on it, the steps of an own one."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from institutions.models import Method, MethodReview, OwnMethod
from portal.permissions import Role
from portal.tenancy import scope, tenant
from tests import make


@pytest.fixture
def world(laboratory):
    return laboratory


def browser(world, *roles, employment=None):
    client = Client()
    client.force_login(make.user(world.institution, *roles, employment=employment))
    return client


@pytest.fixture
def keeper(world):
    return browser(world, Role.TECHNICAL_MANAGER, employment=world.signatory_employment)


def url(world, name, *args):
    return reverse(f"institutions:{name}", args=[world.institution.slug, *args])


def text(response):
    return response.content.decode()


def test_the_methods_in_use_stand_with_their_next_review(world, keeper):
    page = text(keeper.get(url(world, "methods")))
    assert "JJG 52-2013" in page and "已超期" in page and "北湾场所" in page


def test_overdue_methods_come_first(world, keeper):
    soon = make.method("JJG 13-2016")
    today = timezone.localdate()
    with tenant(world.institution.pk):
        make._row(type(world.adoption), world.institution, method=soon, site=world.site, verified_on=today,
                  verified_by=world.signatory_employment, report_number="x")  # fmt: skip
    page = text(keeper.get(url(world, "methods")))
    assert page.index("JJG 52-2013") < page.index("JJG 13-2016")


def review_form(world, **values):
    return {
        "methods": [world.method.ref], "reviewed_on": timezone.localdate().isoformat(),
        "reviewer": world.signatory_employment.ref, "source": "国家计量技术规范全文公开系统", **values,
    }  # fmt: skip


def test_ticked_methods_are_looked_up_in_one_act(world, keeper):
    answer = keeper.post(url(world, "methods_review"), review_form(world), follow=True)
    assert "已登记 1 项查新" in text(answer)
    with tenant(world.institution.pk):
        assert MethodReview.objects.get().method_id == world.method.pk


@pytest.mark.parametrize(("values", "said"), [
    ({"methods": []}, "请先在列表里勾选"),
    ({"source": ""}, "查新来源"),
    ({"methods": ["nosuchmethod"]}, "请刷新页面"),
])  # fmt: skip
def test_what_is_missing_is_said_and_what_was_typed_stays(world, keeper, values, said):
    answer = keeper.post(url(world, "methods_review"), review_form(world, **{"source": "公开系统甲"} | values))
    assert answer.status_code == 422 and said in text(answer)
    assert values.get("source") == "" or "公开系统甲" in text(answer)


def test_a_review_in_the_future_is_refused_with_its_clause_and_the_tick_stays(world, keeper):
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = keeper.post(url(world, "methods_review"), review_form(world, reviewed_on=tomorrow.isoformat()))
    assert answer.status_code == 409 and "还没有到" in text(answer)
    assert f'value="{world.method.ref}"' in text(answer) and "checked" in text(answer)


def test_whoever_only_reads_sees_no_form_and_records_nothing(world):
    reader = browser(world, Role.OPERATOR)
    assert "登记查新" not in text(reader.get(url(world, "methods")))
    assert reader.post(url(world, "methods_review"), review_form(world)).status_code == 403


@pytest.mark.parametrize(("state", "seen"), [
    ("current", ["JJG 52-2013"]), ("planned", ["JJG 1-2099"]), ("superseded", ["JJG 2-2000"]), ("abolished", ["JJG 3-2000"]),
])  # fmt: skip
def test_the_catalogue_is_searched_by_state(world, keeper, state, seen):
    day = timezone.localdate()
    make.method("JJG 1-2099", in_force_from=day + timedelta(days=1))
    make.method("JJG 2-2000", in_force_until=day, replaced_by="JJG 2-2020")
    make.method("JJG 3-2000", in_force_until=day)
    page = text(keeper.get(url(world, "method_catalogue"), {"state": state}))
    assert [code for code in ("JJG 52-2013", "JJG 1-2099", "JJG 2-2000", "JJG 3-2000") if code in page] == seen


def test_a_method_whose_status_the_portal_has_not_seen_is_not_called_current(world, keeper):
    make.method("JJG 7-2004", status_checked=False, note="可能已有新版本")
    page = text(keeper.get(url(world, "method_catalogue"), {"q": "JJG 7-2004"}))
    assert "待查新" in page and "日期待核" in page


def end(world):
    with scope():
        Method.objects.filter(pk=world.method.pk).update(in_force_until=timezone.localdate(), replaced_by="JJG 52-2026")


def test_the_page_of_an_ended_method_lists_what_rests_on_it(world, keeper):
    end(world)
    page = text(keeper.get(url(world, "method", world.method.ref)))
    assert "起失效" in page and "JJG 52-2026" in page
    assert world.scope.instrument in page and "沈若川" in page and world.procedure.title in page


def test_the_editions_of_a_method_stand_in_their_order(world, keeper):
    make.method("JJG 52-1999", replaced_by="JJG 52-2013", in_force_until=world.method.in_force_from)
    page = text(keeper.get(url(world, "method", world.method.ref)))
    table = page.partition("版本沿革")[2]
    assert table.index("JJG 52-2013") < table.index("JJG 52-1999")


def test_the_list_says_how_much_an_ended_method_touches(world, keeper):
    end(world)
    assert "影响 6 处" in text(keeper.get(url(world, "methods")))


def test_a_strangers_own_method_is_not_found(world, keeper):
    strangers = make.own_method(make.institution("beta"))
    assert keeper.get(url(world, "method", strangers.ref)).status_code == 404


def test_beginning_a_record_by_an_ended_method_warns(world):
    end(world)
    operator = browser(world, Role.OPERATOR, employment=world.operator_employment)
    item = make.item(world.institution)
    page = text(operator.get(reverse("certificates:start", args=[world.institution.slug, item.ref])))
    assert "不能再用来出数据" in page


def test_a_data_sheet_of_an_ended_method_says_so_where_it_is_chosen(world):
    end(world)
    operator = browser(world, Role.OPERATOR, employment=world.operator_employment)
    page = text(operator.get(reverse("certificates:new_procedure", args=[world.institution.slug])))
    assert "（JJG 52-2013 已失效）" in page


# --- the steps of an own method


@pytest.fixture
def own(world):
    with tenant(world.institution.pk):
        return make._row(
            OwnMethod, world.institution, origin="in_house", code="QF-07-2026", title="数字压力计校准方法", field="压力",
            intended_use="没有国家规范", text=make.document(world.institution),
        )  # fmt: skip


def test_the_page_of_a_draft_offers_its_validation_and_not_its_release(world, keeper, own):
    page = text(keeper.get(reverse("portal:register_row", args=[world.institution.slug, "own-methods", own.ref])))
    assert url(world, "own_method_validate", own.ref) in page and url(world, "own_method_release", own.ref) not in page


def test_a_refused_step_keeps_what_was_typed(world, keeper, own):
    today = timezone.localdate().isoformat()
    typed = {
        "validated_on": today, "validator": world.operator_employment.ref,
        "validation": make_file(), "evaluation": make_file(),
    }  # fmt: skip
    answer = keeper.post(url(world, "own_method_validate", own.ref), typed)
    assert answer.status_code == 409 and "一级注册计量师" in text(answer) and f'value="{today}"' in text(answer)


def make_file():
    return SimpleUploadedFile("报告.pdf", make.pdf())


def test_giving_up_needs_a_reason(world, keeper, own):
    answer = keeper.post(url(world, "own_method_give_up", own.ref), {"reason": ""})
    assert answer.status_code == 422


@pytest.mark.parametrize("step", ["own_method_validate", "own_method_release", "own_method_give_up"])
def test_the_steps_are_for_those_who_keep_methods(world, own, step):
    assert browser(world, Role.OPERATOR).get(url(world, step, own.ref)).status_code == 403
