"""What somebody writes into a DCC who wants more than a certificate read. Names say what must not work."""

import socket

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from equipment import dcc
from equipment.models import Traceability
from portal.models import Document
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.equipment.test_dcc import SAMPLE, sentence_of, xml

VALUES = "0.0000 1.0002 2.5005"
HEAD, BODY = SAMPLE.read_bytes().split(b"?>", 1)
NAME = "数字压力计".encode()


def doctype(inner, use=b"&x;"):
    return HEAD + b"?><!DOCTYPE a [" + inner + b"]>" + BODY.replace(NAME, use)


# --- numbers


@pytest.mark.parametrize("word", ["1e999999999", "-1E+400000", "1e-999999999", "9e31", "1e-40"])
def test_a_number_beyond_all_measure_is_named_and_never_written_out(word):
    assert "位数" in sentence_of(xml((VALUES, f"0.0000 {word} 2.5005")))


def test_a_number_with_thousands_of_digits_is_named():
    assert "位数" in sentence_of(xml((VALUES, f"0.0000 {'9' * 5000} 2.5005")))


@pytest.mark.parametrize("word", ["1_000", "１.0002", "٣", "0x10", "1,0", "+-1"])
def test_what_only_looks_like_a_number_is_refused_by_the_schema(word):
    assert "不符合 DCC" in sentence_of(xml((VALUES, f"0.0000 {word} 2.5005")))


@pytest.mark.parametrize("word", ["nan", "NaN", "INF", "-INF", "inf"])
def test_what_is_no_number_is_refused(word):
    sentence_of(xml((VALUES, f"0.0000 {word} 2.5005")))


def test_more_values_than_anybody_measures_are_refused():
    assert "太多" in sentence_of(xml((VALUES, "1 " * 20_000)))


def test_a_comment_or_a_section_in_a_number_does_not_change_what_is_validated_and_read():
    """What the schema has seen is what is taken: both read over comments and see the section's text."""
    found = dcc.read(xml((VALUES, "0.0000 1.0<!-- 9 -->002 <![CDATA[2.5005]]>")), unit="MPa")
    assert [point.value for point in found.points] == ["0.0000", "1.0002", "2.5005"]


@pytest.mark.parametrize("factor", ["0", "-2"])
def test_a_coverage_factor_that_cannot_be_is_not_taken_over(factor):
    content = xml(("coverageFactorXMLList>2<", f"coverageFactorXMLList>{factor}<"))
    assert "不符合 DCC" in sentence_of(content)


def test_a_negative_uncertainty_is_not_taken_over():
    assert "不符合 DCC" in sentence_of(xml(("0.30 0.30 0.40", "0.30 -0.30 0.40")))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "-0044-03-15"])
def test_a_day_that_no_certificate_bears_is_said_in_words(day):
    old = "<dcc:endPerformanceDate>2026-02-27"
    sentence_of(xml((old, f"<dcc:endPerformanceDate>{day}")))


# --- what XML can do besides


