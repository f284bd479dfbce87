"""Clauses decided by scope, qualifications and authorisations as they were when measured, approved and issued."""

import json
from collections.abc import Collection, Iterator
from datetime import date

from django.db.models import QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.people import attended, by_rule, no_operator
from institutions.models import Authorisation, Employment, Institution, Qualification, ScopeItem, Site
from institutions.people.cases import cases_of, house_of
from institutions.people.rules import shortfalls
from institutions.scope import judging
from orders.models import Item
from portal import decimals
from portal.clauses import Evidence, State, Verdict, all_of, clause, none_in_breach, not_applicable
from portal.clock import CHINA

from ..models import Certificate, Procedure, RawRecord
from .rows import papers, records, shown_papers, year_before

Role = Authorisation.Role
GROUP = ("record__procedure_id", "record__site_id", "record__performed_on", "record__points")


class Scope:
    """The scope of an institution with its data sheets; asked about a point somewhere on a day."""

    def __init__(self, institution: Institution):
        self.book = judging.Book.of(institution.pk)
        fields = ("method_id", "definition__instrument", "definition__measurand", "definition__unit")
        found = Procedure.objects.filter(institution=institution).values_list("pk", *fields)
        self.procedures = {pk: facts for pk, *facts in found}

    def lines_at(self, procedure_id: int, site_id: int, on: date, text: str) -> tuple[ScopeItem, ...]:
        """The lines that cover the point, written in the unit of the data sheet, on that day."""
        method_id, instrument, measurand, unit = self.procedures[procedure_id]
        subject = judging.Subject(instrument, measurand, method_id, site_id, unit)
        return self.book.judge(subject, on, decimals.parse(text)).candidates


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
            any(line.qualification.valid_on(issued_on) for line in lines)
            for lines in (scope.lines_at(procedure, site, on, text) for text in json.loads(points))
        ]
        if not all(held):
            facts = dict(zip(GROUP, (procedure, site, on, json.loads(points)), strict=True))
            outside |= issued.filter(**facts, issued_on=issued_on)
    return none_in_breach(
        rows.count(), shown_papers(outside, institution), nothing=_bare(),
        advice=_("这些校准证书的依据资质在检校日或签发日无效。请作废，并通知客户。"),
    )  # fmt: skip


class Rights:
    """The authorisations of an institution and the papers behind them; asked about a person, a field and a day."""

    def __init__(self, institution: Institution, day: date):
        self.house, self.cases = house_of(institution, day), cases_of(institution)
        self.person_of: dict[int, int] = {}
        self.held: dict[tuple[int, str, str], list[Authorisation]] = {}
        for person_id, case in self.cases.items():
            self.person_of.update({row.pk: person_id for row in case.employments})
            for row in case.authorisations:
                self.held.setdefault((row.employment_id, row.field, row.role), []).append(row)

    def grant(self, employment_id: int, field: str, role: str, on: date) -> Authorisation | None:
        """The authorisation in the field by which the person, who worked here, held the role that day."""
        rows = self.held.get((employment_id, field, role), ())
        return next((row for row in rows if row.in_force_on(on) and row.employment.active_on(on)), None)

    def lacking(self, employment_id: int, field: str, role: str, on: date, clauses: Collection[str]) -> str:
        """What the person lacked that day: the authorisation, or what one of these clauses asks for behind it; or ""."""
        row = self.grant(employment_id, field, role, on)
        if row is None:
            return _("%(day)s 没有“%(field)s”%(role)s授权") % {"day": on, "field": field, "role": Role(role).label}
        case = self.cases[self.person_of[employment_id]]
        return next((one.text for one in shortfalls(self.house, case, row, on) if one.clause in clauses), "")


def _people(institution: Institution, breaches: dict[int, str]) -> list[Evidence]:
    rows = Employment.objects.filter(institution=institution, pk__in=breaches).order_by("pk")
    url = "institutions:person"
    return [
        Evidence(row.name, reverse(url, args=[institution.slug, row.ref]), breaches[row.pk], row.pk) for row in rows
    ]


ROLES = {Item.Activity.CALIBRATION: Role.CALIBRATOR, Item.Activity.VERIFICATION: Role.VERIFIER}

# Person, field, role, day.
Deed = tuple[int, str, str, date]


def _measured(rows: QuerySet[RawRecord]) -> Iterator[Deed]:
    names = ("operator_id", "procedure__definition__field", "item__activity", "performed_on")
    for operator, field, activity, on in rows.values_list(*names).distinct().order_by("performed_on", "operator_id"):
        yield operator, field, ROLES[activity], on


def _checked(rows: QuerySet[RawRecord], institution: Institution) -> Iterator[Deed]:
    found = Certificate.objects.filter(institution=institution, record__in=rows).exclude(checked_at=None)
    found = found.annotate(on=TruncDate("checked_at", tzinfo=CHINA)).order_by("on", "checker_id")
    for checker, field, on in found.values_list("checker_id", "record__procedure__definition__field", "on").distinct():
        yield checker, field, Role.CHECKER, on


