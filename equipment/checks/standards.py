"""Clauses decided by measurement standards: entitled to what they do, filed, answered for, with their file set."""

from datetime import date

from django.db.models import Case, Max, Q, When
from django.utils.translation import gettext as _

from institutions.checks.rows import current, listed, page
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach

from ..models import MeasurementStandard, StandardPaper
from ..standards import facts, files, rules
from .rows import no_standard_in_use, standard, standards_in_use

Kind = MeasurementStandard.Kind


def _seen(institution: Institution, day: date) -> list[MeasurementStandard]:
    return list(facts.seen_on(standards_in_use(institution, day), day))


def _lacking(row: MeasurementStandard, day: date) -> str:
    """What the standard lacks of the procedure for its kind; "" when that is complete."""
    if not row.assessed_for(day):
        return _("没有有效的考核证书")
    if row.kind == Kind.SOCIAL_PUBLIC and not rules.has_social_certificate(row, day):
        return _("没有有效的社会公用计量标准证书")
    approved = row.approved and row.approved_on and row.approved_on <= day
    if row.kind == Kind.HIGHEST and not approved and not row.entitled:
        return _("没有本单位的批准")
    return ""


@clause("C-4.1.2")
def procedures_are_complete(institution: Institution, day: date) -> Verdict:
    """Every standard in use was assessed and has what its kind asks for: social certificate, or approval of the unit."""
    rows = _seen(institution, day)
    breaches = [standard(institution, row, text) for row in rows if (text := _lacking(row, day))]
    return none_in_breach(
        rows, breaches, nothing=no_standard_in_use(), advice=_("请补办这些手续并登记；办好之前停用。"),
        fix=listed(institution, "measurement-standards"),
    )  # fmt: skip


@clause("C-5.1.1-s3")
def standards_have_a_responsible_person(institution: Institution, day: date) -> Verdict:
    """Whoever answers for a standard in use works here, and is an engineer or higher or a registered metrologist."""
    rows = _seen(institution, day)
    wrong = [
        standard(institution, row, row.responsible.name)
        for row in rows
        if not (row.responsible_there and row.responsible_qualified)
    ]
    return none_in_breach(
        rows, wrong, nothing=no_standard_in_use(),
        advice=_("计量标准负责人须在职，且有工程师以上职称或注册计量师证书。请登记证书，或指定新的负责人。"),
        fix=listed(institution, "credentials"),
    )  # fmt: skip


def _filed(institution: Institution, kind: str, day: date) -> Verdict:
    rows = standards_in_use(institution, day).filter(kind=kind)
    bare = rows.filter(Q(filing_number="") | Q(filed_on=None) | Q(filed_on__gt=day))
    return none_in_breach(
        rows.count(), [standard(institution, row, _("没有备案号或备案日期")) for row in bare],
        nothing=_("没有在用的%(kind)s。") % {"kind": Kind(kind).label},
        advice=_("请在指定系统备案，登记备案号和备案日期。"), fix=listed(institution, "measurement-standards"),
    )  # fmt: skip


@clause("A-6.1.2-s1")
def public_standards_are_filed(institution: Institution, day: date) -> Verdict:
    """Every social public standard in use is filed in the official system."""
    return _filed(institution, Kind.SOCIAL_PUBLIC, day)


@clause("A-6.1.2-s2")
def highest_standards_are_filed(institution: Institution, day: date) -> Verdict:
    """Every highest standard in use is filed in the official system."""
    return _filed(institution, Kind.HIGHEST, day)


@clause("C-7.1.2-s2")
def file_sets_are_kept_up(institution: Institution, day: date) -> Verdict:
    """The file set of every standard in use is complete and was looked through within the year."""
    rows = _seen(institution, day)
    papers = current(StandardPaper, institution).filter(standard__in=[row.pk for row in rows], dated_on__lte=day)
    looked = Case(When(reviewed_on__lte=day, then="reviewed_on"), default="dated_on")
    seen = papers.values_list("standard").annotate(last=Max(looked))
    last = dict(seen.order_by("standard"))
    breaches = [found for row in rows if (found := _behind(institution, row, last.get(row.pk), day))]
    return none_in_breach(
        rows, breaches, nothing=no_standard_in_use(), advice=_("请补齐文件集；满一年没有核对的，逐份核对并登记日期。"),
        fix=page(institution, "standard-papers"),
    )  # fmt: skip


def _behind(institution: Institution, row: MeasurementStandard, last: date | None, day: date) -> Evidence | None:
    if missing := files.missing(row):
        return standard(
            institution, row, _("缺%(names)s") % {"names": _("、").join(str(kind.label) for kind in missing)}
        )
    if files.review_is_due(last, day):
        return standard(institution, row, _("最近核对 %(day)s") % {"day": last or _("没有登记")})
    return None
