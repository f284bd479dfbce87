"""What the today page says of refusals and of clauses, and to whom."""

from datetime import timedelta

import pytest

from equipment.life import workflow
from equipment.models import Equipment
from portal import audit, panels, standing
from portal.clauses import State, Verdict
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    institution = make.institution()
    with tenant(institution.pk):
        yield institution


def refused(lab, actor):
    """A piece of equipment whose return to use was refused to this actor."""
    row = make.equipment(lab, make.site(lab, name=f"场所 {actor.name}"), state=Equipment.State.QUARANTINED)
    with pytest.raises(Refused):
        workflow.return_to_use(row, "修好了", actor=actor, at=make.NOON)
    return row


def keeper(lab, name):
    who = make.actor(lab, Role.METROLOGY_MANAGER, name=name)
    return who


def lately(actor, lab):
    from django.utils import timezone

    panel = panels.refused_lately(actor, lab, timezone.localdate())
    return panel.context["rows"] if panel else []


def test_whoever_reads_the_trail_sees_everybody_s_refusals_with_reason_and_link(lab):
    row = refused(lab, keeper(lab, "沈若川"))
    [told] = lately(make.actor(lab, Role.SUPERVISOR), lab)
    assert (told["who"], told["url"], told["act"]) == ("沈若川", row.get_absolute_url(), "投入使用")
    assert told["reasons"]


def test_others_see_their_own_refusals_only(lab):
    mine, theirs = keeper(lab, "沈若川"), keeper(lab, "许知远")
    row = refused(lab, mine)
    refused(lab, theirs)
    assert [told["url"] for told in lately(mine, lab)] == [row.get_absolute_url()]


def test_without_a_refusal_there_is_no_panel(lab):
    assert lately(make.actor(lab, Role.SUPERVISOR), lab) == []


def test_an_act_that_succeeded_is_no_refusal(lab):
    audit.record(keeper(lab, "沈若川"), "equipment.register", make.equipment(lab, make.site(lab)))
    assert lately(make.actor(lab, Role.SUPERVISOR), lab) == []


def test_before_the_first_evaluation_the_panel_says_what_to_do(lab, client):
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    assert "还没有评定过" in client.get("/i/alpha/").content.decode()


def test_a_clause_that_got_worse_within_a_week_is_told(lab, monkeypatch):
    def verdicts(state):
        return lambda institution, day: {"A-6.2.2": Verdict(state, advice="设备过期。请送检。")}

    for day, state in ((make.DAY - timedelta(days=20), State.MET), (make.DAY, State.NOT_MET)):
        monkeypatch.setattr(standing, "evaluate", verdicts(state))
        standing.store(lab, day)
    context = panels.compliance_now(make.actor(lab, Role.QUALITY_MANAGER), lab, make.DAY).context
    assert [(one["clause"].id, one["was"], one["became"]) for one in context["changes"]] == [
        ("A-6.2.2", "符合", "不符合")
    ]
    assert [fact.text for fact in context["worst"]] == ["设备过期"]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CHECKER, Role.SIGNATORY, Role.RECEPTIONIST])
def test_whoever_does_not_answer_for_the_institution_is_spared_the_clauses(lab, role):
    assert panels.compliance_now(make.actor(lab, role), lab, make.DAY) is None


def test_an_operator_with_nothing_due_has_no_empty_card(lab):
    operator = make.actor(lab, Role.OPERATOR)
    assert panels.due_dates(operator, lab, make.DAY) is panels.due_dates_told(operator, lab, make.DAY) is None


def test_a_quality_manager_reads_that_nothing_is_due(lab):
    assert panels.due_dates(make.actor(lab, Role.QUALITY_MANAGER), lab, make.DAY).context["rows"] == []
