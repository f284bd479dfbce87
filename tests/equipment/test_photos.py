"""Photos of equipment: as large as a page needs them, upright, without where and when they were taken."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from equipment.models import EquipmentPaper
from portal import documents, outbox
from portal.inspection import Unacceptable, image
from portal.models import Document
from portal.permissions import Role


def phone_photo(width=2400, height=1200):
    """A photo held upright, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the picture is on its right side
    exif.get_ifd(0x8825)[2] = (22.0, 32.0, 12.0)
    file = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 90)).save(file, "JPEG", exif=exif, quality=60)
    return file.getvalue()


def kept(lab, signed_in, kind):
    sent = {"equipment": lab.equipment.ref, "kind": kind, "title": "正面",
            "file": SimpleUploadedFile("正面.jpg", phone_photo(), content_type="image/jpeg")}  # fmt: skip
    address = reverse("portal:register_new", args=[lab.institution.slug, "equipment-papers"])
    assert signed_in(Role.METROLOGY_MANAGER).post(address, sent).status_code == 302
    outbox.drain()
    file = EquipmentPaper.objects.get().file
    assert file.state == Document.State.ACCEPTED
    return Image.open(io.BytesIO(documents.whole(file.stored_as, file.sha256)))


def test_a_photo_of_a_phone_is_kept_small_upright_and_without_its_place(lab, signed_in):
    found = kept(lab, signed_in, "photo")
    assert found.size == (800, 1600) and not found.getexif()


def test_a_scanned_paper_keeps_its_size(lab, signed_in):
    assert max(kept(lab, signed_in, "acceptance").size) == 2400


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_picture_of_any_kind_is_made_smaller(mode):
    file = io.BytesIO()
    Image.new(mode, (300, 200)).save(file, "JPEG")
    assert Image.open(io.BytesIO(image.inspect(file.getvalue(), "JPEG", 100))).size == (100, 67)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_a_drawing_of_any_kind_is_made_smaller(mode):
    file = io.BytesIO()
    Image.new(mode, (300, 200)).save(file, "PNG")
    assert Image.open(io.BytesIO(image.inspect(file.getvalue(), "PNG", 100))).size == (100, 67)


def test_a_small_picture_does_not_grow():
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    assert Image.open(io.BytesIO(image.inspect(file.getvalue(), "PNG", 100))).size == (30, 20)


def test_a_photo_that_unpacks_to_a_wall_of_pixels_is_refused():
    file = io.BytesIO()
    Image.new("1", (20_000, 2_100)).save(file, "PNG")
    with pytest.raises(Unacceptable, match="百万像素"):
        image.inspect(file.getvalue(), "PNG", 1600)
