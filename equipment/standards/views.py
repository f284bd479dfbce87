"""Pages of measurement standards: their list, and one standard on a day."""

from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import exports, history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door

from .. import due
from ..cards import cards_of
from ..forms import DayForm, StandardFilter
from ..listing import filters
from ..models import MeasurementStandard
from . import rules, workflow
from .cards import certificates_of, changes_of, events_of, items_of, papers_of, parts_of, people_of
from .facts import seen_on
from .shown import clock_of, of_list, standing_that_day, standings, uses_of
from .views_acts import offers

State = MeasurementStandard.State
REGISTER = "measurement-standards"


@door("GET", limit="search")
def standard_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All measurement standards, those whose assessment ends first at the top."""
    actor, today = actor_of(request), timezone.localdate()
    form = StandardFilter(request.GET)
    form.is_valid()
    everything = MeasurementStandard.objects.visible_to(actor).with_clock()
    rows = of_list(form, everything, today)
    page = page_of(rows.select_related("site", "responsible"), "due_on", "pk", request=request)
    summary, narrow, badges = _summary(everything, today), any(form.cleaned_data.values()), standings(page.rows, today)
    may = actor.may(Permission.EQUIPMENT_MANAGE)
    new_url = reverse("portal:register_new", args=[slug, REGISTER]) if may else ""
    context = {
        "summary": summary,
        "problems": form.errors,
        "new_url": new_url,
        "import_url": reverse("portal:register_import", args=[slug, REGISTER]) if may else "",
        "export": exports.offer(request, reverse("portal:register_export", args=[slug, REGISTER])),
        "tabs": _tabs(request, summary),
        "table": {
            "caption": _("计量标准"),
            "filters": filters(form),
            "clear_url": request.path if narrow else "",
            "columns": [
                {"title": _("编号"), "day": True},
                {"title": _("计量标准名称")},
                {"title": _("测量范围")},
                {"title": _("不确定度或准确度等级")},
                {"title": _("存放场所")},
                {"title": _("负责人")},
                {"title": _("状态")},
                {"title": _("考核证书有效期"), "sort": "ascending"},
            ],
            "rows": [_row(request, standard, badges[standard.pk], today) for standard in page.rows],
            "count": _("符合条件的 %(count)d 项，按考核证书有效期先后") % {"count": rows.count()}
            if narrow
            else _("共 %(count)d 项，按考核证书有效期先后") % {"count": summary["all"]},
            "empty": _nothing(request, summary["all"], new_url),
            **page.links(request),
        },
    }
    return render(request, "equipment/standards.html", context, status=400 if form.errors else 200)


def _summary(everything: QuerySet, today: date) -> dict[str, int]:
    """How many rows each saved view holds. One query."""
    in_use, last = Q(state=State.IN_USE), due.limits("soon", today)[1]
    return everything.exclude(state=State.WITHDRAWN).aggregate(
        all=Count("pk"),
        soon=Count("pk", filter=in_use & Q(due_on__lte=last)),
        built=Count("pk", filter=Q(state=State.BUILT)),
        assessed=Count("pk", filter=Q(state=State.ASSESSED)),
        held=Count("pk", filter=Q(state=State.HELD)),
    )


def _tabs(request: HttpRequest, summary: dict[str, int]) -> list[dict[str, Any]]:
    views = (
        (_("全部"), "", "all"),
        (_("60 天内到期与失效"), "?state=in_use&due=soon", "soon"),
        (_("待考核"), "?state=built", "built"),
        (_("待投用"), "?state=assessed", "assessed"),
        (_("暂停量值传递"), "?state=held", "held"),
    )
    asked = {name: value for name, value in request.GET.items() if value and name not in ("after", "before")}
    return [
        {
            "title": title,
            "url": request.path + query,
            "count": summary[name],
            "current": QueryDict(query.lstrip("?")).dict() == asked,
        }
        for title, query, name in views
    ]


def _nothing(request: HttpRequest, any_at_all: int, new_url: str) -> dict[str, str]:
    """What an empty list says: how to see more, or what the first step is."""
    if any_at_all:
        return {
            "title": _("没有符合条件的计量标准"),
            "text": _("换一个条件，或清除筛选看全部计量标准。"),
            "url": request.path,
            "label": _("看全部"),
        }
    return {
        "title": _("还没有计量标准"),
        "text": _("先登记计量标准，再纳入标准器和配套设备、登记开展项目和文件集，最后投入使用。"),
        "url": new_url,
        "label": _("登记计量标准"),
    }


def _row(request: HttpRequest, standard: MeasurementStandard, badge: dict[str, str], today: date) -> list[Any]:
    clock = clock_of(standard, today)
    tone = clock.tone if standard.state == State.IN_USE else "off"
    return [
        {
            "text": standard.code,
            "url": reverse("equipment:standard", args=[request.institution.slug, standard.ref]),
        },
        {"text": standard.name, "note": standard.get_kind_display()},
        standard.range_text,
        standard.accuracy,
        standard.site.name,
        standard.responsible.name,
        badge,
        {"clock": {"day": clock.day, "remaining": clock.remaining, "tone": tone, "share": clock.share}}
        if standard.assessment_certificate
        else {"blank": True},
    ]


@door("GET", ref="equipment.MeasurementStandard.ref")
def standard_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One standard on a day: whether and for what it may be used, and everything that this rests on."""
    actor, at = actor_of(request), timezone.now()
    today = timezone.localdate(at)
    form = DayForm(request.GET)
    form.is_valid()
    day = form.cleaned_data.get("on") or today
    standard = get_object_or_404(seen_on(MeasurementStandard.objects.visible_to(actor), day), ref=ref)
    parts = parts_of(request, standard, day)
    against = list(rules.standing(standard, day))
    waiting = []
    if day == today and workflow.PUT_IN_USE.is_open(standard, actor):
        waiting = workflow.PUT_IN_USE.refusals(standard, actor=actor, at=at)
    changes = changes_of(request, standard)
    may = actor.may(Permission.EQUIPMENT_MANAGE) and standard.state != State.WITHDRAWN
    barred = against or [part for part in parts if part["against"]]
    context = {
        "standard": standard,
        "day": day,
        "is_today": day == today,
        "asked": request.GET.get("on", ""),
        "problems": form.errors,
        "badge": standing_that_day(standard, day, barred=bool(barred)),
        "against": against if standard.state_that_day == State.IN_USE or standard.state == State.HELD else [],
        "waiting": waiting,
        "facts": _facts(standard),
        "certificates": certificates_of(request, standard, day),
        "uses": uses_of(standard, day, barred),
        "parts": parts,
        "unusable": [part for part in parts if part["against"]],
        "items": items_of(request, standard),
        "people": people_of(request, standard, day),
        "papers": papers_of(request, standard, day, changed=any(change["must"] for change in changes)),
        "changes": changes,
        "events": events_of(request, standard),
        "acts": offers(standard, slug, actor),
        "amend_url": reverse("portal:register_amend", args=[slug, REGISTER, ref]) if may else "",
        "new_urls": _new_urls(slug, standard) if may else {},
        "cards": cards_of(request, standard, day),
        "history": history.timeline(standard),
    }
    return render(request, "equipment/standard.html", context, status=400 if form.errors else 200)


def _facts(standard: MeasurementStandard) -> list[dict[str, Any]]:
    return [
        {"label": _("种类"), "value": standard.get_kind_display()},
        {"label": _("专业领域"), "value": standard.field},
        {"label": _("测量范围"), "value": standard.range_text},
        {"label": _("不确定度或准确度等级"), "value": standard.accuracy},
        {"label": _("存放场所"), "value": standard.site.name},
        {"label": _("计量标准负责人"), "value": standard.responsible.name},
    ]


def _new_urls(slug: str, standard: MeasurementStandard) -> dict[str, str]:
    """Where one more of what belongs to the standard is registered."""
    registers = {"item": "standard-items", "paper": "standard-papers", "change": "standard-changes"}
    return {
        name: reverse("portal:register_new", args=[slug, register]) + f"?standard={standard.ref}"
        for name, register in registers.items()
    }
