"""Clauses decided by what is done with equipment again and again: kept up, looked over, protected."""

from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from institutions.checks.rows import current, listed
from institutions.models import Institution
from portal.clauses import Verdict, clause, none_in_breach

from ..clocks import winding
from ..models import Equipment, EquipmentClock, EquipmentEvent, StandardPart
from .rows import (
    WITHOUT_BODY,
    Role,
    devices,
    in_use,
    no_standard_in_use,
    nothing_in_use,
    standard,
    standards_in_use,
    unvalidated,
)

Clock, Kind = EquipmentClock.Kind, EquipmentEvent.Kind
# What counts as having been looked after. Source: A-6.2.1.3.
CARE = (Kind.MAINTENANCE, Kind.REPAIR, Kind.STORAGE_CHECK)


def _clocks(institution: Institution, kind: str) -> QuerySet[EquipmentClock]:
    return current(EquipmentClock, institution).filter(equipment=OuterRef("pk"), kind=kind)


def _late(
    rows: QuerySet[Equipment], institution: Institution, kind: str, day: date, *deeds: str
) -> QuerySet[Equipment]:
    """Those of the rows that nobody decided about, or with which it was not done in time.

    In time: the clock had not run out, or one of the `deeds` was done within its interval. Of a day before the first deed
    nobody knows when the clock ran out.
    """
    done = EquipmentEvent.objects.filter(equipment=OuterRef("equipment"), kind__in=deeds, happened_on__lte=day)
    done = done.exclude(result=EquipmentEvent.Result.FAILED)
    done = done.alias(held=winding.LastDay(F("happened_on"), OuterRef("interval_months"))).filter(held__gte=day)
    kept = Q(needed=False) | Q(due_that_day__gte=day) | Q(due_that_day=None, due_on__isnull=False)
    if deeds:
        kept |= Q(Exists(done))
    clocks = _clocks(institution, kind).annotate(due_that_day=winding.due_by(day, [kind]))
    return rows.filter(~Exists(clocks.filter(kept)))


def _kept(institution: Institution, rows: QuerySet[Equipment], late: QuerySet[Equipment], text: str) -> Verdict:
    return none_in_breach(
        rows.count(), devices(institution, late, text), nothing=nothing_in_use(),
        advice=_("请给没有周期的设备定周期，到期的做完后在设备页登记。"), fix=listed(institution, "equipment-clocks"),
    )  # fmt: skip


@clause("A-6.2.1.3")
def equipment_is_looked_after(institution: Institution, day: date) -> Verdict:
    """Everything in use was maintained, repaired or looked over in store within its interval."""
    rows = in_use(institution, day).exclude(role__in=WITHOUT_BODY)
    late = _late(rows, institution, Clock.MAINTENANCE, day, *CARE)
    return _kept(institution, rows, late, _("没有维护周期，或已到期"))


@clause("A-6.2.3.1-s1")
def labels_and_seals_are_looked_over(institution: Institution, day: date) -> Verdict:
    """The labels and seals of everything in use were looked over within their interval."""
    rows = in_use(institution, day).exclude(role__in=WITHOUT_BODY)
    late = _late(rows, institution, Clock.LABEL_CHECK, day)
    return _kept(institution, rows, late, _("没有标识与铅封检查的周期，或已到期"))


@clause("D-4.4.3.7")
def nothing_can_be_adjusted(institution: Institution, day: date) -> Verdict:
    """What could be adjusted is protected and was looked over in time; software is the version that was validated."""
    rows = in_use(institution, day).exclude(role__in=(Role.CONSUMABLE, Role.REFERENCE_MATERIAL))
    bare = rows.filter(protection_mode="")
    adjustable = rows.exclude(protection_mode__in=("", Equipment.Protection.NOT_ADJUSTABLE))
    late = _late(adjustable, institution, Clock.PROTECTION_CHECK, day)
    unnamed = rows.filter(role=Role.SOFTWARE, software_sha256="")
    breaches = [
        *devices(institution, bare, _("没有写明防调整措施")),
        *devices(institution, late, _("没有防调整措施检查的周期，或已到期")),
        *devices(institution, unnamed, _("没有已确认版本的 SHA-256")),
        *devices(institution, unvalidated(rows, day), _("软件没有确认，或变更之后没有重新确认")),
    ]
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("请写明防调整措施，检查后登记；软件登记已确认版本的 SHA-256。"),
        fix=listed(institution, "equipment-clocks"),
    )  # fmt: skip


@clause("A-5.1-g")
def standards_are_kept_up(institution: Institution, day: date) -> Verdict:
    """Every main standard of a measurement standard in use has a keeper who works here and was maintained in time."""
    rows = list(standards_in_use(institution, day))
    there = (Q(added_on=None) | Q(added_on__lte=day)) & (Q(removed_on=None) | Q(removed_on__gt=day))
    parts = StandardPart.objects.filter(there, standard__in=rows, role=StandardPart.Role.MAIN)
    parts = list(parts.select_related("equipment__keeper").order_by("equipment__asset_number"))
    equipment = Equipment.objects.filter(pk__in={part.equipment_id for part in parts})
    late = set(_late(equipment, institution, Clock.MAINTENANCE, day, *CARE).values_list("pk", flat=True))
    wrong: dict[int, str] = {row.pk: _("没有登记计量标准器") for row in rows}
    for part in parts:
        wrong.pop(part.standard_id, None)
    for part in parts:
        keeper = part.equipment.keeper
        if keeper is None or not keeper.active_on(day):
            wrong.setdefault(part.standard_id, _("%(name)s没有在职的保管人") % {"name": part.equipment})
        elif part.equipment_id in late:
            wrong.setdefault(part.standard_id, _("%(name)s没有按期维护") % {"name": part.equipment})
    breaches = [standard(institution, row, wrong[row.pk]) for row in rows if row.pk in wrong]
    return none_in_breach(
        rows, breaches, nothing=no_standard_in_use(),
        advice=_("请指定在职的保管人，按周期维护计量标准器并登记。"), fix=listed(institution, "equipment-clocks"),
    )  # fmt: skip
