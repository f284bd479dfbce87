"""What a page of a qualification or of a line of scope shows beyond its facts."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Qualification, ScopeItem
from portal.actors import actor_of
from portal.today import Panel
from portal.transitions import Transition

from . import standing

MOST_LINES = 20
STEPS = 48
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340, 170, 52, 10, 10, 26


def qualification_steps(request: HttpRequest, row: Qualification) -> Panel | None:
    """What can be done with a qualification now, what stands in the way, and when nothing rested on it."""
    actor, steps = actor_of(request), []
    titles = {
        "confirm": (standing.CONFIRM, _("确认有效"), "check"),
        "suspend": (standing.SUSPEND, _("暂停"), "clock"),
        "resume": (standing.RESUME, _("恢复"), "check"),
        "revoke": (standing.REVOKE, _("撤销或注销"), "x"),
    }
    for name, (transition, title, icon) in titles.items():
        if transition.is_open(row, actor):
            url = reverse(f"institutions:qualification_{name}", args=[request.institution.slug, row.ref])
            steps.append({"url": url, "title": title, "icon": icon, "primary": name in ("confirm", "resume")})
    context = {
        "steps": steps,
        "missing": _missing(standing.CONFIRM, row, request) if row.state == Qualification.State.PENDING else [],
        "pending": row.state == Qualification.State.PENDING,
        "stops": row.stops,
        "renewals": row.renewals.exclude(state=Qualification.State.WITHDRAWN).order_by("valid_from"),
    }
    return Panel("institutions/_qualification_steps.html", context)


def lines_of_qualification(request: HttpRequest, row: Qualification) -> Panel | None:
    """The lines of scope that rest on the qualification."""
    if not row.needs_annex:
        return None
    lines = ScopeItem.objects.visible_to(actor_of(request)).filter(qualification=row)
    lines = lines.exclude(state=ScopeItem.State.WITHDRAWN).select_related("method", "site")
    found = list(lines.order_by("instrument", "pk")[: MOST_LINES + 1])
    url = reverse("institutions:scope", args=[request.institution.slug])
    return Panel(
        "institutions/_qualification_lines.html",
        {"lines": found[:MOST_LINES], "more": len(found) > MOST_LINES, "all_url": f"{url}?paper={row.ref}"},
    )


def cmc_of_line(request: HttpRequest, row: ScopeItem) -> Panel:
    """The CMC in words and as a curve, why the line is out of use, and how to take it out of use or into use again."""
    actor, slug = actor_of(request), request.institution.slug
    steps = []
    if standing.SUSPEND_LINE.is_open(row, actor):
        steps.append(
            {"url": reverse("institutions:scope_suspend", args=[slug, row.ref]), "title": _("暂停"), "icon": "clock"}
        )
    if standing.RESUME_LINE.is_open(row, actor) and not row.suspended_clause:
        url = reverse("institutions:scope_resume", args=[slug, row.ref])
        steps.append({"url": url, "title": _("恢复"), "icon": "check", "primary": True})
    why = row.qualification.why_not_valid_on(timezone.localdate())
    context = {"line": row, "steps": steps, "paper": why, "cmc": row.cmc.text, "stated": row.cmc_stated}
    # A curve cannot show a matrix, and has nothing to show of a range of one value.
    if row.cmc_form != ScopeItem.Form.MATRIX and row.range_low != row.range_high:
        context["curve"] = curve(row)
    return Panel("institutions/_scope_steps.html", context)


def curve(line: ScopeItem) -> dict[str, Any]:
    """The CMC of a line as a path in a drawing, with its ends and its largest value; reckoned with Decimal."""
    low, high = line.range_low, line.range_high
    places = sorted(
        {low + (high - low) * step / STEPS for step in range(STEPS + 1)} | ({Decimal(0)} if low < 0 < high else set())
    )
    stated = [(place, cmc) for place in places if (cmc := line.cmc_at(place)) is not None]
    most = max((cmc for _place, cmc in stated), default=Decimal(0)) or Decimal(1)
    across, up = Decimal(WIDTH - LEFT - RIGHT) / (high - low), Decimal(HEIGHT - TOP - BOTTOM) / most / Decimal("1.1")
    points = [
        f"{(LEFT + (place - low) * across).quantize(Decimal('0.1'))} {(HEIGHT - BOTTOM - cmc * up).quantize(Decimal('0.1'))}"
        for place, cmc in stated
    ]
    return {
        "path": f"M{'L'.join(points)}" if points else "", "most": _short(most), "most_y": HEIGHT - BOTTOM - most * up,
        "low": low.normalize(), "high": high.normalize(), "left": LEFT, "right": WIDTH - RIGHT, "top": TOP,
        "base": HEIGHT - BOTTOM, "text_y": HEIGHT - 8, "label_x": LEFT - 6, "width": WIDTH, "height": HEIGHT,
    }  # fmt: skip


def _short(value: Decimal) -> Decimal:
    """The value with three significant digits, for the scale of a drawing."""
    return Decimal(f"{value:.3g}").normalize()


def _missing(transition: Transition, row: Any, request: HttpRequest) -> list[Any]:
    return transition.refusals(row, actor=actor_of(request), at=timezone.now())
