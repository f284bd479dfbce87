"""The records of all sites lie in one list: what proves B-4.7.4-s2, which no data of an institution can."""

import pytest
from django.urls import reverse

from portal.permissions import Role
from tests import make


@pytest.fixture
def elsewhere(lab):
    """A record at each of three sites of the laboratory, and one of another laboratory. Returns: the three numbers."""
    make.record(make.laboratory("beta"))
    sites = [lab.site, make.site(lab.institution, name="南湾场所"), make.site(lab.institution, name="移动实验室")]
    numbers = []
    for site in sites:
        record = make.record(lab)
        type(record).objects.filter(pk=record.pk).update(site=site)
        numbers.append(record.number)
    return numbers


def test_the_quality_manager_of_the_main_site_lists_the_records_of_every_site(lab, elsewhere, client):
    main = make.employment(lab.institution, "严可", post="质量负责人")
    client.force_login(make.user(lab.institution, Role.QUALITY_MANAGER, employment=main))
    page = client.get(reverse("certificates:records", args=[lab.institution.slug])).content.decode()
    assert [number for number in elsewhere if number in page] == elsewhere
    assert "共 3 份" in page
