"""What an institution of the demonstration measures with, and where it was sent to be measured itself."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from equipment.life import workflow as equipment
from equipment.models import Equipment, MeasurementStandard, StandardPaper, StandardPart, Traceability
from equipment.standards import parts
from equipment.standards import workflow as standards
from equipment.traceability import workflow as tracing
from institutions.models import Room, Site
from portal.registers import REGISTERS, verbs

from . import registers
from .laboratory import Laboratory, instant

# Bought, entered in the portal and put in use, in days from today: before anything was measured in it.
BOUGHT, ENTERED = -1900, -300
YEARS_OF_TRACES = 4
# A certificate holds a year; the next one comes before it has run out.
PERIOD, RHYTHM = timedelta(days=364), timedelta(days=355)
# What is measured in a unit.
QUANTITIES = {
    "MPa": "压力", "kPa": "压力", "℃": "温度", "g": "质量", "kg": "质量", "mm": "长度", "V": "直流电压", "Ω": "直流电阻",
    "s": "时间",
}  # fmt: skip
KINDS = {Equipment.Role.REFERENCE_MATERIAL: Traceability.Kind.REFERENCE_MATERIAL}


def equip(lab: Laboratory) -> None:
    """Every piece of equipment with its certificates of some years, and the measurement standards made of them."""
    for row in lab.plan["equipment"]:
        lab.equipment[row["asset"]] = _buy(lab, row)
    for row in lab.plan["standards"]:
        lab.standards[row["code"]] = _build(lab, row)


def _buy(lab: Laboratory, row: dict[str, Any]) -> Equipment:
    """The piece was entered, with the certificates it had; put in use; and sent away again each year."""
    actor, entered = lab.actor("metrology"), instant(lab.day(ENTERED), 9)
    site = lab.sites[row.get("site", 0)]
    values = {
        "role": row["role"], "asset_number": row["asset"], "name": row["name"], "model": row["model"],
        "serial_number": row.get("serial", ""), "manufacturer": row["maker"], "site": site, "range_text": row["range"],
        "range_low": _figure(row, "low"), "range_high": _figure(row, "high"), "unit": row.get("unit", ""),
        "accuracy": row["accuracy"], "acquired_on": lab.day(row.get("bought", BOUGHT)), "room": _room(lab, site),
        "keeper": lab.employments[f"{lab.prefix}-{row.get('keeper', 'metrology')}"], "traced": row["role"] not in Equipment.UNTRACED,
        "protection_mode": row.get("protection", Equipment.Protection.SEAL),
    }  # fmt: skip
    values |= registers.columns(lab, Equipment, row.get("more", {}))
    piece = verbs.record(REGISTERS["equipment"], values, actor=actor, at=entered)
    last = entered
    for calibrated, until in _days(lab, row):
        at = min(max(entered, instant(calibrated + timedelta(4), 15)), lab.now)
        if at > entered:
            piece = _use(lab, piece, row, at=max(entered, last))
        _trace(lab, piece, row, calibrated, until, at=at)
        last = at
    piece = _use(lab, piece, row, at=last)
    return piece


def _use(lab: Laboratory, piece: Equipment, row: dict[str, Any], *, at: datetime) -> Equipment:
    """The piece is in use, when it may be and was not yet."""
    if piece.state != Equipment.State.NEW or row.get("unused") or (piece.traced and not piece.traceabilities.exists()):
        return piece
    reason = lab.says("溯源证书已计量确认，通电核查正常，投入使用")
    return equipment.return_to_use(piece, reason, actor=lab.actor("metrology"), at=at)


def _room(lab: Laboratory, site: Site) -> Room | None:
    """The first room of the site."""
    return Room.objects.filter(institution=lab.institution, site=site).order_by("pk").first()


def _figure(row: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(row[name]) if name in row else None


def _days(lab: Laboratory, row: dict[str, Any]) -> list[tuple[date, date]]:
    """When it was calibrated and until when that holds, the earliest first."""
    if "until" not in row:
        return []
    ends = [
        lab.day(row["until"]) - age * RHYTHM
        for age in reversed(range(row.get("years", YEARS_OF_TRACES if "U" in row else 2)))
    ]
    return [(end - PERIOD, end) for end in ends]


def _trace(
    lab: Laboratory, piece: Equipment, row: dict[str, Any], calibrated: date, until: date, *, at: datetime
) -> None:
    """The certificate with its points, confirmed on the day on which the piece came back with it."""
    values = {
        "kind": KINDS.get(Equipment.Role(piece.role), Traceability.Kind.CALIBRATION),
        "certificate_number": lab.says(f"SL{calibrated:%y%m}-{row['asset'].replace('-', '')}"),
        "issuer": lab.says("省级计量科学研究院（示）"),
        "issuer_qualification": lab.says("（示）法计〔2020〕0001 号"),
        "chain": Traceability.Chain.NATIONAL,
        "reference_standard": lab.says("省级社会公用计量标准（示）"),
        "calibrated_on": calibrated,
        "valid_until": until,
        "file": registers.document(lab, lab.plan.get("trace_file", "溯源证书（示）.pdf")),
    }
    if "U" in row:
        values |= {"expanded_uncertainty": row["U"], "coverage_factor": "2", "uncertainty_unit": row["unit"]}
    actor = lab.actor("metrology")
    trace = tracing.trace(piece, values, None, points=_points(lab, row, calibrated), actor=actor, at=at)
    by = {"confirmed_by": lab.employments[f"{lab.prefix}-metrology"], "confirmed_on": calibrated}
    tracing.confirm(trace, by, actor=actor, at=at)


def _points(lab: Laboratory, row: dict[str, Any], calibrated: date) -> list[dict[str, Any]]:
    """The points of the plan, or five over the range; their errors grow each year by `drift` times U at full scale."""
    if "U" not in row or row.get("unit") not in QUANTITIES:
        return []
    chance = random.Random(f"{row['asset']} {(lab.day(0) - calibrated).days // 355}")
    years = max(0, YEARS_OF_TRACES - (lab.day(0) - calibrated).days // 355)
    drift = Decimal(row.get("drift", "0.1")) * years
    found = []
    for place, (nominal, uncertainty, permitted) in enumerate(points := _stated(row)):
        share = Decimal(place) / (len(points) - 1) if "points" not in row else Decimal(1)
        error = uncertainty * share * (drift + Decimal(chance.randrange(-8, 9)) / 100)
        found.append({
            "quantity": row.get("quantity", QUANTITIES[row["unit"]]), "unit": row["unit"], "nominal": nominal,
            "error": error.quantize(uncertainty / 10), "uncertainty": uncertainty, "coverage_factor": Decimal(2),
            "permitted": permitted,
        })  # fmt: skip
    return found


def _stated(row: dict[str, Any]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Nominal value, U and greatest permitted error of each point: as the plan lists them, or spread over the range."""
    if "points" in row:
        return [tuple(Decimal(figure) for figure in point.split()) for point in row["points"]]
    uncertainty, low, high = Decimal(row["U"]), Decimal(row["low"]), Decimal(row["high"])
    return [(low + (high - low) * place / 4, uncertainty, uncertainty * 3) for place in range(5)]


