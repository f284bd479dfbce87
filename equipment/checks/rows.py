"""What the checks of this app share: equipment and standards in use, and rows as evidence."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Institution
from portal.clauses import Evidence
from portal.clock import CHINA

from ..models import Equipment, EquipmentEvent, MeasurementStandard, Traceability
from ..standards import facts
from ..usability import obstacles

State, Role = Equipment.State, Equipment.Role
GONE = (State.SCRAPPED, State.WITHDRAWN)
TRACED = Q(traced=True) & ~Q(role__in=sorted(Equipment.UNTRACED))
# What is handled rather than kept up: it is used up, or has no body.
WITHOUT_BODY = (Role.SOFTWARE, Role.CONSUMABLE)


def own(institution: Institution, day: date) -> QuerySet[Equipment]:
    """What the institution had or had borrowed on the day, with `state_that_day`; customers' instruments are none of it.

    What was scrapped by then is gone, and what was bought later was not there yet.
    """
    rows = Equipment.objects.filter(institution=institution).exclude(role=Role.CUSTOMER)
    rows = rows.annotate(state_that_day=obstacles.state_on(day)).exclude(state_that_day__in=GONE)
    bought = EquipmentEvent.objects.filter(
        equipment=OuterRef("pk"), kind=EquipmentEvent.Kind.PURCHASE, happened_on__gt=day
    )
    return rows.exclude(acquired_on__gt=day).exclude(Exists(bought)).order_by("asset_number")


def in_use(institution: Institution, day: date) -> QuerySet[Equipment]:
    """Of it what was in use that day."""
    return own(institution, day).filter(state_that_day=State.IN_USE)


def untraced(rows: QuerySet[Equipment], day: date) -> QuerySet[Equipment]:
    """Those of the rows that need a confirmed traceability on the day and have none, nor anything that stands in for it."""
    rows = rows.alias(
        traced_since=obstacles.dated(obstacles.standing_traces(day), "calibrated_on"),
        broken_on=obstacles.broken_since(day),
    )
    return rows.exclude(obstacles.traced_where_needed(day))


def unvalidated(rows: QuerySet[Equipment], day: date) -> QuerySet[Equipment]:
    """The software among the rows that was not validated by that day, or was changed since and not validated again.

    A change that passed is a validation. Source: B-4.4.1-b, D-4.4.3.7.
    """
    changes = EquipmentEvent.objects.filter(
        equipment=OuterRef("pk"), kind=EquipmentEvent.Kind.SOFTWARE, happened_on__lte=day
    )
    passed = EquipmentEvent.Result.PASSED
    last = changes.order_by("-happened_on", "-pk")
    rows = rows.filter(role=Role.SOFTWARE).alias(
        changed_on=Subquery(last.values("happened_on")[:1]), came_out=Subquery(last.values("result")[:1])
    )
    since = Q(validated_on__lte=day) & (Q(changed_on=None) | Q(changed_on__lte=F("validated_on")))
    return rows.exclude(since | Q(came_out=passed, came_out__isnull=False))


def standing(rows: QuerySet[Traceability]) -> QuerySet[Traceability]:
    """Those of the certificates that count: one recorded again under the same number took the place of the earlier row."""
    return rows.standing()


def standards_in_use(institution: Institution, day: date) -> QuerySet[MeasurementStandard]:
    """The measurement standards that were in use that day, with those who answer for them."""
    rows = MeasurementStandard.objects.filter(institution=institution).alias(state_then=facts.state_on(day))
    return rows.filter(state_then=MeasurementStandard.State.IN_USE).select_related("responsible").order_by("code")


def device(institution: Institution, row: Equipment, text: str = "") -> Evidence:
    """A piece of equipment with its page."""
    return Evidence(str(row), reverse("equipment:detail", args=[institution.slug, row.ref]), text, row.pk)


def devices(institution: Institution, rows: Iterable[Equipment], text: str = "") -> list[Evidence]:
    """Pieces of equipment of which the same is wrong."""
    return [device(institution, row, text) for row in rows]


def standard(institution: Institution, row: MeasurementStandard, text: str = "") -> Evidence:
    """A measurement standard with its page."""
    return Evidence(str(row), reverse("equipment:standard", args=[institution.slug, row.ref]), text, row.pk)


def register_row(institution: Institution, register: str, row, text: str = "") -> Evidence:
    """A row of one of this app's registers with its page."""
    return Evidence(str(row), reverse("portal:register_row", args=[institution.slug, register, row.ref]), text, row.pk)


def moments(first: date, last: date) -> tuple[datetime, datetime]:
    """The beginning of the first day and the end of the last one in China."""
    return datetime.combine(first, time(), CHINA), datetime.combine(last + timedelta(1), time(), CHINA)


def nothing_in_use() -> str:
    return _("没有在用的设备。")


def no_standard_in_use() -> str:
    return _("没有在用的计量标准。")
