"""Pages of equipment and measurement standards."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from equipment.models import Equipment, MeasurementStandard, StandardPart, Traceability
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def today():
    return timezone.localdate()


def at(lab, name, *rows):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *(row.ref for row in rows)])


def traced(lab, today, left=200, **kwargs):
    """Equipment whose traceability has so many days left."""
    row = make.equipment(lab.institution, lab.site, **kwargs)
    days = {"calibrated_on": today - timedelta(165), "valid_until": today + timedelta(left)}
    make.traceability(lab.institution, row, lab.keeper, confirmed_on=today - timedelta(160), **days)
    return row


def standard(lab, today, *equipment, **kwargs):
    values = {
        "kind": MeasurementStandard.Kind.HIGHEST, "code": f"BZ-{len(equipment)}", "name": "压力标准装置",
        "range_text": "(0～6) MPa", "accuracy": "0.02 级", "assessment_certificate": "〔2024〕示量标 0417",
        "assessed_by": "市级监管部门（示）", "assessed_on": today - timedelta(400),
        "assessed_until": today + timedelta(400), "responsible": lab.keeper, "site": lab.site, **kwargs,
    }  # fmt: skip
    row = MeasurementStandard.objects.create(institution=lab.institution, **values)
    for part in equipment:
        StandardPart.objects.create(institution=lab.institution, standard=row, equipment=part)
    return row


def typed(lab, today, **changes):
    return {
        "kind": "calibration", "certificate_number": "SL2026-L-08827", "issuer": "省级计量院（示）",
        "issuer_qualification": "CNAS L00000", "chain": "national", "calibrated_on": today - timedelta(3),
        "valid_until": today + timedelta(362), "expanded_uncertainty": "0.0015", "coverage_factor": "2",
        "uncertainty_unit": "MPa", "conclusion": "fit", "confirmed_by": lab.keeper.ref,
        "confirmed_on": today, "file": SimpleUploadedFile("证书.pdf", make.pdf()), **changes,
    }  # fmt: skip


def queries_of(browser, url):
    """How many queries a page needs, asked twice so that nothing of the first visit counts."""
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        browser.get(url)
    return len(asked)


@pytest.fixture
def elsewhere(db):
    """A laboratory of somebody else, with equipment, a standard and a document."""
    institution = make.institution("beta")
    site, keeper = make.site(institution), make.employment(institution, "外人")
    with tenant(institution.pk):
        world = SimpleNamespace(institution=institution, site=site, keeper=keeper)
        world.equipment = make.equipment(institution, site, name="别家的仪器")
        world.standard = standard(world, timezone.localdate(), world.equipment, name="别家的标准")
    return world


# --- the register


def test_the_register_shows_the_equipment_with_its_clock(signed_in, lab, today):
    row = traced(lab, today, left=12)
    page = signed_in(Role.METROLOGY_MANAGER).get(at(lab, "list")).content.decode()
    assert row.asset_number in page and "剩 12 天" in page and "临期" in page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RECEPTIONIST, Role.QUALITY_MANAGER, Role.SUPERVISOR])
def test_every_member_reads_the_register(signed_in, lab, role):
    assert signed_in(role).get(at(lab, "list")).status_code == 200


def test_a_regulator_reads_the_register_of_its_region(client, lab):
    client.force_login(make.regulator("4403"))
    assert client.get(at(lab, "list")).status_code == 200


def test_the_register_holds_nothing_of_another_institution(signed_in, lab, elsewhere):
    assert "别家的仪器" not in signed_in(Role.OPERATOR).get(at(lab, "list")).content.decode()


def test_the_register_of_another_institution_is_not_found(signed_in, lab, elsewhere):
    assert signed_in(Role.OPERATOR).get(at(elsewhere, "list")).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=活塞", {"活塞式压力计"}),
        ("state=quarantined", {"坏的"}),
        ("role=environment", {"温湿度计"}),
        ("due=expired&state=in_use", {"活塞式压力计", "数字压力计"}),
        ("due=7", {"温湿度计"}),
        ("q=没有这台", set()),
    ],
)
def test_filters_find_their_rows(signed_in, lab, today, query, found):
    traced(lab, today, left=-6, name="活塞式压力计")
    traced(lab, today, left=7, name="温湿度计", role=Equipment.Role.ENVIRONMENT)
    traced(lab, today, name="坏的", state=Equipment.State.QUARANTINED)
    page = signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}?{query}")
    assert {row[1]["text"] for row in page.context["table"]["rows"]} == found


def test_an_empty_result_says_what_to_do(signed_in, lab):
    assert "清除筛选看全部设备" in signed_in(Role.OPERATOR).get(at(lab, "list") + "?q=xyz").content.decode()


@pytest.mark.parametrize("query", ["state=broken", "due=90", "q=%00", "q=" + "长" * 61])
def test_a_filter_that_makes_no_sense_says_so(signed_in, lab, query):
    page = signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}?{query}")
    assert page.status_code == 400 and "有的条件看不懂" in page.content.decode()


@pytest.mark.parametrize("query", ["after=%00", "before=nobody", "after=" + "x" * 1000])
def test_a_page_after_nothing_is_still_a_page(signed_in, lab, query):
    assert signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}?{query}").status_code == 200


def test_the_register_is_paged_without_losing_or_repeating_a_row(signed_in, lab, today):
    for number in range(120):
        make.equipment(lab.institution, lab.site, asset_number=f"P-{number:03d}")
    browser, seen, url = signed_in(Role.OPERATOR), [], at(lab, "list")
    while url:
        table = browser.get(url).context["table"]
        seen += [row[0]["text"] for row in table["rows"]]
        url = table["next_url"]
    assert len(seen) == len(set(seen)) == 121


def test_the_register_needs_the_same_queries_for_one_row_and_for_many(signed_in, lab, today):
    browser = signed_in(Role.METROLOGY_MANAGER)
    few = queries_of(browser, at(lab, "list"))
    for _ in range(20):
        traced(lab, today)
    assert queries_of(browser, at(lab, "list")) == few <= 20


# --- one piece of equipment


def test_the_detail_page_tells_facts_traceability_and_history(signed_in, lab, today):
    row = traced(lab, today)
    page = signed_in(Role.OPERATOR).get(at(lab, "detail", row)).content.decode()
    assert row.serial_number in page and "今天适用" in page and "还没有操作记录" in page


def test_equipment_without_traceability_says_what_to_do(signed_in, lab):
    assert "还没有溯源证书" in signed_in(Role.OPERATOR).get(at(lab, "detail", lab.equipment)).content.decode()


def test_equipment_of_another_institution_is_not_found(signed_in, lab, elsewhere):
    url = reverse("equipment:detail", args=[lab.institution.slug, elsewhere.equipment.ref])
    assert signed_in(Role.METROLOGY_MANAGER).get(url).status_code == 404


@pytest.mark.parametrize("ref", ["nobody", "x" * 200])
def test_equipment_nobody_has_is_not_found(signed_in, lab, ref):
    assert signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}{ref}/").status_code == 404


def test_an_operator_may_stop_equipment_and_nothing_else(signed_in, lab):
    page = signed_in(Role.OPERATOR).get(at(lab, "detail", lab.equipment)).content.decode()
    assert "停用隔离…" in page and "封存…" not in page


def test_the_detail_page_needs_the_same_queries_for_many_traceabilities(signed_in, lab, today):
    row, browser = traced(lab, today), signed_in(Role.METROLOGY_MANAGER)
    few = queries_of(browser, at(lab, "detail", row))
    for number in range(10):
        make.traceability(lab.institution, row, lab.keeper, certificate_number=f"OLD-{number}")
    # Twelve for session, scope, rights and menu (one of them only inside the transaction of a test), and for each of the dozen
    # cards the one or two tables that it alone shows: facts that several cards want are asked once (equipment/seen.py).
    assert queries_of(browser, at(lab, "detail", row)) == few <= 31


def test_a_quarantine_is_done_and_told(signed_in, lab):
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.post(
        at(lab, "quarantine", lab.equipment),
        {"reason": "读数跳动", "kind": "suspicious", "confirmed": "yes"},
        follow=True,
    )
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED
    assert "读数跳动" in page.content.decode()


def test_a_quarantine_without_a_reason_says_so(signed_in, lab):
    sent = {"reason": "", "kind": "defect"}
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "quarantine", lab.equipment), sent)
    assert page.status_code == 422 and "请填写这一项" in page.content.decode()


def test_an_overlong_reason_is_not_lost(signed_in, lab):
    reason = "读" * 301
    sent = {"reason": reason, "kind": "defect"}
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "quarantine", lab.equipment), sent)
    assert page.status_code == 422 and reason in page.content.decode() and "最多 300 个字" in page.content.decode()


def test_a_refused_return_shows_the_clause_and_keeps_what_was_typed(signed_in, lab):
    row = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "return_to_use", row), {"reason": "比对合格"})
    text = page.content.decode()
    assert page.status_code == 409 and "B-4.4.2-s3" in text and "比对合格" in text


def test_what_a_return_still_needs_is_shown_before_anybody_tries(signed_in, lab):
    row = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    page = signed_in(Role.METROLOGY_MANAGER).get(at(lab, "detail", row)).content.decode()
    assert "投入使用还差" in page and at(lab, "trace", row) in page


@pytest.mark.parametrize("name", ["return_to_use", "send_to_repair", "take_out_of_use", "scrap", "trace"])
def test_an_operator_may_not_manage_equipment(signed_in, lab, name):
    assert signed_in(Role.OPERATOR).post(at(lab, name, lab.equipment), {"reason": "原因"}).status_code == 403


@pytest.mark.parametrize("name", ["quarantine", "return_to_use", "send_to_repair", "take_out_of_use", "scrap", "trace"])
def test_equipment_of_another_institution_cannot_be_managed(signed_in, lab, elsewhere, name):
    url = reverse(f"equipment:{name}", args=[lab.institution.slug, elsewhere.equipment.ref])
    assert signed_in(Role.METROLOGY_MANAGER).post(url, {"reason": "原因"}).status_code == 404


@pytest.mark.parametrize("name", ["quarantine", "return_to_use", "send_to_repair", "take_out_of_use", "scrap"])
def test_looking_changes_nothing(signed_in, lab, name):
    assert signed_in(Role.METROLOGY_MANAGER).get(at(lab, name, lab.equipment)).status_code == 405


# --- measurement standards


def test_the_list_of_standards_shows_their_assessment(signed_in, lab, today):
    standard(lab, today, assessed_until=today + timedelta(5))
    page = signed_in(Role.OPERATOR).get(at(lab, "standards")).content.decode()
    assert "压力标准装置" in page and "剩 5 天" in page


def test_a_standard_is_judged_on_a_chosen_day(signed_in, lab, today):
    row = standard(lab, today, traced(lab, today, left=10))
    browser = signed_in(Role.OPERATOR)
    assert "没有有效溯源" not in browser.get(at(lab, "standard", row)).content.decode()
    later = browser.get(at(lab, "standard", row), {"on": today + timedelta(11)}).content.decode()
    assert "没有有效溯源" in later and "不可用" in later


def test_an_unassessed_day_is_said_in_words(signed_in, lab, today):
    row = standard(lab, today, assessed_until=today - timedelta(1))
    page = signed_in(Role.OPERATOR).get(at(lab, "standard", row)).content.decode()
    assert f"不含 {today}" in page and "一律不能用" in page


@pytest.mark.parametrize("on", ["昨天", "0001-01-01", "\x00"])
def test_a_day_that_is_none_is_said_in_words(signed_in, lab, today, on):
    row = standard(lab, today)
    page = signed_in(Role.OPERATOR).get(at(lab, "standard", row), {"on": on})
    assert page.status_code == 400 and "有的条件看不懂" in page.content.decode()


def test_a_standard_of_another_institution_is_not_found(signed_in, lab, elsewhere):
    url = reverse("equipment:standard", args=[lab.institution.slug, elsewhere.standard.ref])
    assert signed_in(Role.OPERATOR).get(url).status_code == 404


def test_a_standard_needs_the_same_queries_for_many_parts(signed_in, lab, today):
    browser = signed_in(Role.OPERATOR)
    few = queries_of(browser, at(lab, "standard", standard(lab, today, traced(lab, today))))
    large = standard(lab, today, *(traced(lab, today) for _ in range(12)))
    # Twelve for session, scope, rights and menu, and one for each of the tables that the page is made of.
    assert queries_of(browser, at(lab, "standard", large)) == few <= 23


# --- all of them


def test_every_name_the_pages_use_is_there(signed_in, lab, today):
    used, broken = traced(lab, today), make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    row = standard(lab, today, used, broken, lab.equipment, assessed_until=today - timedelta(1))
    browser = signed_in(Role.METROLOGY_MANAGER)
    urls = [at(lab, name) for name in ("list", "impacts", "standards")]
    urls += [at(lab, name, equipment) for name in ("detail", "trace") for equipment in (used, broken, lab.equipment)]
    urls += [at(lab, "standard", row), reverse("institutions:today", args=[lab.institution.slug])]
    assert {url: "!!" in browser.get(url).content.decode() for url in urls} == dict.fromkeys(urls, False)


# --- documents


@pytest.fixture
def certificate_file(signed_in, lab, today):
    signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), typed(lab, today))
    return Traceability.objects.get().file


def test_a_certificate_file_comes_as_an_attachment_in_a_sandbox(signed_in, lab, certificate_file):
    drain()
    response = signed_in(Role.OPERATOR).get(
        reverse("portal:document", args=[lab.institution.slug, certificate_file.ref])
    )
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert b"".join(response.streaming_content) == make.pdf()


def test_a_file_of_another_institution_is_not_found(signed_in, lab, certificate_file, elsewhere):
    browser = signed_in(Role.QUALITY_MANAGER, institution=elsewhere.institution)
    url = reverse("portal:document", args=[elsewhere.institution.slug, certificate_file.ref])
    assert browser.get(url).status_code == 404


def test_a_file_in_quarantine_shows_as_such_and_is_not_given_out(signed_in, lab, certificate_file):
    browser = signed_in(Role.OPERATOR)
    assert "正在检查" in browser.get(at(lab, "detail", lab.equipment)).content.decode()
    answer = browser.get(reverse("portal:document", args=[lab.institution.slug, certificate_file.ref]))
    assert answer.status_code == 409 and "请稍后刷新" in answer.content.decode()


def test_a_refused_file_shows_its_reason_to_members(signed_in, lab, today):
    hostile = make.pdf(lambda document: document.Root.update({"/OpenAction": {"/S": "/JavaScript"}})) + b"<html>"
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.post(at(lab, "trace", lab.equipment), typed(lab, today, file=SimpleUploadedFile("证书.pdf", hostile)))
    drain()
    assert "已拒收" in browser.get(at(lab, "detail", lab.equipment)).content.decode()
    answer = browser.get(reverse("portal:document", args=[lab.institution.slug, Traceability.objects.get().file.ref]))
    assert answer.status_code == 410 and "结尾之后还有别的数据" in answer.content.decode()


def test_a_traceability_whose_file_was_refused_is_recorded_again_with_another_one(signed_in, lab, today):
    browser = signed_in(Role.METROLOGY_MANAGER)
    sent = {"file": SimpleUploadedFile("证书.pdf", b"%PDF-1.7 broken")}
    browser.post(at(lab, "trace", lab.equipment), typed(lab, today, **sent))
    drain()
    assert browser.post(at(lab, "trace", lab.equipment), typed(lab, today)).status_code == 302
    drain()
    assert browser.post(at(lab, "trace", lab.equipment), typed(lab, today)).status_code == 409


def test_the_register_puts_first_what_is_stopped_or_due_and_last_what_is_scrapped(signed_in, lab, today):
    traced(lab, today, left=300, asset_number="A-1", state="scrapped")
    traced(lab, today, left=300, asset_number="A-2")
    make.equipment(lab.institution, lab.site, asset_number="A-3", role=Equipment.Role.SOFTWARE, traced=False)
    traced(lab, today, left=20, asset_number="A-4")
    traced(lab, today, left=-9, asset_number="A-5")
    traced(lab, today, left=300, asset_number="A-6", state="quarantined")
    rows = signed_in(Role.OPERATOR).get(at(lab, "list")).context["table"]["rows"]
    found = [row[0]["text"] for row in rows if row[0]["text"].startswith("A-")]
    assert found == ["A-6", "A-5", "A-4", "A-2", "A-3", "A-1"]


def test_a_customers_instrument_is_neither_put_in_use_nor_repaired_here(signed_in, lab):
    customer = make.customer(lab.institution)
    row = make.equipment(
        lab.institution, lab.site, role=Equipment.Role.CUSTOMER, traced=False, customer=customer, state="new"
    )
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.get(at(lab, "detail", row))
    assert [act["id"] for act in page.context["acts"]] == ["scrap"] and "待投用" not in page.content.decode()
    assert not browser.get(at(lab, "list"), {"state": "new"}).context["table"]["rows"]
