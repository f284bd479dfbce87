"""The calendar and the search box in a browser: what script adds, under the policy that forbids inline style and script."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.permissions import Role
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser_page, live_server, client):
    """A browser in which a quality manager is signed in; `page.said` collects what the console complains of."""
    w = make.laboratory()
    row = make.equipment(w.institution, w.site, name="活塞式压力计")
    soon = timezone.localdate() + timedelta(days=3)
    make.traceability(w.institution, row, w.operator_employment, valid_until=soon)
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    name = settings.SESSION_COOKIE_NAME
    browser_page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    browser_page.said = []
    browser_page.on("console", lambda message: browser_page.said.append(message.text))
    browser_page.on("pageerror", lambda error: browser_page.said.append(str(error)))
    browser_page.soon, browser_page.site = soon, live_server.url
    return browser_page


def test_the_calendar_draws_a_day_that_opens_its_rows(page):
    page.goto(page.site + reverse("portal:calendar", args=["alpha"]))
    canvas = page.locator("[data-calendar-canvas] canvas").first
    canvas.wait_for()
    box, line = canvas.bounding_box(), page.locator("[data-calendar-line]")
    for across in range(36, 300, 8):
        for down in range(28, 160, 16):
            page.mouse.move(box["x"] + across, box["y"] + down)
            if page.soon.isoformat() in line.inner_text():
                page.mouse.click(box["x"] + across, box["y"] + down)
                page.wait_for_url("**/due/**")
                assert f"first={page.soon}&last={page.soon}" in page.url and "活塞式压力计" in page.inner_text("main")
                assert page.said == []
                return
    pytest.fail("no day of the picture tells of the date that is due")


def test_the_search_box_is_worked_by_keys_alone(page):
    page.goto(page.site + reverse("institutions:today", args=["alpha"]))
    page.keyboard.press("Control+k")
    page.keyboard.type("hssylj")
    page.wait_for_selector("[data-hit]")
    page.keyboard.press("ArrowDown")
    assert "活塞式压力计" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.name") == "q" and page.is_hidden("[data-find-box]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=hssylj")
    assert page.said == []


def test_no_page_scrolls_sideways(page):
    for name in ("institutions:today", "portal:calendar", "portal:due", "portal:search"):
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(page.site + reverse(name, args=["alpha"]) + "?q=压力")
            assert page.evaluate("document.documentElement.scrollWidth") == width, name
