"""Pictures: read by one decoder, within a cap of pixels, and encoded anew without anything around the pixels.

A file that is a picture and a page of HTML at once is only a picture afterwards; where and when a photo was taken is
not kept. Source: E8.43.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from PIL import Image, ImageFile, ImageOps

from . import Unacceptable

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 20_000
# What a photo or a scan can be; other modes are brought to the nearest of them.
MODES = {"JPEG": {"L": "L"}, "PNG": {"1": "1", "L": "L", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA", "I;16": "I;16"}}
SMOOTH = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")  # modes whose pixels can be mixed
# A PNG of the largest size takes half a minute at the usual level, for a few per cent less.
SAVED = {"JPEG": {"quality": 92}, "PNG": {"compress_level": 2}}


def inspect(content: bytes, kind: str, side: int = 0) -> bytes:
    """The same picture, upright, encoded anew; no side longer than `side` pixels where that is given.

    `kind`: "JPEG" or "PNG". Raises: Unacceptable.
    """
    try:
        with warnings.catch_warnings(), _whole_pictures_only():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _encoded(_decoded(content, kind, side), kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unacceptable(_too_large()) from error
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError) as error:
        raise Unacceptable(_("图片不完整或已损坏，无法读出。请重新拍照或扫描后再上传。")) from error


@contextmanager
def _whole_pictures_only() -> Iterator[None]:
    """Inside, what is cut off is an error; WeasyPrint, where it is loaded, has made the decoders fill it up with grey."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _decoded(content: bytes, kind: str, side: int) -> Image.Image:
    picture = Image.open(io.BytesIO(content), formats=[kind])
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise Unacceptable(_too_large())
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if side and max(upright.size) > side:
        upright = (
            upright if upright.mode in SMOOTH else upright.convert("RGBA" if "transparency" in upright.info else "RGB")
        )
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    return upright


def _encoded(picture: Image.Image, kind: str) -> bytes:
    see_through = "transparency" in picture.info
    mode = MODES[kind].get(picture.mode, "RGB")
    if kind == "PNG" and see_through:
        mode = "RGBA"
    bare = picture if picture.mode == mode else picture.convert(mode)
    bare.info = {}
    kept = io.BytesIO()
    bare.save(kept, kind, **SAVED[kind])
    return kept.getvalue()


def _too_large() -> str:
    return _("图片超过 %(millions)d 百万像素。请降低分辨率（300 dpi 足够）后再上传。") % {
        "millions": MOST_PIXELS // 1_000_000
    }
