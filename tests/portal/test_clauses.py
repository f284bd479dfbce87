"""The catalogue, who may decide a clause, and what a verdict is when nobody can tell."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

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
from portal.permissions import Role
from tests import make

DAY = make.DAY


@pytest.fixture
def checks(monkeypatch):
    """Checks that exist while a test runs."""
    monkeypatch.setattr(clauses, "CHECKS", {})
    monkeypatch.setattr(clauses, "TWICE", [])
    monkeypatch.setattr(clauses, "APPLIES", {})


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


@pytest.mark.parametrize(
    ("name", "reason"),
    [("D-4.1.1", "产业计量测试中心"), ("A-0-s1", "监管部门"), ("A-3.4-s1", "本平台"), ("B-0-s1", "背景")],
)
def test_what_is_somebody_elses_duty_does_not_apply_and_says_so(lab, checks, name, reason):
    clause(name)(always(State.NOT_MET))
    found = evaluate(lab, DAY)[name]
    assert found.state == State.NOT_APPLICABLE
    assert reason in found.advice


def test_one_check_of_two_clauses_is_asked_once(lab, checks):
    asked = []
    clause("C-4.2", "C-5.3.2")(lambda institution, day: asked.append(1) or Verdict(State.MET))
    evaluate(lab, DAY)
    assert asked == [1]


# --- the command and the page


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


def opened(client, lab, query=""):
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    return client.get(reverse("portal:compliance", args=[lab.slug]) + query)


def test_the_page_shows_every_clause_of_a_document_once(client, lab):
    page = opened(client, lab, "?doc=C").context
    shown = [row["id"] for chapter in page["chapters"] for row in chapter["rows"]]
    assert sorted(shown) == sorted(row.id for row in catalogue().values() if row.letter == "C")


def test_the_page_can_be_narrowed_to_what_is_broken(client, lab):
    response = opened(client, lab, "?doc=A&state=not_met")
    rows = [row for chapter in response.context["chapters"] for row in chapter["rows"]]
    assert {row["state"] for row in rows} == {"not_met"}
    assert "没有当天有效的营业执照" in response.content.decode()


def test_the_page_says_honestly_what_is_not_decided(client, lab):
    assert "尚未由系统判定" in opened(client, lab).content.decode()


@pytest.mark.parametrize("query", ["?doc=Z", "?state=nonsense", "?doc=&state="])
def test_a_filter_that_means_nothing_shows_everything(client, lab, query):
    assert opened(client, lab, query).status_code == 200
