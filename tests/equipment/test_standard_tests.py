"""重复性试验 and 稳定性考核 of measurement standards."""

from datetime import date, timedelta
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse

from equipment.checking.readings import Readings
from equipment.models import MeasurementStandard, StandardTest
from equipment.trials import kinds as trials
from equipment.trials import workflow
from equipment.trials.kinds import Group
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON
Kind, Limit, Verdict = StandardTest.Kind, StandardTest.Limit, StandardTest.Verdict
TEN = ["1.000", "1.001", "1.002", "1.001", "1.000", "1.001", "1.002", "1.001", "1.000", "1.002"]  # s = 0.000 816


@pytest.fixture
def w(laboratory):
    """A laboratory with a measurement standard; the test runs inside its scope."""
    w = laboratory
    w.actor = make.actor(w.institution, Role.OPERATOR, employment=w.operator_employment)
    with tenant(w.institution.pk):
        yield w


def group(*texts, on=DAY):
    return Group(on, Readings(texts))


def done(w, kind, *groups, compared_with=None, file=None, actor=None, **values):
    kinds = {Kind.REPEATABILITY: (Limit.REPORT, "0.001"), Kind.STABILITY: (Limit.MPE, "0.005")}
    values = {
        "performed_by": w.operator_employment, "quantity": "压力", "unit": "MPa", "nominal": D("1"),
        "limit_kind": kinds[kind][0], "limit": D(kinds[kind][1]), "conditions": "核查标准 YB-0108", **values,
    }  # fmt: skip
    return workflow.test(
        w.standard, kind, groups, values, file, compared_with=compared_with, actor=actor or w.actor, at=NOON
    )


def monthly(*means, last=DAY):
    """Groups of two readings around each mean, forty days apart."""
    days = [last - timedelta(40 * (len(means) - 1 - number)) for number in range(len(means))]
    return [group(mean, mean, on=day) for mean, day in zip(means, days, strict=True)]


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


# --- figures and verdicts


def test_a_repeatability_is_s_of_its_readings(w):
    row = done(w, Kind.REPEATABILITY, group(*TEN))
    assert (row.verdict, round(row.figure, 6)) == ("passed", D("0.000816"))


def test_a_repeatability_greater_than_reported_asks_for_a_new_budget(w):
    assert done(w, Kind.REPEATABILITY, group(*TEN), limit=D("0.0008")).verdict == Verdict.REVIEW


def test_a_first_stability_is_the_greatest_difference_of_means(w):
    row = done(w, Kind.STABILITY, *monthly("1.0000", "1.0020", "0.9990", "1.0010"))
    assert (row.verdict, row.figure, row.performed_on) == ("passed", D("0.003"), DAY)


def test_a_difference_as_great_as_the_limit_is_not_stable(w):
    assert done(w, Kind.STABILITY, *monthly("1.000", "1.005", "1.001", "1.002")).verdict == Verdict.FAILED


def test_a_yearly_stability_is_the_difference_to_the_last_group_before(w):
    first = done(w, Kind.STABILITY, *monthly("1.000", "1.001", "1.002", "1.003", last=DAY - timedelta(365)))
    row = done(w, Kind.STABILITY, group("0.999", "0.999"), compared_with=first)
    assert (row.figure, row.verdict) == (D("0.004"), "passed")
    assert [one.on for one in trials.groups_of(row)] == [DAY - timedelta(365), DAY]


def test_the_next_year_is_compared_with_the_year_before_and_not_with_the_beginning(w):
    first = done(w, Kind.STABILITY, *monthly("1", "1", "1", "1.000", last=DAY - timedelta(730)))
    second = done(w, Kind.STABILITY, group("1.003", "1.003", on=DAY - timedelta(365)), compared_with=first)
    third = done(w, Kind.STABILITY, group("1.006", "1.006"), compared_with=second)
    assert (third.figure, third.verdict) == (D("0.003"), "passed")


def test_readings_are_kept_as_typed_with_their_day(w):
    row = make.fresh(done(w, Kind.REPEATABILITY, group(*TEN)))
    assert row.groups == [{"on": "2026-03-10", "readings": TEN}]


def test_a_test_is_never_changed(w):
    row = done(w, Kind.REPEATABILITY, group(*TEN))
    with pytest.raises(DatabaseError), transaction.atomic():
        StandardTest.objects.filter(pk=row.pk).update(verdict="failed")


