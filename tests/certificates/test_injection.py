"""What a stranger writes into a field stands on the paper as he wrote it, and does nothing. Source: E7.39, E7.40.

Each vector is put into every text of a certificate at once, with a number before it by which each place is found again.
"""

import io
import json
import re
import socket
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from django.core.exceptions import ValidationError

from certificates import canonical, rendering
from portal import outbox, paper, sandbox
from portal.models import OutboxEntry
from portal.typed import TextField
from tests import make

DATA = Path(__file__).resolve().parent.parent / "data"
POINTS_PER_MM = 72 / 25.4
# Codes, days and what the portal itself makes; every other text of the body comes from what somebody typed.
MADE_BY_THE_PORTAL = re.compile(r"(?:kind|key|verdict|role|rule|at|k|p|\w+_on|valid_until)")
NOT_PRINTED = {("record", "number")}

VECTORS = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "style sheet": '"><link rel=stylesheet href="http://127.0.0.1:9/x.css">',
    "attachment": "<a rel=attachment href='file:///etc/passwd'>x</a>",
    "file address": '<iframe src="file:///etc/passwd"></iframe>',
    "http address": "<object data='http://127.0.0.1:9/'></object>",
    "svg": '</td></table><svg><image href="file:///etc/hostname"/></svg>',
    "style url": "<style>*{background:url(http://127.0.0.1:9/)}</style>",
    "import": "<style>@import 'http://127.0.0.1:9/x.css';</style>",
    "template": "{{ settings.SECRET_KEY }}{% include 'base.html' %}",
    "entities": '<!DOCTYPE a [<!ENTITY b "&c;&c;">]>&b;&xxe;&lt;',
    "pdf operators": "(a) Tj ET Q endstream endobj 1 0 obj<</S/JavaScript>>",
    "css expression": '" style="width:expression(alert(1))" onclick="x',
    "open comment": "--><!-- <!--[if gte IE 4]><![CDATA[",
    "data address": "<img src=data:image/png;base64,iVBORw0KGgo=>",
    "long run": "W" * 90,
}
INVISIBLE = {
    "right to left": "甲\u202e乙", "isolate": "甲\u2067乙", "zero width": "甲\u200b乙", "joiner": "甲\u200d乙",
    "byte order": "甲\ufeff乙", "soft hyphen": "甲\u00ad乙", "tag": "甲\U000e0041乙", "null": "甲\x00乙",
}  # fmt: skip


def issued() -> dict[str, Any]:
    """A notice: the kind of certificate with the most texts."""
    return json.loads((DATA / "certificate_notice.json").read_text(encoding="utf-8"))


def replaced(value: Any, text: Callable[[tuple], str], place: tuple = ()) -> Any:
    """The content with another text in every place that holds what somebody typed."""
    if isinstance(value, dict):
        return {key: replaced(item, text, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, text, (*place, number)) for number, item in enumerate(value)]
    typed = isinstance(value, str) and not MADE_BY_THE_PORTAL.fullmatch(str(place[-1]))
    return text(place) if typed else value


def filled(vector: str) -> tuple[dict[str, Any], list[str]]:
    """The content with the vector everywhere, and each text as it was put in where it is printed."""
    content, texts = issued(), {}

    def numbered(place: tuple) -> str:
        texts[place] = f"{len(texts):03}{vector}"
        return texts[place]

    content["body"] = replaced(content["body"], numbered)
    return content, [text for place, text in texts.items() if place not in NOT_PRINTED]


def plain(text: str) -> str:
    """Without white space and without the marks that PDFium puts where a line ends."""
    return re.sub(r"[\s\u0002\ufffe]", "", text)


@cache
def rendered_and_asked(vector: str) -> tuple[bytes, list[object]]:
    """The certificate, and every address that was fetched and every socket that was made for it."""
    asked: list[object] = []
    rendering.warm_up()  # which reads the fonts
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paper.PackagedOnly, "fetch", lambda self, url, headers=None: asked.append(url))
        patched.setattr(socket, "socket", lambda *kind, **options: asked.append(kind))
        return rendering.pdf(filled(vector)[0]), asked


def rendered(vector: str) -> bytes:
    return rendered_and_asked(vector)[0]


def pages(file: bytes) -> list[str]:
    with pypdfium2.PdfDocument(file) as document:
        return [page.get_textpage().get_text_range() for page in document]


