"""Labels and codes as the pages draw them."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import DeviceCode, Label

TONES = {Label.Word.FIT: "ok", Label.Word.RESTRICTED: "due", Label.Word.STOPPED: "bad"}


def label_columns() -> list[dict[str, Any]]:
    return [
        {"title": _("标识编号"), "day": True}, {"title": _("设备")}, {"title": _("标识")}, {"title": _("检校日期"), "day": True},
        {"title": _("有效期至"), "day": True}, {"title": _("打印")}, {"title": _("状态")},
    ]  # fmt: skip


def label_row(slug: str, label: Label) -> list[Any]:
    return [
        {"text": label.serial, "url": reverse("equipment:label", args=[slug, label.ref])},
        {"text": label.equipment.asset_number, "note": label.equipment.name},
        {"badge": TONES[label.word], "text": label.get_word_display()},
        _written(label.dated_on),
        _written(label.valid_until),
        {
            "text": f"{timezone.localtime(label.printed_at):%Y-%m-%d %H:%M}",
            "note": _("重印 %(serial)s") % {"serial": label.reprint_of.serial} if label.reprint_of else "",
        },
        {"badge": label.state, "text": label.get_state_display()},
    ]


def code_columns() -> list[dict[str, Any]]:
    return [{"title": _("器具码"), "day": True}, {"title": _("设备")}, {"title": _("状态")}, {"title": _("生成")}]


def code_row(slug: str, code: DeviceCode) -> list[Any]:
    on = {"text": code.equipment.asset_number, "note": code.equipment.name} if code.equipment else {"text": "—"}
    return [
        {"text": code.printed, "url": reverse("equipment:code", args=[slug, code.ref])},
        on,
        {"badge": code.state, "text": code.get_state_display()},
        f"{timezone.localtime(code.made_at):%Y-%m-%d %H:%M}",
    ]


def tabs(slug: str, current: str) -> list[dict[str, Any]]:
    """The two lists of what is stuck on things."""
    return [
        {"title": title, "url": reverse(f"equipment:{name}", args=[slug]), "current": name == current}
        for name, title in (("labels", _("状态标识")), ("codes", _("器具码")))
    ]


def _written(day: date | None) -> str:
    return f"{day:%Y-%m-%d}" if day else "—"
