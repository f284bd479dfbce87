"""The clocks of equipment: what was done moves them, and closes the line of the year's plan that asked for it.

A clock holds only the day by which its thing is due next. When that was for a day gone by is read off the deeds: they
are never changed.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from django.db.models import Case, DateField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ..models import Equipment, EquipmentClock, EquipmentEvent, IntermediateCheck, PlanLine, StandardTest, Traceability

Kind = EquipmentClock.Kind
EARLY = timedelta(90)
BLOCKED_BY_DEEDS = (Kind.INTERMEDIATE_CHECK, Kind.MAINTENANCE, Kind.STABILITY)
# Which events move which clock; a reference material is looked after by looking how it is kept. Source: A-6.2.1.3.
KEPT = Q(kind=EquipmentEvent.Kind.STORAGE_CHECK, equipment__role=Equipment.Role.REFERENCE_MATERIAL)
CARE = {
    Kind.MAINTENANCE: Q(kind=EquipmentEvent.Kind.MAINTENANCE) | KEPT,
    Kind.LABEL_CHECK: Q(kind=EquipmentEvent.Kind.LABEL_CHECK),
    Kind.PROTECTION_CHECK: Q(kind=EquipmentEvent.Kind.PROTECTION_CHECK),
}


def last_day(done_on: date, months: int) -> date:
    """The last day for which a deed holds: so many months on, less a day; of a month without that day, its last one."""
    year, month = divmod(done_on.month - 1 + months, 12)
    year, month = done_on.year + year, month + 1
    longest = monthrange(year, month)[1]
    if done_on.day > longest:
        return date(year, month, longest)
    return date(year, month, done_on.day) - timedelta(1)


def months_before(day: date, months: int) -> date:
    """The day on which a deed was done that holds up to `day` for so many months."""
    year, month = divmod(day.month - 1 - months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class LastDay(Func):
    """`last_day` in the database, of a day and a number of months."""

    arity = 2
    output_field = DateField()

    def as_sql(self, compiler, connection, **extra):
        (day, days), (months, numbers) = (compiler.compile(part) for part in self.get_source_expressions())
        then = f"({day} + make_interval(months => {months}))"
        shorter = f"extract(day from {then}) < extract(day from {day})"
        sql = f"({then}::date - CASE WHEN {shorter} THEN 0 ELSE 1 END)"
        one = [*days, *numbers]
        return sql, [*one, *one, *days]


def wind(equipment: Equipment, kind: str, done_on: date, next_on: date | None = None) -> date | None:
    """The clock of this kind, where the equipment has one, runs until `next_on`, else for its interval from `done_on`.

    A deed that is older than the newest one on record does not turn it back. The earliest open line of a plan for the
    same equipment and kind is done, unless it lies in a later year and more than 90 days ahead.
    Returns: the day up to which the clock runs now, None without one.
    """
    clock = clock_of(equipment, kind, lock=True)
    if clock is not None and not _outdone(equipment, kind, done_on):
        until = next_on or (clock.interval_months and last_day(done_on, clock.interval_months))
        if until:
            _run_until(clock, until)
    tick(equipment, kind, done_on)
    return clock and clock.due_on


def wind_by_certificates(equipment: Equipment, kind: str) -> None:
    """The clock of calibration or verification runs to the end of the newest certificate; without one it waits for one."""
    clock = clock_of(equipment, kind, lock=True)
    if clock is not None:
        newest = newest_certificate(equipment, kind)
        _run_until(clock, newest and newest.valid_until)


def newest_certificate(equipment: Equipment, kind: str) -> Traceability | None:
    """The certificate on which the clock of this kind rests; of one recorded again the newest row."""
    rows = Traceability.objects.standing().filter(_certificates(kind), equipment=equipment)
    return rows.order_by("calibrated_on", "pk").last()


def tick(equipment: Equipment, kind: str, done_on: date) -> None:
    """The earliest open line that asks for it is done; what was done on one day, however often it is written, does one."""
    lines = _lines(equipment, kind)
    if lines.filter(done_on=done_on).exists():
        return
    asked = Q(plan__year__lte=done_on.year) | Q(due_on__lte=done_on + EARLY)
    line = lines.filter(asked, done_on=None).order_by("due_on", "pk").first()
    if line is not None:
        _mark(line, done_on)


def untick(equipment: Equipment, kind: str, done_on: date) -> None:
    """The line that was done by a certificate of that day is open again: the certificate was recorded with a mistake."""
    others = Traceability.objects.standing().filter(_certificates(kind), equipment=equipment, calibrated_on=done_on)
    line = _lines(equipment, kind).filter(done_on=done_on).order_by("due_on", "pk").last()
    if line is not None and not others.exists():
        _mark(line, None)


def _lines(equipment: Equipment, kind: str) -> QuerySet[PlanLine]:
    return PlanLine.objects.filter(
        institution_id=equipment.institution_id, equipment=equipment, clock=kind, state=PlanLine.State.CURRENT
    )


def _mark(line: PlanLine, done_on: date | None) -> None:
    line.done_on = done_on
    line.revision += 1
    line.save(update_fields=["done_on", "revision"])


def _run_until(clock: EquipmentClock, day: date | None) -> None:
    if day != clock.due_on:
        clock.due_on = day
        clock.revision += 1
        clock.save(update_fields=["due_on", "revision"])


def _certificates(kind: str) -> Q:
    """Of certificates: those that move the clock of this kind."""
    verified = Q(kind=Traceability.Kind.VERIFICATION)
    return verified if kind == Kind.VERIFICATION else ~verified


def moved_by(event: str, equipment: Equipment) -> str:
    """The clock of this equipment that an event of that kind moves; "" for none."""
    if event == EquipmentEvent.Kind.STORAGE_CHECK and equipment.role == Equipment.Role.REFERENCE_MATERIAL:
        return Kind.MAINTENANCE
    return event if event in CARE else ""


def clock_of(equipment: Equipment, kind: str, *, lock: bool = False) -> EquipmentClock | None:
    """The equipment's clock of this kind that says when something is due again."""
    rows = EquipmentClock.objects.filter(
        institution_id=equipment.institution_id, equipment=equipment, kind=kind, needed=True,
        state=EquipmentClock.State.CURRENT,
    )  # fmt: skip
    return (rows.select_for_update() if lock else rows).first()


