"""The pages of an import, from the template to the list as a file."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from institutions.models import Department
from portal.models import AuditEntry, RegisterImport
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.portal.test_imports import HEADS, text_of, violation
from tests.portal.test_tables import workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.institution()


@pytest.fixture
def keeper(client, lab):
    account = make.user(lab, Role.QUALITY_MANAGER)
    client.force_login(account)
    return account


def url(page, lab, *args):
    return reverse(f"portal:{page}", args=[lab.slug, *args])


def pasted(client, lab, *rows, name="departments"):
    """Where the browser is after pasting the rows."""
    return client.post(url("register_import", lab, name), {"text": text_of(*rows)}).url


def only_run(lab):
    with tenant(lab.pk):
        return RegisterImport.objects.get()


def test_what_was_pasted_stays_on_the_page_when_it_is_refused(client, lab, keeper):
    text = "x\n" * 10_100
    page = client.post(url("register_import", lab, "departments"), {"text": "部门\n" + text})
    assert page.status_code == 422 and "超过 10000 行" in page.content.decode()
    assert page.context["text"] == "部门\n" + text


def test_what_was_pasted_without_heads_stays_on_the_page(client, lab, keeper):
    page = client.post(url("register_import", lab, "departments"), {"text": "力学室\t沈若川"})
    assert page.status_code == 422 and "没有找到表头" in page.content.decode()
    assert page.context["text"] == "力学室\t沈若川"


def test_nothing_chosen_and_nothing_pasted_is_said(client, lab, keeper):
    page = client.post(url("register_import", lab, "departments"))
    assert page.status_code == 422 and "请选择文件，或在下面粘贴表格" in page.content.decode()


def test_a_file_that_is_no_table_is_refused_with_what_to_do(client, lab, keeper):
    page = client.post(url("register_import", lab, "departments"), {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")})
    assert page.status_code == 422 and "不接受“.pdf”文件。请上传 XLSX、CSV。" in page.content.decode()


def test_a_file_is_read_by_a_worker_and_the_page_tells_how_far_it_is(client, lab, keeper):
    file = SimpleUploadedFile("处罚.xlsx", workbook(HEADS, violation("甲"), violation("乙", decided="昨天")))
    where = client.post(url("register_import", lab, "violations"), {"file": file}).url
    assert "正在检查文件" in client.get(where).content.decode()
    asked = client.get(f"{where}progress.json").json()
    assert (asked["state"], asked["done"]) == ("running", 0)
    drain()
    assert client.get(f"{where}progress.json").json()["result_url"] == where
    text = client.get(where).content.decode()
    assert "处罚.xlsx" in text and "只写入无误的 1 行" in text and "日期看不懂" in text


def test_rows_are_written_with_one_button_and_shown_in_the_list(client, lab, keeper):
    where = pasted(client, lab, ["部门"], ["力学室"])
    client.post(f"{where}write/", {"mode": "all"})
    assert "写入的结果" in client.get(where).content.decode()
    assert "力学室" in client.get(url("register", lab, "departments")).content.decode()


def test_pressing_the_button_twice_writes_once_and_complains_about_nothing(client, lab, keeper):
    where = pasted(client, lab, ["部门"], ["力学室"])
    client.post(f"{where}write/", {"mode": "all"})
    again = client.post(f"{where}write/", {"mode": "all"}, follow=True)
    assert "不能做这一步" not in again.content.decode()
    with tenant(lab.pk):
        assert Department.objects.count() == 1


def test_an_import_can_be_dropped(client, lab, keeper):
    where = pasted(client, lab, ["部门"], ["力学室"])
    page = client.post(f"{where}drop/", follow=True)
    assert "什么也没有写入" in page.content.decode() and only_run(lab).state == "dropped"


def test_the_bad_rows_are_offered_as_a_workbook(client, lab, keeper):
    where = pasted(client, lab, HEADS, violation("甲", decided="昨天"), name="violations")
    answer = client.get(f"{where}flaws.xlsx")
    line = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))[1]
    assert line[3] == "甲" and "日期看不懂" in line[-1]


def test_there_is_no_workbook_of_bad_rows_when_all_are_good(client, lab, keeper):
    where = pasted(client, lab, ["部门"], ["力学室"])
    assert client.get(f"{where}flaws.xlsx").status_code == 404


@pytest.mark.parametrize("page", ["register_import", "register_template"])
def test_who_does_not_keep_the_register_imports_nothing(client, lab, page):
    client.force_login(make.user(lab, Role.RECEPTIONIST))
    assert client.get(url(page, lab, "departments")).status_code == 403


def test_an_import_of_another_register_or_institution_is_not_found(client, lab, keeper):
    run_of_other = make._row(RegisterImport, make.institution("beta"), register="departments", sha256="0" * 64)
    assert client.get(url("register_import_run", lab, "departments", run_of_other.ref)).status_code == 404
    pasted(client, lab, ["部门"], ["力学室"])
    assert client.get(url("register_import_run", lab, "violations", only_run(lab).ref)).status_code == 404


def test_a_register_that_takes_no_imports_has_no_page_for_them(client, lab, keeper):
    assert client.get(url("register_import", lab, "legal-status")).status_code == 404
    assert "/import/" not in client.get(url("register", lab, "legal-status")).content.decode()


def test_the_list_is_given_to_nobody_without_the_right(client, lab):
    client.force_login(make.user(lab, Role.TECHNICAL_MANAGER))
    assert client.post(url("register_export", lab, "departments"), {"format": "csv"}).status_code == 403


def test_the_list_is_given_as_a_file_after_a_proof_and_as_the_filters_leave_it(client, lab, keeper):
    for name in ("力学室", "热工室"):
        make._row(Department, lab, name=name, duties="-0.5")
    where = f"{url('register_export', lab, 'departments')}?q=力学"
    refused = client.post(where, {"format": "xlsx"})
    assert refused.status_code == 302
    make.second_factor_of(keeper)
    answer = client.post(where, {"format": "xlsx", "otp": make.code(keeper)})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer) if answer.streaming else answer.content))
    head, *lines = book.active.iter_rows(values_only=True)
    assert head == ("部门", "负责人", "职责", "状态") and lines == [("力学室", None, -0.5, "有效")]
    with tenant(lab.pk):
        assert AuditEntry.objects.filter(verb="department.export", succeeded=True).count() == 1
