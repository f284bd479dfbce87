"""Stock checks: what should be there, what two people with phones find, and the report somebody answers for."""

import io
import threading

import pypdfium2
import pytest
from django.conf import settings
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from equipment.codes import verbs as code_verbs
from equipment.models import Equipment, StockCheck, StockLine
from equipment.stock import counting, report, verbs
from institutions.models import Room
from portal import codes, documents, outbox
from portal.models import AuditEntry, Document
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

AT = timezone.now()
Outcome = StockLine.Outcome


@pytest.fixture
def check(lab):
    """An open check over everything: three pieces of equipment should be there."""
    for _one in range(2):
        make.equipment(lab.institution, lab.site)
    return opened(lab)


def opened(lab, **kwargs):
    values = {"title": "年度盘点", "site": None, "room": None, **kwargs}
    return verbs.open_check(values, actor=lab.metrologist, at=AT)


def count(lab, check, text, **kwargs):
    return verbs.count(check, text, actor=lab.metrologist, at=AT, **kwargs)


def figures(check):
    found = counting.figures(check)
    return found.found, found.missing, found.unexpected


def test_what_is_in_the_register_is_expected_and_missing_until_found(lab, check):
    assert figures(check) == (0, 3, 0)


def test_customers_instruments_and_what_is_gone_are_not_expected(lab, check):
    make.equipment(lab.institution, lab.site, role="customer", traced=False, customer=make.customer(lab.institution))
    make.equipment(lab.institution, lab.site, state="scrapped")
    make.equipment(lab.institution, lab.site, state="withdrawn")
    assert figures(opened(lab)) == (0, 3, 0)


def test_a_check_of_a_room_expects_what_stands_in_it(lab, check):
    room = Room.objects.create(institution=lab.institution, site=lab.site, name="力学室")
    make.equipment(lab.institution, lab.site, room=room)
    assert figures(opened(lab, site=lab.site, room=room)) == (0, 1, 0)


def test_a_place_with_nothing_in_it_is_not_counted(lab):
    with pytest.raises(Refused, match="没有登记在账的设备"):
        opened(lab, site=make.site(lab.institution, name="空库房"))
    assert not StockCheck.objects.exists()


@pytest.mark.parametrize("way", ["asset_number", "serial_number", "token", "address"])
def test_equipment_is_found_by_code_or_by_number(lab, check, way):
    if way in ("token", "address"):
        (code,), _refused = code_verbs.make_for([lab.equipment], actor=lab.metrologist, at=AT)
        text = code.printed if way == "token" else codes.printed_address(code.token)
    else:
        text = f" {getattr(lab.equipment, way).lower()} "
    counted = count(lab, check, text)
    assert (counted.tone, counted.kept, figures(check)) == ("ok", True, (1, 2, 0))


def test_a_second_scan_changes_nothing_and_says_who_was_first(lab, check):
    count(lab, check, lab.equipment.asset_number)
    again = count(lab, check, lab.equipment.asset_number)
    assert not again.kept and "已经盘过：沈若川" in again.text
    assert figures(check) == (1, 2, 0)


def test_what_should_stand_elsewhere_is_unexpected(lab):
    make.equipment(lab.institution, make.site(lab.institution, name="东院区"), asset_number="EAST-1")
    check = opened(lab, site=lab.site)
    counted = count(lab, check, "EAST-1")
    assert (counted.tone, figures(check)) == ("due", (0, 1, 1)) and "东院区" in counted.text


def test_a_mistyped_number_is_told_and_not_kept_unless_somebody_says_so(lab, check):
    counted = count(lab, check, "YB-9999x")
    assert (counted.tone, counted.can_be_kept, figures(check)) == ("bad", True, (0, 3, 0))
    count(lab, check, "YB-9999x", keep=True)
    assert figures(check) == (0, 3, 1)


def test_nothing_typed_is_nothing_counted(lab, check):
    with pytest.raises(Refused, match="请扫码"):
        count(lab, check, " ", keep=True)


def test_a_blank_code_on_a_thing_is_written_down(lab, check):
    (blank,) = code_verbs.make_blank(1, actor=lab.metrologist, at=AT)
    counted = count(lab, check, codes.printed_address(blank.token))
    assert "空白" in counted.text and figures(check) == (0, 3, 1)


def test_one_serial_number_of_two_makers_is_asked_about(lab, check):
    for maker in ("甲厂", "乙厂"):
        make.equipment(lab.institution, lab.site, serial_number="77", manufacturer=maker)
    assert "请键入管理编号" in count(lab, check, "77").text


