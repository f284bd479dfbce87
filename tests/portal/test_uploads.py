"""What people upload, looked into: every hostile file here is made here, and good ones of each kind are kept."""

import hashlib
import io
import struct
import zipfile
import zlib

import openpyxl
import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from pikepdf import AttachedFileSpec, Dictionary, Encryption, Name
from PIL import Image

from certificates import rendering
from portal import documents, inspection, sandbox
from portal.inspection import Unacceptable, csv, image, pdf, xlsx
from portal.models import AuditEntry, Document, LedgerLeaf
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.certificates.test_rendering import sample
from tests.make import NOON


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def manager(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


def upload(actor, name, content, feature=documents.EVIDENCE):
    return documents.upload(SimpleUploadedFile(name, content), actor=actor, at=NOON, feature=feature)


def checked(document):
    drain()
    return Document.objects.get(pk=document.pk)


def kept(document):
    with default_storage.open(document.stored_as) as file:
        return file.read()


# --- PDF


def root(**entries):
    """A PDF whose catalogue has these entries."""
    return make.pdf(lambda document: document.Root.update({f"/{name}": value for name, value in entries.items()}))


def action(kind, **entries):
    return Dictionary(S=Name(f"/{kind}"), **entries)


def annotated(**entries):
    """A PDF whose page has one annotation."""

    def change(document):
        note = Dictionary(Type=Name.Annot, Rect=[0, 0, 9, 9], **entries)
        document.pages[0].Annots = document.make_indirect([document.make_indirect(note)])

    return make.pdf(change)


def attached(data=b"{}", mime="application/json", part="3", **options):
    """A PDF with a file in it that says it is PDF/A of this part."""

    def change(document):
        document.attachments["content"] = AttachedFileSpec(document, data, mime_type=mime, **options)
        with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["pdfaid:part"] = part

    return make.pdf(change)


def many_objects(document):
    document.Root.Many = pikepdf.Array([document.make_indirect(Dictionary()) for _number in range(100_000)])


def many_pages(document):
    for _number in range(pdf.MOST_PAGES):
        document.add_blank_page()


def nested(document):
    inner = Dictionary()
    for _level in range(pdf.DEEPEST + 1):
        inner = Dictionary(A=inner)
    document.Root.Deep = inner


HOSTILE_PDF = {
    "script when opened": (lambda: root(OpenAction=action("JavaScript", JS="app.alert(1)")), "自动执行"),
    "script in the names": (lambda: root(Names=Dictionary(JavaScript=Dictionary(Names=[]))), "自动执行"),
    "script behind an annotation": (lambda: annotated(Subtype=Name.Link, A=action("JavaScript", JS="1")), "自动执行"),
    "script under another name": (lambda: annotated(Subtype=Name.Link, A=Dictionary(JS="1")), "自动执行"),
    "launch": (lambda: root(OpenAction=action("Launch", F="cmd.exe")), "自动执行"),
    "launch after turning a page": (
        lambda: root(OpenAction=action("GoTo", D=[0], Next=action("Named", N=Name.Print))), "自动执行",
    ),
    "printing when opened": (lambda: root(OpenAction=action("Named", N=Name.Print)), "自动执行"),
    "opening an address when opened": (lambda: root(OpenAction=action("URI", URI="http://x.test")), "自动执行"),
    "additional actions": (lambda: root(AA=Dictionary(WC=action("Named"))), "自动执行"),
    "sending a form": (lambda: annotated(Subtype=Name.Widget, A=action("SubmitForm", F="http://x.test")), "自动执行"),
    "another document": (lambda: annotated(Subtype=Name.Link, A=action("GoToR", F=r"\\x\y.pdf")), "自动执行"),
    "XFA": (lambda: root(AcroForm=Dictionary(XFA="<xdp/>")), "XFA"),
    "a film": (lambda: annotated(Subtype=Name.RichMedia), "音像"),
    "a file pinned to a page": (lambda: annotated(Subtype=Name.FileAttachment), "附件"),
    "a program attached": (lambda: attached(b"MZ", "application/octet-stream"), "附件"),
    "a program said to be JSON": (lambda: attached(b"MZ", "application/json"), "附件"),
    "XML with entities": (
        lambda: attached(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "application/xml"), "附件",
    ),
    "data in what is no PDF/A-3": (lambda: attached(part="2"), "附件"),
    "a large attachment": (lambda: attached(b'"' + b"0" * pdf.LARGEST_ATTACHMENT + b'"'), "附件"),
    "encrypted": (lambda: make.pdf(encryption=Encryption(owner="a", user="b")), "密码"),
    "restricted": (lambda: make.pdf(encryption=Encryption(owner="a", user="")), "密码"),
    "a page of HTML behind it": (lambda: make.pdf() + b"<html><script>", "结尾之后"),
    "cut off": (lambda: make.pdf()[:-40], "损坏"),
    "a table of contents that lies": (lambda: make.pdf().replace(b"startxref\n", b"startxref\n9"), "损坏"),
    "no pages": (lambda: make.pdf(lambda document: document.pages.__delitem__(0)), "一页也没有"),
    "too many objects": (lambda: make.pdf(many_objects, object_stream_mode=pikepdf.ObjectStreamMode.disable), "过于复杂"),
    "too many pages": (lambda: make.pdf(many_pages), "过于复杂"),
    "nested without end": (lambda: make.pdf(nested), "层层嵌套"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_PDF)
def test_a_pdf_that_does_more_than_show_pages_is_refused(name):
    made, sentence = HOSTILE_PDF[name]
    with pytest.raises(Unacceptable, match=sentence):
        pdf.inspect(made())


@pytest.mark.parametrize(
    "made",
    [
        make.pdf,
        lambda: make.pdf(linearize=True),
        lambda: make.pdf() + b"\r\n\x00\n",
        lambda: root(OpenAction=[0, Name.Fit]),
        lambda: root(OpenAction=action("GoTo", D=[0, Name.Fit])),
        lambda: annotated(Subtype=Name.Link, A=action("URI", URI="http://x.test")),
        lambda: attached(b"<dcc/>", "application/xml"),
    ],
)
def test_a_pdf_that_shows_pages_is_kept(made):
    assert pdf.inspect(made()) is None


def test_a_script_in_an_older_revision_is_seen():
    first = root(OpenAction=action("JavaScript", JS="1"))
    with pikepdf.open(io.BytesIO(first)) as document:
        del document.Root.OpenAction
        later = io.BytesIO()
        document.save(later)
    with pytest.raises(Unacceptable, match="自动执行"):
        pdf.inspect(first + later.getvalue())


def test_a_certificate_that_we_issued_can_be_uploaded_as_evidence():
    assert pdf.inspect(rendering.pdf(sample("calibration"))) is None


# --- pictures


def picture(kind="PNG", mode="RGB", size=(40, 30), **options):
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return file.getvalue()


def png_header(width, height):
    """A PNG that says how large it is, and has no pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")


def located():
    """A photo that knows where it was taken and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    return picture("JPEG", exif=exif, comment=b"my house", icc_profile=b"profile")


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (png_header(50_000, 50_000), "PNG", "百万像素"),
        (png_header(30_000, 2), "PNG", "百万像素"),
        (png_header(9000, 9000), "PNG", "百万像素"),
        (picture()[:50], "PNG", "损坏"),
        (picture("JPEG")[:300], "JPEG", "损坏"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "PNG", "损坏"),
        (picture("GIF"), "PNG", "损坏"),
        (picture("TIFF"), "JPEG", "损坏"),
        (b"%!PS-Adobe", "JPEG", "损坏"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_picture_of_its_kind_is_refused(content, kind, sentence):
    with pytest.raises(Unacceptable, match=sentence):
        image.inspect(content, kind)


def test_a_picture_that_is_a_page_as_well_is_a_picture_only():
    polyglot = picture() + b"<html><script>alert(1)</script>"
    assert b"script" not in image.inspect(polyglot, "PNG")


def test_a_text_inside_a_picture_is_dropped():
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Comment", "<?php system($_GET[0])")
    assert b"php" not in image.inspect(picture(pnginfo=words), "PNG")


def test_a_photo_is_upright_and_no_longer_knows_where_it_was_taken():
    clean = Image.open(io.BytesIO(image.inspect(located(), "JPEG")))
    assert (clean.size, dict(clean.getexif())) == ((30, 40), {})
    assert {"exif", "icc_profile", "comment"}.isdisjoint(clean.info)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_picture_of_every_mode_is_kept(mode):
    assert Image.open(io.BytesIO(image.inspect(picture(mode=mode), "PNG"))).size == (40, 30)


# --- workbooks


def workbook():
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["编号", "名称", "U"])
    book.active.append(["YB-1", "数字压力计", 0.0015])
    book.active["A2"].hyperlink = "https://example.test/"
    book.save(file)
    return file.getvalue()


def rebuilt(changes=(), more=(), kind=zipfile.ZIP_DEFLATED):
    """The workbook with entries changed by a function of their bytes, and with more entries."""
    changes, file = dict(changes), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(file, "w", kind) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, changes.get(entry.filename, lambda data: data)(old.read(entry)))
        for name, data in dict(more).items():
            new.writestr(name, data)
    return file.getvalue()


def doctype(data):
    head, found, rest = data.partition(b"<worksheet")
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + found + rest


def external(data):
    link = b'<Relationship Id="r9" Type="http://x/attachedTemplate" Target="file:///c:/x" TargetMode="External"/>'
    return data.replace(b"</Relationships>", link + b"</Relationships>")


SHEET, LINKS = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"
HOSTILE_XLSX = {
    "a high ratio": (lambda: rebuilt(more={"xl/media/a.bin": b"\0" * 3 * xlsx.SMALL}), "解压后过大"),
    "too many entries": (lambda: rebuilt(more={f"x/{n}.xml": "<a/>" for n in range(xlsx.MOST_ENTRIES)}), "解压后过大"),
    "one name twice": (lambda: rebuilt(more={SHEET.upper(): "<a/>"}), "解压后过大"),
    "a zip inside": (lambda: rebuilt(more={"xl/media/a.png": workbook()}), "嵌有别的文件"),
    "macros": (lambda: rebuilt(more={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), "宏"),
    "macros said in the types": (
        lambda: rebuilt({"[Content_Types].xml": lambda data: data.replace(b"sheet.main", b"sheet.macroEnabled.main")}),
        "宏",
    ),
    "an old macro sheet": (lambda: rebuilt(more={"xl/macrosheets/sheet1.xml": "<a/>"}), "宏"),
    "a link to another workbook": (lambda: rebuilt(more={"xl/externalLinks/externalLink1.xml": "<a/>"}), "外部链接"),
    "a relationship to elsewhere": (lambda: rebuilt({LINKS: external}), "外部链接"),
    "a document type from elsewhere": (
        lambda: rebuilt({SHEET: lambda data: b'<!DOCTYPE x SYSTEM "http://x.test/a.dtd">' + data}),
        "XML 定义",
    ),
    "a document type": (lambda: rebuilt({SHEET: doctype}), "XML 定义"),
    "too many columns": (
        lambda: rebuilt({SHEET: lambda data: data.replace(b'r="C2"', b'r="ZZZ2"')}),
        "500 列",
    ),
    "broken XML": (lambda: rebuilt({SHEET: lambda data: data[:-20]}), "损坏"),
    "not a workbook": (lambda: rebuilt()[:200], "损坏"),
}


@pytest.mark.parametrize("name", HOSTILE_XLSX)
def test_a_workbook_that_is_more_than_cells_is_refused(name):
    made, sentence = HOSTILE_XLSX[name]
    with pytest.raises(Unacceptable, match=sentence):
        xlsx.inspect(made())


def test_the_size_an_entry_claims_is_not_believed(monkeypatch):
    """The header says ten bytes; what comes out is counted."""
    content = bytearray(rebuilt(more={"xl/media/a.bin": b"\0" * 3 * xlsx.SMALL}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises(Unacceptable):
        xlsx.inspect(bytes(content))


def test_the_whole_is_counted_over_all_entries(monkeypatch):
    monkeypatch.setattr(xlsx, "LARGEST_WHOLE", 1000)
    with pytest.raises(Unacceptable, match="解压后过大"):
        xlsx.inspect(workbook())


def test_a_plain_workbook_with_a_link_to_click_on_is_kept():
    assert xlsx.inspect(workbook()) is None


# --- CSV


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a,b\n1,\x002", "控制字符"),
        (b"a,b\n\x1b[31m,2", "控制字符"),
        (b"," * 1_000_000, "行或"),
        (b"a\n" * (csv.MOST_ROWS + 1), "行或"),
        (b"a,b\n" + b"1" * (csv.LONGEST_CELL + 1) + b",2", "太长"),
        (b"a,b\n1,2,3", "第 2 行有 3 列"),
        (b'a,b\n"1,2', "引号不成对"),
        (b"\xff\xfe\xff\xff", "编码"),
        (b"\n\n", "没有内容"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_csv_that_is_no_table_is_refused(content, sentence):
    with pytest.raises(Unacceptable, match=sentence):
        csv.inspect(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(
    "text", ["编号,名称\r\nYB-1,压力计\r\n", "编号;名称\nYB-1;压力计\n", '编号\t"名\n称"\nYB-1\t-0.5\n']
)
def test_a_csv_in_either_encoding_is_kept(text, encoding):
    assert csv.inspect(text.encode(encoding)) is None


# --- names


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("../../etc/证书.pdf", "证书.pdf"),
        ("C:\\temp\\证书.pdf", "证书.pdf"),
        ("证书\u202egpj.pdf", "证书gpj.pdf"),
        ("证\r\n书\x00.pdf", "证书.pdf"),
        ("报告.v2.PDF", "报告.v2.PDF"),
        ("长" * 300 + ".pdf", "长" * 146 + ".pdf"),
    ],
)
def test_a_name_is_no_path_and_hides_nothing(typed, shown):
    assert documents.clean_name(typed) == shown


@pytest.mark.parametrize("name", ["证书.pdf.exe", "证书\u202efdp.exe", "证书.pdf .js", "证书.pdf\x00.html", ".pdf", ""])
def test_a_name_that_ends_in_something_else_is_refused(manager, name):
    file = SimpleUploadedFile("x", make.pdf())
    file._name = name
    with pytest.raises(Refused, match="不接受"):
        documents.upload(file, actor=manager, at=NOON)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xlsx", b"\xd0\xcf\x11\xe0"), ("a.csv", b"PK\x00\x00"), ("a.xlsm", workbook()), ("a.pdf", make.pdf())],
)
def test_a_table_is_taken_by_content_and_name_together(manager, name, content):
    with pytest.raises(Refused):
        upload(manager, name, content, documents.TABLE)


# --- the way through quarantine


@pytest.mark.parametrize(
    ("name", "content", "feature"),
    [
        ("证书.pdf", make.pdf(), documents.EVIDENCE),
        ("照片.jpg", picture("JPEG"), documents.EVIDENCE),
        ("照片.JPEG", picture("JPEG"), documents.EVIDENCE),
        ("截图.png", picture(), documents.EVIDENCE),
        ("台账.xlsx", workbook(), documents.TABLE),
        ("台账.csv", "编号,名称\nYB-1,压力计\n".encode(), documents.TABLE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_good_file_of_every_kind_is_accepted(manager, name, content, feature):
    document = checked(upload(manager, name, content, feature))
    assert (document.state, document.refused_because) == (Document.State.ACCEPTED, "")
    assert hashlib.sha256(kept(document)).hexdigest() == document.sha256
    assert document.received_sha256 == hashlib.sha256(content).hexdigest()
    assert document.checked_at and document.size == len(kept(document))


def test_an_upload_waits_in_quarantine_until_a_worker_has_looked(manager, lab):
    document = upload(manager, "证书.pdf", make.pdf())
    assert document.state == Document.State.QUARANTINED
    assert document.stored_as.startswith(f"quarantine/{lab.pk}/") and document.stored_as.endswith(".bin")
    assert not LedgerLeaf.objects.filter(kind="document.accepted").exists()


def test_what_is_kept_of_a_photo_is_encoded_anew_and_both_hashes_are_known(manager):
    document = checked(upload(manager, "照片.jpg", located()))
    assert b"CameraMaker" not in kept(document) and document.sha256 != document.received_sha256


def test_an_accepted_file_leaves_a_leaf_without_its_name(manager):
    document = checked(upload(manager, "沈若川身份证.pdf", make.pdf()))
    leaf = LedgerLeaf.objects.get(kind="document.accepted")
    assert leaf.target_id == document.pk
    assert set(documents.accepted(document)) == {"sha256", "received_sha256", "size"}


def test_the_quarantined_bytes_are_gone_afterwards(manager, django_capture_on_commit_callbacks):
    for content in (make.pdf(), b"%PDF-1.7 broken"):
        document = upload(manager, "证书.pdf", content)
        with django_capture_on_commit_callbacks(execute=True):
            drain()
        assert not default_storage.exists(document.stored_as)


def test_a_refused_file_says_why_and_its_bytes_are_not_kept(manager):
    document = checked(upload(manager, "证书.pdf", make.pdf() + b"MZ"))
    assert (document.state, document.stored_as) == (Document.State.REFUSED, "")
    assert "重新导出" in document.refused_because
    assert AuditEntry.objects.get(verb="document.refuse").reason == document.refused_because


def test_a_check_that_runs_twice_changes_nothing(manager):
    document = checked(upload(manager, "证书.pdf", make.pdf()))
    documents.check_document(document.pk)
    assert Document.objects.get(pk=document.pk).stored_as == document.stored_as
    assert AuditEntry.objects.filter(verb="document.accept").count() == 1


def test_bytes_that_changed_while_they_waited_are_refused(manager):
    document = upload(manager, "证书.pdf", make.pdf())
    with open(default_storage.path(document.stored_as), "ab") as file:
        file.write(b"\n")
    assert "被改动过" in checked(document).refused_because


def test_a_file_on_which_the_parser_ends_is_refused(manager, monkeypatch):
    def run(*arguments, **options):
        raise sandbox.SandboxError("inspected crashed (SIGSEGV).")

    monkeypatch.setattr(sandbox, "run", run)
    assert "重新导出" in checked(upload(manager, "证书.pdf", make.pdf())).refused_because


def test_the_file_is_looked_into_in_a_process_of_its_own(manager, monkeypatch):
    called, run = [], sandbox.run

    def watched(function, *arguments, **options):
        called.append(function)
        return run(function, *arguments, **options)

    monkeypatch.setattr(sandbox, "run", watched)
    checked(upload(manager, "证书.pdf", make.pdf()))
    assert called == [inspection.inspected]


def finds(content):
    return "Eicar-Test" if b"EICAR" in content else None


def fails(content):
    raise OSError("scanner away")


def test_a_scanner_that_finds_something_refuses_the_file(manager, settings):
    settings.DOCUMENT_SCANNER = "tests.portal.test_uploads.finds"
    assert "Eicar-Test" in checked(upload(manager, "a.csv", b"EICAR", documents.TABLE)).refused_because
    assert checked(upload(manager, "a.csv", b"a,b", documents.TABLE)).state == Document.State.ACCEPTED


def test_a_scanner_that_is_away_leaves_the_file_in_quarantine(manager, settings):
    settings.DOCUMENT_SCANNER = "tests.portal.test_uploads.fails"
    assert checked(upload(manager, "证书.pdf", make.pdf())).state == Document.State.QUARANTINED


def test_an_institution_has_a_quota(manager, settings):
    settings.UPLOAD_QUOTA_MB = 0
    with pytest.raises(Refused, match="用满"):
        upload(manager, "证书.pdf", make.pdf())


def test_what_was_refused_takes_nothing_of_the_quota(manager, settings):
    settings.UPLOAD_QUOTA_MB = 1
    checked(upload(manager, "a.pdf", b"%PDF-" + b"0" * 700_000))
    upload(manager, "a.pdf", b"%PDF-" + b"0" * 700_000)
    with pytest.raises(Refused, match="用满"):
        upload(manager, "a.pdf", b"%PDF-" + b"0" * 700_000)


def test_only_so_many_files_wait_at_once(manager):
    few = documents.Feature((".pdf",), 1000, 1)
    upload(manager, "a.pdf", make.pdf(), few)
    with pytest.raises(Refused, match="等待检查"):
        upload(manager, "a.pdf", make.pdf(), few)