def test_the_newest_test_of_a_kind_is_known_for_any_day(w):
    old = done(w, Kind.REPEATABILITY, group(*TEN, on=DAY - timedelta(365)))
    new = done(w, Kind.REPEATABILITY, group(*TEN))
    assert trials.latest(w.standard, Kind.REPEATABILITY, DAY) == new
    assert trials.latest(w.standard, Kind.REPEATABILITY, DAY - timedelta(1)) == old


def test_a_stability_that_holds_moves_the_clock_of_the_main_standard(w):
    clock = make.clock(w.institution, w.equipment, "stability", interval_months=12)
    done(w, Kind.STABILITY, *monthly("1.000", "1.001", "1.002", "1.003"))
    assert make.fresh(clock).due_on == date(2027, 3, 9)


@pytest.mark.parametrize("kind", [Kind.STABILITY, Kind.REPEATABILITY])
def test_what_is_not_a_stability_that_holds_moves_no_clock(w, kind):
    clock = make.clock(w.institution, w.equipment, "stability")
    groups = monthly("1.000", "1.001", "1.002", "1.009") if kind == Kind.STABILITY else [group(*TEN)]
    done(w, kind, *groups)
    assert make.fresh(clock).due_on == clock.due_on


# --- gates


@pytest.mark.parametrize(("count", "refused"), [(6, False), (5, True), (1, True)])
def test_a_repeatability_has_six_readings_at_the_least(w, count, refused):
    if not refused:
        assert done(w, Kind.REPEATABILITY, group(*TEN[:count])).pk
        return
    with pytest.raises(Refused, match="最少 6 次") as found:
        done(w, Kind.REPEATABILITY, group(*TEN[:count]))
    assert clauses_of(found) == ["C-7.1.2-s2"]


def test_a_new_standard_is_stable_over_four_groups_at_the_least(w):
    with pytest.raises(Refused, match="至少 4 组，现在有 3 组"):
        done(w, Kind.STABILITY, *monthly("1.000", "1.001", "1.002"))


def test_groups_lie_more_than_a_month_apart(w):
    groups = monthly("1.000", "1.001", "1.002", "1.003")
    near = group("1.0", "1.0", on=groups[-1].on - timedelta(20))
    with pytest.raises(Refused, match="相隔不到一个月"):
        done(w, Kind.STABILITY, *groups[:-1], near, groups[-1])


def test_a_yearly_stability_of_another_point_is_compared_with_nothing(w):
    first = done(w, Kind.STABILITY, *monthly("1", "1", "1", "1", last=DAY - timedelta(365)), nominal=D(2))
    with pytest.raises(Refused, match="至少 4 组，现在有 2 组"):
        done(w, Kind.STABILITY, group("1", "1"), compared_with=first)


@pytest.mark.parametrize(
    ("kind", "limit_kind"),
    [(Kind.REPEATABILITY, Limit.MPE), (Kind.STABILITY, Limit.REPORT)],
)
def test_a_limit_suits_the_kind_of_test(w, kind, limit_kind):
    groups = monthly("1.000", "1.001", "1.002", "1.003") if kind == Kind.STABILITY else [group(*TEN)]
    with pytest.raises(Refused, match="重新选择限值的来源"):
        done(w, kind, *groups, limit_kind=limit_kind)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"limit": D(0)}, "限值须大于 0"), ({"on": DAY + timedelta(1)}, "之后"), ({"gone": True}, "不在职")],
)
def test_a_test_that_cannot_have_been_is_refused(w, values, sentence):
    if values.pop("gone", False):
        values["performed_by"] = make.employment(w.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match=sentence):
        done(w, Kind.REPEATABILITY, group(*TEN, on=values.pop("on", DAY)), **values)


def test_a_withdrawn_standard_is_not_tested(w):
    MeasurementStandard.objects.filter(pk=w.standard.pk).update(state="withdrawn")
    w.standard.refresh_from_db()
    with pytest.raises(Refused, match="已撤销"):
        done(w, Kind.REPEATABILITY, group(*TEN))