def next_after(equipment: Equipment, kind: str, done_on: date) -> date | None:
    """The last day by which a deed of that day has to be done again, by the clock's interval; None without a clock."""
    clock = clock_of(equipment, kind)
    return last_day(done_on, clock.interval_months) if clock and clock.interval_months else None


# --- as of a day


def _deeds() -> Mapping[str, tuple[QuerySet, str, str]]:
    """Of each kind the rows that move such a clock, their day, and the field with the day up to which they hold."""
    mine = {"equipment": OuterRef("equipment")}
    traces = Traceability.objects.standing().filter(**mine)
    events = EquipmentEvent.objects.filter(**mine).exclude(result=EquipmentEvent.Result.FAILED)
    checks = IntermediateCheck.objects.filter(**mine).exclude(verdict=IntermediateCheck.Verdict.FAILED)
    tests = StandardTest.objects.filter(
        kind=StandardTest.Kind.STABILITY, verdict=StandardTest.Verdict.PASSED,
        standard__parts__equipment=OuterRef("equipment"),
    )  # fmt: skip
    return {
        **{
            kind: (traces.filter(_certificates(kind)), "calibrated_on", "valid_until")
            for kind in (Kind.VERIFICATION, Kind.CALIBRATION)
        },
        Kind.INTERMEDIATE_CHECK: (checks, "performed_on", "next_on"),
        Kind.STABILITY: (tests, "performed_on", ""),
        **{kind: (events.filter(deeds), "happened_on", "next_on") for kind, deeds in CARE.items()},
    }


def due_by(day: date, kinds: Iterable[str] = Kind.values) -> Combinable:
    """Of a clock: the day up to which it ran, as it stood on that day.

    Nothing done since: as it stands. Otherwise from the last deed by that day; before the first one there was none.
    Clocks of other `kinds` are taken as they stand.
    """
    deeds, cases = _deeds(), []
    for kind in kinds:
        rows, done, until = deeds[kind]
        later = rows.filter(**{f"{done}__gt": day})
        last = rows.filter(**{f"{done}__lte": day}).order_by(f"-{done}", "-pk")
        held = LastDay(F(done), OuterRef("interval_months"))
        held = Coalesce(until, held) if until else held
        then = Subquery(last.annotate(held=held).values("held")[:1], output_field=DateField())
        cases.append(When(Exists(later), kind=kind, then=then))
    return Case(*cases, default=F("due_on"), output_field=DateField())


def last_deed(clock: EquipmentClock) -> tuple[date, date | None] | None:
    """When what the clock is about was last done, and up to when the record itself says that holds; None if never."""
    rows, done, until = _deeds()[Kind(clock.kind)]
    last = rows.order_by(f"-{done}", "-pk")
    told = {"done": Subquery(last.values(done)[:1]), "held": Subquery(last.values(until)[:1]) if until else Value(None)}
    found = EquipmentClock.objects.filter(pk=clock.pk).values_list(told["done"], told["held"]).first()
    return found if found and found[0] else None


def overdue(day: date) -> QuerySet[EquipmentClock]:
    """Clocks that had run out before that day and put equipment out of use, with `due_that_day`. Source: C-5.5.3.

    Whether a certificate covered a day gone by, its own dates say: clocks of calibration are taken as they stand.
    """
    rows = EquipmentClock.objects.filter(
        state=EquipmentClock.State.CURRENT, needed=True, kind__in=sorted(EquipmentClock.BLOCKING)
    )
    return rows.annotate(due_that_day=due_by(day, BLOCKED_BY_DEEDS)).filter(due_that_day__lt=day)


def _outdone(equipment: Equipment, kind: str, done_on: date) -> bool:
    """Whether something of the kind was done later. Of checks with several plans whoever winds the clock knows."""
    if kind == Kind.INTERMEDIATE_CHECK:
        return False
    rows, done, _until = _deeds()[kind]
    clocks = EquipmentClock.objects.filter(equipment=equipment, institution_id=equipment.institution_id, kind=kind)
    return clocks.filter(Exists(rows.filter(**{f"{done}__gt": done_on}))).exists()
