"""Stock checks as the pages draw them."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import StockCheck, StockLine
from .counting import Figures


def state_of(check: StockCheck) -> dict[str, str]:
    return {"badge": check.state, "text": check.get_state_display()}


def figures_row(figures: Figures) -> list[Any]:
    """How far a check is, as cells of a list: found of expected, missing, unexpected."""
    missing, unexpected = figures.missing, figures.unexpected
    return [
        f"{figures.found} / {figures.expected}",
        {"text": missing, "tone": "bad"} if missing else "0",
        {"text": unexpected, "tone": "due"} if unexpected else "0",
    ]


def columns(undo: bool) -> list[dict[str, Any]]:
    """The heads of the lines; with a place for taking one back."""
    found = [
        {"title": _("管理编号"), "day": True}, {"title": _("名称")}, {"title": _("出厂编号")}, {"title": _("登记的存放处")},
        {"title": _("盘到")},
    ]  # fmt: skip
    return [*found, {"title": _("盘错了")}] if undo else found


def line_row(line: StockLine, undo_url: str = "") -> list[Any]:
    """One line; `undo_url`: where it is taken back."""
    return [*_line(line), {"text": _("撤回"), "url": undo_url}] if undo_url else _line(line)


def _line(line: StockLine) -> list[Any]:
    on = line.equipment
    if line.found_at:
        seen: Any = {
            "text": f"{timezone.localtime(line.found_at):%m-%d %H:%M}",
            "note": line.found_by.name if line.found_by else "",
        }
    else:
        seen = "—"
    if on is None:
        return [{"text": line.scanned}, {"text": _("不认识的码或编号"), "tone": "due"}, "—", "—", seen]
    return [
        {"text": on.asset_number, "url": on.get_absolute_url()},
        {"text": on.name, "note": on.model},
        on.serial_number or "—",
        " ".join(filter(None, (on.site.name, on.room.name if on.room else ""))),
        seen,
    ]
