"""What a person may type to start a record. Validates and never saves."""

import json
from datetime import date
from pathlib import Path

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from equipment.models import Equipment, MeasurementStandard
from equipment.usability import standards_usable_on, usable_on
from institutions.methods.currency import ended_codes
from institutions.models import Site
from portal import decimals
from portal.actors import Actor
from portal.typed import ChoiceField, DayField, RowField, TextField

from . import datasheet
from .models import Procedure

SHIPPED = Path(__file__).parent / "procedures"


class Listed(RowField):
    """A row chosen from a list, shown with what tells it apart."""

    def __init__(self, *, shown, **kwargs):
        super().__init__(**kwargs)
        self.shown = shown

    def label_from_instance(self, row):
        return self.shown(row)


class StartForm(forms.Form):
    """A new record: where, with what, on which day, and the figures of the instrument its data sheet asks for.

    Only what may be used on the chosen day is offered; the device's fields come from the procedure's definition.
    """

    performed_on = DayField(label=gettext_lazy("检校日期"))
    late_reason = TextField(
        label=gettext_lazy("日期不是今天的理由"), max_length=200, required=False,
        help_text=gettext_lazy("记录应在检校当天开始；补录必须说明理由，理由会留在记录里。"),
    )  # fmt: skip

    def __init__(self, *args, actor: Actor, procedure: Procedure, today: date, day: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.procedure, self.today = procedure, today
        standards = standards_usable_on(MeasurementStandard.objects.visible_to(actor), day)
        monitors = usable_on(
            Equipment.objects.visible_to(actor).filter(role=Equipment.Role.ENVIRONMENT, state=Equipment.State.IN_USE),
            day,
        )
        self.fields["site"] = Listed(
            label=_("场所"),
            queryset=Site.objects.visible_to(actor).filter(state=Site.State.CURRENT).order_by("pk"),
            shown=lambda row: row.name,
        )
        self.fields["room"] = TextField(label=_("房间"), max_length=60)
        self.fields["standard"] = Listed(
            label=_("计量标准"), queryset=standards.order_by("code"),
            shown=lambda row: f"{row.name} {row.code}（{row.range_text}）",
            help_text=_("只列出检校日考核有效、在用，所含设备都可用的计量标准。"),
        )  # fmt: skip
        self.fields["environment_equipment"] = Listed(
            label=_("环境监测设备"), queryset=monitors.order_by("asset_number"),
            shown=lambda row: f"{row.name} {row.asset_number}", help_text=_("只列出检校日可用的设备。"),
        )  # fmt: skip
        for entry in procedure.definition["device"]:
            self.fields[f"device_{entry['key']}"] = self._device_field(entry)
        self.fields["points"] = TextField(
            label=procedure.definition["points"]["label"], max_length=300, required=False,
            help_text=_("用空格分开；留空按数据表的规定自动选点。"),
        )  # fmt: skip

    def _device_field(self, entry: dict) -> forms.Field:
        label = f"{entry['label']} / {entry['unit']}" if entry.get("unit") else entry["label"]
        if entry["type"] == "choice":
            return ChoiceField(label=label, choices=[(choice, choice) for choice in entry["choices"]])
        return TextField(label=label, max_length=30, initial=entry.get("default", ""))

    def clean_performed_on(self):
        day = self.cleaned_data["performed_on"]
        if day > self.today:
            raise forms.ValidationError(_("检校日期不能晚于今天 %(today)s。") % {"today": self.today})
        return day

    def clean(self):
        cleaned = super().clean()
        day = cleaned.get("performed_on")
        if day and day < self.today and not cleaned.get("late_reason"):
            self.add_error("late_reason", _("检校日期早于今天，请说明为什么没有当时记录。"))
        self.device = self._device(cleaned)
        self.points = self._points(cleaned)
        if not self.errors:
            sheet = datasheet.evaluate(
                self.procedure.definition, self.device, self.points, {}, {}, {}, {}, "", activity="calibration"
            )
            for problem in sheet.problems:
                if problem.key in ("device", "point"):
                    self.add_error("points" if problem.key == "point" else None, problem.sentence)
            if not sheet.points:
                self.add_error("points", _("没有检校点。请填写，用空格分开。"))
            self.points = [point.text for point in sheet.points]
        return cleaned

    def _device(self, cleaned: dict) -> dict[str, str]:
        figures = {}
        for entry in self.procedure.definition["device"]:
            name = f"device_{entry['key']}"
            text = cleaned.get(name, "")
            if entry["type"] == "decimal" and text:
                try:
                    text = decimals.plain(decimals.parse(text))
                except decimals.Unreadable as unreadable:
                    self.add_error(name, str(unreadable))
            figures[entry["key"]] = text
        return figures

    def _points(self, cleaned: dict) -> list[str]:
        points = []
        for text in cleaned.get("points", "").replace("、", " ").replace(";", " ").replace("；", " ").split():
            try:
                points.append(decimals.plain(decimals.parse(text)))
            except decimals.Unreadable as unreadable:
                self.add_error("points", str(unreadable))
        return points


class ProcedureForm(forms.Form):
    """A data sheet's definition: one of those that come with the portal, or a JSON file of one's own."""

    shipped = ChoiceField(label=gettext_lazy("随平台提供的数据表"), required=False)
    file = forms.FileField(
        label=gettext_lazy("或自己的定义文件（JSON）"), required=False, max_length=150,
        help_text=gettext_lazy("格式见“数据表定义”文档；不超过 200 kB。"),
    )  # fmt: skip

    LARGEST = 200 * 1024

    def __init__(self, *args, institution_id: int, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        shipped = {path.stem: json.loads(path.read_text()) for path in sorted(SHIPPED.glob("*.json"))}
        ended = ended_codes(institution_id, {one["method"] for one in shipped.values()}, today)
        titles = {False: "%(title)s（%(code)s）", True: _("%(title)s（%(code)s 已失效）")}
        self.fields["shipped"].choices = [("", "—")] + [
            (name, titles[one["method"] in ended] % {"title": one["title"], "code": one["method"]})
            for name, one in shipped.items()
        ]

    def clean(self):
        cleaned = super().clean()
        file, shipped = cleaned.get("file"), cleaned.get("shipped")
        if bool(file) == bool(shipped):
            raise forms.ValidationError(_("请选择一份随平台提供的数据表，或者上传一个定义文件，两者选一。"))
        self.definition = self._read(file) if file else json.loads((SHIPPED / f"{shipped}.json").read_text())
        return cleaned

    def _read(self, file):
        if file.size > self.LARGEST:
            raise forms.ValidationError(_("定义文件超过 200 kB。请检查是不是选错了文件。"))
        try:
            definition = json.loads(file.read().decode("utf-8"))
            stored = json.dumps(definition, ensure_ascii=False, allow_nan=False)
            stored.encode()  # half a surrogate pair, NaN and infinity are for Python only
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(
                _("文件不是 UTF-8 编码的 JSON：%(error)s")
                % {"error": str(error)[:100].encode("ascii", "replace").decode()}
            ) from error
        if "\\u0000" in stored:
            raise forms.ValidationError(_("定义文件里有看不见的控制字符（U+0000）。请删除后再上传。"))
        return definition


class ReasonForm(forms.Form):
    """Why a certificate is sent back, given up or void."""

    reason = TextField(label=gettext_lazy("理由"), max_length=300)


class VoidForm(forms.Form):
    """Why a certificate is void; everybody who scans it reads this."""

    reason = TextField(
        label=gettext_lazy("作废理由（会公开）"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "class": "input"}),
    )
