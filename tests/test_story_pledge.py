"""A pledge from eligibility to its end and back, in a real browser; meanwhile somebody scans the poster with a phone."""

from datetime import timedelta
from types import SimpleNamespace

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.utils import timezone

from commitments import night, workflow
from commitments.models import Commitment, Remediation
from institutions.models import User
from portal import outbox
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges
from tests.test_story import PHONE, Person

AGO = timedelta(days=3)  # when the pledge becomes public; its licence ends two days later


@pytest.fixture
def clock(monkeypatch):
    """The portal's clock, slow by `late`."""
    found, now = SimpleNamespace(late=AGO), timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() - found.late)
    return found


@pytest.fixture
def world(transactional_db, clock):
    """A laboratory that may pledge, with a licence that ends on the day before today, and the regulator of its city."""
    world = make.laboratory("story")
    until = timezone.localdate() + AGO - timedelta(days=1)
    pledges.furnished(world, at=timezone.now(), valid_until=until)
    world.regulator = SimpleNamespace(user_id=make.regulator(world.institution.region_code[:4]).pk)
    for who in (world.keeper, world.regulator):
        make.second_factor_of(User.objects.get(pk=who.user_id))
    return world


def confirmed(person, opener, statement, **fields):
    """The dialog of an act was opened, read, filled in and confirmed."""
    page = person.page
    page.get_by_role("button", name=f"{opener}…").click()
    dialog = page.locator("dialog[open]")
    for label, text in fields.items():
        dialog.get_by_label(label).fill(text)
    dialog.get_by_label(statement).check()
    dialog.get_by_role("button", name=opener, exact=True).click()


def word(person):
    return person.page.locator("h1").inner_text().strip()


def test_a_pledge_is_made_scanned_lost_and_made_again(world, clock, browser_page, live_server, tmp_path):
    browser, pledge_page = browser_page.context.browser, "/i/story/pledge/"

    # Drawn up by one, checked by another, signed by the legal representative, and public.
    keeper = Person(browser, live_server, world.second_keeper)
    keeper.open(pledge_page)
    keeper.sees("全部符合")
    keeper.page.get_by_role("button", name="起草承诺书").click()
    keeper.sees("要由另一人核对")
    checker = Person(browser, live_server, world.keeper)
    checker.open(pledge_page)
    confirmed(checker, "核对无误", "我逐项核对过")
    legal = Person(browser, live_server, world.legal)
    legal.open(pledge_page)
    confirmed(legal, "签署承诺书", "我已读过承诺书全文", 登录密码=make.PASSWORD)
    keeper.page.reload()
    confirmed(keeper, "公开承诺", "公开后任何人都可以查看")
    keeper.sees("海报与徽标")
    outbox.drain()  # the worker's part, here in the test's own process
    keeper.page.reload()
    keeper.shot("pledge-public")

    # Somebody scans the poster, and finds what is measured there.
    pdf = tmp_path / "poster.pdf"
    pdf.write_bytes(keeper.context.request.get(f"{keeper.base}{pledge_page}poster.pdf").body())
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil())
    path = code.text.removeprefix(settings.SITE_URL.upper())
    phone = Person(browser, live_server, viewport=PHONE)
    assert phone.open(path).status == 200 and word(phone) == "承诺有效"
    phone.shot("unit-390")
    phone.page.get_by_role("link", name="机构名录里的这家机构").click()
    phone.sees("能测什么")
    phone.page.get_by_role("link", name="看全部能力和公示内容").click()
    phone.sees(world.scope.instrument)
    assert phone.context.cookies() == []

    # The licence ends. The page says so before anybody has done anything; the night writes it down.
    clock.late = timedelta(0)
    phone.open(path)
    assert word(phone) == "已失效"
    night.run(timezone.now())
    phone.open(path)
    assert word(phone) == "已撤销" and "营业执照" in phone.page.inner_text("main")
    phone.shot("unit-withdrawn-390")

    # The institution says what it has done about it, and the regulator accepts that.
    make.qualification(world.institution, valid_from=timezone.localdate())
    keeper = Person(browser, live_server, world.second_keeper)
    keeper.open(pledge_page)
    keeper.page.get_by_role("button", name="开始整改").click()
    keeper.page.get_by_label("原因分析").fill("换发营业执照的申请晚了两天")
    keeper.page.get_by_label("整改措施与结果").fill("新执照已领取并登记；证照到期前三个月由专人办理")
    keeper.page.get_by_label("整改完成日期").fill(timezone.localdate().isoformat())
    keeper.page.set_input_files(
        "#remedy input[type=file]", {"name": "整改.pdf", "mimeType": "application/pdf", "buffer": make.pdf()}
    )
    keeper.page.get_by_role("button", name="先保存").click()
    keeper.page.wait_for_load_state()
    outbox.drain()
    keeper.page.reload()
    keeper.shot("pledge-remedy")
    keeper.page.get_by_role("button", name="提交整改").click()
    keeper.sees("等待主管部门审查")
    regulator = Person(browser, live_server, world.regulator, home="**/o/")
    regulator.open("/o/pledges/story/")
    regulator.shot("pledge-regulator")
    confirmed(regulator, "认可整改", "我看过整改证据", 理由="新执照在有效期内，予以认可")
    regulator.sees("已认可")

    # Another pledge, after which the old code leads to the new one.
    with tenant(world.institution.pk):
        assert Remediation.objects.get().state == Remediation.State.ACCEPTED
        pledges.searched(world, timezone.localdate())
    keeper.page.reload()
    keeper.page.get_by_role("button", name="起草承诺书").click()
    keeper.sees("要由另一人核对")
    again(world)
    phone.open(path)
    phone.page.get_by_role("link", name="打开新的承诺书").click()
    phone.page.wait_for_load_state()
    assert word(phone) == "承诺有效"

    for person in (keeper, checker, legal, phone, regulator):
        assert person.complaints == [], person.complaints


def again(world):
    """The draft of the keeper is checked, signed and made public by the verbs that stand behind the pages."""
    with tenant(world.institution.pk):
        row, at = Commitment.objects.get(state=Commitment.State.DRAFT), timezone.now()
        row = workflow.check(row, actor=world.keeper, at=at)
        make.prove(world.legal, "commitment.sign", row, workflow.digest(row))
        workflow.publish(workflow.sign(row, actor=world.legal, at=at), actor=world.second_keeper, at=at)
