"""What of the equipment has to be traced or assessed again soon, and who is told."""

from collections.abc import Iterator
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Institution
from portal.alerts import Due, due_list
from portal.permissions import Role

from .models import Equipment, MeasurementStandard

THRESHOLDS = (60, 30, 7, 0)


@due_list(
    "equipment.traceability",
    title=gettext_lazy("设备溯源"),
    thresholds=THRESHOLDS,
    recipients=(Role.METROLOGY_MANAGER, Role.QUALITY_MANAGER),
)
def traceabilities(institution: Institution, until: date) -> Iterator[Due]:
    """Equipment in use whose newest traceability ends by the day; what was never traced is due since ever. Source: A-6.2.2."""
    rows = Equipment.objects.filter(institution=institution, state=Equipment.State.IN_USE).with_clock()
    for row in rows.filter(due_on__lte=until).order_by("due_on", "pk"):
        link = reverse("equipment:detail", args=[institution.slug, row.ref])
        said = _("设备溯源到期：%(name)s") if row.traced_until else _("设备在用却没有溯源：%(name)s")
        yield Due(row, row.due_on, said % {"name": row}, link)


@due_list(
    "equipment.assessment",
    title=gettext_lazy("计量标准考核"),
    thresholds=THRESHOLDS,
    recipients=(Role.METROLOGY_MANAGER, Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def assessments(institution: Institution, until: date) -> Iterator[Due]:
    """Measurement standards in use whose assessment certificate ends by the day. Source: A-6.1.1."""
    rows = MeasurementStandard.objects.filter(institution=institution, state=MeasurementStandard.State.IN_USE)
    for row in rows.filter(assessed_until__lte=until).order_by("assessed_until", "pk"):
        link = reverse("equipment:standard", args=[institution.slug, row.ref])
        yield Due(row, row.assessed_until, _("计量标准考核到期：%(name)s") % {"name": row}, link)
