"""The pages of measurement standards: their list, one on a day, and what is done with it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from equipment.models import (
    Equipment,
    EquipmentEvent,
    MeasurementStandard,
    StandardChange,
    StandardEvent,
    StandardItem,
    StandardPaper,
)
from equipment.standards import parts
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.equipment.standards import (
    AGO,
    CERTIFICATE,
    NOW,
    TODAY,
    E,
    K,
    S,
    in_use,
    registered,
    upload,
    world,
)


@pytest.fixture
def w(lab):
    return world(lab)


# --- pages


def at(w, name, *rows):
    return reverse(f"equipment:{name}", args=[w.institution.slug, *(row.ref for row in rows)])


def test_the_page_says_for_what_it_may_be_used_and_what_is_missing(signed_in, w):
    row = in_use(w)
    StandardPaper.objects.filter(kind="technical_report").update(state="withdrawn")
    page = signed_in(Role.METROLOGY_MANAGER).get(at(w, "standard", row)).content.decode()
    assert "!!" not in page and "没有，不能对外检定" in page and "必备不齐" in page and "kind=technical_report" in page
    assert "沈若川" in page and "许知远" in page and "2 人" in page


def test_the_page_of_a_day_shows_what_belonged_to_it_then(signed_in, w):
    row, spare = in_use(w), make.equipment(w.institution, w.site)
    parts.change_parts(row, added=spare, removed=row.parts.get(), on=TODAY, reason="送修", actor=w.metrologist, at=NOW)
    browser = signed_in(Role.OPERATOR)
    now = browser.get(at(w, "standard", row)).context["parts"]
    then = browser.get(at(w, "standard", row), {"on": TODAY - timedelta(1)}).context["parts"]
    assert [part["equipment"] for part in now] == [spare] and [part["equipment"] for part in then] == [w.equipment]


def test_what_keeps_it_from_use_stands_on_the_page_before_anybody_asks(signed_in, w):
    row = registered(w)
    page = signed_in(Role.METROLOGY_MANAGER).get(at(w, "standard", row)).content.decode()
    assert "!!" not in page and "投入使用还差" in page and "没有今天有效的考核证书" in page
    act = signed_in(Role.METROLOGY_MANAGER).get(at(w, "standard_put_in_use", row)).content.decode()
    assert "还差下面几项" in act


def test_a_manager_holds_on_the_page_and_others_are_not_offered_it(signed_in, w):
    row = in_use(w)
    assert (
        at(w, "standard_hold", row)
        not in signed_in(Role.METROLOGY_MANAGER).get(at(w, "standard", row)).content.decode()
    )
    browser = signed_in(Role.QUALITY_MANAGER)
    assert at(w, "standard_hold", row) in browser.get(at(w, "standard", row)).content.decode()
    answer = browser.post(at(w, "standard_hold", row), {"reason": "比对不满意", "source": ""})
    row.refresh_from_db()
    assert answer.status_code == 302 and row.state == S.HELD


def test_what_was_typed_is_kept_when_an_act_is_refused(signed_in, w):
    row = in_use(w)
    answer = signed_in(Role.METROLOGY_MANAGER).post(at(w, "standard_seal", row), {"reason": "暂时没有任务"})
    assert answer.status_code == 409
    assert "暂时没有任务" in answer.content.decode() and "申报表" in answer.content.decode()


def test_an_assessment_is_recorded_on_its_page(signed_in, w):
    row = registered(w)
    answer = signed_in(Role.METROLOGY_MANAGER).post(at(w, "standard_assess", row), {**CERTIFICATE, "file": upload()})
    row.refresh_from_db()
    assert answer.status_code == 302 and row.state == S.ASSESSED


def test_an_act_that_does_not_start_from_the_state_says_so(signed_in, w):
    row = registered(w)
    browser = signed_in(Role.METROLOGY_MANAGER)
    assert "不能做这一步" in browser.get(at(w, "standard_seal", row)).content.decode()
    assert browser.post(at(w, "standard_seal", row), {"reason": "原因", "file": upload()}).status_code == 409


def test_parts_are_replaced_on_the_page(signed_in, w):
    row, spare = in_use(w), make.equipment(w.institution, w.site)
    typed = {"added": spare.ref, "role": "main", "removed": row.parts.get().ref, "on": TODAY, "reason": "送修"}
    answer = signed_in(Role.METROLOGY_MANAGER).post(at(w, "standard_parts", row), typed)
    assert answer.status_code == 302 and row.parts.get(removed_on=None).equipment == spare


def test_equipment_of_another_institution_is_no_part(signed_in, w):
    other = make.institution("beta")
    foreign = make.equipment(other, make.site(other))
    row = in_use(w)
    typed = {"added": foreign.ref, "role": "main", "removed": "", "on": TODAY, "reason": "借"}
    assert signed_in(Role.METROLOGY_MANAGER).post(at(w, "standard_parts", row), typed).status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"BZ-1", "BZ-2"}), ("state=built", {"BZ-2"}), ("state=in_use&due=soon", {"BZ-1"}), ("q=BZ-2", {"BZ-2"}),
        ("kind=highest", set()), ("state=withdrawn", {"BZ-3"}),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_and_leaves_out_what_was_withdrawn(signed_in, w, query, found):
    for code, state in (("BZ-1", S.IN_USE), ("BZ-2", S.BUILT), ("BZ-3", S.WITHDRAWN)):
        row = registered(w, code=code)
        MeasurementStandard.objects.filter(pk=row.pk).update(state=state, assessed_until=TODAY + timedelta(20))
    page = signed_in(Role.OPERATOR).get(f"{at(w, 'standards')}?{query}")
    assert {row[0]["text"] for row in page.context["table"]["rows"]} == found


def test_the_list_says_of_a_standard_whose_part_is_stopped_that_it_may_not_be_used_as_its_page_does(signed_in, w):
    row = in_use(w)
    browser = signed_in(Role.OPERATOR)
    before = browser.get(at(w, "standards")).context["table"]["rows"][0][6]
    Equipment.objects.filter(pk=w.equipment.pk).update(state="quarantined")
    EquipmentEvent.objects.create(
        institution=w.institution, equipment=w.equipment, kind="overload", happened_on=TODAY, text="过载",
        state_after="quarantined",
    )  # fmt: skip
    listed = browser.get(at(w, "standards")).context["table"]["rows"][0][6]
    assert before["text"] == "正常"
    assert listed == browser.get(at(w, "standard", row)).context["badge"] == {"badge": "bad", "text": "不可用"}


def test_the_list_needs_the_same_queries_however_many_standards_there_are(signed_in, w, django_assert_max_num_queries):
    for number in range(12):
        registered(w, code=f"BZ-{number}")
    MeasurementStandard.objects.update(state=S.IN_USE)
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.get(at(w, "standards"))
    with django_assert_max_num_queries(20):
        browser.get(at(w, "standards"))


def test_a_page_needs_the_same_queries_however_much_belongs_to_it(signed_in, w, django_assert_max_num_queries):
    row = in_use(w)
    for number in range(12):
        StandardItem.objects.create(
            institution=w.institution, standard=row, instrument=f"表 {number}", measurand="压力", range_low=0,
            range_high=6, unit="MPa", accuracy="1.6 级",
        )  # fmt: skip
        StandardChange.objects.create(
            institution=w.institution, standard=row, kind="person", changed_on=AGO, text="更换负责人",
            file=make.document(w.institution),
        )  # fmt: skip
        StandardEvent.objects.create(
            institution=w.institution, standard=row, kind=E.OTHER, happened_on=AGO, text="记录", done_by=w.keeper,
            file=make.document(w.institution),
        )  # fmt: skip
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.get(at(w, "standard", row))
    with django_assert_max_num_queries(27):
        browser.get(at(w, "standard", row))


def test_the_page_says_which_changes_have_to_be_filed(signed_in, w):
    row, kinds = in_use(w), StandardChange.Kind
    for kind in kinds:
        StandardChange.objects.create(institution=w.institution, standard=row, kind=kind, changed_on=AGO, text="变更")
    shown = signed_in(Role.OPERATOR).get(at(w, "standard", row)).context["changes"]
    assert {one["change"].kind for one in shown if one["must"] and one["open"]} == set(kinds) - {kinds.PERSON}


def test_another_institutions_standard_is_not_found(signed_in, w):
    other = make.institution("beta")
    person, site = make.employment(other, "外人"), make.site(other)
    with tenant(other.pk):
        foreign = MeasurementStandard.objects.create(
            institution=other, kind=K.WORKING, code="X", name="别家", site=site, range_text="-", accuracy="-",
            responsible=person,
        )  # fmt: skip
    browser = signed_in(Role.METROLOGY_MANAGER)
    assert {browser.get(at(w, name, foreign)).status_code for name in ("standard", "standard_hold")} == {404}
