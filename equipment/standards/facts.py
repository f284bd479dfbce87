"""What a measurement standard was and had on a day: one statement, however many standards are asked about."""

from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, JSONObject

from institutions.models import Authorisation, Credential, Employment, Qualification
from portal.models import Document

from ..models import (
    MeasurementStandard,
    StandardChange,
    StandardEvent,
    StandardItem,
    StandardPaper,
    StandardPart,
    StandardTest,
)

State, Kind = MeasurementStandard.State, StandardEvent.Kind
MINE = {"standard": OuterRef("pk")}
# What an event says of the time before it, when it is the first one that changed the state.
BEGINS = frozenset({Kind.BUILT, Kind.ASSESSED, Kind.PUT_IN_USE})
# With one of these an institution may serve others and verify what the law has verified. Source: C-4.1.2.
ENTITLING = (Qualification.Kind.AUTHORISATION, Qualification.Kind.LEGAL_INSTITUTION)
# What has to be filed, and what may not be worked with before it is. Source: JJF 1033-2023.
Change = StandardChange.Kind
MUST_BE_FILED = frozenset(
    {Change.MAIN_STANDARD, Change.SUPPORTING, Change.METHOD, Change.RANGE, Change.PLACE, Change.HOLDER}
)
BLOCKING = frozenset({Change.MAIN_STANDARD, Change.METHOD})
FEWEST_PEOPLE = 2


def seen_on(rows: QuerySet[MeasurementStandard], day: date) -> QuerySet[MeasurementStandard]:
    """The rows, each with what was true of it on the day.

    Adds: `state_that_day`; `entitled` (a legal authorisation of the institution stood); `responsible_there` and
    `responsible_qualified`; `people` (how many may work in its field); `has_main`; `unfiled` (changes that block its
    use: kind, day); `moved_since` (to another place, later than that day); `served` (its items: instrument, measurand,
    low, high, unit; figures as text); `approved` (by the unit, with the paper); `paper_kinds` and `test_kinds` (what of
    the file set and of the tests was there).
    """
    responsible = Employment.objects.filter(pk=OuterRef("responsible")).active_on(day)
    return rows.select_related("institution", "site", "responsible").annotate(
        state_that_day=state_on(day),
        entitled=Exists(
            Qualification.objects.filter(institution=OuterRef("institution"), kind__in=ENTITLING).valid_on(day)
        ),
        responsible_there=Exists(responsible),
        responsible_qualified=Exists(engineers_on(day).filter(employment__person=OuterRef("responsible__person"))),
        people=Coalesce(Subquery(_people(day)), 0),
        has_main=Exists(_parts(day).filter(role=StandardPart.Role.MAIN)),
        unfiled=ArraySubquery(_unfiled(day).values(told=JSONObject(kind="kind", day="changed_on"))),
        moved_since=Exists(_changes().filter(kind=Change.PLACE, changed_on__gt=day)),
        served=ArraySubquery(_items()),
        approved=Exists(_kept().filter(pk=OuterRef("approval"))),
        paper_kinds=ArraySubquery(_papers(day).values("kind")),
        test_kinds=ArraySubquery(StandardTest.objects.filter(**MINE, performed_on__lte=day).values("kind").distinct()),
    )


def standing_on(rows: QuerySet[MeasurementStandard], day: date) -> QuerySet[MeasurementStandard]:
    """Those of the rows that might be used for something that day, as far as they themselves go: `rules.standing` says
    nothing against them, and the unit has approved those that it must. No query of its own.
    """
    manned = Q(field="") | Q(people__gte=FEWEST_PEOPLE)
    approved = ~Q(kind=MeasurementStandard.Kind.HIGHEST) | Q(approved=True, approved_on__lte=day)
    fit = seen_on(rows, day).filter(
        manned, approved, ~Exists(_unfiled(day)), state_that_day=State.IN_USE, has_main=True, responsible_there=True,
        responsible_qualified=True, assessed_on__lte=day, assessed_until__gte=day,
    )  # fmt: skip
    return rows.filter(pk__in=fit.exclude(state=State.HELD).exclude(assessment_certificate="").values("pk"))


def seen(standard: MeasurementStandard, day: date) -> MeasurementStandard:
    """The stored standard as it was on the day. One query."""
    return seen_on(MeasurementStandard.objects.filter(institution_id=standard.institution_id), day).get(pk=standard.pk)


def state_on(day: date) -> Combinable:
    """The state at the end of the day: that of the last event which changed it.

    Before the first known event: being built, if that event began its life, else in use. Without events: as it is now.
    """
    changed = StandardEvent.objects.filter(**MINE).exclude(state_after="")
    last = changed.filter(happened_on__lte=day).order_by("-happened_on", "-pk")
    begun = When(kind__in=sorted(BEGINS), then=Value(State.BUILT))
    first = changed.order_by("happened_on", "pk").annotate(
        before=Case(begun, default=Value(State.IN_USE), output_field=CharField())
    )
    return Coalesce(Subquery(last.values("state_after")[:1]), Subquery(first.values("before")[:1]), F("state"))


def engineers_on(day: date) -> QuerySet[Credential]:
    """What makes a responsible person fit: registered metrologist, or engineer and above. Source: C-5.1.1-s3."""
    level, kind = Credential.Level, Credential.Kind
    engineer = Q(kind=kind.TITLE, level__in=(level.PROFESSOR, level.SENIOR, level.MIDDLE))
    return Credential.objects.filter(engineer | Q(kind=kind.METROLOGIST), state=Credential.State.CURRENT).valid_on(day)


def entitled_on(day: date) -> QuerySet[Authorisation]:
    """The authorisations to verify or calibrate that stood on the day, of people at work then."""
    at_work = Q(employment__ended_on=None) | Q(employment__ended_on__gte=day)
    return Authorisation.objects.filter(
        at_work, role__in=Authorisation.OPERATORS, employment__state=Employment.State.CURRENT,
        employment__started_on__lte=day,
    ).in_force_on(day)  # fmt: skip


def _people(day: date) -> QuerySet:
    mine = entitled_on(day).filter(institution=OuterRef("institution"), field=OuterRef("field"))
    return mine.order_by().values("field").annotate(count=Count("employment__person", distinct=True)).values("count")


def _parts(day: date) -> QuerySet[StandardPart]:
    begun, there = Q(added_on=None) | Q(added_on__lte=day), Q(removed_on=None) | Q(removed_on__gt=day)
    return StandardPart.objects.filter(begun, there, **MINE)


def _changes() -> QuerySet[StandardChange]:
    return StandardChange.objects.filter(**MINE, state=StandardChange.State.CURRENT)


def _unfiled(day: date) -> QuerySet[StandardChange]:
    late = Q(filed_on=None) | Q(filed_on__gt=day)
    return _changes().filter(late, kind__in=BLOCKING, changed_on__lte=day).order_by("changed_on", "pk")


def _items() -> QuerySet:
    told = JSONObject(
        instrument="instrument", measurand="measurand", unit="unit",
        low=Cast("range_low", TextField()), high=Cast("range_high", TextField()),
    )  # fmt: skip
    mine = StandardItem.objects.filter(**MINE, state=StandardItem.State.CURRENT)
    return mine.order_by("pk").values(told=told)


def _kept() -> QuerySet[Document]:
    return Document.objects.exclude(state=Document.State.REFUSED)


def _papers(day: date) -> QuerySet[StandardPaper]:
    mine = StandardPaper.objects.filter(**MINE, state=StandardPaper.State.CURRENT, dated_on__lte=day)
    return mine.exclude(file__state=Document.State.REFUSED).order_by().values("kind").distinct()
