"""Who may work with a measurement standard."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from institutions.models import Employment
from portal.actors import Actor

from ..models import MeasurementStandard
from .facts import engineers_on, entitled_on


@dataclass(frozen=True)
class Entitled:
    """Somebody who may verify or calibrate with the standard, and as what."""

    employment: Employment
    roles: str


def entitled_people(standard: MeasurementStandard, day: date, actor: Actor) -> list[Entitled]:
    """Those at work that day with an authorisation in the field of the standard, by name. One query. Source: C-5.1.1-s2."""
    if not standard.field:
        return []
    grants = entitled_on(day).visible_to(actor).filter(institution_id=standard.institution_id, field=standard.field)
    found: dict[int, tuple[Employment, list[str]]] = {}
    for grant in grants.select_related("employment").order_by("employment__name", "employment_id", "role"):
        roles = found.setdefault(grant.employment.person_id, (grant.employment, []))[1]
        if grant.get_role_display() not in roles:
            roles.append(grant.get_role_display())
    return [Entitled(employment, _("、").join(roles)) for employment, roles in found.values()]


def is_engineer(employment: Employment, day: date) -> bool:
    """Whether the person is a registered metrologist, or an engineer or above, that day. One query. Source: C-5.1.1-s3."""
    return engineers_on(day).filter(employment__person_id=employment.person_id).exists()
