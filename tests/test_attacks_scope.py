"""What a fraudulent institution tries so that a measurement counts as inside its scope."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from institutions.models import (
    Qualification,
    ScopeChoice,
    ScopeItem,
    User,
)
from institutions.people.reconsidering import reconsider
from institutions.scope import choosing, gates, judging, ranges, standing, statements
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import new_ref, tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

pytestmark = pytest.mark.django_db
DAY_BEFORE, DAY_AFTER = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def w(laboratory):
    world = laboratory
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def keeper(w):
    return make.actor(w.institution, Role.TECHNICAL_MANAGER)


def judged(w, point="1.6", day=DAY, parameter=None, **other):
    facts = {
        "instrument": w.scope.instrument, "measurand": w.scope.measurand, "method_id": w.method.pk,
        "site_id": w.site.pk, "unit": "MPa", **other,
    }  # fmt: skip
    return judging.Book.of(w.institution.pk).judge(judging.Subject(**facts), day, Decimal(point), parameter)


def second(w, **values):
    """A second line of scope that says the same as the first one, but for these values."""
    twin = ScopeItem.objects.get(pk=w.scope.pk)
    twin.pk, twin.ref, twin.limits = None, new_ref(), f"第 {ScopeItem.objects.count()} 条"
    for name, value in values.items():
        setattr(twin, name, value)
    twin.save()
    return ScopeItem.objects.get(pk=twin.pk)


def amended(register, row, keeper, **values):
    """What the register's amending makes of the row when these values are typed over the present ones."""
    known = {name: getattr(row, name) for name in REGISTERS[register].fields}
    return verbs.amend(REGISTERS[register], row, known | values, row.revision, actor=keeper, at=NOON)


# --- scope: inside when it is not


@pytest.mark.parametrize(
    "text", ["0.05%FS", "0.1 % fs", "0.5%×FS", "0.5 FS", "0.02 MPa+0.01%FS", "0.1%量程", "0.1% F.S."]
)
def test_a_cmc_of_the_full_scale_is_not_taken_for_one_of_the_reading(text):
    with pytest.raises(ranges.Unreadable, match="按量程给出"):
        statements.read_cmc(text, "MPa")


@pytest.mark.parametrize("text", ["0.1%UH", "0.1%Xm", "0.01 MPa + 0.1%UH"])
def test_two_letters_that_mean_anything_are_no_reading(text):
    with pytest.raises(ranges.Unreadable, match="看不懂"):
        statements.read_cmc(text, "MPa")


@pytest.mark.parametrize(
    ("low", "high", "unit", "cmc_unit"),
    [("1", "2", "qm", "Qm"), ("1", "2", "Qm", "qm"), ("1", "9e30", "m", ""), ("-9e30", "1", "m", "nm")],
)
def test_a_line_beyond_all_measure_breaks_no_page(client, w, keeper, low, high, unit, cmc_unit):
    client.force_login(User.objects.get(pk=keeper.user_id))
    values = {
        "instrument": "尺", "measurand": "长度", "field": "长度", "method": w.method.ref, "site": w.site.ref,
        "qualification": w.qualification.ref, "range_low": low, "range_high": high, "unit": unit, "cmc_form": "constant",
        "cmc_constant": "1", "cmc_unit": cmc_unit, "valid_from": "2026-01-01",
    }  # fmt: skip
    for more in ({}, {"range_low": "", "range_high": "", "unit": "", "stated_range": f"{low} {unit}～{high} {unit}"}):
        assert client.post("/i/alpha/registers/scope/new/", values | more, follow=True).status_code < 500
    assert client.get("/i/alpha/scope/").status_code == client.get("/c/alpha/").status_code == 200


@pytest.mark.parametrize(
    "points", ["1e-30 1e-30\n1e30 1e30", "0 1e30\n1e30 1e-30", "0～1e30 0～1e30 1e30", "-1e30～1e30 1e-30～1e30 1e-30"],
)  # fmt: skip
def test_a_table_beyond_all_measure_breaks_no_page(client, w, keeper, points):
    form = "matrix" if "～" in points else "table"
    ScopeItem.objects.update(cmc_form=form, cmc_points=points, parameter="频率", parameter_unit="Hz")
    client.force_login(User.objects.get(pk=keeper.user_id))
    for path in ("/i/alpha/scope/", f"/i/alpha/registers/scope/row/{w.scope.ref}/", "/c/alpha/"):
        assert client.get(path).status_code == 200, path
    for point in ("0", "1e-30", "2.5"):
        judged(w, point, parameter=Decimal(1))


