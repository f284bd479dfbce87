"""Clauses decided by the staff as a whole: what each has signed and is protected by, and the structure of a centre."""

from collections import Counter
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.clauses import State, Verdict, clause, existing, none_in_breach, unknown

from ..models import (
    Authorisation,
    Credential,
    Declaration,
    Employment,
    Experience,
    Institution,
    KeyPerson,
    ProtectiveIssue,
)
from .people import no_operator
from .rows import OPERATORS, current, declarations, evidence, grants, page, person, staff

Role = Authorisation.Role
FEWEST_SENIORS = 2
SENIORS = (Credential.Level.PROFESSOR, Credential.Level.SENIOR)


# --- each person's papers


def signed_by_all(
    institution: Institution, day: date, kind: str, people: list[Employment], *, rest: str = ""
) -> Verdict:
    """Each of these people has signed the declaration, on file and in date."""
    signed = set(declarations(institution, kind, day).values_list("employment_id", flat=True))
    if not people:
        return existing([], advice=_("还没有在职人员。请登记人员。"))
    return none_in_breach(
        people, [person(institution, row, _("没有有效的签署")) for row in people if row.pk not in signed], nothing="",
        advice=_("请这些人员签署%(kind)s，扫描后登记。") % {"kind": dict(Declaration.Kind.choices)[kind]},
        fix=page(institution, "declarations", kind=kind), rest=rest,
    )  # fmt: skip


