"""What people type about a room's environment: readings of now, and lines pasted from a logger's export."""

import re
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Room
from portal.actors import Actor
from portal.decimals import Unreadable, parse
from portal.inspection import Unacceptable, tables
from portal.typed import DecimalTextField, RowField, TextField

from ..models import Element, EnvironmentReading, EnvironmentRequirement, Equipment
from . import Flaw, Reading
from .noting import MOST
from .requirements import WITHOUT_INSTRUMENT, spelled, usual_unit
from .standing import Last

SHOWN_ERRORS = 20
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")
MOST_LETTERS = 200_000
TIME_HEADS = frozenset({"时间", "日期时间", "采集时间", "time", "datetime"})


def monitors(actor: Actor) -> Any:
    """The instruments that rooms are watched with."""
    rows = Equipment.objects.visible_to(actor).filter(role=Equipment.Role.ENVIRONMENT)
    return rows.exclude(state__in=(Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)).order_by("asset_number", "pk")


def elements_of(requirements: Sequence[EnvironmentRequirement]) -> dict[str, EnvironmentRequirement]:
    """The elements that are read in a room, each with the requirement that names unit and instrument."""
    found: dict[str, EnvironmentRequirement] = {}
    for row in requirements:
        found.setdefault(row.element, row)
    return found


