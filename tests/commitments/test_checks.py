"""What pledges say about their clauses: met, not met for one spoiled fact, on days gone by, and what it costs."""

from copy import copy
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext

from commitments import eligibility, ending
from portal import clauses
from portal.clauses import CHECKS, GATED, WITHOUT_CHECK, State, catalogue, evaluate
from portal.tenancy import tenant
from tests import make
from tests.clauses import said
from tests.commitments import pledges, spoils
from tests.commitments.spoils import A_DAY, DUE, JUDGED, at, change, day, pledge

MINE = sorted(name for name, row in catalogue().items() if row.app == "commitments")
DECIDED = sorted(name for name in MINE if name in CHECKS)
# What these ask for beyond our rows nobody has recorded: they are broken or open, never met.
HALF = {"A-8.2.1-s3", "A-8.2.2.1-s4"}


@pytest.fixture(scope="module")
def story(laboratory_made):
    return spoils.story(laboratory_made)


@pytest.fixture
def w(story):
    with transaction.atomic():
        world = copy(story)
        world.institution = copy(story.institution)
        with tenant(world.institution.pk):
            yield world
        transaction.set_rollback(True)


@pytest.fixture
def bare(rows_of_module):
    with transaction.atomic():
        institution = make.institution("gamma")
        with tenant(institution.pk):
            yield institution
        transaction.set_rollback(True)


def judge(w, name, on=JUDGED):
    return CHECKS[name](w.institution, on)


def test_every_row_has_a_check_or_says_why_not():
    assert len(MINE) == 16
    assert set(MINE) - set(DECIDED) == WITHOUT_CHECK.keys() & set(MINE) == {"A-9.3-b"}


def test_every_gate_of_the_catalogue_stops_or_ends_something():
    gates = {name for name in MINE if catalogue()[name].kind == "gate"}
    assert len(gates) == 9 and gates <= GATED.keys()


def test_what_acts_in_the_name_of_a_clause_has_a_name_for_people():
    acting = set().union(*(GATED[name] for name in MINE if name in GATED))
    assert acting <= clauses.GATE_TITLES.keys()


@pytest.mark.parametrize("name", DECIDED)
def test_a_laboratory_in_order_meets_the_clause(w, name):
    found = judge(w, name)
    assert found.state == (State.UNKNOWN if name in HALF else State.MET), said(found)


def test_without_a_pledge_the_policy_and_the_pledge_are_missed_and_nothing_else_is_asked(bare):
    states = {name: CHECKS[name](bare, JUDGED).state for name in DECIDED}
    missed = {"A-8.2.1-s1", "A-8.2.1-s2"}
    assert {name for name in DECIDED if states[name] == State.NOT_MET} == missed
    assert {name for name in DECIDED if states[name] == State.NOT_APPLICABLE} == set(DECIDED) - missed


