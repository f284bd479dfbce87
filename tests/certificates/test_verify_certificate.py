import json
from datetime import timedelta
from io import BytesIO, StringIO

import pikepdf
import pytest
from django.core.management import call_command

from certificates import canonical, workflow
from certificates.management.commands.verify_certificate import NOT_OURS, NOT_VALID, VALID, Unreadable, examined
from orders.models import Item
from portal import outbox
from tests import make
from tests.make import NOON


def paper(document=None, *, attached=None, **save):
    """A one-page PDF with this document attached as its content, or with these bytes."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        if document is not None:
            attached = canonical.encoded(document)
        if attached is not None:
            pdf.attachments["content.json"] = attached
        out = BytesIO()
        pdf.save(out, **save)
        return out.getvalue()


def released(lab, **kwargs):
    """A certificate whose PDF is stored and published. Returns: the certificate and the bytes."""
    certificate = make.certificate(lab, "issued", **kwargs)
    pdf = paper(certificate.content)
    return workflow.attach_pdf(certificate, pdf, at=NOON), pdf


def run(path, *options):
    """Returns: exit code and output of the command."""
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify_certificate", str(path), *options, stdout=out)
    return left.value.code, out.getvalue()


def test_the_rendered_pdf_of_a_certificate_is_valid(lab, tmp_path):
    certificate = make.certificate(lab, "issued")
    outbox.drain()
    file = tmp_path / "certificate.pdf"
    with open(file, "wb") as copy:
        from django.core.files.storage import default_storage

        copy.write(default_storage.open(make.fresh(certificate).pdf_stored_as).read())
    code, printed = run(file)
    assert code == VALID
    assert certificate.number in printed and "有效" in printed


def test_a_valid_certificate_is_told_as_json_with_its_hashes(lab, tmp_path):
    certificate, pdf = released(lab)
    (tmp_path / "it.pdf").write_bytes(pdf)
    code, printed = run(tmp_path / "it.pdf", "--json")
    told = json.loads(printed)
    assert (code, told["number"], told["state"]) == (VALID, certificate.number, "valid")
    assert (told["sha256"], told["content_sha256"]) == (certificate.pdf_sha256, certificate.content_sha256)
    assert told["content_intact"] is True


def test_an_expired_verification_certificate_is_not_valid(lab):
    pdf = released(lab, activity=Item.Activity.VERIFICATION)[1]
    assert examined(pdf, NOON).exit_code == VALID
    later = examined(pdf, NOON + timedelta(days=400))
    assert (later.exit_code, later.state) == (NOT_VALID, "expired")


def test_a_void_certificate_is_not_valid(lab, tmp_path):
    certificate, pdf = released(lab)
    make.prove(lab.signatory, "certificate.void", certificate, certificate.content_sha256)
    workflow.void(certificate, reason="客户名称有误", actor=lab.signatory, at=NOON)
    (tmp_path / "it.pdf").write_bytes(pdf)
    code, printed = run(tmp_path / "it.pdf")
    assert code == NOT_VALID
    assert "已作废" in printed


def test_one_more_byte_makes_a_known_certificate_an_altered_file(lab):
    certificate, pdf = released(lab)
    finding = examined(pdf + b"\n", NOON)
    assert finding.exit_code == NOT_OURS
    assert "改动" in finding.sentence and certificate.number in finding.sentence


def test_a_changed_figure_no_longer_fits_the_approved_hash(lab):
    certificate, _pdf = released(lab)
    forged = certificate.content
    forged["body"]["results"][0]["rows"][0]["U"] = "0.0001"
    assert not examined(paper(forged), NOON).content_intact


def test_a_stored_file_whose_content_does_not_hold_is_not_called_valid(lab):
    certificate = make.certificate(lab, "issued")
    pdf = paper(certificate.content | {"schema": "another"})
    broken = paper(attached=canonical.encoded(certificate.content) + b" ")
    workflow.attach_pdf(certificate, broken, at=NOON)
    assert examined(broken, NOON).exit_code == NOT_OURS
    assert examined(pdf, NOON).exit_code == NOT_OURS


@pytest.mark.parametrize("attached", [None, b"", b"[]", b"\xff", b'{"issue": 7}', b'{"issue": {"number": 1}}'])
def test_a_foreign_pdf_is_unknown_whatever_is_attached_to_it(db, attached):
    finding = examined(paper(attached=attached), NOON)
    assert finding.exit_code == NOT_OURS
    assert finding.sentence == "这里没有签发过这个文件。"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 and nothing more", b"hello"])
def test_what_is_no_pdf_is_said_to_be_none(db, tmp_path, content):
    (tmp_path / "it.pdf").write_bytes(content)
    code, printed = run(tmp_path / "it.pdf")
    assert code == NOT_OURS
    assert "不是能读的 PDF" in printed


def test_a_locked_pdf_is_said_to_be_locked():
    with pytest.raises(Unreadable, match="密码"):
        examined(paper(encryption=pikepdf.Encryption(owner="a", user="b")), NOON)


def test_a_missing_file_is_named(db, tmp_path):
    code, printed = run(tmp_path / "nowhere.pdf")
    assert code == NOT_OURS
    assert "nowhere.pdf" in printed
