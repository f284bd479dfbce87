"""Gaps in the traceability of equipment that was in use meanwhile. Source: B-4.4.2-s7."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ..models import Confirmation, Equipment, EquipmentEvent, Traceability

DAY = timedelta(days=1)
Span = tuple[date, date]


@dataclass(frozen=True)
class Gap:
    """Days, the first and the last among them, on which equipment was in use and no confirmed certificate covered it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def gaps_in_use(
    equipment: Equipment, traces: Sequence[Traceability], events: Sequence[EquipmentEvent], until: date
) -> list[Gap]:
    """The gaps since the first confirmed certificate up to `until`, the earliest first; days out of use are none.

    A certificate counts up to the day before the next one was performed, confirmed or not.
    `traces` with their confirmations; `events` in any order. Equipment without events has been as it is since ever.
    """
    if not equipment.traced or equipment.role in Equipment.UNTRACED or not traces:
        return []
    standing = _standing(traces)
    ends = [*(trace.calibrated_on - DAY for trace in standing[1:]), until]
    covered = _merged(
        span for trace, end in zip(standing, ends, strict=True) for span in _usable(trace, min(end, until))
    )
    begin = covered[0][0] if covered else min(trace.calibrated_on for trace in traces)
    found, at = [], begin
    for first, last in [*covered, (until + DAY, until + DAY)]:
        if at < first:
            found += _overlap((at, min(first - DAY, until)), _in_use(equipment, events, begin, until))
        at = max(at, last + DAY)
    return [Gap(*span) for span in found]


def _standing(traces: Sequence[Traceability]) -> list[Traceability]:
    """The certificates in the order in which they were performed, of one recorded again the newest row."""
    rows = {(trace.issuer, trace.certificate_number): trace for trace in sorted(traces, key=lambda trace: trace.pk)}
    return sorted(rows.values(), key=lambda trace: (trace.calibrated_on, trace.pk))


def _usable(trace: Traceability, until: date) -> list[Span]:
    """The days a certificate covers: from each confirmation that says so to the next that does not, or its end."""
    made = sorted(trace.confirmations.all(), key=lambda row: (row.confirmed_on, row.pk))
    spans = []
    for place, row in enumerate(made):
        if row.conclusion not in Confirmation.USABLE:
            continue
        later = made[place + 1].confirmed_on - DAY if place + 1 < len(made) else trace.valid_until
        first, last = max(row.confirmed_on, trace.calibrated_on), min(later, trace.valid_until, until)
        if first <= last:
            spans.append((first, last))
    return spans


def _in_use(equipment: Equipment, events: Sequence[EquipmentEvent], begin: date, until: date) -> list[Span]:
    """The days on which the equipment was in use; the day on which it was stopped is none of them."""
    changes = sorted((event for event in events if event.state_after), key=lambda event: (event.happened_on, event.pk))
    in_use = Equipment.State.IN_USE
    if not changes:
        return [(begin, until)] if equipment.state == in_use else []
    spans, since = [], None
    for event in changes:
        if event.state_after == in_use and since is None:
            since = event.happened_on
        elif event.state_after != in_use and since is not None:
            if since < event.happened_on:
                spans.append((since, event.happened_on - DAY))
            since = None
    if since is not None and since <= until:
        spans.append((since, until))
    return spans


def _merged(spans) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + DAY:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _overlap(span: Span, others: list[Span]) -> list[Span]:
    found = ((max(span[0], first), min(span[1], last)) for first, last in others)
    return [(first, last) for first, last in found if first <= last]