each_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)


def test_the_vectors_reach_every_part_of_the_certificate():
    parts = {place[0] for place in places()}
    assert parts >= {"institution", "customer", "item", "place", "environment", "method", "standards", "results", "checks",
                     "uncertainty", "conformity", "conclusion", "statements", "people", "order_number"}  # fmt: skip
    assert len(places()) > 100


def places() -> list[tuple]:
    found: list[tuple] = []
    replaced(issued()["body"], lambda place: found.append(place) or "")
    return found


@each_vector
def test_every_field_shows_what_was_typed_into_it(vector):
    _, texts = filled(vector)
    text = plain("".join(pages(rendered(vector))))
    assert [expected for expected in texts if plain(expected) not in text] == []


@each_vector
def test_nothing_is_fetched_and_no_socket_is_made(vector):
    assert rendered_and_asked(vector)[1] == []


@each_vector
def test_the_file_does_nothing_and_carries_its_content_only(vector):
    with pikepdf.open(io.BytesIO(rendered(vector))) as file:
        assert list(file.attachments) == ["content.json"]
        assert file.attachments["content.json"].get_file().read_bytes() == canonical.encoded(filled(vector)[0])
        assert not any("/Annots" in page or "/AA" in page for page in file.pages)
        assert not {"/OpenAction", "/AA", "/AcroForm", "/URI"} & set(file.Root.keys())
        dictionaries = [item for item in file.objects if isinstance(item, pikepdf.Dictionary | pikepdf.Stream)]
        assert not [item for item in dictionaries if {"/JS", "/URI", "/Launch", "/XFA"} & set(item.keys())]
        assert not [item for item in dictionaries if item.get("/Subtype") in ("/Image", "/Link", "/FileAttachment")]


@each_vector
def test_the_page_keeps_its_layout(vector):
    texts = pages(rendered(vector))
    assert "检定结果通知书" in plain(texts[0]) and "以下空白" in texts[-1] and "以下空白" not in "".join(texts[:-1])
    assert all(plain(f"第{number}页共{len(texts)}页") in plain(text) for number, text in enumerate(texts, start=1))
    with pypdfium2.PdfDocument(rendered(vector)) as document:
        for page in document:
            text = page.get_textpage()
            edges = [text.get_rect(number) for number in range(text.count_rects())]
            assert min(left for left, _, _, _ in edges) > 15 * POINTS_PER_MM
            assert max(right for _, _, right, _ in edges) < 195 * POINTS_PER_MM


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_what_cannot_be_seen_is_refused_when_it_is_typed(text):
    with pytest.raises(ValidationError, match="看不见的控制字符"):
        TextField(max_length=9).clean(text)


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_what_cannot_be_seen_is_not_printed_should_it_come_another_way(text):
    content = issued()
    content["body"]["item"]["serial_number"] = text
    with pytest.raises(paper.MissingGlyph, match="body.item.serial_number"):
        rendering.pdf(content)


def test_tabs_and_line_ends_are_printed_as_spaces():
    content = deepcopy(issued())
    content["body"]["item"]["condition"] = "甲\t乙\r\n丙"
    assert "甲 乙 丙" in pages(rendering.pdf(content))[0]


# The work


def test_a_worker_gets_the_same_bytes_from_the_sandbox():
    assert rendering.sandboxed(issued()) == rendering.pdf(issued())


def test_a_worker_renders_in_a_process_of_its_own_with_twenty_seconds(monkeypatch):
    asked: dict[str, Any] = {}
    monkeypatch.setattr(sandbox, "run", lambda *what, **limits: asked.update(limits, what=what) or b"pdf")
    assert rendering.sandboxed({"body": {}}) == b"pdf"
    assert asked == {"what": (rendering.pdf, {"body": {}}), "seconds": 20}


def test_an_asset_that_is_not_packaged_fails_the_work_and_not_the_worker(lab, monkeypatch):
    rendering.warm_up()
    make.certificate(lab, "issued")
    entry = OutboxEntry.objects.get(task="certificates.render_pdf")
    monkeypatch.setattr(rendering, "render_to_string", lambda *_: '<img src="http://127.0.0.1:9/x.png">')
    outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == (OutboxEntry.State.PENDING, 1)
    assert entry.last_error.startswith("SandboxError: pdf: FatalURLFetchingError: A PDF of ours may not load")
