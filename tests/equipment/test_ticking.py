"""Ticking rows of a list, and doing something with all of them: printing, exporting, amending."""

import re

import pytest
from django.test import RequestFactory

from equipment.models import DeviceCode, Equipment, Label
from portal import ticking
from portal.models import AuditEntry
from portal.permissions import Role
from portal.registers import REGISTERS, amending
from tests import make

LIST = "/i/alpha/equipment/"
MANY = "/i/alpha/registers/equipment/amend-many/"
NEW_LABELS = "/i/alpha/labels/new/"


@pytest.fixture
def three(lab):
    """Three pieces besides the laboratory's own."""
    return [make.equipment(lab.institution, lab.site, asset_number=f"T-{n}", name=f"表{n}") for n in range(3)]


def address(url, *rows, **more):
    ticks = "&".join(f"tick={row.ref}" for row in rows)
    return f"{url}?of=tick&{ticks}&" + "&".join(f"{name}={value}" for name, value in more.items())


def numbers(page):
    return set(re.findall(r"T-\d", page))


def test_every_row_of_a_list_has_a_box_of_one_form_and_the_acts(signed_in, lab, three):
    page = signed_in(Role.METROLOGY_MANAGER).get(f"{LIST}?state=in_use").content.decode()
    for row in three:
        assert re.search(rf'name="tick"\s+value="{row.ref}"\s+form="ticks"', page)
    bar = page.partition('id="ticks"')[2].partition("</form>")[0]
    assert (
        'name="state" value="in_use"' in bar and f'formaction="{NEW_LABELS}"' in bar and f'formaction="{MANY}"' in bar
    )


def test_who_may_neither_write_nor_export_ticks_nothing(signed_in, lab, three):
    page = signed_in(Role.OPERATOR).get(LIST).content.decode()
    assert 'name="tick"' not in page or "amend-many" not in page


@pytest.mark.parametrize("url", [LIST, "/i/alpha/registers/sites/", NEW_LABELS])
def test_a_list_of_ticked_rows_shows_them_alone_and_says_so(signed_in, lab, three, url):
    page = signed_in(Role.METROLOGY_MANAGER).get(address(url, *three[:2])).content.decode()
    assert "勾选的 2 行" in page and not numbers(page) - {"T-0", "T-1"}


def test_who_has_ticked_none_gets_none(signed_in, lab, three):
    page = signed_in(Role.METROLOGY_MANAGER).get(f"{LIST}?of=tick").content.decode()
    assert "一行也没有勾" in page and numbers(page) == set()


def test_all_of_the_filter_are_meant_whatever_is_ticked(signed_in, lab, three):
    page = signed_in(Role.METROLOGY_MANAGER).get(f"{LIST}?of=all&tick={three[0].ref}").content.decode()
    assert numbers(page) == {"T-0", "T-1", "T-2"}


def test_what_is_no_name_of_a_row_is_not_asked_for():
    request = RequestFactory().get("/", {"tick": ["abc", "a b", "\x00", "'", "表"], "of": "tick"})
    assert ticking.ticked(request) == ["abc"]


def test_no_more_is_ticked_than_a_page_holds():
    request = RequestFactory().get("/", {"tick": [f"r{n}" for n in range(90)]})
    assert len(ticking.ticked(request)) == 50


def test_rows_of_another_institution_cannot_be_ticked(signed_in, lab, three):
    other = make.institution("beta")
    theirs = make.equipment(other, make.site(other), asset_number="T-9")
    page = signed_in(Role.METROLOGY_MANAGER).get(address(LIST, theirs)).content.decode()
    assert "T-9" not in page


def test_ticked_equipment_is_ticked_on_the_page_that_prints(signed_in, lab, three):
    page = signed_in(Role.METROLOGY_MANAGER).get(address(NEW_LABELS, three[0])).content.decode()
    assert re.search(rf'value="{three[0].ref}"\s+form="print"\s+checked', page)


def test_codes_are_made_for_all_ticked(signed_in, lab, three):
    fields = {"what": "code", "sheet": "roll-40x30", "start": "1", "which": "all"}
    answer = signed_in(Role.METROLOGY_MANAGER).post(address(NEW_LABELS, *three[:2]), fields)
    assert answer.status_code == 302 and DeviceCode.objects.count() == 2 and not Label.objects.exists()


def test_an_export_of_ticked_rows_opens_with_its_question(signed_in, lab, three):
    page = signed_in(Role.QUALITY_MANAGER).get(address(LIST, *three[:2], do="export")).content.decode()
    assert '<details class="export" open>' in page
    url = re.search(r'action="([^"]*registers/equipment/export/[^"]*)"', page)[1]
    assert three[0].ref in url and three[2].ref not in url


# --- one value for many rows


def amend(browser, url, value, **more):
    page = browser.get(url).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    return browser.post(url, {"seen": seen, "value": value, **more})


def test_ticked_rows_get_the_same_value_each_with_its_entry(signed_in, lab, three):
    browser = signed_in(Role.METROLOGY_MANAGER)
    answer = amend(browser, address(MANY, *three[:2], field="manufacturer"), "新厂")
    assert answer.status_code == 302
    assert sorted(Equipment.objects.filter(manufacturer="新厂").values_list("asset_number", flat=True)) == [
        "T-0",
        "T-1",
    ]
    assert AuditEntry.objects.filter(verb="equipment.amend", succeeded=True).count() == 2


def test_a_rule_that_one_row_breaks_keeps_all_as_they_were(signed_in, lab, three, monkeypatch):
    from portal.transitions import Refusal

    def minds(row, actor, at):
        if row.asset_number == "T-1":
            yield Refusal("rule", "不行。")

    entry = REGISTERS["equipment"]
    monkeypatch.setattr(type(entry), "judges", property(lambda self: (*self.gates, minds)))
    answer = amend(signed_in(Role.METROLOGY_MANAGER), address(MANY, *three, field="manufacturer"), "新厂")
    page = answer.content.decode()
    assert answer.status_code == 409 and "T-1" in page and "不行。" in page and 'value="新厂"' in page
    assert not Equipment.objects.filter(manufacturer="新厂").exists()


def test_rows_that_changed_since_are_looked_at_again(signed_in, lab, three):
    browser, url = signed_in(Role.METROLOGY_MANAGER), address(MANY, three[0], field="manufacturer")
    page = browser.get(url).content.decode()
    Equipment.objects.filter(pk=three[0].pk).update(revision=7)
    answer = browser.post(url, {"seen": re.search(r'name="seen" value="(\w+)"', page)[1], "value": "新厂"})
    assert answer.status_code == 409 and "变过" in answer.content.decode()
    assert not Equipment.objects.filter(manufacturer="新厂").exists()


@pytest.mark.parametrize("field", ["asset_number", "nonsense", ""])
def test_what_tells_rows_apart_is_not_given_to_many(signed_in, lab, three, field):
    page = signed_in(Role.METROLOGY_MANAGER).get(address(MANY, *three, field=field)).content.decode()
    assert 'name="value"' not in page and "更正哪一项" in page


def test_too_many_rows_are_not_amended_at_once(signed_in, lab, three, monkeypatch):
    monkeypatch.setattr(amending, "MOST", 2)
    page = signed_in(Role.METROLOGY_MANAGER).get(address(MANY, *three, field="manufacturer")).content.decode()
    assert "一次最多更正 2 行" in page and 'name="value"' not in page


def test_who_does_not_keep_the_register_amends_nothing(signed_in, lab, three):
    assert signed_in(Role.OPERATOR).get(address(MANY, *three)).status_code == 403
