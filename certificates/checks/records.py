"""Clauses decided by records: what was used, by which method, when it was written down."""

from datetime import date, timedelta

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from equipment.checks.rows import own, standards_in_use
from equipment.models import Confirmation, Equipment, MeasurementStandard, Traceability
from equipment.usability import obstacles
from institutions.models import Employment, Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach, not_applicable
from portal.clock import CHINA

from ..models import RawRecord, Reading
from .rows import Uses, records, shown_records, year_before

LATEST = timedelta(days=1)


def _nothing() -> str:
    return _("近 365 天没有提交的原始记录。")


def _judged(rows: QuerySet[RawRecord], wrong: QuerySet[RawRecord], institution: Institution, advice: str) -> Verdict:
    return none_in_breach(rows.count(), shown_records(wrong, institution), nothing=_nothing(), advice=advice)


# --- what was measured with


def _badly_assessed(institution: Institution, day: date) -> QuerySet[RawRecord]:
    inside = Q(standard__assessed_on__lte=F("performed_on"), standard__assessed_until__gte=F("performed_on"))
    return records(institution, day).exclude(inside & ~Q(standard__assessment_certificate=""))


@clause("A-6.1.1")
def standards_were_assessed(institution: Institution, day: date) -> Verdict:
    """No record cites a standard outside its assessment, and none is in use without one that day."""
    standards = MeasurementStandard.objects.filter(institution=institution)
    if not standards.exists():
        return not_applicable(_("没有计量标准。"))
    valid = Q(assessed_on__lte=day, assessed_until__gte=day) & ~Q(assessment_certificate="")
    expired = standards_in_use(institution, day).exclude(valid)
    breaches = [
        Evidence(str(row), reverse("equipment:standard", args=[institution.slug, row.ref]), _("在用而考核无效"), row.pk)
        for row in expired
    ]
    breaches += shown_records(_badly_assessed(institution, day), institution, _("检校日不在考核有效期内"))
    return none_in_breach(
        records(institution, day).count(), breaches, nothing=_nothing(),
        advice=_("请停用考核无效的计量标准；涉及的证书请评估影响，必要时重测。"),
    )  # fmt: skip


@clause("A-6.2.2")
def equipment_was_traced(institution: Institution, day: date) -> Verdict:
    """All equipment used had a valid, confirmed traceability on the day of measurement."""
    uses = Uses(institution, day)
    breaches = uses.evidence(uses.untraced(uses.all()), _("当天没有有效溯源"))
    return none_in_breach(
        uses.devices, breaches, nothing=_nothing(), advice=_("这些设备在使用当天没有有效溯源。请评估影响，必要时重测。")
    )


@clause("B-4.4.2-s1")
def traceability_is_on_file(institution: Institution, day: date) -> Verdict:
    """All equipment used had, on the day of measurement, a valid traceability whose certificate is on file."""
    uses = Uses(institution, day)
    breaches = uses.evidence(uses.untraced(uses.all(), with_file=True), _("当天没有附文件的有效溯源"))
    return none_in_breach(
        uses.devices, breaches, nothing=_nothing(), advice=_("这些设备在使用当天没有附文件的有效溯源。请补登证书文件。")
    )


@clause("B-5.8-d", "D-4.4.2.2-s1")
def nothing_untraced_was_used(institution: Institution, day: date) -> Verdict:
    """Neither equipment without traceability nor a standard outside its assessment was used."""
    uses = Uses(institution, day)
    breaches = uses.evidence(uses.untraced(uses.all()), _("当天没有有效溯源"))
    breaches += shown_records(_badly_assessed(institution, day), institution, _("检校日不在考核有效期内"))
    return none_in_breach(
        records(institution, day).count(), breaches, nothing=_nothing(),
        advice=_("用了未按要求溯源的设备或标准。请评估影响，必要时重测。"),
    )  # fmt: skip


@clause("C-5.4.2-s1")
def environment_was_monitored(institution: Institution, day: date) -> Verdict:
    """The device that watched the room had a valid traceability on the day."""
    uses = Uses(institution, day)
    breaches = uses.evidence(uses.untraced(uses.monitored), _("当天没有有效溯源"))
    return none_in_breach(
        uses.monitored, breaches, nothing=_nothing(), advice=_("环境监测设备在使用当天没有有效溯源。请送检并评估影响。")
    )


@clause("C-5.5.4", "B-4.4.2-s2")
def nothing_was_used_unconfirmed(institution: Institution, day: date) -> Verdict:
    """No equipment was used after a calibration of the last year before its metrological confirmation said fit.

    The last certificate by the day of use decides: what was found unfit is not used until a later one was confirmed.
    """
    uses = Uses(institution, day)
    recent = Traceability.objects.standing().filter(
        institution=institution, equipment__in=own(institution, day).order_by(),
        calibrated_on__range=year_before(day),
    ).with_confirmations()  # fmt: skip
    traces: dict[int, list[Traceability]] = {}
    for trace in recent.order_by("calibrated_on", "pk"):
        traces.setdefault(trace.equipment_id, []).append(trace)

    def unconfirmed(pk: int, on: date) -> bool:
        known = [trace for trace in traces.get(pk, ()) if trace.calibrated_on <= on]
        found = known[-1].confirmation_on(on) if known else None
        return bool(known) and (found is None or found.conclusion not in Confirmation.USABLE)

    early = {pk: [on for on in days if unconfirmed(pk, on)] for pk, days in uses.all().items()}
    return none_in_breach(
        sum(map(len, traces.values())), uses.evidence(early, _("计量确认为可用之前使用")),
        nothing=_("近 365 天没有新的溯源记录。"),
        advice=_("这些设备在溯源之后、计量确认之前被使用。请补作确认并评估影响。"),
    )  # fmt: skip


