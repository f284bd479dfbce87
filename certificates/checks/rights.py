"""Clauses decided by scope, qualifications and authorisations as they were when measured, approved and issued."""

import json
from datetime import date

from django.db.models import QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Authorisation, Employment, Institution, Qualification, ScopeItem
from orders.models import Item
from portal.clauses import Evidence, Verdict, clause, none_in_breach, not_applicable
from portal.clock import CHINA

from .. import decimals, units
from ..models import Certificate, Procedure
from .rows import papers, records, shown_papers, year_before

GROUP = ("record__procedure_id", "record__site_id", "record__performed_on", "record__points")


class Scope:
    """The lines of scope an institution ever had; asked whether one covers a point somewhere on a day.

    Whether a line was suspended then is not known: suspension has no date.
    """

    def __init__(self, institution: Institution):
        self.lines = list(ScopeItem.objects.filter(institution=institution).select_related("qualification"))
        fields = ("method_id", "definition__instrument", "definition__measurand", "definition__unit")
        found = Procedure.objects.filter(institution=institution).values_list("pk", *fields)
        self.procedures = {pk: facts for pk, *facts in found}

    def lines_at(self, procedure_id: int, site_id: int, on: date, text: str) -> list[ScopeItem]:
        """The lines that cover the point, written in the unit of the data sheet, on that day."""
        method_id, instrument, measurand, unit = self.procedures[procedure_id]
        return [
            line
            for line in self.lines
            if (line.method_id, line.instrument, line.measurand, line.site_id)
            == (method_id, instrument, measurand, site_id)
            and line.valid_from <= on and (line.valid_until is None or on <= line.valid_until)
            and _covers(line, text, unit)
        ]  # fmt: skip


def _covers(line: ScopeItem, text: str, unit: str) -> bool:
    value = decimals.parse(text)
    try:
        return line.covers(value if unit == line.unit else units.convert(value, unit, line.unit))
    except units.UnknownUnit:
        return False


def _calibrations(institution: Institution, day: date) -> QuerySet[Certificate]:
    return papers(institution, day, Certificate.Kind.CALIBRATION)


def _bare() -> str:
    return _("近 365 天没有签发校准证书。")


@clause("A-6.1.3", "B-5.8-e")
def inside_scope(institution: Institution, day: date) -> Verdict:
    """Every point of a calibration certificate lies inside a line of scope valid on the day of measurement."""
    rows, scope = _calibrations(institution, day), Scope(institution)
    outside = Certificate.objects.none()
    for procedure, site, on, points in _groups(rows):
        if not all(scope.lines_at(procedure, site, on, text) for text in points):
            outside |= rows.filter(**dict(zip(GROUP, (procedure, site, on, points), strict=True)))
    return none_in_breach(
        rows.count(), shown_papers(outside, institution), nothing=_bare(),
        advice=_("这些校准证书有检校点超出能力范围。请作废，并通知客户。"),
    )  # fmt: skip


def _groups(rows: QuerySet[Certificate]) -> list[tuple[int, int, date, list[str]]]:
    """Certificates that scope cannot tell apart, once each."""
    found = {(p, s, on, json.dumps(points)) for p, s, on, points in rows.values_list(*GROUP).distinct()}
    return [(p, s, on, json.loads(points)) for p, s, on, points in sorted(found)]


@clause("B-4.3-s2")
def qualifications_were_valid(institution: Institution, day: date) -> Verdict:
    """Behind every point stands a qualification valid on the day of measurement and on the day of issue."""
    rows, scope = _calibrations(institution, day), Scope(institution)
    issued = rows.annotate(issued_on=TruncDate("issued_at", tzinfo=CHINA))
    outside = Certificate.objects.none()
    groups = {
        (*group[:3], json.dumps(group[3]), group[4]) for group in issued.values_list(*GROUP, "issued_on").distinct()
    }
    for procedure, site, on, points, issued_on in sorted(groups):
        held = [
            any(line.qualification.valid_on(on) and line.qualification.valid_on(issued_on) for line in lines)
            for lines in (scope.lines_at(procedure, site, on, text) for text in json.loads(points))
        ]
        if not all(held):
            facts = dict(zip(GROUP, (procedure, site, on, json.loads(points)), strict=True))
            outside |= issued.filter(**facts, issued_on=issued_on)
    return none_in_breach(
        rows.count(), shown_papers(outside, institution), nothing=_bare(),
        advice=_("这些校准证书的依据资质在检校日或签发日无效。请作废，并通知客户。"),
    )  # fmt: skip


