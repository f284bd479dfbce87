"""Clauses decided by whether the portal is worked with: which sides of the work it carried lately, at which sites."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from equipment.models import Traceability
from institutions.checks.papers import scope_rests_on_certificate_and_annex
from institutions.checks.rows import open_sites
from institutions.models import Institution, MethodReview, ScopeItem, Training, TrainingAttendance
from orders.models import Item
from portal.clauses import Evidence, State, Verdict, clause, none_in_breach, not_applicable, unknown, window

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


@clause("B-4.3-s1")
def calibrates_on_certificate_and_annex(institution: Institution, day: date) -> Verdict:
    """Calibrations were accepted within the year, and what the scope rests on is on file with its annex."""
    papers = scope_rests_on_certificate_and_annex(institution, day)
    accepted = _items(institution, *year_before(day)).filter(activity=Item.Activity.CALIBRATION)
    if papers.state != State.MET or accepted.exists():
        return papers
    return unknown(_("证书和附表齐备；近 365 天没有受理校准，不能判为符合。"), **papers.figures)
