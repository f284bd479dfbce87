"""What a stranger, or a member of another institution, tries with labels, codes and stock checks. Names say what must not work."""

import io
from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from equipment.codes import verbs
from equipment.labels import printing, sheets
from equipment.labels.formats import FORMATS
from equipment.models import DeviceCode, Equipment, Label, StockCheck, StockLine
from equipment.stock import counting, report
from equipment.stock import verbs as stock
from portal import outbox
from portal.models import Document
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

AT = timezone.now()
TODAY = timezone.localdate(AT)
MARKUP = '<img src="file:///etc/passwd"><script>alert(1)</script>{{ 7|add:7 }}'
HOSTILE = [
    "../../etc/passwd",
    "' OR 1=1 --",
    "%00",
    "\x00",
    "\u202e",
    "A" * 26,
    "ILOU" * 6 + "IL",
    "0" * 5000,
    "☃",
    "<b>",
]


def world(slug):
    lab = SimpleNamespace(institution=make.institution(slug))
    lab.site = make.site(lab.institution, name=f"{slug} 场所")
    lab.keeper = make.employment(lab.institution, f"{slug} 保管人")
    lab.manager = make.actor(lab.institution, Role.METROLOGY_MANAGER, employment=lab.keeper)
    lab.device = make.equipment(lab.institution, lab.site, asset_number=f"{slug}-001", keeper=lab.keeper)
    make.traceability(
        lab.institution, lab.device, lab.keeper, calibrated_on=TODAY - timedelta(100), confirmed_on=TODAY - timedelta(90),
        valid_until=TODAY + timedelta(200),
    )  # fmt: skip
    with tenant(lab.institution.pk):
        (lab.code,), _none = verbs.make_for([lab.device], actor=lab.manager, at=AT)
        (lab.blank,) = verbs.make_blank(1, actor=lab.manager, at=AT)
    return lab


@pytest.fixture(scope="module")
def worlds(rows_of_module):
    return {slug: world(slug) for slug in ("alpha", "beta")}


@pytest.fixture
def lab(db, worlds):
    return deepcopy(worlds["alpha"])


@pytest.fixture
def other(db, worlds):
    return deepcopy(worlds["beta"])


@pytest.fixture
def browser(client, lab):
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    return client


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


# --- the public page


def test_the_public_page_says_nothing_that_is_not_on_the_plate(lab):
    text = Client().get(reverse("portal:code", args=[lab.code.token])).content.decode()
    secrets = [lab.keeper.name, lab.device.ref, lab.code.ref, f"/i/{lab.institution.slug}", lab.site.name, "省级计量院"]
    assert lab.device.name in text and [word for word in secrets if word in text] == []


def test_a_customers_name_is_nowhere_on_the_page_of_his_instrument(lab):
    theirs = make.customer(lab.institution, "神秘客户有限公司")
    thing = make.equipment(lab.institution, lab.site, role="customer", traced=False, customer=theirs)
    with tenant(lab.institution.pk):
        (code,), _none = verbs.make_for([thing], actor=lab.manager, at=AT)
    for headers in ({}, {"accept": "application/json"}):
        answer = Client().get(reverse("portal:code", args=[code.token]), headers=headers)
        assert "神秘客户" not in answer.content.decode() and "神秘客户" not in str(answer.headers)


def test_markup_in_the_register_is_text_on_the_public_page(lab):
    with tenant(lab.institution.pk):
        row = make.fresh(lab.device)
        row.name = MARKUP
        row.save()
    text = Client().get(reverse("portal:code", args=[lab.code.token])).content.decode()
    assert "<img" not in text.partition("<body")[2].replace('<img src="/static', "") or "file:///" not in text.replace(
        "&quot;", ""
    )
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_a_blank_code_and_one_that_never_was_cannot_be_told_apart(lab):
    never = "7YT2K4QZPWM5XH3RNB6CJDVFLA"
    pages = [Client().get(reverse("portal:code", args=[token])) for token in (lab.blank.token, never)]
    assert len({page.status_code for page in pages}) == 1
    bodies = {
        page.content.replace(token.encode(), b"") for page, token in zip(pages, (lab.blank.token, never), strict=True)
    }
    assert len(bodies) == 1