@pytest.mark.parametrize("text", ["1 qm～1 Qm", "1 Qm～1 qm", "1e30 qm～1 Qm"])
def test_ends_that_no_number_holds_are_no_crash(text):
    with contextlib.suppress(ranges.Unreadable):
        ranges.read_range(text)


def test_a_confirmed_paper_does_not_become_one_of_another_kind(w, keeper):
    licence = make.qualification(w.institution, file=make.document(w.institution), state="pending")
    licence = standing.confirm(licence, actor=keeper, at=NOON)
    with pytest.raises(Refused, match="种类"):
        amended("qualifications", licence, keeper, kind="metrology_authorisation")


@pytest.mark.parametrize("paper", ["file", "annex"])
def test_a_confirmed_paper_does_not_lose_its_file(w, keeper, paper):
    papers = {name: make.document(w.institution) for name in ("file", "annex")}
    row = make.qualification(w.institution, kind="cnas_accreditation", state="pending", **papers)
    row = standing.confirm(row, actor=keeper, at=NOON)
    with pytest.raises(Refused, match="文件"):
        amended("qualifications", row, keeper, **{paper: None})


def test_a_site_that_moves_takes_no_scope_along(w, keeper):
    Qualification.objects.update(addresses="衡量路 18 号")
    keeper = make.actor(w.institution, Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="东屏路"):
        amended("sites", w.site, keeper, address="东屏路 1 号")
    assert amended("sites", w.site, keeper, address="衡量路18号").address == "衡量路18号"


def test_a_paper_does_not_leave_the_sites_of_its_scope(w, keeper):
    with pytest.raises(Refused, match="衡量路"):
        amended("qualifications", w.qualification, keeper, addresses="东屏路 1 号")


def test_a_line_of_another_site_serves_no_other(w):
    other = make.site(w.institution, name="东屏场所", address="东屏路 1 号")
    assert judged(w, site_id=other.pk).line is None


@pytest.mark.parametrize(
    ("point", "unit", "inside"),
    [
        ("2500", "kPa", True), ("2500.0000000000000000000000000001", "kPa", False), ("0", "kPa", True),
        ("-1e-30", "kPa", False), ("2500000", "Pa", True), ("2500001", "Pa", False), ("2.5e9", "mPa", True), ("2.5", "MPa", True),
        ("0.0025", "GPa", True), ("0.00250000000000000000000000001", "GPa", False),
    ],
)  # fmt: skip
def test_the_ends_of_a_range_are_the_same_in_every_unit(w, point, unit, inside):
    assert (judged(w, point, unit=unit).line is not None) is inside


@pytest.mark.parametrize(
    ("values", "point", "cmc_there"),
    [
        ({"cmc_form": "linear", "cmc_constant": "1", "cmc_slope": "0.001", "cmc_unit": "kPa"}, "2000", "3"),
        ({"cmc_form": "root", "cmc_constant": "3", "cmc_slope": "0.002", "cmc_unit": "kPa"}, "2000", "5"),
        ({"cmc_form": "constant", "cmc_constant": "0.1", "cmc_unit": "%", "cmc_relative": True}, "2000", "2"),
        ({"cmc_form": "table", "cmc_points": "0 1\n2 3\n2.5 9", "cmc_unit": "kPa", "cmc_constant": "0"}, "2250", "6"),
        ({"cmc_form": "table", "cmc_points": "0 1\n2 3\n2.5 9", "cmc_unit": "kPa", "cmc_constant": "0"}, "2000", "3"),
    ],
)
def test_no_form_of_cmc_shrinks_in_another_unit(w, values, point, cmc_there):
    ScopeItem.objects.update(**values)
    assert judged(w, point, unit="kPa").cmc == Decimal(cmc_there)


