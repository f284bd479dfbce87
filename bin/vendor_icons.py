"""Build portal/static/portal/icons.svg from the pinned npm package @tabler/icons, and keep its licence beside it.

Run it after adding a name to ICONS: `python bin/vendor_icons.py`. It needs npm and the npm registry, nothing else;
the sprite is committed, so neither is needed to run the portal.
"""

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@tabler/icons"
VERSION = "3.51.0"
INTEGRITY = "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g=="
TARGET = Path(__file__).resolve().parent.parent / "portal" / "static" / "portal"

ICONS = """
adjustments alert-triangle archive arrow-back-up arrows-exchange ban bell book building calendar calendar-due
certificate chart-candle check chevron-down chevron-left chevron-right circle-check clipboard-check clock
device-floppy download edit external-link eye file-certificate file-text file-type-pdf file-zip flask gauge history
home inbox info-circle key keyboard link list-check lock login logout map-pin menu-2 message-circle package paperclip
phone plus printer qrcode refresh ruler-measure scale search settings shield-check signature stack-2
switch-horizontal table table-import target thermometer tools trash truck upload user users wifi-off world x
"""


def packed(directory: Path) -> Path:
    """The published archive lies in `directory` and is the one pinned above. Raises: SystemExit when it is not."""
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"]
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    archive = next(directory.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        sys.exit(f"{archive.name} is not the pinned package: sha512-{digest}")
    return archive


def symbol(name: str, drawing: str) -> str:
    """One drawing of the package as a sprite symbol that takes colour and line width from its surroundings."""
    body = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL).group(1)
    body = re.sub(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body)
    body = re.sub(r">\s+<", "><", body.strip()).replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def main() -> None:
    """The sprite and the licence text in static/portal are those of the pinned package."""
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(packed(Path(scratch))) as archive:

        def read(path: str) -> str:
            return archive.extractfile(f"package/{path}").read().decode()

        symbols = [symbol(name, read(f"icons/outline/{name}.svg")) for name in ICONS.split()]
        licence = read("LICENSE")
    sprite = ['<svg xmlns="http://www.w3.org/2000/svg">', f"<!-- {PACKAGE} {VERSION}, MIT -->", *symbols, "</svg>"]
    (TARGET / "icons.svg").write_text("\n".join(sprite) + "\n", encoding="utf-8")
    (TARGET / "icons.LICENSE.txt").write_text(licence, encoding="utf-8")
    print(f"{len(symbols)} icons, {(TARGET / 'icons.svg').stat().st_size} bytes")


if __name__ == "__main__":
    main()
