"""PDF: pages to read and nothing that acts. Kept as it came, since a certificate's bytes are its evidence.

Not taken: encryption, JavaScript, actions that start something, attachments, forms of XFA, data around the document.
Two things that harmless documents carry are taken: an opening action that only turns to a page, and files attached to
a PDF/A-3 (certificates of ours and digital calibration certificates) as long as they are JSON or XML that can be read.
Source: E8.43.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pikepdf
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from pikepdf import Array, Dictionary, Name, Stream

from . import Unacceptable

MOST_OBJECTS = 50_000
MOST_PAGES = 500
DEEPEST = 60
MOST_VALUES = 2_000_000
MOST_ATTACHMENTS = 10
LARGEST_ATTACHMENT = 5 * 1024 * 1024

# Actions that run or fetch something, or send it away; what only moves the reader within pages or opens a web address
# after a click is left.
ACTIONS = {
    "/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound",
    "/RichMediaExecute", "/GoTo3DView",
}  # fmt: skip
ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/3D", "/Movie", "/Sound", "/Screen"}
DATA_KINDS = {"/application/json": "json", "/application/xml": "xml", "/text/xml": "xml"}
SPACE = b"\x00\t\n\x0c\r "


def inspect(content: bytes) -> None:
    """Passes when the document only shows pages. Raises: Unacceptable."""
    _nothing_around_it(content)
    for word in (b"/JavaScript", b"/Launch"):  # also in a revision that a later one hides
        if word in content:
            raise Unacceptable(_acts())
    with _opened(content) as document:
        if len(document.objects) > MOST_OBJECTS or len(document.pages) > MOST_PAGES:
            raise Unacceptable(
                _("PDF 过于复杂（超过 %(pages)d 页或 %(objects)d 个对象）。请只上传证书本身，或拆成几份。")
                % {"pages": MOST_PAGES, "objects": MOST_OBJECTS}
            )
        if not len(document.pages):
            raise Unacceptable(_("PDF 里一页也没有。请重新导出后再上传。"))
        attachments = list(_attachments(document))
        if attachments:
            _only_data(document, attachments)


def _nothing_around_it(content: bytes) -> None:
    end = content.rfind(b"%%EOF")
    if not content.startswith(b"%PDF-") or end < 0:
        raise Unacceptable(_damaged())
    if content[end + 5 :].strip(SPACE):
        raise Unacceptable(_("PDF 结尾之后还有别的数据。请用原软件重新导出或打印成 PDF，再上传。"))


def _opened(content: bytes) -> pikepdf.Pdf:
    try:
        document = pikepdf.open(io.BytesIO(content), attempt_recovery=False, suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise Unacceptable(_encrypted()) from error
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
        raise Unacceptable(_damaged()) from error
    if document.is_encrypted:
        raise Unacceptable(_encrypted())
    return document


def _attachments(document: pikepdf.Pdf) -> Iterator[Dictionary]:
    """The file specifications with a file in them. Raises: Unacceptable for whatever acts."""
    for value in _values(document):
        if not isinstance(value, Dictionary | Stream):
            continue
        keys = set(value.keys())
        if "/XFA" in keys:
            raise Unacceptable(_("PDF 里有 XFA 表单。请打印成普通 PDF 后再上传。"))
        if keys & {"/JS", "/JavaScript", "/AA"} or ("/OpenAction" in keys and not _turns_a_page(value["/OpenAction"])):
            raise Unacceptable(_acts())
        if _text(value.get("/S")) in ACTIONS:
            raise Unacceptable(_acts())
        if _text(value.get("/Subtype")) in ANNOTATIONS:
            raise Unacceptable(_("PDF 里嵌有附件、音像或三维内容。请打印成普通 PDF 后再上传。"))
        if "/EF" in keys:
            yield value


def _values(document: pikepdf.Pdf) -> Iterator[Any]:
    """Every value of every object, and the trailer's; what is only pointed at comes once, as an object."""
    seen, waiting = 0, [(document.trailer, 0)]
    for top in document.objects:
        waiting.append((top, 0))
        while waiting:
            value, depth = waiting.pop()
            seen += 1
            if seen > MOST_VALUES or depth > DEEPEST:
                raise Unacceptable(_("PDF 的结构层层嵌套，检查不完。请打印成普通 PDF 后再上传。"))
            yield value
            waiting += [(inner, depth + 1) for inner in _inside(value)]


def _inside(value: Any) -> list[Any]:
    """The dictionaries and lists that stand in the value itself."""
    held = value.values() if isinstance(value, Dictionary) else value if isinstance(value, Array) else ()
    if isinstance(value, Stream):
        held = value.stream_dict.values()
    return [inner for inner in held if isinstance(inner, Dictionary | Stream | Array) and not inner.is_indirect]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, Name) else ""


def _turns_a_page(action: Any) -> bool:
    """Whether opening the document only shows one of its pages."""
    if isinstance(action, Array):
        return True
    return isinstance(action, Dictionary) and _text(action.get("/S")) == "/GoTo" and "/Next" not in action


def _only_data(document: pikepdf.Pdf, attachments: list[Dictionary]) -> None:
    """Passes when the document says that it is a PDF/A-3 and every attachment is data of a kind that can be read."""
    if _conformity(document) != "3" or len(attachments) > MOST_ATTACHMENTS:
        raise Unacceptable(_attached())
    for specification in attachments:
        for stream in {key: value for key, value in specification["/EF"].items() if key in ("/F", "/UF")}.values():
            kind = DATA_KINDS.get(_text(stream.get("/Subtype")), "")
            if not kind or "/AFRelationship" not in specification or not _reads_as(kind, _decoded(stream)):
                raise Unacceptable(_attached())


def _conformity(document: pikepdf.Pdf) -> str:
    """The part of PDF/A that the document's metadata name, or ""."""
    try:
        with document.open_metadata() as metadata:
            return str(metadata.get("pdfaid:part", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise Unacceptable(_damaged()) from error


def _decoded(stream: Stream) -> bytes:
    size = stream.get("/Length", 0)
    if int(size) > LARGEST_ATTACHMENT:
        raise Unacceptable(_attached())
    try:
        data = stream.read_bytes()
    except pikepdf.PdfError as error:
        raise Unacceptable(_damaged()) from error
    if len(data) > LARGEST_ATTACHMENT:
        raise Unacceptable(_attached())
    return data


def _reads_as(kind: str, data: bytes) -> bool:
    try:
        if kind == "json":
            json.loads(data)
        else:
            ElementTree.fromstring(data, forbid_dtd=True)
    except (ValueError, RecursionError, ElementTree.ParseError, DefusedXmlException):
        return False
    return True


def _damaged() -> str:
    return _("PDF 不完整或已损坏。请重新扫描，或用原软件重新导出，再上传。")


def _encrypted() -> str:
    return _("PDF 加了密码或限制。请去掉密码，或打印成普通 PDF 后再上传。")


def _acts() -> str:
    return _("PDF 里有会自动执行的内容（脚本或动作）。请打印成普通 PDF 后再上传。")


def _attached() -> str:
    return _("PDF 里嵌有附件。只接受 PDF/A-3 里的 JSON 或 XML 数据；请打印成普通 PDF，附件另外上传。")
