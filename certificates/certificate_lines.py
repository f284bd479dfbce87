"""What the certificate shows of a data sheet, as texts: its table of results and its further items."""

from typing import Any

from certificates.datasheet import Sheet
from certificates.entries import CALIBRATION, Definition


def results(definition: Definition, sheet: Sheet) -> list[dict[str, Any]]:
    """The result table of the certificate, as texts; one column set for verification, one for calibration.

    A calibration shows reference, indication, error and U, ending at one place; a verification shows the derived
    quantities and the maximum permissible error.
    """
    point_column = {
        "key": "point",
        "title": definition["points"]["label"],
        "title_en": definition["points"].get("label_en", ""),
    }
    if sheet.activity == CALIBRATION:
        columns = [
            point_column,
            {"key": "indication", "title": "示值", "title_en": "Indication"},
            {"key": "error", "title": "示值误差", "title_en": "Error"},
        ]
        factors = sorted({point.k_text for point in sheet.points if point.k_text})
        title = f"U (k={factors[0]})" if len(factors) == 1 else "U"
        columns.append({"key": "U", "title": title, "title_en": title})
        rows = [
            {
                "point": point.text,
                "indication": point.indication_reported,
                "error": point.error_reported,
                "U": point.U_text,
                "verdict": str(point.verdict),
            }
            for point in sheet.points
        ]
        if len(factors) > 1:
            # An uncertainty never stands without its own coverage factor.
            columns.append({"key": "k", "title": "k", "title_en": "k"})
            rows = [row | {"k": point.k_text} for row, point in zip(rows, sheet.points, strict=True)]
    else:
        columns = [
            point_column,
            *(
                {"key": entry["key"], "title": entry["label"], "title_en": entry.get("label_en", "")}
                for entry in definition["derived"]
            ),
            {"key": "mpe", "title": "最大允许误差", "title_en": "Maximum permissible error"},
        ]
        rows = [
            {
                "point": point.text,
                **{key: each.text for key, each in point.derived.items()},
                "mpe": point.mpe_text,
                "verdict": str(point.verdict),
            }
            for point in sheet.points
        ]
    title = {"title": f"{definition['measurand']}示值", "title_en": "Indication"}
    return [{**title, "unit": sheet.unit, "columns": columns, "rows": rows}]


def check_lines(sheet: Sheet) -> list[dict[str, str]]:
    """The further items of the certificate, as texts."""
    return [
        {
            "title": check.title,
            "title_en": check.title_en,
            "result": check.result,
            "limit": check.limit,
            "verdict": str(check.verdict),
        }
        for check in sheet.checks
    ]