@pytest.mark.parametrize(
    "content",
    [
        doctype(b'<!ENTITY x SYSTEM "file:///etc/passwd">'),
        doctype(b'<!ENTITY x SYSTEM "http://169.254.169.254/latest/meta-data/">'),
        doctype(b'<!ENTITY % p SYSTEM "http://example.com/x.dtd"> %p;', NAME),
        doctype(b'<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 100 + b'"><!ENTITY x "' + b"&b;" * 100_000 + b'">'),
        doctype(b'<!ENTITY x "' + b"A" * 100_000 + b'">', b"&x;" * 1000),
        doctype(b"", NAME),
        HEAD + b'?><!DOCTYPE a PUBLIC "-//x" "http://example.com/x.dtd">' + BODY,
        SAMPLE.read_text(encoding="utf-8").replace("UTF-8", "UTF-7").encode(),
        b"\x00" + SAMPLE.read_bytes(),
        SAMPLE.read_bytes()[:-200],
        b"<?xml version='1.0'?>" + b"<a>" * 100_000,
        b"%PDF-1.7\n" + SAMPLE.read_bytes(),
        SAMPLE.read_bytes() + b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    ],
    ids=range(14),
)
def test_nothing_that_grows_reaches_out_or_pretends_is_read(content, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    said = sentence_of(content)
    assert "root:" not in said and said.endswith("。")


def test_a_place_to_fetch_the_schema_from_is_not_asked(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    place = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="https://ptb.de/dcc http://127.0.0.1:1/x.xsd" '
    assert dcc.read(xml(("xmlns:dcc=", place + "xmlns:dcc="))).identifier


def test_a_part_of_another_file_is_not_drawn_in():
    part = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    said = sentence_of(xml(('<dcc:content lang="zh">压力</dcc:content>', part)))
    assert "root:" not in said


def test_a_style_sheet_that_it_asks_for_is_not_followed(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    order = b'?><?xml-stylesheet type="text/xsl" href="http://127.0.0.1:1/x.xsl"?>'
    assert dcc.read(HEAD + order + BODY).identifier


# --- on the page


@pytest.fixture
def lab(db):
    institution = make.institution()
    with tenant(institution.pk):
        yield institution


@pytest.fixture
def page(client, lab):
    """Sends a DCC for a device and gives the form that it fills."""
    device = make.equipment(lab, make.site(lab), serial_number="D-90417")
    client.force_login(make.user(lab, Role.METROLOGY_MANAGER))

    def send(content, name="证书.xml"):
        url = reverse("equipment:dcc", args=[lab.slug, device.ref])
        answer = client.post(url, {"dcc_file": SimpleUploadedFile(name, content)})
        drain()
        return client.get(answer.url, follow=True) if answer.status_code == 302 else answer

    return send


def test_markup_in_a_dcc_is_text_on_the_page(page):
    evil = "&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;"
    text = page(xml((">压力<", f">{evil}<"), ("省级计量院（示）", evil))).content.decode()
    assert "<img src=x" not in text and "</script>&" not in text and "&lt;img src=x" in text


def test_an_invisible_letter_in_a_dcc_is_said_on_the_form_and_never_a_failure(page):
    assert page(xml(("省级计量院（示）", "省级\u202e计量院"))).status_code == 200


def test_a_number_beyond_all_measure_is_said_on_the_page(page):
    answer = page(xml((VALUES, "0.0000 1e999999999 2.5005")))
    assert answer.status_code == 409 and "位数" in answer.content.decode()


@pytest.mark.parametrize("name", ["x.xml\r\nSet-Cookie: a=b", "../../x.xml", 'x".xml', "长" * 300 + ".xml", ".xml"])
def test_the_name_of_a_file_is_only_a_name(page, name):
    answer = page(SAMPLE.read_bytes(), name)
    assert answer.status_code < 500 and "Set-Cookie: a=b" not in str(answer.headers)


def test_a_dcc_of_another_institution_is_nobodys_here(client, page, lab):
    page(SAMPLE.read_bytes())
    theirs = Document.objects.get()
    other = make.institution("beta")
    thing = make.equipment(other, make.site(other), serial_number="D-90417")
    client.force_login(make.user(other, Role.METROLOGY_MANAGER))
    answer = client.get(reverse("equipment:trace", args=[other.slug, thing.ref]), {"dcc": theirs.ref})
    assert answer.status_code == 404 or "SL2026-P-00417" not in answer.content.decode()
    url = reverse("equipment:dcc_progress", args=[other.slug, thing.ref, theirs.ref])
    assert client.get(url).status_code == 404
    sent = {"dcc": theirs.ref, "certificate_number": "SL2026-P-00417", "kind": "calibration"}
    assert client.post(reverse("equipment:trace", args=[other.slug, thing.ref]), sent).status_code in (404, 422)
    with tenant(other.pk):
        assert not Traceability.objects.exists()
