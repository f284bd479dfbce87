"""What a regulator types: a notice, a decision, a penalty and its course, an edition of the wording."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from commitments.models import CommitmentTemplate
from commitments.wording import MOST_PARAGRAPHS, unknown_clauses
from institutions.models import Violation
from portal.actors import Actor
from portal.registers import REGISTERS
from portal.registers.forms import RowForm
from portal.typed import ChoiceField, DayField, TextField

PENALTY = (
    "kind", "key_person", "issuer", "number", "summary", "decided_on", "final_on", "integrity_related", "serious",
    "metrology", "file",
)  # fmt: skip
BLANK_PAIRS = 2  # what a form offers beyond the paragraphs that are there
SEVERAL = re.compile(r"[\s,，、;；]+")


class NoticeForm(forms.Form):
    """Why a pledge is to be withdrawn."""

    reason = TextField(label=_("拟撤销的事由和依据"), max_length=1000, widget=forms.Textarea(attrs={"rows": 5}),
                       help_text=_("写明事实、证据和所依据的条款；机构在陈述前会读到"))  # fmt: skip


class DecisionForm(forms.Form):
    """Why it was decided so."""

    decision = TextField(label=_("理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))


class PenaltyForm(RowForm):
    """A decision against the institution, as its authority wrote it."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, register=replace(REGISTERS["violations"], fields=PENALTY), actor=actor, **kwargs)
        self.fields["serious"].help_text = _now("一年内有的不能承诺")
        self.fields["integrity_related"].help_text = _now("生效后承诺当即撤销；违法违规和失信名单不勾也撤销")


class CourseForm(forms.Form):
    """What became of a decision: an act, its day where it has one, and why."""

    DAYS = {"settle": _("生效确定日期"), "revoke": _("撤销或移出日期")}

    reason = TextField(label=_("依据和理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, act: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"{act}-%s", **kwargs)
        if act in self.DAYS:
            self.fields["day"] = DayField(label=self.DAYS[act])
            self.order_fields(["day", "reason"])


class ActivateForm(forms.Form):
    """From when on an edition is in force."""

    day = DayField(label=_("启用日期"), help_text=_("今天或以后；在这之前仍用现行版"))


class RetireForm(forms.Form):
    """From when on an edition is out of use, and why."""

    day = DayField(label=_("停用日期"), help_text=_("从这一天起不再使用"))
    reason = TextField(label=_("停用原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class WordingForm(forms.Form):
    """An edition: its names, who lays it down, its paragraphs in Chinese with English beside, the clauses it takes over."""

    title = TextField(label=_("名称"), max_length=100)
    title_en = TextField(label=_("英文名称"), max_length=150, required=False)
    made_by = TextField(label=_("发布机关"), max_length=100)
    clauses = TextField(
        label=_("对应条款"),
        max_length=600,
        required=False,
        help_text=_("标准里的条款号，用空格隔开，例如 A-4.1.1 A-9.3-s1"),
    )

    def __init__(
        self, *args: Any, regions: Sequence[str] = (), edition: Mapping[str, Any] | None = None, **kwargs: Any
    ):
        told = dict(edition or {})
        pairs = told.pop("paragraphs", [])
        initial = told | {"clauses": " ".join(told.get("clauses", []))}
        for number, pair in enumerate(pairs, start=1):
            initial |= {f"zh_{number}": pair["zh"], f"en_{number}": pair["en"]}
        super().__init__(*args, initial=initial, **kwargs)
        if len(regions) > 1:
            self.fields["region"] = ChoiceField(label=_("适用的行政区划"), choices=[(one, one) for one in regions])
            self.order_fields(["region"])
        self.count = min(MOST_PARAGRAPHS, max(len(pairs), self._sent()) + BLANK_PAIRS)
        for number in range(1, self.count + 1):
            box = forms.Textarea(attrs={"rows": 3})
            said = {"number": number}
            self.fields[f"zh_{number}"] = TextField(
                label=_now("第 %(number)d 条") % said, max_length=400, required=False, widget=box
            )
            box = forms.Textarea(attrs={"rows": 3, "lang": "en"})
            self.fields[f"en_{number}"] = TextField(
                label=_now("第 %(number)d 条英文") % said, max_length=800, required=False, widget=box
            )

    def _sent(self) -> int:
        """The last paragraph that came with the request."""
        last = [
            number
            for number in range(1, MOST_PARAGRAPHS + 1)
            if self.data.get(f"zh_{number}") or self.data.get(f"en_{number}")
        ]
        return max(last, default=0)

    @property
    def head(self) -> list[forms.BoundField]:
        """The fields that stand before the paragraphs."""
        return [bound for bound in self.visible_fields() if not bound.name.startswith(("zh_", "en_"))]

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """The paragraphs as the page draws them."""
        return [{"zh": self[f"zh_{one}"], "en": self[f"en_{one}"]} for one in range(1, self.count + 1)]

    def clean_clauses(self) -> list[str]:
        names = [name for name in SEVERAL.split(self.cleaned_data["clauses"]) if name]
        if missing := unknown_clauses(names):
            told = {"names": "、".join(missing)[:200]}
            raise forms.ValidationError(_now("没有这些条款：%(names)s。请核对条款号。") % told)
        return list(dict.fromkeys(names))

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for number in range(1, self.count + 1):
            if values.get(f"en_{number}") and not values.get(f"zh_{number}") and f"zh_{number}" not in self.errors:
                self.add_error(f"zh_{number}", _now("第 %(number)d 条只有英文。请补上中文。") % {"number": number})
        if not any(values.get(f"zh_{number}") for number in range(1, self.count + 1)) and not self.errors:
            self.add_error("zh_1", _now("请至少写一条承诺。"))
        return values

    def facts(self) -> dict[str, Any]:
        """What the verbs take as `values`."""
        values = self.cleaned_data
        pairs = [
            {"zh": values[f"zh_{one}"], "en": values[f"en_{one}"]}
            for one in range(1, self.count + 1)
            if values[f"zh_{one}"]
        ]
        return {name: values[name] for name in ("title", "title_en", "made_by", "clauses")} | {"paragraphs": pairs}


def as_typed(row: CommitmentTemplate) -> dict[str, Any]:
    """The edition as its form takes it."""
    return {name: getattr(row, name) for name in ("title", "title_en", "made_by", "clauses", "paragraphs")}


def first_penalty() -> dict[str, Any]:
    """What the form of a penalty starts with."""
    return {"kind": Violation.Kind.PENALTY}
