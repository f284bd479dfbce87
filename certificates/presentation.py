"""How a record and a certificate are shown: the context of their pages, computed from the dossier."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Context, Decimal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import decimals
from portal.actors import Actor

from . import readings
from .conformity import VERDICT_WORDS, Verdict
from .dossier import Dossier
from .models import Certificate, Procedure, RawRecord, Reading
from .uncertainty import SHAPE_NAMES, Shape

TONES = {
    Verdict.PASS: "ok", Verdict.FAIL: "bad", Verdict.CONDITIONAL_PASS: "due", Verdict.CONDITIONAL_FAIL: "due",
    Verdict.UNDETERMINED: "off", Verdict.NOT_STATED: "off",
}  # fmt: skip


def verdict(value: Verdict, *, complete: bool = True) -> dict[str, str]:
    """Tone and word of a verdict; an unfinished point that has not failed is still to be measured."""
    if not complete and value is not Verdict.FAIL:
        return {"tone": "off", "label": _("待测")}
    return {"tone": TONES[value], "label": VERDICT_WORDS[value][0]}


def sheet(record: RawRecord, actor: Actor, outcomes: Iterable[readings.Outcome] = ()) -> dict:
    """The data sheet as templates/components/datasheet.html shows it; refused entries keep what was typed."""
    dossier, slug = record.dossier, record.institution.slug
    definition, computed = dossier.definition, dossier.sheet
    refused = {outcome.cell: outcome for outcome in outcomes if outcome.state in ("refused", "needs_reason")}
    groups: list[dict] = []
    for entry in definition["readings"]:
        if groups and groups[-1]["label"] == entry.get("group", ""):
            groups[-1]["span"] += 1
        else:
            groups.append({"label": entry.get("group", ""), "span": 1})
    points = [
        {
            "index": point.index,
            "label": point.text,
            "unit": computed.unit,
            "cells": [_cell(dossier, point.index, entry, refused) for entry in definition["readings"]],
            "derived": derived_texts(definition, point),
            "verdict": verdict(point.verdict, complete=point.complete),
        }
        for point in computed.points
    ]
    return {
        "key": f"{record.ref}:{actor.user_id}",
        "title": _("示值数据"),
        "hint": definition.get("reading_step_text", "")
        and f"{definition['reading_step_text']}，即 {computed.step_text} {computed.unit}",
        "action": reverse("certificates:readings", args=[slug, record.ref]),
        "save_url": reverse("certificates:readings", args=[slug, record.ref]),
        "login_url": f"/login/?next={reverse('certificates:record', args=[slug, record.ref])}",
        "panel_id": "live",
        "editable": may_write(record, actor),
        "unit": computed.unit,
        "point_label": definition["points"]["label"],
        "groups": groups,
        "columns": [
            {"key": e["key"], "label": e["label"], "group": e.get("group", "")} for e in definition["readings"]
        ],
        "derived": [
            *({"key": e["key"], "label": e["label"], "unit": computed.unit} for e in definition["derived"]),
            {"key": "mpe", "label": _("最大允许误差"), "unit": computed.unit},
        ],
        "points": points,
        "filled": computed.filled,
        "total": computed.total,
        "saved_at": saved_at(dossier),
        "changes": [change(dossier, reading) for reading in reversed(dossier.corrections[-5:])],
        "history_url": reverse("certificates:history", args=[slug, record.ref]),
    }


def _cell(dossier: Dossier, point: int, entry: dict, refused: dict) -> dict:
    cell = f"reading:{point}:{entry['key']}"
    values = dossier.history.get(cell, [])
    problem = refused.get(cell)
    shown = problem.text if problem else values[-1].text if values else ""
    was = values[-1].text if problem and values else values[-2].text if len(values) > 1 else ""
    return {
        "key": entry["key"],
        "label": f"{entry.get('group', '')} {entry['label']}".strip(),
        "text": shown,
        "was": was,
        "state": problem.state if problem else "saved",
        "message": problem.message if problem else "",
    }


def derived_texts(definition: dict, point) -> list[dict]:
    """The computed columns of one point: its quantities and the maximum permissible error."""
    return [
        {
            "key": entry["key"],
            "label": entry["label"],
            "text": point.derived[entry["key"]].text or "—",
            "strong": entry["key"] == "error",
        }
        for entry in definition["derived"]
    ] + [{"key": "mpe", "label": _("允许误差"), "text": point.mpe_text or "—", "limit": True}]


def may_write(record: RawRecord, actor: Actor) -> bool:
    """Whether this person may enter values into the record now."""
    return actor.employment_id == record.operator_id and readings.is_open(record)


def saved_at(dossier: Dossier) -> str:
    last = max((values[-1].recorded_at for values in dossier.history.values()), default=None)
    return clock(last) if last else ""


def clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M:%S}"


def cell_name(dossier: Dossier, cell: str) -> str:
    """A cell in words: "0.8 MPa 升压示值 轻敲前", "温度"."""
    definition = dossier.definition
    kind, _sep, rest = cell.partition(":")
    if kind == "reading":
        point, _sep, key = rest.partition(":")
        entry = next(e for e in definition["readings"] if e["key"] == key)
        place = f"{dossier.record.points[int(point)]} {definition['unit']}"
        return f"{place} {entry.get('group', '')} {entry['label']}".replace("  ", " ")
    part = definition["conditions" if kind == "condition" else "observations"]
    return next(entry["label"] for entry in part if entry["key"] == rest)


def change(dossier: Dossier, reading: Reading) -> dict[str, str]:
    """One correction: where, what stood there, what stands there now, who, when, why. Source: C-6.3.4."""
    before = next(r for r in dossier.history[reading.cell] if r.pk == reading.replaces_id)
    return {
        "where": cell_name(dossier, reading.cell),
        "was": before.text,
        "now": reading.text,
        "who": reading.recorded_by.name,
        "at": f"{timezone.localtime(reading.recorded_at):%Y-%m-%d %H:%M:%S}",
        "reason": reading.reason,
    }


def live(record: RawRecord) -> dict:
    """The live result beside the sheet: the worst error, U, the chart, the further items, the conclusion so far."""
    computed = record.dossier.sheet
    worst = computed.worst
    return {
        "record": record,
        "sheet": computed,
        "unit": computed.unit,
        "worst": worst,
        "worst_text": worst.derived["error"].text if worst and "error" in worst.derived else "",
        "state": verdict(computed.verdict, complete=computed.complete),
        "chart": [
            {
                "label": point.text, "error": point.error, "U": point.U, "mpe": point.mpe,
                "pending": not point.complete,
            }
            for point in computed.points
        ],
        "checks": [
            {
                "title": check.title, "result": check.result or "—", "limit": check.limit,
                **verdict(check.verdict, complete=bool(check.result)),
            }
            for check in computed.checks
        ],
        "conditions": [
            {"label": c.label, "text": c.text or "—", "unit": c.unit, "required": c.required_text,
             "tone": "off" if c.met is None else "ok" if c.met else "bad"}
            for c in computed.conditions
        ],
        "warnings": [p.sentence for p in computed.problems if p.point_index is None],
        "budget": [
            {
                "label": line.label, "u": _significant(line.u), "sensitivity": _significant(line.sensitivity),
                "contribution": _significant(line.contribution), "shape": line.distribution_zh,
            }
            for line in (computed.budget.contributions if computed.budget else ())
        ],
    }  # fmt: skip


def _significant(value: Decimal) -> str:
    """A figure of the budget with three significant digits, for looking at; nothing is computed from it."""
    return decimals.plain(Context(prec=3).plus(value))


def standards_used(dossier: Dossier) -> list[dict]:
    """What it is measured with, judged on the day of measurement."""
    slug = dossier.record.institution.slug
    standard, day = dossier.standard, dossier.day
    rows = [
        {
            "name": standard.name,
            "number": standard.code,
            "url": reverse("equipment:standard", args=[slug, standard.ref]),
            "accuracy": standard.accuracy,
            "certificate": standard.assessment_certificate,
            "certificate_url": f"{reverse('equipment:standard_chain', args=[slug, standard.ref])}?on={day}",
            "until": standard.assessed_until,
            **_on_day(not dossier.against_standard, standard.assessed_until, day),
        }
    ]
    for equipment, trace in dossier.used:
        shown = trace or equipment.latest_traceability
        usable = not dossier.against_equipment[equipment.pk]
        rows.append(
            {
                "name": equipment.name,
                "number": equipment.asset_number,
                "url": reverse("equipment:detail", args=[slug, equipment.ref]),
                "accuracy": equipment.accuracy,
                "certificate": shown.certificate_number if shown else "",
                "certificate_url": reverse("equipment:traceability", args=[slug, shown.ref]) if shown else "",
                "until": shown.valid_until if shown else None,
                **_on_day(usable, trace.valid_until if trace else None, day),
            }
        )
    return rows


def _on_day(usable: bool, until: date | None, day: date) -> dict[str, str]:
    if not usable:
        return {"tone": "bad", "state": _("检校当日不可用")}
    if until is not None and (until - day).days <= 30:
        return {"tone": "due", "state": _("有效 剩 %(days)d 天") % {"days": (until - day).days}}
    return {"tone": "ok", "state": _("有效")}


def item_facts(record: RawRecord) -> list[dict]:
    """The instrument and what is done with it, as a grid of facts."""
    item, method = record.item, record.procedure.method
    definition = record.procedure.definition
    device = [
        {"label": entry["label"], "value": f"{record.device.get(entry['key']) or entry.get('default', '')} "
         f"{entry.get('unit', '')}".strip()}
        for entry in definition["device"]
    ]  # fmt: skip
    return [
        {"label": _("客户"), "value": item.customer.name},
        {"label": _("器具"), "value": f"{item.name} {item.model}"},
        {"label": _("出厂编号"), "value": item.serial_number},
        {"label": _("制造单位"), "value": item.manufacturer},
        *device,
        {"label": _("依据"), "value": method.code,
         "note": _("现行") if method.in_force_on(record.performed_on) else _("检校日不是现行版本"),
         "tone": "" if method.in_force_on(record.performed_on) else "bad"},
        {"label": _("类别"), "value": item.get_activity_display()},
        {"label": _("检校日期"), "value": f"{record.performed_on:%Y-%m-%d}"},
        {"label": _("地点"), "value": f"{record.site.name} {record.room}"},
    ]  # fmt: skip


CERTIFICATE_TONES = {
    Certificate.State.DRAFT: "to_check", Certificate.State.RETURNED: "returned", Certificate.State.CHECKED: "to_approve",
    Certificate.State.APPROVED: "progress", Certificate.State.ISSUED: "issued", Certificate.State.VOID: "void",
    Certificate.State.ABANDONED: "off",
}  # fmt: skip


def limits_of(procedure: Procedure) -> list[dict]:
    """The maximum permissible errors of a data sheet as its page lists them, grades from fine to coarse."""
    return [
        {
            "when": entry.get("when", ""),
            "value": entry.get("value", ""),
            "times": entry.get("times", ""),
            "grades": sorted(entry.get("table", {}).items(), key=lambda row: (Decimal(row[1]), row[0])),
        }
        for entry in procedure.definition.get("mpe", ())
    ]


def inputs_of(procedure: Procedure) -> list[dict]:
    """The inputs of a data sheet's uncertainty budget as its page lists them: formula, and what kind of value it is."""
    rows = []
    for entry in procedure.definition["uncertainty"]["inputs"]:
        for each in entry.get("larger_of", [entry]):
            known, kind = {**entry, **each}, ""
            if "U" in known:
                formula = f"U = {known['U']}, k = {known['k']}"
            elif "half_width" in known:
                formula = f"± {known['half_width']}"
                kind = _("%(shape)s分布") % {"shape": SHAPE_NAMES[Shape(known.get("distribution", "rectangular"))]}
            elif "readings" in known:
                formula, kind = ", ".join(known["readings"]), _("A 类评定")
            else:
                formula = f"u = {known['u']}"
            rows.append({"label": known.get("label", entry["name"]), "formula": formula, "kind": kind})
    return rows
