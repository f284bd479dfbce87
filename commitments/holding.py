"""The conditions of a pledge: the first day on which one of them breaks, as far as today's records tell.

    breaks(institution, day, since)      what is broken on the day, or will be on a later one that is already known
    first_break(institution, day, since) the earliest of them; None: no end is known
    last_good_day(broken)                the day before it

Conditions follow from dates on record, so that a page can tell tomorrow's truth without anybody's act: what ends is
known beforehand. Whatever is written down reckons anew, in the same transaction. Source: A-9.3-a, A-9.3-c.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.checks.record import decisions, key_persons, one_person
from institutions.checks.rows import years_before
from institutions.models import Institution, LegalStatus, Qualification, Violation

from .models import Commitment, CommitmentWithdrawal

Cause = CommitmentWithdrawal.Cause
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Break:
    """On `day` the pledge falls for `cause`; `text` says why, `row` is what decides it, where there is one.

    `arose`: since when it is so, which is before the day where nobody had written it down in time.
    """

    day: date
    cause: str
    text: str
    row: Model | None = None
    arose: date | None = None


def first_break(institution: Institution, day: date, since: date) -> Break | None:
    """The earliest break on or after the day; several on one day: in the order of the clause. Needs the institution's scope."""
    return min(breaks(institution, day, since), key=lambda one: one.day, default=None)


def last_good_day(broken: Break | None) -> date | None:
    """The last day on which all conditions are known to hold, where that is the first break; None: no end is known."""
    return broken.day - DAY if broken else None


def breaks(institution: Institution, day: date, since: date) -> Iterator[Break]:
    """Each condition's first break on or after the day. `since`: when the pledge became public. Three queries.

    What was broken in between and holds again is broken still: a pledge that fell does not come to life by itself.
    """
    yield from _violations(institution, day, since)
    papers = list(
        Qualification.objects.filter(institution=institution, state__in=Qualification.COUNTING).order_by(
            "valid_from", "pk"
        )
    )
    licences = [row for row in papers if row.kind == Qualification.Kind.BUSINESS_LICENCE]
    measuring = [row for row in papers if row.kind in Qualification.FOR_CALIBRATION]
    yield from _uncovered(licences, day, since, Cause.LICENCE, _("营业执照或法人登记证书"))
    yield from _uncovered(measuring, day, since, Cause.QUALIFICATION, _("开展计量服务所需的资质"))
    yield from _not_operating(institution, day, since)


def _violations(institution: Institution, day: date, since: date) -> Iterator[Break]:
    """What has become final since the pledge, concerns integrity, and still stands; or was kept back when it was made. Source: A-9.3-a."""
    rows = [(began, row.pk, row) for row in decisions(institution) if (began := counts_from(row)) is not None]
    for began, _pk, row in sorted(rows):
        on = max(began, day)
        kept_back = was_kept_back(institution, row, began, since)
        if (kept_back or (is_grave(row) and began >= since)) and (row.revoked_on is None or on < row.revoked_on):
            said = {"kind": row.get_kind_display(), "number": row.number, "day": began}
            text = (
                _("%(kind)s %(number)s 于 %(day)s 生效，公开承诺时没有登记")
                if kept_back
                else _("%(kind)s %(number)s 于 %(day)s 生效")
            )
            yield Break(on, Cause.VIOLATION, text % said, row, began)
            return


def counts_from(row: Violation) -> date | None:
    """Since when a decision counts: since it is final; whoever is listed is on the list from the decision on. Source: A-4.3.1-s2."""
    listed = row.kind == Violation.Kind.DISHONESTY_LISTING and row.key_person_id is None
    return row.decided_on if listed else row.final_on


def was_kept_back(institution: Institution, row: Violation, began: date, since: date) -> bool:
    """Whether what counts since `began` stood when the pledge became public, and would have kept it from doing so had it been told.

    So would what an earlier pledge should have fallen by, that was taken back before anybody had written it down.
    Source: A-4.3.1, A-4.3.2, A-4.3.3, A-9.3-a.
    """
    if began >= since or (row.revoked_on is not None and row.revoked_on <= since):
        return False
    told_later = timezone.localdate(row.recorded_at) >= since
    if row.key_person_id is None:
        barred = (
            (row.serious and row.decided_on > years_before(since, 1))
            or row.kind == Violation.Kind.DISHONESTY_LISTING
            or _over_metrology(row, since)
        )  # fmt: skip
    else:
        barred = _over_metrology(row, since) and (
            told_later or any(one_person(row.key_person, one) for one in key_persons(institution, since))
        )
    return barred or (told_later and is_grave(row) and _was_public(institution, began))


def _over_metrology(row: Violation, since: date) -> bool:
    return row.kind == Violation.Kind.PENALTY and row.metrology and row.decided_on > years_before(since, 3)


def _was_public(institution: Institution, day: date) -> bool:
    """Whether an earlier pledge was public that day."""
    return Commitment.objects.filter(
        institution=institution,
        state=Commitment.State.WITHDRAWN,
        published_at__date__lte=day,
        withdrawn_at__date__gte=day,
    ).exists()


