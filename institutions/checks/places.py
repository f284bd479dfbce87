"""Clauses decided by sites, rooms and what keeps activities apart."""

from datetime import date

from django.utils.translation import gettext as _

from portal.clauses import Verdict, all_of, clause, existing, none_in_breach
from portal.registers.verbs import accepted

from ..models import Declaration, Institution, Isolation, Room, ScopeItem, Site
from .rows import current, declarations, evidence, listed, open_sites, page


@clause("B-4.2-s1")
def sites_are_closed_off(institution: Institution, day: date) -> Verdict:
    """Every site has its layout on file and controlled access."""
    rows = open_sites(institution, day)
    wrong = [
        evidence(institution, "sites", row, _("没有平面图") if not accepted(row.layout_file) else _("没有出入管理"))
        for row in rows
        if not accepted(row.layout_file) or not row.access_controlled
    ]
    return none_in_breach(
        rows,
        wrong,
        nothing=_("没有启用的场所。"),
        advice=_("请上传平面图，写明出入管理。"),
        fix=listed(institution, "sites"),
    )


@clause("B-4.2-s2")
def sites_are_held_by_right(institution: Institution, day: date) -> Verdict:
    """Every site that is not its own is leased or lent, with the proof on file and in date."""
    rows = [row for row in open_sites(institution, day) if row.tenure != Site.Tenure.OWN]
    wrong = []
    for row in rows:
        if not accepted(row.tenure_proof):
            wrong.append(evidence(institution, "sites", row, _("没有租约或使用证明")))
        elif row.tenure_valid_until is None or row.tenure_valid_until < day:
            until = row.tenure_valid_until or _("没有填写")
            wrong.append(evidence(institution, "sites", row, _("使用期至 %(until)s") % {"until": until}))
    return none_in_breach(
        rows,
        wrong,
        nothing=_("场所都是自有的。"),
        advice=_("请续租并上传证明，或停用场所。"),
        fix=listed(institution, "sites"),
    )


@clause("B-4.3-s3")
def capability_is_public(institution: Institution, day: date) -> Verdict:
    """Every line of scope in force stands on the public page, which shows the same rows."""
    count = ScopeItem.objects.filter(institution=institution).valid_on(day).count()
    return none_in_breach(count, [], nothing=_("没有有效的能力范围。"), advice="")


@clause("C-5.4.3-s1", "D-4.2.1.4-s2")
def critical_rooms_are_controlled(institution: Institution, day: date) -> Verdict:
    """Every room that matters for quality has a list of who may enter and a log."""
    rows = current(Room, institution).filter(quality_critical=True).select_related("site", "access_list", "access_log")
    rows = [row for row in rows.order_by("site__name", "name", "pk") if row.site.open_on(day)]
    wrong = [
        evidence(institution, "rooms", row, _("没有准入名单或进出记录"))
        for row in rows
        if not accepted(row.access_list) or not accepted(row.access_log)
    ]
    return none_in_breach(
        rows,
        wrong,
        nothing=_("没有标为影响质量的房间。"),
        advice=_("请上传准入名单和进出记录。"),
        fix=listed(institution, "rooms"),
    )


@clause("C-5.4.3-s2", "D-4.2.1.4-s1")
def incompatible_work_is_apart(institution: Institution, day: date) -> Verdict:
    """Every pair that does not go together is kept apart, with proof; or a declaration says that there is none."""
    pairs = list(current(Isolation, institution).select_related("file").order_by("first", "pk"))
    if not pairs:
        none = declarations(institution, Declaration.Kind.NOTHING_TO_ISOLATE, day)
        return existing(
            [evidence(institution, "declarations", row) for row in none],
            advice=_("没有登记隔离措施，也没有“没有互不相容项目”的声明。请登记其中一项。"), fix=page(institution, "isolations"),
        )  # fmt: skip
    wrong = [
        evidence(institution, "isolations", row, _("没有证明文件") if row.measure else _("没有隔离措施"))
        for row in pairs
        if not row.measure or not accepted(row.file)
    ]
    return none_in_breach(
        pairs, wrong, nothing="", advice=_("请上传隔离措施的证明。"), fix=listed(institution, "isolations")
    )


@clause("D-4.2.1.1")
def premises_suffice(institution: Institution, day: date) -> Verdict:
    """Every site has its area and its rooms on record, and a declaration of the year says that they suffice."""
    rows, roomed = open_sites(institution, day), set(current(Room, institution).values_list("site_id", flat=True))
    wrong = [
        evidence(institution, "sites", row, _("没有面积") if row.total_area is None else _("没有登记房间"))
        for row in rows
        if row.total_area is None or row.pk not in roomed
    ]
    stated = declarations(institution, Declaration.Kind.PREMISES, day)
    declared = existing(
        [evidence(institution, "declarations", row) for row in stated],
        advice=_("没有一年内的场所条件满足声明。请签署后登记。"),
        fix=page(institution, "declarations", kind=Declaration.Kind.PREMISES),
    )  # fmt: skip
    places = none_in_breach(
        max(len(rows), 1), wrong, nothing="", advice=_("请填写场所面积，登记房间。"), fix=listed(institution, "sites")
    )
    return all_of(places, declared) if rows else existing([], advice=_("没有启用的场所。请登记场所。"))
