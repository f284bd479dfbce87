"""Fields for what people type: full-width digits are understood, what cannot be kept is refused in words."""

import re
import unicodedata
from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import glyphs, picking

# The true minus sign is a minus; spaces of any width are none; what Python reads over between digits is refused.
NOT_IN_NUMBERS = {0x2212: "-", 0x20: None, 0xA0: None, 0x2009: None, 0x202F: None, ord("_"): "?"}
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class TextField(forms.CharField):
    """Text that a certificate can print, without invisible characters; spaces around it are dropped."""

    def __init__(self, *, max_length: int, **kwargs):
        super().__init__(**kwargs)
        self.max_length = max_length
        self.widget.attrs |= self.widget_attrs(self.widget)
        self.validators = [self._visible, self._printable, self._short_enough]

    def _visible(self, text: str) -> None:
        if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter not in "\r\n\t" for letter in text):
            raise ValidationError(_("含有看不见的控制字符。请删除后重新键入，不要从别处粘贴。"))

    def _printable(self, text: str) -> None:
        missing = "".join(letter for letter in dict.fromkeys(text) if letter not in "\r\n\t" and not _drawn(letter))
        if missing:
            raise ValidationError(_("“%(letters)s”印不到证书上。请改用别的字或写法。") % {"letters": missing[:10]})

    def _short_enough(self, text: str) -> None:
        if len(text) > self.max_length:
            raise ValidationError(
                _("最多 %(most)d 个字，现在有 %(now)d 个。请缩短。") % {"most": self.max_length, "now": len(text)}
            )


def _drawn(letter: str) -> bool:
    return letter.isascii() or letter in glyphs.covered()


class NumberTextField(TextField):
    """A plain decimal number above zero, kept as it was typed: its digits say how well it is known."""

    def to_python(self, value):
        return narrow_letters(super().to_python(value))

    def validate(self, value):
        super().validate(value)
        whole, point, fraction = value.partition(".")
        digits = whole + fraction
        plain = digits.isascii() and digits.isdigit() and whole and (fraction or not point)
        if value and not (plain and digits.strip("0")):
            raise ValidationError(
                _("“%(text)s”不是大于零的数。请只填数字和小数点，例如 0.0015。") % {"text": value[:30]}
            )


class DecimalTextField(forms.DecimalField):
    """A decimal number, also in full-width digits or with the true minus sign; never a float."""

    default_error_messages = {
        "required": gettext_lazy("请填写数值。"),
        "invalid": gettext_lazy("不是数。请只填数字、小数点和负号，例如 -0.5。"),
        "max_digits": gettext_lazy("位数太多。请减少数字。"),
        "max_decimal_places": gettext_lazy("小数位太多。请减少小数位。"),
        "max_whole_digits": gettext_lazy("数值太大。请核对单位。"),
    }

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        super().__init__(**kwargs)

    def to_python(self, value):
        return super().to_python(_plain_number(value))


class WholeNumberField(forms.IntegerField):
    """A whole number from zero on, as people and years are counted."""

    default_error_messages = {
        "required": gettext_lazy("请填写数字。"),
        "invalid": gettext_lazy("不是整数。请只填数字。"),
    }

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric"}))
        super().__init__(**{"min_value": 0, "max_value": 2_000_000_000, **kwargs})

    def to_python(self, value):
        return super().to_python(_plain_number(value))


def _plain_number(value):
    if not isinstance(value, str):
        return value
    return narrow_letters(value).translate(NOT_IN_NUMBERS)


def narrow_letters(text):
    """Full-width letters made narrow, and nothing else: NFKC as a whole would make 102 of 10² and 81 of 8①."""
    if text.isascii():
        return text
    wide = ("<wide>", "<narrow>")
    return "".join(
        unicodedata.normalize("NFKC", letter) if unicodedata.decomposition(letter).startswith(wide) else letter
        for letter in text
    )


class DayField(forms.DateField):
    """A calendar day, picked or typed as 2026-03-09, of a year that a laboratory's records can hold."""

    FIRST_YEAR, LAST_YEAR = 1990, 2100
    default_error_messages = {
        "required": gettext_lazy("请填写日期。"),
        "invalid": gettext_lazy("日期看不懂。请按 2026-03-09 的样子填写。"),
    }

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"])
        super().__init__(**kwargs)

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value
        day = super().to_python(_iso_day(text) or text)
        if day is not None and not self.FIRST_YEAR <= day.year <= self.LAST_YEAR:
            raise ValidationError(
                _("年份 %(year)d 不对。请填 %(first)d 至 %(last)d 年之间的日期。")
                % {"year": day.year, "first": self.FIRST_YEAR, "last": self.LAST_YEAR}
            )
        return day


class MomentField(forms.DateTimeField):
    """A day and a time of day in Chinese time, to the minute, picked or typed as 2026-03-09 14:05. Cleans to an aware moment."""

    default_error_messages = {
        "required": gettext_lazy("请填写日期和时刻。"),
        "invalid": gettext_lazy("时间看不懂。请按 2026-03-09 14:05 的样子填写。"),
    }

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}))
        layouts = [
            f"{day}{between}%H:%M{rest}" for day in ("%Y-%m-%d", "%Y/%m/%d") for between in "T " for rest in ("", ":%S")
        ]
        kwargs.setdefault("input_formats", layouts)
        super().__init__(**kwargs)

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value
        try:
            moment = super().to_python(text)
        except OverflowError:  # the first and the last hours of the calendar have no time in another zone
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if moment is not None and not DayField.FIRST_YEAR <= moment.year <= DayField.LAST_YEAR:
            raise ValidationError(
                _("年份 %(year)d 不对。请填 %(first)d 至 %(last)d 年之间的时间。")
                % {"year": moment.year, "first": DayField.FIRST_YEAR, "last": DayField.LAST_YEAR}
            )
        return moment


def _iso_day(text):
    """The day written as 2026-03-09, or None: most days are, and trying every other way of writing them takes long."""
    if not isinstance(text, str) or not ISO_DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class ChoiceField(forms.ChoiceField):
    """One of the offered values."""

    default_error_messages = {
        "required": gettext_lazy("请选择一项。"),
        "invalid_choice": gettext_lazy("没有“%(value)s”这一项。请从列表里选。"),
    }


class RowField(forms.ModelChoiceField):
    """One of the offered rows, named by its ref; of a long table also by its own number, as it is typed (picking.py)."""

    widget = picking.RowSelect

    default_error_messages = {
        "required": gettext_lazy("请选择一项。"),
        "invalid_choice": gettext_lazy("所选的一项已经不在列表里。请重新选择。"),
    }

    validate_no_null_characters = ProhibitNullCharactersValidator(default_error_messages["invalid_choice"])

    def __init__(self, **kwargs):
        super().__init__(to_field_name="ref", empty_label=gettext_lazy("请选择"), **kwargs)

    def to_python(self, value):
        try:
            return super().to_python(value)
        except ValidationError as gone:
            kind = picking.kind_of(self.queryset.model)
            if kind is None or not isinstance(value, str):
                raise
            try:
                return kind.read(self.queryset, value)
            except ValidationError as unread:  # nobody typed into a plain list
                raise (unread if kind.is_long(self.queryset) else gone) from None
