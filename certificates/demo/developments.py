"""What has happened with people, documents and methods of the demonstration: by the verbs, and by the portal itself."""

from institutions import reading
from institutions.models import Employment, EmploymentConflict, ScopeItem
from institutions.people import granting, staff
from institutions.people.reconsidering import reconsider
from institutions.scope import standing
from portal import absence, inbox, sealing
from portal.actors import Actor
from portal.models import Absence
from portal.permissions import Permission
from portal.transitions import Refused

from . import registers
from .laboratory import Laboratory, instant


def authorise(lab: Laboratory) -> None:
    """What the plan says about authorisations and readings has happened, and the portal has drawn its conclusions."""
    for row in lab.plan.get("authorisations", ()):
        _authorise(lab, row)
    for row in lab.plan.get("readings", ()):
        for name in registers.people(lab, row["who"]):
            if name not in row.get("but", ()):
                for document in row["documents"]:
                    reading.confirm(lab.named[document], actor=lab.actor(name), at=lab.now)
    reconsider(lab.institution, lab.day(0), at=lab.now)
    for row in lab.plan.get("stopped", ()):
        _stop_for_a_while(lab, row)


def _stop_for_a_while(lab: Laboratory, row: dict) -> None:
    """A line of scope was suspended and lifted again, each on its day."""
    line = ScopeItem.objects.get(institution=lab.institution, instrument=row["line"])
    first, last, quality = lab.day(row["from"]), lab.day(row["until"]), lab.actor("quality")
    line = standing.suspend_line(line, first, lab.says(row["reason"]), actor=quality, at=instant(first, 9))
    standing.resume_line(line, lab.says(row["lifted"]), actor=quality, at=instant(last, 9))


def _authorise(lab: Laboratory, row: dict) -> None:
    """Proposed by the quality manager; granted, declined or revoked as the plan says."""
    values = {
        "role": row["role"], "field": row.get("field", ""), "certificate_number": lab.says(row["number"]), "basis": "",
        "valid_from": lab.day(row["from"]), "valid_until": lab.day(row["until"]),
    }  # fmt: skip
    quality, technical = lab.actor("quality"), lab.actor("technical")
    proposed = granting.propose(lab.employments[f"{lab.prefix}-{row['who']}"], values, actor=quality, at=lab.now)
    match row["ends"]:
        case "declined":
            granting.decline(proposed, lab.says(row["reason"]), actor=quality, at=lab.now)
        case "granted":
            granting.grant(proposed, actor=technical, at=lab.now)
        case "revoked":
            granted = granting.grant(proposed, actor=technical, at=lab.now)
            granting.revoke(granted, lab.says(row["reason"]), actor=technical, at=lab.now)


def care_for_alerts(lab: Laboratory) -> None:
    """Of the first reminders one is assigned and one put off; somebody is away, and another is told of the same things.

    A laboratory where somebody has named a substitute, or done everything, stays as it is. Needs its scope and its actors.
    """
    quality, technical, checker = (lab.actor(role) for role in ("quality", "technical", "checker"))
    told = inbox.latest(inbox.waiting(inbox.inbox(quality, lab.day(0)), lab.day(0))).order_by("due_on", "pk")[:2]
    if len(told) < 2 or Absence.objects.filter(institution=lab.institution).exists():
        return
    assigned, put_off = told
    inbox.assign(assigned, technical.user_id, actor=quality, at=lab.now)
    reason = lab.says("已与责任部门约好，本周内办完")
    inbox.snooze(put_off, lab.day(5), reason=reason, actor=quality, at=lab.now)
    absence.announce(technical.user_id, checker.user_id, lab.day(-1), lab.day(6), actor=technical, at=lab.now)


def try_to_employ(lab: Laboratory, other: Employment) -> None:
    """The laboratory has tried to employ somebody who works elsewhere, and it is on record. Twice is harmless.

    Needs the scope of the laboratory; `other` was read in that of its own.
    """
    if EmploymentConflict.objects.filter(institution=lab.institution).exists():
        return
    keeper = Actor(
        name="system:demo", institution_id=lab.institution.pk,
        permissions=frozenset({Permission.PEOPLE_KEEP, Permission.PERSON_IDENTIFY}),
    )  # fmt: skip
    values = {
        "name": lab.says(other.name), "birth_date": other.birth_date, "post": lab.says("检定员"),
        "staff_number": f"{lab.institution.short_code}900", "started_on": lab.day(-20),
    }  # fmt: skip
    try:
        staff.employ(values, id_number=sealing.unseal(other.id_number_sealed), actor=keeper, at=lab.now)
    except Refused:
        return
    raise ValueError(f"{lab.institution.slug} employs somebody who works elsewhere")
