"""Clauses decided by documents of the management system: which kinds are in force, what they contain, who has read them.

Most of them are lines of one table; the others are functions below it.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.clauses import Evidence, State, Verdict, all_of, clause, none_in_breach, not_applicable, unknown

from ..models import (
    Authorisation,
    DocumentRead,
    Institution,
    ManagementDocument,
    Qualification,
    ScopeItem,
)
from ..system_documents import KINDS
from .rows import evidence, grants, listed, page, person, staff

REGISTER = "documents"
POLICIES = ("equipment_policy", "inspection_policy", "complaint_policy", "commitment_policy")
ELEMENTS = (
    "system_documentation", "document_control", "record_control", "risks_and_opportunities", "improvement",
    "corrective_action", "internal_audit", "management_review",
)  # fmt: skip
YEAR = re.compile(r"(?<!\d)(?<!\d\.)(?:19|20|21)\d\d(?!\d)(?!\.\d)", re.ASCII)
# What the rows of this app cannot tell yet.
NO_INSPECTIONS = gettext_lazy("文件齐备；内审、管理评审、日常检查和改进尚未纳入系统，不能判为符合。")


def in_force(institution: Institution, day: date, *kinds: str) -> dict[str, ManagementDocument]:
    """The document of each kind that is in force that day, the newest where there are several."""
    rows = ManagementDocument.objects.filter(institution=institution, kind__in=kinds).in_force_on(day)
    return {row.kind: row for row in rows.select_related("author", "responsible").order_by("valid_from", "pk")}


def flaw(row: ManagementDocument, day: date, sections: tuple[str, ...] | None, *, review: bool) -> str:
    """What is missing in a document in force, in words; nothing when it is complete."""
    wanted = (
        KINDS[row.kind].sections if sections is None else {name: KINDS[row.kind].sections[name] for name in sections}
    )
    empty = [str(title) for name, title in wanted.items() if not row.sections.get(name)]
    if empty:
        return _("没有写明：%(sections)s") % {"sections": "、".join(empty)}
    if review and row.next_review_on and row.next_review_on < day:
        return _("应在 %(day)s 前评审") % {"day": row.next_review_on}
    return ""


def complete(
    institution: Institution, day: date, *kinds: str, sections: tuple[str, ...] | None = (), review: bool = False,
    rest: str = "",
) -> Verdict:  # fmt: skip
    """All of these kinds are in force, with the sections named (None: all that the kind must have).

    `review`: no review of them is overdue.
    """
    return _judged(institution, day, in_force(institution, day, *kinds), kinds, sections, review, rest)


def _judged(
    institution: Institution, day: date, found: dict[str, ManagementDocument], kinds: tuple[str, ...],
    sections: tuple[str, ...] | None, review: bool, rest: str = "",
) -> Verdict:  # fmt: skip
    """The verdict on these documents by kind, each kind asked for."""
    breaches = []
    for kind in kinds:
        if kind not in found:
            breaches.append(
                Evidence(str(KINDS[kind].title), page(institution, REGISTER, kind=kind), _("没有现行有效的文件"))
            )
        elif text := flaw(found[kind], day, sections, review=review):
            breaches.append(evidence(institution, REGISTER, found[kind], text))
    absent = next((kind for kind in kinds if kind not in found), "")
    gaps = [f"{breach.label}：{breach.text}" for breach in breaches[:3]]
    gaps += [_("等 %(count)d 项") % {"count": len(breaches)}] if len(breaches) > len(gaps) else []
    return none_in_breach(
        len(kinds), breaches, nothing="", rest=str(rest),
        advice=_("%(gaps)s。请登记、补齐或评审。") % {"gaps": "；".join(gaps)},
        fix=page(institution, REGISTER, kind=absent) if absent else listed(institution, REGISTER),
    )  # fmt: skip


def read_by_all(institution: Institution, day: date, kind: str) -> Verdict:
    """Everybody at work has confirmed having read the version in force."""
    document = in_force(institution, day, kind).get(kind)
    if document is None:
        return complete(institution, day, kind)
    people, read = staff(institution, day), read_on(document, day)
    if not people:
        return Verdict(State.NOT_MET, {}, (), _("没有登记在职人员，无人阅读。请先登记人员。"))
    waiting = [row for row in people if row.pk not in read]
    unread = _("没有确认阅读《%(title)s》") % {"title": document.title}
    return none_in_breach(
        people, [person(institution, row, unread) for row in waiting], nothing="",
        advice=_("请这些人员在文件页确认阅读。"), fix=evidence(institution, REGISTER, document).url,
    )  # fmt: skip


def read_on(document: ManagementDocument, day: date) -> set[int]:
    """Who had confirmed by the end of the day having read this version."""
    rows = DocumentRead.objects.filter(document=document, read_at__date__lte=day)
    return set(rows.values_list("employment_id", flat=True))


# These ask for the review as well; elsewhere one that is overdue is reminded of, and the document stays in force.
REVIEWED = frozenset({"A-5.2", "B-4.7.2", "B-5.1"})
# Clause -> kinds, the sections asked for (None: every section of the kind), and what the rows cannot tell.
SIMPLE: dict[str, tuple[tuple[str, ...], tuple[str, ...] | None, Any]] = {
    "A-4.2": (("integrity_system",), (), NO_INSPECTIONS),
    "A-5.2": (POLICIES, (), ""),
    "A-5.2-a": (("equipment_policy",), None, ""),
    "A-5.2-b": (("inspection_policy",), None, ""),
    "A-5.2-c": (("complaint_policy",), None, ""),
    "A-8.1": (("integrity_system",), None, ""),
    "B-4.7.2": (ELEMENTS, (), ""),
    "B-4.7.3-s3": (("policy_and_objectives",), ("capability", "impartiality"), ""),
    "B-5.1": (("impartiality",), (), ""),
    "B-5.5-s1": (("integrity_rules",), None, ""),
    "B-6.1.1-s1": (("contract_review_procedure",), (), ""),
    "B-6.1.4-s1": (("item_handling",), None, ""),
    "B-6.5.2-s1": (("brand_management",), (), ""),
    "B-6.5.3-s1": (("culture",), ("mission", "vision", "values", "operating_view", "spirit", "conduct"), ""),
    "B-6.5.4-s2": (("culture",), ("department", "duties"), ""),
    "C-4.2": (("quality_manual", "procedure", "work_instruction"), (), NO_INSPECTIONS),
    "D-4.1.1": (("quality_manual", "procedure", "work_instruction"), (), ""),
    "D-4.1.2-s1": (
        ("quality_manual",), ("verification", "calibration", "testing", "research", "product_development"), "",
    ),
    "D-4.3.3-s1": (("training_policy",), None, ""),
}  # fmt: skip


def _simple(name: str) -> Callable[[Institution, date], Verdict]:
    kinds, sections, rest = SIMPLE[name]

    def check(institution: Institution, day: date) -> Verdict:
        return complete(institution, day, *kinds, sections=sections, review=name in REVIEWED, rest=rest)

    check.__name__ = check.__qualname__ = f"documents_for_{name}"
    return check


for _name in SIMPLE:
    clause(_name)(_simple(_name))


@clause("B-5.2-s2")
def anti_bribery_is_read(institution: Institution, day: date) -> Verdict:
    """Rules against bribery are in force, and everybody has read them."""
    return all_of(complete(institution, day, "anti_bribery"), read_by_all(institution, day, "anti_bribery"))


@clause("B-6.5.3-s2")
def code_of_conduct_is_read(institution: Institution, day: date) -> Verdict:
    """A code of conduct is in force, and everybody has read it."""
    return all_of(complete(institution, day, "code_of_conduct"), read_by_all(institution, day, "code_of_conduct"))


@clause("B-4.7.3-s2")
def policy_is_read(institution: Institution, day: date) -> Verdict:
    """Everybody has read the policy in force. Measured objectives are not on record yet."""
    read = read_by_all(institution, day, "policy_and_objectives")
    if read.state != State.MET:
        return read
    return unknown(_("方针已全员阅读；目标的测量值尚未纳入系统，不能判为符合。"), **read.figures)


@clause("B-4.7.3-s1")
def policy_has_a_source(institution: Institution, day: date) -> Verdict:
    """The policy says by what it was set; who sets it otherwise is free to."""
    document = in_force(institution, day, "policy_and_objectives").get("policy_and_objectives")
    if document is None or not document.sections.get("source"):
        return not_applicable(_("可选条款：方针目标没有写明依据，按本机构的方式确立。"))
    return Verdict(State.MET, {}, (evidence(institution, REGISTER, document),))


@clause("A-5.1-b")
def policies_are_kept_by_the_metrology_manager(institution: Institution, day: date) -> Verdict:
    """The four policies were written by a metrology manager at work, and each has a day of review that is to come."""
    found = in_force(institution, day, *POLICIES)
    offices = grants(institution, day, Authorisation.Role.METROLOGY_MANAGER)
    holders = {row.employment_id for row in offices if row.employment.active_on(day)}
    wrong = [
        evidence(institution, REGISTER, row, _("编制人 %(name)s 不是计量管理人员") % {"name": row.author.name})
        for row in found.values()
        if row.author_id not in holders
    ]
    wrong += [
        evidence(institution, REGISTER, row, _("没有写明下次评审日期"))
        for row in found.values()
        if row.next_review_on is None
    ]
    authored = none_in_breach(
        len(POLICIES), wrong, nothing="",
        advice=_("请由计量管理人员修订后登记新版，写明下次评审日期；或给编制人授权。"),
    )  # fmt: skip
    return all_of(complete(institution, day, *POLICIES, review=True), authored)


@clause("A-5.2-d")
def pledge_policy_names_somebody(institution: Institution, day: date) -> Verdict:
    """The policy on pledges names a person who works here, and where pledges are shown."""
    written = complete(institution, day, "commitment_policy", sections=None)
    document = in_force(institution, day, "commitment_policy").get("commitment_policy")
    if document is None:
        return written
    present = document.responsible is not None and document.responsible.active_on(day)
    text = _("责任人已离职") if document.responsible else _("没有写明责任人")
    breaches = [] if present else [evidence(institution, REGISTER, document, text)]
    advice, fix = _("请在承诺制度的“责任人”里选一位在职人员。"), evidence(institution, REGISTER, document).url
    named = none_in_breach(1, breaches, nothing="", advice=advice, fix=fix)
    return all_of(written, named)


@clause("A-6.5.2-s2")
def confidentiality_rules_are_there(institution: Institution, day: date) -> Verdict:
    """Rules of confidentiality are in force. Rights keep data by role; a foreign tenant's row cannot be read at all."""
    return complete(institution, day, "confidentiality")


