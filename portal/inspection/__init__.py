"""What is inside an uploaded file, judged by pure functions from bytes: a sentence why not, or the bytes to keep.

Called in a worker, in a process of its own (portal/sandbox.py): everything here reads what a stranger has written.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
XLSX, CSV = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"
XML = "application/xml"


class Unacceptable(Exception):
    """The file is not taken. The text is a sentence that says why, and what to do."""


@dataclass(frozen=True)
class Finding:
    """`problem`: the sentence why the file is not taken, or "". `cleaned`: the bytes to keep in place of what came."""

    problem: str
    cleaned: bytes | None = None


def inspected(content_type: str, content: bytes, side: int = 0) -> bytes:
    """The judgement in one piece, as the sandbox hands it out: a line of JSON, then the bytes to keep if they differ.

    side: pixels of the longest side of a picture that is only looked at, 0 for one that is evidence as it is.
    """
    try:
        cleaned = _inspector(content_type, side)(content)
    except Unacceptable as unacceptable:
        return json.dumps({"problem": str(unacceptable)}).encode() + b"\n"
    same = cleaned is None or cleaned == content
    return json.dumps({"problem": "", "same": same}).encode() + b"\n" + (b"" if same else cleaned)


def understood(answer: bytes) -> Finding:
    """What `inspected` has answered."""
    head, _newline, cleaned = answer.partition(b"\n")
    said = json.loads(head)
    return Finding(said["problem"], None if said["problem"] or said["same"] else cleaned)


def _inspector(content_type: str, side: int) -> Callable[[bytes], bytes | None]:
    """The module of the kind; the parsers behind them are heavy, and only workers need them."""
    from . import csv, image, pdf, xlsx, xml

    return {
        PDF: pdf.inspect,
        JPEG: lambda content: image.inspect(content, "JPEG", side),
        PNG: lambda content: image.inspect(content, "PNG", side),
        XLSX: xlsx.inspect,
        CSV: csv.inspect,
        XML: xml.inspect,
    }[content_type]
