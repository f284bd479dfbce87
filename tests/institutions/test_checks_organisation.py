"""Clauses decided by documents together with what they rule: windows, posts, archives, departments, places."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from institutions.models import ArchiveClass, Authorisation, Department, ServiceWindow, Site
from institutions.system_documents import KINDS
from tests import make
from tests.clauses import DAY, WITHDRAWN, change, document, judge, read, row, said, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "林见川")


@pytest.fixture
def window(lab):
    return row(
        ServiceWindow,
        lab,
        site=make.site(lab),
        name="业务大厅",
        hours="9:00",
        phone="1",
        valid_from=DAY,
        valid_until=DAY,
    )


def test_a_window_with_rules_is_met(lab, window):
    document(lab, "service_window_rules")
    assert state(lab, "C-4.3-s1") == "met"


def test_a_window_without_rules_is_not_met(lab, window):
    assert state(lab, "C-4.3-s1") == "not_met"


@pytest.mark.parametrize("day", [DAY - timedelta(1), DAY + timedelta(1)])
def test_before_and_after_a_window_is_open_it_needs_no_rules(lab, window, day):
    assert state(lab, "C-4.3-s1", day) == "not_applicable"


def test_windows_withdrawn_or_of_others_need_no_rules(lab, window):
    change(window, **WITHDRAWN)
    other = make.institution("beta")
    row(ServiceWindow, other, site=make.site(other), name="窗口", hours="9:00", phone="1", valid_from=DAY)
    assert state(lab, "C-4.3-s1") == "not_applicable"


@pytest.fixture
def posts(lab, person):
    make.authorisation(lab, person, Authorisation.Role.CALIBRATOR)
    paper = document(lab, "post_duties", "calibrator", author=person)
    return SimpleNamespace(paper=paper, person=person)


def test_duties_of_the_roles_in_use_that_were_read_are_met(lab, posts):
    read(posts.paper, posts.person)
    make.employment(lab, "没有岗位的人")
    assert state(lab, "C-4.5-s1") == "met"


@pytest.mark.parametrize("role", Authorisation.Role.values)
def test_the_duties_of_every_role_in_use_are_asked_for(lab, posts, role):
    read(posts.paper, posts.person)
    change(posts.paper, sections={name: "第 1 章" for name in KINDS["post_duties"].sections if name != role})
    make.authorisation(lab, posts.person, role)
    found = judge(lab, "C-4.5-s1")
    assert found.state == "not_met" and [row.text for row in found.evidence] == ["文件没有写这个岗位"]
    assert found.evidence[0].label == str(dict(Authorisation.Role.choices)[role])


def test_who_holds_a_role_and_has_not_read_its_duties_is_named(lab, posts):
    found = judge(lab, "C-4.5-s1")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [posts.person.pk])
    assert found.evidence[0].url == f"/i/{lab.slug}/people/{posts.person.ref}/"


@pytest.mark.parametrize("changes", [WITHDRAWN, {"file": "quarantined"}, {"valid_until": DAY - timedelta(1)}])
def test_duties_must_be_in_force(lab, posts, changes):
    read(posts.paper, posts.person)
    change(posts.paper, **changes)
    assert state(lab, "C-4.5-s1") == "not_met"


def test_duties_of_nobody_stay_unknown(lab, posts):
    read(posts.paper, posts.person)
    change(posts.person, ended_on=DAY - timedelta(1))
    assert state(lab, "C-4.5-s1") == "unknown"
    change(posts.paper, valid_until=DAY - timedelta(1))
    assert state(lab, "C-4.5-s1") == "not_met"


ARCHIVES = ("staff", "documents", "equipment", "raw_records", "certificates")


@pytest.fixture
def archives(lab):
    made = {"confidentiality": "internal", "measure": "专柜上锁"}
    return {kind: row(ArchiveClass, lab, archive=kind, **made) for kind in ARCHIVES}


def test_five_archives_are_protected(lab, archives):
    assert state(lab, "C-7.3.1.3") == "met"


@pytest.mark.parametrize("kind", ARCHIVES)
def test_each_archive_is_asked_for(lab, archives, kind):
    change(archives[kind], **WITHDRAWN)
    found = judge(lab, "C-7.3.1.3")
    assert (found.state, len(found.evidence)) == ("not_met", 1)
    assert found.evidence[0].label == archives[kind].get_archive_display()


@pytest.mark.parametrize("changes", [{"measure": ""}, {"confidentiality": ""}])
def test_an_archive_has_its_level_and_its_measure(lab, archives, changes):
    change(archives["staff"], **changes)
    assert state(lab, "C-7.3.1.3") == "not_met"


def test_archives_of_another_institution_do_not_count(lab, archives):
    assert state(make.institution("beta"), "C-7.3.1.3") == "not_met"


@pytest.mark.parametrize("kind", Site.Kind.values)
def test_the_manual_covers_each_kind_of_place_in_use(lab, kind):
    paper = document(lab, "quality_manual", kind)
    make.site(lab, kind=kind)
    assert state(lab, "D-4.1.2-s2") == "met"
    change(paper, sections={name: "第 1 章" for name in Site.Kind.values if name != kind})
    assert state(lab, "D-4.1.2-s2") == "not_met"


@pytest.mark.parametrize("changes", [WITHDRAWN, {"opened_on": DAY + timedelta(1)}, {"closed_on": DAY - timedelta(1)}])
def test_the_manual_need_not_cover_places_that_are_not_in_use(lab, changes):
    document(lab, "quality_manual", "fixed")
    make.site(lab)
    change(make.site(lab, kind=Site.Kind.MOBILE, name="流动车"), **changes)
    assert state(lab, "D-4.1.2-s2") == "met"


@pytest.mark.parametrize("where", ["nowhere", "elsewhere"])
def test_a_manual_for_no_place_at_all_is_not_met(lab, where):
    document(lab, "quality_manual")
    if where == "elsewhere":
        make.site(make.institution("beta"))
    assert state(lab, "D-4.1.2-s2") == "not_met"


@pytest.fixture
def organised(lab, person):
    chart = document(lab, "organisation_chart", author=person)
    return SimpleNamespace(
        chart=chart, office=row(Department, lab, name="力学室", head=person, duties="力值"), head=person
    )


def test_departments_with_heads_and_duties_are_met(lab, organised):
    assert state(lab, "D-4.1.3") == "met"


@pytest.mark.parametrize(
    ("what", "changes", "text"),
    [
        ("office", {"head": None}, "力学室 没有在职的负责人"), ("office", {"duties": ""}, "力学室 没有写明职责"),
        ("head", {"ended_on": DAY - timedelta(1)}, "力学室 没有在职的负责人"), ("chart", WITHDRAWN, "组织机构图"),
        ("office", WITHDRAWN, "还没有登记部门"),
    ],
)  # fmt: skip
def test_a_department_or_chart_that_lacks_something_says_what(lab, organised, what, changes, text):
    change(getattr(organised, what), **changes)
    found = judge(lab, "D-4.1.3")
    assert found.state == "not_met" and text in said(found)


def test_departments_of_others_do_not_count(lab, organised):
    other = make.institution("beta")
    document(other, "organisation_chart")
    assert state(other, "D-4.1.3") == "not_met"


def test_work_outside_with_its_rules_is_met(lab):
    make.site(lab, kind=Site.Kind.MOBILE)
    assert state(lab, "D-4.2.2.2-s2") == "not_met"
    document(lab, "on_site_control")
    assert state(lab, "D-4.2.2.2-s2") == "met"


@pytest.mark.parametrize(
    "changes",
    [{"kind": "fixed"}, WITHDRAWN, {"opened_on": DAY + timedelta(1)}, {"closed_on": DAY - timedelta(1)}],
)
def test_who_does_not_work_outside_needs_no_rules_for_it(lab, changes):
    change(make.site(lab, kind=Site.Kind.MOBILE, opened_on=date(2024, 1, 1)), **changes)
    make.site(make.institution("beta"), kind=Site.Kind.MOBILE)
    assert state(lab, "D-4.2.2.2-s2") == "not_applicable"