@clause("B-4.7.1")
def system_answers_17025(institution: Institution, day: date) -> Verdict:
    """The manual and the eight elements are in force, with the comparison that held assessments ask for."""
    sections = []
    held = Qualification.objects.filter(institution=institution).valid_on(day)
    if held.filter(kind__in=(Qualification.Kind.ASSESSMENT, Qualification.Kind.SOCIAL_PUBLIC)).exists():
        sections.append("jjf_1033")
    if held.filter(kind__in=(Qualification.Kind.LEGAL_INSTITUTION, Qualification.Kind.AUTHORISATION)).exists():
        sections.append("jjf_1069")
    return all_of(
        complete(institution, day, *ELEMENTS),
        complete(institution, day, "quality_manual", sections=tuple(sections), rest=str(NO_INSPECTIONS)),
    )


@clause("B-6.1.2-s1")
def work_instructions_for_every_line(institution: Institution, day: date) -> Verdict:
    """Every line of scope goes by a method for which a work instruction is in force."""
    counting = list(ScopeItem.objects.filter(institution=institution).valid_on(day).select_related("method"))
    written = ManagementDocument.objects.filter(institution=institution, kind="work_instruction").in_force_on(day)
    covered = set(written.exclude(method=None).values_list("method_id", flat=True))
    bare = {row.method_id: row for row in counting if row.method_id not in covered}
    breaches = [
        Evidence(str(row.method), page(institution, REGISTER, kind="work_instruction"), _("没有现行的作业指导书"))
        for row in sorted(bare.values(), key=lambda row: row.method.code)
    ]
    return none_in_breach(
        counting, breaches, nothing=_("没有有效的能力范围。"),
        advice=_("请为这些方法登记作业指导书，并在“适用的方法”里选上。"),
        fix=page(institution, REGISTER, kind="work_instruction"),
    )  # fmt: skip


