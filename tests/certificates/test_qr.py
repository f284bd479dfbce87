import re

import pytest
import zxingcpp
from PIL import Image

from portal import qr

URL = "HTTPS://EXAMPLE.ORG/C/7K4P9WQD5TMX2HRB"
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\3z")


def picture(code: qr.QrPath, scale: int = 6) -> Image.Image:
    size = int(code.view_box.split()[2])
    image = Image.new("L", (size, size), 255)
    for x, y, length in (map(int, run) for run in RUN.findall(code.d)):
        image.paste(0, (x, y, x + length, y + 1))
    return image.resize((size * scale, size * scale), Image.Resampling.NEAREST)


def test_a_reader_finds_exactly_the_url_in_the_drawn_code():
    (found,) = zxingcpp.read_barcodes(picture(qr.drawn(URL)))
    assert found.text == URL


def test_the_path_consists_of_merged_runs_and_nothing_else():
    assert RUN.sub("", qr.drawn(URL).d) == ""


def test_no_two_runs_touch_in_a_row():
    ends = {(int(x) + int(length), int(y)) for x, y, length in RUN.findall(qr.drawn(URL).d)}
    starts = {(int(x), int(y)) for x, y, _ in RUN.findall(qr.drawn(URL).d)}
    assert not ends & starts


def test_four_white_modules_surround_the_code():
    image = picture(qr.drawn(URL), scale=1)
    left, top, right, bottom = Image.eval(image, lambda shade: 255 - shade).getbbox()
    assert (left, top, image.width - right, image.height - bottom) == (4, 4, 4, 4)


def test_the_error_correction_level_is_m():
    (found,) = zxingcpp.read_barcodes(picture(qr.drawn(URL)))
    assert found.ec_level == "M"


def test_an_upper_case_url_of_thirty_eight_characters_fits_version_two():
    assert qr.drawn(URL).view_box == "0 0 33 33"


@pytest.mark.parametrize("url", ["https://example.org/c/7k4p", "HTTPS://例.CN/", "", "HTTPS://EXAMPLE.ORG/?A=1"])
def test_a_url_outside_the_alphanumeric_alphabet_is_refused(url):
    with pytest.raises(ValueError, match="capitals"):
        qr.drawn(url)
