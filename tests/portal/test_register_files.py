"""The files of a register's row: kept when none is chosen, judged with the other mistakes, asked for again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from institutions.models import Activity
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n%%EOF"


@pytest.fixture
def lab(client):
    lab = make.institution()
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    return lab


def sent(client, lab, file, page="register_new", *args, **values):
    data = {"kind": Activity.Kind.values[0], "title": "诚信宣传周", "held_on": "2026-03-09", **values, "file": file}
    return client.post(reverse(f"portal:{page}", args=[lab.slug, "activities", *args]), data)


def test_a_row_amended_without_a_new_file_keeps_its_file(client, lab):
    kept = make.document(lab, "照片.pdf")
    row = make._row(
        Activity, lab, kind=Activity.Kind.values[0], title="诚信宣传", held_on="2026-03-09", file_id=kept.pk
    )
    assert sent(client, lab, "", "register_amend", row.ref, revision=1).status_code == 302
    with tenant(lab.pk):
        row.refresh_from_db()
    assert (row.title, row.file_id) == ("诚信宣传周", kept.pk)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (SimpleUploadedFile("安装.exe", b"MZ"), "不接受“.exe”文件"),
        (SimpleUploadedFile("照片.pdf", b"text"), "文件内容与后缀“.pdf”不符"),
        (SimpleUploadedFile("照片.pdf", b""), "文件是空的"),
    ],
)
def test_a_wrong_file_is_told_together_with_the_other_mistakes(client, lab, file, sentence):
    page = sent(client, lab, file, title="")
    text = page.content.decode()
    assert page.status_code == 422 and sentence in text and "请填写这一项" in text


def test_a_good_file_is_asked_for_again_when_the_form_comes_back(client, lab):
    page = sent(client, lab, SimpleUploadedFile("照片.pdf", PDF), title="")
    assert page.status_code == 422 and "请再选一次“照片.pdf”" in page.content.decode()


def test_a_file_that_was_judged_is_stored_whole(client, lab):
    assert sent(client, lab, SimpleUploadedFile("照片.pdf", PDF)).status_code == 302
    with tenant(lab.pk):
        assert Activity.objects.get().file.size == len(PDF)
