"""Pages of raw records: the list, starting one, the data sheet, its history."""

import json

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.methods.currency import warning
from orders.models import Item
from portal import history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.templatetags.portal import badge
from portal.transitions import Refused

from . import presentation, readings, workflow
from .forms import ReasonForm, StartForm
from .models import Procedure, RawRecord, Reading

MOST_CELLS = 400


def asked(request: HttpRequest, *names: str) -> dict[str, str]:
    """What the address asks for under these names, short and without what no database takes."""
    return {name: request.GET.get(name, "").replace("\x00", "").strip()[:60] for name in names}


@door("GET", limit="search")
def record_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor = actor_of(request)
    rows = RawRecord.objects.visible_to(actor).select_related("item__customer", "operator", "procedure")
    wanted = asked(request, "q", "state", "mine")
    if wanted["q"]:
        rows = rows.matching(wanted["q"])
    if wanted["state"] in RawRecord.State:
        rows = rows.filter(state=wanted["state"])
    if wanted["mine"]:
        rows = rows.filter(operator_id=actor.employment_id)
    page = page_of(rows, "-pk", request=request)
    table = {
        "caption": _("原始记录"),
        "columns": [
            {"title": _("记录编号"), "day": True},
            {"title": _("器具")},
            {"title": _("客户")},
            {"title": _("检校日期"), "sort": "descending", "day": True},
            {"title": _("检定/校准员")},
            {"title": _("状态")},
        ],
        "rows": [
            [
                {"text": row.number, "url": reverse("certificates:record", args=[slug, row.ref])},
                {"text": f"{row.item.name} {row.item.model}", "note": row.item.serial_number},
                row.item.customer.name,
                f"{row.performed_on:%Y-%m-%d}",
                row.operator.name,
                {"text": row.get_state_display(), "badge": row.state},
            ]
            for row in page.rows
        ],
        "filters": [
            {"name": "q", "label": _("编号、器具、出厂编号"), "value": wanted["q"], "kind": "search"},
            {"name": "state", "label": _("状态"), "value": wanted["state"], "kind": "select",
             "choices": RawRecord.State.choices},
            {"name": "mine", "label": _("谁的"), "value": wanted["mine"], "kind": "select",
             "choices": [("1", _("我的记录"))]},
        ],
        "clear_url": request.path if any(wanted.values()) else "",
        "count": _("共 %(count)d 份") % {"count": rows.count()},
        **page.links(request),
        "empty": {
            "title": _("没有原始记录"),
            "text": _("从样品开始：在样品页选一件待检的样品，点“开始记录”。"),
            "url": reverse("orders:list", args=[slug]),
            "label": _("去样品页"),
        },
    }  # fmt: skip
    return render(
        request, "institutions/list.html", {"title": _("原始记录"), "hint": _("当时即记，提交后锁定"), "table": table}
    )


