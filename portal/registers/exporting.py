"""Spreadsheets that a register gives away: the template to fill in, the bad rows to correct, and its list.

In what comes back every cell is text, so that a spreadsheet changes neither a long number nor the zeros of a value.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from .. import exports
from ..actors import Actor
from ..inspection import XLSX, tables
from ..models import Document, RegisterImport
from ..permissions import Permission
from ..routes import door
from . import Register
from .columns import OURS, Column, columns_of, form_of
from .shown import value_text
from .views import narrowed, register_named

GUIDE = _("填写说明")
HEAD, REQUIRED = PatternFill("solid", "E8EEF5"), PatternFill("solid", "F6E7C8")
MOST_LISTED = 60  # offered values that the guide prints; the list to choose from holds all


@door("POST", right=Permission.EXPORT, limit="export", name="portal.Register.name")
def export(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """The rows that the list's filters leave, every field in words. Source: E8.45, E3.18."""
    register, query = register_named(name), request.GET.urlencode()
    rows, filters = narrowed(request, register, timezone.localdate())
    words = {
        one["label"]: str(dict(one.get("choices", ())).get(one["value"], one["value"])) for one in filters
    }  # fmt: skip
    back = register.list_url(slug)
    return exports.send(
        request, f"{register.model._meta.model_name}.export", name=str(register.title),
        rows=rows.select_related(*register.relations).order_by(*register.order), columns=titles(register),
        narrowed_by={str(label): text for label, text in words.items()}, back=f"{back}?{query}" if query else back,
    )  # fmt: skip


def titles(register: Register) -> dict[str, Callable[[Any], Any]]:
    """The register's fields and the state, each with what stands in its column."""
    fields = [register.model._meta.get_field(name) for name in register.fields]
    columns = {str(one.verbose_name): _value(one.name) for one in fields if one.related_model is not Document}
    return {**columns, _("状态"): lambda row: row.get_state_display()}


def _value(name: str) -> Callable[[Any], Any]:
    return lambda row: value_text(row, name)


# --- what a person fills in


def template(register: Register, actor: Actor) -> HttpResponse:
    """A workbook with the register's columns to fill in, and a sheet that says how."""
    columns, book = columns_of(register, form_of(register, actor)), Workbook()
    sheet = book.active
    sheet.title = tables.SHEET
    _head(sheet, columns)
    guide = book.create_sheet(GUIDE)
    _guide(guide, register, columns)
    _lists(book, sheet, columns)
    return _answer(book, _("%(title)s 导入模板") % {"title": register.title})


def _head(sheet: Any, columns: Sequence[Column]) -> None:
    for place, column in enumerate(columns, start=1):
        cell = sheet.cell(1, place, f"{column.label}*" if column.required else column.label)
        cell.font, cell.fill = Font(bold=True), REQUIRED if column.required else HEAD
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = max(12, min(36, 2 * len(column.label) + 4))
        sheet.column_dimensions[letter].number_format = "@"
    sheet.freeze_panes = "A2"


def _guide(sheet: Any, register: Register, columns: Sequence[Column]) -> None:
    heads = [_("列"), _("必填"), _("怎样填"), _("例子"), _("可填的内容")]
    notes = [
        _("%(title)s：%(about)s。") % {"title": register.title, "about": register.about},
        _("在“%(sheet)s”表里从第 2 行起填写，一行一条，最多 %(most)d 行。带 * 的列必填；日期写成 2026-03-09。")
        % {"sheet": tables.SHEET, "most": tables.MOST_ROWS},
    ]
    if register.key:
        labels = {column.name: column.label for column in columns}
        key = "、".join(labels.get(name, name) for name in register.key)
        notes.append(_("“%(key)s”已经登记过的行会更正原来的那一条；没有的列保持不变，空着的格会清空。") % {"key": key})
    for note in notes:
        sheet.append([note])
    sheet.append([])
    sheet.append(heads)
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = Font(bold=True), HEAD
    for column in columns:
        how = [column.hint, _("可填几项，用顿号隔开") if column.several else ""]
        listed = "、".join(column.offered[:MOST_LISTED]) + ("…" if len(column.offered) > MOST_LISTED else "")
        sheet.append(
            [column.label, _("是") if column.required else "", "；".join(filter(None, how)), column.example, listed]
        )
        for cell in sheet[sheet.max_row]:
            cell.data_type, cell.number_format = "s", "@"
            cell.value = exports.safe(str(cell.value or ""))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for letter, width in zip("ABCDE", (22, 8, 40, 22, 60), strict=True):
        sheet.column_dimensions[letter].width = width


def _lists(book: Any, sheet: Any, columns: Sequence[Column]) -> None:
    """Cells whose contents can be listed offer the list."""
    hidden = book.create_sheet("lists")
    hidden.sheet_state = "hidden"
    for place, column in enumerate(columns, start=1):
        if not column.offered or column.several:
            continue
        letter = get_column_letter(place)
        for line, text in enumerate(column.offered, start=1):
            cell = hidden.cell(line, place, exports.safe(text))
            cell.data_type = "s"
        rule = DataValidation("list", formula1=f"lists!${letter}$1:${letter}${len(column.offered)}", allow_blank=True)
        rule.showErrorMessage = False  # the portal understands more ways to name a row than the list holds
        sheet.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{tables.MOST_ROWS + 1}")


def flaws_to_correct(register: Register, run: RegisterImport) -> HttpResponse:
    """The lines that were not good, as they were read, each with its reasons at the end: to correct and bring back."""
    content = run.content
    reasons: dict[int, list[str]] = {}
    for flaw in content["flaws"]:
        text = f"{flaw['column']}：{flaw['sentence']}" if flaw["column"] else flaw["sentence"]
        reasons.setdefault(flaw["line"], []).append(text)
    lines = content["table"]["lines"]
    heads, width = content["heads"], max(len(cells) for _number, cells in lines)
    kept = [place for place, head in enumerate(_filled(heads, width)) if head not in OURS]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(tables.SHEET)
    sheet.freeze_panes = "A2"
    sheet.append(_texts(sheet, [*(_filled(heads, width)[place] for place in kept), *OURS[:2]], bold=True))
    for number, cells in lines:
        if number in reasons:
            texts = _filled(cells, width)
            sheet.append(_texts(sheet, [*(texts[place] for place in kept), str(number), " ".join(reasons[number])]))
    return _answer(book, _("%(title)s 待改正") % {"title": register.title})


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _texts(sheet: Any, texts: Iterable[str], *, bold: bool = False) -> list[WriteOnlyCell]:
    cells = []
    for text in texts:
        cell = WriteOnlyCell(sheet, exports.safe(text))
        cell.data_type, cell.number_format = "s", "@"
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    return cells


def _answer(book: Workbook, name: str) -> HttpResponse:
    file = io.BytesIO()
    book.save(file)
    response = HttpResponse(file.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.xlsx")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
