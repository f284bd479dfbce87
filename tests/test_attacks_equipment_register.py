"""What a laboratory tries to have one device in the register twice. Names say what must not work."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from equipment.life import workflow
from equipment.models import Equipment, EquipmentClock, EquipmentEvent
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.make import NOON

Kind = EquipmentEvent.Kind
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@pytest.fixture
def lab(db):
    """A laboratory with one device; the test runs inside its scope."""
    institution = make.institution()
    keeper = make.employment(institution, "沈若川")
    world = SimpleNamespace(institution=institution, site=make.site(institution))
    world.manager = make.actor(institution, Role.METROLOGY_MANAGER, employment=keeper)
    world.device = make.equipment(institution, world.site)
    with tenant(institution.pk):
        yield world


@pytest.mark.parametrize("again", ["{} ", " {}", "{}\u3000"])
def test_a_number_with_spaces_around_it_is_the_same_number(client, lab, again):
    assert "已经是" in registered(client, lab, asset_number=again.format(lab.device.asset_number))


@pytest.mark.parametrize(
    "letters", [str.lower, lambda text: text.translate(WIDE), lambda text: text.replace("-", "－")]
)
@pytest.mark.parametrize("name", ["asset_number", "serial_number"])
def test_another_way_of_writing_a_number_makes_no_second_device(client, lab, name, letters):
    Equipment.objects.filter(pk=lab.device.pk).update(asset_number="YB-0101A", serial_number="SN-88B")
    page = registered(client, lab, **{name: letters(getattr(make.fresh(lab.device), name))})
    assert "已经" in page and Equipment.objects.count() == 1


@pytest.mark.parametrize("letter", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e"])
def test_an_invisible_letter_makes_no_second_device(client, lab, letter):
    page = registered(client, lab, serial_number=f"{lab.device.serial_number}{letter}")
    assert "看不见" in page and Equipment.objects.count() == 1


def registered(client, lab, **changes):
    """The page after somebody has sent the form of a new device with the plate of the known one."""
    known = make.fresh(lab.device)
    names = ("name", "model", "serial_number", "manufacturer", "range_text", "accuracy", "unit")
    values = {name: getattr(known, name) for name in names} | {
        "asset_number": "NEW-1", "role": "standard", "site": lab.site.ref, "traced": "on", "range_low": "0", "range_high": "1",
    }  # fmt: skip
    if "asset_number" in changes:
        values["serial_number"] = "另一台"
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    url = reverse("portal:register_new", args=[lab.institution.slug, "equipment"])
    return client.post(url, values | changes).content.decode()


def test_what_was_scrapped_and_comes_back_names_its_former_number(client, lab):
    other = make.employment(lab.institution, "许知远")
    workflow.scrap(lab.device, "传感器损坏", approved_by=other, actor=lab.manager, at=NOON)
    registered(client, lab)
    told = EquipmentEvent.objects.get(equipment__asset_number="NEW-1", kind=Kind.ACCEPTANCE).text
    assert lab.device.asset_number in told and "已经报废" in told


# --- picking by typing


@pytest.fixture
def other(db):
    """Another institution with a device and a person whose names nobody here may learn."""
    theirs = make.institution("beta")
    person = make.employment(theirs, "外人甲", staff_number="B-77")
    return SimpleNamespace(device=make.equipment(theirs, make.site(theirs), asset_number="B-SECRET"), person=person)


@pytest.mark.parametrize("kind", ["equipment", "employment", "measurementstandard"])
def test_nothing_of_somebody_else_is_suggested(client, lab, other, kind):
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    for text in ("B-SECRET", "B-", "外人甲", "外人", "数字压力计", "%", "_"):
        said = client.get(reverse("portal:pick", args=[lab.institution.slug, kind]), {"q": text}).content.decode()
        assert "SECRET" not in said and "外人" not in said


@pytest.mark.parametrize("kind", ["equipment", "employment", "user", "../x"])
def test_what_is_typed_to_pick_a_row_is_never_a_failure(client, lab, kind):
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    page = reverse("portal:register_new", args=[lab.institution.slug, "equipment-clocks"])
    for text in ("\x00", "%", "'; --", "x" * 900, "\u202e", "（）()", "[", "😀", " ", "0"):
        assert client.get(f"/i/{lab.institution.slug}/pick/{kind}/", {"q": text}).status_code in (200, 404)
        assert client.post(page, {"equipment": text, "responsible": text, "kind": "maintenance"}).status_code == 422


def test_the_number_of_somebody_elses_device_picks_nothing(client, lab, other):
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    page = reverse("portal:register_new", args=[lab.institution.slug, "equipment-clocks"])
    for text in ("B-SECRET", "数字压力计 B-SECRET"):
        sent = {"equipment": text, "kind": "label_check", "needed": "on", "interval_months": "6", "basis": "x",
                "lead_days": "3", "due_on": "2026-12-01"}  # fmt: skip
        answer = client.post(page, sent)
        assert answer.status_code == 422 and not EquipmentClock.objects.exists()
