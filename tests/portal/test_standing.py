"""Stored verdicts: what changes makes history, and what is read of many institutions at once."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from institutions.models import Institution
from portal import clauses, standing
from portal.clauses import Evidence, State, Verdict, catalogue
from portal.models import ClauseStanding, Evaluation
from portal.tenancy import scope, tenant
from tests import make
from tests.concurrency import at_once, kinds

DAY = make.DAY
WORK = "C-5.3.2"  # shall
WISH = "B-6.6.1"  # should


@pytest.fixture
def says(monkeypatch):
    """Clause -> the verdict its only check comes to; nothing else is decided."""
    said = {}
    monkeypatch.setattr(clauses, "CHECKS", {})
    monkeypatch.setattr(clauses, "APPLIES", {})
    monkeypatch.setattr(clauses, "WITHOUT_CHECK", {})
    for name in [row.id for row in catalogue().values() if row.letter in "ABC"]:
        clauses.CHECKS[name] = lambda institution, day, name=name: said.get(name, Verdict(State.UNKNOWN))
    return said


@pytest.fixture
def lab(db):
    return make.institution()


def rows(lab, name=WORK):
    with tenant(lab.pk):
        return [(row.state, row.since, row.until) for row in reversed(standing.history(lab, name))]


def days(n):
    return DAY + timedelta(n)


def test_the_level_of_the_two_clauses_of_these_tests_is_as_they_need_it():
    assert (catalogue()[WORK].level, catalogue()[WISH].level) == ("shall", "should")


def test_every_clause_has_one_current_row_after_an_evaluation(lab, says):
    standing.store(lab, DAY)
    with tenant(lab.pk):
        assert [row.clause for row in standing.current(lab)] == list(catalogue())


def test_a_clause_that_does_not_change_makes_no_history(lab, says):
    for n in range(3):
        standing.store(lab, days(n))
    assert rows(lab) == [("unknown", DAY, None)]


def test_a_clause_that_changes_ends_one_row_and_begins_another(lab, says):
    standing.store(lab, DAY)
    says[WORK] = Verdict(State.NOT_MET, advice="改正。")
    standing.store(lab, days(5))
    assert rows(lab) == [("unknown", DAY, days(5)), ("not_met", days(5), None)]


def test_within_a_state_the_row_carries_the_latest_figures_and_rows(lab, says):
    says[WORK] = Verdict(State.NOT_MET, {"不符合": 1}, (Evidence("甲", "/a/"),), "改甲。")
    standing.store(lab, DAY)
    says[WORK] = Verdict(State.NOT_MET, {"不符合": 2}, (Evidence("乙", "/b/", "缺", 7),), "改乙。", "/fix/")
    standing.store(lab, days(1))
    with tenant(lab.pk):
        (row,) = standing.history(lab, WORK)
    assert (row.since, row.figures, row.advice, row.fix) == (DAY, {"不符合": 2}, "改乙。", "/fix/")
    assert row.evidence == [{"label": "乙", "url": "/b/", "text": "缺", "row_id": 7}]


def test_evaluating_a_day_twice_changes_nothing(lab, says):
    says[WORK] = Verdict(State.NOT_MET, {"人数": 1, "日期": DAY}, (Evidence("甲"),), "改。")
    first = standing.store(lab, DAY)
    with tenant(lab.pk):
        before = list(ClauseStanding.objects.order_by("pk").values())
    second = standing.store(lab, DAY)
    with tenant(lab.pk):
        assert list(ClauseStanding.objects.order_by("pk").values()) == before
        assert Evaluation.objects.count() == 1
    assert (first.pk, first.by_state) == (second.pk, second.by_state)


def test_a_change_on_the_same_day_is_kept_as_a_row_of_its_own(lab, says):
    standing.store(lab, DAY)
    says[WORK] = Verdict(State.MET)
    standing.store(lab, DAY)
    assert rows(lab) == [("unknown", DAY, DAY), ("met", DAY, None)]


def test_history_is_not_written_backwards(lab, says):
    standing.store(lab, DAY)
    with pytest.raises(standing.OutOfOrder):
        standing.store(lab, days(-1))
    assert rows(lab) == [("unknown", DAY, None)]


@pytest.mark.django_db(transaction=True)
def test_two_evaluations_of_an_institution_wait_for_each_other(says):
    lab = make.institution()
    found = at_once(*[lambda: standing.store(lab, DAY)] * 2)
    assert kinds(found) == ["Evaluation", "Evaluation"]
    assert rows(lab) == [("unknown", DAY, None)]


def test_a_clause_that_the_catalogue_no_longer_has_stands_no_longer(lab, says):
    with tenant(lab.pk):
        ClauseStanding.objects.create(institution=lab, clause="A-99", state="met", since=DAY)
    standing.store(lab, days(1))
    assert rows(lab, "A-99") == [("met", DAY, days(1))]


def test_the_database_lets_a_clause_stand_in_one_state_only(lab):
    with tenant(lab.pk):
        ClauseStanding.objects.create(institution=lab, clause=WORK, state="met", since=DAY)
        with pytest.raises(IntegrityError, match="clause_stands_once"), transaction.atomic():
            ClauseStanding.objects.create(institution=lab, clause=WORK, state="not_met", since=DAY)


def test_an_evaluation_counts_by_state_document_and_chapter(lab, says):
    says[WORK] = says[WISH] = Verdict(State.NOT_MET)
    found = standing.store(lab, DAY)
    assert sum(found.by_state.values()) == len(catalogue())
    assert (found.not_met, found.duties_not_met) == (2, 1)
    assert {letter: part["not_met"] for letter, part in found.by_document.items() if part["not_met"]} == {
        "B": 1,
        "C": 1,
    }
    assert found.by_chapter["C"]["5"]["not_met"] == 1


def test_what_is_written_does_not_depend_on_how_much_changes(lab, says, django_assert_max_num_queries):
    standing.store(lab, DAY)
    says.update({name: Verdict(State.NOT_MET, advice="改。") for name in clauses.CHECKS})
    verdicts = clauses.evaluate(lab, days(1))
    with tenant(lab.pk), django_assert_max_num_queries(12):
        standing._write(lab, days(1), verdicts)


# --- reading


def test_changes_tell_what_stands_otherwise_than_on_a_day(lab, says):
    says[WISH] = Verdict(State.MET)
    standing.store(lab, DAY)
    says[WORK] = Verdict(State.NOT_MET)
    standing.store(lab, days(8))
    says[WISH] = Verdict(State.NOT_MET)
    standing.store(lab, days(9))
    says[WISH] = Verdict(State.MET)
    standing.store(lab, days(10))
    with tenant(lab.pk):
        (change,) = standing.changes(lab, days(3))
        assert standing.changes(lab, days(8)) == []
    assert (change.clause.id, change.was, change.became, change.on) == (WORK, "unknown", "not_met", days(8))


def test_the_first_evaluation_is_no_change(lab, says):
    standing.store(lab, DAY)
    with tenant(lab.pk):
        assert standing.changes(lab, days(-3)) == []


def test_a_week_before_is_at_least_a_week(lab, says):
    for n in (0, 2, 8):
        found = standing.store(lab, days(n))
    with tenant(lab.pk):
        assert standing.a_week_before(found).day == DAY
        assert standing.a_week_before(standing.a_week_before(found)) is None


@pytest.fixture
def two(lab, says):
    """Two institutions of one city, evaluated: alpha with a wish broken first and two duties later, beta with nothing."""
    says[WISH] = Verdict(State.NOT_MET, advice="没有公示。请公示。")
    standing.store(lab, DAY)
    says["C-5.1.1-s2"] = Verdict(State.NOT_MET, evidence=(Evidence("甲"), Evidence("乙")), advice="少一人。请补。")
    standing.store(lab, days(1))
    says[WORK] = Verdict(State.NOT_MET)
    standing.store(lab, days(2))
    says.clear()
    beta = make.institution("beta", region_code="440305")
    standing.store(beta, DAY)
    return lab, beta


def test_a_regulator_reads_the_latest_counts_of_all_its_institutions_in_one_query(two, django_assert_num_queries):
    with scope(region="4403"), django_assert_num_queries(1):
        found = standing.counts([row.pk for row in two])
    assert {pk: (row.day, row.not_met) for pk, row in found.items()} == {
        two[0].pk: (days(2), 3), two[1].pk: (DAY, 0),
    }  # fmt: skip


def test_the_worst_facts_are_duties_first_and_of_these_the_longest_standing(two, django_assert_num_queries):
    with scope(region="4403"), django_assert_num_queries(1):
        found = standing.worst([row.pk for row in two], n=3)
    assert [fact.clause.id for fact in found[two[0].pk]] == ["C-5.1.1-s2", WORK, WISH]
    assert found[two[1].pk] == []


def test_a_fact_says_what_is_wrong_in_words(two):
    with scope(region="4403"):
        first, second = standing.worst([two[0].pk], n=2)[two[0].pk]
    assert (first.text, first.since, first.rows) == ("少一人", days(1), 2)
    assert second.text == f"未做到：{catalogue()[WORK].title}"


def facts(lab, n=3):
    with tenant(lab.pk):
        return [(fact.clause.id, fact.text) for fact in standing.worst([lab.pk], n=n)[lab.pk]]


def test_what_stops_work_comes_before_other_duties_however_new_it_is(lab, says):
    says[WORK] = Verdict(State.NOT_MET, advice="超期。")
    standing.store(lab, DAY)
    says["A-6.1.1"] = Verdict(State.NOT_MET, advice="考核无效。")
    standing.store(lab, days(9))
    assert catalogue()["A-6.1.1"].kind == "gate" != catalogue()[WORK].kind
    assert facts(lab) == [("A-6.1.1", "考核无效"), (WORK, "超期")]


def test_a_fact_that_breaks_several_clauses_is_told_once(lab, says):
    late = (Evidence("检查制度", "/d/", "逾期未评审"),)
    for name in ("A-5.1-b", "A-5.2", "A-5.2-b"):
        says[name] = Verdict(State.NOT_MET, evidence=late, advice=f"{name} 请评审。")
    says["A-5.4.1"] = says["A-5.4.2"] = Verdict(State.NOT_MET, advice="没有登记。")
    says["A-4.1.1"] = says["A-6.4.1"] = Verdict(State.NOT_MET)
    standing.store(lab, DAY)
    told = facts(lab, n=9)
    assert [text for _clause, text in told].count("检查制度 逾期未评审") == 1
    assert [text for _clause, text in told].count("没有登记") == 1
    assert {"A-4.1.1", "A-6.4.1"} <= {clause for clause, _text in told}


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Verdict(State.NOT_MET, evidence=(Evidence("天平 7 号", "", "超期"),), advice="请送检。"), "天平 7 号 超期"),
        (Verdict(State.NOT_MET, evidence=(Evidence("甲", "", "超期"), Evidence("乙")), advice="请。"), "甲 超期 等"),
        (Verdict(State.NOT_MET, evidence=(Evidence("甲"),), advice="少一人。请补。"), "少一人"),
        (Verdict(State.NOT_MET, evidence=(Evidence("甲"),), advice="请补一人。"), "未做到：{title}"),
    ],
)
def test_a_fact_is_what_is_wrong_and_not_what_to_do(lab, says, verdict, text):
    says[WORK] = verdict
    standing.store(lab, DAY)
    assert facts(lab) == [(WORK, text.format(title=catalogue()[WORK].title))]


def test_a_regulator_of_another_city_reads_nothing(two):
    with scope(region="3301"):
        assert standing.counts([row.pk for row in two]) == {}
        assert standing.worst([two[0].pk])[two[0].pk] == []


def test_no_other_institution_reads_how_one_stands(two):
    with tenant(two[1].pk):
        assert ClauseStanding.objects.filter(institution=two[0]).count() == 0
        assert standing.latest(two[0]) is None


def test_only_the_latest_evaluation_counts_and_no_clause_that_the_catalogue_has_lost(lab, says, monkeypatch):
    says[WORK] = says[WISH] = Verdict(State.NOT_MET)
    before = standing.store(lab, DAY)
    says[WORK] = Verdict(State.MET)
    left = {name: row for name, row in catalogue().items() if name != WISH}
    for module in (clauses, standing):
        monkeypatch.setattr(module, "catalogue", lambda: left)
    standing.store(lab, days(1))
    with tenant(lab.pk):
        found = standing.counts([lab])[lab.pk]
    assert ((before.not_met, before.met), (found.not_met, found.met)) == ((2, 0), (0, 1))
    assert sum(found.by_state.values()) == sum(before.by_state.values()) - 1 == len(left)
    assert rows(lab, WISH) == [("not_met", DAY, days(1))]


def test_an_institution_that_was_never_evaluated_has_no_counts(lab):
    with tenant(lab.pk):
        assert standing.counts([lab]) == {}
        assert standing.latest(lab) is None


def test_a_day_gone_by_is_evaluated_without_being_stored(lab, says):
    standing.store(lab, DAY)
    says[WORK] = Verdict(State.MET)
    with tenant(lab.pk):
        assert standing.as_of(lab, date(2025, 1, 1))[WORK].state == "met"
        assert Evaluation.objects.count() == 1
    assert rows(lab) == [("unknown", DAY, None)]


def test_a_missing_institution_is_no_institution(db):
    assert standing.counts(Institution.objects.none()) == {}
