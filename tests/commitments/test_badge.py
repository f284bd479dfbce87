"""The badge of a pledge on somebody else's website: the same word as the page behind the code, at the moment it is shown."""

import xml.etree.ElementTree as ET
from copy import deepcopy

import pytest
from django.utils import timezone

from commitments import ending, publishing
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

NOON = pledges.NOON
TODAY = timezone.localdate(NOON)


@pytest.fixture
def pledged(db, pledged_made):
    """The module's laboratory with a public pledge; the test runs outside its scope, as the public does."""
    return deepcopy(pledged_made)


def picture(client, w):
    answer = client.get(f"/directory/{w.institution.slug}/badge.svg")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("image/svg+xml")
    return answer


def words(answer):
    return "".join(ET.fromstring(answer.content).itertext())


def test_it_shows_the_word_of_the_page(client, pledged):
    said = client.get(f"/q/{pledged.pledge.token}.json").json()["state_word"]
    assert said == "承诺有效" and said in words(picture(client, pledged))


def test_it_falls_with_the_pledge(client, pledged):
    with tenant(pledged.institution.pk):
        ending.fall(pledged.institution, "complaint", "属实", None, on=TODAY, at=NOON)
    assert "已撤销" in words(picture(client, pledged)) and "承诺有效" not in words(picture(client, pledged))


def test_it_lapses_by_the_date_without_a_job(client, pledged, monkeypatch):
    monkeypatch.setattr(
        publishing.holding, "first_break", lambda *_: publishing.holding.Break(TODAY, "licence", "执照失效")
    )
    with tenant(pledged.institution.pk):
        publishing.refresh(pledged.institution, at=NOON)
    assert "已失效" in words(picture(client, pledged))


def test_it_is_overdue_by_the_date_without_a_job(client, pledged):
    with tenant(pledged.institution.pk):
        pledged.pledge.confirm_by = TODAY
        pledged.pledge.save(update_fields=["confirm_by"])
        publishing.refresh(pledged.institution, at=NOON)
    assert "逾期未确认" in words(picture(client, pledged))


def test_without_a_pledge_it_says_so(client, db):
    assert "尚未承诺" in words(client.get(f"/directory/{make.institution('plain').slug}/badge.svg"))


def test_nobody_keeps_it_and_other_sites_may_show_it(client, pledged):
    answer = picture(client, pledged)
    assert answer["Cache-Control"] == "public, no-cache"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_it_holds_no_script_no_link_out_and_no_cookie(client, pledged):
    answer = picture(client, pledged)
    text = answer.content.decode().replace("http://www.w3.org/2000/svg", "")
    assert not answer.cookies and len(answer.content) < 3000
    assert not [part for part in ("<script", "href", "style=", "http", "onload", "url(") if part in text]


def test_a_name_with_marks_does_not_break_the_picture(client, pledged):
    with tenant(pledged.institution.pk):
        pledged.institution.name = '<script>"&'
        pledged.institution.save()
    answer = picture(client, pledged)
    assert '<script>"&' in ET.fromstring(answer.content).get("aria-label")


def test_the_page_shows_how_to_embed_it(client, pledged):
    answer = client.get(f"/directory/{pledged.institution.slug}/badge/")
    text = answer.content.decode()
    assert f"/directory/{pledged.institution.slug}/badge.svg" in text and f"/q/{pledged.pledge.token}" in text
    assert "<script" not in text and not answer.cookies
    assert f"&lt;a href=&quot;http://testserver/q/{pledged.pledge.token}&quot;&gt;" in text.replace('"', "&quot;")


def test_an_unknown_institution_has_none(client, db):
    assert [client.get(f"/directory/nobody/badge{end}").status_code for end in (".svg", "/")] == [404, 404]
