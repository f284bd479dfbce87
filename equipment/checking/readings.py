"""Readings as people type or paste them: one a line, digit for digit, and how they are written again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.decimals import Unreadable, parse, plain, trimmed

MOST = 200
WHOLE_DIGITS = DECIMALS = 12
SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Readings:
    """Readings in the order they were taken: as texts with all their digits, and as numbers."""

    texts: tuple[str, ...]

    @property
    def values(self) -> tuple[Decimal, ...]:
        return tuple(Decimal(text) for text in self.texts)

    def __len__(self) -> int:
        return len(self.texts)


class ReadingsField(forms.CharField):
    """A box for readings, one a line; a row of cells pasted from a spreadsheet is taken as well. Cleans to Readings."""

    widget = forms.Textarea(attrs={"rows": 10, "inputmode": "decimal", "spellcheck": "false", "class": "readings"})
    default_error_messages = {"required": gettext_lazy("请填写读数，一行一个。")}

    def __init__(self, *, least: int = 1, **kwargs):
        kwargs.setdefault("help_text", gettext_lazy("一行一个，按仪器显示的位数填写，末位的 0 也要填；可从表格里粘贴"))
        super().__init__(strip=True, **kwargs)
        self.least = least

    def to_python(self, value):
        text = super().to_python(value)
        lines = text.replace("\t", "\n").replace("；", "\n").replace(";", "\n").splitlines()
        typed = [line.strip() for line in lines if line.strip()]
        if len(typed) > MOST:
            raise ValidationError(_("最多 %(most)d 个读数，现在有 %(now)d 个。") % {"most": MOST, "now": len(typed)})
        found, wrong = [], []
        for number, line in enumerate(typed, 1):
            if len(line.split()) > 1:
                wrong.append(_("第 %(number)d 个：“%(text)s”里有空格。请一行填一个读数，数字里不留空格。")
                             % {"number": number, "text": line[:24]})  # fmt: skip
                continue
            try:
                found.append(_kept(parse(line)))
            except Unreadable as error:
                wrong.append(_("第 %(number)d 个：%(sentence)s") % {"number": number, "sentence": error.sentence})
        if wrong:
            raise ValidationError(wrong[:SHOWN_ERRORS])
        return Readings(tuple(found))

    def validate(self, value):
        if not value.texts:
            if self.required:
                raise ValidationError(self.error_messages["required"])
        elif len(value) < self.least:
            raise ValidationError(
                _("至少 %(least)d 个读数，现在有 %(now)d 个。请补测。") % {"least": self.least, "now": len(value)}
            )


def _kept(value: Decimal) -> str:
    """The number as it will be stored. Raises: Unreadable when the columns cannot hold it."""
    text = plain(value)
    whole, _point, fraction = text.lstrip("-").partition(".")
    if len(whole) > WHOLE_DIGITS or len(fraction) > DECIMALS:
        raise Unreadable(_("“%(text)s”的位数太多。请换一个单位。") % {"text": text[:24]})
    return text


def written(texts: Sequence[str]) -> str:
    """Readings as the box shows them."""
    return "\n".join(texts)


def figure(value: Decimal | None, places: int = 0, *, sign: bool = False) -> str:
    """A stored figure as it is read: without the zeros of its column beyond so many places, with a true minus."""
    if value is None:
        return "—"
    text = trimmed(value, places).replace("-", "−")
    return f"+{text}" if sign and value > 0 else text


def decimals_of(values: Iterable[Decimal | None]) -> int:
    """The most decimals that any of the stored figures needs."""
    return max((len(trimmed(value).partition(".")[2]) for value in values if value is not None), default=0)
