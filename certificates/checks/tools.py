"""Clauses decided by records and what was used for them: materials, borrowed and stopped equipment, corrections, files."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from equipment.checks.rows import devices, in_use, nothing_in_use, standards_in_use
from equipment.life import filing
from equipment.models import (
    CopyUpdate,
    CorrectionCopy,
    CorrectionSet,
    Equipment,
    EquipmentEvent,
    ExternalUse,
    IntermediateCheck,
    MeasurementStandard,
    StandardPart,
)
from institutions.models import Institution, Qualification
from portal.clauses import Evidence, Verdict, clause, none_in_breach, not_applicable

from ..models import RawRecord
from .rows import Uses, records, shown_records, year_before

Role, State = Equipment.Role, Equipment.State


def _nothing() -> str:
    return _("近 365 天没有提交的原始记录。")


# --- reference materials


def _materials(uses: Uses) -> dict[int, set[date]]:
    return {pk: days for pk, days in uses.all().items() if uses.devices[pk].role == Role.REFERENCE_MATERIAL}


@clause("B-4.4.2-s4")
def materials_were_certified(institution: Institution, day: date) -> Verdict:
    """Every reference material used within the year is a certified one, with the number of its certificate."""
    uses = Uses(institution, day)
    used = _materials(uses)
    bare = {
        pk: days
        for pk, days in used.items()
        if not uses.devices[pk].certified
        or not any(t.certificate_number for t in uses.devices[pk].traceabilities.all())
    }
    return none_in_breach(
        used, uses.evidence(bare, _("不是有证标准物质，或没有证书编号")), nothing=_("近 365 天没有使用标准物质。"),
        advice=_("请改用有证标准物质，登记其证书。"),
    )  # fmt: skip


@clause("B-4.4.2-s5")
def no_expired_material_was_used(institution: Institution, day: date) -> Verdict:
    """No reference material was used after its last valid day, or without one on record."""
    uses = Uses(institution, day)
    used = _materials(uses)
    ends = {pk: uses.devices[pk].expires_on for pk in used}
    late = {pk: [on for on in days if (end := ends[pk]) and on > end] for pk, days in used.items()}
    unstated = {pk: days for pk, days in used.items() if ends[pk] is None}
    breaches = uses.evidence(late, _("失效之后使用")) + uses.evidence(unstated, _("没有登记失效日期"))
    return none_in_breach(
        used, breaches, nothing=_("近 365 天没有使用标准物质。"),
        advice=_("请停用过期的标准物质，评估影响，必要时重测；没有失效日期的请照证书登记。"),
    )  # fmt: skip


# --- kinds of standards


def _for_others(rows: QuerySet[RawRecord], institution: Institution) -> QuerySet[RawRecord]:
    """Those of the records that were made for somebody else than the institution itself."""
    return rows.exclude(item__customer__name=institution.name)


@clause("C-4.1.2-a")
def public_standards_served_with_their_certificate(institution: Institution, day: date) -> Verdict:
    """No measurement of the year for a customer rests on a social public standard outside the days of its certificate."""
    standards = MeasurementStandard.objects.filter(institution=institution, kind=MeasurementStandard.Kind.SOCIAL_PUBLIC)
    in_service = standards_in_use(institution, day).filter(kind=MeasurementStandard.Kind.SOCIAL_PUBLIC)
    covered = RawRecord.objects.filter(
        Q(standard__social_until=None) | Q(standard__social_until__gte=OuterRef("performed_on")),
        pk=OuterRef("pk"), standard__social_from__lte=OuterRef("performed_on"),
    ).exclude(standard__social_certificate="")  # fmt: skip
    wrong = _for_others(records(institution, day), institution).filter(standard__in=standards).exclude(Exists(covered))
    return none_in_breach(
        in_service.count(), shown_records(wrong, institution, _("检校日没有有效的社会公用计量标准证书")),
        nothing=_("没有在用的社会公用计量标准。"), advice=_("请登记社会公用计量标准证书；没有证书的停止对外量值传递，评估影响。"),
    )  # fmt: skip


@clause("C-4.1.2-b")
def highest_standards_stayed_inside(institution: Institution, day: date) -> Verdict:
    """Without a legal authorisation a highest standard was approved by the unit first and served the unit alone."""
    standards = MeasurementStandard.objects.filter(institution=institution, kind=MeasurementStandard.Kind.HIGHEST)
    in_service = standards_in_use(institution, day).filter(kind=MeasurementStandard.Kind.HIGHEST)
    kinds = (Qualification.Kind.AUTHORISATION, Qualification.Kind.LEGAL_INSTITUTION)
    papers = list(Qualification.objects.filter(institution=institution, kind__in=kinds))
    if any(paper.valid_on(day) for paper in papers):
        unauthorised = 0
    else:
        unauthorised = in_service.count()
    rows = records(institution, day).filter(standard__in=standards)
    days = rows.values_list("performed_on", flat=True).distinct()
    bare = [on for on in days if not any(paper.valid_on(on) for paper in papers)]
    approved = in_service.filter(Q(approved_on=None) | Q(approved_on__gt=day) | Q(approval=None)).order_by("code")
    rows = rows.filter(performed_on__in=bare)
    outside = _for_others(rows, institution)
    early = rows.exclude(pk__in=outside).exclude(
        standard__approved_on__lte=F("performed_on"), standard__approval__isnull=False
    )
    breaches = shown_records(outside, institution, _("没有计量授权，用最高计量标准对外服务"))
    breaches += shown_records(early, institution, _("本单位批准之前使用最高计量标准"))
    if unauthorised:
        breaches += [
            Evidence(
                str(row), reverse("equipment:standard", args=[institution.slug, row.ref]), _("没有本单位的批准"), row.pk
            )
            for row in approved
        ]
    return none_in_breach(
        unauthorised, breaches, nothing=_("没有在用而未获计量授权的最高计量标准。"),
        advice=_("没有计量授权的最高计量标准只能用于内部非强制检定和校准。请停止对外服务，评估影响。"),
    )  # fmt: skip


# --- equipment on the day of use


@clause("D-4.4.1.2")
def borrowed_equipment_was_checked(institution: Institution, day: date) -> Verdict:
    """Borrowed equipment was used on days only for which its traceability and condition had been checked."""
    uses = Uses(institution, day)
    borrowed = {pk: days for pk, days in uses.all().items() if uses.devices[pk].control == Equipment.Control.EXTERNAL}
    checked = ExternalUse.objects.filter(
        institution=institution, state=ExternalUse.State.CURRENT, equipment__in=borrowed, traceability_checked=True,
        condition_checked=True,
    )  # fmt: skip
    spans: dict[int, list[tuple[date, date]]] = {}
    for pk, first, last in checked.values_list("equipment_id", "valid_from", "valid_until"):
        spans.setdefault(pk, []).append((first, last))
    bare = {
        pk: [on for on in days if not any(first <= on <= last for first, last in spans.get(pk, ()))]
        for pk, days in borrowed.items()
    }
    return none_in_breach(
        borrowed, uses.evidence(bare, _("没有核对溯源和状态的借用检查")), nothing=_("近 365 天没有使用借用的设备。"),
        advice=_("借用的设备先核对溯源、检查状态并批准，再使用。请补查并评估影响。"),
        fix=reverse("portal:register", args=[institution.slug, "external-uses"]),
    )  # fmt: skip


@clause("D-4.4.2.1-s2")
def nothing_was_used_unmeasured(institution: Institution, day: date) -> Verdict:
    """Nothing was used before its first verification, calibration or intermediate check."""
    uses = Uses(institution, day)
    checks = IntermediateCheck.objects.filter(institution=institution, equipment__in=uses.devices)
    firsts = dict(checks.order_by().values_list("equipment").annotate(Min("performed_on")))
    early = {}
    for pk, days in uses.all().items():
        device = uses.devices[pk]
        known = [trace.calibrated_on for trace in device.traceabilities.all()] + ([firsts[pk]] if pk in firsts else [])
        if uses.is_traced(device):
            early[pk] = [on for on in days if not known or on < min(known)]
    return none_in_breach(
        uses.devices, uses.evidence(early, _("检定、校准或核查之前使用")), nothing=_nothing(),
        advice=_("这些设备在检定、校准或核查之前就用了。请评估影响，必要时重测。"),
    )  # fmt: skip


@clause("D-4.4.2.2-s2")
def tests_used_certified_equipment(institution: Institution, day: date) -> Verdict:
    """Tests are none of the activities that the portal takes in: verification and calibration are."""
    return not_applicable(_("系统里没有受理检测业务。"))


@clause("D-4.4.3.2-s1")
def nothing_stopped_was_used(institution: Institution, day: date) -> Verdict:
    """Nothing that was stopped at some time of the year was used between then and its return.

    The days of stopping and of returning themselves are left out: what was measured that day may lie before or after it.
    """
    first, last = year_before(day)
    stops = EquipmentEvent.objects.filter(institution=institution, state_after=State.QUARANTINED)
    changes = EquipmentEvent.objects.filter(institution=institution, equipment__in=stops.values("equipment"))
    changes = changes.exclude(state_after="").filter(happened_on__lte=last).order_by("happened_on", "pk")
    spans: dict[int, list[tuple[date, date]]] = {}
    since: dict[int, date] = {}
    for pk, on, state in changes.values_list("equipment_id", "happened_on", "state_after"):
        if state == State.QUARANTINED:
            since.setdefault(pk, on)
        elif state == State.IN_USE and pk in since and (begun := since.pop(pk)) and on >= first:
            spans.setdefault(pk, []).append((begun, on))
    for pk, on in since.items():
        spans.setdefault(pk, []).append((on, date.max))
    uses = Uses(institution, day)
    wrong = {
        pk: [on for on in days if any(begun < on < ended for begun, ended in spans.get(pk, ()))]
        for pk, days in uses.all().items()
    }
    return none_in_breach(
        spans, uses.evidence(wrong, _("停用期间使用")), nothing=_("近 365 天没有停用隔离的设备。"),
        advice=_("停用期间用过这些设备。请评估影响，必要时重测，并查明为什么能选到它们。"),
    )  # fmt: skip


@clause("D-4.4.3.6")
def corrections_were_everywhere(institution: Institution, day: date) -> Verdict:
    """Of equipment with corrections it is known where copies are kept, and it was used only when all held the newest."""
    sets: dict[int, list[tuple[int, date]]] = {}
    editions = CorrectionSet.objects.filter(institution=institution, made_on__lte=day)
    for pk, edition, on in editions.order_by("edition").values_list("equipment_id", "pk", "made_on"):
        sets.setdefault(pk, []).append((edition, on))
    copies: dict[int, list[int]] = {}
    places = CorrectionCopy.objects.filter(institution=institution, state=CorrectionCopy.State.CURRENT)
    for pk, copy in places.values_list("equipment_id", "pk"):
        copies.setdefault(pk, []).append(copy)
    updated = CopyUpdate.objects.filter(institution=institution)
    held = {(copy, edition): on for copy, edition, on in updated.values_list("copy_id", "edition_id", "updated_on")}
    uses = Uses(institution, day)

    def behind(pk: int, on: date) -> bool:
        newest = [edition for edition, made in sets[pk] if made <= on][-1:]
        return any(held.get((copy, edition), date.max) > on for edition in newest for copy in copies.get(pk, ()))

    wrong = {pk: [on for on in days if behind(pk, on)] for pk, days in uses.all().items() if pk in sets}
    unplaced = in_use(institution, day).filter(pk__in=sets.keys() - copies.keys())
    breaches = devices(institution, unplaced, _("没有登记修正值存放在哪里"))
    return none_in_breach(
        sets, breaches + uses.evidence(wrong, _("修正值没有全部更新时使用")), nothing=_("没有使用修正值的设备。"),
        advice=_("请登记修正值的每一处存放，逐处更新并确认，评估其间的结果。"),
        fix=reverse("portal:register", args=[institution.slug, "correction-copies"]),
    )  # fmt: skip


@clause("C-5.3.4-s1")
def used_equipment_has_its_file(institution: Institution, day: date) -> Verdict:
    """Everything that any record was measured with has all of its file."""
    measured = RawRecord.objects.filter(institution=institution, state=RawRecord.State.SUBMITTED, performed_on__lte=day)
    there = Q(added_on=None) | Q(added_on__lte=OuterRef("performed_on"))
    left = Q(removed_on=None) | Q(removed_on__gt=OuterRef("performed_on"))
    parts = StandardPart.objects.filter(there, left, standard=OuterRef("standard"), equipment=OuterRef(OuterRef("pk")))
    used = Equipment.objects.filter(institution=institution).filter(
        Exists(measured.filter(environment_equipment=OuterRef("pk"))) | Exists(measured.filter(Exists(parts)))
    )
    bare = filing.incomplete(used.order_by("asset_number"), day)
    return none_in_breach(
        used.count() if in_use(institution, day).exists() else 0, _told(institution, bare, day), nothing=nothing_in_use(),
        advice=_("这些用过的设备档案不全。请按设备页的档案清单补齐。"),
        fix=reverse("portal:register_new", args=[institution.slug, "equipment-papers"]),
    )  # fmt: skip


def _told(institution: Institution, rows: Iterable[Equipment], day: date) -> list[Evidence]:
    return [
        Evidence(
            str(row), reverse("equipment:detail", args=[institution.slug, row.ref]),
            _("缺%(parts)s") % {"parts": _("、").join(str(part.title) for part in filing.missing(row, day))}, row.pk,
        )
        for row in rows
    ]  # fmt: skip
