"""XML: well-formed text in UTF-8, flat, without a document type.

Kept as it came: a signature covers its bytes. What it means is for the app that asked for it. Source: E8.42, E8.43.
"""

from xml.parsers.expat import ExpatError, ParserCreate

from django.utils.translation import gettext as _

from . import Unacceptable

MOST_ELEMENTS, MOST_ATTRIBUTES, DEEPEST = 100_000, 50, 80
BYTE_ORDER_MARKS_OF_OTHERS = (b"\xff\xfe", b"\xfe\xff", b"\x00")


def inspect(content: bytes) -> None:
    """Passes when nothing in the file acts, refers elsewhere, or grows while it is read. Raises: Unacceptable."""
    if content.startswith(BYTE_ORDER_MARKS_OF_OTHERS):
        raise Unacceptable(_not_utf8())
    try:
        _Reading().parser.Parse(content, True)
    except ExpatError as error:
        raise Unacceptable(
            _("XML 在第 %(line)d 行读不下去，文件不完整或已损坏。请用原软件重新导出后再上传。") % {"line": error.lineno}
        ) from error
    except UnicodeError as error:
        raise Unacceptable(_not_utf8()) from error


class _Reading:
    """One pass over the file. Nothing of it is built."""

    def __init__(self) -> None:
        self.depth = self.elements = 0
        self.parser = ParserCreate()
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._definition
        self.parser.EntityDeclHandler = self._definition
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
            raise Unacceptable(_not_utf8())

    def _definition(self, *_rest: object) -> None:
        raise Unacceptable(
            _("XML 里有文档类型或实体定义（DOCTYPE、ENTITY），可能引用外部内容。请导出不含这些定义的文件。")
        )

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST:
            raise Unacceptable(_("XML 的嵌套超过 %(most)d 层。请用原软件重新导出。") % {"most": DEEPEST})
        if self.elements > MOST_ELEMENTS or len(attributes) > MOST_ATTRIBUTES:
            raise Unacceptable(
                _("XML 的元素超过 %(most)d 个，或属性过多。请拆成几份再上传。") % {"most": MOST_ELEMENTS}
            )

    def _end(self, name: str) -> None:
        self.depth -= 1


def _not_utf8() -> str:
    return _("XML 的编码不是 UTF-8。请另存为 UTF-8 后再上传。")
