"""What has happened with people, documents and methods of the demonstration: by the verbs, and by the portal itself."""

from institutions import reading
from institutions.models import Employment, EmploymentConflict
from institutions.people import granting, staff
from institutions.people.reconsidering import reconsider
from portal import sealing
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refused

from . import registers
from .laboratory import Laboratory


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
