"""计量器具台账: the one register of everything that is measured with; its list and its pages are in views.py."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Part, Register, Written, register
from portal.typed import narrow_letters

from ..codes import cards
from ..listing import narrowed, standing
from ..models import Equipment
from . import announcing, gates
from .units import UnitForm

State = Equipment.State


class DeviceForm(UnitForm):
    """A piece of equipment as its plate and its manual describe it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hints = {
            "asset_number": _("本机构唯一，贴在设备上的编号"),
            "range_text": _("按证书写法，例如 (0～2.5) MPa"),
            "unit": _("法定计量单位的符号，例如 MPa、℃"),
            "room": _("先选场所；没有列出的到“房间”台账登记"),
            "acquired_on": _("不知道的不填"),
        }
        for name, hint in hints.items():
            self.fields[name].help_text = hint
        self.fields["control"].required, self.fields["control"].initial = False, Equipment.Control.OWN

    def clean_control(self) -> str:
        return self.cleaned_data["control"] or Equipment.Control.OWN

    def clean_asset_number(self) -> str:
        """In full-width letters the same number would stand in the register twice."""
        return narrow_letters(self.cleaned_data["asset_number"])

    def clean_serial_number(self) -> str:
        return narrow_letters(self.cleaned_data["serial_number"])

    def clean_software_sha256(self) -> str:
        text = self.cleaned_data["software_sha256"].lower()
        if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
            raise forms.ValidationError(_("SHA-256 是 64 位十六进制数。请用校验工具算出后整段粘贴。"))
        return text

    def clean(self) -> dict[str, Any]:
        """Software, consumables and customers' instruments have no traceability of their own."""
        values = super().clean()
        if values.get("role") in Equipment.UNTRACED:
            values["traced"] = False
        return values


def after(written: Sequence[Written], actor: Actor, at: datetime) -> None:
    """What is new has the first lines of its history, what was withdrawn its last one; public pages say what is so now."""
    announcing.begin([one.row for one in written if not one.before], actor=actor, at=at)
    announcing.end([one.row for one in written if one.row.state == State.WITHDRAWN], actor=actor, at=at)
    cards.refresh([one.row.pk for one in written if one.before], at=at)


register(
    Register(
        name="equipment", model=Equipment, title=gettext_lazy("设备台账"), group=gettext_lazy("设备"),
        about=gettext_lazy("计量标准器、配套设备、标准物质、软件和客户器具，从购置到报废都在这一本台账里"),
        fields=(
            "asset_number", "role", "name", "model", "serial_number", "manufacturer", "national_code", "control",
            "customer", "range_text", "accuracy", "range_low", "range_high", "unit", "site", "room", "keeper",
            "acquired_on", "traced", "untraced_because", "mandatory", "protection_mode", "obsolete", "obsolete_on",
            "certified", "lot", "expires_on", "stock", "software_version", "validated_on", "software_sha256",
        ),
        parts=(
            Part("asset_number", gettext_lazy("身份")),
            Part("range_text", gettext_lazy("能力")),
            Part("site", gettext_lazy("存放与保管")),
            Part("traced", gettext_lazy("溯源与管理")),
            Part("certified", gettext_lazy("标准物质、试剂"), folded=True),
            Part("software_version", gettext_lazy("软件"), folded=True),
        ),
        columns=("asset_number", "name", "model", "serial_number", "role", "site"),
        search=("asset_number", "name", "serial_number", "model"), order=("asset_number", "pk"), key=("asset_number",),
        keeper=Permission.EQUIPMENT_MANAGE, form=DeviceForm, born=State.NEW,
        live=frozenset({State.NEW, State.IN_USE, State.QUARANTINED, State.REPAIR, State.OUT_OF_USE}),
        gates=(
            gates.range_is_in_order, gates.units_are_legal, gates.role_has_its_facts, gates.untraced_for_a_reason,
            gates.days_make_sense, gates.abolished_is_not_in_use, gates.room_is_in_the_place,
            gates.stays_traced,
        ),
        alone=(gates.asset_number_is_free, gates.plate_is_known_once), leaving=(gates.never_worked,),
        clauses=("B-4.4.2-s6", "D-4.4.3.1", "C-7.1.2-s1"), standing=standing, pages=("equipment:list", "equipment:detail"),
        narrowed=narrowed, after=after, home="equipment:list", icon="gauge",
    )
)  # fmt: skip
