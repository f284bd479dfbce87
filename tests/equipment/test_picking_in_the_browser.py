"""The box in which a row of a long table is picked, in a browser: by keys alone, under the policy that forbids inline script."""

import pytest
from django.conf import settings
from django.urls import reverse

from portal import picking
from portal.permissions import Role
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser_page, live_server, client, monkeypatch):
    """The form of a register on which equipment is picked; `page.said` collects what the console complains of."""
    monkeypatch.setattr(picking, "MOST", 2)
    w = make.laboratory()
    for number in range(4):
        make.equipment(w.institution, w.site, asset_number=f"LC-{number}", name=f"活塞式压力计{number}")
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER))
    name = settings.SESSION_COOKIE_NAME
    browser_page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    browser_page.said = []
    browser_page.on("console", lambda message: browser_page.said.append(message.text))
    browser_page.on("pageerror", lambda error: browser_page.said.append(str(error)))
    browser_page.goto(live_server.url + reverse("portal:register_new", args=["alpha", "correction-copies"]))
    return browser_page


def test_a_row_is_picked_by_keys_alone(page):
    box = page.locator("[data-pick=equipment] input")
    box.focus()
    page.keyboard.type("hssylj")
    page.wait_for_selector("[role=option]")
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("id") == box.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    assert box.input_value() == "活塞式压力计1 LC-1" and page.is_hidden("[role=listbox]")
    assert page.url.endswith("/new/") and page.said == []


def test_escape_closes_the_list_and_keeps_what_was_typed(page):
    box = page.locator("[data-pick=equipment] input")
    box.focus()
    page.keyboard.type("LC-")
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Escape")
    assert box.input_value() == "LC-" and page.is_hidden("[role=listbox]")


def test_the_list_fits_the_screen(page):
    page.locator("[data-pick=equipment] input").focus()
    page.keyboard.type("活塞")
    page.wait_for_selector("[role=option]")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.is_visible("[role=option]")
        assert page.evaluate("document.documentElement.scrollWidth") == width
