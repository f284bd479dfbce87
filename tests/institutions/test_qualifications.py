"""Sites and qualifications: what must be on file before they count, and what becomes of them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from institutions.models import Authorisation, Qualification, ScopeItem, Site
from institutions.scope import standing
from portal.models import Document
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def w(laboratory):
    world = laboratory
    world.keeper = make.actor(world.institution, Role.QUALITY_MANAGER)
    with tenant(world.institution.pk):
        yield world


def clauses(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def record(w, **values):
    facts = {
        "kind": Qualification.Kind.CNAS, "number": "CNAS L00001", "issuer": "认可机构（示）", "valid_from": DAY,
        "file": make.document(w.institution), "annex": make.document(w.institution), **values,
    }  # fmt: skip
    return verbs.record(REGISTERS["qualifications"], facts, actor=w.keeper, at=NOON)


def test_a_new_qualification_waits_for_its_confirmation(w):
    row = record(w)
    assert (row.state, row.valid_on(DAY)) == ("pending", False)


def test_a_confirmed_qualification_counts(w):
    row = standing.confirm(record(w), actor=w.keeper, at=NOON)
    assert (row.state, row.valid_on(DAY), row.valid_on(DAY - timedelta(1))) == ("valid", True, False)


@pytest.mark.parametrize("missing", ["file", "annex"])
def test_without_certificate_or_annex_it_is_not_confirmed(w, missing):
    row = record(w, **{missing: None})
    with pytest.raises(Refused) as refused:
        standing.confirm(row, actor=w.keeper, at=NOON)
    assert clauses(refused) == ["B-4.3-s1"]


@pytest.mark.parametrize("state", [Document.State.QUARANTINED, Document.State.REFUSED])
def test_a_file_that_was_not_taken_in_is_no_certificate(w, state):
    row = record(w, file=make.document(w.institution, state=state))
    with pytest.raises(Refused) as refused:
        standing.confirm(row, actor=w.keeper, at=NOON)
    assert clauses(refused) == ["B-4.3-s1"]


def test_a_licence_needs_no_annex(w):
    row = record(w, kind=Qualification.Kind.BUSINESS_LICENCE, annex=None)
    assert standing.confirm(row, actor=w.keeper, at=NOON).state == "valid"


def test_what_was_suspended_counts_before_and_after_and_not_between(w):
    row = standing.suspend(w.qualification, DAY - timedelta(5), "认可〔2026〕12 号", actor=w.keeper, at=NOON)
    assert [row.valid_on(DAY - timedelta(days)) for days in (6, 5, 0)] == [True, False, False]
    row = standing.resume(row, DAY - timedelta(2), "恢复通知", actor=w.keeper, at=NOON)
    assert [row.valid_on(DAY - timedelta(days)) for days in (6, 5, 3, 2, 0)] == [True, False, False, True, True]


def test_what_was_suspended_and_taken_up_twice_keeps_both_stops(w):
    row = w.qualification
    for days in (8, 3):
        row = standing.suspend(row, DAY - timedelta(days), "通知", actor=w.keeper, at=NOON)
        row = standing.resume(row, DAY - timedelta(days - 1), "通知", actor=w.keeper, at=NOON)
    assert [days for days in range(10) if not row.valid_on(DAY - timedelta(days))] == [3, 8]


def test_what_was_revoked_counts_for_the_days_before(w):
    row = standing.revoke(w.qualification, DAY, "吊销决定", actor=w.keeper, at=NOON)
    assert [row.valid_on(DAY - timedelta(1)), row.valid_on(DAY)] == [True, False]
    with pytest.raises(Refused):
        standing.resume(row, DAY, "恢复", actor=w.keeper, at=NOON)


def test_what_was_revoked_while_suspended_keeps_one_stop(w):
    row = standing.suspend(w.qualification, DAY - timedelta(5), "通知", actor=w.keeper, at=NOON)
    row = standing.revoke(row, DAY, "吊销决定", actor=w.keeper, at=NOON)
    assert len(row.stops) == 1
    assert not row.valid_on(DAY - timedelta(5))


@pytest.mark.parametrize(
    ("step", "on", "reason"),
    [
        (standing.suspend, DAY + timedelta(1), "通知"), (standing.suspend, DAY, "  "),
        (standing.revoke, DAY + timedelta(1), "通知"), (standing.revoke, DAY, ""),
    ],
)  # fmt: skip
def test_a_step_needs_a_reason_and_a_day_that_has_come(w, step, on, reason):
    with pytest.raises(Refused):
        step(w.qualification, on, reason, actor=w.keeper, at=NOON)
    assert make.fresh(w.qualification).state == "valid"


@pytest.mark.parametrize("on", [DAY - timedelta(5), DAY - timedelta(6), DAY + timedelta(1)])
def test_it_is_not_taken_up_before_it_was_suspended(w, on):
    row = standing.suspend(w.qualification, DAY - timedelta(5), "通知", actor=w.keeper, at=NOON)
    with pytest.raises(Refused):
        standing.resume(row, on, "恢复", actor=w.keeper, at=NOON)


def test_an_operator_confirms_nothing(w):
    with pytest.raises(PermissionDenied):
        standing.confirm(record(w), actor=w.operator, at=NOON)
    assert Qualification.objects.get(number="CNAS L00001").state == "pending"


@pytest.mark.parametrize(
    "old", [{"kind": "cnas_accreditation", "valid_from": DAY + timedelta(1)}, {"kind": "metrology_authorisation"}]
)
def test_a_renewal_follows_an_earlier_one_of_its_kind(w, old):
    before = make.qualification(w.institution, **old)
    with pytest.raises(Refused, match="换发自"):
        record(w, replaces=before)


def test_a_renewal_of_its_own_kind_is_taken(w):
    before = make.qualification(w.institution, kind="cnas_accreditation")
    after = record(w, replaces=before)
    assert list(before.renewals.all()) == [after]


# --- sites


def site(w, **values):
    return verbs.record(
        REGISTERS["sites"], {"name": "东屏场所", "address": "东屏路 1 号", **values}, actor=w.keeper, at=NOON
    )


def test_an_own_site_needs_no_proof(w):
    assert site(w).open_on(DAY)


@pytest.mark.parametrize("values", [{}, {"tenure_valid_until": date(2027, 1, 1)}, {"tenure_proof": True}])
def test_a_leased_site_has_a_proof_and_its_last_day(w, values):
    values = {**values, **({"tenure_proof": make.document(w.institution)} if "tenure_proof" in values else {})}
    with pytest.raises(Refused) as refused:
        site(w, tenure=Site.Tenure.LEASED, **values)
    assert set(clauses(refused)) == {"B-4.2-s2"}


@pytest.mark.parametrize("values", [{"opened_on": DAY, "closed_on": DAY - timedelta(1)}, {"total_area": 0}])
def test_a_site_that_cannot_be_is_refused(w, values):
    with pytest.raises(Refused):
        site(w, **values)


@pytest.mark.parametrize(
    ("values", "opened"),
    [({}, True), ({"opened_on": DAY + timedelta(1)}, False), ({"closed_on": DAY - timedelta(1)}, False), ({"state": "withdrawn"}, False)],
)  # fmt: skip
def test_a_site_is_open_between_its_days(values, opened):
    assert Site(**values).open_on(DAY) is opened


# --- lines


def line(w, **values):
    facts = {
        "instrument": "压力变送器", "measurand": "压力", "field": "压力", "method": w.method, "site": w.site,
        "qualification": w.qualification, "range_low": 0, "range_high": 10, "unit": "MPa", "cmc_constant": "0.01",
        "valid_from": DAY, **values,
    }  # fmt: skip
    return verbs.record(REGISTERS["scope"], facts, actor=w.keeper, at=NOON)


def test_a_line_stands_at_an_address_of_its_qualification(w):
    Qualification.objects.update(addresses="东屏路 1 号\n衡量路18号")
    w.qualification.refresh_from_db()
    assert line(w).state == "active"


def test_a_line_at_another_address_is_refused(w):
    Qualification.objects.update(addresses="东屏路 1 号")
    w.qualification.refresh_from_db()
    with pytest.raises(Refused) as refused:
        line(w)
    assert clauses(refused) == ["B-4.2-s3"]


@pytest.mark.parametrize("values", [{"kind": "business_licence"}, {"state": "pending"}])
def test_a_line_rests_on_a_confirmed_paper_for_calibration(w, values):
    Qualification.objects.update(**values)
    w.qualification.refresh_from_db()
    with pytest.raises(Refused) as refused:
        line(w)
    assert clauses(refused) == ["B-4.3-s1"]


def test_the_same_line_is_not_recorded_twice(w):
    line(w)
    with pytest.raises(Refused, match="已经登记过"):
        line(w)


def second_operator(w):
    make.authorisation(w.institution, make.employment(w.institution, "许知远二"), Authorisation.Role.CALIBRATOR)


def test_a_line_is_taken_out_of_use_and_into_use_again(w):
    second_operator(w)
    stopped = standing.suspend_line(w.scope, DAY, "标准器停用", actor=w.keeper, at=NOON)
    assert not ScopeItem.objects.valid_on(DAY).exists()
    assert standing.resume_line(stopped, "标准器恢复", actor=w.keeper, at=NOON).state == "active"
    assert ScopeItem.objects.valid_on(DAY).get().suspended_because == ""


def test_days_without_a_line_stay_days_without_it_when_it_is_lifted(w):
    second_operator(w)
    line = w.scope
    for since, lifted in ((20, 15), (10, 5)):
        line = standing.suspend_line(line, DAY - timedelta(since), "标准器停用", actor=w.keeper, at=NOON)
        line = standing.resume_line(line, "标准器恢复", actor=w.keeper, at=NOON - timedelta(lifted))
    days = [21, 20, 16, 15, 11, 10, 6, 5, 0]
    counted = [ScopeItem.objects.valid_on(DAY - timedelta(day)).exists() for day in days]
    assert counted == [True, False, False, True, True, False, False, True, True]


def test_a_line_that_is_lifted_on_the_day_of_its_suspension_has_lost_no_day(w):
    second_operator(w)
    line = standing.suspend_line(w.scope, DAY, "标准器停用", actor=w.keeper, at=NOON)
    assert standing.resume_line(line, "标准器恢复", actor=w.keeper, at=NOON).past_suspensions == []


def test_nobody_lifts_a_line_that_lacks_a_second_person(w):
    line = standing.suspend_line(w.scope, DAY, "标准器停用", actor=w.keeper, at=NOON)
    with pytest.raises(Refused, match="只有 1 人") as refused:
        standing.resume_line(line, "标准器恢复", actor=w.keeper, at=NOON)
    assert clauses(refused) == ["C-5.1.1-s2"]


def test_what_the_portal_suspended_nobody_lifts_by_hand(w):
    second_operator(w)
    ScopeItem.objects.update(state="suspended", suspended_clause="C-5.1.1-s2", suspended_because="少于 2 人")
    with pytest.raises(Refused) as refused:
        standing.resume_line(w.scope, "先用着", actor=w.keeper, at=NOON)
    assert clauses(refused) == ["C-5.1.1-s2"]