def test_the_same_readings_are_recorded_once_and_the_refusal_stays_in_the_trail(w):
    done(w, Kind.REPEATABILITY, group(*TEN))
    with pytest.raises(Refused, match="已经登记过"):
        done(w, Kind.REPEATABILITY, group(*TEN))
    assert AuditEntry.objects.filter(verb="standardtest.record").order_by("pk").last().succeeded is False


def test_somebody_who_uses_no_equipment_records_no_test(w):
    with pytest.raises(PermissionDenied):
        done(w, Kind.REPEATABILITY, group(*TEN), actor=make.actor(w.institution, Role.RECEPTIONIST))


# --- verification of results


def verified(w, own="10.000", u="0.003", *, reference="10.004", u_reference="0.003", others=(), on=DAY, **values):
    """One point of a verification: by transfer, or by comparison with `others`."""
    values = {
        "performed_by": w.operator_employment, "quantity": "压力", "unit": "MPa", "nominal": D(10),
        "limit_kind": Limit.COMPARISON if others else Limit.TRANSFER, "conditions": "0.02 级压力表", **values,
    }  # fmt: skip
    other = Group(on, Readings(tuple(others) or (reference,)), "" if others else u_reference, "省级计量院（示）")
    return workflow.verify(w.standard, Group(on, Readings((own,)), u), other, values, None, actor=w.actor, at=NOON)


@pytest.mark.parametrize(
    ("reference", "u_reference", "verdict"),
    [
        ("10.004", "0.003", "passed"), ("10.006", "0.003", "failed"), ("9.996", "0.003", "passed"),
        ("10.003", "0.001", "passed"), ("10.0031", "0.001", "failed"),
    ],
)  # fmt: skip
def test_a_result_is_held_against_that_of_a_higher_standard(w, reference, u_reference, verdict):
    assert verified(w, reference=reference, u_reference=u_reference).verdict == verdict


@pytest.mark.parametrize(("u", "verdict"), [("0.0347", "passed"), ("0.0346", "failed")])
def test_a_result_is_held_against_the_mean_of_the_laboratories(w, u, verdict):
    row = verified(w, "10.00", u, others=("10.02", "10.04", "10.06"))
    assert (row.verdict, row.figure, round(row.limit, 5)) == (verdict, D("0.03"), round(D(u) * D(3).sqrt() / 2, 5))


def test_a_verification_keeps_both_results_as_they_were_typed_with_their_u(w):
    assert make.fresh(verified(w)).groups == [
        {"on": "2026-03-10", "readings": ["10.000"], "u": "0.003"},
        {"on": "2026-03-10", "readings": ["10.004"], "u": "0.003", "by": "省级计量院（示）"},
    ]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"u": ""}, "本计量标准所给结果的 U"),
        ({"u": "-0.003"}, "本计量标准所给结果的 U"),
        ({"u": "", "others": ("10.02",)}, "本计量标准所给结果的 U"),
        ({"u_reference": ""}, "参考值的 U（k = 2）"),
        ({"u_reference": "0.0031"}, "要用更高一级的计量标准"),
        ({"limit_kind": Limit.MPE}, "重新选择限值的来源"),
        ({"on": DAY + timedelta(1)}, "之后"),
    ],
)
def test_a_verification_that_proves_nothing_is_refused(w, values, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        verified(w, **values)
    assert clauses_of(refused) == ["C-7.1.2-s2"]


def test_the_same_verification_is_recorded_once_and_another_reference_is_another_one(w):
    verified(w)
    assert verified(w, reference="10.002").pk
    with pytest.raises(Refused, match="已经登记过"):
        verified(w)


def test_a_verification_moves_no_clock(w):
    clock = make.clock(w.institution, w.equipment, "stability")
    verified(w)
    assert make.fresh(clock).due_on == clock.due_on


# --- pages


@pytest.fixture
def browser(client, w):
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER, employment=None))

    def address(name, row=w.standard):
        return reverse(f"equipment:{name}", args=["alpha", row.ref])

    return SimpleNamespace(get=client.get, post=client.post, address=address)


def typed(w, *readings, **changes):
    values = {
        "quantity": "压力", "unit": "MPa", "nominal": "1", "limit_kind": "report", "limit": "0.001",
        "performed_by": w.operator_employment.ref, "conditions": "核查标准 YB-0108", **changes,
    }  # fmt: skip
    for number, texts in enumerate(readings, 1):
        values |= {f"readings_{number}": "\n".join(texts), f"on_{number}": values.get(f"on_{number}", "2026-03-10")}
    return values


