"""What records say about the equipment they were measured with and the rooms they were measured in."""

from datetime import timedelta

import pytest
from django.db import transaction

from certificates.models import Procedure, RawRecord, Reading
from equipment.models import (
    Equipment,
    MeasurementStandard,
    StandardEvent,
    StandardPart,
)
from institutions.models import Customer, Room
from portal.clauses import CHECKS, State
from portal.tenancy import new_ref, tenant
from tests import furnished, make
from tests.furnished import DAY, event, row

YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
MINE = sorted(
    name for name, check in CHECKS.items()
    if check.__module__ in ("certificates.checks.tools", "certificates.checks.surroundings")
)  # fmt: skip
# No method of the laboratory limits these; it has a legal authorisation; and it takes in no tests.
NOT_ASKED = {"C-5.4.1-c", "C-5.4.1-d", "C-5.4.1-e", "C-4.1.2-b", "D-4.4.2.2-s2"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """A laboratory in order and one calibration of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        w = furnished.laboratory()
        with tenant(w.institution.pk):
            w.calibration = make.certificate(w, "released")
        yield w
        transaction.set_rollback(True)


@pytest.fixture
def w(world):
    with transaction.atomic():
        with tenant(world.institution.pk):
            yield world
        transaction.set_rollback(True)


def judge(w, name):
    return CHECKS[name](w.institution, DAY)


@pytest.mark.parametrize("name", MINE)
def test_a_laboratory_in_order_meets_the_clause(w, name):
    found = judge(w, name)
    assert (str(found.state), found.evidence) == ("not_applicable" if name in NOT_ASKED else "met", ())


def test_without_rows_nothing_is_judged(w):
    empty = make.institution("gamma")
    with tenant(empty.pk):
        assert {CHECKS[name](empty, DAY).state for name in MINE} == {State.NOT_APPLICABLE}


# --- one fact spoiled


def record(w, **values):
    """There is another submitted record with other values, without readings."""
    known = RawRecord.objects.get(pk=w.calibration.record_id)
    facts = {field.attname: getattr(known, field.attname) for field in known._meta.concrete_fields}
    facts |= {"id": None, "ref": new_ref(), "number": f"{known.number}-{RawRecord.objects.count()}"}
    return RawRecord.objects.create(**facts | values)


def condition(key, value, **values):
    """There is another record in which this was read."""

    def spoil(w):
        Reading.objects.create(
            institution=w.institution, record=record(w, **values), cell=f"condition:{key}", text=value, value=value,
            mode=Reading.Mode.TYPED, recorded_by=w.operator_employment,
        )  # fmt: skip

    return spoil


def change(of, **values):
    def spoil(w):
        target = getattr(w, of)
        assert type(target).objects.filter(pk=target.pk).update(**values) == 1

    return spoil


def asked(element, **values):
    return lambda w: type(w.asked[element]).objects.filter(pk=w.asked[element].pk).update(**values)


def sheet_asks(key, **values):
    """The data sheet limits one more condition."""

    def spoil(w):
        sheet = Procedure.objects.get(pk=w.procedure.pk)
        sheet.definition["conditions"].append({"key": key, "label": key, "unit": "V", **values})
        Procedure.objects.filter(pk=sheet.pk).update(definition=sheet.definition)

    return spoil


def both(*changes):
    def spoil(w):
        for one in changes:
            one(w)

    return spoil


def stopped_and_used(w):
    event(w, w.borrowed, "overload", DAY - timedelta(5), "quarantined")
    event(w, w.borrowed, "return_verification", TOMORROW, "in_use", result="passed")


def newer_corrections(w):
    furnished.corrections(w, 2, DAY)


def part(**values):
    return lambda w: StandardPart.objects.filter(equipment=w.borrowed).update(**values)


def new_part(w):
    """A part of the standard that nobody has traced before tomorrow, and nobody has a file of."""
    device = make.equipment(w.institution, w.site, name="新")
    row(w, StandardPart, standard=w.standard, equipment=device)
    make.traceability(w.institution, device, w.operator_employment, calibrated_on=TOMORROW)


def uncertified(w):
    """A certified material of another lot without any certificate on record."""
    device = make.equipment(w.institution, w.site, name="新", role="reference", certified=True, expires_on=DAY)
    row(w, StandardPart, standard=w.standard, equipment=device)


def of_another_method(element, **values):
    """What the room is asked for concerns work by another method alone."""
    return lambda w: asked(element, method=make.method("JJG 999-2020"), **values)(w)


def of_a_room_of_that_name_elsewhere(w):
    room = row(w, Room, site=make.site(w.institution, name="别的场所"), name=w.room.name)
    asked("humidity", high="50", room=room)(w)


def for_itself(w):
    """The laboratory measured its own instruments."""
    Customer.objects.update(name=w.institution.name)


def approved(on):
    """Its standard is a highest one, which the unit approved that day."""
    return lambda w: change("standard", kind="highest", approved_on=on, approval=w.paper)(w)


def suspended(w, standard):
    row(w, StandardEvent, standard=standard, kind="suspended", happened_on=DAY, state_after="suspended", text="暂停")


def stopped_before_the_year(w):
    """A part of the standard was stopped more than a year ago and never came back."""
    device = make.equipment(w.institution, w.site, name="新")
    row(w, StandardPart, standard=w.standard, equipment=device)
    event(w, device, "overload", DAY - timedelta(400), "quarantined")


def emptied(w):
    """A condition was read, and the value was taken out again."""
    known = Reading.objects.filter(record=w.calibration.record_id, cell__startswith="condition:").first()
    Reading.objects.create(
        institution=w.institution, record_id=known.record_id, cell=known.cell, text="", mode=Reading.Mode.TYPED,
        recorded_by=w.operator_employment, replaces=known, reason="读错",
    )  # fmt: skip


SPOILED = [
    ("B-4.4.2-s4", change("material", certified=False), "material"),
    ("B-4.4.2-s5", change("material", expires_on=YESTERDAY), "material"),
    ("B-4.4.2-s4", uncertified, "没有证书编号"),
    ("B-4.4.2-s5", change("material", expires_on=None), "没有登记失效日期"),
    ("C-4.1.2-a", change("standard", social_from=TOMORROW), "检校日没有有效的社会公用计量标准证书"),
    ("C-4.1.2-a", change("standard", social_until=YESTERDAY), "检校日没有有效的社会公用计量标准证书"),
    ("C-4.1.2-a", change("standard", social_certificate=""), "检校日没有有效的社会公用计量标准证书"),
    ("C-4.1.2-b", both(furnished.unauthorised, change("standard", kind="highest")), "用最高计量标准对外服务"),
    ("C-4.1.2-b", both(furnished.unauthorised, change("highest", approval=None)), "没有本单位的批准"),
    ("C-4.1.2-b", both(furnished.unauthorised, change("standard", kind="highest"), for_itself), "本单位批准之前使用"),
    ("C-4.1.2-b", both(furnished.unauthorised, change("standard", kind="highest", approved_on=DAY), for_itself), "本单位批准之前使用"),
    ("C-4.1.2-b", both(furnished.unauthorised, approved(TOMORROW), for_itself), "本单位批准之前使用"),
    ("D-4.4.1.2", change("loan", valid_from=TOMORROW), "borrowed"),
    ("D-4.4.1.2", change("loan", traceability_checked=False), "borrowed"),
    ("D-4.4.1.2", change("loan", state="withdrawn"), "borrowed"),
    ("D-4.4.1.2", change("loan", valid_until=YESTERDAY), "borrowed"),
    ("D-4.4.1.2", change("loan", condition_checked=False), "borrowed"),
    ("D-4.4.2.1-s2", new_part, "检定、校准或核查之前使用"),
    ("D-4.4.3.2-s1", stopped_and_used, "停用期间使用"),
    ("D-4.4.3.2-s1", stopped_before_the_year, "停用期间使用"),
    ("D-4.4.3.6", change("copy", state="withdrawn"), "没有登记修正值存放在哪里"),
    ("D-4.4.3.6", newer_corrections, "修正值没有全部更新时使用"),
    ("C-5.3.4-s1", new_part, "新"),
    ("C-5.3.4-s1", change("borrowed", keeper=None), "borrowed"),
    ("A-6.3", condition("temperature", "25.1"), "环境超出要求"),
    ("A-6.3", both(asked("humidity", high="50")), "环境超出要求"),
    ("C-5.4.1-a", condition("temperature", "14.9"), "环境超出要求"),
    ("C-5.4.1-a", asked("temperature", needed=False), "没有登记环境要求：温度"),
    ("C-5.4.1-b", condition("humidity", "85.1"), "环境超出要求"),
    ("C-5.4.1-b", asked("humidity", state="withdrawn"), "没有登记环境要求：湿度"),
    ("C-5.4.1-c", sheet_asks("power", minimum="210"), "没有登记环境要求：供电"),
    ("C-5.4.1-c", both(asked("power", needed=True, low="210", unit="V"), condition("power", "209")), "环境超出要求"),
    ("C-5.4.1-d", sheet_asks("vibration", maximum="1"), "没有登记环境要求：振动"),
    ("C-5.4.1-e", sheet_asks("electromagnetic", maximum="1"), "没有登记环境要求：电磁干扰"),
    ("C-5.4.1-e", both(asked("dust", needed=True, high="1", unit="mg"), condition("dust", "2")), "环境超出要求"),
    ("D-4.2.2.1-s1", record, "没有记录要求的环境条件"),
    ("D-4.2.2.1-s1", emptied, "没有记录要求的环境条件"),
    ("D-4.2.2.1-s1", lambda w: furnished.read(w, "temperature", "25.1", YESTERDAY), "超限没有处置"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "spoil", "text"), SPOILED, ids=[f"{name}-{n}" for n, (name, *_rest) in enumerate(SPOILED)]
)
def test_one_spoiled_fact_breaks_its_clause_and_is_named(w, name, spoil, text):
    spoil(w)
    found = judge(w, name)
    assert found.state == State.NOT_MET
    assert text in " ".join(f"{piece.label} {piece.text}" for piece in found.evidence) and found.advice


def test_every_check_is_spoiled_by_some_test():
    assert set(MINE) - {"D-4.4.2.2-s2"} == {name for name, *_rest in SPOILED}


OTHERWISE = [
    ("B-4.4.2-s5", State.NOT_APPLICABLE, lambda w: StandardPart.objects.filter(equipment=w.material).update(removed_on=DAY)),
    ("B-4.4.2-s5", State.MET, lambda w: StandardPart.objects.filter(equipment=w.material).update(removed_on=TOMORROW)),
    ("D-4.4.1.2", State.NOT_APPLICABLE, part(added_on=TOMORROW)),
    ("D-4.4.1.2", State.MET, part(added_on=DAY)),
    ("C-4.1.2-a", State.MET, both(change("standard", social_from=TOMORROW), for_itself)),
    ("C-4.1.2-a", State.NOT_APPLICABLE, lambda w: suspended(w, w.standard)),
    ("C-4.1.2-a", State.NOT_APPLICABLE, change("standard", kind="working", social_certificate="")),
    ("C-4.1.2-b", State.NOT_APPLICABLE, change("standard", kind="highest")),
    ("C-5.3.4-s1", State.MET, both(change("opened", keeper=None), lambda w: record(w, state="abandoned", environment_equipment=w.opened))),
    ("C-4.1.2-b", State.MET, furnished.unauthorised),
    ("C-4.1.2-b", State.MET, both(furnished.unauthorised, approved(DAY), for_itself)),
    ("C-4.1.2-b", State.NOT_APPLICABLE, both(furnished.unauthorised, lambda w: suspended(w, w.highest))),
    ("A-6.1.1", State.MET, both(change("highest", assessed_until=YESTERDAY), lambda w: suspended(w, w.highest))),
    ("D-4.4.3.6", State.MET, both(change("copy", state="withdrawn"), lambda w: event(w, w.equipment, "store", DAY, "out_of_use"))),
    ("C-5.3.4-s1", State.NOT_APPLICABLE, lambda w: [event(w, device, "store", DAY, "out_of_use") for device in w.devices]),
    ("A-6.3", State.MET, condition("temperature", "25")),
    ("A-6.3", State.MET, condition("temperature", "14.9", state=RawRecord.State.ABANDONED)),
    ("A-6.3", State.MET, both(asked("humidity", high="50"), lambda w: type(w.room).objects.update(name="别处"))),
    ("A-6.3", State.MET, condition("temperature", "15")),
    ("A-6.3", State.MET, asked("humidity", high="50", needed=False)),
    ("A-6.3", State.MET, asked("dust", needed=True, high="1", unit="%RH")),
    ("A-6.3", State.MET, of_another_method("humidity", high="50")),
    ("C-5.4.1-a", State.NOT_MET, of_another_method("temperature")),
    ("C-5.4.1-a", State.MET, asked("humidity", state="withdrawn")),
    ("A-6.3", State.MET, of_a_room_of_that_name_elsewhere),
    ("C-5.4.1-c", State.MET, asked("power", needed=True, low="210", unit="V")),
    ("D-4.4.3.6", State.MET, lambda w: furnished.corrections(w, 2, TOMORROW)),
    ("D-4.4.3.2-s1", State.MET, lambda w: event(w, w.borrowed, "overload", DAY, "quarantined")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected", "spoil"), OTHERWISE, ids=[f"{row[0]}-{n}" for n, row in enumerate(OTHERWISE)]
)
def test_what_is_close_to_a_breach_is_told_apart(w, name, expected, spoil):
    spoil(w)
    assert judge(w, name).state == expected


@pytest.mark.parametrize(
    ("back", "expected"), [(DAY - timedelta(400), "not_applicable"), (DAY - timedelta(300), "met")]
)
def test_only_what_was_stopped_at_some_time_of_the_year_is_judged(w, back, expected):
    event(w, w.borrowed, "overload", DAY - timedelta(500), "quarantined")
    event(w, w.borrowed, "return_verification", back, "in_use", result="passed")
    before = DAY - timedelta(21)  # the world stops something else the day after
    assert CHECKS["D-4.4.3.2-s1"](w.institution, before).state == expected


def test_only_the_record_that_was_outside_is_named(w):
    condition("temperature", "25.1")(w)
    outside = RawRecord.objects.latest("pk")
    assert [piece.row_id for piece in judge(w, "A-6.3").evidence] == [outside.pk]


def test_before_the_first_corrections_there_is_nothing_to_update(w):
    assert CHECKS["D-4.4.3.6"](w.institution, furnished.FIRST - timedelta(1)).state == State.NOT_APPLICABLE


# --- older checks that learned of dates


def test_abolished_equipment_may_have_been_used_before_its_day(w):
    Equipment.objects.filter(pk=w.borrowed.pk).update(obsolete=True, obsolete_on=TOMORROW)
    assert judge(w, "A-6.2.1.1-s2").state == State.MET


def test_abolished_equipment_used_on_its_day_is_named(w):
    Equipment.objects.filter(pk=w.borrowed.pk).update(obsolete=True, obsolete_on=DAY)
    event(w, w.borrowed, "store", DAY, "out_of_use")
    found = judge(w, "A-6.2.1.1-s2")
    assert (found.state, "淘汰之后使用" in found.evidence[0].text) == (State.NOT_MET, True)


def test_a_standard_in_use_without_any_certificate_is_named(w):
    MeasurementStandard.objects.filter(pk=w.highest.pk).update(assessment_certificate="")
    assert [piece.row_id for piece in judge(w, "A-6.1.1").evidence] == [w.highest.pk]


def test_what_stands_in_for_traceability_counts_as_such(w):
    device = make.equipment(w.institution, w.site, name="新")
    row(w, StandardPart, standard=w.standard, equipment=device)
    assert judge(w, "A-6.2.2").state == State.NOT_MET
    type(w.alternative).objects.filter(pk=w.alternative.pk).update(equipment=device)
    assert judge(w, "A-6.2.2").state == State.MET