@clause("B-6.4-c")
def esg_report_is_out(institution: Institution, day: date) -> Verdict:
    """An ESG report for this year or the last is on file."""
    return _of_year(institution, day, "esg_report", (day.year - 1, day.year), ("year",))


@clause("B-6.7.1")
def innovation_is_planned(institution: Institution, day: date) -> Verdict:
    """This year's plan of innovation covers people, funds, results and intellectual property."""
    return _of_year(institution, day, "innovation_plan", (day.year,), None)


@clause("D-4.3.1.4")
def talents_are_planned(institution: Institution, day: date) -> Verdict:
    """This year's plan for talents is being carried out."""
    return _of_year(institution, day, "talent_plan", (day.year,), None)


def _of_year(
    institution: Institution, day: date, kind: str, years: tuple[int, ...], sections: tuple[str, ...] | None
) -> Verdict:
    """A document of the kind is complete and is about one of these years, whatever others there are."""
    rows = ManagementDocument.objects.filter(institution=institution, kind=kind).in_force_on(day)
    rows = list(rows.order_by("valid_from", "pk"))
    about = [row for row in rows if years_in(row.sections.get("year", "")) & set(years)]
    if about or not rows:
        return _judged(institution, day, {kind: about[-1]} if about else {}, (kind,), sections, review=False)
    text = _("年度是“%(year)s”") % {"year": rows[-1].sections.get("year", "")}
    return none_in_breach(
        1, [evidence(institution, REGISTER, rows[-1], text)], nothing="", advice=_("请在“年度”里写四位数的年份；不是今年的，请登记今年的一份。"),
        fix=page(institution, REGISTER, kind=kind),
    )  # fmt: skip


def years_in(text: str) -> set[int]:
    """The years that a text names; the number of a section is none."""
    return {int(year) for year in YEAR.findall(unicodedata.normalize("NFKC", text))}


@clause("D-4.2.1.2")
def facilities_are_planned_ahead(institution: Institution, day: date) -> Verdict:
    """The plan for facilities reaches this year or further."""
    written = complete(institution, day, "facility_development_plan", sections=None)
    document = in_force(institution, day, "facility_development_plan").get("facility_development_plan")
    stated = document.sections.get("horizon_year", "") if document else ""
    if not stated or max(years_in(stated), default=0) >= day.year:
        return written
    late = [evidence(institution, REGISTER, document, _("规划到哪一年写的是“%(year)s”") % {"year": stated})]
    advice = _("请登记规划到今年或以后的设施发展规划，写明四位数的年份。")
    return all_of(written, none_in_breach(1, late, nothing="", advice=advice))