@door("GET", "POST", right=Permission.RECORD_WRITE, ref="orders.Item.ref")
def record_new(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    item = get_object_or_404(Item.objects.visible_to(actor).select_related("customer"), ref=ref)
    procedures = list(
        Procedure.objects.visible_to(actor)
        .filter(state=Procedure.State.APPROVED)
        .select_related("method")
        .order_by("code")
    )
    chosen = request.POST.get("procedure") or request.GET.get("procedure", "")
    procedure = next((row for row in procedures if row.ref == chosen), procedures[0] if procedures else None)
    if procedure is None:
        messages.error(request, _("还没有已批准的数据表。请技术负责人先批准一份。"))
        return redirect("certificates:procedures", slug)
    refusals: tuple = ()
    form = StartForm(
        request.POST or None, actor=actor, procedure=procedure, today=today, day=_day(request.POST, today),
        initial={"performed_on": today, **_last_time(actor)},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        chosen_rows = {name: form.cleaned_data[name] for name in ("standard", "environment_equipment", "site", "room")}
        try:
            record = workflow.start(
                item, procedure=procedure, performed_on=form.cleaned_data["performed_on"],
                late_reason=form.cleaned_data["late_reason"], device=form.device, points=form.points, **chosen_rows,
                actor=actor, at=timezone.now(),
            )  # fmt: skip
            return redirect(record)
        except Refused as refused:
            refusals = refused.refusals
    context = {
        "method_warning": warning(item.institution_id, procedure.method, _day(request.POST, today)),
        "item": item, "form": form, "procedure": procedure, "procedures": procedures, "refusals": refusals,
        "fields": [form[name] for name in form.fields if not name.startswith("device_") and name != "points"],
        "device_fields": [form[name] for name in form.fields if name.startswith("device_") or name == "points"],
    }  # fmt: skip
    status = 409 if refusals else 400 if form.errors else 200
    return render(request, "certificates/record_new.html", context, status=status)


def _day(posted, today):
    """The chosen day when it can be read, so that only what was valid then is offered; the form judges the rest."""
    try:
        return StartForm.base_fields["performed_on"].clean(posted.get("performed_on")) if posted else today
    except ValidationError:
        return today


def _last_time(actor) -> dict:
    """Place and standard as this person chose them last."""
    last = (
        RawRecord.objects.visible_to(actor)
        .filter(operator_id=actor.employment_id)
        .select_related("site", "standard", "environment_equipment")
        .order_by("-pk")
        .first()
    )
    if last is None:
        return {}
    return {
        "site": last.site.ref, "room": last.room, "standard": last.standard.ref,
        "environment_equipment": last.environment_equipment.ref,
    }  # fmt: skip


def _record(request: HttpRequest, ref: str) -> RawRecord:
    return get_object_or_404(RawRecord.objects.visible_to(actor_of(request)).for_work(), ref=ref)


@door("GET", ref="certificates.RawRecord.ref")
def record_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _sheet_page(request, _record(request, ref))


def _sheet_page(request, record, *, outcomes=(), refusals=(), status=200) -> HttpResponse:
    actor, dossier = actor_of(request), record.dossier
    certificate = record.certificates.exclude(state="abandoned").order_by("-pk").first()
    outcomes = {outcome.cell: outcome for outcome in outcomes}
    context = {
        "record": record,
        "certificate": certificate,
        "facts": presentation.item_facts(record),
        "standards": presentation.standards_used(dossier),
        "sheet": presentation.sheet(record, actor, outcomes.values()),
        "entries": _other_cells(dossier, outcomes),
        "refusals": refusals,
        "timeline": history.timeline(record, *filter(None, [certificate])),
    }
    return render(request, "certificates/record.html", context | _live(record, actor), status=status)


def _live(record: RawRecord, actor) -> dict:
    """What changes with every reading: the result so far, and what still stands against submitting."""
    draft = record.state == RawRecord.State.DRAFT
    return {
        "record": record,
        "live": presentation.live(record),
        "may_write": presentation.may_write(record, actor),
        "blocked": workflow.SUBMIT.refusals(record, actor=actor, at=timezone.now()) if draft else (),
    }


def _other_cells(dossier, outcomes) -> list[dict]:
    """Conditions and observations as form rows: what stands there, what stood there, what was refused."""
    rows = []
    for kind, part in (("condition", "conditions"), ("observation", "observations")):
        for entry in dossier.definition[part]:
            cell = f"{kind}:{entry['key']}"
            values, outcome = dossier.history.get(cell, []), outcomes.get(cell)
            problem = outcome if outcome and outcome.state in ("refused", "needs_reason") else None
            rows.append(
                {
                    "name": f"{kind[0]}-{entry['key']}",
                    "label": entry["label"],
                    "unit": entry.get("unit", ""),
                    "choices": entry.get("choices", ()),
                    "help": entry.get("help", ""),
                    "text": problem.text if problem else values[-1].text if values else "",
                    "was": values[-1].text if problem and values else values[-2].text if len(values) > 1 else "",
                    "message": problem.message if problem else "",
                    "needs_reason": bool(problem) and problem.state == "needs_reason",
                }
            )
    return rows


@door("POST", right=Permission.RECORD_WRITE, ref="certificates.RawRecord.ref")
def record_readings(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Values of the sheet, as JSON from the grid or as a plain form."""
    record = _record(request, ref)
    as_json = request.content_type == "application/json"
    try:
        entries = _entries_from_json(request.body) if as_json else _entries_from_form(record, request.POST)
    except ValueError as error:
        return JsonResponse({"message": str(error)}, status=400)
    try:
        outcomes = readings.enter(record, entries, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        if as_json:
            return JsonResponse({"message": " ".join(r.text for r in refused.refusals)}, status=409)
        return _sheet_page(request, record, refusals=refused.refusals, status=409)
    record = _record(request, ref)
    if as_json:
        return JsonResponse(_answer(request, record, outcomes))
    if any(outcome.state in ("refused", "needs_reason") for outcome in outcomes):
        return _sheet_page(request, record, outcomes=outcomes, status=400)
    saved = sum(outcome.state == "saved" for outcome in outcomes)
    messages.success(request, _("已保存 %(count)d 格。") % {"count": saved} if saved else _("没有改动。"))
    return redirect(record)


def _entries_from_json(body: bytes) -> list[readings.Entry]:
    unreadable = _("内容看不懂，没有保存。请刷新页面再试。")
    try:
        cells = json.loads(body)["cells"]
        entries = [
            readings.Entry(
                cell=f"reading:{int(cell['point'])}:{cell['key']}",
                text=str(cell["text"]),
                mode=Reading.Mode(cell.get("mode") or "typed"),
                reason=str(cell.get("reason") or ""),
                seen=cell.get("seen"),
            )
            for cell in cells
        ]
        everything = "".join(entry.cell + entry.text + entry.reason for entry in entries)
        everything.encode()  # half a surrogate pair is text for JSON and for nobody else
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(unreadable) from error
    if len(entries) > MOST_CELLS or "\x00" in everything or any(entry.cell.count(":") != 2 for entry in entries):
        raise ValueError(unreadable)
    return entries


def _entries_from_form(record: RawRecord, posted) -> list[readings.Entry]:
    """Fields r-<point>-<key>, c-<key>, o-<key>, each with an optional reason-… beside it."""
    entries = []
    for cell in sorted(readings.known_cells(record)):
        kind, _sep, rest = cell.partition(":")
        name = f"{kind[0]}-{rest.replace(':', '-')}"
        if name in posted:
            reason = posted.get(f"reason-{name}") or posted.get(f"reason-{rest.replace(':', '-')}", "")
            text = posted[name].replace("\x00", "")
            entries.append(readings.Entry(cell=cell, text=text, reason=reason.replace("\x00", "")))
    return entries


def _answer(request, record: RawRecord, outcomes) -> dict:
    """What the grid needs to show: each cell's fate, the live result, the derived columns."""
    actor, dossier = actor_of(request), record.dossier
    computed = dossier.sheet
    cells = []
    for outcome in outcomes:
        _kind, point, key = outcome.cell.split(":")
        state = "saved" if outcome.state == "unchanged" else outcome.state
        cells.append({"point": int(point), "key": key, "text": outcome.text, "state": state,
                      "message": outcome.message, "was": outcome.was})  # fmt: skip
    derived = [
        {"point": point.index, "key": entry["key"], "text": entry["text"]}
        for point in computed.points
        for entry in presentation.derived_texts(dossier.definition, point)
    ] + [
        {"point": point.index, "key": "verdict",
         "html": badge(**presentation.verdict(point.verdict, complete=point.complete))}
        for point in computed.points
    ]  # fmt: skip
    panel = render_to_string("certificates/_live.html", _live(record, actor), request=request)
    return {
        "cells": cells,
        "derived": derived,
        "panel": panel,
        "summary": f"{computed.filled} / {computed.total} 格",
        "saved_at": presentation.saved_at(dossier),
    }


@door("POST", right=Permission.RECORD_WRITE, ref="certificates.RawRecord.ref")
def record_submit(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What still stands unsaved on the page is saved, then the record is submitted, or again after a return."""
    record, actor, at = _record(request, ref), actor_of(request), timezone.now()
    try:
        if entries := _entries_from_form(record, request.POST):
            outcomes = readings.enter(record, entries, actor=actor, at=at)
            record = _record(request, ref)
            if any(outcome.state in ("refused", "needs_reason") for outcome in outcomes):
                return _sheet_page(request, record, outcomes=outcomes, status=400)
        returned = readings.returned_certificate(record)
        if returned:
            certificate = workflow.resubmit(returned, actor=actor, at=at)
        else:
            certificate = workflow.submit(record, actor=actor, at=at)
    except Refused as refused:
        return _sheet_page(request, _record(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, _("记录 %(number)s 已提交并锁定，等待核验。") % {"number": record.number})
    return redirect(certificate)


@door("POST", right=Permission.RECORD_WRITE, ref="certificates.RawRecord.ref")
def record_abandon(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    record, form = _record(request, ref), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        workflow.abandon_record(record, reason=reason, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _sheet_page(request, _record(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, _("记录 %(number)s 已放弃，内容仍可查看。") % {"number": record.number})
    return redirect(record)


@door("GET", ref="certificates.RawRecord.ref")
def record_history(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Every value ever entered, old beside new. Source: C-6.3.4-s1."""
    record = _record(request, ref)
    dossier = record.dossier
    rows = [
        {
            "name": presentation.cell_name(dossier, cell),
            "values": values,
            "changed": len(values) > 1,
        }
        for cell, values in dossier.history.items()
    ]
    context = {"record": record, "rows": rows, "corrections": len(dossier.corrections)}
    return render(request, "certificates/record_history.html", context)
