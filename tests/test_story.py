"""One certificate from reading to scan, in a real browser: typed, checked, signed, scanned, verified, void."""

import os
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.utils import timezone

from certificates.models import Certificate
from institutions import second_factor
from institutions.models import User
from portal import outbox
from portal.tenancy import tenant
from tests import make

ARTEFACTS = Path(os.environ.get("ARTEFACTS", settings.BASE_DIR / ".dev" / "artefacts"))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 950}


@pytest.fixture
def world(transactional_db):
    """A laboratory whose equipment is traced today, and an item on its shelf."""
    world = make.laboratory("story")
    today = timezone.localdate()
    for equipment, figures in (
        (world.equipment, {}),
        (world.environment, {"expanded_uncertainty": "0.3", "uncertainty_unit": "℃"}),
    ):
        make.traceability(
            world.institution, equipment, world.operator_employment, calibrated_on=today - timedelta(days=30),
            valid_until=today + timedelta(days=300), **figures,
        )  # fmt: skip
    make.second_factor_of(User.objects.get(pk=world.signatory.user_id))
    world.item = make.item(world.institution, activity="calibration", decision_rule="jjf1094")
    return world


class Person:
    """A browser window in which one person is signed in."""

    def __init__(self, browser, live_server, who=None, viewport=DESK, home="**/i/story/"):
        self.base, self.who = live_server.url, who
        self.context = browser.new_context(viewport=viewport, locale="zh-CN", timezone_id="Asia/Shanghai")
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        if who:
            self.open("/login/")
            self.page.fill("[name=username]", User.objects.get(pk=who.user_id).username)
            self.page.fill("[name=password]", make.PASSWORD)
            self.page.get_by_role("button", name="登录").click()
            if second_factor.has_factor(who.user_id):
                self.page.fill("[name=otp]", self.code())
                self.page.get_by_role("button", name="继续登录").click()
            self.page.wait_for_url(home)

    def code(self):
        """What this person's phone shows next: the code of a step that was not used yet."""
        return second_factor.current_code(self.who.user_id, at=timezone.now())

    def open(self, path):
        return self.page.goto(self.base + path)

    def shot(self, name):
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    def sees(self, text):
        self.page.get_by_text(text).first.wait_for(timeout=10_000)


def saved(page, filled):
    """Wait until the server has answered for so many cells."""
    page.locator("[data-sheet-summary]", has_text=f"{filled} / 20").wait_for(timeout=10_000)