def test_a_foreign_code_is_no_equipment_of_ours(lab, check):
    other = make.institution("beta")
    with tenant(other.pk):
        theirs = make.equipment(other, make.site(other), asset_number="THEIRS-1")
        row = Equipment.objects.select_related("institution").get(pk=theirs.pk)
        (code,), _refused = code_verbs.make_for([row], actor=make.actor(other, Role.METROLOGY_MANAGER), at=AT)
    with tenant(lab.institution.pk):
        assert count(lab, check, "THEIRS-1").tone == "bad"
        count(lab, check, codes.printed_address(code.token))
        assert StockLine.objects.get(outcome=Outcome.UNEXPECTED).equipment is None


def test_nothing_is_counted_after_the_end(lab, check):
    close(lab, check)
    with pytest.raises(Refused, match="已结束"):
        count(lab, check, lab.equipment.asset_number)


def close(lab, check):
    seen = counting.digest(check)
    make.prove(lab.metrologist, "stockcheck.close", check, seen)
    return verbs.close(check, seen, actor=lab.metrologist, at=AT)


def test_closing_needs_a_proof_of_the_person(lab, check):
    with pytest.raises(Refused) as refused:
        verbs.close(check, counting.digest(check), actor=lab.metrologist, at=AT)
    assert refused.value.refusals[0].clause == "step-up"
    assert StockCheck.objects.get(pk=check.pk).state == "open"


def test_nobody_signs_figures_that_have_changed_since(lab, check):
    seen = counting.digest(check)
    make.prove(lab.metrologist, "stockcheck.close", check, seen)
    count(lab, check, lab.equipment.asset_number)
    with pytest.raises(Refused, match="又有人盘到了"):
        verbs.close(check, seen, actor=lab.metrologist, at=AT)


def test_the_report_names_the_signer_and_every_missing_piece(lab, check):
    count(lab, check, lab.equipment.asset_number)
    count(lab, check, "神秘仪器", keep=True)
    check = StockCheck.objects.select_related("institution", "closed_by", "opened_by").get(pk=close(lab, check).pk)
    said = report.content(check)
    document = pypdfium2.PdfDocument(io.BytesIO(report.pdf(said)))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    missing = StockLine.objects.filter(outcome=Outcome.MISSING).values_list("equipment__asset_number", flat=True)
    expected = ["盘点负责人", "沈若川", "神秘仪器", *missing, lab.equipment.asset_number]
    assert [word for word in expected if word not in text] == []
    assert said["sha256"] in text.replace("\r\n", "").replace("\n", "")


def test_the_report_is_written_once_and_kept_as_a_document(lab, check):
    closed = close(lab, check)
    first = verbs.attach_report(closed, b"%PDF-1.7 report", at=AT)
    again = verbs.attach_report(closed, b"%PDF-1.7 other", at=AT)
    kept = Document.objects.get()
    assert first.report == again.report == kept
    assert documents.whole(kept.stored_as, kept.sha256) == b"%PDF-1.7 report"


def test_the_report_comes_from_a_worker_that_has_written_none_yet(lab, check):
    report._typography.cache_clear()
    close(lab, check)
    connection.on_commit(lambda: None)
    outbox.drain()
    document = StockCheck.objects.select_related("report").get(pk=check.pk).report
    assert documents.whole(document.stored_as, document.sha256).startswith(b"%PDF")


