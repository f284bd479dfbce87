"""Two who write into registers at the same moment."""

from datetime import date

import pytest

from institutions.models import (
    Credential,
    Department,
    ManagementDocument,
    Site,
)
from portal.models import RegisterImport
from portal.permissions import Role
from portal.registers import REGISTERS, imports, verbs
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON
from tests.portal.test_imports import paste
from tests.registers.pages import DOCUMENT


def recording(lab, keeper, name, **values):
    def act():
        with tenant(lab.pk):
            return verbs.record(REGISTERS[name], values, actor=keeper, at=NOON)

    return act


@pytest.mark.django_db(transaction=True)
def test_two_who_record_the_same_certificate_at_once_have_it_once():
    """No constraint says so: a number may be borne twice, on other days."""
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    values = {
        "kind": "registered_metrologist",
        "level": "level_1",
        "number": "Z-1",
        "issuer": "局",
        "valid_from": date(2018, 1, 1),
    }
    acts = [recording(lab, keeper, "credentials", employment=make.employment(lab, name), **values) for name in "甲乙"]
    assert kinds(at_once(*acts)) == ["Credential", "Refused"]
    with tenant(lab.pk):
        assert Credential.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_bring_no_two_versions_into_force():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    for name in ("S-1", "S-2"):
        make.employment(lab, name, staff_number=name)

    def importing(version):
        line = ["程序文件", "P-1", "程序", version, "S-1", "S-2", "2024-01-01"]
        with tenant(lab.pk):
            run = paste(keeper, DOCUMENT, line, name="documents")
            assert run.new_rows == 1

        def act():
            with tenant(lab.pk):
                return imports.confirm(REGISTERS["documents"], run, "all", actor=keeper, at=NOON)

        return act

    at_once(importing("A"), importing("B"))
    with tenant(lab.pk):
        assert ManagementDocument.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sites_are_not_moved_to_the_same_name_at_once():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    rows = [make.site(lab, name=name) for name in "甲乙"]

    def rename(row):
        def act():
            with tenant(lab.pk):
                return verbs.amend(REGISTERS["sites"], row, {"name": "丙"}, 1, actor=keeper, at=NOON)

        return act

    assert kinds(at_once(*map(rename, rows))) == ["Refused", "Site"]
    with tenant(lab.pk):
        assert Site.objects.filter(name="丙").count() == 1


@pytest.mark.django_db(transaction=True)
def test_writing_twice_and_dropping_at_once_writes_everything_once_or_nothing():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        run = paste(keeper, ["部门"], ["力学室"], ["热工室"], name="departments")

    def write_it():
        with tenant(lab.pk):
            return imports.confirm(REGISTERS["departments"], run, "all", actor=keeper, at=NOON)

    def drop_it():
        with tenant(lab.pk):
            return imports.drop(REGISTERS["departments"], run, actor=keeper, at=NOON)

    results = at_once(write_it, write_it, drop_it)
    assert kinds(results).count("Refused") == 2
    with tenant(lab.pk):
        state = RegisterImport.objects.get(pk=run.pk).state
        assert Department.objects.count() == (2 if state == "written" else 0)
