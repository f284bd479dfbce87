"""DCC: digital calibration certificates read into the form of a traceability."""

import os
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from equipment import dcc
from equipment.dcc import schema
from equipment.models import Traceability
from equipment.traceability import workflow
from institutions import units
from portal.models import Document
from portal.outbox import drain
from portal.permissions import Role
from portal.transitions import Refused
from tests import make

SAMPLE = Path(__file__).parent.parent / "data/dcc/pressure_gauge.xml"
# Further certificates to try, for whoever has some: every file in the folder is read.
FOLDERS = [SAMPLE.parent, *map(Path, filter(None, [os.environ.get("DCC_SAMPLES")]))]
SERIAL = "D-90417"


def xml(*changes):
    """The sample with texts replaced, each at its first place."""
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def sentence_of(content):
    with pytest.raises(dcc.NotADcc) as refused:
        dcc.read(content)
    return str(refused.value)


# --- reading


def test_a_dcc_says_which_certificate_by_whom_and_when():
    found = dcc.read(SAMPLE.read_bytes(), unit="MPa")
    assert (found.identifier, found.version) == ("SL2026-P-00417", "3.3.0")
    assert (found.issuer, found.qualification) == ("省级计量院（示）", "CNAS L00000")
    assert (found.calibrated_on, found.valid_until) == (date(2026, 2, 27), date(2027, 2, 26))
    assert found.standards == "活塞式压力计 H-0001"


def test_its_points_come_in_the_unit_of_the_values_with_their_own_u():
    points = dcc.read(SAMPLE.read_bytes(), unit="MPa").points
    assert [vars(points[2])[name] for name in ("quantity", "unit", "nominal", "value", "error")] == [
        "压力", "MPa", "2.5000", "2.5005", "0.0005",
    ]  # fmt: skip
    assert [(point.uncertainty, point.coverage_factor) for point in points] == [
        ("0.00030", "2"), ("0.00030", "2"), ("0.00040", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize("file", [file for folder in FOLDERS for file in sorted(folder.glob("*.xml"))], ids=str)
def test_every_sample_is_valid_and_has_points_with_u_in_legal_units(file):
    found = dcc.read(file.read_bytes())
    assert found.points and not found.notices
    assert all(point.uncertainty and point.coverage_factor and units.is_legal(point.unit) for point in found.points)


def test_of_a_value_in_two_units_that_of_the_equipment_is_taken():
    two = (
        "<si:hybrid><si:realListXMLList><si:valueXMLList>273.15 293.15</si:valueXMLList>"
        "<si:unitXMLList>\\kelvin</si:unitXMLList></si:realListXMLList><si:realListXMLList><si:valueXMLList>0.00 20.00"
        "</si:valueXMLList><si:unitXMLList>\\degreecelsius</si:unitXMLList></si:realListXMLList></si:hybrid>"
    )
    text = SAMPLE.read_text(encoding="utf-8")
    lists = re.findall(r"<si:realListXMLList>.*?</si:realListXMLList>", text, re.DOTALL)
    content = text.replace(lists[0], two).replace(lists[1], two).replace("\\kilo\\pascal", "\\kelvin")
    content = content.replace("0.0 0.2 0.5", "0.0 0.0").replace("0.30 0.30 0.40", "0.05 0.05")
    assert [point.nominal for point in dcc.read(content.encode(), unit="℃").points] == ["0.00", "20.00"]
    assert [point.nominal for point in dcc.read(content.encode(), unit="K").points] == ["273.15", "293.15"]


def test_an_error_that_is_not_given_follows_from_indication_and_reference():
    text = SAMPLE.read_text(encoding="utf-8")
    start = text.index('<dcc:quantity refType="basic_measurementError">')
    end = text.index("</dcc:quantity>", start) + len("</dcc:quantity>")
    points = dcc.read((text[:start] + text[end:]).encode()).points
    assert [point.error for point in points] == ["0.0000", "0.0002", "0.0005"]


def test_a_table_whose_columns_nobody_names_is_left_to_the_person():
    content = re.sub(r' refType="basic_(reference|measured|measurement)\w+"', "", SAMPLE.read_text(encoding="utf-8"))
    found = dcc.read(content.encode())
    assert not found.points and "没有标明哪一列" in found.notices[0]


def test_a_unit_that_is_unknown_stays_as_it_was_written():
    points = dcc.read(xml(("\\mega\\pascal", "\\furlong"), ("\\mega\\pascal", "\\furlong"))).points
    assert points[0].unit == "\\furlong"


def test_the_item_is_known_by_its_number_however_it_is_written():
    found = dcc.read(SAMPLE.read_bytes())
    assert [found.is_about(number) for number in ("d 90417", "D-90418", "")] == [True, False, False]


# --- units of D-SI


@pytest.mark.parametrize(
    ("token", "symbol"),
    [
        (r"\mega\pascal", "MPa"), (r"\degreecelsius", "℃"), (r"\kilogram", "kg"), (r"\kilo\gram", "kg"),
        (r"\metre\second\tothe{-1}", "m/s"), (r"\watt\per\metre\per\kelvin", "W/(m·K)"), (r"\per\second", "1/s"),
        (r"\milli\metre\tothe{2}", "mm²"), (r"\percent", "%"), (r"\one", "1"),
    ],
)  # fmt: skip
def test_an_expression_of_d_si_is_a_legal_unit(token, symbol):
    assert units.from_d_si(token).symbol == symbol


def test_every_unit_of_the_table_is_read_from_its_own_token():
    for entry in units.TABLE.values():
        found = units.from_d_si(entry.token)
        assert (found.factor, found.dimension) == (entry.factor, entry.dimension), entry.symbol


@pytest.mark.parametrize("token", ["", "\\kilo", "\\foo", "kelvin", r"\tothe{2}", r"\metre\tothe{99}", "\\per", "\\"])
def test_what_is_no_expression_of_d_si_is_refused(token):
    with pytest.raises(units.UnknownUnit):
        units.from_d_si(token)


# --- what is refused


ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not xml", "读不出 XML"),
        (b"<a/>", "不是 DCC"),
        (xml(('xmlns:dcc="https://ptb.de/dcc"', 'xmlns:dcc="https://example.com/dcc"')), "不是 DCC"),
        (xml(('schemaVersion="3.3.0"', 'schemaVersion="2.4.0"')), "只读 3.0.0 至 3.3.0"),
        (xml(('schemaVersion="3.3.0"', 'schemaVersion="../../x"')), "不能读入"),
        (xml((' schemaVersion="3.3.0"', "")), "不能读入"),
        (xml(("dcc:performanceLocation>laboratory", "dcc:performanceLocation>moon")), "不符合 DCC 3.3.0"),
        (xml(("0.0000 1.0002", "NaN 1.0002")), "“NaN”，不是数"),
        (xml(("0.30 0.30 0.40", "0.30 INF 0.40")), "“INF”，不是数"),
        (xml(("2026-02-26", "2026-02-28")), "日期前后矛盾"),
        (xml(("<dcc:issueDate>2026-03-02", "<dcc:issueDate>2026-02-01")), "日期前后矛盾"),
        (xml(("SL2026-P-00417", "长" * 121)), "唯一标识"),
        (ENTITY + SAMPLE.read_bytes().split(b"?>", 1)[1], "DOCTYPE"),
    ],
)  # fmt: skip
def test_what_is_no_dcc_that_can_be_read_says_why(content, sentence):
    assert sentence in sentence_of(content)


