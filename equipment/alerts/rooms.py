"""Rooms whose conditions nobody has read for too long, and rooms that are outside and nobody has said what was done."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    DecimalField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, Now, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.clock import CHINA
from portal.duelists import Watch, due_list, named, page, says
from portal.workdays import WorkingDayAfter

from ..environment.requirements import BY_HAND, GAP_INTERVALS, SAME, UNITS, scale_between
from ..models import EnvironmentAction, EnvironmentReading, EnvironmentRequirement
from ..models.environment import Element
from .recipients import KEEPERS

MINUTES_OF_A_DAY = 24 * 60
LINK = page("portal:register_row", Value("environment-requirements"), "ref")
MIDNIGHT = "(%(expressions)s::timestamp AT TIME ZONE 'Asia/Shanghai')"
MOMENT, AMOUNT = DateTimeField(), DecimalField(max_digits=38, decimal_places=12)


def _asked(**values: object) -> QuerySet[EnvironmentRequirement]:
    return EnvironmentRequirement.objects.filter(
        state=EnvironmentRequirement.State.CURRENT, needed=True, **values
    ).annotate(counts_from=Func("since", template=MIDNIGHT, output_field=MOMENT))  # fmt: skip


def _replaced() -> Exists:
    """Another requirement of the element has taken its place, or none is needed any more."""
    later = EnvironmentRequirement.objects.filter(
        institution=OuterRef("institution"), room=OuterRef("room"), element=OuterRef("element"),
        state=EnvironmentRequirement.State.CURRENT, since__gt=OuterRef("since"),
    )  # fmt: skip
    about = Q(method=OuterRef("method_id")) | Q(method=None, beside=None)
    later = later.alias(beside=ExpressionWrapper(OuterRef("method_id"), IntegerField())).filter(about)
    return Exists(later.filter(since__lte=TruncDate(Now(), tzinfo=CHINA)))


def _readings() -> QuerySet[EnvironmentReading]:
    return EnvironmentReading.objects.filter(
        institution=OuterRef("institution"), room=OuterRef("room"), element=OuterRef("element")
    )


@due_list("equipment.environment", title=gettext_lazy("环境记录"), thresholds=(0,), recipients=KEEPERS)
def silent_rooms() -> Iterable[Watch]:
    """Elements that were not read for more than two intervals. Where people read, working days count, and it is told on the
    morning after. Source: B-6.6.1-d-s1, C-5.4.1.
    """
    last = Subquery(_readings().order_by("-taken_at").values("taken_at")[:1], output_field=MOMENT)
    read = Greatest(Coalesce(last, F("recorded_at")), F("counts_from"), output_field=MOMENT)
    gap = ExpressionWrapper(
        F("interval_minutes") * Value(timedelta(minutes=GAP_INTERVALS), output_field=DurationField()),
        output_field=DurationField(),
    )
    by_hand = Q(strict=False, interval_minutes__gte=BY_HAND // timedelta(minutes=1))
    # So many working days as two intervals are days, begun ones as well.
    days = ExpressionWrapper(
        (F("interval_minutes") * GAP_INTERVALS + MINUTES_OF_A_DAY - 1) / MINUTES_OF_A_DAY, output_field=IntegerField()
    )
    over = WorkingDayAfter(TruncDate(read, tzinfo=CHINA), days)
    due = {
        True: TruncDate(ExpressionWrapper(Cast(over, MOMENT) + timedelta(days=1), output_field=MOMENT), tzinfo=CHINA),
        False: TruncDate(ExpressionWrapper(read + gap, output_field=MOMENT), tzinfo=CHINA),
    }
    subject = says(_("环境没有按间隔记录：%(room)s %(element)s"), room="room__name", element=named("element", Element))
    for hand, due_on in due.items():
        rows = _asked(interval_minutes__isnull=False).filter(by_hand if hand else ~by_hand)
        yield Watch(rows=rows, due_on=due_on, subject=subject, link=LINK, over=_replaced())


@due_list("equipment.environment_outside", title=gettext_lazy("环境超限"), thresholds=(0,), recipients=KEEPERS)
def rooms_outside() -> Watch:
    """Elements that were outside their limits when they were read last, and no action is on record. Source: D-4.2.2.1-s1."""
    held = _readings().annotate(
        asked=ExpressionWrapper(OuterRef("unit"), CharField()), low=ExpressionWrapper(OuterRef("low"), AMOUNT),
        high=ExpressionWrapper(OuterRef("high"), AMOUNT), figure=_in_asked_unit(),
    ).filter(taken_at__gte=OuterRef("counts_from"))  # fmt: skip
    outside = Q(figure__lt=F("low")) | Q(figure__gt=F("high"))
    newest = held.exclude(figure=None).order_by("-taken_at", "-pk")
    kept = newest.annotate(out=Case(When(outside, then=True), default=False, output_field=BooleanField()))
    inside_at = Subquery(kept.filter(out=False).values("taken_at")[:1], output_field=MOMENT)
    rows = _asked().annotate(inside_at=Coalesce(inside_at, F("counts_from")))
    began = kept.filter(out=True, taken_at__gt=OuterRef("inside_at")).order_by("taken_at").values("taken_at")[:1]
    rows = rows.annotate(began=Subquery(began, output_field=MOMENT))
    answer = EnvironmentAction.objects.filter(
        institution=OuterRef("institution"), room=OuterRef("room"), element=OuterRef("element"),
        state=EnvironmentAction.State.CURRENT,
    )  # fmt: skip
    until = Coalesce("ended_at", "began_at") + timedelta(minutes=1)  # people write down minutes
    answer = answer.alias(until=ExpressionWrapper(until, output_field=MOMENT)).filter(until__gt=OuterRef("began"))
    return Watch(
        rows=rows.exclude(began=None),
        due_on=TruncDate("began", tzinfo=CHINA),
        subject=says(_("环境超限没有处置：%(room)s %(element)s"), room="room__name", element=named("element", Element)),
        link=LINK,
        over=Q(_replaced()) | Q(Exists(answer)),
    )


def _in_asked_unit() -> Case:
    """SQL: the reading's value in the requirement's unit; null for a unit of another kind."""
    known = {unit for units in UNITS.values() for unit in units} | set(SAME)
    cases = [When(unit=F("asked"), then=F("value"))]
    for unit in sorted(known):
        for asked in sorted(known - {unit}):
            if scale := scale_between(unit, asked):
                then = F("value") * Value(scale.factor, AMOUNT) + Value(scale.shift, AMOUNT)
                cases.append(When(unit=unit, asked=asked, then=ExpressionWrapper(then, output_field=AMOUNT)))
    return Case(*cases, default=Value(None), output_field=AMOUNT)
