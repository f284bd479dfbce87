"""The navigation and the panels of the today page."""

import pytest
from django.urls import reverse

from portal import menu, today
from portal.actors import Actor
from portal.menu import ITEMS, Item
from portal.permissions import GRANTS, Permission, Role
from portal.today import PANELS, Panel, panel
from tests import make

pytestmark = pytest.mark.django_db


def member(*roles):
    return Actor.member(name="程以恒", institution_id=1, roles=roles)


def titles(groups):
    return [str(item["title"]) for group in groups for item in group["items"]]


def test_groups_come_in_the_order_of_the_days_work():
    groups = [group["title"] for group in menu.navigation(member(*Role), "alpha", "/")]
    assert groups == [name for name in menu.GROUPS if name in groups]
    assert groups[1] == "今日"


def test_an_item_is_hidden_from_those_without_its_right():
    assert "审计记录" in titles(menu.navigation(member(Role.SUPERVISOR), "alpha", "/"))
    assert "审计记录" not in titles(menu.navigation(member(Role.OPERATOR), "alpha", "/"))


def test_a_regulator_finds_the_way_back_to_the_region():
    mine = ["辖区机构", "双重从业", "承诺登记", "承诺书模板"]
    assert titles(menu.navigation(member(Role.REGULATOR), "", "/o/")) == mine
    assert "辖区机构" in titles(menu.navigation(member(Role.REGULATOR), "alpha", "/i/alpha/"))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/i/alpha/", "今日待办"),
        ("/i/alpha/people/abc/", "人员与授权"),
        ("/i/alpha/settings/members/x/", "成员与邀请"),
        ("/i/alpha/nowhere/", None),
    ],
)  # fmt: skip
def test_the_open_page_is_marked(path, title):
    groups = menu.navigation(member(Role.ADMINISTRATOR), "alpha", path)
    assert [str(i["title"]) for g in groups for i in g["items"] if i["current"]] == ([title] if title else [])


def test_an_unknown_group_is_refused():
    with pytest.raises(ValueError, match="别的"):
        menu.register(Item("别的", "页", "institutions:today", "x", 1))


@pytest.mark.parametrize("role", [role for role in GRANTS if role is not Role.PLATFORM_OPERATOR])
def test_every_item_leads_to_a_page_that_opens(client, role):
    lab = make.institution()
    client.force_login(make.regulator() if role is Role.REGULATOR else make.user(lab, role))
    for item in ITEMS.values():
        if menu._is_for(item, member(role), "alpha"):
            url = reverse(item.url_name, args=["alpha"] if item.audience == "member" else [])
            assert client.get(url).status_code == 200, url


def test_the_number_of_queries_of_a_page_does_not_depend_on_the_panels_twice(client, django_assert_max_num_queries):
    client.force_login(make.user(make.institution(), Role.ADMINISTRATOR))
    with django_assert_max_num_queries(25):
        client.get("/i/alpha/")


@pytest.fixture
def no_panels(monkeypatch):
    monkeypatch.setattr(today, "PANELS", {})


def test_panels_come_in_their_order_and_only_for_who_may(no_panels):
    @panel(order=20)
    def later(actor, institution, day):
        return Panel("later.html", {})

    @panel(order=10, permission=Permission.AUDIT_READ)
    def first(actor, institution, day):
        return Panel("first.html", {})

    @panel(order=15)
    def silent(actor, institution, day):
        return None

    def names(role):
        return [found.template for found in today.panels_for(member(role), None, make.DAY)]

    assert names(Role.SUPERVISOR) == ["first.html", "later.html"]
    assert names(Role.OPERATOR) == ["later.html"]


@pytest.mark.parametrize("role", [role for role in GRANTS if role is not Role.PLATFORM_OPERATOR])
def test_with_nothing_to_do_every_role_reads_what_will_come(client, no_panels, role):
    lab = make.institution()
    client.force_login(make.regulator() if role is Role.REGULATOR else make.user(lab, role))
    page = client.get("/i/alpha/").content.decode()
    assert "现在没有等您处理的事" in page


def test_panels_are_registered_once():
    assert len(PANELS) == len({(known.build.__module__, known.build.__qualname__) for known in PANELS.values()})