def test_no_entity_is_resolved_by_the_parser_either():
    content = ENTITY + SAMPLE.read_bytes().split(b"?>", 1)[1].replace("数字压力计".encode(), b"&x;")
    assert "root:" not in sentence_of(content)


def test_the_schemas_come_with_the_package_and_nothing_is_fetched(monkeypatch):
    import socket

    monkeypatch.setattr(socket, "socket", None)
    assert schema.versions()[-1] == "3.3.0"
    assert dcc.read(SAMPLE.read_bytes()).identifier


# --- the way into the register


@pytest.fixture
def device(lab):
    return make.equipment(lab.institution, lab.site, serial_number=SERIAL)


@pytest.fixture
def browser(signed_in):
    return signed_in(Role.METROLOGY_MANAGER)


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


def uploaded(browser, lab, device, content, name="证书.xml"):
    """The answer to the upload, looked into by the worker."""
    answer = browser.post(url(lab, "dcc", device.ref), {"dcc_file": SimpleUploadedFile(name, content)})
    drain()
    return answer


def values_of(page):
    """What a browser would send of the form it was shown."""
    form, grid, confirm = page.context["form"], page.context["grid"], page.context["confirm"]
    sent = {bound.html_name: bound.value() for one in (form, confirm) for bound in one if bound.name != "file"}
    sent |= {cell["name"]: cell["text"] for row in grid.shown for cell in row.cells}
    return {name: "" if value is None else value for name, value in sent.items()} | {
        "dcc": page.context["document"].ref
    }


def test_a_dcc_fills_the_form_and_is_recorded_with_its_points(browser, lab, device):
    answer = uploaded(browser, lab, device, SAMPLE.read_bytes())
    page = browser.get(answer.url)
    assert 'value="省级计量院（示）"' in page.content.decode() and not page.context["form"].differs
    sent = values_of(page) | {"chain": "national"}
    done = browser.post(url(lab, "trace", device.ref), sent, follow=True)
    row = Traceability.objects.get()
    assert (
        done.status_code == 200 and row.dcc_identifier == "SL2026-P-00417" and row.dcc.content_type == "application/xml"
    )
    assert [str(point.error.normalize()) for point in row.points.order_by("pk")] == ["0", "0.0002", "0.0005"]