def _build(lab: Laboratory, row: dict[str, Any]) -> MeasurementStandard:
    """The standard was assessed, has its parts and what it serves; with a whole file set it is in use."""
    actor, entered = lab.actor("metrology"), instant(lab.day(ENTERED), 10)
    values = {
        "kind": row["kind"], "code": row["code"], "name": row["name"], "site": lab.sites[row.get("site", 0)],
        "field": row["field"], "range_text": row["range"], "accuracy": row["accuracy"],
        "assessment_certificate": row["certificate"], "assessed_by": lab.says("省级市场监管部门（示）"),
        "assessed_on": lab.day(row["from"]), "assessed_until": lab.day(row["until"]),
        "responsible": lab.employments[f"{lab.prefix}-technical"],
    }  # fmt: skip
    if row["kind"] == MeasurementStandard.Kind.SOCIAL_PUBLIC:
        values |= {
            "social_certificate": row["certificate"].replace("量标", "社量标"), "social_from": lab.day(row["from"]),
            "social_until": lab.day(row["until"]),
        }  # fmt: skip
    if row["kind"] == MeasurementStandard.Kind.HIGHEST:
        values |= {
            "approved_on": lab.day(row["from"]),
            "approval": registers.document(lab, "最高计量标准批准文件（示）.pdf"),
        }
    if row["kind"] != MeasurementStandard.Kind.WORKING:
        values |= {"filing_number": lab.says(f"BA{row['code']}"), "filed_on": lab.day(row["from"])}
    standard = verbs.record(REGISTERS["measurement-standards"], values, actor=actor, at=entered)
    for place, asset in enumerate(row["parts"]):
        role = (
            StandardPart.Role.MAIN
            if lab.equipment[asset].role == Equipment.Role.STANDARD or not place
            else StandardPart.Role.SUPPORTING
        )
        parts.change_parts(
            standard, added=lab.equipment[asset], role=role, on=lab.day(ENTERED), reason=lab.says("建标时配置"), actor=actor,
            at=entered,
        )  # fmt: skip
    standard = standards.assess(
        standard, {"assessed_by": values["assessed_by"], **_certificate(values)}, _paper(lab), actor=actor, at=entered
    )
    for item in row["items"]:
        facts = {"standard": standard, "accuracy": row["accuracy"]} | registers.columns(
            lab, REGISTERS["standard-items"].model, item
        )
        verbs.record(REGISTERS["standard-items"], facts, actor=actor, at=entered)
    for kind in (*StandardPaper.REQUIRED, *(StandardPaper.Kind(name) for name in row.get("papers", ()))):
        if kind != StandardPaper.Kind.CERTIFICATE and kind not in row.get("without", ()):
            verbs.record(
                REGISTERS["standard-papers"],
                {
                    "standard": standard, "kind": kind, "title": lab.says(f"{row['name']}{kind.label}"),
                    "dated_on": lab.day(row["from"]), "reviewed_on": lab.day(ENTERED),
                    "file": registers.document(lab, "文件集（示）.pdf"),
                },
                actor=actor, at=entered,
            )  # fmt: skip
    if "without" in row:
        return standard
    return standards.put_in_use(standard, lab.says("考核、备案和文件集齐全，投入使用"), actor=actor, at=entered)


def _certificate(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("assessment_certificate", "assessed_on", "assessed_until")}


def _paper(lab: Laboratory) -> SimpleUploadedFile:
    return SimpleUploadedFile(lab.says("计量标准考核证书（示）.pdf"), registers.sample())