def test_the_dearer_of_two_lines_is_not_dodged_where_a_single_point_lies_in_a_range(w):
    second(w, range_low=Decimal("2.5"), range_high=Decimal("2.5"), cmc_constant=Decimal("0.02"))
    assert [one.clause for one in judged(w, "2.5").reasons] == ["scope"]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC), date(2026, 3, 10)),
        (datetime(2026, 3, 10, 16, 0, 0, tzinfo=UTC), date(2026, 3, 11)),
    ],
)
def test_a_day_ends_at_midnight_in_china(at, day):
    assert gates.not_in_the_future(day, at) and not gates.not_in_the_future(day + timedelta(1), at)


def test_a_paper_that_ends_on_the_leap_day_ends_with_it(w):
    Qualification.objects.update(valid_until=date(2028, 2, 29))
    assert judged(w, day=date(2028, 2, 29)).line == w.scope
    assert [one.clause for one in judged(w, day=date(2028, 3, 1)).reasons] == ["B-4.3-s2"]


def test_of_two_papers_the_one_that_ended_carries_nothing(w):
    ended = make.qualification(w.institution, kind="metrology_authorisation", valid_until=DAY_BEFORE)
    other = second(w, qualification=ended, range_high=Decimal(40))
    assert judged(w, "1.6").line == w.scope
    assert judged(w, "10").line is None and judged(w, "10", day=DAY_BEFORE).line == other


def test_a_paper_stopped_for_the_past_stops_the_past(w, keeper):
    standing.suspend(w.qualification, DAY_BEFORE, "认可〔2026〕12 号", actor=keeper, at=NOON)
    row = Qualification.objects.get(pk=w.qualification.pk)
    standing.resume(row, DAY, "恢复〔2026〕3 号", actor=keeper, at=NOON)
    assert judged(w, day=DAY).line and not judged(w, day=DAY_BEFORE).line


def test_nobody_resumes_a_paper_before_it_was_stopped(w, keeper):
    standing.suspend(w.qualification, DAY, "认可〔2026〕12 号", actor=keeper, at=NOON)
    row = Qualification.objects.get(pk=w.qualification.pk)
    for on in (DAY_BEFORE, DAY, DAY_AFTER):
        with pytest.raises(Refused):
            standing.resume(row, on, "恢复", actor=keeper, at=NOON)


def test_who_keeps_no_scope_confirms_and_resumes_nothing(w):
    stranger = make.actor(w.institution, Role.OPERATOR)
    for verb in (standing.resume_line, standing.suspend_line):
        with pytest.raises(PermissionDenied):
            verb(w.scope, *([DAY] if verb is standing.suspend_line else []), "理由", actor=stranger, at=NOON)


def test_a_cycle_of_choices_chooses_nothing(w, keeper):
    b, c = (second(w, cmc_constant=Decimal(text)) for text in ("0.02", "0.2"))
    for one, other in ((w.scope, b), (b, c), (c, w.scope)):
        choosing.choose(one, [one, other], "理由", actor=keeper, at=NOON)
    assert [one.clause for one in judged(w).reasons] == ["scope"]


def test_two_who_choose_each_the_other_line_in_the_same_moment_have_chosen_none(w):
    other = second(w, cmc_constant=Decimal("0.02"))
    for line, rival in ((w.scope, other), (other, w.scope)):
        ScopeChoice.objects.create(institution=w.institution, line=line, instead_of=rival, reason="理由")
    assert [one.clause for one in judged(w).reasons] == ["scope"]


def test_withdrawing_a_line_that_lacks_people_and_recording_it_anew_does_not_help(w):
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    reconsider(w.institution, DAY, at=NOON)
    row = ScopeItem.objects.get(pk=w.scope.pk)
    assert row.suspended_clause == "C-5.1.1-s2"
    values = {name: getattr(row, name) for name in REGISTERS["scope"].fields}
    verbs.withdraw(REGISTERS["scope"], row, "登记错了", actor=keeper, at=NOON)
    verbs.record(REGISTERS["scope"], values, actor=keeper, at=NOON)
    assert judged(w).line is None
