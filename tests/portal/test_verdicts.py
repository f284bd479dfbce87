"""How a check comes to its verdict, and how a declaration counts."""

from datetime import date

import pytest

from portal import clauses, declarations
from portal.clauses import Declared, Evidence, State, Verdict, all_of, contradicts, declared, evaluate, window
from portal.verdicts import MOST_EVIDENCE, existing, none_in_breach, unknown
from tests import make

DAY = make.DAY
PROMISE = "B-5.3"


# --- helpers


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("met", "not_met", "unknown", "not_applicable"), "not_met"),
        (("met", "unknown", "not_applicable"), "unknown"),
        (("met", "not_applicable"), "met"),
        (("not_applicable", "not_applicable"), "not_applicable"),
    ],
)
def test_several_verdicts_hold_together_as_the_worst_of_them(parts, whole):
    assert all_of(*(Verdict(State(part)) for part in parts)).state == whole


def test_a_joint_verdict_shows_rows_advice_and_page_of_what_decides_it():
    good = Verdict(State.MET, {"检查": 2}, (Evidence("好"),), "无", "/good/")
    first = Verdict(State.NOT_MET, {"检查": 3}, (Evidence("甲"),), "改甲。")
    second = Verdict(State.NOT_MET, {"缺": "乙"}, (Evidence("乙"),), "改乙。", "/fix/")
    found = all_of(good, first, second)
    assert ([piece.label for piece in found.evidence], found.advice, found.fix) == (
        ["甲", "乙"],
        "改甲。改乙。",
        "/fix/",
    )
    assert found.figures == {"检查": 5, "缺": "乙"}


def test_a_joint_verdict_shows_no_more_rows_than_any_other():
    many = Verdict(State.NOT_MET, evidence=tuple(Evidence(str(n)) for n in range(MOST_EVIDENCE)))
    assert len(all_of(many, many).evidence) == MOST_EVIDENCE


def test_a_joint_verdict_of_nothing_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        all_of()


def test_a_window_holds_both_of_its_days():
    assert window(date(2026, 3, 10), 30) == (date(2026, 2, 9), date(2026, 3, 10))


def test_a_verdict_that_is_not_met_names_the_page_on_which_it_is_put_right():
    assert existing([], advice="登记", fix="/new/").fix == "/new/"
    assert none_in_breach(1, [Evidence("甲")], nothing="", advice="改", fix="/list/").fix == "/list/"
    assert none_in_breach(1, [], nothing="", advice="改", fix="/list/").fix == ""


# --- declarations


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def nothing_registered(monkeypatch):
    """No check, reader or contradiction is known; what a test registers is gone after it."""
    for name in ("CHECKS", "APPLIES", "WITHOUT_CHECK"):
        monkeypatch.setattr(clauses, name, {})
    registries = (declarations.READERS, declarations.CONTRADICTS)
    kept = [dict(registry) for registry in registries]
    for registry in registries:
        registry.clear()
    yield
    for registry, known in zip(registries, kept, strict=True):
        registry.clear()
        registry.update(known)


@pytest.fixture
def promised(lab, nothing_registered):
    """Makes the institution declare PROMISE, and tells how the clause then stands on a day."""
    rows = []
    declared(PROMISE)(lambda institution: rows)

    def stands(*more, day=DAY):
        rows[:] = more
        return evaluate(lab, day)[PROMISE]

    return stands


def promise(**kwargs):
    values = {
        "clause": PROMISE, "signer": "王立", "signed_on": date(2026, 1, 5), "valid_until": date(2026, 12, 31),
        "has_file": True, "label": "公平竞争声明", "url": "/d/1/", **kwargs,
    }  # fmt: skip
    return Declared(**values)


def test_a_clause_is_met_by_a_signed_declaration_with_its_file(promised):
    found = promised(promise())
    assert (found.state, found.evidence[0].label) == (State.MET, "公平竞争声明")
    assert "王立" in found.evidence[0].text