def test_a_repeatability_is_typed_and_judged(w, browser):
    file = SimpleUploadedFile("试验.pdf", b"%PDF-1.7 scanned")
    answer = browser.post(browser.address("standard_test_new"), typed(w, TEN, file=file))
    row = StandardTest.objects.get()
    assert answer.status_code == 302 and browser.address("standard_test", row) in answer["Location"]
    assert (row.kind, row.verdict, row.file.name) == ("repeatability", "passed", "试验.pdf")


def test_fewer_than_ten_readings_need_a_reason_and_the_reason_is_kept(w, browser):
    address = browser.address("standard_test_new")
    answer = browser.post(address, typed(w, TEN[:7]))
    page = answer.content.decode()
    assert answer.status_code == 422 and "写明为什么够用" in page and "1.002\n1.001" in page
    browser.post(address, typed(w, TEN[:7], fewer_because="重复性只占合成的 3 %"))
    assert StandardTest.objects.get().conditions == "核查标准 YB-0108；不足 10 次：重复性只占合成的 3 %"


def stability(w, *readings, **changes):
    return typed(w, *readings, limit_kind="mpe", limit="0.005", **changes)


def test_a_first_stability_takes_its_groups_in_any_order(w, browser):
    days = {"on_1": "2026-03-01", "on_2": "2025-10-01", "on_3": "2025-12-01", "on_4": "2026-01-15"}
    browser.post(browser.address("standard_test_new") + "?mode=first", stability(w, *[("1.000", "1.001")] * 4, **days))
    assert [one["on"] for one in StandardTest.objects.get().groups] == [
        "2025-10-01",
        "2025-12-01",
        "2026-01-15",
        "2026-03-01",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"readings_5": "1.000\n1.001"}, "填了读数，还缺日期"),
        ({"on_6": "2026-03-01"}, "填了日期，还缺读数"),
        ({"readings_2": "1.000"}, "至少 2 个读数"),
        ({"unit": "kgf"}, "N"),
        ({"unit": "斗"}, "不是法定计量单位"),
    ],
)
def test_a_group_that_is_not_whole_is_asked_for(w, browser, changes, sentence):
    days = {"on_1": "2025-10-01", "on_2": "2025-12-01", "on_3": "2026-01-15", "on_4": "2026-03-01"}
    values = stability(w, *[("1.000", "1.001")] * 4, **days) | changes
    answer = browser.post(browser.address("standard_test_new") + "?mode=first", values)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert "2025-12-01" in answer.content.decode()


def test_a_yearly_stability_finds_the_test_before_by_itself(w, browser):
    done(w, Kind.STABILITY, *monthly("1.000", "1.001", "1.002", "1.003", last=DAY - timedelta(365)))
    browser.post(browser.address("standard_test_new") + "?mode=yearly", stability(w, ("1.004", "1.004")))
    assert StandardTest.objects.order_by("pk").last().figure == D("0.001")


def test_a_yearly_stability_without_one_before_says_what_to_do(w, browser):
    answer = browser.post(browser.address("standard_test_new") + "?mode=yearly", stability(w, ("1.004", "1.004")))
    page = answer.content.decode()
    assert answer.status_code == 409 and "没有可比较的" in page and "?mode=first" in page and "1.004" in page


def test_a_form_starts_with_the_point_of_the_test_before(w, browser):
    done(w, Kind.REPEATABILITY, group(*TEN), quantity="真空度", limit=D("0.0025"))
    page = browser.get(browser.address("standard_test_new")).content.decode()
    assert 'value="真空度"' in page and 'value="0.0025"' in page


def test_the_page_of_a_repeatability_tells_whether_scatter_has_grown(w, browser):
    done(w, Kind.REPEATABILITY, group(*TEN, on=DAY - timedelta(365)))
    wild = [str(D(text) + (D("0.02") if place % 2 else 0)) for place, text in enumerate(TEN)]
    row = done(w, Kind.REPEATABILITY, group(*wild))
    page = browser.get(browser.address("standard_test", row)).content.decode()
    assert "分散显著变大" in page and "重新评定不确定度" in page