LATER = DUE + A_DAY
SPOILED = [
    # how it came to be
    ("A-3.4-s1", JUDGED, spoils.unpublished(), "没有发布"),
    ("A-3.4-s1", JUDGED, spoils.unpublished("first"), "没有发布"),
    ("A-3.4-s1", JUDGED, spoils.says_public, "没有发布，或与承诺书的状态不一致"),
    ("A-3.4-s1", JUDGED, spoils.a_code_too_many, "有 1 个不属于任何承诺书"),
    ("A-8.2.2.1-s1", JUDGED, spoils.by_wording("4403", used=True, active_from=day(171)), "没有启用"),
    ("A-8.2.2.1-s1", JUDGED, spoils.by_wording("4403", used=True, state="draft"), "没有启用"),
    ("A-8.2.2.1-s1", JUDGED, spoils.by_wording("4401", used=True, active_from=day(0)), "不是本地区的"),
    ("A-8.2.2.1-s1", JUDGED, spoils.by_wording("4403", used=True, active_from=day(0), retired_on=day(169)), "已经停用"),
    *[
        ("A-8.2.2.1-s1", JUDGED, spoils.by_wording(region, active_from=day(169)), "本地承诺书")
        for region in ("44", "4403", "440300")
    ],
    ("A-8.2.2.1-s1", JUDGED, spoils.by_wording("44", active_from=day(0), retired_on=day(171)), "本地承诺书"),
    ("A-8.2.2.1-s2", JUDGED, pledge(checked_by=None), "没有经另一人核对"),
    ("A-8.2.2.1-s2", JUDGED, pledge(checked_at=None), "没有经另一人核对"),
    ("A-8.2.2.1-s2", JUDGED, pledge(checked_at=at(171)), "没有经另一人核对"),
    ("A-8.2.2.1-s2", JUDGED, spoils.checked_by_its_maker, "没有经另一人核对"),
    ("A-8.2.2.1-s2", JUDGED, pledge("first", checked_by=None), "没有经另一人核对"),
    ("A-8.2.2.1-s2", JUDGED, spoils.institution(name="新名"), "机构名称"),
    ("A-8.2.2.1-s2", JUDGED, spoils.institution(credit_code="91440300MA5XXXXX0X"), "统一社会信用代码"),
    ("A-8.2.2.1-s2", JUDGED, spoils.institution(address="新址"), "地址"),
    ("A-8.2.2.1-s2", JUDGED, change("representative", name="换人"), "法定代表人"),
    ("A-8.2.2.1-s2", JUDGED, change("representative", valid_until=JUDGED - A_DAY), "法定代表人"),
    ("A-8.2.2.1-s3", JUDGED, spoils.signed_by("quality_manager"), "不是签署当天在任的法定代表人"),
    ("A-8.2.2.1-s3", JUDGED, change("representative", state="withdrawn"), "不是签署当天在任的法定代表人"),
    ("A-8.2.2.1-s3", JUDGED, change("representative", valid_until=day(169)), "不是签署当天在任的法定代表人"),
    ("A-8.2.2.1-s3", JUDGED, change("representative", valid_from=day(171)), "不是签署当天在任的法定代表人"),
    ("A-8.2.2.1-s3", JUDGED, pledge(signed_on=day(169)), "签署日期"),
    ("A-8.2.2.1-s3", JUDGED, pledge(signed_on=day(171)), "签署日期"),
    ("A-8.2.2.1-s3", JUDGED, pledge(mode=""), "没有签章扫描件"),
    ("A-8.2.2.1-s3", JUDGED, spoils.on_paper(""), "没有签章扫描件"),
    ("A-8.2.2.1-s3", JUDGED, spoils.on_paper("quarantined"), "没有签章扫描件"),
    # how it is kept
    ("A-8.2.1-s1", JUDGED, change("policy", responsible=None), "没有写明责任人"),
    ("A-8.2.1-s1", JUDGED, change("policy", state="withdrawn"), "没有现行有效的文件"),
    ("A-8.2.1-s1", JUDGED, change("policy", sections={}), "公示渠道"),
    ("A-8.2.1-s2", JUDGED, spoils.withdrawn_on(450), "当天没有公开的承诺书"),
    ("A-8.2.1-s2", JUDGED, spoils.licence_of(JUDGED - A_DAY), "条件已不具备"),
    ("A-8.2.1-s3", JUDGED, spoils.institution(complaint_phone=" "), "没有投诉电话"),
    ("A-8.2.1-s3", JUDGED, spoils.unpublished(), "公开页"),
    ("A-8.2.2.1-s4", JUDGED, spoils.offence(day(170), kind="penalty", integrity_related=False), "决 1 号"),
    ("A-8.2.2.1-s4", JUDGED, spoils.offence(JUDGED), "决 1 号"),
    ("A-8.2.2.1-s4", JUDGED, spoils.licence_of(JUDGED - A_DAY), "A-4.1.1"),
    ("A-8.2.2.2", JUDGED, change("channel", shown_on=JUDGED - timedelta(365)), "没有其他公示渠道"),
    ("A-8.2.2.2", JUDGED, change("channel", shown_on=JUDGED + A_DAY), "没有其他公示渠道"),
    ("A-8.2.2.2", JUDGED, change("channel", state="withdrawn"), "没有其他公示渠道"),
    ("A-8.2.2.2", JUDGED, change("channel", url=""), "没有其他公示渠道"),
    ("A-8.2.2.2", JUDGED, spoils.photo("quarantined"), "没有其他公示渠道"),
    ("A-8.2.2.2", JUDGED, spoils.unpublished(), "公开页"),
    ("A-8.2.2.2", JUDGED, pledge(state="signed", published_at=None), "还没有公开"),
    ("A-8.2.2.3", LATER, lambda w: None, f"应在 {DUE} 前确认"),
    ("A-5.1-d", LATER, lambda w: None, f"应在 {DUE} 前确认，还没有确认"),
    ("A-5.1-d", DUE + timedelta(7), spoils.confirmed_again(7), "才确认"),
    # how it ended
    ("A-9.3-s1", JUDGED, spoils.licence_of(JUDGED - A_DAY), "失效"),
    ("A-9.3-s1", JUDGED, spoils.papers_of(JUDGED - A_DAY), "资质失效"),
    ("A-9.3-s1", JUDGED, spoils.offence(day(170)), "决 1 号"),
    ("A-9.3-s1", JUDGED, spoils.late(day(440), 442), "才撤销"),
    ("A-9.3-a", JUDGED, spoils.offence(day(170)), "决 1 号"),
    ("A-9.3-a", JUDGED, spoils.offence(JUDGED, kind="penalty"), "决 1 号"),
    ("A-9.3-a", JUDGED, spoils.offence(day(169), serious=True, recorded_at=at(300)), "公开承诺时没有登记"),
    ("A-9.3-a", JUDGED, spoils.offence(JUDGED, kind="dishonesty_listing", integrity_related=False), "决 1 号"),
    ("A-9.3-c", JUDGED, spoils.licence_of(JUDGED - A_DAY), "营业执照"),
    ("A-9.3-c", JUDGED, spoils.papers_of(JUDGED - A_DAY), "资质失效"),
    ("A-9.3-c", JUDGED, spoils.stop(JUDGED), "停业"),
    ("A-9.3-c", JUDGED, spoils.late(day(440), 441), "才撤销"),
    ("A-9.3-s2", JUDGED, spoils.remedy(state="submitted"), "没有经主管部门认可"),
    ("A-9.3-s2", JUDGED, spoils.remedy(state="returned"), "没有经主管部门认可"),
    ("A-9.3-s2", JUDGED, spoils.remedy(decided_at=at(171)), "没有经主管部门认可"),
    ("A-9.3-s2", JUDGED, spoils.offence(day(169), serious=True), "A-4.3.1-s1"),
    ("A-9.3-s2", JUDGED, spoils.licence_of(day(169)), "A-4.1.1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "on", "spoil", "text"), SPOILED, ids=[f"{row[0]}-{n}" for n, row in enumerate(SPOILED)]
)
def test_one_fact_spoiled_is_told_with_where_to_put_it_right(w, name, on, spoil, text):
    spoil(w)
    found = judge(w, name, on)
    assert found.state == State.NOT_MET
    assert text in said(found) and found.advice and found.fix
    assert all(piece.url for piece in found.evidence)


def test_every_check_is_spoiled_by_some_test():
    assert {name for name, *_rest in SPOILED} == set(DECIDED)


MET, OPEN, NONE = State.MET, State.UNKNOWN, State.NOT_APPLICABLE
THEN = [
    # days gone by
    ("A-8.2.1-s2", day(-1), State.NOT_MET, None),
    *[("A-8.2.1-s2", day(number), MET, None) for number in (0, 99, 120, 149, 170, 450)],
    *[("A-8.2.1-s2", day(number), State.NOT_MET, None) for number in (100, 119, 150, 169)],
    *[(name, day(-1), NONE, None) for name in DECIDED if name not in {"A-8.2.1-s1", "A-8.2.1-s2"}],
    *[(name, day(169), NONE, None) for name in ("A-5.1-d", "A-8.2.1-s3", "A-8.2.2.1-s4", "A-8.2.2.2", "A-8.2.2.3")],
    *[(name, day(169), MET, None) for name in ("A-3.4-s1", "A-8.2.2.1-s1", "A-8.2.2.1-s2", "A-8.2.2.1-s3")],
    *[("A-9.3-a", day(number), state, None) for number, state in ((99, NONE), (100, MET), (464, MET), (465, NONE))],
    *[("A-9.3-c", day(number), state, None) for number, state in ((149, NONE), (150, MET), (514, MET), (515, NONE))],
    *[("A-9.3-s1", day(number), state, None) for number, state in ((99, NONE), (100, MET), (514, MET), (515, NONE))],
    *[("A-9.3-s2", day(number), state, None) for number, state in ((99, NONE), (100, MET), (120, MET), (450, MET))],
    # the year
    ("A-5.1-d", day(170), NONE, None),
    ("A-5.1-d", day(300), NONE, pledge(published_at=at(300 - 365))),
    ("A-5.1-d", day(301), State.NOT_MET, pledge(published_at=at(300 - 365))),
    ("A-5.1-d", day(439), NONE, None),
    *[("A-5.1-d", day(number), MET, None) for number in (440, 441)],
    ("A-5.1-d", DUE, MET, None),
    ("A-5.1-d", DUE + timedelta(7), MET, spoils.confirmed_again(0)),
    ("A-8.2.2.3", DUE, MET, None),
    ("A-8.2.2.3", DUE + timedelta(7), MET, spoils.confirmed_again(7)),
    # what was withdrawn more than a year ago
    ("A-8.2.2.1-s2", day(464), State.NOT_MET, pledge("first", checked_by=None)),
    ("A-8.2.2.1-s2", day(465), MET, pledge("first", checked_by=None)),
    # the words of a day of change
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("4403", used=True, active_from=day(168), retired_on=day(170))),
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("4403", used=True, active_from=day(170))),
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("44", active_from=day(170))),
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("44", active_from=day(168), retired_on=day(170))),
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("44", state="draft")),
    ("A-8.2.2.1-s1", JUDGED, MET, spoils.by_wording("4401", active_from=day(0))),
    # who signed, and how
    ("A-8.2.2.1-s3", JUDGED, MET, spoils.on_paper("accepted")),
    ("A-8.2.2.1-s3", JUDGED, MET, change("representative", valid_until=day(170))),
    ("A-8.2.2.1-s2", JUDGED, MET, change("representative", valid_until=JUDGED)),
    # where it hangs
    ("A-8.2.2.2", JUDGED, MET, spoils.photo("accepted")),
    ("A-8.2.2.2", JUDGED, NONE, pledge(state="dropped", published_at=None)),
    ("A-8.2.2.2", JUDGED, NONE, spoils.withdrawn_on(450)),
    ("A-8.2.2.2", day(169), State.NOT_MET, pledge(signed_on=day(169))),
    ("A-8.2.1-s3", JUDGED, OPEN, spoils.unpublished("first")),
    # what does not break it
    *[
        (name, JUDGED, state, spoils.offence(day(170), **values))
        for name, state in (("A-9.3-a", MET), ("A-8.2.2.1-s4", OPEN))
        for values in ({"revoked_on": JUDGED}, {"final_on": JUDGED + A_DAY}, {"state": "withdrawn"}, {"final_on": None})
    ],
    ("A-9.3-a", JUDGED, MET, spoils.licence_of(JUDGED - A_DAY)),
    ("A-9.3-c", JUDGED, MET, spoils.offence(JUDGED)),
    ("A-9.3-a", JUDGED, MET, spoils.offence(day(169))),
    ("A-9.3-a", JUDGED, State.NOT_MET, spoils.offence(day(169), serious=True)),
    ("A-9.3-a", JUDGED, MET, spoils.offence(day(170), kind="penalty", integrity_related=False)),
    ("A-9.3-c", JUDGED, MET, spoils.licence_of(JUDGED)),
    ("A-9.3-s1", JUDGED, MET, spoils.late(day(440), 441)),
    ("A-9.3-s2", JUDGED, MET, spoils.remedy(decided_at=at(170))),
    ("A-9.3-s2", JUDGED, MET, spoils.offence(day(169), serious=True, revoked_on=day(170))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "on", "state", "change"), THEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(THEN)])
