"""Clauses decided by an institution's papers, people and scope."""

from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from stdnum.cn import uscc

from portal.clauses import WINDOW_DAYS, Evidence, Verdict, applies, clause, existing, none_in_breach
from portal.models import Document

from .models import Authorisation, Employment, Institution, Membership, Qualification, ScopeItem

FEWEST_PEOPLE = 2


@applies("B")
def calibrates_for_others(institution: Institution, day: date) -> str:
    """Document B is for those who calibrate for others: who had a line of scope within the last year does.

    Source: the rules of evaluation in docs/architecture.md.
    """
    lately = Q(valid_until=None) | Q(valid_until__gt=day - timedelta(WINDOW_DAYS))
    offered = ScopeItem.objects.filter(lately, institution=institution, valid_from__lte=day)
    return "" if offered.exists() else _("近 365 天没有能力范围，没有对外校准。")


def _licences(institution: Institution, day: date) -> list[Qualification]:
    rows = Qualification.objects.filter(institution=institution, kind=Qualification.Kind.BUSINESS_LICENCE)
    return list(rows.valid_on(day).select_related("file").order_by("pk"))


def _paper(institution: Institution, row: Qualification, text: str = "") -> Evidence:
    return Evidence(str(row), reverse("institutions:qualifications", args=[institution.slug]), text, row.pk)


@clause("A-4.1.1")
def licensed(institution: Institution, day: date) -> Verdict:
    """A business licence is in date. Whether the institution is operating nobody has recorded yet."""
    return existing(
        [_paper(institution, row) for row in _licences(institution, day)],
        advice=_("没有当天有效的营业执照。请登记营业执照及其有效期。"),
        rest=_("营业执照有效；经营状态尚未纳入系统，不能判为符合。"),
    )


@clause("C-4.1.1-s1")
def lawfully_founded(institution: Institution, day: date) -> Verdict:
    """The credit code is well formed, and a licence in date is on file. Source: GB 32100-2015."""
    rows = [row for row in _licences(institution, day) if row.file and row.file.state == Document.State.ACCEPTED]
    if not uscc.is_valid(institution.credit_code):
        wrong = Evidence(institution.credit_code, reverse("institutions:profile", args=[institution.slug]))
        return none_in_breach(1, [wrong], nothing="", advice=_("统一社会信用代码的格式或校验位不对。请核对后更正。"))
    return existing(
        [_paper(institution, row) for row in rows], advice=_("没有当天有效且附有文件的营业执照。请登记并上传执照。")
    )


def _working(institution: Institution, day: date, *roles: str) -> list[Authorisation]:
    """Authorisations in force that day in these roles, with the people, whether these still work here or not."""
    rows = Authorisation.objects.filter(institution=institution, role__in=roles).in_force_on(day)
    return list(rows.select_related("employment").order_by("pk"))


OPERATORS = (Authorisation.Role.VERIFIER, Authorisation.Role.CALIBRATOR)


@clause("C-5.1.1-s2")
def two_people_for_each_item(institution: Institution, day: date) -> Verdict:
    """At least two different persons at work may operate in the field of each line of scope."""
    people: dict[str, set[int]] = {}
    for grant in _working(institution, day, *OPERATORS):
        if grant.employment.active_on(day):
            people.setdefault(grant.field, set()).add(grant.employment.person_id)
    lines = ScopeItem.objects.filter(institution=institution, state=ScopeItem.State.ACTIVE).valid_on(day)
    lines = list(lines.order_by("instrument", "pk"))
    url = reverse("institutions:scope", args=[institution.slug])
    short = [
        Evidence(str(line), url, _("“%(field)s”专业有 %(count)d 人") % {"field": line.field, "count": count}, line.pk)
        for line in lines
        if (count := len(people.get(line.field, ()))) < FEWEST_PEOPLE
    ]
    return none_in_breach(
        lines,
        short,
        nothing=_("没有有效的能力范围。"),
        advice=_("每个项目至少要有两名在职、有授权的检定或校准员。请补充授权。"),
    )


def _person(institution: Institution, row: Employment, text: str = "") -> Evidence:
    return Evidence(row.name, reverse("institutions:person", args=[institution.slug, row.ref]), text, row.pk)


@clause("C-5.1.2-s3")
def operators_are_employed(institution: Institution, day: date) -> Verdict:
    """Whoever is authorised to verify or calibrate works here, on post or dispatched."""
    grants = _working(institution, day, *OPERATORS)
    allowed = (Employment.Kind.ON_POST, Employment.Kind.DISPATCH)
    gone = [
        _person(institution, grant.employment, str(grant))
        for grant in grants
        if grant.employment.kind not in allowed or not grant.employment.active_on(day)
    ]
    nothing, advice = _("没有有效的检定或校准员授权。"), _("这些授权的持有人当天不在职。请撤销授权。")
    return none_in_breach(grants, gone, nothing=nothing, advice=advice)


@clause("C-7.1.3")
def leavers_hold_nothing(institution: Institution, day: date) -> Verdict:
    """Who has left holds no authorisation and no account. Records of competence do not exist yet."""
    staff = Employment.objects.filter(institution=institution)
    if not staff.exists():
        return existing([], advice=_("还没有人员台账。请登记人员。"))
    left = staff.filter(ended_on__lt=day)
    grants = Authorisation.objects.filter(institution=institution, employment__in=left).in_force_on(day)
    accounts = Membership.objects.filter(
        institution=institution, employment__in=left, state=Membership.State.ACTIVE
    ).select_related("employment")
    breaches = [_person(institution, grant.employment, str(grant)) for grant in grants.select_related("employment")]
    breaches += [_person(institution, row.employment, _("账户仍有效")) for row in accounts]
    return none_in_breach(
        staff.count(), breaches, nothing="", advice=_("离职人员仍有授权或账户。请撤销授权、停用成员。"),
        rest=_("离职人员的权限已收回；能力档案尚未纳入系统，不能判为符合。"),
    )  # fmt: skip
