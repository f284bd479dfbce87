"""Cards about what was checked: intermediate checks and drift of a piece of equipment, tests of a standard."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.permissions import Permission

from ..cards import card
from ..models import (
    CheckPlan,
    Equipment,
    EquipmentClock,
    IntermediateCheck,
    MeasurementStandard,
    StandardTest,
    TracePoint,
)
from ..seen import clocks_of
from ..trials.shown import points_tested
from . import intermediate
from .charts import check_plot, mean_text
from .drifts import drift_of, drift_plot, points_of, sentence_of, series_of
from .drifts import tone_of as drift_tone
from .readings import figure
from .shown import decision_of, far_of, point_of, tone_of

SHOWN = 5
DRAWN = 60


@card(Equipment, order=40, template="equipment/cards/drift.html")
def drift(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """The errors at the highest nominal over the calibrations, from two of them on."""
    points = points_of(equipment, TracePoint.objects.visible_to(actor_of(request)))
    choices = series_of(points)
    if not choices:
        return None
    found = drift_of(choices[-1], points)
    if len(found.rows) < 2:
        return None
    return {
        "title": f"{found.point.quantity} {figure(found.point.nominal)} {found.unit}",
        "url": reverse("equipment:trend", args=[request.institution.slug, equipment.ref]),
        "plot": drift_plot(found, "card-drift", hint=_("竖线是 ±U (k = 2)；指向一点看证书和数值")),
        "sentence": sentence_of(found),
        "tone": drift_tone(found),
        "more": len(choices) - 1,
    }


@card(Equipment, order=50, template="equipment/cards/intermediate.html")
def checks(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """Whether checks are needed, the newest ones with the chart of the newest one's plan, and where to do one."""
    actor, slug = actor_of(request), request.institution.slug
    plans = list(CheckPlan.objects.visible_to(actor).filter(equipment=equipment, state=CheckPlan.State.CURRENT))
    rows = IntermediateCheck.objects.visible_to(actor).filter(equipment=equipment).select_related("plan")
    newest = list(rows.order_by("-performed_on", "-pk")[:DRAWN])
    gone = equipment.state in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
    traced = equipment.traced and equipment.role not in Equipment.UNTRACED and not gone
    if not traced and not plans and not newest:
        return None
    plan = newest[0].plan if newest else None
    mine = [check for check in reversed(newest) if plan is not None and check.plan_id == plan.pk]
    args = [slug, equipment.ref]
    kind = EquipmentClock.Kind.INTERMEDIATE_CHECK
    decisions = (clock for clock in clocks_of(request, equipment, day) if clock.kind == kind)
    return {
        "gone": gone,
        "decision": decision_of(request, equipment, next(decisions, None)),
        "failure": intermediate.standing_failure(equipment, day) if newest else None,
        "plans": plans,
        "plot": check_plot(plan, mine, "card-checks") if len(mine) > 1 else None,
        "rows": [
            {
                "check": check,
                "url": reverse("equipment:check", args=[slug, check.ref]),
                "point": point_of(check.plan),
                "mean": f"{mean_text(check)} {check.terms.get('unit', '')}",
                "far": far_of(check),
                "tone": tone_of(check.verdict),
            }
            for check in newest[:SHOWN]
        ],
        "url": reverse("equipment:checks", args=args),
        "check_url": reverse("equipment:check_new", args=args)
        if plans and not gone and actor.may(Permission.EQUIPMENT_CONFIRM)
        else "",
        "plan_url": reverse("portal:register_new", args=[slug, "check-plans"]) + f"?equipment={equipment.ref}"
        if actor.may(Permission.EQUIPMENT_MANAGE) and not gone
        else "",
    }


@card(MeasurementStandard, order=30, template="equipment/cards/tests.html")
def tests(request: HttpRequest, standard: MeasurementStandard, day: date) -> dict[str, Any]:
    """Repeatability and stability: each point with its newest verdict and chart, and where to record the next."""
    actor, slug = actor_of(request), request.institution.slug
    rows = StandardTest.objects.visible_to(actor).filter(standard=standard, performed_on__lte=day)
    args = [slug, standard.ref]
    points = points_tested(slug, rows.select_related("performed_by", "file").order_by("performed_on", "pk"))
    kinds = {point["last"].kind for point in points}
    return {
        "points": points,
        "missing": [label for value, label in StandardTest.Kind.choices if value not in kinds],
        "url": reverse("equipment:standard_tests", args=args),
        "new_url": reverse("equipment:standard_test_new", args=args) if actor.may(Permission.EQUIPMENT_CONFIRM) else "",
    }