def is_grave(row: Violation) -> bool:
    """Whether a pledge falls by it: by what concerns integrity, and by whatever an authority found against the institution itself.

    Source: A-9.3-a.
    """
    against_it = row.kind in (Violation.Kind.VIOLATION, Violation.Kind.DISHONESTY_LISTING) and row.key_person_id is None
    return row.integrity_related or against_it


def pending_decision(institution: Institution, day: date) -> Violation | None:
    """What the pledge will fall by once it is final, unless it is revoked before; None: nothing is on record."""
    rows = [row for row in decisions(institution) if is_grave(row) and row.revoked_on is None]
    return next((row for row in rows if (began := counts_from(row)) is None or began > day), None)


def is_to_be_remedied(withdrawal: CommitmentWithdrawal) -> bool:
    """Whether another pledge waits for a remediation: not after one taken back freely, unless it should have fallen by what was
    written down only later. Source: A-9.3-s2."""
    if withdrawal.cause != Cause.VOLUNTARY:
        return True
    pledge = withdrawal.commitment
    first, last = (timezone.localdate(moment) for moment in (pledge.published_at, withdrawal.withdrawn_at))
    grave = [row for row in decisions(withdrawal.institution) if is_grave(row) and row.revoked_on is None]
    return any(began is not None and first <= began <= last for began in map(counts_from, grave))


def _uncovered(rows: Iterable[Qualification], day: date, since: date, cause: str, what: str) -> Iterator[Break]:
    """The first day from which none of the papers is valid, also of a gap that is over. Source: A-9.3-c."""
    rows = list(rows)
    for on, row in sorted(_ends(rows, since, day), key=lambda pair: pair[0]):
        if not any(one.valid_on(on) for one in rows):
            text = _("%(what)s失效：%(row)s，%(why)s") % {"what": what, "row": row, "why": row.why_not_valid_on(on)}
            yield Break(day, cause, text, row, on)
            return
    last: Qualification | None = None
    while True:
        reach = [(good_until(row, day), row) for row in rows if row.valid_on(day)]
        if not reach:
            break
        if any(end is None for end, _row in reach):
            return
        end, last = max(reach, key=lambda pair: pair[0])
        day = end + DAY
    last = last or max((row for row in rows if row.valid_from < day), key=lambda row: row.valid_from, default=None)
    if last is None:
        yield Break(day, cause, _("没有登记有效的%(what)s") % {"what": what})
    else:
        why = last.why_not_valid_on(day)
        text = _("%(what)s失效：%(row)s，%(why)s") % {"what": what, "row": last, "why": why}
        yield Break(day, cause, text, last, _uncovered_since(rows, day))


def _ends(rows: Iterable[Qualification], since: date, day: date) -> Iterator[tuple[date, Qualification]]:
    """After `since` and up to the day: each day from which one of the papers was not valid any more."""
    for row in rows:
        for on in (row.valid_until and row.valid_until + DAY, *(stop.lower for stop in row.stops)):
            if on is not None and since < on <= day and row.valid_from < on:
                yield on, row


def _uncovered_since(rows: Iterable[Qualification], day: date) -> date:
    """The first day of the gap in which the day lies: no paper is valid on it nor on any day from there."""
    ends = [end for row in rows for end in (row.valid_until, *(stop.lower and stop.lower - DAY for stop in row.stops))]
    ends = [end for end in ends if end is not None and end < day and any(row.valid_on(end) for row in rows)]
    return max(ends) + DAY if ends else day


def good_until(row: Qualification, day: date) -> date | None:
    """The last day of the time in which the paper, valid on the day, stays valid; None without an end."""
    ends = [stop.lower - DAY for stop in row.stops if stop.lower is not None and stop.lower > day]
    return min([*ends, *([row.valid_until] if row.valid_until else [])], default=None)


def _not_operating(institution: Institution, day: date, since: date) -> Iterator[Break]:
    """The first day on which the institution's own statement does not say that it operates, also one that is over. Source: A-9.3-c."""
    operating = LegalStatus.BusinessStatus.OPERATING
    said = list(
        LegalStatus.objects.filter(institution=institution, state=LegalStatus.State.CURRENT).order_by("since", "pk")
    )
    now = [row for row in said if row.since <= day]
    later = {row.since: row for row in said if row.since > day}  # of one day the last one counts
    if not now:
        yield Break(day, Cause.CLOSURE, _("没有登记法律地位，不知道是否正常经营"))
        return
    past = {row.since: row for row in now if row.since > since}
    for on, row in [*((day, row) for _on, row in sorted(past.items())), (day, now[-1]), *sorted(later.items())]:
        if row.business_status != operating:
            text = _("%(day)s 起经营状态是“%(state)s”") % {"day": row.since, "state": row.get_business_status_display()}
            yield Break(on, Cause.CLOSURE, text, row, row.since)
            return
