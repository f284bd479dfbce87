"""Pages of corrections: the edition in force, its values, and every place that holds a copy of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Employment
from portal import history
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from ..models import CopyUpdate, CorrectionCopy, CorrectionSet, Equipment, Traceability
from . import corrections as workflow_corrections
from .forms import CopyForm


@door("GET", ref="equipment.Equipment.ref")
def corrections(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The corrections of a piece of equipment: editions, values, copies."""
    rows = Equipment.objects.visible_to(actor_of(request)).select_related("institution")
    return _corrections_page(request, get_object_or_404(rows, ref=ref))


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Traceability.ref")
def corrections_make(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The next edition of corrections, from a certificate."""
    actor = actor_of(request)
    rows = Traceability.objects.visible_to(actor).select_related("institution", "equipment__institution")
    trace = get_object_or_404(rows, ref=ref)
    try:
        edition = workflow_corrections.make(trace, actor=actor, at=timezone.now())
    except Refused as refused:
        return _corrections_page(request, trace.equipment, status=409, refusals=refused.refusals)
    messages.success(
        request,
        _("已生成第 %(edition)d 版修正值。请逐处更新并确认，全部确认之前设备不可用。") % {"edition": edition.edition},
    )
    return redirect("equipment:corrections", slug, trace.equipment.ref)


@door("POST", right=Permission.EQUIPMENT_CONFIRM, ref="equipment.CorrectionCopy.ref")
def copy_updated(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """A copy holds the edition that the form names."""
    actor, at = actor_of(request), timezone.now()
    copies = CorrectionCopy.objects.visible_to(actor).select_related("institution", "equipment__institution")
    copy = get_object_or_404(copies, ref=ref)
    editions = CorrectionSet.objects.visible_to(actor).filter(equipment=copy.equipment)
    edition = editions.filter(ref=request.POST.get("edition", "").replace("\x00", "")[:40]).first()
    form = CopyForm(request.POST, actor=actor, at=at, auto_id=f"{copy.ref}-%s")
    if edition is None:
        refusals = (Refusal("D-4.4.3.6", _("没有这一版修正值。请刷新页面再确认。")),)
        return _corrections_page(request, copy.equipment, status=409, refusals=refusals)
    if not form.is_valid():
        return _corrections_page(request, copy.equipment, status=422, forms={copy.pk: form})
    try:
        workflow_corrections.update_copy(copy, edition, **form.cleaned_data, actor=actor, at=at)
    except Refused as refused:
        return _corrections_page(request, copy.equipment, status=409, forms={copy.pk: form}, refusals=refused.refusals)
    messages.success(
        request, _("已确认“%(place)s”更新到第 %(edition)d 版。") % {"place": copy.place, "edition": edition.edition}
    )
    return redirect("equipment:corrections", slug, copy.equipment.ref)


def _corrections_page(
    request: HttpRequest, equipment: Equipment, *, status: int = 200, forms: dict[int, CopyForm] | None = None,
    refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    actor = actor_of(request)
    sets = (
        CorrectionSet.objects.visible_to(actor).filter(equipment=equipment).select_related("traceability__institution")
    )
    editions = list(sets.order_by("-edition"))
    newest = editions[0] if editions else None
    copies = _copies(request, equipment, newest, forms or {})
    context = {
        "equipment": equipment,
        "newest": newest,
        "editions": editions,
        "copies": copies,
        "open": sum(copy["done"] is None for copy in copies) if newest else 0,
        "refusals": refusals,
        "source": _source(request, equipment, newest),
        "copy_url": reverse("portal:register_new", args=[request.institution.slug, "correction-copies"])
        + f"?equipment={equipment.ref}"
        if actor.may(Permission.EQUIPMENT_MANAGE)
        else "",
        "history": history.timeline(*editions) if editions else [],
    }
    return render(request, "equipment/corrections.html", context, status=status)


def _copies(
    request: HttpRequest, equipment: Equipment, newest: CorrectionSet | None, forms: dict[int, CopyForm]
) -> list[dict[str, Any]]:
    """Every place with what it holds and, where it lags behind, the form that says it does not any more."""
    actor, at = actor_of(request), timezone.now()
    copies = CorrectionCopy.objects.visible_to(actor).filter(equipment=equipment, state=CorrectionCopy.State.CURRENT)
    updates: dict[int, CopyUpdate] = {}
    rows = CopyUpdate.objects.visible_to(actor).filter(copy__in=copies).select_related("edition", "updated_by")
    for update in rows.order_by("edition__edition"):
        updates[update.copy_id] = update
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    initial = {"updated_by": me and me.ref, "updated_on": timezone.localdate(at)}
    may = actor.may(Permission.EQUIPMENT_CONFIRM)
    found = []
    for copy in copies.select_related("keeper").order_by("place", "pk"):
        last = updates.get(copy.pk)
        done = last if last and newest and last.edition_id == newest.pk else None
        lagging = newest is not None and done is None and may
        form = forms.get(copy.pk)
        if lagging and form is None:
            form = CopyForm(actor=actor, at=at, initial=initial, auto_id=f"{copy.ref}-%s")
        found.append({"copy": copy, "last": last, "done": done, "form": form if lagging else None,
                      "url": reverse("equipment:copy_updated", args=[request.institution.slug, copy.ref])})  # fmt: skip
    return found


def _source(request: HttpRequest, equipment: Equipment, newest: CorrectionSet | None) -> Traceability | None:
    """The newest certificate with errors, where no corrections were made from it yet."""
    traces = Traceability.objects.visible_to(actor_of(request)).filter(equipment=equipment)
    traces = traces.filter(points__error__isnull=False).distinct().select_related("institution")
    last = traces.order_by("calibrated_on", "pk").last()
    if last is None or (
        newest and (newest.traceability.calibrated_on, newest.traceability_id) >= (last.calibrated_on, last.pk)
    ):
        return None
    return last
