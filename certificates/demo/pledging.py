"""Pledges of the demonstration: drawn up, signed, confirmed, fallen and remedied by the verbs, each on its day of the past."""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from commitments import ending, wording, workflow
from commitments.models import Commitment, CommitmentTemplate, CommitmentWithdrawal
from institutions.access import regulator_actor
from institutions.models import User
from portal import stepup
from portal.actors import Actor
from portal.models import StepUp
from portal.permissions import Role
from portal.tenancy import scope

from . import registers
from .laboratory import Laboratory, instant

WORDING = Path(__file__).parent / "wording.toml"
# Where the institution and its key persons are looked for on the eve of every pledge and every confirmation.
SEARCHES = (
    {"source": "dishonesty"}, {"source": "penalties"}, {"source": "penalties", "key_person": "head"},
    {"source": "penalties", "key_person": "chief"},
)  # fmt: skip
SEARCHED = {"result": "nothing", "checked_by": "quality", "file": "查询截图（示）.pdf"}


def lay_down(regulator: User, today: date) -> None:
    """The regulator's region has a wording of its own, in force for years. Twice is harmless."""
    with scope(user_id=regulator.pk):
        actor = regulator_actor(regulator)
    [region] = actor.regions
    if CommitmentTemplate.objects.filter(region_code=region).exists():
        return
    plan = tomllib.loads(WORDING.read_text(encoding="utf-8"))
    day = today + timedelta(plan.pop("from"))
    with scope(user_id=regulator.pk, region=region):
        drafted = wording.draft(region, plan, actor=actor, at=instant(day, 9))
        wording.activate(drafted, day, actor=actor, at=instant(day, 10))


def tell(lab: Laboratory, regulator: User) -> None:
    """Every pledge of the plan has come as far as it says, the oldest first. Needs the scope of the institution."""
    days = (day - 1 for row in lab.plan["pledges"] for day in (row["published"], *row.get("confirmed", ())))
    searches = [one | SEARCHED | {"checked_on": day} for day in days for one in SEARCHES]
    registers.record(lab, "register-checks", *searches)
    for row in lab.plan["pledges"]:
        pledge = _publish(lab, lab.day(row["published"]))
        for day in row.get("confirmed", ()):
            remark = lab.says("逐项核对过承诺条件，均无变化")
            workflow.confirm(pledge, remark, actor=lab.actor("quality"), at=instant(lab.day(day), 10))
        if "fell" in row:
            _remedy(lab, _fall(lab, row["fell"]), row["remedy"], regulator)


def _publish(lab: Laboratory, day: date) -> Commitment:
    """Drawn up by the quality manager, checked by a colleague, signed on the screen, and public the same afternoon."""
    quality, legal = lab.actor("quality"), lab.actor("legal")
    row = workflow.draft(lab.institution, actor=quality, at=instant(day, 9))
    row = workflow.check(row, actor=lab.actor("metrology"), at=instant(day, 10))
    act, seen = workflow.SIGN.name_for(row), workflow.digest(row)
    stepup.grant(legal.user_id, act, row, sha256=seen, method=StepUp.Method.COMMAND)
    row = workflow.sign(row, actor=legal, at=instant(day, 14))
    return workflow.publish(row, actor=quality, at=instant(day, 15))


def _fall(lab: Laboratory, plan: dict[str, Any]) -> CommitmentWithdrawal:
    """The pledge has fallen on the day: by the cause that the plan names, or by what stands in the registers."""
    day = lab.day(plan["day"])
    at = instant(day, 0, 1)
    if "cause" in plan:
        return ending.fall(lab.institution, plan["cause"], lab.says(plan["reason"]), None, on=day, at=at)
    return ending.reconsider(lab.institution, at=at)


def _remedy(lab: Laboratory, withdrawal: CommitmentWithdrawal, plan: dict[str, Any], regulator: User) -> None:
    """The institution has handed in what it found and did; the regulator has accepted it when the plan says so."""
    quality, day = lab.actor("quality"), lab.day(plan["day"])
    row = ending.begin(withdrawal, actor=quality, at=instant(withdrawal.trigger_on, 10))
    row = ending.submit(
        row, cause_found=lab.says(plan["cause_found"]), measures=lab.says(plan["measures"]), finished_on=day,
        file=registers.document(lab, "整改证据（示）.pdf"), actor=quality, at=instant(day, 16),
    )  # fmt: skip
    if "accepted" in plan:
        at = instant(lab.day(plan["accepted"]), 11)
        _accept(lab, row, lab.says(plan["decision"]), regulator, at)


def _accept(lab: Laboratory, row: Any, decision: str, regulator: User, at: datetime) -> None:
    with scope(user_id=regulator.pk):
        [region] = regulator_actor(regulator).regions
    actor = Actor.member(
        name=regulator.name, user_id=regulator.pk, institution_id=lab.institution.pk, roles=[Role.REGULATOR],
        regions=(region,),
    )  # fmt: skip
    with scope(institution_id=lab.institution.pk, user_id=regulator.pk, region=region):
        ending.review(row, accept=True, decision=decision, actor=actor, at=at)
