"""An institution with two sites brings in an annex: the page asks once for which site and certificate it stands."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from institutions.models import Qualification, ScopeItem
from portal.models import RegisterImport
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db
HEADS = ("序号", "测量仪器名称", "被测量", "校准规范", "测量范围", "扩展不确定度(k=2)", "说明", "生效日期")
LINE = ("1", "数字压力计", "压力", "JJG 52-2013", "(0~7) MPa", "U=0.01 MPa", "", "2026-01-01")
PATH = "/i/alpha/registers/scope/import/"


@pytest.fixture
def w(client, laboratory):
    w = laboratory
    w.other = make.site(w.institution, name="东屏场所")
    w.paper = make.qualification(w.institution, kind=Qualification.Kind.CNAS, number="CNAS L99999")
    client.force_login(make.user(w.institution, Role.TECHNICAL_MANAGER))
    return w


def pasted(*lines):
    return "\n".join("\t".join(cells) for cells in lines)


def flaws(w):
    with tenant(w.institution.pk):
        run = RegisterImport.objects.get()
        assert run.lines == 1
        return {flaw["column"]: flaw["sentence"] for flaw in run.content.get("flaws", [])}


def written(client, w):
    with tenant(w.institution.pk):
        ref = RegisterImport.objects.get().ref
    client.post(f"{PATH}{ref}/write/", {"mode": "all"})
    with tenant(w.institution.pk):
        row = ScopeItem.objects.get(instrument="数字压力计")
        return row.site, row.qualification


def test_the_page_asks_for_the_site_and_the_certificate(client, w):
    asked = client.get(PATH).context["questions"]
    assert [one["name"] for one in asked] == ["given-site", "given-qualification"]
    assert w.other.ref in dict(asked[0]["choices"])


def test_nothing_is_asked_where_there_is_only_one(client, laboratory):
    w = laboratory
    client.force_login(make.user(w.institution, Role.TECHNICAL_MANAGER))
    assert client.get(PATH).context["questions"] == []


def test_what_was_chosen_stands_for_all_lines(client, w):
    client.post(PATH, {"text": pasted(HEADS, LINE), "given-site": w.other.ref, "given-qualification": w.paper.ref})
    assert flaws(w) == {}
    assert written(client, w) == (w.other, w.paper)


def test_what_was_chosen_stands_for_the_lines_of_a_file(client, w):
    book = openpyxl.Workbook()
    for cells in (HEADS, LINE):
        book.active.append(cells)
    book.save(content := io.BytesIO())
    file = SimpleUploadedFile("附表.xlsx", content.getvalue())
    client.post(PATH, {"file": file, "given-site": w.other.ref, "given-qualification": w.paper.ref})
    drain()
    assert written(client, w) == (w.other, w.paper)


def test_what_the_table_says_wins(client, w):
    text = pasted((*HEADS, "场所", "依据资质"), (*LINE, "北湾场所", "CNAS L99999"))
    client.post(PATH, {"text": text, "given-site": w.other.ref, "given-qualification": w.qualification.ref})
    assert written(client, w) == (w.site, w.paper)


def test_what_is_not_offered_is_not_taken(client, w):
    stranger = make.site(make.institution("beta"), name="外机构")
    text = pasted(HEADS, LINE)
    client.post(PATH, {"text": text, "given-site": stranger.ref, "given-qualification": w.paper.ref})
    assert set(flaws(w)) == {"场所"}


def test_the_choice_stays_on_the_page_when_the_table_cannot_be_read(client, w):
    page = client.post(PATH, {"text": "没有表头\n1", "given-site": w.other.ref})
    assert page.status_code == 422 and page.context["questions"][0]["value"] == w.other.ref
