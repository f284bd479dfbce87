"""What browsers report about pages that tried something the policy forbids: read with suspicion, told in a few words."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

LARGEST = 16 * 1024
MOST = 10
WORD = re.compile(r"[a-z-]{1,40}")


def violations(body: bytes) -> list[dict[str, str | int]]:
    """The violations in a report in either form (`report-uri`, `report-to`), at most ten.

    Each has only: "page" (name of our page, never its address, which may hold a token), "directive", "blocked" (a
    word, or scheme and host), "line". Raises: ValueError when the body is no such report. Source: E11.51, E13.61.
    """
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return [
        {
            "page": _route(report.get("document-uri", report.get("documentURL"))),
            "directive": _word(report.get("effective-directive", report.get("effectiveDirective"))),
            "blocked": _origin(report.get("blocked-uri", report.get("blockedURL"))),
            "line": _number(report.get("line-number", report.get("lineNumber"))),
        }
        for report in _reports(found)
    ]


def _reports(found: Any) -> Iterator[dict[str, Any]]:
    several = isinstance(found, list)
    for entry in found[:MOST] if several else [found]:
        report = entry.get("body" if several else "csp-report") if isinstance(entry, dict) else None
        if not isinstance(report, dict):
            raise ValueError("not a report of a violation")
        yield report


def _route(url: object) -> str:
    try:
        return resolve(urlsplit(str(url)).path).view_name
    except (Resolver404, ValueError):
        return "none"


def _word(value: object) -> str:
    return value if isinstance(value, str) and WORD.fullmatch(value) else ""


def _origin(url: object) -> str:
    if _word(url):
        return _word(url)
    try:
        parts = urlsplit(str(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    known = f"{parts.scheme}://{host}" if re.fullmatch(r"[a-z0-9.:-]{1,100}", host) else parts.scheme
    return known[:120]


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**7 else 0
