"""Clauses decided by legal status, licences and other papers of the institution itself."""

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from stdnum.cn import uscc

from portal.clauses import Evidence, State, Verdict, all_of, clause, existing, none_in_breach, not_applicable
from portal.registers.verbs import accepted

from ..models import Declaration, Institution, KeyPerson, LegalStatus, Qualification
from .rows import current, declarations, evidence, lines, listed, page, status

Form, Status = LegalStatus.LegalForm, LegalStatus.BusinessStatus


def _paper(institution: Institution, row: Qualification, text: str = "") -> Evidence:
    return evidence(institution, "qualifications", row, text)


def _valid(institution: Institution, day: date, *kinds: str) -> list[Qualification]:
    rows = Qualification.objects.filter(institution=institution, kind__in=kinds).valid_on(day)
    return list(rows.select_related("file", "annex").order_by("kind", "pk"))


def _stated(institution: Institution, day: date) -> tuple[LegalStatus | None, Verdict | None]:
    """The legal status of the day, or the verdict that none is on record."""
    known = status(institution, day)
    if known is None:
        advice = _("还没有登记法律地位。请登记法律形式和经营状态。")
        return None, Verdict(State.NOT_MET, {}, (), advice, page(institution, "legal-status"))
    return known, None


@clause("A-4.1.1")
def licensed_and_operating(institution: Institution, day: date) -> Verdict:
    """A business licence, or what a public institution is founded by, is in force, and the institution operates."""
    licence = existing(
        [_paper(institution, row) for row in _valid(institution, day, Qualification.Kind.BUSINESS_LICENCE)],
        advice=_("没有当天有效的营业执照或法人登记证书。请登记证照及其有效期。"),
        fix=page(institution, "qualifications", kind=Qualification.Kind.BUSINESS_LICENCE),
    )
    known, unsaid = _stated(institution, day)
    if unsaid:
        return all_of(licence, unsaid)
    stopped = known.business_status != Status.OPERATING
    breaches = [evidence(institution, "legal-status", known, known.get_business_status_display())] if stopped else []
    return all_of(licence, none_in_breach(1, breaches, nothing="", advice=_("机构当天不在经营状态。")))


@clause("C-4.1.1-s1")
def lawfully_founded(institution: Institution, day: date) -> Verdict:
    """The credit code is well formed, and a licence or founding paper in force is on file. Source: GB 32100-2015."""
    if not uscc.is_valid(institution.credit_code):
        wrong = Evidence(institution.credit_code, reverse("institutions:profile", args=[institution.slug]))
        return none_in_breach(1, [wrong], nothing="", advice=_("统一社会信用代码的格式或校验位不对。请核对后更正。"))
    rows = [row for row in _valid(institution, day, Qualification.Kind.BUSINESS_LICENCE) if accepted(row.file)]
    return existing(
        [_paper(institution, row) for row in rows],
        advice=_("没有当天有效且附有文件的营业执照或法人登记证书。请登记并上传。"),
        fix=listed(institution, "qualifications"),
    )


@clause("B-4.1-s1")
def legal_entity_or_part_of_one(institution: Institution, day: date) -> Verdict:
    """A legal person or other organisation with its code, or a part of one that names it."""
    known, unsaid = _stated(institution, day)
    if unsaid:
        return unsaid
    whole = known.legal_form in (Form.LEGAL_PERSON, Form.OTHER_ORGANISATION) and uscc.is_valid(institution.credit_code)
    part = known.legal_form == Form.DEFINED_PART and known.parent_entity
    breaches = [] if whole or part else [evidence(institution, "legal-status", known)]
    return none_in_breach(
        1, breaches, nothing="", advice=_("内设机构要写明上级法人；法人要有正确的统一社会信用代码。请更正法律地位。")
    )


