"""Pages of equipment: the register, one piece, its photo."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Employment, Site
from portal import documents, exports, ticking
from portal.actors import Actor, actor_of
from portal.models import Document
from portal.paging import counted, counted_each, page_of
from portal.permissions import Permission
from portal.registers import REGISTERS
from portal.registers.views import acts_of
from portal.routes import door

from . import due
from .detail import detail_page
from .forms import RegisterFilter
from .listing import equipment_of, filters, of_register, standing
from .models import Equipment
from .seen import papers_of, photo_among
from .usability import reasons_of

# By what the list can be ordered: the fields, and the words for it.
ORDERS = {
    "": (("turn", "due_on"), gettext_lazy("共 %(count)s 台，停用隔离的在前，再按溯源有效期先后")),
    "number": (("asset_number",), gettext_lazy("共 %(count)s 台，按管理编号")),
    "due": (("due_on",), gettext_lazy("共 %(count)s 台，按溯源有效期先后")),
}


@door("GET", limit="search")
def equipment_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The register: what asks for something first, or by number, or by how long its traceability still lasts."""
    actor, today = actor_of(request), timezone.localdate()
    everything = Equipment.objects.visible_to(actor)
    form = RegisterFilter(request.GET, actor=actor)
    form.is_valid()
    rows, only = ticking.narrowed(request, of_register(form, everything, today))
    sort = request.GET.get("sort", "")
    order, told = ORDERS.get(sort, ORDERS[""])
    shown = rows.select_related("institution", "site", "room", "keeper").defer("words")
    page = page_of(shown, *order, "pk", request=request)
    summary = _register_summary(actor, everything, today)
    may = actor.may(Permission.EQUIPMENT_MANAGE)
    new_url = reverse("portal:register_new", args=[slug, "equipment"]) if may else ""
    context = {
        "summary": summary,
        "new_url": new_url,
        "import_url": reverse("portal:register_import", args=[slug, "equipment"]) if may else "",
        "export": exports.offer(request, reverse("portal:register_export", args=[slug, "equipment"])),
        "tabs": _register_tabs(request, summary),
        "problems": form.errors,
        "table": {
            "caption": _("设备台账"),
            "dense": True,
            "filters": [*filters(form), *only],
            "clear_url": request.path if only or any(form.cleaned_data.values()) else "",
            "columns": _columns(request, sort),
            "rows": _rows(request, page.rows, today),
            "count": told % {"count": counted(rows) if only or any(form.cleaned_data.values()) else summary["all"]},
            "empty": _nothing(request, summary, new_url),
            "ticks": ticking.bar(request, _acts(request), [row.ref for row in page.rows], counted(rows)),
            **page.links(request),
        },
    }
    return render(request, "equipment/list.html", context, status=400 if form.errors else 200)


def _acts(request: HttpRequest) -> list[ticking.Act]:
    """What this actor can do with many pieces of equipment at once."""
    acts = acts_of(request, REGISTERS["equipment"])
    if actor_of(request).may(Permission.EQUIPMENT_MANAGE):
        url = reverse("equipment:label_new", args=[request.institution.slug])
        acts.insert(0, ticking.Act(_("打印标识或器具码"), url, "printer"))
    return acts


def _columns(request: HttpRequest, sort: str) -> list[dict[str, Any]]:
    """The heads of the list; two of them sort it, and a second time put it back as it was."""
    query = request.GET.copy()
    for name in ("sort", "after", "before"):
        query.pop(name, None)
    plain = f"?{query.urlencode()}"
    urls = {
        name: plain if sort == name else f"?{query.urlencode()}&sort={name}".replace("?&", "?")
        for name in ("number", "due")
    }
    return [
        {
            "title": _("管理编号"),
            "day": True,
            "url": urls["number"],
            "sort": "ascending" if sort == "number" else "",
        },
        {"title": _("名称")},
        {"title": _("测量范围")},
        {"title": _("准确度")},
        {"title": _("用途")},
        {"title": _("地点")},
        {"title": _("状态")},
        {"title": _("溯源有效期"), "url": urls["due"], "sort": "ascending" if sort == "due" else ""},
        {"title": _("保管人")},
    ]


def _register_summary(actor: Actor, everything: QuerySet, today: date) -> dict[str, str]:
    """How many rows each saved view holds, and in how many sites there are any, in words. One query."""
    state = Equipment.State
    in_use = everything.filter(state=state.IN_USE)
    return counted_each(
        all=everything.exclude(state=state.WITHDRAWN),
        soon=in_use.due(today, "soon"),
        expired=in_use.due(today, "expired"),
        new=everything.filter(state=state.NEW).exclude(role=Equipment.Role.CUSTOMER),
        quarantined=everything.filter(state=state.QUARANTINED),
        sites=Site.objects.visible_to(actor).filter(Exists(everything.filter(site=OuterRef("pk")))),
    )


