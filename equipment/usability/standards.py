"""Measurement standards on a day: what their own rules say, and what is against their parts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.transitions import Refusal

from ..models import Equipment, MeasurementStandard, StandardPart
from ..standards.facts import standing_on
from ..standards.rules import rules_against
from .devices import reasons_of, usable_on


def standard_reasons(
    standard: MeasurementStandard, day: date, *, activity: str, external_customer: bool, mandatory: bool,
    instrument: str = "", measurand: str = "", low: Decimal | None = None, high: Decimal | None = None,
    unit: str = "", site_id: int | None = None,
) -> list[Refusal]:  # fmt: skip
    """Everything against using the standard that day for that work: its own rules first, then those of its parts.

    `activity`: "verification" or "calibration". `external_customer`: for somebody else; `mandatory`: of an instrument under
    mandatory verification. `instrument`, `measurand`: as its items on the certificate call them, blanks aside. `low`,
    `high`: the range that is measured, in `unit`, which is converted; one alone is a point. `site_id`: where. What is not
    named narrows nothing. Empty: it may be used. Three queries. Source: A-6.1.1, C-4.1.2, A-6.2.2, C-5.5.4.
    """
    own = rules_against(
        standard, day, activity=activity, external_customer=external_customer, mandatory=mandatory,
        instrument=instrument, measurand=measurand, low=low, high=high, unit=unit, site_id=site_id,
    )  # fmt: skip
    found = parts_against(standard, day)
    return [*own, *(refusal for refusals in found.values() for refusal in refusals)]


def standards_usable_on(rows: QuerySet[MeasurementStandard], day: date) -> QuerySet[MeasurementStandard]:
    """Those of the rows against which `standard_reasons` says nothing, for work inside the institution that no law asks
    for; for a list to choose from. What other work asks besides, `standard_reasons` says. No query of its own.
    """
    usable = usable_on(Equipment.objects.filter(pk=OuterRef("equipment")), day)
    begun, there = Q(added_on=None) | Q(added_on__lte=day), Q(removed_on=None) | Q(removed_on__gt=day)
    parts = StandardPart.objects.filter(begun, there, standard=OuterRef("pk"))
    return standing_on(rows, day).filter(~Exists(parts.filter(~Exists(usable))))


def parts_of(standard: MeasurementStandard, day: date) -> list[Equipment]:
    """What the standard was made of that day. One query."""
    parts = standard.parts.select_related("equipment__institution").order_by("role", "pk")
    return [part.equipment for part in parts if part.there_on(day)]


def parts_against(standard: MeasurementStandard, day: date) -> Mapping[Equipment, list[Refusal]]:
    """What is against each part of the standard that day. Two queries."""
    parts = parts_of(standard, day)
    found = reasons_of(parts, day)
    return {part: found[part.pk] for part in parts}