class NoteForm(forms.Form):
    """One reading of every element of a room, now or earlier today."""

    at = forms.TimeField(
        label=gettext_lazy("时刻"), required=False, help_text=gettext_lazy("空着就是现在；补记今天早些时候的，填当时的时刻"),
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": gettext_lazy("时刻看不懂。请按 08:30 的样子填写。")},
    )  # fmt: skip
    reason = TextField(label=gettext_lazy("补记的理由"), max_length=100, required=False)

    def __init__(
        self, *args: Any, room: Room, requirements: Sequence[EnvironmentRequirement],
        last: dict[tuple[int, str], Last], actor: Actor, now: datetime, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.room, self.now = room, now
        self.asked = elements_of(requirements)
        offered = monitors(actor)
        refs = dict(offered.values_list("pk", "ref"))
        for element, row in self.asked.items():
            before = last.get((room.pk, element))
            label = Element(element).label
            hint = _("上次 %(value)s %(unit)s，%(time)s") % {
                "value": f"{before.value.normalize():f}", "unit": before.unit,
                "time": f"{timezone.localtime(before.taken_at):%m-%d %H:%M}",
            } if before else ""  # fmt: skip
            self.fields[f"value_{element}"] = DecimalTextField(
                label=label, max_digits=18, decimal_places=6, required=False, help_text=hint
            )
            used = before.monitor_id if before and before.monitor_id in refs else row.monitor_id
            self.fields[f"monitor_{element}"] = RowField(
                queryset=offered, label=_("%(element)s的监测设备") % {"element": label}, required=False,
                initial=refs.get(used),
            )  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """The elements as the page draws them: value and instrument beside each other."""
        return [
            {"value": self[f"value_{element}"], "monitor": self[f"monitor_{element}"], "unit": row.unit}
            for element, row in self.asked.items()
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        typed = [element for element in self.asked if values.get(f"value_{element}") is not None]
        if not typed and not self.errors:
            raise ValidationError(_("一个读数也没有填。请至少填一项。"))
        for element in typed:
            name = f"monitor_{element}"
            if element not in WITHOUT_INSTRUMENT and name not in self.errors and values.get(name) is None:
                self.add_error(name, _("请选择用哪台设备读的。"))
        if values.get("at") is not None:
            if self.moment(values["at"]) > self.now:
                self.add_error("at", _("时刻在现在之后。请改正，或空着。"))
            elif not (values.get("reason") or "").strip() and "reason" not in self.errors:
                self.add_error("reason", _("补记要写理由，例如：当时在现场，网络不通。"))
        return values

    def moment(self, at: time | None) -> datetime:
        """Now to the second, or the moment of today."""
        if at is None:
            return self.now.replace(microsecond=0)
        return timezone.make_aware(datetime.combine(timezone.localdate(self.now), at))

    def batch(self) -> list[Reading]:
        """What was typed, for `note`."""
        known, taken_at = self.cleaned_data, self.moment(self.cleaned_data["at"])
        return [
            Reading(self.room, element, known[f"value_{element}"], row.unit, taken_at, known[f"monitor_{element}"])
            for element, row in self.asked.items()
            if known[f"value_{element}"] is not None
        ]

    def take(self, batch: Sequence[Reading], flaws: Sequence[Flaw]) -> None:
        """What speaks against readings stands beside the fields they were typed into."""
        for flaw in flaws:
            element = batch[flaw.place].element
            self.add_error(f"{'monitor' if flaw.field == 'monitor' else 'value'}_{element}", flaw.sentence)


class PasteForm(forms.Form):
    """Many readings at once, out of a spreadsheet or a logger's export: a line with heads, then a line for each time."""

    text = forms.CharField(
        label=gettext_lazy("读数"), max_length=MOST_LETTERS, strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "readings wide"}),
        help_text=gettext_lazy("第一行是表头：时间、温度、湿度……；单位可写在要素后面，例如 温度/℃"),
        error_messages={
            "required": gettext_lazy("请粘贴读数。"),
            "max_length": gettext_lazy("粘贴的内容太多。请分几次粘贴。"),
        },
    )  # fmt: skip
    source = forms.ChoiceField(label=gettext_lazy("来源"), choices=EnvironmentReading.Source.choices)
    reason = TextField(label=gettext_lazy("说明"), max_length=100, help_text=gettext_lazy("例如：记录仪一周的导出"))

    def __init__(
        self, *args: Any, room: Room, requirements: Sequence[EnvironmentRequirement], actor: Actor, now: datetime,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.room, self.now, self.asked = room, now, elements_of(requirements)
        first = next((row.monitor for row in requirements if row.monitor), None)
        self.fields["monitor"] = RowField(
            queryset=monitors(actor), label=_("监测设备"), initial=first.ref if first else None
        )
        self.order_fields(["text", "monitor", "source", "reason"])

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("text") and values.get("monitor"):
            self.readings, self.lines, wrong = pasted(
                values["text"], self.room, self.asked, values["monitor"], self.now
            )
            for sentence in wrong[:SHOWN_ERRORS]:
                self.add_error("text", sentence)
            if not wrong and not self.readings:
                self.add_error("text", _("表头下面没有读数。请连表头一起粘贴。"))
        return values

    def take(self, flaws: Sequence[Flaw]) -> None:
        for flaw in flaws[:SHOWN_ERRORS]:
            place = _("第 %(line)d 行：%(sentence)s") % {"line": self.lines[flaw.place], "sentence": flaw.sentence}
            self.add_error("text", place)


def pasted(
    text: str, room: Room, asked: dict[str, EnvironmentRequirement], monitor: Equipment, now: datetime
) -> tuple[list[Reading], list[int], list[str]]:
    """The readings with the lines they stand in, and what could not be read, in sentences."""
    try:
        table = tables.pasted(text if "\t" in text else re.sub(r"[,，;；]", "\t", text))
    except Unacceptable as error:
        return [], [], [str(error)]
    if not table.lines:
        return [], [], []
    columns, wrong = _heads(table.lines[0][1], asked)
    readings: list[Reading] = []
    lines: list[int] = []
    for number, cells in table.lines[1:] if columns else ():
        moment = _moment(cells[0], now)
        if moment is None:
            wrong.append(_("第 %(line)d 行：时间“%(text)s”看不懂。请写成 2026-03-09 14:05。")
                         % {"line": number, "text": cells[0][:30]})  # fmt: skip
            continue
        for place, (element, unit) in columns.items():
            cell = cells[place].strip() if place < len(cells) else ""
            if not cell:
                continue
            try:
                value = Decimal(parse(cell))
            except Unreadable as error:
                wrong.append(_("第 %(line)d 行：%(sentence)s") % {"line": number, "sentence": error.sentence})
                continue
            readings.append(Reading(room, element, value, unit, moment, monitor))
            lines.append(number)
    if len(readings) > MOST:
        wrong.append(
            _("一次最多 %(most)d 个读数，现在有 %(now)d 个。请分几次粘贴。") % {"most": MOST, "now": len(readings)}
        )
    return readings, lines, wrong


def _heads(
    cells: Sequence[str], asked: dict[str, EnvironmentRequirement]
) -> tuple[dict[int, tuple[str, str]], list[str]]:
    """Place of each element with its unit, and what is wrong with the heads."""
    if cells[0].strip().casefold() not in TIME_HEADS:
        return {}, [_("第一行要是表头，第一列要是“时间”。请连表头一起粘贴。")]
    labels = {str(element.label): element for element in Element}
    labels |= {label.partition("（")[0]: element for label, element in labels.items()}
    found: dict[int, tuple[str, str]] = {}
    wrong: list[str] = []
    for place, cell in enumerate(cells[1:], start=1):
        whole = cell.strip()
        name, _mark, unit = (
            (whole, "", "") if whole in labels else re.sub(r"[（(\[/]", "/", whole, count=1).partition("/")
        )
        element = labels.get(name.strip())
        if element is None:
            if cell.strip():
                wrong.append(
                    _("不认识“%(head)s”这一列。请写成温度、湿度等要素名，或删去这一列。") % {"head": cell[:20]}
                )
            continue
        row = asked.get(element)
        unit = spelled(unit.strip(" )）]")) or (row.unit if row else usual_unit(element))
        found[place] = (element, unit)
    if len({element for element, _unit in found.values()}) < len(found):
        wrong.append(_("同一个要素有两列。请删去一列。"))
    if not found and not wrong:
        wrong.append(_("表头里没有要素。请写上温度、湿度等要素名。"))
    return found, wrong


def _moment(text: str, now: datetime) -> datetime | None:
    """The moment in Chinese time; a time without a day is of today."""
    text = " ".join(text.replace("T", " ").split())
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        text = f"{timezone.localdate(now):%Y-%m-%d} {text}"
    for layout in TIMES:
        try:
            return timezone.make_aware(datetime.strptime(text, layout))
        except ValueError:
            continue
    return None
