"""Workbooks: a zip of XML, counted while it is unpacked, without macros, links to elsewhere, or entities.

Kept as it came: whoever imports it reads cells only. Source: E8.43.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError, ParserCreate

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException, DTDForbidden
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from . import Unacceptable

MOST_ENTRIES = 1000
LARGEST_WHOLE = 200 * 1024 * 1024
LARGEST_XML = 100 * 1024 * 1024
HIGHEST_RATIO = 100
SMALL = 1024 * 1024  # up to here a high ratio does no harm, and empty sheets have one
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 50_000, 500, 300_000
STEP = 64 * 1024
NEVER = re.compile(
    r"vba|macrosheet|externallink|activex|embeddings|oleobject|ctrlprops|customui|connections\.xml|querytable"
    r"|webextension|dialogsheet",
    re.IGNORECASE,
)
NESTED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"MZ")
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


# What the libraries raise about a file that is no workbook, or half of one.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, InvalidFileException,
    KeyError, ValueError, IndexError, TypeError, AttributeError, ParseError, ExpatError,
)  # fmt: skip


def inspect(content: bytes) -> None:
    """Passes when the workbook holds nothing but cells that can be read. Raises: Unacceptable."""
    parts_are_harmless(content)
    try:
        _cells(content)
    except DAMAGED as error:
        raise Unacceptable(damaged()) from error


def parts_are_harmless(content: bytes) -> None:
    """Passes when no part of the workbook acts, links elsewhere or unpacks without end. Raises: Unacceptable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _entries(archive)
    except DAMAGED as error:
        raise Unacceptable(damaged()) from error


def damaged() -> str:
    return _("工作簿不完整或已损坏。请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。")


def _entries(archive: zipfile.ZipFile) -> None:
    entries, whole = archive.infolist(), 0
    names = [entry.filename.lower() for entry in entries]
    if len(entries) > MOST_ENTRIES or len(set(names)) < len(names):
        raise Unacceptable(_bomb())
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise ValueError("not a workbook")
    for entry in entries:
        if NEVER.search(entry.filename):
            raise Unacceptable(_acts())
        if entry.flag_bits & 1:
            raise Unacceptable(_("工作簿加了密码。请去掉密码，另存后再上传。"))
        data, is_xml = bytearray(), entry.filename.lower().endswith((".xml", ".rels", ".vml"))
        for position, part in enumerate(_parts(archive, entry)):
            whole += len(part)
            if whole > LARGEST_WHOLE:
                raise Unacceptable(_bomb())
            if not position and part.startswith(NESTED):
                raise Unacceptable(_("工作簿里还嵌有别的文件。请只留下表格，另存为 .xlsx 后再上传。"))
            if is_xml:
                data += part
        if is_xml:
            _plain_xml(entry.filename, bytes(data))


def _parts(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes, counted as they come: what its header says about its size is not believed."""
    size = 0
    with archive.open(entry) as file:
        while part := file.read(STEP):
            size += len(part)
            if size > LARGEST_XML or (size > SMALL and size > HIGHEST_RATIO * max(entry.compress_size, 1)):
                raise Unacceptable(_bomb())
            yield part


def _plain_xml(name: str, data: bytes) -> None:
    """Passes for XML without a document type, and for relationships that stay inside, but for links to click on."""
    lower = name.lower()
    try:
        if lower.endswith(".rels") or lower == "[content_types].xml":
            for _event, element in ElementTree.iterparse(io.BytesIO(data), forbid_dtd=True):
                _harmless(element)
        else:
            _without_document_type(data)
    except DefusedXmlException as error:
        raise Unacceptable(_("工作簿里有不该有的 XML 定义。请用 Excel 或 WPS 另存为 .xlsx 后再上传。")) from error


def _without_document_type(data: bytes) -> None:
    """Passes for well-formed XML without a document type. Nothing of it is built: sheets are large. Raises: ExpatError."""

    def refuse(name: str, *_rest: object) -> None:
        raise DTDForbidden(name, None, None)

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)


def _harmless(element) -> None:
    is_link = element.get("Type", "").endswith("/hyperlink")
    if element.tag == RELATIONSHIP and element.get("TargetMode", "") == "External" and not is_link:
        raise Unacceptable(_acts())
    if re.search(
        r"macro|vba|activex|oleobject", element.get("ContentType", "") + element.get("Type", ""), re.IGNORECASE
    ):
        raise Unacceptable(_acts())


def _cells(content: bytes) -> None:
    """Every row of every sheet is read once, as an import would."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    cells = 0
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what the sheet says about its size is not believed
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells += len(row)
            if number > MOST_ROWS or cells > MOST_CELLS or len(row) > MOST_COLUMNS:
                raise Unacceptable(
                    _("表格超过 %(rows)d 行、%(columns)d 列或 %(cells)d 格。请删去空白的行和列，或拆成几份。")
                    % {"rows": MOST_ROWS, "columns": MOST_COLUMNS, "cells": MOST_CELLS}
                )
    book.close()


def _acts() -> str:
    return _("工作簿里有宏、外部链接或嵌入的对象。请另存为不含宏的 .xlsx，断开链接后再上传。")


def _bomb() -> str:
    return _("工作簿解压后过大。请只留下需要的表格，另存为 .xlsx 后再上传。")