@pytest.mark.parametrize("token", HOSTILE)
def test_a_token_that_is_none_is_unknown_and_never_a_failure(client, token):
    from urllib.parse import quote

    assert client.get(f"/c/{quote(token, safe='')}").status_code in (301, 302, 400, 404, 414)


# --- claiming


def test_a_stranger_who_is_signed_in_claims_nothing(client, lab, other):
    client.force_login(make.user(other.institution, Role.METROLOGY_MANAGER))
    door = client.get(reverse("codes:claim", args=[lab.blank.token]), follow=True)
    assert "没有印过这枚码" in door.content.decode() and "alpha" not in door.content.decode()
    page = client.post(url(other, "code_claim"), {"code": lab.blank.token, "equipment": other.device.ref})
    assert page.status_code == 422
    with tenant(lab.institution.pk):
        assert make.fresh(lab.blank).state == DeviceCode.State.BLANK


def test_a_code_is_put_on_nothing_of_somebody_else(browser, lab, other):
    page = browser.post(url(lab, "code_claim"), {"code": lab.blank.token, "equipment": other.device.ref, "q": "beta"})
    assert page.status_code == 422 and "beta-001" not in page.content.decode()
    sent = {"asset_number": other.device.asset_number, "reason": "换", "confirmed": "yes"}
    assert browser.post(url(lab, "code_relink", lab.code.ref), sent).status_code == 422
    with tenant(lab.institution.pk):
        assert make.fresh(lab.code).equipment_id == lab.device.pk


@pytest.mark.parametrize("name", ["code", "code_relink", "code_retire"])
def test_a_code_of_somebody_else_has_no_page_here(browser, lab, other, name):
    answer = browser.get(url(lab, name, other.code.ref))
    answer = browser.post(url(lab, name, other.code.ref), {"reason": "x"}) if answer.status_code == 405 else answer
    assert answer.status_code == 404


def test_no_sheet_holds_codes_or_labels_of_somebody_else(browser, lab, other):
    with tenant(other.institution.pk):
        (label,) = printing.print_labels([other.device], actor=other.manager, at=AT).labels
    for query in ({"first": other.code.ref, "last": other.blank.ref}, {"ref": other.device.ref}):
        answer = browser.get(url(lab, "code_pdf"), {"sheet": "roll-40x30", "start": "1", **query}, follow=True)
        assert answer["Content-Type"].startswith("text/html")
    named = {"first": label.serial, "last": label.serial, "sheet": "roll-40x30", "start": "1"}
    assert browser.get(url(lab, "label_pdf"), named, follow=True)["Content-Type"].startswith("text/html")


def test_the_ends_of_a_sheet_do_not_reach_over_somebody_elses_codes(browser, lab, other):
    """The keys of another institution lie between ours."""
    with tenant(lab.institution.pk):
        (last,) = verbs.make_blank(1, actor=lab.manager, at=AT)
    query = {"sheet": "roll-40x30", "start": "1", "first": lab.code.ref, "last": last.ref}
    text = browser.get(url(lab, "code_sheet"), query).content.decode()
    assert other.code.printed not in text and other.blank.printed not in text and last.printed in text


@pytest.mark.parametrize(
    "page", ["code_sheet", "code_pdf", "label_sheet", "label_pdf", "code_claim", "label_new", "codes", "labels"]
)
def test_nonsense_in_the_address_of_a_sheet_is_never_a_failure(browser, lab, page):
    for text in HOSTILE:
        for name in ("first", "ref", "start", "sheet", "code", "q", "state", "skipped"):
            query = {"sheet": "roll-40x30", "start": "1", "first": "A-1", "last": "A-2", name: text}
            assert browser.get(url(lab, page), query).status_code < 500, (name, text)


# --- paper


def test_markup_in_the_register_is_text_on_a_label(lab):
    face = {"word": "fit", "title": "合格", "institution": MARKUP[:40], "number": "A-1", "signed": False,
            "lines": [["设备", '<img src="file:///etc/passwd">', False], ["编号", "<b>1</b>", True]]}  # fmt: skip
    text = pypdfium2.PdfDocument(io.BytesIO(sheets.pdf([face], FORMATS["a4-3x8"])))[0].get_textpage().get_text_range()
    assert "<img" in text and "<b>1</b>" in text and "root:" not in text


