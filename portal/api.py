"""What doors for programs share: reading JSON without a float, answering in it, and saying what is wrong where.

Views of programs are functions of REST framework (`@door(..., to=Audience.API)` makes them so): `request.data` is what was
sent, a Response is the answer, serializers read the fields, and every refusal may simply be raised. Who knocks and what
it may do is decided before, at the door and by the tenant middleware, since nothing can be read outside a scope.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from .errors import problem
from .transitions import Refused

JSON = "application/json"
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


class Malformed(APIException):
    """What was sent cannot be read; the sentence says why. `row`, `field`: where; `flaws`: where it is more than one thing."""

    status_code = 400

    def __init__(
        self, sentence: str, *, row: int | None = None, field: str = "", flaws: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(sentence)
        here = [flaw(sentence, row=row, field=field)] if row is not None or field else []
        self.sentence, self.flaws = sentence, list(flaws) or here


class Broken(Malformed):
    """What was sent was read and breaks the rules; nothing was written."""

    status_code = 422


class ExactJson(BaseParser):
    """An object of JSON; its numbers are Decimal, digit for digit, and no name stands twice. Raises: Malformed."""

    media_type = JSON

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            found = json.loads(
                parser_context["request"].body,  # which is no longer than settings allow, as the stream may be
                parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number, object_pairs_hook=_named_once,
            )  # fmt: skip
        except (ValueError, RecursionError, ArithmeticError) as error:
            text = _("不是能读懂的 JSON：要 UTF-8，同一对象里名称不能重复，数里不能有 NaN 和 Infinity，不能嵌套太深。")
            raise Malformed(text) from error
        if not _is_text(found):
            raise Malformed(_("含有半个字符（\\ud800 一类的转义）。请用 UTF-8 发送。"))
        if not isinstance(found, dict):
            raise Malformed(_("最外层要是一个对象：{ … }。"))
        return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _is_text(found: Any) -> bool:
    """Whether everything in it can be written down: JSON may escape half a character."""
    try:
        json.dumps(found, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


class AlwaysJson(BaseContentNegotiation):
    """Whatever a program says it accepts, it gets JSON, or the file that it asked for."""

    def select_parser(self, request: Any, parsers: list[BaseParser]) -> BaseParser | None:
        """The parser for what was sent; None when that is no JSON."""
        return parsers[0] if request.content_type.partition(";")[0].strip().lower() == JSON else None

    def select_renderer(self, request: Any, renderers: list[BaseRenderer], format_suffix: str = "") -> tuple[Any, str]:
        """The one renderer."""
        return renderers[0], renderers[0].media_type


def said(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """What is wrong, as a problem: 400, 409 with every reason, 422; None for what the rest of the portal answers."""
    request: HttpRequest = context["request"]
    if isinstance(error, UnsupportedMediaType):
        error = Malformed(_("请用 JSON 发送，并写明 Content-Type: application/json。"))
    if isinstance(error, Malformed):
        return problem(request, error.status_code, error.sentence, errors=error.flaws)
    if isinstance(error, Refused):
        reasons = [refusal.text for refusal in error.refusals]
        return problem(request, 409, " ".join(reasons), errors=[flaw(text) for text in reasons])
    return None


def rows_of(found: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    """The list of objects under that name, neither empty nor longer than `most`. Raises: Malformed."""
    rows = found.get(name)
    if not isinstance(rows, list) or not rows:
        raise Malformed(_("缺少 %(name)s：它要是一个不空的列表。") % {"name": name}, field=name)
    if len(rows) > most:
        raise Malformed(
            _("%(name)s 一次最多 %(most)d 条，现在有 %(now)d 条。请分批发送。")
            % {"name": name, "most": most, "now": len(rows)},
            field=name,
        )
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Malformed(_("每一条都要是一个对象：{ … }。"), row=place)
    return rows


class Named(serializers.Field):
    """What another row is called: that row, out of `context[name of the field]`. Blank is the same as missing."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(None if data == "" else data)

    def to_internal_value(self, data: Any) -> Any:
        found = self.context[self.field_name].get(data.strip()) if isinstance(data, str) else None
        if found is None:
            self.fail("unknown", name=str(data)[:60])
        return found


class Number(serializers.DecimalField):
    """A number, or a text of plain digits: Decimal itself would also read 1_0, and the digits of every script."""

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, str) and not NUMBER.fullmatch(data.strip()):
            self.fail("invalid")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A moment, ISO 8601, a day alone is none; without a zone it is Chinese time."""

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and len(value.strip()) <= len("2026-03-09"):
            self.fail("date")
        return super().to_internal_value(value)

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            return super().enforce_timezone(value)
        except OverflowError:  # of the first and the last day that there are
            self.fail("overflow")


def one_sentence(text: Any) -> dict[str, Any]:
    """`error_messages` of a field that says the same, whatever is wrong with it."""
    kinds = ("required", "null", "blank", "invalid", "invalid_choice", "unknown", "max_length", "max_digits", "date",
             "make_aware", "overflow", "max_string_length")  # fmt: skip
    return dict.fromkeys(kinds, text)


def flaws_of(errors: Mapping[int, Mapping[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """The errors of a serializer of many rows, one for each field."""
    return [flaw(str(texts[0]), row=row, field=name) for row, found in errors.items() for name, texts in found.items()]


def flaw(detail: str, *, row: int | None = None, field: str = "") -> dict[str, Any]:
    """One thing that is wrong: in which row, counted from 0, in which field, and the sentence."""
    return {"row": row, "field": field, "detail": detail}
