"""Clauses decided by documents together with what they rule: windows, posts, archives, departments, places."""

from datetime import date

from django.utils.translation import gettext as _

from portal.clauses import Evidence, State, Verdict, all_of, clause, none_in_breach, not_applicable, unknown

from ..models import (
    ArchiveClass,
    Authorisation,
    Department,
    Institution,
    Site,
)
from .documents import REGISTER, complete, in_force, read_on
from .rows import current, evidence, grants, has_window, listed, open_sites, page, person


@clause("C-4.3-s1")
def window_has_rules(institution: Institution, day: date) -> Verdict:
    """Where there is a service window, its rules are in force."""
    if not has_window(institution, day):
        return not_applicable(_("没有登记服务窗口。"))
    return complete(institution, day, "service_window_rules")


@clause("C-4.5-s1")
def duties_of_every_role(institution: Institution, day: date) -> Verdict:
    """The document on duties covers every role in use, and those who hold a role have read it."""
    written = complete(institution, day, "post_duties")
    document = in_force(institution, day, "post_duties").get("post_duties")
    if document is None:
        return written
    held = [row for row in grants(institution, day, *Authorisation.Role.values) if row.employment.active_on(day)]
    if not held:
        return all_of(written, unknown(_("没有有效的岗位授权，不能判断岗位职责是否写全。")))
    titles = dict(Authorisation.Role.choices)
    roles = dict.fromkeys(row.role for row in held)
    bare = [
        Evidence(str(titles[role]), "", _("文件没有写这个岗位")) for role in roles if not document.sections.get(role)
    ]
    read = read_on(document, day)
    people = {row.employment_id: row.employment for row in held}
    unread = [person(institution, row, _("没有确认阅读岗位职责")) for pk, row in people.items() if pk not in read]
    return all_of(
        written,
        none_in_breach(
            len(roles) + len(people), [*bare, *unread], nothing="",
            advice=_("请补写岗位职责，并请任职人员确认阅读。"), fix=evidence(institution, REGISTER, document).url,
        ),
    )  # fmt: skip


def archives_are_ruled(institution: Institution, day: date) -> Verdict:
    """Rules for archives are in force, and each of the five archives is set up.

    Half of C-7.3.1.1: what lies in all of them is not known here.
    """
    return all_of(complete(institution, day, "archive_policy"), _archives(institution))


@clause("C-7.3.1.3")
def archives_are_protected(institution: Institution, day: date) -> Verdict:
    """Each of the five archives has its confidentiality and what protects it."""
    return _archives(institution)


def _archives(institution: Institution) -> Verdict:
    rows = current(ArchiveClass, institution).exclude(measure="").exclude(confidentiality="")
    held = set(rows.values_list("archive", flat=True))
    absent = [
        Evidence(str(kind.label), page(institution, "archives", archive=kind.value), _("没有登记"))
        for kind in ArchiveClass.Archive
        if kind.value not in held
    ]
    return none_in_breach(
        len(ArchiveClass.Archive), absent, nothing="", advice=_("请登记缺少的档案类别及其保密措施。"),
        fix=page(institution, "archives"),
    )  # fmt: skip


@clause("D-4.1.2-s2")
def manual_covers_every_kind_of_site(institution: Institution, day: date) -> Verdict:
    """The manual covers every kind of place at which work is done."""
    kinds = {row.kind for row in open_sites(institution, day)}
    if not kinds:
        return Verdict(State.NOT_MET, {}, (), _("没有启用的场所。请登记场所。"), page(institution, "sites"))
    return complete(institution, day, "quality_manual", sections=tuple(sorted(kinds)))


@clause("D-4.1.3")
def organised_in_departments(institution: Institution, day: date) -> Verdict:
    """The chart of the organisation is in force, and every department has a head and duties."""
    rows = list(current(Department, institution).select_related("head").order_by("name", "pk"))
    led = {row.pk for row in rows if row.head is not None and row.head.active_on(day)}
    bare = [
        evidence(institution, "departments", row, _("没有写明职责") if row.pk in led else _("没有在职的负责人"))
        for row in rows
        if row.pk not in led or not row.duties
    ]
    if not rows:
        bare = [Evidence(_("部门"), page(institution, "departments"), _("还没有登记部门"))]
    advice = _("请登记部门、负责人和职责。")
    departments = none_in_breach(
        max(len(rows), 1), bare, nothing="", advice=advice, fix=listed(institution, "departments")
    )
    return all_of(complete(institution, day, "organisation_chart"), departments)


@clause("D-4.2.2.2-s2")
def work_outside_is_ruled(institution: Institution, day: date) -> Verdict:
    """Where work is done outside, a document controls it."""
    if all(row.kind == Site.Kind.FIXED for row in open_sites(institution, day)):
        return not_applicable(_("没有登记固定场所以外的场所。"))
    return complete(institution, day, "on_site_control")
