"""Public pages and error pages."""

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from portal import documents, views
from portal.documents import LARGEST
from portal.permissions import Role
from tests import make
from tests.portal.test_codes_page import TOKEN, published

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 the certificate as it was issued"


def upload(client, content, name="certificate.pdf"):
    return client.post("/verify/", {"pdf": SimpleUploadedFile(name, content, "application/pdf")})


def test_the_home_page_opens_without_session(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "session" not in answer.cookies


def test_number_and_code_find_the_certificate(client):
    published()
    page = client.post("/verify/", {"number": " jd26-00001 ", "code": "7k4p9wqd"}).content.decode()
    assert "编号与验证码相符" in page or "证书现在的状态" in page
    assert "21087743" in page


@pytest.mark.parametrize("code", ["7K4P-9WQE", "", "x" * 200, "\x00"])
def test_a_wrong_code_finds_nothing(client, code):
    published()
    assert "21087743" not in client.post("/verify/", {"number": "JD26-00001", "code": code}).content.decode()


@pytest.fixture
def stored(settings):
    """The storage name of an issued PDF."""
    return documents.store("certificates/1", ".pdf", PDF)


def pdf_form(client, code="7K4P-9WQD"):
    """What the form of the result page sends to get the PDF; empty when there is no such form."""
    page = client.post("/verify/", {"number": "JD26-00001", "code": code}).content.decode()
    form = re.search(r'action="/verify/certificate\.pdf".*?</form>', page, re.DOTALL)
    return dict(re.findall(r'type="hidden" name="(number|code)" value="(.*?)"', form.group())) if form else {}


def test_who_holds_number_and_code_reads_the_whole_certificate(client, stored):
    published(stored_as=stored, file_sha256=hashlib.sha256(PDF).hexdigest())
    answer = client.post("/verify/certificate.pdf", pdf_form(client))
    assert b"".join(answer) == PDF
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_void_certificate_is_not_handed_out(client, stored):
    published(stored_as=stored, state="void")
    assert pdf_form(client) == {}
    query = {"number": "JD26-00001", "code": "7K4P-9WQD"}
    assert client.post("/verify/certificate.pdf", query).status_code == 404


@pytest.mark.parametrize("query", [{}, {"number": "JD26-00001"}, {"number": "JD26-00001", "code": "7K4P-9WQE"}])
def test_without_the_code_there_is_no_file(client, stored, query):
    published(stored_as=stored)
    assert client.post("/verify/certificate.pdf", query).status_code == 404


def test_the_code_travels_in_no_address(client, stored):
    published(stored_as=stored)
    right = {"number": "JD26-00001", "code": "7K4P-9WQD"}
    assert "21087743" not in client.get("/verify/", right).content.decode()
    assert client.get("/verify/certificate.pdf", right).status_code == 405
    pages = [client.get(path).content.decode() for path in ("/", "/verify/", "/q/UNKNOWN", f"/q/{TOKEN}")]
    pages.append(client.post("/verify/", right).content.decode())
    for page in pages:
        asking = re.findall(r'<form[^>]*method="get".*?</form>', page, re.DOTALL)
        assert not any('name="code"' in form for form in asking)
        assert not re.search(r'(?:href|action)="[^"]*7K4P', page)


def test_the_page_of_a_code_hands_its_number_on_so_that_only_the_code_is_typed(client):
    published()
    form = re.search(r"<form.*?</form>", client.get(f"/q/{TOKEN}").content.decode(), re.DOTALL).group()
    assert 'name="number" value="JD26-00001"' in form
    assert 'value="JD26-00001"' in client.get("/verify/", {"number": "JD26-00001"}).content.decode()


def test_half_a_question_keeps_what_was_typed(client):
    answer = client.post("/verify/", {"number": "JD26-00001", "code": ""})
    assert answer.status_code == 400
    assert 'value="JD26-00001"' in answer.content.decode()


def test_the_issued_file_is_recognised(client):
    published(file_sha256=hashlib.sha256(PDF).hexdigest())
    assert "21087743" in upload(client, PDF).content.decode()


def test_a_file_with_one_byte_changed_is_not(client):
    published(file_sha256=hashlib.sha256(PDF).hexdigest())
    page = upload(client, PDF + b" ").content.decode()
    assert "21087743" not in page
    assert hashlib.sha256(PDF + b" ").hexdigest() in page


@pytest.mark.parametrize("content", [b"\xff\xd8\xff a photo", b"", b"%PD"])
def test_what_is_no_pdf_is_told_so(client, content):
    answer = upload(client, content)
    assert answer.status_code == 400
    assert "不是 PDF" in answer.content.decode() or "没有收到文件" in answer.content.decode()


def test_a_file_that_is_too_large_is_told_so(client):
    answer = upload(client, b"%PDF-" + b"0" * LARGEST)
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()


def test_a_body_that_no_form_sends_is_refused_before_it_is_read(client):
    answer = client.generic("POST", "/verify/", b"", CONTENT_LENGTH="99999999999")
    assert answer.status_code == 413


def test_an_upload_needs_the_token_of_our_form():
    answer = upload(Client(enforce_csrf_checks=True), PDF)
    assert answer.status_code == 403
    assert "页面已经过期" in answer.content.decode()


def test_a_missing_page_says_what_to_do(client):
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


def test_a_missing_page_is_one_sentence_for_a_script(client):
    answer = client.get("/no/such/page", headers={"Accept": "application/json"})
    assert answer.json()["message"] == "没有这一页。"


def test_a_crash_says_that_nothing_is_half_done(monkeypatch):
    monkeypatch.setattr(views, "render", lambda *args, **kwargs: 1 / 0)
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert "没有完成的操作不会留下一半" in answer.content.decode()


@pytest.fixture
def no_database(monkeypatch):
    from django.db.backends.base.base import BaseDatabaseWrapper

    def refused(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(BaseDatabaseWrapper, "cursor", refused)


@pytest.mark.parametrize("path", ["/q/ABC", "/i/alpha/", "/o/", "/switch/"])
def test_without_database_every_page_says_so_in_words(no_database, path):
    client = Client(raise_request_exception=False)
    client.cookies["session"] = "a" * 32
    answer = client.get(path)
    assert answer.status_code == 503
    assert "服务暂时停一下" in answer.content.decode()
    assert answer["Retry-After"] == "30"


def test_without_database_a_verification_says_so_in_words(no_database):
    answer = Client(raise_request_exception=False).post("/verify/", {"number": "1", "code": "2"})
    assert answer.status_code == 503


def test_without_database_the_process_still_says_that_it_lives(no_database, client):
    assert client.get("/healthz").status_code == 200


def test_the_home_page_needs_no_database(no_database, client):
    assert client.get("/").status_code == 200


def test_pages_do_not_notice_that_the_broker_is_away(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    client.force_login(make.user(make.institution(), Role.ADMINISTRATOR))
    assert client.get("/i/alpha/").status_code == 200


def test_the_development_page_shows_the_components(client):
    assert client.get("/_components/").status_code == 200
