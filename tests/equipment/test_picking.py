"""Choosing a row of a long table: few rows are a list, many are a box to type into, and whatever is typed is understood."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from equipment.models import CorrectionCopy, Equipment
from portal import limits, picking
from portal.permissions import Role
from portal.tenancy import tenant
from portal.typed import RowField
from tests import make


@pytest.fixture
def many(lab, monkeypatch):
    """More equipment than a list offers."""
    monkeypatch.setattr(picking, "MOST", 3)
    for number in range(5):
        make.equipment(lab.institution, lab.site, asset_number=f"LC 测-{number:03d}", name=f"数字压力计{number}")
    return lab


def new_url(lab, register="correction-copies"):
    return reverse("portal:register_new", args=[lab.institution.slug, register])


def pick_url(lab, kind="equipment"):
    return reverse("portal:pick", args=[lab.institution.slug, kind])


def field(lab):
    return RowField(queryset=Equipment.objects.visible_to(lab.metrologist).order_by("name"), required=False)


def test_few_rows_are_a_plain_list(signed_in, lab):
    page = signed_in(Role.METROLOGY_MANAGER).get(new_url(lab)).content.decode()
    assert "data-pick" not in page and f'<option value="{lab.equipment.ref}"' in page


def test_many_rows_are_a_box_and_none_of_them_is_on_the_page(signed_in, many):
    page = signed_in(Role.METROLOGY_MANAGER).get(new_url(many)).content.decode()
    assert 'data-pick="equipment"' in page and "数字压力计" not in page


def test_the_box_holds_the_row_that_the_address_names(signed_in, many):
    page = signed_in(Role.METROLOGY_MANAGER).get(f"{new_url(many)}?equipment={many.equipment.ref}").content.decode()
    assert f'value="{many.equipment.name} {many.equipment.asset_number}"' in page


@pytest.mark.parametrize("text", ["LC 测-003", "数字压力计3 LC 测-003", " 数字压力计3 ", "数字压力计3  LC 测-003"])
def test_a_row_is_named_by_its_number_by_what_was_suggested_or_by_its_name(many, text):
    assert field(many).clean(text).asset_number == "LC 测-003"


def test_a_row_is_still_named_by_its_ref(many):
    assert field(many).clean(many.equipment.ref) == many.equipment


def test_a_name_of_two_rows_asks_for_the_number(many):
    make.equipment(many.institution, many.site, asset_number="LC-9", name="数字压力计3")
    with pytest.raises(ValidationError, match="不止一个.*LC"):
        field(many).clean("数字压力计3")


@pytest.mark.parametrize("text", ["没有这台", "LC 测-00", "别的名称 LC 测-003", "x" * 500, "%", "测-003"])
def test_what_names_no_row_is_not_guessed(many, text):
    with pytest.raises(ValidationError, match="没有找到"):
        field(many).clean(text)


def test_a_row_of_another_institution_is_not_found(many):
    other = make.institution("beta")
    foreign = make.equipment(other, make.site(other), asset_number="WAI-1", name="别家的")
    for text in (foreign.ref, "WAI-1", str(foreign)):
        with pytest.raises(ValidationError, match="没有找到"):
            field(many).clean(text)


def test_a_row_that_the_field_does_not_offer_is_not_found(many):
    one = RowField(queryset=Equipment.objects.visible_to(many.metrologist).exclude(asset_number="LC 测-003"))
    with pytest.raises(ValidationError, match="不能选在这里"):
        one.clean("LC 测-003")


def test_what_was_typed_stays_when_it_is_not_found(signed_in, many):
    page = signed_in(Role.METROLOGY_MANAGER).post(new_url(many), {"equipment": "没有这台 7", "place": "软件"})
    text = page.content.decode()
    assert page.status_code == 422 and 'value="没有这台 7"' in text and "没有找到“没有这台 7”" in text


def test_a_typed_number_is_stored_as_its_row(signed_in, many):
    sent = {"equipment": "LC 测-002", "kind": CorrectionCopy.Kind.choices[0][0], "place": "数据处理软件",
            "keeper": many.keeper.ref}  # fmt: skip
    assert signed_in(Role.METROLOGY_MANAGER).post(new_url(many), sent).status_code == 302
    assert CorrectionCopy.objects.get().equipment.asset_number == "LC 测-002"


def test_a_number_typed_anew_is_no_difference(many):
    from portal.registers import REGISTERS
    from portal.registers.forms import RowForm, differences

    copy = CorrectionCopy.objects.create(
        institution=many.institution, equipment=many.equipment, place="软件", kind=CorrectionCopy.Kind.choices[0][0]
    )
    sent = {"equipment": many.equipment.asset_number, "kind": copy.kind, "place": "软件"}
    form = RowForm(sent, register=REGISTERS["correction-copies"], actor=many.metrologist, row=copy)
    assert form.is_valid() and differences(form, copy) == []


def test_suggestions_put_a_beginning_number_first_and_tell_what_to_write(signed_in, many):
    make.equipment(many.institution, many.site, asset_number="A-1", name="配套 LC 测-0 的表")
    rows = signed_in(Role.OPERATOR).get(pick_url(many), {"q": "LC 测-0"}).json()["rows"]
    assert rows[0]["value"] == "数字压力计0 LC 测-000" and rows[-1]["value"].startswith("配套")


def test_every_suggestion_can_be_typed(signed_in, many):
    rows = signed_in(Role.OPERATOR).get(pick_url(many), {"q": "数字压力"}).json()["rows"]
    assert len(rows) == 6 and [picking.KINDS["equipment"].shown(field(many).clean(row["value"])) for row in rows] == [
        row["value"] for row in rows
    ]


def test_initials_find_a_row(signed_in, many):
    assert signed_in(Role.OPERATOR).get(pick_url(many), {"q": "szylj"}).json()["rows"]


def test_suggestions_hold_nothing_of_another_institution(signed_in, many):
    other = make.institution("beta")
    with tenant(other.pk):
        make.equipment(other, make.site(other), asset_number="WAI-1", name="数字压力计外")
    rows = signed_in(Role.OPERATOR).get(pick_url(many), {"q": "数字压力计外"}).json()["rows"]
    assert rows == []


def test_suggestions_are_asked_through_visible_to(signed_in, many):
    with CaptureQueriesContext(connection) as asked:
        signed_in(Role.OPERATOR).get(pick_url(many), {"q": "数字压力"})
    rows = [query["sql"] for query in asked if 'FROM "equipment_equipment"' in query["sql"]]
    assert rows and all(f'"institution_id" = {many.institution.pk}' in sql for sql in rows)


@pytest.mark.parametrize("kind", ["user", "membership", "nothing"])
def test_only_tables_made_for_it_are_picked_from(signed_in, many, kind):
    assert signed_in(Role.OPERATOR).get(pick_url(many, kind), {"q": "abc"}).status_code == 404


@pytest.mark.parametrize("text", ["", "数", "\x00\x00", "%%", "'; --"])
def test_whatever_is_asked_is_answered(signed_in, many, text):
    assert signed_in(Role.OPERATOR).get(pick_url(many), {"q": text}).json() == {"rows": []}


def test_asking_is_limited(signed_in, many, settings, monkeypatch):
    monkeypatch.setattr(limits, "limit", lambda *args, **kwargs: 7)
    assert signed_in(Role.OPERATOR).get(pick_url(many), {"q": "数字"}).status_code == 429


def test_a_long_list_of_people_is_a_box_in_the_filter_too(signed_in, lab, monkeypatch):
    monkeypatch.setattr(picking, "MOST", 2)
    people = [make.employment(lab.institution, f"甲{number}") for number in range(4)]
    mine = make.equipment(lab.institution, lab.site, name="甲管的", keeper=people[2])
    browser = signed_in(Role.OPERATOR)
    url = reverse("equipment:list", args=[lab.institution.slug])
    assert 'data-pick="employment"' in browser.get(url).content.decode()
    page = browser.get(url, {"keeper": "甲2"}).content.decode()
    assert mine.asset_number in page and lab.equipment.asset_number not in page


def test_the_page_of_a_form_asks_no_more_with_many_rows(signed_in, lab, monkeypatch, django_assert_max_num_queries):
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.get(new_url(lab))
    with django_assert_max_num_queries(20) as few:
        browser.get(new_url(lab))
    monkeypatch.setattr(picking, "MOST", 3)
    for _one in range(20):
        make.equipment(lab.institution, lab.site)
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(new_url(lab))
