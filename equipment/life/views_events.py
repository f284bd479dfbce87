"""履历 of a piece of equipment: all its events, and the form that writes one down."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import documents
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from ..listing import equipment_of
from ..models import Equipment, EquipmentEvent
from .forms import EventForm, first_values
from .noting import KINDS, NOTED, note, right_for

Kind = EquipmentEvent.Kind

ABOUT = {
    Kind.MAINTENANCE: gettext_lazy("清洁、润滑、充电、换耗材等日常维护"),
    Kind.STORAGE_CHECK: gettext_lazy("存放环境、包装和外观是否完好"),
    Kind.LABEL_CHECK: gettext_lazy("状态标识、器具码和铅封是否完好、与状态一致"),
    Kind.PROTECTION_CHECK: gettext_lazy("铅封、口令或锁定文件是否防住了误调整"),
    Kind.OTHER: gettext_lazy("别的值得记下来的事"),
    Kind.MOVE: gettext_lazy("换场所、房间或保管人"),
    Kind.REPLACEMENT: gettext_lazy("更换不影响示值的部件或附件"),
    Kind.REPAIR: gettext_lazy("修好之后登记；要重新溯源、确认，才能再用"),
    Kind.ADJUSTMENT: gettext_lazy("调整示值；要重新溯源、确认，才能再用"),
    Kind.SEAL: gettext_lazy("铅封损坏、拆封或重封；要重新溯源、确认，才能再用"),
    Kind.SOFTWARE: gettext_lazy("升级或更换软件，登记新版本和确认结果"),
    Kind.ACCEPTANCE: gettext_lazy("到货验收的日期、结果和记录"),
    Kind.PURCHASE: gettext_lazy("购置的日期和来源"),
}


@door("GET", ref="equipment.Equipment.ref")
def equipment_events(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Everything that happened to the equipment, the newest first, with the files."""
    equipment, actor = equipment_of(request, ref), actor_of(request)
    rows = EquipmentEvent.objects.visible_to(actor).filter(equipment=equipment)
    page = page_of(rows.select_related("done_by", "approved_by", "file"), "-happened_on", "-pk", request=request)
    context = {
        "equipment": equipment,
        "events": page.rows,
        "new_url": _new_url(request, equipment) if _may_note(request, equipment) else "",
        **page.links(request),
    }
    return render(request, "equipment/events.html", context)


def _may_note(request: HttpRequest, equipment: Equipment) -> bool:
    return equipment.state in NOTED and actor_of(request).may(Permission.EQUIPMENT_CONFIRM)


def _new_url(request: HttpRequest, equipment: Equipment) -> str:
    return reverse("equipment:event_new", args=[request.institution.slug, equipment.ref])


@door("GET", "POST", right=Permission.EQUIPMENT_CONFIRM, limit="upload", ref="equipment.Equipment.ref")
def event_new(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """First what happened, then the form for it; what was typed stays when it is refused."""
    equipment, actor, at = equipment_of(request, ref), actor_of(request), timezone.now()
    if equipment.state not in NOTED:
        messages.error(request, _("%(name)s 已报废或作废，不再登记事项。") % {"name": equipment})
        return redirect(equipment)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        return _choose_page(request, equipment)
    if not actor.may(right_for(kind)):
        raise PermissionDenied
    scope = {"equipment": equipment, "kind": kind, "actor": actor, "day": timezone.localdate(at)}
    if request.method == "GET":
        form = EventForm(initial=first_values(equipment, actor, timezone.localdate(at)), **scope)
        return _form_page(request, equipment, kind, form)
    form = EventForm(request.POST, request.FILES, **scope)
    if not form.is_valid():
        return _form_page(request, equipment, kind, form, status=422)
    try:
        event = note(equipment, kind, form.facts(), form.cleaned_data["file"], actor=actor, at=at)
    except Refused as refused:
        return _form_page(request, equipment, kind, form, status=409, refusals=refused.refusals)
    told = _("已登记%(kind)s。") % {"kind": event.get_kind_display()}
    if event.state_after:
        told += _("现在是“待投用”：请重新送检，登记证书和计量确认，验证后再投入使用。")
    messages.success(request, told)
    return redirect(equipment)


def _choose_page(request: HttpRequest, equipment: Equipment) -> HttpResponse:
    actor, url = actor_of(request), _new_url(request, equipment)
    kinds = [
        {"title": kind.label, "about": ABOUT[kind], "url": f"{url}?kind={kind}"}
        for kind in KINDS
        if actor.may(right_for(kind))
    ]
    return render(request, "equipment/event_choose.html", {"equipment": equipment, "kinds": kinds})


def _form_page(
    request: HttpRequest, equipment: Equipment, kind: str, form: EventForm, *, status: int = 200,
    refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "equipment": equipment,
        "title": Kind(kind).label,
        "about": ABOUT[Kind(kind)],
        "opens": kind in EquipmentEvent.BREAKS_TRACEABILITY and equipment.traced,
        "form": form,
        "refusals": refusals,
        "back": _new_url(request, equipment),
        "largest": documents.EVIDENCE.largest,
    }
    return render(request, "equipment/event_new.html", context, status=status)