def test_a_day_is_judged_by_what_was_so_then(w, name, on, state, change):
    if change:
        change(w)
    assert judge(w, name, on).state == state


def test_the_offence_of_a_person_ends_no_pledge_unless_it_concerns_integrity(w):
    spoils.offends(w, JUDGED, key_person=w.representative, integrity_related=False)
    assert (judge(w, "A-9.3-a").state, judge(w, "A-8.2.2.1-s4").state) == (MET, OPEN)
    spoils.offends(w, JUDGED, key_person=w.representative)
    assert judge(w, "A-9.3-a").state == State.NOT_MET
    assert said(judge(w, "A-8.2.2.1-s4")).count("决 1 号") == 1


def test_who_took_a_pledge_back_of_its_own_accord_needs_no_remedy_for_the_next(w):
    ending.withdraw(make.fresh(w.pledge), "不再承诺", actor=w.legal, at=at(445))
    pledges.public(w, at=at(446))
    assert judge(w, "A-9.3-s2").state == MET
    # what had begun before the pledge was made can have ended it on its first day only
    spoils.stops(w, day(440))
    assert spoils.fallen(w, 447).trigger_on == day(440)
    assert (judge(w, "A-9.3-s1").state, judge(w, "A-9.3-c").state) == (MET, State.NOT_MET)


