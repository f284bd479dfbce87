"""The institution's public facts: amended by its keepers, checked, never over somebody else's change."""

import pytest
from django.urls import reverse
from stdnum.cn import uscc

from institutions.models import Institution
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db
BODY = "91440300100000001"
CODE = BODY + uscc.calc_check_digit(BODY)


@pytest.fixture
def lab():
    return make.institution()


@pytest.fixture
def keeper(client, lab):
    client.force_login(make.user(lab, Role.ADMINISTRATOR))


def address(lab):
    return reverse("institutions:profile_amend", args=[lab.slug])


def typed(client, lab, **values):
    return client.get(address(lab)).context["form"].initial | {"credit_code": CODE} | values


def test_the_facts_are_amended_and_the_trail_says_what_was(client, lab, keeper):
    answer = client.post(address(lab), typed(client, lab, phone="0990-5550199"))
    lab.refresh_from_db()
    assert answer.status_code == 302 and lab.phone == "0990-5550199"
    with tenant(lab.pk):
        assert AuditEntry.objects.get(verb="institution.amend").changes["phone"] == ["0990-5550100", "0990-5550199"]


def test_a_code_with_a_wrong_check_digit_is_refused_and_the_rest_stays_typed(client, lab, keeper):
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    page = client.post(address(lab), typed(client, lab, credit_code=wrong, phone="0990-5550199"))
    text = page.content.decode()
    assert page.status_code == 409 and "校验位不对" in text and "0990-5550199" in text
    assert Institution.objects.get(pk=lab.pk).phone == "0990-5550100"


def test_a_code_of_another_institution_is_refused_in_words(client, lab, keeper):
    make.institution("beta", credit_code=CODE)
    page = client.post(address(lab), typed(client, lab))
    assert page.status_code == 409 and "登记在另一家机构名下" in page.content.decode()


def test_who_comes_second_is_told_and_may_go_on(client, lab, keeper):
    first, second = typed(client, lab, phone="1"), typed(client, lab, phone="2")
    client.post(address(lab), first)
    page = client.post(address(lab), second)
    lab.refresh_from_db()
    assert page.status_code == 409 and lab.phone == "1" and "别人改过机构概况" in page.content.decode()
    client.post(address(lab), second | {"seen": page.context["form"]["seen"].value()})
    lab.refresh_from_db()
    assert lab.phone == "2"


def test_spaces_and_small_letters_of_a_code_are_understood(client, lab, keeper):
    client.post(address(lab), typed(client, lab, credit_code=f"{CODE[:8]}{CODE[8:].lower()}"))
    lab.refresh_from_db()
    assert lab.credit_code == CODE


def test_who_keeps_no_file_amends_nothing(client, lab):
    client.force_login(make.user(lab, Role.OPERATOR))
    assert client.get(address(lab)).status_code == 403
