"""Clauses decided by whether the portal is worked with: which sides of the work it carried lately, at which sites."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from equipment.models import Equipment, Traceability
from institutions.checks.organisation import archives_are_ruled
from institutions.checks.papers import scope_rests_on_certificate_and_annex
from institutions.checks.rows import current, open_sites
from institutions.models import (
    ArchiveClass,
    Employment,
    Institution,
    ManagementDocument,
    MethodReview,
    Qualification,
    ScopeItem,
    Training,
    TrainingAttendance,
)
from orders.models import Item
from portal.clauses import (
    MOST_EVIDENCE,
    Evidence,
    State,
    Verdict,
    all_of,
    applies,
    clause,
    none_in_breach,
    not_applicable,
    unknown,
    window,
)

from ..models import Certificate, RawRecord, Reading
from .rows import records, year_before

LATELY = 90  # days

Asked = Callable[[Institution, date, date], Any]


def _items(institution: Institution, first: date, last: date) -> Any:
    return Item.objects.filter(institution=institution, received_on__range=(first, last))


def _people(institution: Institution, first: date, last: date) -> Any:
    rows = TrainingAttendance.objects.filter(institution=institution, training__held_on__range=(first, last))
    return rows.filter(state=TrainingAttendance.State.CURRENT, training__state=Training.State.CURRENT)


def _machines(institution: Institution, first: date, last: date) -> Any:
    return Traceability.objects.filter(institution=institution, calibrated_on__range=(first, last))


def _records(institution: Institution, first: date, last: date) -> Any:
    rows = RawRecord.objects.filter(institution=institution, performed_on__range=(first, last))
    return rows.exclude(state=RawRecord.State.ABANDONED)


def _rooms(institution: Institution, first: date, last: date) -> Any:
    return Reading.objects.filter(record__in=_records(institution, first, last), cell__startswith="condition:")


def _methods(institution: Institution, first: date, last: date) -> Any:
    rows = MethodReview.objects.filter(institution=institution, reviewed_on__range=(first, last))
    return rows.filter(state=MethodReview.State.CURRENT)


def _certificates(institution: Institution, first: date, last: date) -> Any:
    return Certificate.objects.filter(institution=institution, issued_at__date__range=(first, last))


ASPECTS: dict[Any, Asked] = {
    gettext_lazy("业务：样品收发"): _items,
    gettext_lazy("人员：培训记录"): _people,
    gettext_lazy("设备：溯源登记"): _machines,
    gettext_lazy("环境：环境记录"): _rooms,
    gettext_lazy("方法：方法查新"): _methods,
    gettext_lazy("数据：原始记录"): _records,
}
SERVICES: dict[Any, Asked] = {
    gettext_lazy("样品收发"): _items,
    gettext_lazy("证书签发"): _certificates,
}


def _used(institution: Institution, day: date, aspects: dict[Any, Asked], advice: str) -> Verdict:
    first, _last = window(day, LATELY)
    idle = [
        Evidence(str(title), "", _("近 90 天没有记录"))
        for title, asked in aspects.items()
        if not asked(institution, first, day).exists()
    ]
    return none_in_breach(len(aspects), idle, nothing="", advice=advice)


@clause("B-6.6.1")
def all_six_sides_are_digital(institution: Institution, day: date) -> Verdict:
    """Business, people, machines, environment, methods and data were worked on in the portal in the last 90 days."""
    return _used(institution, day, ASPECTS, _("这几方面近 90 天没有在系统里做。请把这些工作也放到系统里。"))


@clause("D-5.7.1")
def services_run_here(institution: Institution, day: date) -> Verdict:
    """Items were received and certificates issued in the portal in the last 90 days; each certificate has its public page."""
    return _used(institution, day, SERVICES, _("近 90 天没有在系统里收样或签发证书。"))


@clause("B-4.7.4-s1")
def every_site_keeps_its_records_here(institution: Institution, day: date) -> Verdict:
    """Every site that has had scope for a year has records; a record always names its site and lies in this one store."""
    places = open_sites(institution, day)
    if len(places) < 2:
        return not_applicable(_("只有一个场所。"))
    first, _last = year_before(day)
    lines = ScopeItem.objects.filter(institution=institution, valid_from__lte=first).valid_on(day)
    working = set(lines.values_list("site_id", flat=True))
    sites = [site for site in places if site.pk in working]
    if not sites:
        return unknown(_("还没有场所有满一年的能力范围，不能判断各场所的记录是否都在系统里。"))
    counts = dict(records(institution, day).values_list("site_id").annotate(Count("pk")))
    idle = [Evidence(str(site), "", _("近 365 天没有记录"), site.pk) for site in sites if not counts.get(site.pk)]
    return none_in_breach(
        sites,
        idle,
        nothing="",
        advice=_("这些场所有能力范围，却没有记录。请把记录登记到系统，或停用场所。"),
    )


def _accepted(institution: Institution, day: date) -> Any:
    return _items(institution, *year_before(day)).filter(activity=Item.Activity.CALIBRATION)


@applies("B")
def takes_in_calibrations(institution: Institution, day: date) -> str:
    """Document B is for those who calibrate for others, with a scope or without."""
    return "" if _accepted(institution, day).exists() else _("近 365 天没有受理校准。")


def _without_scope(institution: Institution, days: Iterable[date]) -> list[date]:
    """Those of the days on which no line of scope on a valid qualification was in its dates. Two queries."""
    known = Qualification.objects.filter(institution=institution, kind__in=Qualification.FOR_CALIBRATION).in_bulk()
    lines = ScopeItem.objects.filter(institution=institution, qualification__in=known)
    lines = lines.exclude(state=ScopeItem.State.WITHDRAWN)
    spans = set(lines.values_list("qualification_id", "valid_from", "valid_until"))
    return [
        on
        for on in days
        if not any(
            first <= on and (last is None or on <= last) and known[paper].valid_on(on) for paper, first, last in spans
        )
    ]


@clause("B-4.3-s1")
def calibrates_on_certificate_and_annex(institution: Institution, day: date) -> Verdict:
    """Calibrations were accepted within the year, each under a qualification with lines of scope valid that day.

    What the scope of the day rests on is on file with its annex.
    """
    papers, accepted = scope_rests_on_certificate_and_annex(institution, day), _accepted(institution, day)
    if not accepted.exists():
        if papers.state != State.MET:
            return papers
        return unknown(_("证书和附表齐备；近 365 天没有受理校准，不能判为符合。"), **papers.figures)
    bare = _without_scope(institution, accepted.values_list("received_on", flat=True).distinct())
    url, text = "orders:item", _("受理当天没有有效的资质和能力范围")
    taken_in = none_in_breach(
        accepted.count(),
        [
            Evidence(str(row), reverse(url, args=[institution.slug, row.ref]), text, row.pk)
            for row in accepted.filter(received_on__in=bare).order_by("pk")[:MOST_EVIDENCE]
        ],
        nothing="", advice=_("没有资质和能力附表时不能受理校准。请停止受理，评估已出的结果。"),
    )  # fmt: skip
    return all_of(papers, taken_in)


@clause("C-7.3.1.1")
def archives_hold_something(institution: Institution, day: date) -> Verdict:
    """The archives are ruled and set up, and in each of the five lies something by that day."""
    kinds = ArchiveClass.Archive
    contents = {
        kinds.STAFF: current(Employment, institution).filter(started_on__lte=day),
        kinds.DOCUMENTS: current(ManagementDocument, institution).filter(valid_from__lte=day),
        kinds.EQUIPMENT: Equipment.objects.filter(institution=institution),
        kinds.RAW_RECORDS: RawRecord.objects.filter(
            institution=institution, state=RawRecord.State.SUBMITTED, performed_on__lte=day
        ),
        kinds.CERTIFICATES: Certificate.objects.filter(institution=institution, issued_at__date__lte=day),
    }
    empty = [Evidence(str(kind.label), "", _("没有内容")) for kind, rows in contents.items() if not rows.exists()]
    return all_of(
        archives_are_ruled(institution, day),
        none_in_breach(len(contents), empty, nothing="", advice=_("这些档案里还没有内容。请把记录登记到系统。")),
    )
