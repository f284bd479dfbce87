"""The catalogue, who may decide a clause, and what a verdict is when nobody can tell."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from certificates import gates
from portal import clauses
from portal.clauses import (
    CHECKS,
    GATED,
    Evidence,
    State,
    Verdict,
    catalogue,
    clause,
    documents,
    evaluate,
    every_check_names_one_clause,
    existing,
    none_in_breach,
)
from tests import make

DAY = make.DAY


@pytest.fixture
def checks(monkeypatch):
    """Checks that exist while a test runs."""
    monkeypatch.setattr(clauses, "CHECKS", {})
    monkeypatch.setattr(clauses, "TWICE", [])
    monkeypatch.setattr(clauses, "APPLIES", {})
    monkeypatch.setattr(clauses, "WITHOUT_CHECK", {})
    monkeypatch.setattr(clauses, "FINISHED", set())
    for known in (clauses.READERS, clauses.CONTRADICTS):
        for name in list(known):
            monkeypatch.delitem(known, name)


@pytest.fixture
def lab(db):
    return make.institution()


def always(state):
    return lambda institution, day: Verdict(state)


# --- the catalogue


def test_the_catalogue_has_616_clauses_of_five_documents():
    assert len(catalogue()) == 616
    assert set(documents()) == {row.letter for row in catalogue().values()} == set("ABCDE")


@pytest.mark.parametrize(
    ("name", "chapter"), [("A-6.2.2", "6"), ("B-6.1.7-7.8.2", "6"), ("E-1-a", "1"), ("A-0-s1", "0")]
)
def test_a_clause_knows_its_chapter(name, chapter):
    assert catalogue()[name].chapter == chapter


def test_every_check_and_every_gate_names_a_clause_of_the_catalogue():
    assert every_check_names_one_clause(None) == []
    assert len(CHECKS) >= 45


def test_a_check_of_an_unknown_clause_is_an_error_of_the_system_check(checks):
    clause("A-99.9")(always(State.MET))
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E002"]


def test_two_checks_of_one_clause_are_an_error_of_the_system_check(checks):
    clause("A-6.2.2")(always(State.MET))
    clause("A-6.2.2")(always(State.MET))
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E003"]


def test_a_reason_for_an_unknown_clause_is_an_error_of_the_system_check(checks):
    clauses.without_check("A-99.9", "没有这条")
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E002"]


def test_a_gate_of_an_unknown_clause_is_an_error_of_the_system_check(checks, monkeypatch):
    monkeypatch.setattr(clauses, "GATED", {"A-99.9": {"some_gate"}})
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E002"]


def test_a_check_and_a_reason_why_there_is_none_contradict_each_other(checks):
    clause("A-6.2.2")(always(State.MET))
    clauses.without_check("A-6.2.2", "看不出来")
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E004"]


def test_a_finished_app_has_a_check_or_a_reason_for_every_row_that_code_decides(checks):
    rows = [row.id for row in catalogue().values() if row.app == "comparisons" and row.kind in clauses.DECIDED_BY_CODE]
    clauses.finished("comparisons")
    for name in rows[1:-1]:
        clause(name)(always(State.MET))
    clauses.without_check(rows[-1], "由监管部门判定")
    (error,) = every_check_names_one_clause(None)
    assert (error.id, rows[0] in error.msg) == ("portal.E005", True)


@pytest.mark.parametrize("known", [clauses.CONTRADICTS, clauses.READERS])
def test_only_a_declaration_can_be_declared_or_contradicted(checks, monkeypatch, known):
    monkeypatch.setitem(known, "A-6.2.2", always(State.NOT_MET))
    assert [error.id for error in every_check_names_one_clause(None)] == ["portal.E006"]


def test_a_clause_without_check_says_why(lab, checks):
    clauses.without_check("C-5.3.2", "要看纸质档案。")
    found = evaluate(lab, DAY)["C-5.3.2"]
    assert (found.state, found.advice) == (State.UNKNOWN, "要看纸质档案。")


def test_a_document_on_request_applies_once_an_app_says_so(lab, checks):
    clause("D-4.1.1")(always(State.MET))
    assert evaluate(lab, DAY)["D-4.1.1"].state == State.NOT_APPLICABLE
    clauses.applies("D")(lambda institution, day: "")
    assert evaluate(lab, DAY)["D-4.1.1"].state == State.MET


@pytest.mark.parametrize(
    ("reasons", "said"), [(("没有范围", ""), None), (("", "没有受理"), None), (("没有范围", "没有受理"), "没有范围")]
)
def test_a_document_applies_when_any_app_says_so(lab, checks, reasons, said):
    clause("B-4.3-s2")(always(State.MET))
    for reason in reasons:
        clauses.applies("B")(lambda institution, day, reason=reason: reason)
    found = evaluate(lab, DAY)["B-4.3-s2"]
    assert (found.state, found.advice) == ((State.NOT_APPLICABLE, said) if said else (State.MET, ""))


def test_gates_have_the_names_that_their_module_gives_them():
    assert clauses.GATE_TITLES["equipment_was_traced"] == "设备溯源有效"


def test_gates_are_known_by_the_clauses_they_refuse_in():
    assert GATED["A-6.2.2"] >= {gates.equipment_was_traced.__name__}
    assert GATED["B-4.5-d"] >= {gates.operator_was_authorised.__name__, gates.checker_is_authorised.__name__}


# --- verdicts


def test_no_rows_are_never_met():
    assert none_in_breach([], [], nothing="没有", advice="").state == State.NOT_APPLICABLE


def test_a_breach_without_population_is_a_breach():
    assert none_in_breach(0, [Evidence("甲")], nothing="", advice="改正").state == State.NOT_MET


def test_rows_without_breach_are_met_unless_they_cannot_tell_everything():
    assert none_in_breach(3, [], nothing="", advice="").state == State.MET
    assert none_in_breach(3, [], nothing="", advice="", rest="还缺").state == State.UNKNOWN


def test_an_existence_test_without_data_is_not_met():
    assert existing([], advice="登记").state == State.NOT_MET


def test_a_verdict_shows_the_first_rows_and_counts_all():
    found = none_in_breach(99, [Evidence(str(n)) for n in range(50)], nothing="", advice="")
    assert (len(found.evidence), found.figures["不符合"]) == (clauses.MOST_EVIDENCE, 50)


def test_what_nobody_decides_is_unknown(lab, checks):
    mine = {row.id for row in catalogue().values() if row.letter == "C" and row.actor in ("institution", "staff")}
    assert {row.state for name, row in evaluate(lab, DAY).items() if name in mine} == {State.UNKNOWN}


def test_a_check_that_fails_leaves_its_clause_unknown_and_the_others_decided(lab, checks):
    clause("C-4.2")(lambda institution, day: 1 / 0)
    clause("C-5.3.2")(always(State.MET))
    found = evaluate(lab, DAY)
    assert (found["C-4.2"].state, found["C-5.3.2"].state) == (State.UNKNOWN, State.MET)


def test_a_check_whose_query_fails_does_not_take_the_others_along(lab, checks):
    def broken(institution, day):
        type(institution).objects.raw("SELECT no_such_column FROM institutions_institution")[0]

    clause("C-4.2")(broken)
    clause("C-5.3.2")(lambda institution, day: existing([Evidence(type(institution).objects.first().name)], advice=""))
    assert evaluate(lab, DAY)["C-5.3.2"].state == State.MET


def test_a_document_that_does_not_apply_is_not_asked(lab, checks):
    clause("B-4.3-s2")(always(State.NOT_MET))
    clauses.applies("B")(lambda institution, day: "不对外校准")
    found = evaluate(lab, DAY)["B-4.3-s2"]
    assert (found.state, found.advice) == (State.NOT_APPLICABLE, "不对外校准")


@pytest.mark.parametrize(("name", "reason"), [("D-4.1.1", "产业计量测试中心"), ("B-0-s1", "背景")])
def test_what_is_not_for_everybody_does_not_apply_and_says_so(lab, checks, name, reason):
    clause(name)(always(State.NOT_MET))
    found = evaluate(lab, DAY)[name]
    assert found.state == State.NOT_APPLICABLE
    assert reason in found.advice


@pytest.mark.parametrize(("name", "reason"), [("A-0-s1", "监管部门"), ("A-3.4-s1", "本平台")])
def test_what_is_somebody_elses_duty_does_not_apply_unless_a_check_decides_it(lab, checks, name, reason):
    found = evaluate(lab, DAY)[name]
    assert found.state == State.NOT_APPLICABLE
    assert reason in found.advice
    clause(name)(always(State.NOT_MET))
    assert evaluate(lab, DAY)[name].state == State.NOT_MET


def test_one_check_of_two_clauses_is_asked_once(lab, checks):
    asked = []
    clause("C-4.2", "C-5.3.2")(lambda institution, day: asked.append(1) or Verdict(State.MET))
    evaluate(lab, DAY)
    assert asked == [1]


# --- the command


def test_the_command_counts_checks_and_gates():
    out = StringIO()
    call_command("clauses", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["all"]["rows"] == sum(part["rows"] for part in report["document"].values()) == 616
    assert report["all"]["checked"] == len(CHECKS)
    assert 0 < report["all"]["gate_rows_covered"] <= report["all"]["gate_rows"]


def test_the_command_tells_verdicts_with_figures_and_evidence(lab):
    out = StringIO()
    call_command("clauses", "--institution", "alpha", "--on", "2026-03-10", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["clauses"]["A-4.1.1"]["state"] == "not_met"
    assert sum(report["counts"].values()) == 616


def test_the_command_knows_no_institution_that_is_not_there(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("clauses", "--institution", "nowhere")


def test_the_command_tells_of_each_app_which_function_decides_what(checks):
    clause("A-4.1.1")(always(State.MET))
    clauses.without_check("C-5.1.1-s2", "人数要到现场看")
    out = StringIO()
    call_command("clauses", "--app", "institutions", "--json", stdout=out)
    report = {row["id"]: row["decided_by"] for row in json.loads(out.getvalue())}
    assert report["A-4.1.1"].startswith("tests.portal.test_clauses.always")
    assert report["C-5.1.1-s2"] == "人数要到现场看"
    decided = [row for row in catalogue().values() if row.app == "institutions" and row.kind in ("computed", "gate")]
    assert set(report) == {row.id for row in decided}


def test_the_command_tells_the_lines_to_a_person(checks):
    clause("A-4.1.1")(always(State.MET))
    out = StringIO()
    call_command("clauses", "--app", "institutions", stdout=out)
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith("A-4.1.1 ")]
    assert "test_clauses.always" in line and catalogue()["A-4.1.1"].title in line


def test_the_command_knows_no_app_that_is_not_there():
    with pytest.raises(CommandError, match="institutions"):
        call_command("clauses", "--app", "nowhere")


def test_the_command_counts_by_app_and_kind():
    out = StringIO()
    call_command("clauses", stdout=out)
    assert "institutions computed" in out.getvalue()


# --- what checks share


def counted(read=lambda institution, day: [institution.pk, day]):
    """A reader that says how often it was asked."""
    asked = []

    @clauses.read_once
    def reading(institution, day):
        asked.append(day)
        return read(institution, day)

    return reading, asked


def test_within_an_evaluation_rows_are_read_once_a_day(lab, checks):
    reading, asked = counted()

    def both(institution, day):
        rows = [reading(institution, day), reading(institution, day - timedelta(1)), reading(institution, day)]
        assert rows[0] is rows[2] and rows[1] == [institution.pk, day - timedelta(1)]
        return Verdict(State.MET)

    clause("A-6.2.2")(both)
    clause("A-6.1.1")(lambda institution, day: both(institution, day))
    found = evaluate(lab, DAY)
    assert (found["A-6.2.2"].state, found["A-6.1.1"].state) == (State.MET, State.MET)
    assert asked == [DAY, DAY - timedelta(1)]
    evaluate(lab, DAY)
    assert len(asked) == 4


def test_outside_of_an_evaluation_they_are_read_each_time(lab):
    reading, asked = counted()
    reading(lab, DAY)
    reading(lab, DAY)
    assert len(asked) == 2


def test_rows_of_another_institution_are_never_those_of_the_evaluation(lab, checks):
    reading, _asked = counted()
    other = make.institution("beta")
    clause("A-6.2.2")(lambda here, day: Verdict(State.MET, {"a": reading(here, day)[0], "b": reading(other, day)[0]}))
    assert evaluate(lab, DAY)["A-6.2.2"].figures == {"a": lab.pk, "b": other.pk}


def test_after_a_failed_evaluation_nothing_is_remembered(lab, checks, monkeypatch):
    reading, asked = counted()
    clause("A-6.2.2")(lambda institution, day: Verdict(State.MET, {"rows": reading(institution, day)}))
    with monkeypatch.context() as patch:
        patch.setattr(clauses, "_verdict", lambda *args: reading(lab, DAY) and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            evaluate(lab, DAY)
    reading(lab, DAY)
    assert len(asked) == 2


def test_a_check_may_rest_on_another_clause_which_is_asked_once(lab, checks):
    asked = []

    @clause("A-6.2.2")
    def first(institution, day):
        asked.append(day)
        return Verdict(State.NOT_MET)

    @clause("A-6.1.1")
    def second(institution, day):
        return Verdict(clauses.standing_of("A-6.2.2", institution, day).state)

    assert evaluate(lab, DAY)["A-6.1.1"].state == State.NOT_MET
    assert asked == [DAY]
    assert clauses.standing_of("A-6.1.1", lab, DAY).state == State.NOT_MET
    assert asked == [DAY, DAY]


def test_what_another_clause_says_respects_whether_its_document_applies(lab, checks):
    clause("D-4.1.1")(always(State.NOT_MET))
    assert clauses.standing_of("D-4.1.1", lab, DAY).state == State.NOT_APPLICABLE
