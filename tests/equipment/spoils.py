"""Ways in which something of a laboratory in order is otherwise: each takes the laboratory and changes one fact."""

from datetime import timedelta

from equipment.models import (
    Confirmation,
    DeviceCode,
    Equipment,
    EquipmentClock,
    EquipmentPaper,
    Label,
    MandatoryFile,
    MeasurementStandard,
    PlanLine,
    ResourceSlot,
    StandardEvent,
    StandardPaper,
)
from institutions.models import Room
from tests import furnished, make
from tests.furnished import DAY, FIRST, event, read, row

YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


def change(of, **values):
    """The row under this name says something else."""

    def spoil(w):
        target = getattr(w, of)
        assert type(target).objects.filter(pk=target.pk).update(**values) == 1

    return spoil


def table(model, **values):
    return lambda w: model.objects.update(**values)


def slot(category, **values):
    return lambda w: type(w.slots[category]).objects.filter(pk=w.slots[category].pk).update(**values)


def asked(element, **values):
    return lambda w: type(w.asked[element]).objects.filter(pk=w.asked[element].pk).update(**values)


def clock(kind, device="equipment", **values):
    def spoil(w):
        rows = EquipmentClock.objects.filter(equipment=getattr(w, device), kind=kind)
        assert rows.update(**(values or {"due_on": YESTERDAY})) == 1

    return spoil


def accredited_until(day):
    return lambda w: make.qualification(w.institution, kind="cnas_accreditation", valid_until=day)


def needed_by_another_method(w):
    """What a method needs that is in nobody's scope, and nobody has."""
    row(w, ResourceSlot, method=make.method("JJG 1-2020"), category="reagent", requirement="要求")


def happened(device, kind, on=YESTERDAY, after="", **values):
    return lambda w: event(w, getattr(w, device), kind, on, after, **values)


def a_device(**values):
    """There is another piece of equipment about which nothing is on record."""
    return lambda w: make.equipment(w.institution, w.site, name="新", **values)


def traced(device="equipment", **values):
    """There is a newer certificate; with `own` it comes from a standard of the laboratory itself."""
    own = values.pop("own", False)
    values = {"calibrated_on": YESTERDAY, "confirmed_on": DAY, "certificate_number": "新", **values}
    return lambda w: furnished.traced(w, getattr(w, device), **values, **({"own_standard": w.standard} if own else {}))


def unfit(w):
    trace = w.equipment.traceabilities.order_by("pk").last()
    row(w, Confirmation, traceability=trace, confirmed_by=w.operator_employment, confirmed_on=DAY, conclusion="unfit")


def used_without_a_certificate(w):
    """It was in use for a year before its certificate of September, and the one before that had ended in June."""
    event(w, w.working, "return_verification", FIRST - timedelta(365), "in_use", result="passed")
    days = {"calibrated_on": FIRST - timedelta(400), "confirmed_on": FIRST - timedelta(399)}
    furnished.traced(w, w.working, valid_until=FIRST - timedelta(70), certificate_number="旧", **days)


def too_hot(w):
    read(w, "temperature", "25.1", YESTERDAY)


def gone_from_the_room(w):
    room = row(w, Room, site=w.site, name="另一间")
    Equipment.objects.filter(pk=w.working.pk).update(room=room)
    make.requirement(w.institution, room, interval_minutes=1440)


def unread(w):
    """A room of which readings were asked for years ago, and nobody read any."""
    make.requirement(w.institution, row(w, Room, site=w.site, name="另一间"), interval_minutes=1440)


def a_line(kind, **values):
    def spoil(w):
        plan = getattr(w, f"plan_{kind}")
        row(w, PlanLine, plan=plan, equipment=w.working, clock="calibration", what="送检", **values)

    return spoil


def filled_by_something_untraced(w):
    a_device(role="working")(w)
    slot("measuring_instrument", equipment=Equipment.objects.get(name="新"))(w)


def new(w):
    return Equipment.objects.get(name="新")


NO_VERIFICATION = (("acceptance", "passed"), ("return_verification", "failed"))


def sneaked(kind, result):
    """It was used for a week without a verification that passed, which was made up for later."""

    def spoil(w):
        event(w, w.working, kind, DAY - timedelta(20), "in_use", result=result)
        event(w, w.working, "return_verification", DAY - timedelta(13), "in_use", result="passed")

    return spoil


def opened_with_approval(w):
    event(w, w.equipment, "adjustment", YESTERDAY, approved_by=w.signatory_employment)


