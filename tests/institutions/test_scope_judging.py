"""One place answers whether a point lies inside the scope, on which line, and what the CMC is there."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from institutions.models import Qualification, ScopeChoice, ScopeItem
from institutions.scope import choosing, judging
from portal.permissions import Role
from portal.tenancy import new_ref, tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def w(laboratory):
    world = laboratory
    with tenant(world.institution.pk):
        yield world


def subject(w, **other):
    facts = {
        "instrument": w.scope.instrument, "measurand": w.scope.measurand, "method_id": w.method.pk,
        "site_id": w.site.pk, "unit": "MPa", **other,
    }  # fmt: skip
    return judging.Subject(**facts)


def judged(w, point="1.6", day=DAY, **other):
    return judging.Book.of(w.institution.pk).judge(subject(w, **other), day, Decimal(point))


def second(w, **values):
    """A second line of scope that says the same as the first one, but for these values."""
    twin = ScopeItem.objects.get(pk=w.scope.pk)
    twin.pk, twin.ref = None, new_ref()
    twin.limits = f"第 {ScopeItem.objects.count()} 条"
    for name, value in values.items():
        setattr(twin, name, value)
    twin.save()
    return ScopeItem.objects.get(pk=twin.pk)


@pytest.mark.parametrize("point", ["0", "1.6", "2.5"])
def test_a_point_inside_has_its_line_and_its_cmc(w, point):
    found = judged(w, point)
    assert (found.line, found.cmc, found.reasons) == (w.scope, Decimal("0.002"), ())


def test_the_cmc_comes_in_the_unit_of_the_question(w):
    assert judged(w, "1600", unit="kPa").cmc == Decimal(2)


def test_a_cmc_in_degrees_is_the_same_number_of_kelvins(w):
    ScopeItem.objects.update(unit="℃", range_high="100", cmc_constant="0.3")
    assert judged(w, "300", unit="K").cmc == Decimal("0.3")


@pytest.mark.parametrize(
    ("spoil", "ask", "clause", "word"),
    [
        ({}, {"instrument": "卡尺"}, "A-6.1.3", "没有“卡尺”"),
        ({}, {"measurand": "长度"}, "A-6.1.3", "“长度”"),
        ({}, {"method_id": 0}, "A-6.1.3", "JJG 52-2013"),
        ({}, {"site_id": 0}, "A-6.1.3", "北湾场所"),
        ({}, {"point": "2.6"}, "A-6.1.3", "(0～2.5) MPa"),
        ({}, {"point": "-0.1"}, "A-6.1.3", "(0～2.5) MPa"),
        ({}, {"unit": "℃"}, "A-6.1.3", "超出能力范围"),
        ({"valid_until": DAY - timedelta(1)}, {}, "A-6.1.3", "为止"),
        ({"valid_from": DAY + timedelta(1)}, {}, "A-6.1.3", "才有效"),
        ({"state": "withdrawn"}, {}, "A-6.1.3", "没有“"),
        ({"state": "suspended", "suspended_because": "人员只有 1 人", "suspended_clause": "C-5.1.1-s2"}, {}, "C-5.1.1-s2",
         "人员只有 1 人"),
        ({"cmc_form": "table", "cmc_points": "0 0.1\n1 0.2"}, {}, "A-6.1.3", "没有盖住"),
    ],
)  # fmt: skip
def test_a_point_outside_is_told_why(w, spoil, ask, clause, word):
    ScopeItem.objects.filter(pk=w.scope.pk).update(**spoil)
    found = judged(w, **ask)
    assert (found.line, found.cmc, [reason.clause for reason in found.reasons]) == (None, None, [clause])
    assert word in found.reasons[0].text


@pytest.mark.parametrize(
    "values",
    [
        {"state": "pending"}, {"state": "withdrawn"}, {"valid_until": DAY - timedelta(1)}, {"valid_from": DAY + timedelta(1)},
        {"state": "suspended", "stops": [(DAY, None)]},
        {"state": "revoked", "stops": [(DAY, None)]},
        {"state": "valid", "stops": [(DAY, DAY + timedelta(1))]},
    ],
)  # fmt: skip
def test_nothing_rests_on_a_qualification_that_is_not_valid_that_day(w, values):
    Qualification.objects.filter(pk=w.qualification.pk).update(**values)
    assert [reason.clause for reason in judged(w).reasons] == ["B-4.3-s2"]
    assert not ScopeItem.objects.valid_on(DAY).exists()
    assert not Qualification.objects.get(pk=w.qualification.pk).valid_on(DAY)


@pytest.mark.parametrize("on", [DAY - timedelta(1), DAY + timedelta(1)])
def test_before_and_after_a_stop_the_scope_counts(w, on):
    stops = [(DAY, DAY + timedelta(1))]
    Qualification.objects.filter(pk=w.qualification.pk).update(stops=stops)
    assert judged(w, day=on).line == w.scope
    assert ScopeItem.objects.valid_on(on).get() == w.scope


def test_a_suspension_leaves_earlier_days_alone(w):
    ScopeItem.objects.filter(pk=w.scope.pk).update(state="suspended", suspended_on=DAY)
    assert judged(w, day=DAY - timedelta(1)).line == w.scope
    assert judged(w).line is None
    assert ScopeItem.objects.valid_on(DAY - timedelta(1)).exists()
    assert not ScopeItem.objects.valid_on(DAY).exists()


@pytest.mark.parametrize(("after", "counts"), [(-1, True), (0, False), (2, False), (3, True)])
def test_a_day_within_a_suspension_that_is_over_is_judged_as_suspended(w, after, counts):
    ScopeItem.objects.filter(pk=w.scope.pk).update(past_suspensions=[(DAY, DAY + timedelta(3))])
    found = judged(w, day=DAY + timedelta(after))
    assert (found.line == w.scope, ScopeItem.objects.valid_on(DAY + timedelta(after)).exists()) == (counts, counts)
    assert counts or ("暂停" in found.reasons[0].text and f"{DAY + timedelta(3)} 恢复" in found.reasons[0].text)


def test_a_closed_site_has_no_scope(w):
    type(w.site).objects.update(closed_on=DAY - timedelta(1))
    assert "没有启用" in judged(w).reasons[0].text


def test_a_verification_rests_on_an_authorisation(w):
    Qualification.objects.update(kind=Qualification.Kind.CNAS)
    assert [reason.clause for reason in judged(w, verification=True).reasons] == ["C-4.1.2-c-s1"]
    assert judged(w).line == w.scope


def test_two_lines_with_different_cmc_are_refused(w):
    other = second(w, range_high=Decimal(40), cmc_constant=Decimal("0.02"))
    found = judged(w)
    assert (found.line, [reason.clause for reason in found.reasons]) == (None, ["scope"])
    assert set(found.candidates) == {w.scope, other}
    assert judged(w, "10").line == other


def test_two_lines_with_the_same_cmc_are_no_question(w):
    second(w, range_high=Decimal(40))
    assert judged(w).cmc == Decimal("0.002")


def test_where_one_line_ends_and_the_next_begins_the_first_counts(w):
    other = second(w, range_low=Decimal("2.5"), range_high=Decimal(40), cmc_constant=Decimal("0.02"))
    assert judged(w, "2.5").line == w.scope
    assert judged(w, "2.6").line == other


def test_what_was_chosen_once_is_used_from_then_on(w):
    other = second(w, range_high=Decimal(40), cmc_constant=Decimal("0.02"))
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    choosing.choose(w.scope, [w.scope, other], "用 0.02 级标准器", actor=keeper, at=NOON)
    assert judged(w).line == w.scope
    assert judged(w, "10").line == other


def test_a_choice_can_be_turned_round(w):
    other = second(w, range_high=Decimal(40), cmc_constant=Decimal("0.02"))
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    choosing.choose(w.scope, [other], "先用这条", actor=keeper, at=NOON)
    choosing.choose(other, [w.scope], "标准器换了", actor=keeper, at=NOON)
    assert judged(w).line == other
    assert ScopeChoice.objects.filter(state="current").count() == 1


def test_choosing_twice_keeps_one_choice(w):
    other = second(w, range_high=Decimal(40), cmc_constant=Decimal("0.02"))
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    for _twice in range(2):
        choosing.choose(w.scope, [other], "用这条", actor=keeper, at=NOON)
    assert ScopeChoice.objects.count() == 1


def test_of_three_lines_the_chosen_one_must_stand_before_both_others(w):
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    other = second(w, cmc_constant=Decimal("0.02"))
    third = second(w, cmc_constant=Decimal("0.03"))
    choosing.choose(w.scope, [other], "用这条", actor=keeper, at=NOON)
    assert judged(w).line is None
    choosing.choose(w.scope, [third], "用这条", actor=keeper, at=NOON)
    assert judged(w).line == w.scope


@pytest.mark.parametrize(("reason", "instrument"), [("", None), ("  ", None), ("用这条", "卡尺")])
def test_a_choice_needs_a_reason_and_two_lines_of_one_instrument(w, reason, instrument):
    other = second(w, cmc_constant=Decimal("0.02"), **({"instrument": instrument} if instrument else {}))
    keeper = make.actor(w.institution, Role.TECHNICAL_MANAGER)
    with pytest.raises(Refused):
        choosing.choose(w.scope, [other], reason, actor=keeper, at=NOON)


def test_a_book_costs_one_query_however_many_points(w, django_assert_num_queries):
    with django_assert_num_queries(1):
        book = judging.Book.of(w.institution.pk)
        for tenth in range(25):
            assert book.judge(subject(w), DAY, Decimal(tenth) / 10).line


@pytest.mark.parametrize(
    "values",
    [
        {"range_low": "3"}, {"cmc_constant": "0"}, {"cmc_constant": "-1", "cmc_slope": "1"}, {"cmc_form": "table"},
        {"valid_until": date(2020, 1, 1)},
    ],
)  # fmt: skip
def test_the_database_refuses_a_line_that_cannot_be(w, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        ScopeItem.objects.filter(pk=w.scope.pk).update(**values)


def test_the_database_refuses_a_qualification_that_ends_before_it_begins(w):
    with pytest.raises(IntegrityError), transaction.atomic():
        Qualification.objects.filter(pk=w.qualification.pk).update(valid_until=date(2020, 1, 1))
