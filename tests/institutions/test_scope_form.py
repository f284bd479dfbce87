"""The long form of a line of scope: its last part stays closed until something is in it; the page leaves blanks out."""

import pytest

from portal.permissions import Role
from tests import make

pytestmark = pytest.mark.django_db
NEW = "/i/alpha/registers/scope/new/"


@pytest.fixture
def w(client, laboratory):
    w = laboratory
    client.force_login(make.user(w.institution, Role.TECHNICAL_MANAGER))
    return w


def folded(page):
    return [part["folded"] for part in page.context["parts"] if part["heading"] and part["heading"].folded]


def test_every_field_of_the_form_stands_under_one_heading(client, w):
    page = client.get(NEW)
    names = [bound.name for part in page.context["parts"] for bound in part["fields"]]
    assert names == [bound.name for bound in page.context["form"].visible_fields()]


def test_the_single_boxes_are_closed_in_an_empty_form(client, w):
    assert folded(client.get(NEW)) == [True]


def test_the_single_boxes_are_open_when_one_is_filled_or_wrong(client, w):
    assert folded(client.post(NEW, {"range_low": "0"})) == [False]
    typed = {
        "instrument": "压力表", "measurand": "压力", "method": w.method.ref, "site": w.site.ref,
        "qualification": w.qualification.ref,
    }  # fmt: skip
    page = client.post(NEW, typed)
    assert "range_low" in page.context["form"].errors and folded(page) == [False]


def test_the_single_boxes_of_a_line_on_record_are_open(client, w):
    assert folded(client.get(f"/i/alpha/registers/scope/row/{w.scope.ref}/amend/")) == [False]


def test_a_row_names_what_was_left_blank_in_one_line(client, w):
    page = client.get(f"/i/alpha/registers/scope/row/{w.scope.ref}/")
    assert "附表序号" in page.context["unfilled"] and all(fact["value"] for fact in page.context["facts"])