def test_opening_a_large_check_costs_few_queries(lab, django_assert_max_num_queries):
    for _one in range(60):
        make.equipment(lab.institution, lab.site)
    with django_assert_max_num_queries(16):
        assert figures(opened(lab)) == (0, 61, 0)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_scan_the_same_thing_at_once_count_it_once():
    institution = make.institution()
    people = [
        make.actor(institution, Role.METROLOGY_MANAGER, employment=make.employment(institution, name), name=name)
        for name in ("沈若川", "许知远")
    ]
    thing = make.equipment(institution, make.site(institution))
    with tenant(institution.pk):
        check = verbs.open_check({"title": "盘点", "site": None, "room": None}, actor=people[0], at=AT)
    together, found = threading.Barrier(2), []

    def scan(person):
        together.wait(10)
        with tenant(institution.pk):
            found.append(verbs.count(check, thing.asset_number, actor=person, at=AT).kept)
        connections.close_all()

    threads = [threading.Thread(target=scan, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with tenant(institution.pk):
        assert sorted(found) == [False, True]
        assert figures(check) == (1, 0, 0)


# --- pages


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


def test_a_check_is_opened_and_counted_without_script(signed_in, lab):
    keeper = signed_in(Role.METROLOGY_MANAGER)
    keeper.post(url(lab, "stock_new"), {"title": "年度盘点", "site": lab.site.ref})
    check = StockCheck.objects.get()
    counter = signed_in(Role.RECEPTIONIST)
    page = counter.post(url(lab, "stock_count", check.ref), {"text": lab.equipment.asset_number}).content.decode()
    assert "已盘到" in page and lab.equipment.name in page
    assert figures(check) == (1, 0, 0)


def test_a_script_gets_the_answer_and_the_figures(signed_in, lab, check):
    browser = signed_in(Role.OPERATOR)
    said = browser.post(
        url(lab, "stock_count", check.ref), {"text": "没有"}, headers={"Accept": "application/json"}
    ).json()
    assert (said["tone"], said["can_be_kept"], said["figures"]["missing"]) == ("bad", True, 3)
    live = browser.get(url(lab, "stock_count", check.ref), headers={"Accept": "application/json"}).json()
    assert live["figures"] == {"found": 0, "missing": 3, "unexpected": 0}


@pytest.mark.parametrize("text", ["", "   ", "\x00", "x" * 500])
def test_nonsense_is_refused_in_words(signed_in, lab, check, text):
    answer = signed_in(Role.OPERATOR).post(url(lab, "stock_count", check.ref), {"text": text})
    assert answer.status_code in (200, 409) and figures(check) == (0, 3, 0)


def test_a_room_of_another_site_is_refused_and_nothing_is_lost(signed_in, lab):
    room = Room.objects.create(
        institution=lab.institution, site=make.site(lab.institution, name="东院区"), name="力学室"
    )
    asked = {"title": "年度盘点", "site": lab.site.ref, "room": room.ref}
    answer = signed_in(Role.METROLOGY_MANAGER).post(url(lab, "stock_new"), asked)
    assert answer.status_code == 422 and "不在所选的场所里" in answer.content.decode()
    assert 'value="年度盘点"' in answer.content.decode()


def test_a_check_is_closed_with_the_persons_password_over_the_figures_shown(signed_in, lab, check):
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.get(url(lab, "stock_check", check.ref))
    asked = {"confirmed": "yes", "confirmed_sha256": page.context["close"]["hash"]}
    refused = browser.post(url(lab, "stock_close", check.ref), asked | {"own_password": "wrong"})
    assert refused.status_code == 401
    answer = browser.post(url(lab, "stock_close", check.ref), asked | {"own_password": make.PASSWORD}, follow=True)
    assert "报告正在生成" in answer.content.decode()
    assert AuditEntry.objects.filter(verb="stockcheck.close", succeeded=True).count() == 1


def test_lines_cost_the_same_however_many(signed_in, lab, django_assert_max_num_queries):
    for _one in range(40):
        make.equipment(lab.institution, lab.site)
    check, browser = opened(lab), signed_in(Role.METROLOGY_MANAGER)
    with django_assert_max_num_queries(26):
        assert browser.get(url(lab, "stock_check", check.ref)).status_code == 200


# --- with a phone

SHOW_A_CODE = """
(path) => {
  const [side, modules] = [480, Number(path.box.split(" ")[2])];
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const pen = canvas.getContext("2d");
  const draw = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, side, side);
    pen.save();
    pen.scale(side / modules, side / modules);
    pen.fillStyle = "#000";
    pen.fill(new Path2D(path.d));
    pen.restore();
  };
  setInterval(draw, 50);
  draw();
  const stream = canvas.captureStream(20);
  Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => stream } });
  delete globalThis.BarcodeDetector;
}
"""


@pytest.mark.django_db(transaction=True)
def test_a_phone_counts_by_camera_and_by_typing(browser_page, live_server, client):
    """The vendored decoder reads the picture of the camera, under the policy that forbids inline script."""
    from portal import qr

    institution = make.institution()
    site = make.site(institution)
    scanned, typed = make.equipment(institution, site), make.equipment(institution, site)
    keeper = make.actor(institution, Role.METROLOGY_MANAGER)
    with tenant(institution.pk):
        row = Equipment.objects.select_related("institution").get(pk=scanned.pk)
        (code,), _refused = code_verbs.make_for([row], actor=keeper, at=AT)
        check = verbs.open_check({"title": "盘点", "site": None, "room": None}, actor=keeper, at=AT)
    client.force_login(make.user(institution, Role.OPERATOR))
    name = settings.SESSION_COOKIE_NAME
    browser_page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    said = []
    browser_page.on("console", lambda message: said.append(message.text))
    browser_page.on("pageerror", lambda error: said.append(str(error)))
    browser_page.set_viewport_size({"width": 390, "height": 844})
    browser_page.goto(live_server.url + reverse("equipment:stock_count", args=[institution.slug, check.ref]))
    drawn = qr.drawn(codes.printed_address(code.token))
    browser_page.evaluate(SHOW_A_CODE, {"d": drawn.d, "box": drawn.view_box})
    browser_page.click("[data-camera]")
    browser_page.wait_for_selector(f"[data-answer].ok:has-text('{scanned.asset_number}')")
    browser_page.click("[data-camera]")
    browser_page.fill("[name=text]", typed.asset_number)
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector(f"[data-answer].ok:has-text('{typed.asset_number}')")
    assert browser_page.inner_text("[data-count=missing]") == "0"
    assert browser_page.evaluate("document.documentElement.scrollWidth") == 390
    assert said == []
    with tenant(institution.pk):
        assert figures(check) == (2, 0, 0)


# --- taking back what was counted by mistake


def line_of(check, number):
    return StockLine.objects.select_related("equipment", "check_of").get(check_of=check, equipment__asset_number=number)


def take_back(lab, line, reason="扫错了", **kwargs):
    return verbs.take_back(line, reason, actor=kwargs.get("actor", lab.metrologist), at=AT)


def test_what_was_counted_by_mistake_is_missing_again_and_the_history_says_why(lab, check):
    number = lab.equipment.asset_number
    count(lab, check, number)
    line = take_back(lab, line_of(check, number))
    assert (line.outcome, line.found_at, line.found_by_id, figures(check)) == (Outcome.MISSING, None, None, (0, 3, 0))
    entry = AuditEntry.objects.get(verb="stockcheck.uncount")
    assert number in entry.reason and "扫错了" in entry.reason


def test_what_nobody_expected_is_on_no_list_once_it_is_taken_back(lab, check):
    count(lab, check, "YB-9999x", keep=True)
    take_back(lab, StockLine.objects.select_related("equipment", "check_of").get(scanned="YB-9999x"))
    assert figures(check) == (0, 3, 0) and not counting.lines_of(check).filter(scanned="YB-9999x").exists()
    assert "YB-9999x" not in str(report.content(check))


@pytest.mark.parametrize("way", ["found", "elsewhere", "unknown"])
def test_what_was_taken_back_can_be_counted_again(lab, check, way):
    text = {"found": lab.equipment.asset_number, "elsewhere": "EAST-1", "unknown": "YB-9999x"}[way]
    if way == "elsewhere":
        make.equipment(lab.institution, make.site(lab.institution, name="东院区"), asset_number="EAST-1")
    first = count(lab, check, text, keep=True)
    was = figures(check)
    take_back(lab, StockLine.objects.select_related("equipment", "check_of").get(pk=first.line.pk))
    again = count(lab, check, text, keep=True)
    assert again.kept and again.line.pk == first.line.pk and figures(check) == was


def test_taking_back_needs_a_reason(lab, check):
    count(lab, check, lab.equipment.asset_number)
    with pytest.raises(Refused, match="为什么撤回"):
        take_back(lab, line_of(check, lab.equipment.asset_number), " ")


def test_what_is_not_counted_is_not_taken_back(lab, check):
    with pytest.raises(Refused, match="没有盘到"):
        take_back(lab, line_of(check, lab.equipment.asset_number))


def test_nothing_is_taken_back_after_the_end(lab, check):
    count(lab, check, lab.equipment.asset_number)
    StockCheck.objects.filter(pk=check.pk).update(state="closed", closed_at=AT)
    with pytest.raises(Refused, match="当前状态"):
        take_back(lab, line_of(check, lab.equipment.asset_number))


def test_figures_that_were_taken_back_since_are_not_signed(lab, check):
    count(lab, check, lab.equipment.asset_number)
    seen = counting.digest(check)
    take_back(lab, line_of(check, lab.equipment.asset_number))
    with pytest.raises(Refused, match="重新核对"):
        verbs.close(check, seen, actor=lab.metrologist, at=AT)


def test_a_line_is_taken_back_from_the_phone(signed_in, lab, check):
    browser, url = signed_in(Role.OPERATOR), reverse("equipment:stock_count", args=["alpha", check.ref])
    said = browser.post(url, {"text": lab.equipment.asset_number}, headers={"Accept": "application/json"}).json()
    assert said["line_url"] in browser.get(url).content.decode()
    assert "扫器具码" not in browser.get(said["line_url"]).content.decode()
    assert browser.post(said["line_url"], {"reason": ""}).status_code == 422
    assert browser.post(said["line_url"], {"reason": "扫错了"}).url == url
    assert figures(check) == (0, 3, 0)
    assert browser.post(said["line_url"], {"reason": "扫错了"}).status_code == 409


def test_the_list_says_how_far_each_check_is(signed_in, lab, check):
    count(lab, check, Equipment.objects.order_by("pk").first().asset_number)
    count(lab, check, "旧-1", keep=True)
    opened(lab, title="没有开始的")
    browser = signed_in(Role.METROLOGY_MANAGER)
    url = reverse("equipment:stock", args=[lab.institution.slug])
    rows = browser.get(url).context["table"]["rows"]
    told = [[cell["text"] if isinstance(cell, dict) else cell for cell in row[2:5]] for row in rows]
    assert told == [["0 / 3", 3, "0"], ["1 / 3", 2, 1]]
