"""The verbs by which people decide about authorisations: propose, grant, decline, revoke."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal, Refused

from ..models import Authorisation, Employment
from .authorising import DECLINE, GRANT, PROPOSE, REVOKE, day_of
from .cases import in_turn
from .reconsidering import reconsider


def propose(employment: Employment, values: dict[str, Any], *, actor: Actor, at: datetime) -> Authorisation:
    """An authorisation waits for the technical manager. Raises: Refused.

    `values`: role, field, certificate_number, basis, valid_from, valid_until.
    """
    in_turn(employment.institution_id)
    blank = Authorisation(institution=employment.institution, employment=employment, state="", **values)
    with PROPOSE.applied_to(blank, actor=actor, at=at) as row:
        pass
    return row


def grant(row: Authorisation, *, actor: Actor, at: datetime) -> Authorisation:
    """The person may act in the role from now on, or from the day it begins. Raises: Refused with every clause at once.

    Nothing is granted for the past: what was done before today was done without it. Source: C-5.1.4.
    """
    in_turn(row.institution_id)
    with GRANT.applied_to(row, actor=actor, at=at) as row:
        row.granted_on, row.granted_by = day_of(at), actor.name
    reconsider(row.institution, day_of(at), at=at, person_ids=[row.employment.person_id])
    row.refresh_from_db()
    return row


def decline(row: Authorisation, reason: str, *, actor: Actor, at: datetime) -> Authorisation:
    """The proposal is off the table, with the reason. Raises: Refused."""
    with DECLINE.applied_to(row, actor=actor, at=at, reason=reason) as row:
        _explained(reason)
    return row


def revoke(row: Authorisation, reason: str, *, actor: Actor, at: datetime) -> Authorisation:
    """The person may not act in the role from today on; what was done before stays. Raises: Refused."""
    in_turn(row.institution_id)
    with REVOKE.applied_to(row, actor=actor, at=at, reason=reason) as row:
        _explained(reason)
        row.revoked_on = day_of(at)
    reconsider(row.institution, day_of(at), at=at, person_ids=[row.employment.person_id])
    return row


def _explained(reason: str) -> None:
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明原因，例如调岗、考核不合格。")))
