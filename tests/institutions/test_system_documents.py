"""Documents of the management system: sections by kind, one version at a time, and who has read which."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from institutions import reading
from institutions.models import DocumentRead, ManagementDocument
from institutions.system_documents import KINDS
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import filled, make

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def lab():
    return make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "林见川")


@pytest.fixture
def keeper(client, lab, person):
    client.force_login(make.user(lab, Role.QUALITY_MANAGER, employment=person))
    return person


def new_url(lab, kind=""):
    address = reverse("portal:register_new", args=[lab.slug, "documents"])
    return f"{address}?kind={kind}" if kind else address


def typed(lab, keeper, **values):
    other = make.employment(lab, "周行远")
    return {
        "kind": "complaint_policy", "number": "ZD-03", "title": "投诉处理制度", "version": "B/1", "author": keeper.ref,
        "approved_by": other.ref, "valid_from": "2026-01-01", "next_review_on": "2027-01-01",
        "section_process": "第 3 章", "file": SimpleUploadedFile("制度.pdf", make.pdf()), **values,
    }  # fmt: skip


def document(lab, **values):
    return filled.row(ManagementDocument, lab, **{"file": make.document(lab), **values})


def test_the_kind_is_chosen_first_with_how_many_there_are(client, lab, keeper):
    document(lab, kind="complaint_policy")
    page = client.get(new_url(lab))
    counts = {choice["url"].rpartition("=")[2]: choice["count"] for choice in page.context["choices"]}
    assert counts["complaint_policy"] == 1 and counts["quality_manual"] == 0 and set(counts) == set(KINDS)


def test_the_form_asks_for_the_sections_of_its_kind(client, lab, keeper):
    form = client.get(new_url(lab, "complaint_policy")).context["form"]
    assert [name for name in form.fields if name.startswith("section_")] == ["section_process", "section_records"]


def test_what_stands_where_is_kept(client, lab, keeper):
    answer = client.post(new_url(lab), typed(lab, keeper))
    with tenant(lab.pk):
        assert answer.status_code == 302
        assert ManagementDocument.objects.get(number="ZD-03").sections == {"process": "第 3 章"}


def test_nobody_approves_what_he_wrote(client, lab, keeper):
    page = client.post(new_url(lab), typed(lab, keeper, approved_by=keeper.ref))
    assert page.status_code == 409 and "编制人和批准人不能是同一人" in page.content.decode()


def test_two_versions_are_never_in_force_together(client, lab, keeper):
    old = document(lab, number="ZD-03", version="A/0", valid_from=date(2024, 1, 1))
    page = client.post(new_url(lab), typed(lab, keeper))
    text = page.content.decode()
    assert page.status_code == 409 and "A/0 版与它同时有效" in text
    assert reverse("portal:register_amend", args=[lab.slug, "documents", old.ref]) in text


def test_the_new_version_follows_the_last_day_of_the_old_one(client, lab, keeper):
    document(lab, number="ZD-03", version="A/0", valid_from=date(2024, 1, 1), valid_until=date(2025, 12, 31))
    assert client.post(new_url(lab), typed(lab, keeper)).status_code == 302


def test_reading_is_confirmed_once_and_audited(client, lab, keeper):
    row = document(lab)
    address = reverse("institutions:confirm_reading", args=[lab.slug, row.ref])
    client.post(address)
    client.post(address)
    with tenant(lab.pk):
        assert DocumentRead.objects.get().employment_id == keeper.pk
        assert AuditEntry.objects.filter(verb="managementdocument.read").count() == 1


def test_an_account_without_a_person_confirms_nothing(lab):
    actor = make.actor(lab, Role.ADMINISTRATOR)
    with tenant(lab.pk), pytest.raises(Refused, match="没有对应的从业人员"):
        reading.confirm(document(lab), actor=actor, at=make.NOON)


def test_a_withdrawn_version_is_not_confirmed(lab, person):
    actor = make.actor(lab, Role.OPERATOR, employment=person)
    with tenant(lab.pk), pytest.raises(Refused, match="已作废"):
        reading.confirm(document(lab, state="withdrawn"), actor=actor, at=make.NOON)


def test_a_new_version_is_read_anew_and_leavers_are_not_waited_for(lab, person):
    make.employment(lab, "已离职", ended_on=TODAY() - timedelta(1))
    old, new = document(lab, version="1"), document(lab, version="2")
    actor = make.actor(lab, Role.OPERATOR, employment=person)
    with tenant(lab.pk):
        reading.confirm(old, actor=actor, at=make.NOON)
        assert person in [row.employment for row in reading.status(old, TODAY()).read]
        waiting = reading.status(new, TODAY()).waiting
    assert person in waiting and "已离职" not in [row.name for row in waiting]


def test_a_version_whose_text_was_not_taken_is_not_confirmed(client, lab, keeper):
    row = document(lab, file=make.document(lab, state="refused"))
    actor = make.actor(lab, Role.OPERATOR, employment=keeper)
    with tenant(lab.pk), pytest.raises(Refused, match="还不能打开"):
        reading.confirm(row, actor=actor, at=make.NOON)
    page = client.get(reverse("portal:register_row", args=[lab.slug, "documents", row.ref]))
    assert "未读" in page.content.decode() and "我已阅读" not in page.content.decode()


def waited_for(client, lab):
    return "待我阅读的文件" in client.get(reverse("institutions:today", args=[lab.slug])).content.decode()


def test_what_a_colleague_has_not_read_stands_on_the_page_of_the_day_until_confirmed(client, lab, keeper):
    row = document(lab, kind="code_of_conduct", valid_from=TODAY(), valid_until=None)
    assert waited_for(client, lab)
    client.post(reverse("institutions:confirm_reading", args=[lab.slug, row.ref]))
    assert not waited_for(client, lab)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "complaint_policy"}, {"state": "withdrawn"}, {"valid_from": TODAY() + timedelta(1)},
        {"valid_from": TODAY() - timedelta(9), "valid_until": TODAY() - timedelta(1)},
    ],
)  # fmt: skip
def test_nobody_is_asked_to_read_what_is_not_in_force_or_not_for_everybody(client, lab, keeper, values):
    document(lab, **{"kind": "code_of_conduct", "valid_from": TODAY(), "valid_until": None, **values})
    assert not waited_for(client, lab)
