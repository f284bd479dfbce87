"""设备档案: what has to be on file about a piece of equipment, and what of it is missing; for one and for many.

What is traced in the ordinary way has its certificate and its confirmation on file; what an approved alternative stands in
for has the evidence of that alternative instead. Source: B-4.4.2-s6, C-5.3.3-s1.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import (
    AlternativeTraceability,
    Confirmation,
    Equipment,
    EquipmentEvent,
    EquipmentPaper,
    MandatoryFile,
    Traceability,
)

Role, Paper = Equipment.Role, EquipmentPaper.Kind


@dataclass(frozen=True)
class Part:
    """One line of the checklist: of which equipment it is asked, what fulfils it, and which register takes it."""

    name: str
    title: str | Promise
    asked_of: Q
    held: Q | Combinable
    register: str = ""


def _paper(kind: str) -> Exists:
    return Exists(
        EquipmentPaper.objects.filter(equipment=OuterRef("pk"), kind=kind, state=EquipmentPaper.State.CURRENT)
    )


TRACED = Q(traced=True) & ~Q(role__in=sorted(Equipment.UNTRACED))
WITH_MANUAL = ~Q(role__in=[Role.REFERENCE_MATERIAL, Role.CONSUMABLE, Role.CUSTOMER])
TRACES = Traceability.objects.filter(equipment=OuterRef("pk"))
CONFIRMED = Confirmation.objects.filter(traceability__equipment=OuterRef("pk"))
HISTORY = EquipmentEvent.objects.filter(equipment=OuterRef("pk"))
RECEIPTS = MandatoryFile.objects.filter(equipment=OuterRef("pk"), state=MandatoryFile.State.CURRENT)


def checklist(day: date) -> tuple[Part, ...]:
    """What has to be on file on that day. Source: B-4.4.2-s6, C-5.3.4-s1, A-6.4.2-s1, C-5.3.3-s1."""
    alternatives = AlternativeTraceability.in_force(day).filter(equipment=OuterRef("pk"))
    by_alternative, by_certificate = TRACED & Q(Exists(alternatives)), TRACED & ~Q(Exists(alternatives))
    proven = Exists(alternatives.filter(file__isnull=False))
    return (
        Part("identity", _("名称、型号和制造单位"), Q(), ~Q(name="") & ~Q(model="") & ~Q(manufacturer="")),
        Part("serial", _("出厂编号或批号"), ~Q(role=Role.SOFTWARE), ~Q(serial_number="") | ~Q(lot="")),
        Part("place", _("存放场所和保管人"), ~Q(role=Role.CUSTOMER), Q(keeper__isnull=False)),
        Part("manual", _("说明书"), WITH_MANUAL, _paper(Paper.MANUAL), "equipment-papers"),
        Part("traceability", _("溯源证书文件"), by_certificate, Exists(TRACES.filter(file__isnull=False))),
        Part("confirmation", _("计量确认"), by_certificate, Exists(CONFIRMED)),
        Part("alternative", _("替代溯源的证明文件"), by_alternative, proven, "alternative-traceability"),
        Part("validation", _("软件确认记录"), Q(role=Role.SOFTWARE), _paper(Paper.VALIDATION), "equipment-papers"),
        Part("receipt", _("强检器具档案"), Q(mandatory=True), Exists(RECEIPTS), "mandatory-files"),
        Part("history", _("履历"), Q(), Exists(HISTORY)),
    )


def with_checklist(rows: QuerySet[Equipment], day: date) -> QuerySet[Equipment]:
    """Each row knows of each line of the checklist, as `file_<name>`: True, False, or None where it is not asked."""
    yes_or_no = {
        f"file_{part.name}": Case(
            *([When(~part.asked_of, then=Value(None))] if part.asked_of else []),
            When(part.held, then=Value(True)),
            default=Value(False), output_field=BooleanField(null=True),
        )
        for part in checklist(day)
    }  # fmt: skip
    return rows.annotate(**yes_or_no)


def missing(equipment: Equipment, day: date) -> list[Part]:
    """What was not on file that day of a row of `with_checklist`."""
    return [part for part in checklist(day) if getattr(equipment, f"file_{part.name}") is False]


def incomplete(rows: QuerySet[Equipment], day: date) -> QuerySet[Equipment]:
    """Those of the rows whose file lacks something, each with its checklist."""
    lacking = Q()
    for part in checklist(day):
        lacking |= Q(**{f"file_{part.name}": False})
    return with_checklist(rows, day).filter(lacking)