@clause("C-4.1.1-s3")
def authorised_by_the_legal_person(institution: Institution, day: date) -> Verdict:
    """A part of a legal person holds its authorisation, on file and in date."""
    known, unsaid = _stated(institution, day)
    if unsaid:
        return unsaid
    if known.legal_form != Form.DEFINED_PART:
        return not_applicable(_("本机构是独立的法人或组织。"))
    in_date = known.authorised_until is None or known.authorised_until >= day
    breaches = []
    if not accepted(known.parent_authorisation):
        breaches.append(evidence(institution, "legal-status", known, _("没有授权书文件")))
    elif not in_date:
        breaches.append(
            evidence(institution, "legal-status", known, _("授权已于 %(day)s 到期") % {"day": known.authorised_until})
        )
    return none_in_breach(1, breaches, nothing="", advice=_("请取得上级法人有效的授权书，在法律地位里上传。"))


@clause("B-4.1-s2", "C-4.1.1-s2")
def liability_is_declared(institution: Institution, day: date) -> Verdict:
    """The legal representative of the day has signed that the institution answers for its results."""
    heads = current(KeyPerson, institution).filter(role=KeyPerson.Role.LEGAL_REPRESENTATIVE).valid_on(day)
    rows = declarations(institution, Declaration.Kind.LIABILITY, day).filter(signed_by__in=heads)
    return existing(
        [evidence(institution, "declarations", row) for row in rows],
        advice=_("没有现任法定代表人签字、在有效期内的法律责任声明。请签署、扫描后登记。"),
        fix=page(institution, "declarations", kind=Declaration.Kind.LIABILITY),
    )


@clause("D-3.3")
def approved_as_industry_centre(institution: Institution, day: date) -> Verdict:
    """Who calls itself an industry centre holds the approval. It applies to centres only."""
    rows = [row for row in _valid(institution, day, Qualification.Kind.INDUSTRY_CENTRE) if accepted(row.file)]
    return existing(
        [_paper(institution, row) for row in rows],
        advice=_("登记为产业计量测试中心，但没有当天有效的批准文件。请登记批准文件，或更正法律地位。"),
        fix=page(institution, "qualifications", kind=Qualification.Kind.INDUSTRY_CENTRE),
    )


def scope_rests_on_certificate_and_annex(institution: Institution, day: date) -> Verdict:
    """Behind every line of scope in force stands a qualification with its certificate and its annex on file.

    Half of B-4.3-s1: whether calibrations were accepted is not known here.
    """
    counting = lines(institution, day)
    ids = {line.qualification_id for line in counting}
    rows = Qualification.objects.filter(institution=institution, pk__in=ids).select_related("file", "annex")
    bare = [
        _paper(institution, row, _("没有证书文件") if not accepted(row.file) else _("没有能力附表"))
        for row in rows.order_by("kind", "pk")
        if not accepted(row.file) or not accepted(row.annex)
    ]
    return none_in_breach(
        ids, bare, nothing=_("没有有效的能力范围，没有对外校准。"),
        advice=_("请给这些资质上传证书和能力附表。"), fix=listed(institution, "qualifications"),
    )  # fmt: skip


@clause("A-9.2.2")
def measures_itself_by_17025(institution: Institution, day: date) -> Verdict:
    """Accredited, or a gap analysis against CNAS-CL01 declared within the year, on file."""
    rows = _valid(institution, day, Qualification.Kind.CNAS)
    found = [_paper(institution, row) for row in rows]
    gap = declarations(institution, Declaration.Kind.CNAS_GAP, day)
    found += [evidence(institution, "declarations", row) for row in gap]
    return existing(
        found, advice=_("没有有效的 CNAS 认可，也没有一年内对照 CNAS-CL01 的自查声明。请登记其中一项。"),
        fix=page(institution, "declarations", kind=Declaration.Kind.CNAS_GAP),
    )  # fmt: skip


@clause("B-6.4-g")
def management_systems_certified(institution: Institution, day: date) -> Verdict:
    """Certificates for quality, environment and occupational health, all three in force."""
    kinds = (Qualification.Kind.QMS, Qualification.Kind.EMS, Qualification.Kind.OHSMS)
    rows = _valid(institution, day, *kinds)
    held = {row.kind for row in rows}
    absent = [
        Evidence(str(kind.label), listed(institution, "qualifications"), _("没有有效证书"))
        for kind in kinds
        if kind not in held
    ]
    return none_in_breach(
        len(kinds), absent, nothing="", advice=_("取得认证后，在资质里登记。"), fix=page(institution, "qualifications")
    )
