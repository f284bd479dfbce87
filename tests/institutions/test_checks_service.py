"""Clauses decided by activities, awards, research and partners: one row suffices, and nothing less."""

from datetime import date, timedelta

import pytest

from institutions.models import (
    Award,
    Brand,
    Incentive,
    ResearchProject,
)
from tests import make
from tests.clauses import (
    A_YEAR_AGO,
    DATED,
    DAY,
    FIRST,
    HELD,
    TOO_LONG_AGO,
    WITHDRAWN,
    activity,
    change,
    declaration,
    document,
    judge,
    partnership,
    row,
    state,
)

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


@pytest.fixture
def lab():
    return make.institution()


def cooperation(lab):
    return partnership("cooperation", project=project(lab))(lab)


def project(lab, **values):
    values = {"lead": "self", "application": "新能源", "valid_from": FIRST, "valid_until": A_YEAR_AGO, **values}
    return row(ResearchProject, lab, title="在线校准", **values)


def award(lab):
    return row(
        Award, lab, kind="praise", title="感谢信", issuer="客户", awarded_on=date(2023, 3, 11), file=make.document(lab)
    )


def brand(lab):
    return row(Brand, lab, name="衡准", design="圆形标识")


def incentive(lab):
    rules, person = document(lab, "integrity_rules"), make.employment(lab)
    return row(Incentive, lab, kind="penalty", employment=person, decided_on=A_YEAR_AGO, reason="…", document=rules)


def nothing_to_reward(lab):
    return declaration(lab, "nothing_to_reward")


REVIEW = ["law", "social_impact", "public_welfare", "certifications", "credit", "esg"]
IMPACTS = ["quality", "safety", "environment", "energy", "public_health"]
DONE = {
    "A-5.4.1": (activity("integrity_culture"), HELD),
    "A-6.5.4": (activity("new_technology"), HELD),
    "B-6.4-f": (activity("public_welfare"), HELD),
    "B-6.4-h": (activity("policy_service"), HELD),
    "D-5.7.3": (activity("transfer"), HELD),
    "B-6-s1": (
        activity("csr_review", aspects=REVIEW),
        (*HELD, *({"aspects": [kept for kept in REVIEW if kept != name]} for name in REVIEW)),
    ),
    "B-6.4-e": (
        activity("csr_review", aspects=IMPACTS),
        (*HELD, *({"aspects": [kept for kept in IMPACTS if kept != name]} for name in IMPACTS)),
    ),
    "B-6.4-a": (partnership("society"), (*DATED, {"kind": "alliance"})),
    "B-6.4-d": (
        award, ({"awarded_on": date(2023, 3, 10)}, {"awarded_on": TOMORROW}, {"file": "quarantined"}, {"file": None}, WITHDRAWN),
    ),
    "B-6.5.1": (brand, ({"design": ""}, WITHDRAWN)),
    "B-5.5-s2": (incentive, ({"decided_on": TOO_LONG_AGO}, {"decided_on": TOMORROW}, WITHDRAWN)),
    "B-6.7.3": (
        project,
        ({"lead": "other"}, {"application": ""}, {"valid_until": TOO_LONG_AGO}, {"valid_from": TOMORROW, "valid_until": None}, WITHDRAWN),
    ),
    "D-5.6.3": (cooperation, (*DATED, {"project": None}, {"file": "quarantined"}, {"file": None}, {"kind": "alliance"})),
    "D-5.7.2": (
        partnership("alliance"), (*DATED, {"partners": ""}, {"file": "quarantined"}, {"file": None}, {"kind": "cooperation"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DONE)
def test_one_such_row_suffices_and_is_shown(lab, name):
    made = DONE[name][0](lab)
    found = judge(lab, name)
    assert (found.state, [row.row_id for row in found.evidence]) == ("met", [made.pk])


@pytest.mark.parametrize(("name", "changes"), [(name, spoilt) for name, case in DONE.items() for spoilt in case[1]])
def test_a_row_that_lacks_something_does_not_suffice(lab, name, changes):
    change(DONE[name][0](lab), **dict(changes))
    assert state(lab, name) == "not_met"


@pytest.mark.parametrize("name", DONE)
def test_such_a_row_of_another_institution_does_not_count(lab, name):
    DONE[name][0](make.institution("beta"))
    assert state(lab, name) == "not_met"


def test_activities_of_a_society_stand_for_membership(lab):
    activity("society")(lab)
    assert state(lab, "B-6.4-a") == "met"


@pytest.mark.parametrize("changes", [{"kind": "reward_penalty"}, WITHDRAWN])
def test_rewards_by_other_rules_prove_nothing_of_integrity(lab, changes):
    change(incentive(lab).document, **changes)
    assert state(lab, "B-5.5-s2") == "not_met"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "met"), (WITHDRAWN, "not_met"), ({"file": "quarantined"}, "not_met"), ({"kind": "premises"}, "not_met"),
        ({"valid_until": YESTERDAY}, "not_met"), ({"valid_from": DAY - timedelta(366)}, "not_met"),
    ],
)  # fmt: skip
def test_that_nobody_was_rewarded_is_signed(lab, changes, expected):
    signed = nothing_to_reward(lab)
    if changes:
        change(signed, **changes)
    assert state(lab, "B-5.5-s2") == expected


def test_a_joint_project_that_was_withdrawn_is_none(lab):
    change(cooperation(lab).project, **WITHDRAWN)
    assert state(lab, "D-5.6.3") == "not_met"


def test_a_project_without_an_end_is_active(lab):
    project(lab, valid_until=None)
    assert state(lab, "B-6.7.3") == "met"


def test_publicity_that_was_found_true_is_met_and_without_any_the_clause_asks_nothing(lab):
    made = activity("brand_publicity", checked_true=True)(lab)
    activity("culture")(lab)
    assert state(lab, "B-6.5.2-s2") == "met"
    change(made, held_on=TOO_LONG_AGO)
    assert state(lab, "B-6.5.2-s2") == "not_applicable"


def test_publicity_that_nobody_checked_is_named(lab):
    activity("brand_publicity", checked_true=True)(lab)
    untrue = activity("brand_publicity")(lab)
    found = judge(lab, "B-6.5.2-s2")
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [untrue.pk])
    change(untrue, **WITHDRAWN)
    assert state(lab, "B-6.5.2-s2") == "met"


def test_a_reward_or_an_activity_of_culture_honours_good_conduct(lab):
    assert state(lab, "B-6.5.5") == "not_applicable"
    made = incentive(lab)
    assert state(lab, "B-6.5.5") == "not_applicable"  # a penalty honours nobody
    change(made, kind="reward")
    assert state(lab, "B-6.5.5") == "met"


@pytest.mark.parametrize(("changes", "expected"), [({}, "met"), *((spoilt, "not_applicable") for spoilt in HELD)])
def test_an_activity_of_culture_honours_good_conduct(lab, changes, expected):
    made = activity("culture")(lab)
    if changes:
        change(made, **dict(changes))
    assert state(lab, "B-6.5.5") == expected


@pytest.mark.parametrize("changes", [{"decided_on": TOO_LONG_AGO}, WITHDRAWN])
def test_a_reward_of_another_year_or_withdrawn_honours_nobody(lab, changes):
    made = incentive(lab)
    change(made, **{"kind": "reward"} | changes)
    assert state(lab, "B-6.5.5") == "not_applicable"
