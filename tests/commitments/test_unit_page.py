"""The page behind the 单位码: one word that is true on the day it is read, what it rests on, and nothing that is not public."""

import html
import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from commitments import ending, workflow
from commitments.models import Commitment
from portal import codes, scan, scan_units
from portal.clock import CHINA
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

NOON = pledges.NOON
TODAY = timezone.localdate(NOON)


def at(day, clock=time(12)):
    return datetime.combine(day, clock, tzinfo=CHINA).astimezone(UTC)


@pytest.fixture(scope="module")
def licensed_made(rows_of_module):
    """A laboratory with a public pledge, whose licence ends in ninety days, once for the module."""
    return pledges.public(make.laboratory("licensed"), valid_until=TODAY + timedelta(90))


@pytest.fixture
def pledged(db, licensed_made):
    """The same as it was made; the test runs outside its scope, as the public does."""
    return deepcopy(licensed_made)


@pytest.fixture
def steady(db, pledged_made):
    """The module's laboratory with a public pledge, of which no end is known."""
    return deepcopy(pledged_made)


def shown(w, day=TODAY, clock=time(12)):
    return scan.face(codes.find(w.pledge.token), at(day, clock))


def page(w, day=TODAY):
    return scan_units.page(shown(w, day), w.pledge.token)


def word(w, day, clock=time(12)):
    return shown(w, day, clock)["state_word"]


def test_a_public_pledge_is_in_force(pledged):
    assert word(pledged, TODAY) == "承诺有效" and "承诺有效" in page(pledged)


def test_it_has_lapsed_at_midnight_in_shanghai_although_no_job_has_run(pledged):
    last = TODAY + timedelta(90)
    assert word(pledged, last, time(23, 59, 59)) == "承诺有效"
    assert word(pledged, last + timedelta(1), time(0)) == "已失效"
    with tenant(pledged.institution.pk):
        assert make.fresh(pledged.pledge).state == Commitment.State.PUBLIC


def test_a_lapsed_one_says_why(pledged):
    after = TODAY + timedelta(91)
    assert "营业执照" in shown(pledged, after)["reason"]
    assert shown(pledged, after)["reason"] in page(pledged, after)


def test_one_in_force_does_not_say_why_it_will_lapse(pledged):
    assert shown(pledged)["reason"] == ""


def test_one_that_was_not_confirmed_is_overdue_from_the_day_after(steady):
    w = steady
    until = w.pledge.confirm_by
    assert [word(w, until), word(w, until + timedelta(1))] == ["承诺有效", "逾期未确认"]
    assert str(until) in page(w, until + timedelta(1))


def test_what_has_lapsed_is_not_called_overdue(pledged):
    assert word(pledged, pledged.pledge.confirm_by + timedelta(1)) == "已失效"


def test_a_confirmation_is_in_the_history_and_moves_the_deadline(steady):
    w = steady
    later = NOON + timedelta(10)
    with tenant(w.institution.pk):
        pledges.searched(w, timezone.localdate(later))
        workflow.confirm(w.pledge, actor=w.keeper, at=later)
    face = shown(w)
    assert face["history"][0] == {"on": str(timezone.localdate(later)), "act": "年度确认"}
    assert face["pledge"]["confirm_by"] == str(workflow.a_year_later(timezone.localdate(later)))


def test_a_withdrawn_one_says_so_in_the_same_transaction(steady):
    w = pledges.withdrawn(steady)
    assert word(w, TODAY + timedelta(1)) == "已撤销" and "诚信投诉查证属实" in page(w)


def test_the_poster_of_a_withdrawn_pledge_a_year_later_still_says_withdrawn(steady):
    w = pledges.withdrawn(steady)
    text = page(w, TODAY + timedelta(366))
    assert "已撤销" in text and w.pledge.number in text and "承诺有效" not in text


def test_it_leads_to_the_pledge_that_came_after_it(steady):
    w = steady
    old = w.pledge
    with tenant(w.institution.pk):
        ending.withdraw(w.pledge, "换法定代表人", actor=w.legal, at=NOON + timedelta(hours=1))
    pledges.public(w, at=NOON + timedelta(hours=2))
    face = scan.face(codes.find(old.token), at(TODAY))
    assert (face["state"], face["successor_number"]) == ("withdrawn", w.pledge.number)
    assert face["successor_url"] == f"/q/{w.pledge.token}"
    assert f'href="/q/{w.pledge.token}"' in scan_units.page(face, old.token)
    assert shown(w)["successor_url"] == ""


def test_the_reason_typed_for_a_withdrawal_stays_inside(steady):
    w = pledges.withdrawn(steady, reason="投诉人王女士反映数据不实")
    assert "王女士" not in page(w) + json.dumps(codes.find(w.pledge.token), ensure_ascii=False)


# --- what it rests on


def test_papers_are_judged_by_the_day(pledged):
    last = TODAY + timedelta(90)
    licence = pledged.licence.number

    def state(day):
        return next(row["state"] for row in shown(pledged, day)["qualifications"] if row["number"] == licence)

    days = (last - timedelta(61), last - timedelta(60), last, last + timedelta(1))
    assert [state(day) for day in days] == ["valid", "due", "due", "expired"]


