"""Equipment whose traceability ends, and what stands in for one."""

from django.db.models import Exists, OuterRef, Q, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says

from ..models import AlternativeTraceability, Equipment, EquipmentClock, Traceability
from .recipients import KEEPERS, THRESHOLDS, since_ever, unused

Clock = EquipmentClock.Kind


@due_list("equipment.traceability", title=gettext_lazy("设备溯源"), thresholds=THRESHOLDS, recipients=KEEPERS)
def traceabilities() -> list[Watch]:
    """Equipment in use whose newest traceability ends; what was never traced is due since ever. Source: A-6.2.2.

    Of equipment with a clock for it that ends no later, the clock speaks, as far ahead as it says.
    """
    newer = Traceability.objects.filter(
        Q(calibrated_on__gt=OuterRef("calibrated_on"))
        | Q(calibrated_on=OuterRef("calibrated_on"), pk__gt=OuterRef("pk")),
        institution=OuterRef("institution"), equipment=OuterRef("equipment"),
    )  # fmt: skip
    clock = EquipmentClock.objects.filter(
        institution=OuterRef("institution"), equipment=OuterRef("equipment"), state=EquipmentClock.State.CURRENT,
        needed=True, kind__in=(Clock.CALIBRATION, Clock.VERIFICATION), due_on__lte=OuterRef("valid_until"),
    )  # fmt: skip
    untraced = Equipment.objects.filter(
        Q(traced=False) | Q(role__in=sorted(Equipment.UNTRACED)), pk=OuterRef("equipment")
    )
    traced = Watch(
        rows=Traceability.objects.all(),
        target="equipment",
        due_on="valid_until",
        over=Exists(newer) | unused() | Exists(clock) | Exists(untraced),
        subject=says(_("设备溯源到期：%(name)s %(number)s"), name="equipment__name", number="equipment__asset_number"),
        link=page("equipment:detail", "equipment__ref"),
    )
    measuring = Equipment.objects.exclude(role__in=sorted(Equipment.UNTRACED))
    never_traced = Watch(
        rows=measuring.filter(state=Equipment.State.IN_USE, traced=True),
        due_on=since_ever(),
        over=Exists(Traceability.objects.filter(institution=OuterRef("institution"), equipment=OuterRef("pk"))),
        subject=says(_("设备在用却没有溯源：%(name)s %(number)s"), name="name", number="asset_number"),
        link=page("equipment:detail", "ref"),
    )
    return [traced, never_traced]


@due_list("equipment.alternative", title=gettext_lazy("替代溯源"), thresholds=THRESHOLDS, recipients=KEEPERS)
def alternatives() -> Watch:
    """What stands in for strict traceability and ends, of equipment in use. Source: C-5.3.3-s1."""
    rows = AlternativeTraceability.objects.filter(state=AlternativeTraceability.State.CURRENT)
    later = Q(valid_until=None) | Q(valid_until__gt=OuterRef("valid_until"))
    followed = rows.filter(later, institution=OuterRef("institution"), equipment=OuterRef("equipment"))
    return Watch(
        rows=rows,
        due_on="valid_until",
        over=Exists(followed) | unused(),
        subject=says(_("替代溯源到期：%(name)s %(number)s"), name="equipment__name", number="equipment__asset_number"),
        link=page("portal:register_row", Value("alternative-traceability"), "ref"),
    )
