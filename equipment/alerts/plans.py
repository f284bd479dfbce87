"""What the plans of the year have not seen done."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says

from ..models import EquipmentPlan, PlanLine
from .recipients import KEEPERS


@due_list("equipment.plan_line", title=gettext_lazy("设备年度计划"), thresholds=(30, 7, 0), recipients=KEEPERS)
def plan_lines() -> Watch:
    """Lines of current plans that are not done. Source: A-5.1-c, C-5.3.2."""
    void = EquipmentPlan.objects.filter(pk=OuterRef("plan")).exclude(state=EquipmentPlan.State.CURRENT)
    return Watch(
        rows=PlanLine.objects.filter(state=PlanLine.State.CURRENT, done_on=None),
        due_on="due_on",
        over=Exists(void),
        subject=says(_("计划事项：%(what)s"), what="what"),
        link=page("equipment:plan", "plan__ref"),
    )