def test_the_page_of_a_stability_that_failed_says_what_to_do(w, browser):
    row = done(w, Kind.STABILITY, *monthly("1.000", "1.005", "1.001", "1.002"))
    page = browser.get(browser.address("standard_test", row)).content.decode()
    assert "请暂停这项计量标准" in page and "4 组平均值最大相差 0.005" in page


def test_the_standards_page_shows_the_newest_test_of_each_point_and_what_is_missing(w, browser):
    done(w, Kind.REPEATABILITY, group(*TEN))
    page = browser.get(browser.address("standard")).content.decode()
    assert "重复性、稳定性与结果验证" in page and "0.000816" in page and "还没有稳定性考核的记录" in page


def test_all_tests_of_a_standard_are_shown_point_by_point(w, browser, django_assert_max_num_queries):
    for nominal in range(1, 9):
        done(w, Kind.REPEATABILITY, group(*TEN), nominal=D(nominal))
    with django_assert_max_num_queries(20):
        page = browser.get(browser.address("standard_tests")).content.decode()
    assert page.count("data-plot=") == 8 and "压力 8 MPa" in page


def verification(w, **changes):
    return {
        "quantity": "压力", "unit": "MPa", "nominal": "10", "performed_by": w.operator_employment.ref, "day": "2026-03-10",
        "value": "10.000", "uncertainty": "0.0030", "reference": "10.0060", "reference_uncertainty": "0.003",
        "by": "省级计量院（示）SL-1", **changes,
    }  # fmt: skip


def test_a_verification_by_transfer_is_typed_and_judged(w, browser):
    page = browser.post(browser.address("standard_test_new") + "?mode=transfer", verification(w), follow=True)
    text = page.content.decode()
    assert "相差 0.006 MPa，大于 √(U² + U参²) = 0.00424 MPa，结果没有得到验证" in text and "!!" not in text
    assert "0.0030" in text and "省级计量院（示）SL-1" in text and "data-plot=" in text
    assert 'data-draft-done="test:' in text and StandardTest.objects.get().verdict == Verdict.FAILED


def test_a_verification_by_comparison_is_typed_and_judged(w, browser):
    sent = verification(w, value="10.00", uncertainty="0.0347", others="10.02\n10.04\n10.06", by="甲院、乙院、丙院")
    page = browser.post(browser.address("standard_test_new") + "?mode=comparison", sent, follow=True).content.decode()
    assert "与4 家的平均值相差 0.03 MPa，不大于 √((n−1)/n)·U = 0.0301 MPa，结果得到验证" in page and "!!" not in page
    assert all(f'<th scope="row">{name}</th>' in page for name in ("本计量标准", "甲院", "乙院", "丙院"))


@pytest.mark.parametrize(
    ("mode", "changes", "status", "sentence"),
    [
        ("transfer", {"reference": "NaN"}, 422, "不是数"),
        ("transfer", {"reference_uncertainty": ""}, 422, "请填写数值"),
        ("transfer", {"reference_uncertainty": "0.004"}, 409, "要用更高一级的计量标准"),
        ("transfer", {"uncertainty": "0"}, 409, "须大于 0"),
        ("transfer", {"unit": "psi"}, 422, "kPa"),
        ("comparison", {"others": "10.02 10.04"}, 422, "有空格"),
        ("comparison", {"others": ""}, 422, "请填写读数"),
        ("comparison", {"by": ""}, 422, "请"),
    ],
)
def test_a_verification_that_cannot_be_judged_says_why_and_keeps_what_was_typed(
    w, browser, mode, changes, status, sentence
):
    sent = verification(w, **{"others": "10.02", **changes})
    answer = browser.post(browser.address("standard_test_new") + f"?mode={mode}", sent)
    page = answer.content.decode()
    assert answer.status_code == status and sentence in page and 'value="10.000"' in page
    assert not StandardTest.objects.exists()


def test_the_pages_of_a_standard_tell_of_its_verifications(w, browser):
    assert "还没有检定或校准结果的验证的记录" in browser.get(browser.address("standard")).content.decode()
    verified(w)
    for name in ("standard", "standard_tests"):
        page = browser.get(browser.address(name)).content.decode()
        assert "0.00424" in page and "还没有检定或校准结果的验证的记录" not in page and "!!" not in page
