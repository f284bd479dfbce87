"""The ledger of certificates and the audit trail as files: who may, with which proof, and what stays in the trail."""

import csv
import io

import openpyxl
import pytest
from django.contrib.messages import get_messages

from portal import exports
from portal.models import AuditEntry, StepUp
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.make import PASSWORD

LISTS = {"certificates/": "certificate.export", "audit/": "audit.export"}
each_list = pytest.mark.parametrize(("page", "act"), LISTS.items())


@pytest.fixture
def desk(client, lab):
    """A browser in which somebody signs in who has no second factor and so proves himself by the password."""

    def sign_in(*roles):
        client.force_login(make.user(lab.institution, *roles))
        return client

    return sign_in


def asked(browser, page, kind="csv", query="", **typed):
    return browser.post(f"/i/alpha/{page}export/{query}", {"format": kind, "own_password": PASSWORD, **typed})


def rows(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_the_certificates_of_the_list_come_as_csv(desk, lab):
    row = make.certificate(lab, "released")
    make.certificate(lab, "draft")
    browser = desk(Role.QUALITY_MANAGER)
    titles, first = rows(asked(browser, "certificates/", query="?queue=issued"))
    found = dict(zip(titles, first, strict=True))
    assert (found["证书编号"], found["检校日期"], found["状态"]) == (row.number, "2026-03-10", "已签发")
    assert found["内容 SHA-256"] == row.content_sha256


def test_the_certificates_come_as_a_workbook_with_real_days(desk, lab):
    make.certificate(lab, "released")
    answer = asked(desk(Role.ADMINISTRATOR), "certificates/", "xlsx")
    titles, first = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    assert dict(zip(titles, first, strict=True))["检校日期"].isoformat() == "2026-03-10T00:00:00"


def test_a_customer_named_like_a_formula_is_text(desk, lab):
    make.certificate(lab, item=make.item(lab.institution, customer=make.customer(lab.institution, "=cmd|'/C calc'!A0")))
    assert rows(asked(desk(Role.ADMINISTRATOR), "certificates/"))[1][6] == "'=cmd|'/C calc'!A0"


def test_the_audit_trail_comes_with_words_and_filtered(desk, lab):
    make.certificate(lab, "released")
    browser = desk(Role.QUALITY_MANAGER)
    titles, *entries = rows(asked(browser, "audit/", query="?person=陈慕白"))
    assert {entry[titles.index("人员")] for entry in entries} == {"陈慕白"}
    assert "签发" in {entry[titles.index("动作")] for entry in entries}


@each_list
def test_who_took_which_rows_is_in_the_trail(desk, lab, page, act):
    asked(desk(Role.QUALITY_MANAGER), page, query="?q=压力表")
    entry = AuditEntry.objects.get(verb=act)
    assert {name: new for name, (_old, new) in entry.changes.items()}.keys() == {"filter", "format", "rows"}
    assert "压力表" in entry.changes["filter"][1] and entry.changes["rows"][1].endswith("行")


@each_list
def test_an_export_without_proof_of_the_person_gives_nothing(desk, lab, page, act):
    browser = desk(Role.ADMINISTRATOR)
    for typed in ({"own_password": ""}, {"own_password": "wrong"}):
        answer = asked(browser, page, query="?q=1", **typed)
        assert (answer.status_code, answer.url) == (302, f"/i/alpha/{page}?q=1") and "密码不对" in said(answer)
    assert not AuditEntry.objects.filter(verb=act).exists()


@each_list
def test_the_proof_is_used_up(desk, lab, page, act):
    asked(desk(Role.ADMINISTRATOR), page)
    assert StepUp.objects.get(act=act).used_at


@each_list
def test_only_who_holds_the_right_sees_the_button_and_may(desk, lab, page, act):
    browser = desk(Role.SUPERVISOR)
    assert "导出…" not in browser.get(f"/i/alpha/{page}").content.decode()
    assert asked(browser, page).status_code == 403
    browser = desk(Role.QUALITY_MANAGER)
    assert "导出…" in browser.get(f"/i/alpha/{page}").content.decode()


def test_a_format_that_does_not_exist_is_refused_in_words(desk, lab):
    answer = asked(desk(Role.ADMINISTRATOR), "certificates/", "exe")
    assert "请选 Excel 或 CSV" in said(answer)


def test_too_many_rows_are_refused_before_anybody_types_a_code_in_vain(desk, lab, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 0)
    make.certificate(lab)
    assert "请先用筛选缩小范围" in said(asked(desk(Role.ADMINISTRATOR), "certificates/"))
    assert not StepUp.objects.exists()


def test_the_rows_of_another_institution_are_not_in_the_file(desk, lab):
    other = make.laboratory("beta")
    foreign = make.certificate(other, "released")
    with tenant(lab.institution.pk):
        make.certificate(lab, "released")
        answer = asked(desk(Role.ADMINISTRATOR), "certificates/")
    assert foreign.content_sha256 not in b"".join(answer.streaming_content).decode()
