"""What a person types about an event of a piece of equipment, or about an act that changes its state."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment, Room, Site
from portal import documents
from portal.actors import Actor
from portal.forms import ReasonForm
from portal.registers.forms import EvidenceField
from portal.typed import ChoiceField, DayField, RowField, TextField

from ..clocks import winding
from ..models import Equipment, EquipmentEvent, ImpactQuestion
from .noting import JUDGED, MOVED

Kind = EquipmentEvent.Kind
TROUBLES = [(kind.value, kind.label) for kind in Kind if kind in EquipmentEvent.TROUBLE]


def people(actor: Actor, day: Any) -> Any:
    """Those who work here that day, by name."""
    return Employment.objects.visible_to(actor).active_on(day).order_by("name", "pk")


def record_file() -> EvidenceField:
    """A scan or a file of the record."""
    hint = _("%(kinds)s，最大 %(most)d MB；没有的不传")
    shown = {"kinds": documents.EVIDENCE.titles, "most": documents.EVIDENCE.largest // 1024 // 1024}
    return EvidenceField(label=_("记录"), required=False, help_text=str(hint) % shown)


class TroubleForm(ReasonForm):
    """What happened to a piece of equipment that must not be used any more."""

    kind = ChoiceField(label=_("发现了什么"), choices=[("", _("请选择")), *TROUBLES])
    field_order = ("kind", "reason")


class ApprovedForm(ReasonForm):
    """A reason, and who has approved it."""

    approved_by = RowField(label=_("批准人"), queryset=Employment.objects.none())

    def __init__(self, *args: Any, actor: Actor, day: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["approved_by"].queryset = people(actor, day).exclude(pk=actor.employment_id)


class EventForm(forms.Form):
    """One event of a kind: only what that kind has."""

    happened_on = DayField(label=_("日期"))
    result = ChoiceField(label=_("结果"), choices=[("", _("请选择")), *EquipmentEvent.Result.choices], required=False)
    site = RowField(label=_("移到场所"), queryset=Site.objects.none())
    room = RowField(label=_("移到房间"), queryset=Room.objects.none(), required=False)
    keeper = RowField(label=_("保管人"), queryset=Employment.objects.none(), required=False)
    software_version = TextField(label=_("变更后的版本"), max_length=40)
    software_sha256 = forms.RegexField(
        r"^[0-9a-fA-F]{64}$", label=_("SHA-256"), required=False, help_text=_("用校验工具算出的 64 位十六进制数"),
        error_messages={"invalid": _("SHA-256 是 64 位十六进制数。请整段粘贴。")},
    )  # fmt: skip
    text = TextField(label=_("情况"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}))
    done_by = RowField(label=_("执行人"), queryset=Employment.objects.none(), required=False)
    approved_by = RowField(label=_("批准人"), queryset=Employment.objects.none())
    next_on = DayField(label=_("下次到期"), required=False, help_text=_("不填就按设备的周期推算"))

    def __init__(self, *args: Any, equipment: Equipment, kind: str, actor: Actor, day: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"] = record_file()
        current = {"state": Site.State.CURRENT}
        self.fields["site"].queryset = Site.objects.visible_to(actor).filter(**current).order_by("name", "pk")
        rooms = Room.objects.visible_to(actor).filter(**current).select_related("site")
        self.fields["room"].queryset = rooms.order_by("site__name", "name", "pk")
        for name in ("keeper", "done_by", "approved_by"):
            self.fields[name].queryset = people(actor, day)
        self.fields["text"].required = kind != Kind.MOVE
        self.fields["result"].required = kind in JUDGED
        for name in self._other_kinds(kind, equipment):
            del self.fields[name]

    @staticmethod
    def _other_kinds(kind: str, equipment: Equipment) -> list[str]:
        """The fields that an event of this kind does not have."""
        off = [] if kind in {*JUDGED, *EquipmentEvent.BREAKS_TRACEABILITY, Kind.MAINTENANCE} else ["result"]
        off += [] if kind in EquipmentEvent.BREAKS_TRACEABILITY else ["approved_by"]
        off += [] if winding.moved_by(kind, equipment) else ["next_on"]
        off += [] if kind == Kind.MOVE else [*MOVED]
        return off + ([] if kind == Kind.SOFTWARE else ["software_version", "software_sha256"])

    def facts(self) -> dict[str, Any]:
        """What the verb takes as `values`."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        return {"result": "", "done_by": None, "approved_by": None, "next_on": None, **values}


def first_values(equipment: Equipment, actor: Actor, day: Any) -> dict[str, Any]:
    """What the form starts with: today, by whoever fills it in, where the equipment is now."""
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    return {
        "happened_on": day,
        "done_by": me and me.ref,
        **{name: getattr(getattr(equipment, name), "ref", None) for name in MOVED},
        "software_version": equipment.software_version,
    }


class AnswerForm(forms.Form):
    """What equipment that was stopped has done to earlier results."""

    conclusion = ChoiceField(label=_("结论"), choices=[("", _("请选择")), *ImpactQuestion.Conclusion.choices])
    answer = TextField(
        label=_("评估与处置"), max_length=1000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("看了哪些记录、依据什么判断、哪些证书要通知客户或更换，写到别人能照着核对"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"] = record_file()
