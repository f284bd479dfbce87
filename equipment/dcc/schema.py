"""The XML of a DCC as a tree that its schema has passed. Nothing is fetched: the schemas lie in the package dcclib."""

import re
from importlib.resources import files
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

DCC, SI = "https://ptb.de/dcc", "https://ptb.de/si"
NAMES = {"dcc": DCC, "si": SI}
ROOT = f"{{{DCC}}}digitalCalibrationCertificate"
FOLDER = files("dcclib") / "validation" / "schema" / "dcc"
OLDEST = 3  # the major version from which on results are described as they are today
NO_NUMBER = re.compile(r"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)


class NotADcc(ValueError):
    """The file is no DCC that can be read; the sentence says why and what to do."""


def tree_of(content: bytes) -> Any:
    """The root element of a DCC that is valid by the schema of the version it names. Raises: NotADcc.

    No entity is resolved, no document type loaded, nothing fetched, and no number in it is NaN or infinite.
    Source: E8.42; the schemas of DCC 3.x.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotADcc(_("读不出 XML，文件不完整或已损坏。请向出具机构重新索取 DCC。")) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotADcc(_("XML 里有文档类型定义（DOCTYPE），不是 DCC。请向出具机构重新索取。"))
    if root.tag != ROOT:
        raise NotADcc(_("这份 XML 不是 DCC（数字校准证书）。请选择证书机构给的 DCC 文件。"))
    version = root.get("schemaVersion", "")
    _only_numbers(root)
    _validate(root, version)
    return root


def versions() -> list[str]:
    """The versions of the format that can be read, the oldest first."""
    found = (name[1:-4] for name in (entry.name for entry in FOLDER.iterdir()) if name.endswith(".xsd"))
    numbers = sorted(tuple(map(int, name.split("."))) for name in found)
    return [".".join(map(str, number)) for number in numbers if number[0] >= OLDEST]


def _validate(root: Any, version: str) -> None:
    known = versions()
    if version not in known:
        raise NotADcc(
            _("DCC 的格式版本“%(version)s”不能读入，只读 %(first)s 至 %(last)s。请向出具机构索取新版本，或照证书键入。")
            % {"version": version[:20], "first": known[0], "last": known[-1]}
        )
    path = FOLDER / f"v{version}.xsd"
    schema = etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))
    if not schema.validate(root):
        first = schema.error_log[0]
        raise NotADcc(
            _("不符合 DCC %(version)s 的格式：第 %(line)d 行，%(said)s。请出具机构更正后重新给出。")
            % {"version": version, "line": first.line, "said": first.message[:160]}
        )


def _only_numbers(root: Any) -> None:
    """Passes when no value is NaN or infinite: the schema lets both pass as numbers."""
    for element in root.iter(f"{{{SI}}}*"):
        for word in (element.text or "").split():
            if NO_NUMBER.fullmatch(word):
                raise NotADcc(
                    _("第 %(line)d 行的值是“%(word)s”，不是数。请出具机构更正后重新给出。")
                    % {"line": element.sourceline, "word": word}
                )
