"""What of the equipment has to be traced or assessed again soon, and who is told."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says
from portal.permissions import Role

from .models import Equipment, MeasurementStandard

THRESHOLDS = (60, 30, 7, 0)


@due_list(
    "equipment.traceability",
    title=gettext_lazy("设备溯源"),
    thresholds=THRESHOLDS,
    recipients=(Role.METROLOGY_MANAGER, Role.QUALITY_MANAGER),
)
def traceabilities() -> list[Watch]:
    """Equipment in use whose newest traceability ends; what was never traced is due since ever. Source: A-6.2.2."""
    used = Equipment.objects.filter(state=Equipment.State.IN_USE)
    traced = Watch(
        rows=used.filter(due_on__gt=date.min),
        due_on="due_on",
        subject=says(_("设备溯源到期：%(name)s %(number)s"), name="name", number="asset_number"),
        link=page("equipment:detail", "ref"),
    )
    never_traced = Watch(
        rows=used.filter(due_on=date.min),
        due_on="due_on",
        subject=says(_("设备在用却没有溯源：%(name)s %(number)s"), name="name", number="asset_number"),
        link=page("equipment:detail", "ref"),
    )
    return [traced, never_traced]


@due_list(
    "equipment.assessment",
    title=gettext_lazy("计量标准考核"),
    thresholds=THRESHOLDS,
    recipients=(Role.METROLOGY_MANAGER, Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def assessments() -> Watch:
    """Measurement standards in use whose assessment certificate ends. Source: A-6.1.1."""
    return Watch(
        rows=MeasurementStandard.objects.filter(state=MeasurementStandard.State.IN_USE),
        due_on="assessed_until",
        subject=says(_("计量标准考核到期：%(name)s %(code)s"), name="name", code="code"),
        link=page("equipment:standard", "ref"),
    )
