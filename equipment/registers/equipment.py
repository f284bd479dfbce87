"""周期、档案、核查方案、修正值存放处、借用、替代溯源: what is kept for each piece of equipment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, Written, register
from portal.registers.forms import RowForm

from ..codes import cards
from ..models import (
    AlternativeTraceability,
    CheckPlan,
    CorrectionCopy,
    EquipmentClock,
    EquipmentPaper,
    ExternalUse,
    MandatoryFile,
)
from . import gates_rows, gates_staying
from .units import UnitForm

GROUP = gettext_lazy("设备")
KEEP = Permission.EQUIPMENT_MANAGE
APPROVED = (gates_rows.days_in_order, gates_rows.approved_by_somebody_there)
PICTURES = (".jpg", ".jpeg", ".png")

documents.photos_in(EquipmentPaper, "file", side=1600, kind=EquipmentPaper.Kind.PHOTO)


class PaperForm(RowForm):
    """A paper of a piece of equipment; a photo is a picture, so that its page can show it."""

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        name = getattr(values.get("file"), "name", "") or ""
        if values.get("kind") == EquipmentPaper.Kind.PHOTO and name and not name.lower().endswith(PICTURES):
            self.add_error("file", _("照片请上传 JPG 或 PNG，手机拍的就可以；PDF 请登记为其他种类。"))
        return values


def published(written: Sequence[Written], actor: Actor, at: datetime) -> None:
    """The public pages of the equipment that the rows are about say what is so now."""
    cards.refresh({one.row.equipment_id for one in written}, at=at)


register(
    Register(
        name="equipment-clocks", model=EquipmentClock, title=gettext_lazy("设备周期"), group=GROUP,
        about=gettext_lazy("检定、校准、期间核查、保养等各有间隔、依据和责任人；到期没做，设备自动不可选"),
        fields=("equipment", "kind", "needed", "interval_months", "due_on", "lead_days", "basis", "responsible"),
        columns=("equipment", "kind", "interval_months", "due_on", "responsible"),
        search=("equipment__asset_number", "equipment__name"), filters=("kind",), order=("due_on", "pk"),
        key=("equipment", "kind"), keeper=KEEP,
        gates=(
            gates_rows.needed_has_an_interval, gates_staying.stays_with_its_equipment, gates_staying.due_by_what_was_done,
            gates_staying.overdue_is_done_first,
        ),
        leaving=(gates_staying.overdue_stays,), after=published, clauses=("C-5.5.3", "A-5.1-g"), icon="clock",
    )
)  # fmt: skip
register(
    Register(
        name="check-plans", model=CheckPlan, title=gettext_lazy("期间核查方案"), group=GROUP,
        about=gettext_lazy("核查什么、用什么核查、按什么规则判定"),
        fields=(
            "equipment", "check_standard", "quantity", "nominal", "unit", "rule", "reference", "limit", "deviation",
            "uncertainty", "reference_uncertainty", "procedure",
        ),
        columns=("equipment", "quantity", "nominal", "rule"), search=("equipment__asset_number", "quantity"),
        filters=("rule",), order=("equipment", "pk"), keeper=KEEP, form=UnitForm,
        gates=(gates_rows.rule_has_its_figures, gates_rows.not_checked_with_itself, gates_staying.stays_with_its_equipment),
        clauses=("D-4.4.3.5", "B-6.1.5.1-c"), icon="chart-candle",
    )
)  # fmt: skip
register(
    Register(
        name="equipment-papers", model=EquipmentPaper, title=gettext_lazy("设备档案"), group=GROUP,
        about=gettext_lazy("照片、说明书、验收记录、软件确认记录等，每台设备一套"),
        fields=("equipment", "kind", "title", "dated_on", "file"), columns=("equipment", "kind", "title", "dated_on"),
        search=("equipment__asset_number", "title"), filters=("kind",), keeper=KEEP, form=PaperForm,
        gates=(gates_rows.paper_is_not_dated_ahead,), clauses=("B-4.4.2-s6", "C-5.3.4-s1"), importable=False, icon="archive",
    )
)  # fmt: skip
register(
    Register(
        name="mandatory-files", model=MandatoryFile, title=gettext_lazy("强检器具档案"), group=GROUP,
        about=gettext_lazy("强制检定的器具在官方系统的备案回执、检定机构和有效期"),
        fields=(
            "equipment", "receipt", "filed_on", "verifying_body", "certificate_number", "due_on", "updated_on", "file",
        ),
        columns=("equipment", "receipt", "verifying_body", "due_on"), search=("equipment__asset_number", "receipt"),
        order=("due_on", "pk"), key=("equipment",), keeper=KEEP,
        gates=(gates_rows.receipt_makes_sense, gates_staying.stays_with_its_equipment),
        clauses=("A-6.4.2-s1", "A-6.4.2-s2"),
    )
)  # fmt: skip
register(
    Register(
        name="external-uses", model=ExternalUse, title=gettext_lazy("借用检查"), group=GROUP,
        about=gettext_lazy("借来的设备，用前核对溯源和状态并经批准"),
        fields=(
            "equipment", "owner", "valid_from", "valid_until", "traceability_checked", "condition_checked",
            "approved_by", "file",
        ),
        columns=("equipment", "owner", "valid_from", "valid_until"), search=("equipment__asset_number", "owner"),
        keeper=KEEP, gates=(*APPROVED, gates_staying.stays_with_its_equipment), after=published, clauses=("D-4.4.1.2",),
    )
)  # fmt: skip
register(
    Register(
        name="alternative-traceability", model=AlternativeTraceability, title=gettext_lazy("替代溯源"), group=GROUP,
        about=gettext_lazy("无法严格溯源的，写明理由、替代方式和批准人"),
        fields=("equipment", "reference", "justification", "approved_by", "valid_from", "valid_until", "file"),
        columns=("equipment", "reference", "valid_from", "valid_until"), search=("equipment__asset_number",),
        keeper=KEEP, gates=(*APPROVED, gates_staying.stays_with_its_equipment), after=published, clauses=("C-5.3.3-s1",),
    )
)  # fmt: skip
register(
    Register(
        name="correction-copies", model=CorrectionCopy, title=gettext_lazy("修正值存放处"), group=GROUP,
        about=gettext_lazy("修正值抄在哪些软件、表格和仪器里；新证书之后逐处更新"),
        fields=("equipment", "kind", "place", "keeper"), columns=("equipment", "kind", "place", "keeper"),
        search=("equipment__asset_number", "place"), filters=("kind",), keeper=KEEP,
        gates=(gates_staying.stays_with_its_equipment,), after=published, clauses=("D-4.4.3.6",),
    )
)  # fmt: skip
