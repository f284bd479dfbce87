"""A pledge falls in the transaction that writes down its cause; public pages and the directory follow whatever is written."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from commitments import capabilities, ending, workflow
from commitments.models import CommitmentWithdrawal, DirectoryEntry, DirectoryLine
from commitments.quantities import coherent
from institutions.models import LegalStatus, Qualification, ScopeItem, Violation
from portal import codes
from portal.ledger import leaves
from portal.models import LedgerLeaf, SmartCode
from portal.permissions import Role
from portal.registers import REGISTERS, imports, verbs
from tests import make
from tests.commitments import pledges

DAY, NOON = make.DAY, make.NOON
LATER = NOON + timedelta(days=40)
ON = DAY + timedelta(40)
Cause = CommitmentWithdrawal.Cause


@pytest.fixture
def later(monkeypatch):
    """What is saved is saved forty days after the pledge became public."""
    pledges.now(monkeypatch, LATER)


def card(w):
    return codes.find(w.pledge.token)


def entry(w):
    return DirectoryEntry.objects.get(institution=w.institution)


def causes(w):
    return list(CommitmentWithdrawal.objects.filter(commitment=w.pledge).values_list("cause", flat=True))


# --- what makes a pledge fall


def revoke_the_licence(w):
    w.licence.stops = [(ON, None)]
    w.licence.save()


def withdraw_the_authorisation(w):
    w.qualification.state = Qualification.State.WITHDRAWN
    w.qualification.save()


def close(w):
    make.legal_status(w.institution, since=ON, business_status=LegalStatus.BusinessStatus.CLOSED)


def punish(w, **values):
    Violation.objects.create(
        institution=w.institution,
        **{
            "kind": "penalty", "issuer": "市场监管局（示）", "number": "罚 1", "summary": "虚假数据", "decided_on": ON,
            "final_on": ON, "integrity_related": True, **values,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("write", "cause"),
    [
        (revoke_the_licence, Cause.LICENCE), (withdraw_the_authorisation, Cause.QUALIFICATION), (close, Cause.CLOSURE),
        (punish, Cause.VIOLATION),
    ],
)  # fmt: skip
def test_what_is_written_down_ends_the_pledge_at_once(pledged, later, write, cause):
    write(pledged)
    assert causes(pledged) == [cause]
    shown = card(pledged)
    assert (shown["state"], shown["pledge"]["withdrawn_on"]) == ("withdrawn", ON.isoformat())
    assert shown["pledge"]["cause"] == str(cause.label)
    assert (entry(pledged).pledge, entry(pledged).withdrawn_on, entry(pledged).holds_until) == ("withdrawn", ON, None)


def test_what_is_taken_back_ends_nothing(pledged, later):
    with pledges.taken_back():
        punish(pledged)
    assert causes(pledged) == [] and card(pledged)["state"] == "public"


def test_a_penalty_that_is_not_final_ends_nothing(pledged, later):
    punish(pledged, final_on=None)
    assert causes(pledged) == []


def test_a_penalty_that_becomes_final_later_is_told_beforehand(pledged, later):
    punish(pledged, final_on=ON + timedelta(30))
    assert causes(pledged) == [] and entry(pledged).holds_until == ON + timedelta(29)
    assert codes.state_on(card(pledged), ON + timedelta(29)) == "public"
    assert codes.state_on(card(pledged), ON + timedelta(30)) == "lapsed"


def test_rows_of_a_spreadsheet_end_the_pledge_too(pledged):
    w = pledged
    lines = f"种类\t决定机关\t文书编号\t事由\t决定日期\t生效确定日期\t涉及诚信\n行政处罚\t市局\t罚 9\t虚假数据\t{ON}\t{ON}\t是"
    keeper = make.actor(w.institution, Role.QUALITY_MANAGER)
    register = REGISTERS["violations"]
    run = imports.start_with_text(register, lines, actor=keeper, at=LATER)
    imports.confirm(register, run, "all", actor=keeper, at=LATER)
    assert causes(w) == [Cause.VIOLATION]


def test_a_row_recorded_by_hand_ends_it_once(pledged, later):
    keeper = make.actor(pledged.institution, Role.QUALITY_MANAGER)
    values = {"since": ON, "legal_form": "legal_person", "business_status": "suspended"}
    verbs.record(REGISTERS["legal-status"], values, actor=keeper, at=LATER)
    assert causes(pledged) == [Cause.CLOSURE]


def test_who_has_no_pledge_loses_none(ready, later):
    punish(ready)
    assert entry(ready).pledge == "" and not SmartCode.objects.filter(kind="unit").exists()


# --- what the card says


def test_a_card_carries_what_is_listed_and_nothing_else(pledged):
    shown = card(pledged)
    assert set(shown) <= set(codes.PUBLIC_FIELDS) | set(codes.PUBLIC_LISTS)
    text = str(shown)
    assert not any(secret in text for secret in ("周立言", "何守真", "顾明核", pledged.pledge.ref))
    assert shown["institution"]["complaint_phone"] == pledged.institution.complaint_phone
    assert [paper["until"] for paper in shown["qualifications"]] == ["", "2028-12-31"]


@pytest.mark.parametrize(
    "forged",
    [
        {"pledge": {"made_by": "何守真"}}, {"unit": {"bank": "1"}}, {"qualifications": [{"file": "x"}]},
        {"history": [{"on": {"a": 1}}]}, {"facts": "x"},
    ],
)  # fmt: skip
def test_a_field_that_is_not_listed_cannot_be_published(pledged, forged):
    with pytest.raises(ValueError, match="not for the public"):
        codes.publish_all(pledged.institution.pk, "unit", {"T" * 26: {"state": "public", **forged}}, at=NOON)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2027, 3, 10), "public"), (date(2027, 3, 11), "overdue"), (date(2028, 12, 31), "overdue"),
        (date(2029, 1, 1), "lapsed"),
    ],
)  # fmt: skip
def test_a_card_tells_the_truth_on_every_later_day(pledged, day, state):
    assert codes.state_on(card(pledged), day) == state


def test_a_confirmation_is_on_the_card_and_proven(pledged):
    at = NOON + timedelta(days=29)
    workflow.confirm(pledged.pledge, actor=pledged.keeper, at=at)
    shown = card(pledged)
    assert shown["pledge"]["confirm_by"] == "2027-04-08" and entry(pledged).confirm_by == date(2027, 4, 8)
    assert [one["act"] for one in shown["history"]] == ["公开承诺", "年度确认"]
    code = SmartCode.objects.get(token_digest=leaves.subject(pledged.pledge.token))
    assert [proof["kind"] for proof in code.evidence] == ["pledge.published", "pledge.confirmed"]


def test_another_phone_is_on_the_page_at_once(pledged):
    pledged.institution.complaint_phone = "0990-7"
    pledged.institution.save()
    assert card(pledged)["institution"]["complaint_phone"] == "0990-7"


def test_the_poster_of_a_withdrawn_pledge_names_its_successor_a_year_later(pledged):
    w = pledged
    old = w.pledge.token
    ending.withdraw(w.pledge, "机构更名", actor=w.legal, at=NOON)
    assert codes.find(old)["successor"] == {}
    pledges.public(w, at=LATER - timedelta(days=12))
    shown = codes.find(old)
    assert codes.state_on(shown, DAY + timedelta(365)) == "withdrawn"
    assert shown["successor"] == {"number": w.pledge.number, "token": w.pledge.token} and w.pledge.token != old
    assert card(w)["state"] == "public" and entry(w).token == w.pledge.token


def test_an_accepted_remediation_is_on_the_page_of_the_old_pledge(pledged):
    w = pledges.withdrawn(pledged)
    row = ending.begin(w.withdrawal, actor=w.keeper, at=LATER)
    values = {"cause_found": "原因", "measures": "措施", "finished_on": ON, "file": w.paper}
    row = ending.submit(row, **values, actor=w.keeper, at=LATER)
    ending.review(row, accept=True, decision="可以", actor=pledges.regulator(w), at=LATER)
    assert [one["act"] for one in card(w)["history"]] == ["公开承诺", "撤销承诺", "整改经主管部门认可"]
    assert LedgerLeaf.objects.filter(kind="pledge.remedied").count() == 1


# --- the directory


def line(w):
    return DirectoryLine.objects.in_force(DAY).filter(line=w.scope.pk).first()


def test_a_new_institution_is_in_the_directory(db):
    make.institution("founded", region_code="110100")
    found = DirectoryEntry.objects.filter(slug="founded").values_list("region_code", "pledge", "lines").get()
    assert found == ("110100", "", 0)


def test_a_line_of_scope_is_in_the_directory_in_coherent_si(ready):
    found = line(ready)
    assert (found.si_unit, found.low, found.high, found.best) == ("m-1·kg1·s-2", 0, 2_500_000, 2000)
    assert (found.valid_from, found.valid_until) == (date(2024, 1, 1), date(2028, 12, 31))
    assert capabilities.cmc_of(found).at(Decimal(1)) == Decimal("0.002")
    assert (entry(ready).fields, entry(ready).lines) == (["压力"], 1)


@pytest.mark.parametrize("state", ["suspended", "withdrawn"])
def test_a_line_that_does_not_count_is_taken_out(ready, state):
    ready.scope.state, ready.scope.suspended_on = state, DAY
    ready.scope.save()
    assert line(ready) is None and (entry(ready).fields, entry(ready).lines) == ([], 0)


def test_a_line_ends_with_its_paper_and_with_its_site(ready):
    ready.qualification.valid_until = date(2027, 5, 1)
    ready.qualification.save()
    assert line(ready).valid_until == date(2027, 5, 1)
    ready.site.closed_on = date(2027, 4, 1)
    ready.site.save()
    assert line(ready).valid_until == date(2027, 4, 1)


def test_lines_of_an_institution_that_moves_move_with_it(ready):
    ready.institution.region_code = "110100"
    ready.institution.save()
    assert line(ready).region_code == entry(ready).region_code == "110100"


def test_what_is_the_same_stays_as_it_was(ready):
    before = line(ready).pk
    capabilities.refresh(entry(ready), at=NOON)
    assert line(ready).pk == before


@pytest.mark.parametrize(
    ("facts", "best"),
    [
        ({"cmc_form": "linear", "cmc_constant": "0.001", "cmc_slope": "0.01", "range_low": "1"}, "11000"),
        ({"cmc_form": "constant", "cmc_constant": "0.1", "cmc_relative": True, "cmc_unit": "%", "range_low": "1"}, "1000"),
        ({"cmc_form": "table", "cmc_points": "0 0.004\n2.5 0.003", "cmc_constant": "0"}, "3000"),
        ({"cmc_form": "constant", "cmc_constant": "2", "cmc_unit": "kPa"}, "2000"),
        ({"cmc_form": "constant", "cmc_constant": "2", "cmc_unit": "mm"}, None),
    ],
)  # fmt: skip
def test_no_uncertainty_on_the_line_is_smaller_than_the_best(ready, facts, best):
    ScopeItem.objects.filter(pk=ready.scope.pk).update(**facts)
    capabilities.refresh(entry(ready), at=NOON)
    assert line(ready).best == (Decimal(best) if best else None)


def test_a_scale_is_comparable_with_itself_only():
    assert coherent("HRC").key == "HRC" and coherent("MPa").key == coherent("kPa").key != coherent("N").key
    assert coherent("℃").value(Decimal(20)) == Decimal("293.15") and coherent("℃").difference(Decimal(2)) == 2