def test_a_paper_on_its_last_day_says_today(pledged):
    assert "今天到期" in page(pledged, TODAY + timedelta(90))


def test_the_whole_wording_stands_on_the_page(pledged):
    with tenant(pledged.institution.pk):
        wording = pledged.pledge.template.paragraphs
    text = html.unescape(page(pledged))
    assert wording and all(row["zh"] in text and row["en"] in text for row in wording)


# --- page and twin


def words_of(value):
    """Every text in the answer for programs, as people read it."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in words_of(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in words_of(inner)]
    return [value] if isinstance(value, str) and value else []


def test_page_and_twin_say_the_same(client, pledged):
    said = client.get(f"/q/{pledged.pledge.token}.json").json()
    text = html.unescape(client.get(f"/q/{pledged.pledge.token}").content.decode())
    unseen = {
        "kind": said["kind"],
        "state": said["state"],
        "tone": said["tone"],
        "holds_until": said["pledge"]["holds_until"],
    }
    unseen |= {f"{row['number']} {name}": row[name] for row in said["qualifications"] for name in ("state", "from")}
    missing = [word for word in words_of(said) if word not in text and word not in unseen.values()]
    assert missing == []


def test_nothing_but_public_fields_leaves(client, steady):
    w = pledges.withdrawn(steady)
    allowed = {name: fields for name, fields in {**codes.PUBLIC_FIELDS, **codes.PUBLIC_LISTS}.items()}
    card = codes.find(w.pledge.token)
    assert set(card) <= set(allowed)
    said = client.get(f"/q/{w.pledge.token}.json").json()
    reckoned = {"state_word", "state_en", "tone", "successor_number", "successor_url", "checked_at", "days_left"}
    assert set(said) <= set(allowed) | reckoned
    for name in ("institution", "unit", "pledge"):
        assert set(said[name]) == allowed[name]
    for name in codes.PUBLIC_LISTS:
        assert {key for row in said[name] for key in row} <= allowed[name] | {"state", "state_word", "days_left"}


def test_no_person_is_on_page_or_twin(client, pledged):
    said = [client.get(f"/q/{pledged.pledge.token}{suffix}").content.decode() for suffix in ("", ".json")]
    people = [
        who.name for who in (pledged.legal_employment, pledged.keeper_employment, pledged.second_keeper_employment)
    ]
    assert not [name for name in people for text in said if name in text]


def test_a_card_with_a_person_is_refused(pledged):
    card = codes.find(pledged.pledge.token)
    card["pledge"]["signed_by"] = "周立言"
    with tenant(pledged.institution.pk), pytest.raises(ValueError, match="signed_by"):
        codes.publish(institution_id=pledged.institution.pk, kind="unit", token="A" * 26, card=card, at=NOON)


def test_no_script_no_session_no_cookie_and_one_query(client, pledged, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get(f"/q/{pledged.pledge.token}")
    text = answer.content.decode()
    assert answer.status_code == 200 and not answer.cookies
    assert "<script" not in text and " style=" not in text and " onclick" not in text
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_page_and_styles_stay_below_sixty_kilobytes(client, pledged, settings):
    text = client.get(f"/q/{pledged.pledge.token}").content
    names = re.findall(r'href="/static/([^"]+css)"', text.decode())
    sizes = [(settings.BASE_DIR / "portal" / "static" / name).stat().st_size for name in names]
    assert len(names) == 2 and len(text) + sum(sizes) < 60_000


def test_nobody_keeps_the_page_past_a_fall(client, steady):
    w = steady
    answers = [client.get(f"/q/{w.pledge.token}{suffix}") for suffix in ("", ".json")]
    assert [answer["Cache-Control"] for answer in answers] == ["public, no-cache"] * 2
    with tenant(w.institution.pk):
        ending.fall(w.institution, "complaint", "查证属实", None, on=TODAY, at=NOON)
    assert "已撤销" in client.get(f"/q/{w.pledge.token}").content.decode()


def test_a_pledge_in_the_making_has_no_page(laboratory):
    w = pledges.signed(pledges.furnished(laboratory))
    assert w.pledge.token is None


def test_marked_by_the_ledger_it_says_so(pledged):
    card = codes.find(pledged.pledge.token) | {"state": "anomaly"}
    face = scan.face(card, at(TODAY))
    assert face["state_word"] == "核验异常" and "核验异常" in scan_units.page(face, pledged.pledge.token)


def test_the_proof_of_the_ledger_is_there(client, pledged):
    proof = client.get(f"/q/{pledged.pledge.token}/proof.json").json()
    assert [leaf["kind"] for leaf in proof["leaves"]] == ["pledge.published"]
    assert proof["leaves"][0]["facts"]["number"] == pledged.pledge.number
    assert f"/q/{pledged.pledge.token}/proof.json" in page(pledged)


def test_every_state_of_a_pledge_has_a_word():
    assert set(scan_units.WORDS) == {*codes.PLEDGED, "overdue", "lapsed", "anomaly"}


def test_the_day_is_a_day(pledged):
    assert date.fromisoformat(shown(pledged)["pledge"]["holds_until"]) == TODAY + timedelta(90)