def test_a_cause_says_since_when_it_was_so_and_not_when_somebody_looked(w):
    spoils.licence_of(day(444))(w)
    assert spoils.fallen(w, 448).trigger_on == day(445)


def test_what_was_suspended_after_it_had_run_out_was_uncovered_before(w):
    change("licence", valid_until=day(444), stops=[DateRange(day(446), None)])(w)
    assert spoils.fallen(w, 448).trigger_on == day(445)


def test_of_several_papers_the_gap_begins_after_the_last(w):
    spoils.licence_of(day(430))(w)
    make.qualification(w.institution, valid_until=day(444))
    assert spoils.fallen(w, 448).trigger_on == day(445)


# --- what it costs


def reads(lab, names, monkeypatch):
    """How many queries these clauses take in an evaluation, savepoints aside."""
    with monkeypatch.context() as patch:
        patch.setattr(clauses, "CHECKS", {name: CHECKS[name] for name in names})
        with CaptureQueriesContext(connection) as queries:
            evaluate(lab, JUDGED)
    return sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries)


def test_the_checks_share_what_they_read(w, monkeypatch):
    own = [name for name in DECIDED if name != "A-8.2.1-s1"]  # the policy is asked for anyway
    bare = make.institution("gamma")
    found = [reads(lab, own, monkeypatch) - reads(lab, [], monkeypatch) for lab in (bare, w.institution)]
    assert found == [2, 7]


def test_the_conditions_of_a_pledge_are_read_together(w):
    with CaptureQueriesContext(connection) as queries:
        eligibility.lines(w.institution, JUDGED)
    tables = ("institutions_violation", "institutions_registercheck", "institutions_keyperson")
    asked = [sum(f'FROM "{table}"' in query["sql"] for query in queries.captured_queries) for table in tables]
    assert asked == [1, 2, 1]  # of the searches once more: those of thirty days


def test_a_clause_that_rests_on_another_is_answered_the_same_outside_of_an_evaluation(w, monkeypatch):
    monkeypatch.setattr(clauses, "CHECKS", {name: CHECKS[name] for name in ("A-4.1.1", "A-8.2.2.1-s4")})
    spoils.licence_of(JUDGED - A_DAY)(w)
    assert evaluate(w.institution, JUDGED)["A-8.2.2.1-s4"].state == judge(w, "A-8.2.2.1-s4").state == State.NOT_MET
