"""What a laboratory tries with measurement standards and with the list of what was measured by them.

Names say what must not work.
"""

from datetime import date, timedelta

import pytest

from certificates.models import Certificate
from equipment.models import StandardChange, StandardPart
from equipment.standards import parts
from equipment.tracing.uses import uses_of
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON
from tests.portal.test_imports import paste, sentences

YESTERDAY = DAY - timedelta(1)


@pytest.fixture
def w(db):
    world = make.laboratory()
    world.manager = make.actor(world.institution, Role.METROLOGY_MANAGER, employment=world.operator_employment)
    with tenant(world.institution.pk):
        yield world


def replaced(w, on, added=None):
    added = added or make.equipment(w.institution, w.site)
    old = w.standard.parts.get(equipment=w.equipment)
    return parts.change_parts(
        make.fresh(w.standard), added=added, role="main", removed=old, on=on, reason="更换", actor=w.manager, at=NOON
    )  # fmt: skip


def test_a_main_standard_does_not_leave_before_it_was_last_used(w):
    make.record(w)
    with pytest.raises(Refused, match="移出的日期不能早于"):
        replaced(w, YESTERDAY)


def test_what_was_used_on_the_day_it_left_is_in_the_recall_list(w):
    make.record(w)
    replaced(w, DAY)
    assert [use.day for use in uses_of(w.equipment, None, DAY)] == [DAY]


def test_a_part_leaves_once(w):
    old = w.standard.parts.get(equipment=w.equipment)
    replaced(w, YESTERDAY)
    with pytest.raises(Refused, match="已经移出"):
        parts.change_parts(w.standard, removed=old, on=date(2020, 1, 1), reason="更早", actor=w.manager, at=NOON)


def test_a_void_certificate_is_still_in_the_recall_list(w):
    certificate = make.certificate(w, "void")
    (use,) = uses_of(w.equipment, None, DAY)
    assert use.touched and certificate.number in use.certificate and "已作废" in use.certificate


def test_what_took_the_place_of_a_void_certificate_is_the_one_on_the_list(w):
    void = make.certificate(w, "void")
    again = Certificate.objects.create(
        institution=w.institution, record=void.record, kind=void.kind, operator=void.operator
    )  # fmt: skip
    (use,) = uses_of(w.equipment, None, DAY)
    assert use.certificate_url == again.get_absolute_url() and use.touched


@pytest.mark.parametrize("first", [DAY, None])
def test_the_first_and_the_last_day_of_a_recall_belong_to_it(w, first):
    make.record(w)
    assert len(uses_of(w.equipment, first, DAY)) == 1
    assert not uses_of(w.equipment, DAY + timedelta(1), DAY + timedelta(9)) and not uses_of(
        w.equipment, None, YESTERDAY
    )


def test_two_stays_in_a_standard_are_two_spans_of_the_recall(w):
    part = w.standard.parts.get(equipment=w.equipment)
    type(part).objects.filter(pk=part.pk).update(removed_on=date(2025, 1, 1))
    StandardPart.objects.create(
        institution=w.institution, standard=w.standard, equipment=w.equipment, added_on=date(2025, 6, 1)
    )
    record = make.record(w, performed_on=date(2024, 12, 30))
    type(record).objects.filter(pk=make.record(w).pk).update(performed_on=date(2025, 3, 1))
    assert [use.day for use in uses_of(w.equipment, None, DAY)] == [date(2024, 12, 30)]


@pytest.mark.parametrize("name", ["assessed_until", "assessed_on", "assessment_certificate"])
def test_an_assessment_in_force_is_not_prolonged_by_an_amendment(w, name):
    longer = {"assessed_until": date(2033, 1, 1), "assessed_on": date(2025, 1, 1), "assessment_certificate": "另一份"}
    with pytest.raises(Refused, match="登记考核"):
        row = make.fresh(w.standard)
        book = REGISTERS["measurement-standards"]
        verbs.amend(book, row, {name: longer[name]}, row.revision, actor=w.manager, at=NOON)


def test_a_table_prolongs_no_assessment_either(w):
    run = paste(w.manager, ["编号", "有效期至"], [w.standard.code, "2033-01-01"], name="measurement-standards")
    assert (run.changed_rows, run.flawed_rows) == (0, 1), sentences(run)


def test_a_replacement_that_nobody_filed_is_not_struck_off(w):
    replaced(w, DAY)
    change = StandardChange.objects.get()
    with pytest.raises(Refused, match="申报"):
        verbs.withdraw(REGISTERS["standard-changes"], change, "登记错了", actor=w.manager, at=NOON)


def test_a_replacement_does_not_become_a_change_that_stops_nothing(w):
    replaced(w, DAY)
    change = StandardChange.objects.get()
    with pytest.raises(Refused, match="申报"):
        verbs.amend(
            REGISTERS["standard-changes"], change, {"kind": "person"}, change.revision, actor=w.manager, at=NOON
        )
