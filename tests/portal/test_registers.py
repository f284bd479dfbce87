"""Registers: one table entry gives the pages, and the pages keep what was typed, say who was quicker, delete nothing."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from institutions.models import Department, KeyPerson, PublicItem
from portal.clauses import catalogue
from portal.models import AuditEntry
from portal.permissions import GRANTS, Permission, Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.institution()


@pytest.fixture
def keeper(client, lab):
    account = make.user(lab, Role.QUALITY_MANAGER)
    client.force_login(account)
    return account


def url(page, lab, *args):
    return reverse(f"portal:{page}", args=[lab.slug, *args])


def department(lab, name="力学室", **values):
    return make._row(Department, lab, name=name, **values)


def stored(row):
    with tenant(row.institution_id):
        row.refresh_from_db()
    return row


@pytest.mark.parametrize("name", sorted(REGISTERS))
def test_every_register_has_a_list_and_a_form(client, lab, keeper, name):
    assert client.get(url("register", lab, name), follow=True).status_code == 200
    may = REGISTERS[name].keeper in GRANTS[Role.QUALITY_MANAGER]
    assert client.get(url("register_new", lab, name)).status_code == (200 if may else 403)


def test_the_overview_counts_what_is_not_withdrawn(client, lab, keeper):
    department(lab)
    department(lab, "电磁室", state="withdrawn")
    page = client.get(url("registers", lab))
    entries = [entry for group in page.context["groups"] for entry in group["entries"]]
    assert {e["register"].name: e["count"] for e in entries}["departments"] == 1


def test_a_row_is_recorded_and_the_trail_says_by_whom(client, lab, keeper):
    answer = client.post(url("register_new", lab, "departments"), {"name": "热工室", "duties": "温度"})
    with tenant(lab.pk):
        row = Department.objects.get(name="热工室")
        assert answer.status_code == 302 and row.state == "current" and row.revision == 1
        assert AuditEntry.objects.get(verb="department.record").target_id == row.pk


def test_what_was_typed_stays_in_the_form_when_a_rule_says_no(client, lab, keeper):
    typed = {
        "kind": "fees", "title": "收费标准", "content": "见价目表", "published_on": "2026-01-01",
        "next_review_on": "2025-01-01",
    }  # fmt: skip
    page = client.post(url("register_new", lab, "public-items"), typed)
    with tenant(lab.pk):
        assert page.status_code == 409 and not PublicItem.objects.exists()
    text = page.content.decode()
    assert "下次核对要晚于公示日期" in text and "见价目表" in text


def test_who_comes_second_is_told_and_sees_both_versions(client, lab, keeper):
    row = department(lab, duties="长度")
    address = url("register_amend", lab, "departments", row.ref)
    client.post(address, {"name": "力学室", "duties": "力值", "revision": 1})
    page = client.post(address, {"name": "力学室", "duties": "扭矩", "revision": 1})
    row = stored(row)
    assert page.status_code == 409 and row.duties == "力值" and row.revision == 2
    text = page.content.decode()
    assert "改过这一行" in text and "力值" in text and "扭矩" in text
    again = client.post(
        address, {"name": "力学室", "duties": "扭矩", "revision": page.context["form"]["revision"].value()}
    )
    row = stored(row)
    assert again.status_code == 302 and row.duties == "扭矩"


def test_a_withdrawn_row_stays_readable_and_is_amended_by_nobody(client, lab, keeper):
    row = department(lab)
    answer = client.post(url("register_withdraw", lab, "departments", row.ref), {"reason": "合并"})
    row = stored(row)
    assert answer.status_code == 302 and row.state == "withdrawn"
    assert client.get(url("register_row", lab, "departments", row.ref)).status_code == 200
    assert client.get(url("register_amend", lab, "departments", row.ref)).status_code == 302
    with tenant(lab.pk), pytest.raises(Refused):
        actor = make.actor(lab, Role.QUALITY_MANAGER)
        verbs.amend(REGISTERS["departments"], row, {"name": "新名"}, 2, actor=actor, at=timezone.now())


def test_withdrawing_takes_a_reason(client, lab, keeper):
    row = department(lab)
    page = client.post(url("register_withdraw", lab, "departments", row.ref), {"reason": " "})
    row = stored(row)
    assert page.status_code == 422 and row.state == "current"


def test_only_keepers_write(client):
    lab = make.institution()
    client.force_login(make.user(lab, Role.OPERATOR))
    row = department(lab)
    assert client.get(url("register", lab, "departments")).status_code == 200
    for page, args in (("register_new", ()), ("register_amend", (row.ref,))):
        assert client.post(url(page, lab, "departments", *args), {"name": "x"}).status_code == 403
    answer = client.post(url("register_withdraw", lab, "departments", row.ref), {"reason": "x"})
    assert answer.status_code == 403


def test_an_unknown_register_and_a_row_of_another_one_are_not_found(client, lab, keeper):
    row = department(lab)
    assert client.get(url("register", lab, "nothing")).status_code == 404
    assert client.get(url("register_row", lab, "windows", row.ref)).status_code == 404


def test_a_picker_offers_only_ones_own_current_rows(client, lab, keeper):
    def person(institution, name, **values):
        return make._row(KeyPerson, institution, role="director", name=name, valid_from=date(2020, 1, 1), **values)

    person(lab, "甲")
    person(lab, "丙", state="withdrawn")
    stranger = person(make.institution("beta"), "乙")
    page = client.get(url("register_new", lab, "violations"))
    text = page.content.decode()
    assert "董事 甲" in text and "董事 乙" not in text and "董事 丙" not in text
    typed = {"kind": "penalty", "key_person": stranger.ref, "issuer": "局", "number": "1", "summary": "x",
             "decided_on": "2026-01-01"}  # fmt: skip
    assert client.post(url("register_new", lab, "violations"), typed).status_code == 422


def test_full_width_numbers_are_understood(client, lab, keeper):
    client.post(url("register_new", lab, "innovation"),
                {"year": "２０２５", "indicator": "papers", "count": "０"})  # fmt: skip
    with tenant(lab.pk):
        assert REGISTERS["innovation"].model.objects.get().year == 2025


def test_every_clause_a_register_names_is_in_the_catalogue():
    assert [name for entry in REGISTERS.values() for name in entry.clauses if name not in catalogue()] == []


def test_every_keeper_is_a_right_somebody_holds():
    assert all(any(entry.keeper in rights for rights in GRANTS.values()) for entry in REGISTERS.values())
    assert Permission.FILE_KEEP in GRANTS[Role.QUALITY_MANAGER]
