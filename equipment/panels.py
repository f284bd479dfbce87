"""What this app puts on the today page."""

from datetime import date

from django.utils import timezone

from institutions.models import Institution
from portal.actors import Actor
from portal.permissions import Permission
from portal.today import Panel, panel

from .environment.periods import Kind
from .environment.requirements import stated
from .environment.shown import line_of
from .environment.standing import LOOK_BACK, Word, last_readings, unanswered
from .models import ImpactQuestion

MOST = 6


@panel(order=35, permission=Permission.EQUIPMENT_MANAGE)
def open_questions(actor: Actor, institution: Institution, day: date) -> Panel | None:
    """Equipment that was stopped and whose effect on earlier results nobody has judged yet; nothing when there is none.

    One query. Source: D-4.4.3.2-s3.
    """
    rows = ImpactQuestion.objects.visible_to(actor).filter(state=ImpactQuestion.State.OPEN)
    found = list(rows.select_related("equipment", "event").order_by("until", "pk")[: MOST + 1])
    if not found:
        return None
    lines = [{"question": row, "days": (day - row.until).days} for row in found[:MOST]]
    return Panel("equipment/_impacts.html", {"rows": lines, "more": len(found) > MOST}, side=True)


@panel(order=30, permission=Permission.ENVIRONMENT_NOTE)
def rooms_off(actor: Actor, institution: Institution, day: date) -> Panel | None:
    """Elements of rooms that are outside their limits, or were not read for too long, outside first; and how often in the last
    week it was outside and nobody has said what was done. Nothing when there is neither. Six queries.

    Source: B-6.6.1-d-s1, D-4.2.2.1-s1.
    """
    rows = list(stated(day).visible_to(actor).select_related("room", "method").order_by("room__name", "element", "pk"))
    known, at = last_readings(rows), timezone.now()
    lines = [line_of(row, known.get((row.room_id, row.element)), [], at, at) for row in rows]
    found = [line for word in (Word.OUTSIDE, Word.UNREAD) for line in lines if line["word"] is word]
    late = unanswered(institution, at - LOOK_BACK, at) if rows else []
    waiting = sum(period.kind is Kind.OUTSIDE for period in late)
    if not found and not waiting:
        return None
    shown = {"rows": found[:MOST], "more": len(found) > MOST, "waiting": waiting}
    return Panel("equipment/_rooms_off.html", shown, side=True)
