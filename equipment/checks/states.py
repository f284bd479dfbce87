"""Clauses decided by how equipment changed its state: verified before use, stopped when in doubt, repaired on record."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from institutions.checks.rows import lately
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach, window

from ..models import Equipment, EquipmentEvent, Label
from ..usability import obstacles
from .rows import TRACED, State, device, devices, in_use, nothing_in_use, own

Kind, Result = EquipmentEvent.Kind, EquipmentEvent.Result


def _changes(day: date) -> QuerySet[EquipmentEvent]:
    """The events of a piece of equipment that changed its state by that day, the newest first."""
    rows = EquipmentEvent.objects.filter(equipment=OuterRef("pk"), happened_on__lte=day).exclude(state_after="")
    return rows.order_by("-happened_on", "-pk")


def _unverified(institution: Institution, rows: QuerySet[Equipment], day: date) -> list[Evidence]:
    """Those of the rows that were put in use otherwise than by a verification that passed."""
    last = _changes(day)
    rows = rows.annotate(kind=Subquery(last.values("kind")[:1]), result=Subquery(last.values("result")[:1]))
    rows = rows.exclude(kind=Kind.RETURN_VERIFICATION, result=Result.PASSED, kind__isnull=False)
    return devices(institution, rows, _("投入使用之前没有合格的验证"))


@clause("B-4.4.2-s3", "D-4.4.3.4")
def verified_before_use(institution: Institution, day: date) -> Verdict:
    """Everything in use was put in use by a verification that passed, and within the year nothing was without one."""
    rows = in_use(institution, day)
    breaches = _unverified(institution, rows, day)
    begun = EquipmentEvent.objects.filter(
        equipment=OuterRef("pk"), state_after=State.IN_USE, happened_on__range=window(day)
    )
    begun = begun.exclude(kind=Kind.RETURN_VERIFICATION, result=Result.PASSED)
    others = own(institution, day).filter(Exists(begun)).exclude(pk__in=[piece.row_id for piece in breaches])
    breaches += devices(institution, others, _("近 365 天曾经没有验证就投入使用"))
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("请停用这些设备，验证合格后办理“投入使用”。"),
    )  # fmt: skip


@clause("A-6.2.1.2-s2")
def nothing_was_opened_unasked(institution: Institution, day: date) -> Verdict:
    """Repairs, adjustments and broken seals of the last year were approved, and what was opened was traced anew."""
    rows = in_use(institution, day)
    opened = EquipmentEvent.objects.filter(institution=institution, kind__in=sorted(EquipmentEvent.BREAKS_TRACEABILITY))
    bare = lately(opened, "happened_on", day).filter(approved_by=None, equipment__in=own(institution, day).order_by())
    breaches = [
        device(
            institution,
            row.equipment,
            _("%(day)s %(kind)s没有批准") % {"day": row.happened_on, "kind": row.get_kind_display()},
        )
        for row in bare.select_related("equipment").order_by("happened_on", "pk")
    ]
    since = rows.filter(TRACED).alias(
        traced_since=obstacles.dated(obstacles.standing_traces(day), "calibrated_on"),
        broken_on=obstacles.broken_since(day),
    )
    ever = Exists(opened.filter(equipment=OuterRef("pk"), happened_on__lte=day))
    unsound = since.filter(Q(broken_on__isnull=False) | Q(ever, traced_since=None))
    breaches += devices(institution, unsound, _("修理、调整或动过铅封之后没有重新溯源就使用"))
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("修理、调整和铅封变动须经批准，之后重新溯源、验证再用。请停用这些设备并补办。"),
    )  # fmt: skip


@clause("B-6.1.5.1-g")
def repairs_are_on_record(institution: Institution, day: date) -> Verdict:
    """What is being repaired has this repair in its history; uses are read off the records."""
    repaired = EquipmentEvent.objects.filter(equipment=OuterRef("pk"), kind=Kind.REPAIR, happened_on__lte=day)
    since = Coalesce(Subquery(_changes(day).values("happened_on")[:1]), date.min)
    rows = own(institution, day).filter(state_that_day=State.REPAIR).alias(since=since)
    bare = rows.exclude(Exists(repaired.filter(happened_on__gte=OuterRef("since"))))
    return none_in_breach(
        in_use(institution, day).count(), devices(institution, bare, _("在维修，履历里没有修理")), nothing=nothing_in_use(),
        advice=_("请在设备页登记修理的原因、日期、批准人和结果。"),
    )  # fmt: skip


@clause("D-4.4.3.2-s2")
def what_is_stopped_is_apart(institution: Institution, day: date) -> Verdict:
    """What is stopped is in a known room or marked as stopped; what was within the year was verified before its next use."""
    stopped = EquipmentEvent.objects.filter(
        equipment=OuterRef("pk"), state_after=State.QUARANTINED, happened_on__lte=day
    )
    lately_stopped = Exists(stopped.filter(happened_on__range=window(day)))
    rows = own(institution, day).filter(lately_stopped | Q(state_that_day=State.QUARANTINED))
    when = stopped.order_by("-happened_on", "-pk").values("happened_on")[:1]
    marked = Label.objects.filter(
        equipment=OuterRef("pk"), state=Label.State.PRINTED, word=Label.Word.STOPPED,
        printed_at__date__range=(OuterRef("stopped_on"), day),
    )  # fmt: skip
    loose = rows.alias(stopped_on=Coalesce(Subquery(when), date.min))
    loose = loose.filter(~Exists(marked), state_that_day=State.QUARANTINED, room=None)
    breaches = devices(institution, loose, _("没有隔离存放的房间，也没有停用标识"))
    breaches += _unverified(institution, rows.filter(state_that_day=State.IN_USE), day)
    return none_in_breach(
        rows.count(), breaches, nothing=_("近 365 天没有停用隔离的设备。"),
        advice=_("请打印停用标识，或登记隔离存放的房间；恢复使用之前先验证。"),
    )  # fmt: skip