def stopped_long_ago(w):
    """Something was stopped two years ago, and nobody has put it anywhere since."""
    a_device()(w)
    event(w, new(w), "defect", DAY - timedelta(730), "quarantined")


def changed(result):
    """The software was changed today; it had been validated before."""
    return both(change("software", validated_on=YESTERDAY), happened("software", "software", DAY, result=result))


def confirmed_by(**values):
    """There is a newer certificate, confirmed today by somebody with these dates."""

    def spoil(w):
        who = make.employment(w.institution, "新人", **values)
        trace = traced(confirmed_on=None)(w)
        row(w, Confirmation, traceability=trace, confirmed_by=who, confirmed_on=DAY)

    return spoil


def found_unfit_tomorrow(w):
    trace = w.equipment.traceabilities.order_by("pk").last()
    row(
        w,
        Confirmation,
        traceability=trace,
        confirmed_by=w.operator_employment,
        confirmed_on=TOMORROW,
        conclusion="unfit",
    )


def a_check_that_failed_of_what_is_not_traced(w):
    furnished.check(w, YESTERDAY, "failed")
    change("equipment", traced=False)(w)


def a_paper_of_tomorrow(w):
    """Nobody has looked through the file set for more than a year; something comes into it tomorrow."""
    StandardPaper.objects.update(dated_on=DAY - timedelta(366))
    row(w, StandardPaper, standard=w.standard, kind="rules", title="制度", dated_on=TOMORROW, file=w.paper)


def misdated(**values):
    """A label says another day than its certificate."""
    return lambda w: Label.objects.filter(equipment=w.working).update(**values)


def out_of_the_plan(w):
    PlanLine.objects.filter(pk=w.line_traceability.pk).update(equipment=w.working)


def a_long_certificate(on):
    """The plan says nothing of the standard, whose certificate of that day reaches into the year after next."""
    return both(out_of_the_plan, traced(calibrated_on=on, confirmed_on=None, valid_until=DAY + timedelta(720)))


def both(*changes):
    def spoil(w):
        for one in changes:
            one(w)

    return spoil


def put_away(device="working"):
    return happened(device, "store", DAY, "out_of_use")


def suspended(w):
    row(w, StandardEvent, standard=w.standard, kind="suspended", happened_on=DAY, state_after="suspended", text="暂停")
    MeasurementStandard.objects.filter(pk=w.standard.pk).update(assessed_until=DAY - timedelta(2))


def looked_after_again(kind, months=12):
    """It had run out, and was done today."""

    def spoil(w):
        event(w, w.working, kind, DAY - timedelta(400), result="passed")
        event(w, w.working, kind, DAY, result="passed")
        clock(kind, "working", due_on=DAY + timedelta(364), interval_months=months)(w)

    return spoil


def checked_again(w):
    EquipmentClock.objects.filter(equipment=w.equipment, kind="intermediate_check").update(
        due_on=DAY + timedelta(30), interval_months=1
    )
    furnished.check(w, DAY)


not_adjustable_and_not_looked_at = both(
    change("working", protection_mode="not_adjustable"), clock("protection_check", "working", state="withdrawn")
)


def labels(of="working", **values):
    """The labels of a piece of equipment say something else."""
    return lambda w: Label.objects.filter(equipment=getattr(w, of)).update(**values)


def printed_today(*then):
    """Its label was printed today, and then something happened."""
    return both(labels(printed_at=make.NOON), *then)


def seen(kind="label_check", on=DAY, result="passed"):
    return happened("working", kind, on, result=result)


def photo(file="accepted", **values):
    """There is a photo of the label."""

    def change(w):
        document = make.document(w.institution, state=file)
        row(w, EquipmentPaper, equipment=w.working, kind="photo", title="照片", file=document, **values)

    return change


def coded(state):
    """Instead of a label it bears a code in this state."""

    def change(w):
        labels(state="void")(w)
        row(w, DeviceCode, equipment=w.working, state=state)

    return change


def filed_and_never_verified(w):
    """Something new is in the official system and has no certificate of ours yet."""
    a_device(mandatory=True)(w)
    values = {"receipt": "QJ-2", "filed_on": FIRST, "verifying_body": "省级计量院（示）", "certificate_number": "JD-2"}
    row(w, MandatoryFile, equipment=new(w), due_on=DAY, updated_on=FIRST, **values)


def certificate_of_the_working_one(on):
    """There is a newer certificate than its file in the official system knows, which was brought up to date before it."""
    return both(change("receipt", updated_on=FIRST), traced("working", calibrated_on=on))