def _register_tabs(request: HttpRequest, summary: dict[str, str]) -> list[dict[str, Any]]:
    """The views that everybody needs, as ready-made filters."""
    views = [
        (_("全部"), "", "all"),
        (_("60 天内到期与失效"), "?state=in_use&due=soon", "soon"),
        (_("已失效"), "?state=in_use&due=expired", "expired"),
        (_("待投用"), "?state=new", "new"),
        (_("停用隔离"), "?state=quarantined", "quarantined"),
    ]
    actor = actor_of(request)
    if actor.employment_id is not None:
        me = Employment.objects.visible_to(actor).get(pk=actor.employment_id)
        views.append((_("我保管的"), f"?keeper={me.ref}", ""))
    asked = {name: value for name, value in request.GET.items() if value and name not in ("after", "before", "sort")}
    return [
        {
            "title": title,
            "url": request.path + query,
            "count": summary.get(name, ""),
            "current": QueryDict(query.lstrip("?")).dict() == asked,
        }
        for title, query, name in views
    ]


def _nothing(request: HttpRequest, summary: dict[str, str], new_url: str) -> dict[str, str]:
    """What an empty register says: how to see more, or what the first step is."""
    if summary["all"] != "0":
        return {
            "title": _("没有符合条件的设备"),
            "text": _("换一个条件，或清除筛选看全部设备。"),
            "url": request.path,
            "label": _("看全部"),
        }
    return {
        "title": _("台账里还没有设备"),
        "text": _("先登记计量标准器、配套设备和环境监测设备，再登记它们的溯源证书。已有台账的，用“导入”一次带进来。"),
        "url": new_url,
        "label": _("登记设备"),
    }


def _rows(request: HttpRequest, rows: list[Equipment], today: date) -> list[list[Any]]:
    """The lines of the list. One query for what stands against their use."""
    in_use = [row for row in rows if row.state == Equipment.State.IN_USE]
    reasons = reasons_of(in_use, today)
    return [_row(request, row, bool(reasons.get(row.pk)), today) for row in rows]


def _row(request: HttpRequest, equipment: Equipment, stopped: bool, today: date) -> list[Any]:
    clock = due.clock(equipment.traced_from, equipment.traced_until, today)
    in_use = equipment.state == Equipment.State.IN_USE
    plate = " · ".join(filter(None, (equipment.model, equipment.serial_number)))
    return [
        {
            "text": equipment.asset_number,
            "url": reverse("equipment:detail", args=[request.institution.slug, equipment.ref]),
        },
        {"text": equipment.name, "note": plate},
        equipment.range_text,
        equipment.accuracy,
        equipment.get_role_display(),
        {"text": equipment.site.name, "note": equipment.room.name if equipment.room else ""},
        _state(equipment, clock, stopped) if in_use else standing(equipment, today),
        _last(equipment, clock, "off" if not in_use else clock.tone),
        equipment.keeper.name if equipment.keeper else "",
    ]


def _state(equipment: Equipment, clock: due.Clock, stopped: bool) -> dict[str, str]:
    """What may be said of equipment in use: that it is not to be used, or how its traceability stands."""
    if stopped and clock.tone != "bad":
        return {"badge": "bad", "text": _("停用")}
    if not stopped and not equipment.traced:
        return {"badge": "ok", "text": _("正常")}
    return {"badge": clock.tone, "text": clock.word}


def _last(equipment: Equipment, clock: due.Clock, tone: str) -> Any:
    """The clock of its traceability; of what needs none, a dash."""
    if not equipment.traced and equipment.traced_until is None:
        return ""
    return {"clock": {"day": clock.day, "remaining": clock.remaining, "tone": tone, "share": clock.share}}


# --- one piece of equipment


@door("GET", ref="equipment.Equipment.ref")
def equipment_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What it is, whether it may be used today and why not, and everything that happened to it."""
    return detail_page(request, equipment_of(request, ref))


@door("GET", ref="equipment.Equipment.ref")
def equipment_photo(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Its newest photo, as an image."""
    photo = photo_among(papers_of(request, equipment_of(request, ref)))
    if photo is None:
        raise Http404(ref)
    file: Document = photo.file
    return documents.attachment(
        file.stored_as, sha256=file.sha256, name=file.name, content_type=file.content_type, inline=True
    )
