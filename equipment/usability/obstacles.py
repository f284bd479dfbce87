"""What keeps a piece of equipment from being used on a day: conditions the database answers for any rows of Equipment.

Each function takes the day and gives an expression or rows over Equipment (`OuterRef("pk")`).
"""

from datetime import date

from django.db.models import Case, CharField, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ..checking import intermediate
from ..clocks import winding
from ..life import opened
from ..models import (
    AlternativeTraceability,
    Confirmation,
    CorrectionCopy,
    Equipment,
    EquipmentClock,
    EquipmentEvent,
    ExternalUse,
    ImpactQuestion,
    IntermediateCheck,
    Traceability,
)
from ..traceability import copies

State, Role, Kind = Equipment.State, Equipment.Role, EquipmentEvent.Kind
# An event that begins the use; the first known event of another kind ends one that nobody wrote down.
BEGINS = frozenset({Kind.PURCHASE, Kind.ACCEPTANCE, Kind.RETURN_VERIFICATION})
PERISHABLE = frozenset({Role.REFERENCE_MATERIAL, Role.CONSUMABLE})
HARMLESS = frozenset({ImpactQuestion.Conclusion.NONE, ImpactQuestion.Conclusion.SOME})


def state_on(day: date) -> Combinable:
    """The state at the end of the day: that of the last event which changed it; without any event, as it is now.

    What was registered by mistake never was anything.
    """
    changes = EquipmentEvent.objects.filter(equipment=OuterRef("pk")).exclude(state_after="")
    last = changes.filter(happened_on__lte=day).order_by("-happened_on", "-pk").values("state_after")[:1]
    before = Case(When(kind__in=sorted(BEGINS), then=Value(State.NEW)), default=Value(State.IN_USE))
    first = changes.order_by("happened_on", "pk").annotate(before=before).values("before")[:1]
    told = Coalesce(Subquery(last), Subquery(first), F("state"), output_field=CharField())
    return Case(When(state=State.WITHDRAWN, then=Value(State.WITHDRAWN)), default=told, output_field=CharField())


def questions(day: date) -> QuerySet[ImpactQuestion]:
    """Questions about the results of that day."""
    begun = Q(since=None) | Q(since__lte=day)
    return ImpactQuestion.objects.filter(begun, equipment=OuterRef("pk"), until__gte=day)


def doubts(day: date) -> QuerySet[ImpactQuestion]:
    """Questions that are open, or whose answer says that all results of that day are wrong. Source: D-4.4.3.2-s3."""
    return questions(day).filter(Q(state=ImpactQuestion.State.OPEN) | Q(conclusion=ImpactQuestion.Conclusion.ALL))


def standing_traces(day: date) -> QuerySet[Traceability]:
    """The certificate that decides about the day, where it covered the day, was confirmed as fit by then and is on file.

    An earlier one never takes its place. Source: A-6.2.2, C-5.5.4, B-4.4.2-s1.
    """
    deciding = Traceability.objects.deciding_on(day).concluded_by(day).filed()
    return deciding.filter(equipment=OuterRef("pk"), valid_until__gte=day, concluded__in=sorted(Confirmation.USABLE))


def alternatives(day: date) -> QuerySet[AlternativeTraceability]:
    """Approved reasons, in force that day, why something else stands in for traceability. Source: C-5.3.3-s1."""
    return AlternativeTraceability.in_force(day).filter(equipment=OuterRef("pk"))


def broken_since(day: date) -> Subquery:
    """The day of the newest repair, adjustment or broken seal after the certificate of that day; null without either.

    Source: A-6.2.1.2-s2.
    """
    later = EquipmentEvent.objects.filter(
        opened.after(OuterRef("calibrated_on"), OuterRef("recorded_at")), equipment=OuterRef("equipment"),
        happened_on__lte=day,
    )  # fmt: skip
    traces = standing_traces(day).annotate(broken_on=dated(later.order_by("-happened_on", "-pk"), "happened_on"))
    return dated(traces, "broken_on")


def overdue_clocks(day: date) -> QuerySet[EquipmentClock]:
    """Clocks that had run out before that day, the earliest first."""
    return winding.overdue(day).filter(equipment=OuterRef("pk")).order_by("due_that_day", "kind")


def failed_checks(day: date) -> QuerySet[IntermediateCheck]:
    """Failed intermediate checks that nothing has answered by that day. Source: A-6.2.1.2-s1."""
    return intermediate.standing_failures(day).filter(equipment=OuterRef("pk")).order_by("-performed_on", "-pk")


def loans(day: date) -> QuerySet[ExternalUse]:
    """Checks of borrowed equipment, complete and in force that day. Source: D-4.4.1.2."""
    rows = ExternalUse.objects.filter(state=ExternalUse.State.CURRENT).valid_on(day)
    return rows.filter(equipment=OuterRef("pk"), traceability_checked=True, condition_checked=True)


def open_copies(day: date) -> QuerySet[CorrectionCopy]:
    """Places that did not hold the newest edition of the corrections of that day. Source: D-4.4.3.6."""
    return copies.open_copies(day).filter(equipment=OuterRef("pk"))


def traced_where_needed(day: date) -> Q:
    """Needs no traceability, has one that day which nothing broke since, or something else stands in for it.

    Needs the aliases `traced_since` and `broken_on`.
    """
    covered = Q(traced_since__isnull=False, broken_on=None) | (Q(traced_since=None) & Exists(alternatives(day)))
    return Q(traced=False) | Q(role__in=sorted(Equipment.UNTRACED)) | covered


def sound_by_its_own_facts(day: date) -> Q:
    """Not abolished yet, not past its expiry, and software was validated by then."""
    allowed = Q(obsolete=False) | Q(obsolete_on__gt=day)
    fresh = ~Q(role__in=sorted(PERISHABLE)) | Q(expires_on=None) | Q(expires_on__gte=day)
    proven = ~Q(role=Role.SOFTWARE) | Q(validated_on__lte=day)
    return allowed & fresh & proven


def dated(rows: QuerySet, name: str) -> Subquery:
    """A day of the first of the rows."""
    return Subquery(rows.values(name)[:1], output_field=DateField())
