"""Clauses decided by what is shown to the public, and at the service window."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from portal.clauses import Evidence, Verdict, clause, existing, none_in_breach, not_applicable
from portal.registers.verbs import accepted

from ..models import (
    Declaration,
    Institution,
    PublicItem,
    PublicItemCheck,
    Qualification,
    ScopeItem,
    Site,
)
from ..models.service import CHECK_EVERY
from .rows import current, declarations, evidence, has_window, listed, open_sites, page

Item = PublicItem.Kind
SHOWN = (Item.LAW, Item.AUTHORISATION, Item.PROCESS_IN_LAB, Item.FEES, Item.TIME_LIMIT, Item.SERVICE_PROMISE)
OPEN = (Item.PROCESS_IN_LAB, Item.FEES, Item.TIME_LIMIT, Item.CAPABILITY, Item.COMPLAINT_CHANNEL)


def _shown(institution: Institution, day: date) -> list[PublicItem]:
    rows = current(PublicItem, institution).filter(published_on__lte=day).select_related("photo")
    done = current(PublicItemCheck, institution).filter(item=OuterRef("pk"), checked_on__lte=day)
    last = done.order_by("-checked_on", "-pk")
    rows = rows.annotate(
        last_check=Subquery(last.values("checked_on")[:1]), last_result=Subquery(last.values("result")[:1])
    )
    return list(rows.order_by("kind", "pk"))


def _seen_on(row: PublicItem) -> date:
    """When it was last looked at: on publication, or when it was last compared."""
    return max(row.published_on, row.last_check or row.published_on)


def _review_on(row: PublicItem) -> date:
    """When it is to be looked at again: as planned, or later when somebody has found it right since."""
    if row.last_check is None or row.last_result == PublicItemCheck.Result.WRONG:
        return row.next_review_on
    return max(row.next_review_on, row.last_check + CHECK_EVERY)


def _absent(institution: Institution, rows: list[PublicItem], kinds: tuple[Item, ...]) -> list[Evidence]:
    there = {row.kind for row in rows}
    return [
        Evidence(str(kind.label), page(institution, "public-items", kind=kind.value), _("没有公示"))
        for kind in kinds
        if kind not in there
    ]


def _unchecked(institution: Institution, rows: list[PublicItem], day: date) -> list[Evidence]:
    found = []
    for row in rows:
        if day - _seen_on(row) > CHECK_EVERY:
            found.append(evidence(institution, "public-items", row, _("上次核对 %(day)s") % {"day": _seen_on(row)}))
    return found


@clause("B-6.2.4-s1")
def service_is_open(institution: Institution, day: date) -> Verdict:
    """Process, fees, time limits, capability and the way to complain are shown and were compared in time."""
    rows = [row for row in _shown(institution, day) if row.kind in OPEN]
    breaches = _absent(institution, rows, OPEN) + _unchecked(institution, rows, day)
    return none_in_breach(
        len(OPEN),
        breaches,
        nothing="",
        advice=_("请登记缺少的公示内容，核对到期的内容。"),
        fix=listed(institution, "public-items"),
    )


@clause("C-4.4-s1")
def six_things_are_on_display(institution: Institution, day: date) -> Verdict:
    """The six items are published, each with a photograph of the display."""
    rows = [row for row in _shown(institution, day) if row.kind in SHOWN]
    pictured = {row.kind for row in rows if accepted(row.photo)}
    bare = [
        evidence(institution, "public-items", row, _("没有窗口公示的照片")) for row in rows if row.kind not in pictured
    ]
    return none_in_breach(
        len(SHOWN), _absent(institution, rows, SHOWN) + bare, nothing="",
        advice=_("请补齐六项公示内容和窗口照片。"), fix=listed(institution, "public-items"),
    )  # fmt: skip


@clause("C-4.4-s2")
def what_is_shown_is_kept_up(institution: Institution, day: date) -> Verdict:
    """Nothing shown is past its review or was found wrong, and nothing it tells of has changed since it was looked at.

    What fees are charged is not on record: whether the shown ones are right, only a comparison by hand tells.
    """
    rows = _shown(institution, day)
    changed = {Item.CAPABILITY: _scope_changed(institution, day), Item.AUTHORISATION: _papers_changed(institution, day)}
    breaches = []
    for row in rows:
        change = changed.get(row.kind)
        if _review_on(row) < day:
            text = _("应在 %(day)s 前核对") % {"day": _review_on(row)}
        elif row.last_result == PublicItemCheck.Result.WRONG:
            text = _("%(day)s 核对时需要更正，之后没有再核对") % {"day": row.last_check}
        elif change and change > _seen_on(row):
            text = _("所依据的内容 %(day)s 有变化，公示之后没有核对") % {"day": change}
        else:
            continue
        breaches.append(evidence(institution, "public-items", row, text))
    if not rows:
        return existing([], advice=_("还没有公示内容。请登记。"), fix=page(institution, "public-items"))
    return none_in_breach(
        rows, breaches, nothing="", advice=_("请核对并更新这些公示内容。"), fix=listed(institution, "public-items")
    )


def _scope_changed(institution: Institution, day: date) -> date | None:
    """The last day by then on which a line of scope began, ended or was suspended."""
    rows = ScopeItem.objects.filter(institution=institution).exclude(state=ScopeItem.State.WITHDRAWN)
    return _latest(day, rows.values_list("valid_from", "valid_until", "suspended_on"), ends=(1,))


def _papers_changed(institution: Institution, day: date) -> date | None:
    """The last day by then on which a qualification began, ended, was stopped or was restored."""
    rows = Qualification.objects.filter(institution=institution, state__in=Qualification.COUNTING)
    spans = list(rows.values_list("valid_from", "valid_until", "stops"))
    stops = [(stop.lower, stop.upper) for _first, _last, ranges in spans for stop in ranges]
    days = [_latest(day, [span[:2] for span in spans], ends=(1,)), _latest(day, stops)]
    return max(filter(None, days), default=None)


def _latest(day: date, rows: Iterable[tuple[date | None, ...]], ends: tuple[int, ...] = ()) -> date | None:
    """The last of these days that is not after the day; of those in a place in `ends` the day after counts."""
    days = [at + timedelta(place in ends) for row in rows for place, at in enumerate(row) if at]
    return max((at for at in days if at <= day), default=None)


@clause("C-4.4-s3")
def what_is_shown_is_checked(institution: Institution, day: date) -> Verdict:
    """Everything shown was compared with what holds within its interval."""
    rows = _shown(institution, day)
    if not rows:
        return existing([], advice=_("还没有公示内容。请登记。"), fix=page(institution, "public-items"))
    return none_in_breach(
        rows, _unchecked(institution, rows, day), nothing="", advice=_("请核对这些公示内容，登记结果。"),
        fix=page(institution, "public-checks"),
    )  # fmt: skip


@clause("C-6.2.1")
def both_ways_of_service_are_shown(institution: Institution, day: date) -> Verdict:
    """How to bring an instrument is shown, and how service on site goes where there is any."""
    kinds = [Item.PROCESS_IN_LAB]
    if any(row.kind != Site.Kind.FIXED for row in open_sites(institution, day)):
        kinds.append(Item.PROCESS_ON_SITE)
    rows = _shown(institution, day)
    return none_in_breach(
        len(kinds), _absent(institution, rows, tuple(kinds)), nothing="", advice=_("请公示送检和现场服务的流程。"),
        fix=page(institution, "public-items"),
    )  # fmt: skip


@clause("C-4.6")
def window_is_in_order(institution: Institution, day: date) -> Verdict:
    """Where there is a window, somebody has looked over its facilities within the year and signed for it."""
    if not has_window(institution, day):
        return not_applicable(_("没有登记服务窗口。"))
    rows = declarations(institution, Declaration.Kind.WINDOW_CHECK, day)
    return existing(
        [evidence(institution, "declarations", row) for row in rows],
        advice=_("没有一年内的窗口自查声明（附照片）。请自查后登记。"),
        fix=page(institution, "declarations", kind=Declaration.Kind.WINDOW_CHECK),
    )  # fmt: skip
