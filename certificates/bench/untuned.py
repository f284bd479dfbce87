"""The same page by WeasyPrint as it comes: what rendering.py saves is measured against this.

A font of the system with all its characters where there is one, a rectangle for each module of the QR code, and fonts
and stylesheet read anew for each document.
"""

import re
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from certificates import rendering

SYSTEM_FONT = "Noto Sans CJK SC"
SYSTEM_FONT_FILE = "NotoSansCJK-Regular.*"
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")


def pdf(content: dict[str, Any]) -> bytes:
    """The certificate, to be looked at and thrown away."""
    page = rendering._page(rendering._without_nulls(content["body"]), content["issue"])
    html = render_to_string(rendering.TEMPLATE, page)
    drawn = f'<path d="{page["qr"].d}" />'
    if drawn not in html:
        raise RuntimeError("the template draws its QR code in another way")
    html = html.replace(drawn, _modules(page["qr"].d))
    fonts = FontConfiguration()
    css = CSS(string=_stylesheet(), font_config=fonts, url_fetcher=rendering.FETCHER)
    document = HTML(string=html, url_fetcher=rendering.FETCHER).render(stylesheets=[css], font_config=fonts)
    return document.write_pdf(pdf_variant="pdf/a-3b")


def system_font() -> str:
    """The name of the large font of this machine, or "" when there is none and the packaged ones are taken."""
    found = any(True for folder in FOLDERS for _ in Path(folder).rglob(SYSTEM_FONT_FILE))
    return SYSTEM_FONT if found else ""


def _stylesheet() -> str:
    css = rendering.STYLESHEET.read_text(encoding="utf-8")
    if not system_font():
        return css
    css = re.sub(r"@font-face \{[^}]*\}", "", css)
    return re.sub(r'"Certificate \w+"|\bCertificate\b(?! No)', f'"{SYSTEM_FONT}"', css)


def _modules(path: str) -> str:
    return "".join(
        f'<rect x="{int(x) + step}" y="{y}" width="1" height="1" />'
        for x, y, length in RUN.findall(path)
        for step in range(int(length))
    )
