"""Sheets of many labels: ordered in the request, drawn by a worker, waited for on a page, opened as a document."""

import io

import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse

from equipment.codes import verbs
from equipment.labels import drawing, fitting
from equipment.models import DeviceCode
from portal import outbox
from portal.models import Document, OutboxEntry
from portal.permissions import Role
from tests import make
from tests.equipment.test_labels import AT


@pytest.fixture
def several(lab, monkeypatch):
    """Three codes, where two are already too many for the request."""
    monkeypatch.setattr(drawing, "AT_ONCE", 2)
    codes = verbs.make_blank(3, actor=lab.metrologist, at=AT)
    return f"?first={codes[0].ref}&last={codes[-1].ref}&sheet=roll-40x30&start=1"


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


def drain():
    for entry in OutboxEntry.objects.filter(task="equipment.draw_sheet", state=OutboxEntry.State.PENDING):
        outbox.perform(entry.pk, entry.attempts)


def test_many_labels_are_ordered_and_come_as_a_document(signed_in, lab, several):
    browser = signed_in(Role.METROLOGY_MANAGER)
    waiting = browser.post(url(lab, "code_pdf") + several, follow=True)
    assert "正在生成" in waiting.content.decode()
    document = Document.objects.get()
    drain()
    told = browser.get(url(lab, "sheet_progress", document.ref)).json()
    assert told["state"] == "done"
    pdf = b"".join(browser.get(told["result_url"]).streaming_content)
    pages = pypdfium2.PdfDocument(io.BytesIO(pdf))
    read = [zxingcpp.read_barcode(page.render(scale=6).to_pil()).text.rsplit("/", 1)[-1] for page in pages]
    assert read == list(DeviceCode.objects.order_by("pk").values_list("token", flat=True))


def test_few_labels_come_at_once(signed_in, lab, several, monkeypatch):
    monkeypatch.setattr(drawing, "AT_ONCE", 3)
    answer = signed_in(Role.METROLOGY_MANAGER).get(url(lab, "code_pdf") + several)
    assert answer["Content-Type"] == "application/pdf" and not Document.objects.exists()


def test_an_address_that_is_only_opened_orders_nothing(signed_in, lab, several):
    answer = signed_in(Role.METROLOGY_MANAGER).get(url(lab, "code_pdf") + several, follow=True)
    assert "请点“生成 PDF”" in answer.content.decode() and not Document.objects.exists()


def test_the_page_of_many_offers_the_order(signed_in, lab, several):
    page = signed_in(Role.METROLOGY_MANAGER).get(url(lab, "code_sheet") + several).content.decode()
    assert "生成 PDF</button>" in page and "打开 PDF" not in page


def test_the_same_sheet_asked_for_again_is_the_same_document(signed_in, lab, several):
    browser = signed_in(Role.METROLOGY_MANAGER)
    for _time in range(2):
        browser.post(url(lab, "code_pdf") + several)
        drain()
    assert Document.objects.count() == 1 == OutboxEntry.objects.filter(task="equipment.draw_sheet").count()


def test_work_that_comes_twice_draws_once(signed_in, lab, several):
    signed_in(Role.METROLOGY_MANAGER).post(url(lab, "code_pdf") + several)
    drain()
    before = Document.objects.get()
    drawing.draw_sheet(before.pk)
    assert Document.objects.get().stored_as == before.stored_as


def test_a_sheet_that_is_given_up_says_what_to_do(signed_in, lab, several):
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.post(url(lab, "code_pdf") + several)
    OutboxEntry.objects.filter(task="equipment.draw_sheet").update(state=OutboxEntry.State.DEAD)
    page = browser.get(url(lab, "sheet_waiting", Document.objects.get().ref)).content.decode()
    assert "请改为分几批打印" in page


def test_a_letter_that_cannot_be_drawn_is_said_before_anything_is_ordered(signed_in, lab, monkeypatch):
    monkeypatch.setattr(drawing, "AT_ONCE", 0)
    row = make.equipment(lab.institution, lab.site, name="压力表\U0001f600")
    verbs.make_for([row], actor=lab.metrologist, at=AT)
    address = url(lab, "code_pdf") + f"?ref={row.ref}&sheet=roll-40x30&start=1"
    answer = signed_in(Role.METROLOGY_MANAGER).post(address, follow=True)
    assert "印不出来" in answer.content.decode() and not Document.objects.exists()


def test_nobody_else_orders_a_sheet(signed_in, lab, several):
    assert signed_in(Role.OPERATOR).post(url(lab, "code_pdf") + several).status_code == 403


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("云汀市计量技术研究院", ["云汀市计量技术研究院"]),
        ("汀南市计量质量检测研究院", ["汀南市计量", "质量检测研究院"]),
        ("Tingnan Metrology Institute", ["Tingnan Metrology", "Institute"]),
        ("甲" * 25, ["甲" * 8, "甲" * 8, "甲" * 9]),
    ],
)  # fmt: skip
def test_the_name_of_an_institution_is_set_in_even_lines_without_tearing_a_word(name, lines):
    assert fitting.in_lines(name, 10) == lines