@pytest.mark.parametrize(
    "text", ["<link rel=stylesheet href=http://127.0.0.1:1/x.css>", "<iframe src=file:///etc/passwd>"]
)
def test_markup_in_what_was_scanned_is_text_in_the_report(lab, text):
    with tenant(lab.institution.pk):
        check = closed(lab, text)
        pages = pypdfium2.PdfDocument(io.BytesIO(report.pdf(report.content(check))))
    written = "".join(page.get_textpage().get_text_range() for page in pages).replace("\r\n", "")
    assert text[:8] in written and "root:" not in written


@pytest.mark.parametrize("text", ["😀", "\u202e反", "\x1d01069", "\x07", "\U0001f9ea 试管", "\u200b"])
def test_nothing_that_was_scanned_keeps_the_report_from_being_written(lab, text):
    with tenant(lab.institution.pk):
        check = closed(lab, text)
    outbox.drain()
    with tenant(lab.institution.pk):
        assert StockCheck.objects.get(pk=check.pk).report_id and Document.objects.exists()


def closed(lab, *texts):
    """A stock check that was closed after somebody had kept these texts."""
    check = stock.open_check({"title": "盘点", "site": None, "room": None}, actor=lab.manager, at=AT)
    for text in texts:
        stock.count(check, text, keep=True, actor=lab.manager, at=AT)
    seen = counting.digest(check)
    make.prove(lab.manager, "stockcheck.close", check, seen)
    stock.close(check, seen, actor=lab.manager, at=AT)
    return StockCheck.objects.select_related("institution", "closed_by", "opened_by").get(pk=check.pk)


# --- counting


def test_what_is_closed_is_counted_no_more(lab):
    with tenant(lab.institution.pk):
        check = closed(lab, "神秘仪器")
        with pytest.raises(Refused, match="已结束"):
            stock.count(check, lab.device.asset_number, actor=lab.manager, at=AT)
        assert StockLine.objects.get(equipment=lab.device).outcome == StockLine.Outcome.MISSING


def test_a_code_of_somebody_else_is_a_strange_thing_without_a_name(lab, other):
    with tenant(lab.institution.pk):
        check = stock.open_check({"title": "盘点", "site": None, "room": None}, actor=lab.manager, at=AT)
        told = stock.count(check, other.code.token, actor=lab.manager, at=AT)
        assert "beta" not in f"{told}" and other.device.name not in told.text
        assert StockLine.objects.get(outcome="unexpected").equipment is None


def test_a_check_of_somebody_else_is_not_counted(browser, lab, other):
    with tenant(other.institution.pk):
        check = stock.open_check({"title": "盘点", "site": None, "room": None}, actor=other.manager, at=AT)
    for name in ("stock_check", "stock_count", "stock_close", "stock_export"):
        assert browser.post(url(lab, name, check.ref), {"text": "beta-001", "confirmed": "yes"}).status_code in (
            403,
            404,
            405,
        )
    assert browser.get(url(lab, "stock_count", check.ref)).status_code == 404
    with tenant(other.institution.pk):
        assert not StockLine.objects.exclude(outcome="missing").exists()


def test_of_two_numbers_that_differ_in_case_only_the_one_that_was_typed_is_counted(lab):
    with tenant(lab.institution.pk):
        small = make.equipment(lab.institution, lab.site, asset_number="ALPHA-001")
        found = [counting.understood(text, lab.institution.pk).equipment for text in ("alpha-001", "ALPHA-001")]
        assert found == [lab.device, small]


def test_a_scrapped_thing_that_is_found_is_not_found_in_order(lab):
    with tenant(lab.institution.pk):
        check = stock.open_check({"title": "盘点", "site": None, "room": None}, actor=lab.manager, at=AT)
        Equipment.objects.filter(pk=lab.device.pk).update(state="scrapped")
        told = stock.count(check, lab.code.token, actor=lab.manager, at=AT)
        assert told.tone != "ok", told


def test_a_label_of_stopped_equipment_never_says_fit(lab):
    with tenant(lab.institution.pk):
        for state in ("quarantined", "repair", "out_of_use", "scrapped", "new"):
            Equipment.objects.filter(pk=lab.device.pk).update(state=state)
            for label in printing.print_labels([make.fresh(lab.device)], actor=lab.manager, at=AT).labels:
                assert label.word == Label.Word.STOPPED
