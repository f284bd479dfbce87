"""Where a register is at home: its pages light that item of the navigation and lead back to it."""

import pytest
from django.urls import reverse

from portal import menu
from portal.permissions import Role
from portal.registers import REGISTERS
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(client):
    lab = make.institution()
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    return lab


def lit(lab, path):
    groups = menu.navigation(make.actor(lab, Role.QUALITY_MANAGER), lab.slug, path)
    return [str(item["title"]) for group in groups for item in group["items"] if item["current"]]


@pytest.mark.parametrize("name", sorted(REGISTERS))
def test_every_register_is_at_home_on_an_item_of_the_navigation(name):
    assert REGISTERS[name].home in menu.ITEMS


@pytest.mark.parametrize(
    ("name", "title"), [("scope", "能力范围"), ("method-reviews", "方法与规程"), ("sites", "机构台账")]
)
def test_the_pages_of_a_register_light_its_home(lab, name, title):
    for page in ("register", "register_new", "register_import"):
        assert lit(lab, reverse(f"portal:{page}", args=[lab.slug, name])) == [title]


def test_a_page_leads_back_to_the_home_of_its_register(client, lab):
    text = client.get(reverse("portal:register_new", args=[lab.slug, "method-reviews"])).content.decode()
    crumbs = text.partition('<p class="crumbs">')[2].partition("</p>")[0]
    assert reverse("institutions:methods", args=[lab.slug]) in crumbs and "机构台账" not in crumbs