def test_a_clause_that_nobody_declared_is_not_met_and_says_what_to_do(promised):
    found = promised(promise(clause="B-5.4-x"))
    assert (found.state, found.evidence) == (State.NOT_MET, ())
    assert "还没有声明" in found.advice


@pytest.mark.parametrize(
    ("flaw", "told"),
    [
        ({"signer": " "}, "没有签署人"),
        ({"has_file": False}, "没有文件"),
        ({"valid_until": date(2026, 3, 9)}, "已于 2026-03-09 到期"),
        ({"signed_on": date(2026, 3, 11)}, "还没有到"),
    ],
)
def test_a_declaration_that_does_not_count_says_why(promised, flaw, told):
    found = promised(promise(**flaw))
    assert found.state == State.NOT_MET
    assert told in found.evidence[0].text


def test_a_declaration_counts_on_its_last_day(promised):
    assert promised(promise(valid_until=DAY)).state == State.MET


def test_a_declaration_counts_for_twelve_months_whatever_it_says(promised):
    old = promise(signed_on=date(2025, 3, 9), valid_until=date(2099, 1, 1))
    assert promised(old).state == State.NOT_MET
    assert promised(old, day=date(2026, 3, 9)).state == State.MET


def test_a_declaration_of_a_leap_day_ends_on_the_last_of_february():
    assert promise(signed_on=date(2024, 2, 29), valid_until=date(2099, 1, 1)).ends_on == date(2025, 2, 28)


def test_a_declaration_that_counts_outweighs_an_old_one(promised):
    found = promised(promise(valid_until=date(2026, 2, 1)), promise())
    assert (found.state, len(found.evidence)) == (State.MET, 1)


def test_a_declaration_loses_to_a_row_that_contradicts_it(promised):
    contradicts(PROMISE)(
        lambda institution, day: none_in_breach(1, [Evidence("处罚 7 号")], nothing="", advice="先整改。", fix="/v/")
    )
    found = promised(promise())
    assert (found.state, found.advice, found.fix) == (State.NOT_MET, "先整改。", "/v/")
    assert [piece.label for piece in found.evidence] == ["处罚 7 号", "公平竞争声明"]


def test_a_declaration_stands_while_nothing_contradicts_it(promised):
    contradicts(PROMISE)(lambda institution, day: none_in_breach(0, [], nothing="没有处罚", advice=""))
    assert promised(promise()).state == State.MET


def test_a_declaration_is_not_met_by_the_mere_absence_of_contradiction(promised):
    contradicts(PROMISE)(lambda institution, day: Verdict(State.MET))
    assert promised().state == State.NOT_MET


@pytest.mark.parametrize("check", [lambda institution, day: 1 / 0, lambda institution, day: unknown("没有查询过名单")])
def test_a_declaration_cannot_tell_where_its_contradiction_cannot_be_looked_for(promised, check):
    contradicts(PROMISE)(check)
    assert promised(promise()).state == State.UNKNOWN


def test_declarations_that_cannot_be_read_leave_their_clauses_unknown_and_the_others_decided(promised, lab):
    declared(PROMISE)(lambda institution: 1 / 0)
    clauses.clause("C-5.3.2")(lambda institution, day: Verdict(State.MET))
    found = evaluate(lab, DAY)
    assert (found[PROMISE].state, found["C-5.3.2"].state) == (State.UNKNOWN, State.MET)


def test_a_declaration_that_no_reader_answers_is_unknown(promised, lab):
    assert evaluate(lab, DAY)["B-5.9-a"].state == State.UNKNOWN


def test_the_declarations_are_read_once_for_all_clauses_they_answer(promised, lab):
    read = []
    declared(PROMISE, "B-5.9-a")(lambda institution: read.append(1) or [promise(), promise(clause="B-5.9-a")])
    found = evaluate(lab, DAY)
    assert (found[PROMISE].state, found["B-5.9-a"].state, read) == (State.MET, State.MET, [1])
