"""Authorisations follow the registers on which they rest, however the rows were written: typed, listed or imported."""

from datetime import date

import pytest
from django.utils import timezone

from institutions.models import Authorisation, Credential, LegalStatus, TrainingAttendance
from institutions.people import following
from portal.permissions import Role
from portal.registers import REGISTERS, imports, verbs
from portal.tenancy import tenant
from tests import make

A = Authorisation.Role
LONG_AGO = date(2020, 1, 1)
HEADS = ["持证人", "证书种类", "级别", "证书编号", "发证机关", "发证日期", "有效期至"]


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


@pytest.fixture
def rounds(monkeypatch):
    """The people of each reconsideration; it is not done."""
    found = []
    monkeypatch.setattr(
        following, "reconsider", lambda lab, day, *, at, person_ids=None: found.append((lab, person_ids))
    )
    return found


def checker(lab, name="沈若川"):
    """Somebody who may check, and the certificate on which that rests."""
    person = make.employment(lab, name)
    return make.authorisation(lab, person, A.CHECKER, granted_on=LONG_AGO), make.credential(lab, person)


def imported(keeper, name, *rows):
    """The rows, their heads first, are in the register by an import."""
    text = "\n".join("\t".join(map(str, row)) for row in rows)
    run = imports.start_with_text(REGISTERS[name], text, actor=keeper, at=timezone.now())
    run.refresh_from_db()
    assert not run.flawed_rows, run.content["flaws"]
    imports.confirm(REGISTERS[name], run, "all", actor=keeper, at=timezone.now())
    run.refresh_from_db()
    assert run.state == "written", run.content
    return run


def line(who, paper, until=""):
    return [who.staff_number, "注册计量师", "二级", paper.number, paper.issuer, paper.valid_from, until]


def state(row):
    return Authorisation.objects.get(pk=row.pk).state


def test_an_imported_end_of_a_credential_suspends_and_an_imported_renewal_lifts(lab, keeper):
    row, paper = checker(lab)
    imported(keeper, "credentials", HEADS, line(row.employment, paper, "2026-01-05"))
    assert state(row) == "suspended"
    imported(keeper, "credentials", HEADS, line(row.employment, paper, "2099-12-31"))
    assert state(row) == "granted"


def test_a_credential_that_turns_out_to_be_somebody_elses_concerns_both(lab, keeper):
    row, paper = checker(lab)
    other = make.employment(lab, "许知远")
    second = make.authorisation(
        lab, other, A.CHECKER, state="suspended", granted_on=LONG_AGO, suspended_on=LONG_AGO, suspended_because="无"
    )
    imported(keeper, "credentials", HEADS, line(other, paper))
    assert (state(row), state(second)) == ("suspended", "granted")
    paper.refresh_from_db()
    fields = ("kind", "level", "speciality", "number", "issuer", "valid_from", "valid_until", "file")
    values = {name: getattr(paper, name) for name in fields}
    values["employment"] = row.employment
    verbs.amend(REGISTERS["credentials"], paper, values, paper.revision, actor=keeper, at=timezone.now())
    assert (state(row), state(second)) == ("granted", "suspended")


def test_an_import_of_many_rows_is_followed_once_with_everybody_in_it(lab, keeper, rounds):
    people = [checker(lab, name)[0].employment for name in ("沈若川", "许知远", "周岚")]
    rows = [
        [who.staff_number, "注册计量师", "一级", f"新-{n}", "省局（示）", "2025-01-01", ""]
        for n, who in enumerate(people)
    ]
    imported(keeper, "credentials", HEADS, *rows)
    assert rounds == [(lab, {who.person_id for who in people})]


def test_a_list_of_a_training_is_followed_once_with_everybody_in_it(lab, rounds, client):
    people = [make.employment(lab, name) for name in ("沈若川", "许知远")]
    training = make.trained(lab, make.employment(lab, "周岚"), "technical")[0].training
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    answer = client.post(
        f"/i/alpha/trainings/{training.ref}/attendance/", {f"result-{who.ref}": "passed" for who in people}
    )
    assert answer.status_code == 302, answer.content.decode()
    assert TrainingAttendance.objects.filter(training=training).count() == 3
    assert rounds == [(lab, {who.person_id for who in people})]


def test_what_is_only_previewed_is_followed_by_nothing(lab, keeper, rounds):
    row, paper = checker(lab)
    text = "\n".join("\t".join(map(str, cells)) for cells in (HEADS, line(row.employment, paper, "2026-01-05")))
    imports.start_with_text(REGISTERS["credentials"], text, actor=keeper, at=timezone.now())
    assert rounds == [] and Credential.objects.get().valid_until is None


def test_a_training_put_right_concerns_everybody_and_a_new_one_nobody(lab, keeper, rounds):
    values = {"title": "量值溯源", "kind": "technical", "field": "压力", "organiser_kind": "internal", "organiser": "",
              "held_on": date(2025, 3, 1), "hours": 8, "trainer": None, "plan": None, "file": None, "effectiveness": "",
              "evaluated_on": None}  # fmt: skip
    row = verbs.record(REGISTERS["trainings"], values, actor=keeper, at=timezone.now())
    assert rounds == []
    verbs.amend(REGISTERS["trainings"], row, values | {"field": "长度"}, 1, actor=keeper, at=timezone.now())
    assert rounds == [(lab, None)]


def test_another_legal_status_concerns_everybody(lab, keeper, rounds):
    row = make.legal_status(lab)
    assert LegalStatus.objects.count() == 1 and rounds == []
    verbs.withdraw(REGISTERS["legal-status"], row, "登记错了", actor=keeper, at=timezone.now())
    assert rounds == [(lab, None)]
