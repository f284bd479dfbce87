"""What an institution of the demonstration measures with, and where it was sent to be measured itself."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from equipment import workflow as equipment
from equipment.models import Equipment, MeasurementStandard, StandardPart

from . import registers
from .laboratory import Laboratory, instant

YEARS_OF_TRACES = 3
PERIOD = timedelta(days=365)


def equip(lab: Laboratory) -> None:
    """Every piece of equipment with its traceability of some years, and the measurement standards made of them."""
    for row in lab.plan["equipment"]:
        values = {
            "role": row["role"], "asset_number": row["asset"], "name": row["name"], "model": row["model"],
            "serial_number": row["serial"], "manufacturer": row["maker"], "site": lab.sites[row.get("site", 0)],
            "range_text": row["range"], "range_low": _figure(row, "low"), "range_high": _figure(row, "high"),
            "unit": row["unit"], "accuracy": row["accuracy"], "obsolete": row.get("obsolete", False),
        }  # fmt: skip
        piece = equipment.register(values, actor=lab.actor("metrology"), at=lab.now)
        at = _trace(lab, piece, row)
        if not piece.obsolete:
            reason = lab.says("溯源证书已计量确认，通电核查正常，投入使用")
            piece = equipment.return_to_use(piece, reason, actor=lab.actor("metrology"), at=at)
        lab.equipment[row["asset"]] = piece
    for row in lab.plan["standards"]:
        standard = lab.store(
            MeasurementStandard, kind=row["kind"], code=row["code"], name=row["name"],
            site=lab.sites[row.get("site", 0)], range_text=row["range"], accuracy=row["accuracy"],
            assessment_certificate=row["certificate"], assessed_by=lab.says("省级市场监管部门（示）"),
            assessed_on=lab.day(row["from"]), assessed_until=lab.day(row["until"]),
            responsible=lab.employments[f"{lab.prefix}-technical"],
        )  # fmt: skip
        for asset in row["parts"]:
            lab.store(StandardPart, standard=standard, equipment=lab.equipment[asset])
        lab.standards[row["code"]] = standard


def _figure(row: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(row[name]) if name in row else None


def _trace(lab: Laboratory, piece: Equipment, row: dict[str, Any]) -> datetime:
    """The piece was sent away once a year, and each certificate was confirmed a few days later.

    Returns: when the newest one was recorded.
    """
    figures = {}
    if "U" in row:
        figures = {"expanded_uncertainty": row["U"], "coverage_factor": "2", "uncertainty_unit": row["unit"]}
    for age in reversed(range(YEARS_OF_TRACES)):
        until = lab.day(row["until"]) - age * PERIOD
        calibrated = until - PERIOD + timedelta(days=1)
        confirmed = min(calibrated + timedelta(days=4), lab.day(0))
        values = {
            "certificate_number": lab.says(f"SL{calibrated:%Y}-{row['asset'].replace('-', '')}"),
            "issuer": lab.says("省级计量科学研究院（示）"),
            "calibrated_on": calibrated,
            "valid_until": until,
            "confirmed_by": lab.employments[f"{lab.prefix}-metrology"],
            "confirmed_on": confirmed,
        }
        if paper := lab.plan.get("trace_file"):
            values["file"] = registers.document(lab, paper)
        at = min(instant(confirmed, 15), lab.now)
        equipment.trace(piece, values | figures, None, actor=lab.actor("metrology"), at=at)
    return at
