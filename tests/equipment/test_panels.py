"""What ends soon, on the first page of the day."""

from datetime import timedelta

import pytest
from django.urls import reverse

from equipment.models import Equipment
from equipment.panels import due_dates
from portal.tenancy import tenant
from tests import make

DAY = make.DAY


@pytest.fixture
def panel(lab):
    for left in (-6, -1, 3, 20, 45, 200):
        row = make.equipment(lab.institution, lab.site, name=f"剩 {left}")
        make.traceability(lab.institution, row, lab.keeper, valid_until=DAY + timedelta(left))
    make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    return due_dates(lab.metrologist, lab.institution, DAY)


def test_every_window_counts_its_equipment_in_use(panel):
    assert [cell["count"] for cell in panel.context["rows"][0]["cells"]] == [3, 1, 1, 1]


def test_equipment_that_was_never_traced_is_the_most_urgent(panel, lab):
    assert panel.context["rows"][0]["worst"]["name"] == str(lab.equipment)


def test_a_count_opens_exactly_its_rows(panel, lab, signed_in, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: DAY)
    for cell in panel.context["rows"][0]["cells"]:
        table = signed_in("metrology_manager").get(cell["url"]).context["table"]
        assert len(table["rows"]) == cell["count"], cell["url"]


@pytest.mark.parametrize(
    ("role", "shown"), [("quality_manager", True), ("metrology_manager", True), ("checker", False)]
)
def test_the_first_page_of_the_day_shows_it_to_those_who_keep_equipment(panel, lab, signed_in, role, shown):
    page = signed_in(role).get(reverse("institutions:today", args=[lab.institution.slug])).content.decode()
    assert ("最紧的一项" in page) is shown


def test_an_institution_without_equipment_has_nothing_to_say(db):
    empty = make.institution("gamma")
    with tenant(empty.pk):
        assert due_dates(make.actor(empty, "quality_manager"), empty, DAY).context["nothing"]