def test_until_it_has_been_looked_into_the_page_waits(browser, lab, device):
    answer = browser.post(url(lab, "dcc", device.ref), {"dcc_file": SimpleUploadedFile("a.xml", SAMPLE.read_bytes())})
    page = browser.get(answer.url)
    assert "正在检查文件" in page.content.decode()
    progress = url(lab, "dcc_progress", device.ref, Document.objects.get().ref)
    assert browser.get(progress).json()["state"] == "running"
    drain()
    assert browser.get(progress).json()["result_url"] == answer.url


def test_hostile_xml_is_refused_before_anybody_reads_it(browser, lab, device):
    answer = uploaded(browser, lab, device, ENTITY + SAMPLE.read_bytes().split(b"?>", 1)[1])
    assert Document.objects.get().state == Document.State.REFUSED
    assert "DOCTYPE" in browser.get(answer.url).content.decode()


def test_a_value_that_is_no_number_is_said_on_the_form(browser, lab, device):
    answer = uploaded(browser, lab, device, xml(("0.0000 1.0002", "NaN 1.0002")))
    page = browser.get(answer.url)
    assert page.status_code == 409 and "不是数" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"<a/>", "请上传 XML"),
        ("a.xml", b"", "文件是空的"),
        ("a.xml", b"<a>" + b" " * (5 * 1024 * 1024) + b"</a>", "文件超过 5 MB"),
        ("a.xml", "<a/>".encode("utf-16"), "文件内容与后缀"),
    ],
)
def test_a_file_that_is_none_is_refused_at_once(browser, lab, device, name, content, sentence):
    answer = uploaded(browser, lab, device, content, name)
    assert answer.status_code == 422 and sentence in answer.content.decode()


def test_no_file_is_said_in_words(browser, lab, device):
    answer = browser.post(url(lab, "dcc", device.ref))
    assert answer.status_code == 422 and "请选择 DCC 文件" in answer.content.decode()


def test_a_number_that_differs_must_be_looked_at(browser, lab):
    other = make.equipment(lab.institution, lab.site, serial_number="X-1")
    page = browser.get(uploaded(browser, lab, other, SAMPLE.read_bytes()).url)
    assert "DCC 里的编号是 D-90417，这台设备的出厂编号是 X-1" in page.content.decode()
    sent = values_of(page)
    refused = browser.post(url(lab, "trace", other.ref), sent)
    assert refused.status_code == 422 and "请核对实物" in refused.content.decode()
    browser.post(url(lab, "trace", other.ref), sent | {"serial_checked": "on"})
    assert Traceability.objects.get().equipment == other


def test_the_same_dcc_is_recorded_once(browser, lab, device):
    for _ in range(2):
        page = browser.get(uploaded(browser, lab, device, SAMPLE.read_bytes()).url)
        answer = browser.post(url(lab, "trace", device.ref), values_of(page) | {"issuer": "另一家"})
    assert answer.status_code == 409 and "DCC 已经登记过" in answer.content.decode()
    assert Traceability.objects.count() == 1


def test_a_dcc_that_was_refused_is_recorded_by_nobody(lab, device):
    document = make.document(lab.institution, state=Document.State.REFUSED, content_type="application/xml")
    values = {
        "certificate_number": "1", "issuer": "x", "calibrated_on": make.DAY, "valid_until": make.DAY + timedelta(1),
        "dcc_identifier": "1",
    }  # fmt: skip
    with pytest.raises(Refused, match="没有通过检查"):
        workflow.trace(device, values, None, dcc=document, actor=lab.metrologist, at=make.NOON)


def test_a_dcc_that_is_not_inspected_yet_is_recorded_by_nobody(lab, device):
    document = make.document(lab.institution, state=Document.State.QUARANTINED, content_type="application/xml")
    values = {
        "certificate_number": "1", "issuer": "x", "calibrated_on": make.DAY, "valid_until": make.DAY + timedelta(1),
        "dcc_identifier": "1",
    }  # fmt: skip
    with pytest.raises(Refused, match="还没有检查完"):
        workflow.trace(device, values, None, dcc=document, actor=lab.metrologist, at=make.NOON)
    assert not Traceability.objects.exists()


@pytest.mark.parametrize("ref", ["nobody", "\x00", "x" * 500])
def test_a_document_that_nobody_has_is_not_found(browser, lab, device, ref):
    assert browser.get(url(lab, "trace", device.ref), {"dcc": ref}).status_code == 404


def test_a_document_of_another_kind_is_not_read_as_a_dcc(browser, lab, device):
    document = make.document(lab.institution)
    assert browser.get(url(lab, "trace", device.ref), {"dcc": document.ref}).status_code == 404


def test_an_operator_may_not_read_a_dcc_in(signed_in, lab, device):
    assert signed_in(Role.OPERATOR).post(url(lab, "dcc", device.ref), {}).status_code == 403