def _entitled(institution: Institution, day: date, clauses: Collection[str], *, checkers: bool = False) -> Verdict:
    """Nobody measured (or checked) in the year without an authorisation, and these clauses spoke against none."""
    rows, rights = records(institution, day), Rights(institution, day)
    deeds = [*_measured(rows), *(_checked(rows, institution) if checkers else ())]
    breaches: dict[int, str] = {}
    for who, field, role, on in deeds:
        if lacking := rights.lacking(who, field, role, on, clauses):
            breaches[who] = lacking
    return none_in_breach(
        rows.count(), _people(institution, breaches), nothing=_("近 365 天没有提交的原始记录。"),
        advice=_("当天没有授权或资格。请补登证书，或由有授权、有资格的人重测。"),
        fix=reverse("portal:register", args=[institution.slug, "credentials"]),
    )  # fmt: skip


@clause("B-4.5-d")
def operators_and_checkers_were_entitled(institution: Institution, day: date) -> Verdict:
    """Whoever measured or checked had an authorisation in force and a credential for the field that day."""
    return _entitled(institution, day, {"B-4.5-d"}, checkers=True)


@clause("D-4.3.2-s2")
def operators_were_examined_and_entitled(institution: Institution, day: date) -> Verdict:
    """Whoever measured had passed the trainings, and had a credential and an authorisation that day."""
    return _entitled(institution, day, {"B-4.5-d", "C-5.1.4"})


trained = by_rule("C-5.1.4", Authorisation.OPERATORS, no_operator)


@clause("C-5.1.4")
def operators_were_trained_and_authorised(institution: Institution, day: date) -> Verdict:
    """Every authorisation to operate stands on the three trainings, and nobody measured without one."""
    now = trained(institution, day)
    if now.state == State.NOT_APPLICABLE:
        return now
    return all_of(now, _entitled(institution, day, ()))


@clause("B-6.1.5.1-h")
def operators_have_their_records(institution: Institution, day: date) -> Verdict:
    """Whoever measured within the year has a training and an authorisation on record. Supervision is not there yet."""
    rows = records(institution, day)
    operators = set(rows.values_list("operator_id", flat=True).distinct())
    taught = set(attended(institution, day).values_list("employment_id", flat=True))
    held = Authorisation.objects.filter(institution=institution, employment__in=operators, valid_from__lte=day)
    authorised = set(held.exclude(state__in=Authorisation.NOT_GRANTED).values_list("employment_id", flat=True))
    bare = {pk: _("没有授权记录") for pk in operators - authorised} | {
        pk: _("没有参训记录") for pk in operators - taught
    }
    return none_in_breach(
        operators, _people(institution, bare), nothing=_("近 365 天没有提交的原始记录。"),
        advice=_("请给这些人员补登培训和授权。"), rest=_("培训和授权记录齐全；质量监督尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


@clause("B-4.2-s3")
def measured_where_the_qualification_says(institution: Institution, day: date) -> Verdict:
    """Every calibration certificate was earned at an address that a qualification behind its points names.

    Where the addresses on the qualification were never recorded, nobody knows.
    """
    rows, scope = _calibrations(institution, day), Scope(institution)
    addresses = dict(Site.objects.filter(institution=institution).values_list("pk", "address"))
    outside, unstated = Certificate.objects.none(), set()
    for procedure, site, on, points in _groups(rows):
        for text in points:
            held = {line.qualification for line in scope.lines_at(procedure, site, on, text)}
            silent = {str(row) for row in held if not row.address_list}
            if any(row.address_list and row.names(addresses[site]) for row in held):
                continue
            if silent:
                unstated |= silent
            else:
                outside |= rows.filter(**dict(zip(GROUP, (procedure, site, on, points), strict=True)))
                break
    return none_in_breach(
        rows.count(), shown_papers(outside, institution), nothing=_bare(),
        advice=_("这些证书的检校地址不在资质证书上。请评估后作废，或办理资质的地址变更。"),
        rest=_("%(papers)s没有登记证书所载地址，不能核对。请补登。") % {"papers": "、".join(sorted(unstated))}
        if unstated else "",
    )  # fmt: skip


@clause("B-5.7-d-s2")
def signatories_were_authorised(institution: Institution, day: date) -> Verdict:
    """Every certificate was approved by somebody who could sign in its field that day."""
    rows, rights = papers(institution, day), Rights(institution, day)
    approved = rows.annotate(on=TruncDate("approved_at", tzinfo=CHINA))
    facts = approved.values_list("approver_id", "record__procedure__definition__field", "on").distinct()
    breaches = {
        approver: f"{on.isoformat()} {field}"
        for approver, field, on in facts.order_by("on")
        if rights.grant(approver, field, Role.SIGNATORY, on) is None
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
