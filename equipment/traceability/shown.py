"""A certificate, its points and its confirmations as pages and cards show them."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from .. import due
from ..checking.readings import figure
from ..models import Confirmation, CorrectionSet, Equipment, Traceability
from . import confirming

TONES = {
    Confirmation.Conclusion.FIT: "ok",
    Confirmation.Conclusion.CORRECTED: "ok",
    Confirmation.Conclusion.RESTRICTED: "due",
    Confirmation.Conclusion.UNFIT: "bad",
}

# Whose certificate needs no number of an authorisation or accreditation beside it.
Chain = Traceability.Chain
UNQUALIFIED = frozenset({Chain.NMI, Chain.CERTIFIED_MATERIAL, Chain.OWN_STANDARD})


def standing(trace: Traceability, day: date) -> tuple[str, str]:
    """Tone and word of a certificate on a day."""
    confirmation = trace.confirmation_on(day)
    if confirmation is None:
        return "due", _("未计量确认")
    if confirmation.conclusion == Confirmation.Conclusion.UNFIT:
        return "bad", confirmation.get_conclusion_display()
    if trace.valid_until < day:
        return "off", _("已过有效期")
    return TONES[confirmation.conclusion], confirmation.get_conclusion_display()


def certificate(trace: Traceability, day: date) -> dict[str, Any]:
    """What the page of a certificate shows of it: head, facts, points, confirmations."""
    tone, word = standing(trace, day)
    points = list(trace.points.order_by("pk"))
    newest = trace.confirmation_on(day)
    requirement = newest.requirement if newest else Confirmation.Requirement.MPE
    rows = confirming.judged(points, requirement, newest.permitted if newest else None)
    clock = due.clock(trace.calibrated_on, trace.valid_until, day)
    return {
        "tone": tone,
        "word": word,
        "clock": clock,
        "facts": _facts(trace),
        "points": [_point(row) for row in rows],
        "charts": _charts(rows),
        "finding": confirming.finding(rows),
        "confirmations": [
            {"row": row, "tone": TONES[row.conclusion], "permitted": figure(row.permitted) if row.permitted is not None else ""}
            for row in sorted(trace.confirmations.all(), key=lambda row: (row.confirmed_on, row.pk), reverse=True)
        ],
    }  # fmt: skip


def _facts(trace: Traceability) -> list[dict[str, Any]]:
    own = trace.own_standard
    whole = f"{trace.expanded_uncertainty} {trace.uncertainty_unit}, k = {trace.coverage_factor}"
    qualified = trace.issuer_qualification or ("" if trace.chain in UNQUALIFIED else _("没有登记资质编号"))
    printed = _("印在证书上") if trace.validity_printed else _("按本机构周期推算")
    return [
        {"label": _("溯源方式"), "value": trace.get_kind_display()},
        {"label": _("溯源机构"), "value": trace.issuer, "note": qualified},
        {"label": _("检定/校准日期"), "value": f"{trace.calibrated_on:%Y-%m-%d}"},
        {"label": _("有效期至"), "value": f"{trace.valid_until:%Y-%m-%d}", "note": printed},
        {"label": _("量值溯源到"), "value": trace.get_chain_display()},
        {"label": _("证书上的计量标准"), "value": trace.reference_standard or "—"},
        *([{"label": _("本机构的计量标准"), "value": str(own), "url": own.get_absolute_url()}] if own else []),
        {"label": _("扩展不确定度"), "value": f"U = {whole}" if trace.expanded_uncertainty else "—"},
        *([{"label": _("DCC 标识"), "value": trace.dcc_identifier}] if trace.dcc_identifier else []),
    ]  # fmt: skip


def _point(row: confirming.Judged) -> dict[str, Any]:
    point = row.point
    return {
        "quantity": point.quantity,
        "unit": point.unit,
        "nominal": figure(point.nominal),
        "value": figure(point.value),
        "error": figure(point.error, sign=True),
        "u": figure(point.uncertainty),
        "k": figure(point.coverage_factor),
        "permitted": f"±{figure(row.limit)}" if row.limit is not None else "—",
        "far": figure(row.far),
        "tone": row.tone,
        "word": row.word,
    }


def _charts(rows: list[confirming.Judged]) -> list[dict[str, Any]]:
    """One picture for each quantity and unit whose points have an error and a limit."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        if row.point.error is not None and row.limit is not None and row.limit > 0:
            marks = {
                "label": figure(row.point.nominal),
                "error": figure(row.point.error),
                "U": figure(row.point.uncertainty) if row.point.uncertainty is not None else "",
                "mpe": figure(row.limit),
            }
            groups.setdefault((row.point.quantity, row.point.unit), []).append(marks)
    return [
        {"title": quantity, "unit": unit, "points": marks}
        for (quantity, unit), marks in groups.items()
        if len(marks) <= 25
    ]


def edition_of(trace: Traceability) -> CorrectionSet | None:
    """The corrections that were made from this certificate."""
    return CorrectionSet.objects.filter(institution_id=trace.institution_id, traceability=trace).last()


def list_of(equipment: Equipment, traces: list[Traceability], day: date) -> list[dict[str, Any]]:
    """The certificates of a piece of equipment, the newest first, as its card shows them."""
    current = equipment.traced_on(day)
    again = {(trace.issuer, trace.certificate_number): trace.pk for trace in sorted(traces, key=lambda one: one.pk)}
    rows = []
    for place, trace in enumerate(traces):
        tone, word = standing(trace, day)
        replaced = again[trace.issuer, trace.certificate_number] != trace.pk
        rows.append(
            {
                "trace": trace,
                "url": trace.get_absolute_url(),
                "clock": due.clock(trace.calibrated_on, trace.valid_until, day) if place == 0 or trace == current else None,
                "is_current": trace == current,
                "file": trace.file or trace.dcc,
                "tone": "off" if replaced else tone,
                "word": _("已重新登记") if replaced else word,
            }
        )  # fmt: skip
    return rows
