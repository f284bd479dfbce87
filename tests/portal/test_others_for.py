"""Who cannot do what a page points at reads who can, instead of a button that leads to a closed door."""

import pytest
from django.urls import reverse

from portal.permissions import Role
from portal.routes import others_who_open
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.institution()


def test_a_door_that_opens_for_oneself_names_nobody(lab):
    url = reverse("portal:register_new", args=[lab.slug, "innovation"]) + "?year=2025"
    assert others_who_open(make.actor(lab, Role.QUALITY_MANAGER), url) == ""


def test_a_shut_door_names_the_roles_before_whom_it_opens(lab):
    url = reverse("portal:register_new", args=[lab.slug, "credentials"])
    named = others_who_open(make.actor(lab, Role.LEGAL_REPRESENTATIVE), url)
    assert named == "机构管理员、质量负责人、技术负责人"


@pytest.mark.parametrize("url", ["/nowhere/", "/", "https://example.org/"])
def test_an_address_of_no_member_page_is_left_alone(lab, url):
    assert others_who_open(make.actor(lab, Role.LEGAL_REPRESENTATIVE), url) == ""


@pytest.mark.parametrize(
    ("role", "button"), [(Role.QUALITY_MANAGER, True), (Role.OPERATOR, False), (Role.LEGAL_REPRESENTATIVE, False)]
)
def test_what_an_authorisation_lacks_is_a_button_for_those_who_keep_people_only(client, lab, role, button):
    person = make.employment(lab)
    wanted = make.authorisation(lab, person, "calibrator", state="proposed", field="压力")
    client.force_login(make.user(lab, role))
    text = client.get(reverse("institutions:authorisation", args=[lab.slug, wanted.ref])).content.decode()
    assert "没有考核合格的培训" in text or "没有“压力”专业" in text
    assert ("/registers/credentials/new/" in text) is button
    assert ("由机构管理员、质量负责人、技术负责人处理" in text) is not button
