"""Clauses decided by records: what was used, by which method, when it was written down."""

from datetime import date, timedelta

from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from equipment.models import Equipment, MeasurementStandard
from institutions.models import Employment, Institution
from portal.clauses import WINDOW_DAYS, Evidence, Verdict, clause, none_in_breach, not_applicable, unknown
from portal.clock import CHINA

from ..models import RawRecord, Reading
from .rows import Uses, records, shown_records

LATEST = timedelta(days=1)


def _nothing() -> str:
    return _("近 365 天没有提交的原始记录。")


def _judged(rows: QuerySet[RawRecord], wrong: QuerySet[RawRecord], institution: Institution, advice: str) -> Verdict:
    return none_in_breach(rows.count(), shown_records(wrong, institution), nothing=_nothing(), advice=advice)


# --- what was measured with


def _badly_assessed(institution: Institution, day: date) -> QuerySet[RawRecord]:
    outside = Q(performed_on__lt=F("standard__assessed_on")) | Q(performed_on__gt=F("standard__assessed_until"))
    return records(institution, day).filter(outside)


@clause("A-6.1.1")
def standards_were_assessed(institution: Institution, day: date) -> Verdict:
    """No record cites a standard outside its assessment, and none is in use without one that day."""
    standards = MeasurementStandard.objects.filter(institution=institution)
    if not standards.exists():
        return not_applicable(_("没有计量标准。"))
    in_use = standards.filter(state=MeasurementStandard.State.IN_USE)
    expired = in_use.filter(Q(assessed_until__lt=day) | Q(assessed_on__gt=day)).order_by("code")
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


@clause("B-5.8-d")
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
    """No equipment was used between a calibration of the last year and its metrological confirmation."""
    uses, first = Uses(institution, day), day - timedelta(WINDOW_DAYS)
    recent = {
        pk: [trace for trace in device.traceabilities.all() if first < trace.calibrated_on <= day]
        for pk, device in uses.devices.items()
    }
    early = {
        pk: [on for on in days if any(trace.calibrated_on <= on < trace.confirmed_on for trace in recent[pk])]
        for pk, days in uses.all().items()
    }
    return none_in_breach(
        sum(map(len, recent.values())), uses.evidence(early, _("计量确认之前使用")),
        nothing=_("近 365 天使用的设备没有新的溯源记录。"),
        advice=_("这些设备在溯源之后、计量确认之前被使用。请补作确认并评估影响。"),
    )  # fmt: skip


@clause("A-6.2.1.1-s2")
def nothing_abolished_is_used(institution: Institution, day: date) -> Verdict:
    """No abolished equipment is in use. Since when it was abolished is not recorded, so use in the past is shown only."""
    devices = Equipment.objects.filter(institution=institution)
    count = devices.count()

    def shown(rows: list[Equipment], text: str) -> list[Evidence]:
        return [
            Evidence(str(row), reverse("equipment:detail", args=[institution.slug, row.ref]), text, row.pk)
            for row in rows
        ]

    obsolete = list(devices.filter(obsolete=True).order_by("asset_number"))
    in_use = shown([row for row in obsolete if row.state == Equipment.State.IN_USE], _("国家明令淘汰，仍在用"))
    if not count or in_use:
        advice = _("请停用国家明令淘汰的器具。") if count else _("还没有设备台账。请登记设备。")
        return none_in_breach(1, in_use or [Evidence(_("设备台账是空的"))], nothing="", advice=advice)
    used = Uses(institution, day).all() if obsolete else {}
    if cited := [row for row in obsolete if row.pk in used]:
        reason = _("淘汰日期没有登记：%(names)s近一年用过，请人工核对。") % {"names": "、".join(map(str, cited))}
        return unknown(reason)
    return none_in_breach(count, [], nothing="", advice="")


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