@clause("A-6.2.1.1-s2")
def nothing_abolished_is_used(institution: Institution, day: date) -> Verdict:
    """No abolished equipment is in use, and none was used since it was abolished.

    Where that day is not recorded, whether a use came after it is left to a person.
    """
    devices = Equipment.objects.filter(institution=institution).exclude(state=Equipment.State.WITHDRAWN)
    count = devices.count()
    if not count:
        bare = [Evidence(_("设备台账是空的"), reverse("portal:register_new", args=[institution.slug, "equipment"]))]
        return none_in_breach(1, bare, nothing="", advice=_("还没有设备台账。请登记设备。"))
    banned = Q(obsolete_on=None) | Q(obsolete_on__lte=day)
    banned = devices.filter(banned, obsolete=True).annotate(state_that_day=obstacles.state_on(day))
    obsolete = {row.pk: row for row in banned.order_by("asset_number")}
    breaches = [
        Evidence(
            str(row), reverse("equipment:detail", args=[institution.slug, row.ref]), _("国家明令淘汰，仍在用"), row.pk
        )
        for row in obsolete.values()
        if row.state_that_day == Equipment.State.IN_USE
    ]  # fmt: skip
    uses = Uses(institution, day) if obsolete else None
    used = {pk: days for pk, days in uses.all().items() if pk in obsolete} if uses else {}
    after = {
        pk: [on for on in days if (since := obsolete[pk].obsolete_on) is not None and on >= since]
        for pk, days in used.items()
    }
    breaches += uses.evidence(after, _("淘汰之后使用")) if uses else []
    unknown_since = [str(obsolete[pk]) for pk in used if obsolete[pk].obsolete_on is None]
    reason = _("淘汰日期没有登记：%(names)s近一年用过，请人工核对。") % {"names": "、".join(unknown_since)}
    return none_in_breach(
        count, breaches, nothing="", advice=_("请停用国家明令淘汰的器具，评估用它出的结果。"),
        rest=reason if unknown_since else "",
    )  # fmt: skip


# --- by whom and how


@clause("C-5.1.2-s4")
def operators_were_within_age(institution: Institution, day: date) -> Verdict:
    """Nobody measured after the 65th birthday."""
    rows = records(institution, day)
    last = dict(rows.values_list("operator").annotate(Max("performed_on")))
    people = Employment.objects.filter(institution=institution, pk__in=last).order_by("pk")
    too_old = [
        Evidence(
            row.name, reverse("institutions:person", args=[institution.slug, row.ref]), last[row.pk].isoformat(), row.pk
        )
        for row in people
        if not row.within_age_on(last[row.pk])
    ]
    return none_in_breach(
        rows.count(), too_old, nothing=_nothing(), advice=_("超过 65 周岁不得从事检定校准。请改派人员并重测。")
    )


@clause("C-6.3.2")
def records_are_complete(institution: Institution, day: date) -> Verdict:
    """Every record has its readings, its room, and its conditions where the data sheet asks for them."""
    rows = records(institution, day)
    readings = Reading.objects.filter(record=OuterRef("pk"), institution=OuterRef("institution"))
    conditions = readings.filter(cell__startswith="condition:")
    asks = Q(procedure__definition__conditions__0__isnull=False)
    wrong = rows.filter(~Exists(readings) | Q(room="") | (asks & ~Exists(conditions)))
    return _judged(rows, wrong, institution, _("这些记录缺读数、房间或环境条件，无法复现。请重测。"))


@clause("C-6.3.3-s1")
def recorded_in_time(institution: Institution, day: date) -> Verdict:
    """A record was begun on the day of measurement or the day after, or says why not; never before it."""
    rows = records(institution, day).annotate(
        begun_on=TruncDate("started_at", tzinfo=CHINA),
        latest=ExpressionWrapper(F("performed_on") + LATEST, output_field=DateTimeField()),
    )
    late = Q(begun_on__gt=F("latest"), late_reason="")
    wrong = rows.filter(late | Q(begun_on__lt=F("performed_on")))
    return _judged(rows, wrong, institution, _("这些记录没有当时即记，也没有说明理由。请重测或查明原因。"))


def _written_afterwards(rows: QuerySet[RawRecord]) -> QuerySet[RawRecord]:
    """Records with a first value entered after their certificate was drafted."""
    later = Reading.objects.filter(
        record=OuterRef("pk"), institution=OuterRef("institution"), replaces=None,
        record__certificates__created_at__lt=F("recorded_at"),
    )  # fmt: skip
    return rows.filter(Exists(later))


@clause("C-6.3.3-s2")
def nothing_was_added_afterwards(institution: Institution, day: date) -> Verdict:
    """No reading was first written down after the certificate was drafted."""
    rows = records(institution, day)
    return _judged(
        rows, _written_afterwards(rows), institution, _("这些记录在证书生成之后补记了读数。请作废证书并重测。")
    )


@clause("C-6.3.4-s1")
def corrections_stand_beside(institution: Institution, day: date) -> Verdict:
    """Corrections of the last year keep the old value and a reason; nothing changed without one."""
    rows = records(institution, day)
    corrected = Reading.objects.filter(institution=institution, record__in=rows, replaces__isnull=False)
    wrong = _written_afterwards(rows) | rows.filter(Exists(corrected.filter(record=OuterRef("pk"), reason="")))
    return none_in_breach(
        corrected.count(), shown_records(wrong, institution) if corrected.exists() else [],
        nothing=_("近 365 天没有更正。"), advice=_("这些记录的改动没有并列原值和理由。请查明原因并重测。"),
    )  # fmt: skip
