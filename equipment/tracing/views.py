"""Pages of 溯源链 and 追溯清单: where values come from, and who was touched by them."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import exports
from portal.actors import actor_of
from portal.permissions import Permission, Role
from portal.routes import door

from ..forms import DayForm
from ..models import Equipment, MeasurementStandard
from ..traceability.forms import SpanForm
from .chain import chain_of
from .recall import COLUMNS, recall
from .uses import Tool

YEAR = timedelta(days=365)
SHOWN = 200


def _equipment(request: HttpRequest, ref: str) -> Equipment:
    rows = Equipment.objects.visible_to(actor_of(request)).select_related("institution")
    return get_object_or_404(rows, ref=ref)


def _standard(request: HttpRequest, ref: str) -> MeasurementStandard:
    rows = MeasurementStandard.objects.visible_to(actor_of(request)).select_related("institution")
    return get_object_or_404(rows, ref=ref)


# --- where its values come from


@door("GET", ref="equipment.Equipment.ref")
def equipment_chain(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The chain of the equipment as of a day (`?on=`, else today)."""
    return _chain_page(request, _equipment(request, ref), "equipment:list", _("设备台账"))


@door("GET", ref="equipment.MeasurementStandard.ref")
def standard_chain(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The chains of everything in the standard as of a day (`?on=`, else today)."""
    return _chain_page(request, _standard(request, ref), "equipment:standards", _("计量标准"))


def _chain_page(request: HttpRequest, row: Tool, back: str, back_title: str) -> HttpResponse:
    form = DayForm(request.GET)
    asked = form.cleaned_data.get("on") if form.is_valid() else None
    day = asked or timezone.localdate()
    root = chain_of(row, day)
    context = {
        "row": row,
        "back_url": reverse(back, args=[request.institution.slug]),
        "back_title": back_title,
        "form": form,
        "day": day,
        "root": root,
        "broken": list(root.broken()),
        "data": root.data,
    }
    return render(request, "equipment/chain.html", context, status=200 if form.is_valid() else 400)


# --- who was touched


@door("GET", limit="search", ref="equipment.Equipment.ref")
def equipment_recall(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Everything that was measured with the equipment in some time, by customer and certificate."""
    return _recall_page(request, _equipment(request, ref), "equipment")


@door("POST", right=Permission.EXPORT, limit="export", ref="equipment.Equipment.ref")
def equipment_recall_export(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    """The list as a file."""
    return _recall_file(request, _equipment(request, ref), "equipment")


@door("GET", limit="search", ref="equipment.MeasurementStandard.ref")
def standard_recall(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Everything that was measured with the standard in some time, by customer and certificate."""
    return _recall_page(request, _standard(request, ref), "standard")


@door("POST", right=Permission.EXPORT, limit="export", ref="equipment.MeasurementStandard.ref")
def standard_recall_export(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    """The list as a file."""
    return _recall_file(request, _standard(request, ref), "standard")


def _span(form: SpanForm) -> tuple[date, date]:
    """The days that are asked for; a year back from today where nothing is, or nothing that can be read."""
    today = timezone.localdate()
    values = form.cleaned_data if form.is_valid() else {}
    last = values.get("last") or today
    return values.get("first") or last - YEAR, last


def _recall_page(request: HttpRequest, row: Tool, kind: str) -> HttpResponse:
    form = SpanForm(request.GET)
    first, last = _span(form)
    found = recall(row, first, last, named=Role.REGULATOR not in actor_of(request).roles)
    waiting = sum(len(one.papers) for one in found.touched) - found.issued
    context = {
        "row": row,
        "kind": kind,
        "form": form if request.GET else SpanForm(initial={"first": first, "last": last}),
        "first": first,
        "last": last,
        "touched": found.touched[:SHOWN],
        "more": max(0, len(found.touched) - SHOWN),
        "figures": [
            (_("客户"), len(found.touched), _("家")),
            (_("已签发的证书"), found.issued, _("份")),
            (_("没有签发的"), waiting, _("份")),
        ],
        "uses": len(found.uses),
        "export": exports.offer(request, reverse(f"equipment:{kind}_recall_export", args=_args(request, row))),
    }
    return render(request, "equipment/recall.html", context, status=200 if form.is_valid() else 400)


def _args(request: HttpRequest, row: Tool) -> list[str]:
    return [request.institution.slug, row.ref]


def _recall_file(request: HttpRequest, row: Tool, kind: str) -> HttpResponseBase:
    first, last = _span(SpanForm(request.GET))
    query = request.GET.urlencode()
    back = reverse(f"equipment:{kind}_recall", args=_args(request, row))
    return exports.send(
        request, "recall.export", name=_("追溯清单 %(row)s") % {"row": row}, columns=COLUMNS,
        rows=recall(row, first, last).uses,
        narrowed_by={_("器具"): str(row), _("从"): str(first), _("到"): str(last)},
        back=f"{back}?{query}" if query else back,
    )  # fmt: skip