@clause("A-6.5.2-s1")
def everybody_keeps_secrets(institution: Institution, day: date) -> Verdict:
    """Everybody has signed an undertaking. Whether somebody broke it is told by complaints, not on record yet."""
    return signed_by_all(
        institution, day, Declaration.Kind.CONFIDENTIALITY, staff(institution, day),
        rest=_("保密承诺齐全；投诉尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


@clause("B-5.3")
def nobody_has_a_conflict(institution: Institution, day: date) -> Verdict:
    """Everybody has declared to have no conflict of interest. Complaints, which would beat it, are not on record yet."""
    return signed_by_all(
        institution, day, Declaration.Kind.NO_CONFLICT, staff(institution, day),
        rest=_("声明齐全；投诉尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


@clause("B-5.2-s1")
def nobody_is_pressed(institution: Institution, day: date) -> Verdict:
    """Managers and technical staff have declared to be free of pressure. The register of risks is not there yet."""
    managers = {row.employment_id for row in grants(institution, day, Role.MANAGER, Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER)}  # fmt: skip
    people = [row for row in staff(institution, day) if row.is_technical or row.pk in managers]
    return signed_by_all(
        institution,
        day,
        Declaration.Kind.NO_PRESSURE,
        people,
        rest=_("声明齐全；公正性风险尚未纳入系统，不能判为符合。"),
    )


@clause("B-6.1.3-s1")
def operators_are_protected(institution: Institution, day: date) -> Verdict:
    """Every operator has protective equipment in its time, or an assessment that none is needed."""
    rows = {row.employment_id: row.employment for row in grants(institution, day, *OPERATORS)}
    issued = current(ProtectiveIssue, institution).filter(issued_on__lte=day)
    protected = set(
        issued.filter(Q(replace_by=None) | Q(replace_by__gte=day)).values_list("employment_id", flat=True)
    )  # fmt: skip
    freed = declarations(institution, Declaration.Kind.NO_PPE, day)
    protected |= set(freed.values_list("employment_id", flat=True))
    bare = [person(institution, row, _("没有在期的防护用品")) for pk, row in rows.items() if pk not in protected]
    return none_in_breach(
        rows, bare, nothing=no_operator(), advice=_("请发放或更换防护用品；岗位确实不需要的，登记评估。"),
        fix=page(institution, "protective-issues"),
    )  # fmt: skip


# --- the structure of a centre's staff


def _technical(institution: Institution, day: date) -> list[Employment]:
    return [row for row in staff(institution, day) if row.is_technical]


def _titles(institution: Institution, day: date) -> dict[int, str]:
    """Person here -> the highest title in force."""
    order = [*SENIORS, Credential.Level.MIDDLE, Credential.Level.JUNIOR]
    held: dict[int, str] = {}
    rows = current(Credential, institution).filter(kind=Credential.Kind.TITLE, level__in=order).valid_on(day)
    for employment_id, level in rows.values_list("employment_id", "level"):
        if employment_id not in held or order.index(level) < order.index(held[employment_id]):
            held[employment_id] = level
    return held


@clause("D-4.3.1.1-s1")
def technical_staff_know_the_industry(institution: Institution, day: date) -> Verdict:
    """Every technical person has worked in an industry, on record with employer and dates."""
    people = _technical(institution, day)
    rows = current(Experience, institution).filter(kind=Experience.Kind.INDUSTRY, started_on__lte=day)
    known = set(rows.values_list("employment_id", flat=True))
    bare = [person(institution, row, _("没有产业经历")) for row in people if row.pk not in known]
    if not people:
        return existing([], advice=_("还没有技术人员。请在人员台账登记。"))
    return none_in_breach(
        people,
        bare,
        nothing="",
        advice=_("请登记这些人员的产业工作经历。"),
        fix=page(institution, "experience", kind="industry"),
    )


@clause("D-4.3.1.1-s2")
def titles_are_balanced(institution: Institution, day: date) -> Verdict:
    """Senior, middle and junior stand no worse than 1:3:6, each at least once; who has no title counts as junior."""
    people, held = _technical(institution, day), _titles(institution, day)
    levels = Counter(held.get(row.pk, Credential.Level.JUNIOR) for row in people)
    senior, middle, total = sum(levels[level] for level in SENIORS), levels[Credential.Level.MIDDLE], len(people)
    junior = total - senior - middle
    figures = {_("高级"): senior, _("中级"): middle, _("初级及其他"): junior}
    if total and senior * 10 >= total and (senior + middle) * 10 >= total * 4 and senior and middle and junior:
        return Verdict(State.MET, figures)
    advice = _("技术人员的职称比例（高:中:初）差于 1:3:6。请核对职称登记，或引进、培养人员。")
    return Verdict(State.NOT_MET, figures, (), advice, page(institution, "credentials", kind=Credential.Kind.TITLE))


@clause("D-4.3.1.1-s3")
def two_seniors_at_least(institution: Institution, day: date) -> Verdict:
    """At least two technical people hold a senior title."""
    held = _titles(institution, day)
    seniors = [row for row in _technical(institution, day) if held.get(row.pk) in SENIORS]
    figures = {_("高级职称"): len(seniors)}
    if len(seniors) >= FEWEST_SENIORS:
        return Verdict(State.MET, figures, tuple(person(institution, row) for row in seniors[:20]))
    advice = _("高级职称的技术人员不到 %(count)d 名。") % {"count": FEWEST_SENIORS}
    return Verdict(State.NOT_MET, figures, (), advice, page(institution, "credentials", kind=Credential.Kind.TITLE))


@clause("D-4.3.1.2")
def top_management_is_senior(institution: Institution, day: date) -> Verdict:
    """Everybody in top management holds a senior title. Coordination is judged in appraisals, not on record."""
    rows = current(KeyPerson, institution).filter(role=KeyPerson.Role.TOP_MANAGEMENT).valid_on(day)
    rows, held = list(rows.select_related("employment")), _titles(institution, day)
    if not rows:
        return existing(
            [], advice=_("还没有登记最高管理层。请在关键人员里登记。"), fix=page(institution, "key-persons")
        )
    wrong = [
        evidence(institution, "key-persons", row, _("没有有效的高级职称"))
        for row in rows
        if held.get(row.employment_id) not in SENIORS
    ]
    found = none_in_breach(rows, wrong, nothing="", advice=_("请登记他们的高级职称，或调整最高管理层。"))
    if found.state == State.MET:
        return unknown(_("职称符合；协调能力由年度考核评价，不能由系统判定。"), **found.figures)
    return found