def test_from_reading_to_scan(world, browser_page, live_server, tmp_path):
    browser = browser_page.context.browser

    # The operator begins from the item and types into the data sheet.
    operator = Person(browser, live_server, world.operator)
    page = operator.page
    page.get_by_role("link", name="开始记录").click()
    page.get_by_label("测量上限").fill("1.6")
    page.get_by_label("分度值").fill("0.05")
    page.get_by_label("准确度等级").select_option("1.6")
    page.get_by_label("场所", exact=True).select_option(index=1)
    page.get_by_label("房间").fill("压力室")
    page.get_by_label("计量标准", exact=True).select_option(index=1)
    page.get_by_label("环境监测设备").select_option(index=1)
    page.get_by_role("button", name="打开数据表").click()
    page.wait_for_selector("[data-sheet-keys]:not([hidden])")

    for text in ("0.00", "０．００", "0,00", "0.00"):
        page.keyboard.type(text) if page.evaluate("document.activeElement.matches('input.reading')") else page.fill(
            "#r-0-up_before", text
        )
        page.keyboard.press("Enter")
    saved(page, 4)
    assert page.input_value("#r-0-up_after") == "0.00"

    page.fill("#r-1-up_before", "abc")
    page.keyboard.press("Enter")
    operator.sees("abc")
    page.wait_for_selector("#r-1-up_before[aria-invalid=true]")
    operator.shot("record-refused")

    # A block from a spreadsheet fills the rest.
    block = "\n".join("\t".join(row) for row in make.READINGS[1:])
    page.focus("#r-1-up_before")
    page.evaluate(
        """text => { const data = new DataTransfer(); data.setData('text/plain', text);
        document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }""",
        block,
    )
    saved(page, 20)

    # A correction asks for a reason and keeps the old value in sight.
    page.fill("#r-2-up_before", "0.80")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reason-dialog[open]")
    page.get_by_role("button", name="保存改动").click()
    page.locator("td", has=page.locator("#r-2-up_before")).filter(has_text="0.79").wait_for(timeout=10_000)
    assert "+0.02" in page.inner_text("#live")

    page.fill("#c-temperature", "20.8")
    page.fill("#c-humidity", "56")
    for observation in make.DEFINITION["observations"]:
        page.select_option(f"#o-{observation['key']}", observation["pass"])
    page.get_by_role("button", name="保存环境与观察").click()
    operator.sees("已保存 6 格")
    operator.shot("record")
    page.set_viewport_size(PHONE)
    operator.shot("record-390")
    page.set_viewport_size(DESK)
    page.get_by_role("button", name="提交核验").click()
    operator.sees("已提交并锁定")

    # A second person checks, a third approves and issues.
    checker = Person(browser, live_server, world.checker)
    checker.page.get_by_role("link", name="R").first.click()
    checker.page.get_by_role("button", name="核验通过…").click()
    checker.page.get_by_label("我核对过").check()
    checker.page.get_by_role("button", name="核验通过", exact=True).click()
    checker.sees("核验通过，等待批准")

    signatory = Person(browser, live_server, world.signatory)
    signatory.page.get_by_role("link", name="R").first.click()
    signatory.page.get_by_role("button", name="批准并签发…").click()
    signatory.shot("sign")
    signatory.page.get_by_label("我看过以上内容").check()
    signatory.page.get_by_label("动态验证码").fill(signatory.code())
    signatory.page.get_by_role("button", name="批准并签发", exact=True).click()
    signatory.sees("证书 PDF")

    # The worker's part, here in the test's own process.
    assert outbox.drain() >= 1
    signatory.page.reload()
    signatory.shot("certificate")
    with signatory.page.expect_download() as download:
        signatory.page.get_by_role("link", name="下载 PDF").click()
    pdf = tmp_path / "certificate.pdf"
    download.value.save_as(pdf)
    with tenant(world.institution.pk):
        certificate = Certificate.objects.get()

    # Somebody scans the printed code with a phone.
    printed = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    printed.save(ARTEFACTS / "certificate-page-1.png")
    (code,) = zxingcpp.read_barcodes(printed)
    assert code.text == f"{settings.SITE_URL}/q/{certificate.token}".upper()
    path = code.text.removeprefix(settings.SITE_URL.upper())
    phone = Person(browser, live_server, viewport=PHONE)
    assert phone.open(path).status == 200
    assert phone.page.locator("h1").inner_text().strip() == "有效"
    assert "21087743" in phone.page.inner_text("main") and "海曙热力" not in phone.page.content()
    assert phone.context.cookies() == []
    phone.shot("scan-390")

    # The printed number and code, the file itself, and a file from elsewhere.
    phone.open("/verify/")
    phone.page.fill("[name=number]", certificate.number)
    phone.page.fill("[name=code]", certificate.verification_code.lower())
    phone.page.get_by_role("button", name="核验").first.click()
    phone.sees("相符")
    phone.open("/verify/")
    phone.page.set_input_files("input[type=file]", pdf)
    phone.page.get_by_role("button", name="比对").click()
    phone.sees("是原件")
    foreign = tmp_path / "foreign.pdf"
    foreign.write_bytes(pdf.read_bytes() + b"\n%altered")
    phone.open("/verify/")
    phone.page.set_input_files("input[type=file]", foreign)
    phone.page.get_by_role("button", name="比对").click()
    phone.sees("没有")
    phone.shot("verify-foreign-390")

    # Void: the page behind the same code says so at once.
    signatory.page.reload()
    signatory.page.get_by_role("button", name="作废这份证书…").click()
    signatory.page.get_by_label("作废理由").fill("客户名称有误")
    signatory.page.get_by_label("我确认作废").check()
    make.forget_used_codes(signatory.who)
    signatory.page.get_by_label("动态验证码").fill(signatory.code())
    signatory.page.get_by_role("button", name="作废这份证书", exact=True).click()
    signatory.sees("证书已作废")
    another = Person(browser, live_server, viewport=PHONE)  # the first phone may keep its copy for a minute
    another.open(path)
    assert another.page.locator("h1").inner_text().strip() == "已作废"
    another.shot("scan-void-390")

    for person in (operator, checker, signatory, phone, another):
        assert person.complaints == [], person.complaints
