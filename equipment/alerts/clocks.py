"""The clocks of equipment, each as far ahead as it says."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, named, page, says

from ..models import EquipmentClock
from .recipients import KEEPERS, unused


def _clocks(least: int, most: int) -> Watch:
    """Clocks of equipment in use that are to be prepared so many days ahead."""
    rows = EquipmentClock.objects.filter(state=EquipmentClock.State.CURRENT, needed=True)
    return Watch(
        rows=rows.filter(lead_days__gte=least, lead_days__lte=most),
        due_on="due_on",
        over=unused(),
        person="responsible",
        subject=says(
            _("%(what)s到期：%(name)s %(number)s"), what=named("kind", EquipmentClock.Kind), name="equipment__name",
            number="equipment__asset_number",
        ),
        link=page("equipment:detail", "equipment__ref"),
    )  # fmt: skip


@due_list("equipment.clock", title=gettext_lazy("设备周期"), thresholds=(7, 0), recipients=KEEPERS)
def at_short_notice() -> Watch:
    """Clocks with a lead time of less than 30 days. Source: C-5.5.3, A-6.2.1.3."""
    return _clocks(0, 29)


@due_list("equipment.clock_month", title=gettext_lazy("设备周期"), thresholds=(30, 7, 0), recipients=KEEPERS)
def a_month_ahead() -> Watch:
    """Clocks with a lead time of 30 days or more, as is usual. Source: C-5.5.3."""
    return _clocks(30, 59)


@due_list("equipment.clock_two_months", title=gettext_lazy("设备周期"), thresholds=(60, 30, 7, 0), recipients=KEEPERS)
def two_months_ahead() -> Watch:
    """Clocks with a lead time of 60 days or more. Source: A-6.2.2."""
    return _clocks(60, 89)


@due_list("equipment.clock_season", title=gettext_lazy("设备周期"), thresholds=(90, 60, 30, 7, 0), recipients=KEEPERS)
def a_season_ahead() -> Watch:
    """Clocks with a lead time of 90 days or more: what has to be sent far. Source: A-6.2.2."""
    return _clocks(90, 365)