class Grants:
    """The authorisations of an institution; asked whether a person held one in a field on a day."""

    def __init__(self, institution: Institution):
        self.held: dict[tuple[int, str], list[Authorisation]] = {}
        rows = Authorisation.objects.filter(institution=institution).select_related("employment")
        for row in rows:
            self.held.setdefault((row.employment_id, row.field), []).append(row)

    def holds(self, employment_id: int, field: str, role: str, on: date) -> bool:
        """Whether the person worked here that day and held the role in the field."""
        return any(
            row.role == role and row.in_force_on(on) and row.employment.active_on(on)
            for row in self.held.get((employment_id, field), ())
        )


def _people(institution: Institution, breaches: dict[int, str]) -> list[Evidence]:
    rows = Employment.objects.filter(institution=institution, pk__in=breaches).order_by("pk")
    url = "institutions:person"
    return [
        Evidence(row.name, reverse(url, args=[institution.slug, row.ref]), breaches[row.pk], row.pk) for row in rows
    ]


ROLES = {
    Item.Activity.CALIBRATION: Authorisation.Role.CALIBRATOR,
    Item.Activity.VERIFICATION: Authorisation.Role.VERIFIER,
}


@clause("B-4.5-d", "C-5.1.4")
def operators_were_authorised(institution: Institution, day: date) -> Verdict:
    """Nobody measured without an authorisation for it. Credentials and training are not recorded yet."""
    rows, grants = records(institution, day), Grants(institution)
    done = rows.values_list("operator_id", "procedure__definition__field", "item__activity", "performed_on").distinct()
    breaches = {
        operator: f"{on.isoformat()} {field} {ROLES[activity].label}"
        for operator, field, activity, on in done.order_by("performed_on")
        if not grants.holds(operator, field, ROLES[activity], on)
    }
    return none_in_breach(
        rows.count(), _people(institution, breaches), nothing=_("近 365 天没有提交的原始记录。"),
        advice=_("检校当天没有授权。请由有授权的人重测。"),
        rest=_("检校当天都有授权；资格证和培训考核尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


@clause("B-5.7-d-s2")
def signatories_were_authorised(institution: Institution, day: date) -> Verdict:
    """Every certificate was approved by somebody who could sign in its field that day."""
    rows, grants = papers(institution, day), Grants(institution)
    approved = rows.annotate(on=TruncDate("approved_at", tzinfo=CHINA))
    facts = approved.values_list("approver_id", "record__procedure__definition__field", "on").distinct()
    breaches = {
        approver: f"{on.isoformat()} {field}"
        for approver, field, on in facts.order_by("on")
        if not grants.holds(approver, field, Authorisation.Role.SIGNATORY, on)
    }
    return none_in_breach(
        rows.count(), _people(institution, breaches), nothing=_("近 365 天没有签发证书。"),
        advice=_("批准当天没有该专业的签字授权。请由有授权的人重新批准。"),
    )  # fmt: skip


@clause("C-4.1.2-c-s1")
def verifies_under_authorisation(institution: Institution, day: date) -> Verdict:
    """Verifications for others are taken under a metrological authorisation valid that day."""
    held = Qualification.objects.filter(institution=institution)
    if held.filter(kind=Qualification.Kind.LEGAL_INSTITUTION).valid_on(day).exists():
        return not_applicable(_("法定计量检定机构。"))
    items = Item.objects.filter(
        institution=institution, activity=Item.Activity.VERIFICATION, received_on__range=year_before(day)
    )
    authorised = list(held.filter(kind=Qualification.Kind.AUTHORISATION))
    days = items.values_list("received_on", flat=True).distinct()
    bare = [on for on in days if not any(row.valid_on(on) for row in authorised)]
    url = "orders:item"
    return none_in_breach(
        items.count(),
        [
            Evidence(str(row), reverse(url, args=[institution.slug, row.ref]), row.received_on.isoformat(), row.pk)
            for row in items.filter(received_on__in=bare).order_by("pk")
        ],
        nothing=_("近 365 天没有接收检定样品。"), advice=_("接收当天没有计量授权，不得对外检定。请先取得授权。"),
    )  # fmt: skip
