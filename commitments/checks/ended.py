"""Clauses decided by how pledges ended: at once when a cause arose, and not renewed before it was put right."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.utils.translation import gettext as _

from institutions.checks.record import standing
from institutions.models import Institution
from portal.clauses import Evidence, State, Verdict, clause, none_in_breach, not_applicable, standing_of

from ..days import day_of
from ..eligibility import CLAUSES
from ..holding import is_grave
from ..models import Commitment, CommitmentWithdrawal, Remediation
from .rows import broken, evidence, page, public, withdrawn

Cause = CommitmentWithdrawal.Cause
OFFENCES = (Cause.VIOLATION, Cause.COMPLAINT, Cause.COLLUSION)
LAPSES = (Cause.LICENCE, Cause.QUALIFICATION, Cause.CLOSURE)


def _fallen(institution: Institution, day: date, causes: Iterable[str]) -> list[Commitment]:
    """Those withdrawn in the year that ends on the day, for one of the causes."""
    first = day - timedelta(364)
    return [
        row for row in withdrawn(institution, day)
        if row.withdrawal.cause in causes and day_of(row.withdrawn_at) >= first
    ]  # fmt: skip


def _days_late(row: Commitment) -> int:
    """How many days the pledge stood after the cause of its end had arisen."""
    return (day_of(row.withdrawn_at) - max(row.withdrawal.trigger_on, day_of(row.published_at))).days


def _late(institution: Institution, rows: Iterable[Commitment], at_most: int) -> list[Evidence]:
    return [
        evidence(
            institution, row,
            _("情形出现于 %(on)s，%(day)s 才撤销") % {"on": row.withdrawal.trigger_on, "day": day_of(row.withdrawn_at)},
        )
        for row in rows
        if _days_late(row) > at_most
    ]  # fmt: skip


def _standing_still(institution: Institution, day: date, causes: Iterable[str]) -> list[Evidence]:
    """The pledge that is public though one of these causes has arisen."""
    row = public(institution, day)
    return [evidence(institution, row, one.text) for one in broken(institution, day) if one.cause in causes]


@clause("A-9.3-s1")
def falls_at_once(institution: Institution, day: date) -> Verdict:
    """Every pledge with a cause to end was withdrawn by the next day at the latest, in the last year."""
    causes = (*OFFENCES, *LAPSES)
    rows, open_ones = _fallen(institution, day, causes), _standing_still(institution, day, causes)
    return none_in_breach(
        len(rows) + len(open_ones), [*open_ones, *_late(institution, rows, 1)], fix=page(institution),
        nothing=_("近一年没有出现应撤销承诺的情形。"),
        advice=_("出现撤诺情形后没有立即撤销承诺。情形一出现就请登记，平台随即撤销。"),
    )  # fmt: skip


@clause("A-9.3-a")
def falls_by_offences(institution: Institution, day: date) -> Verdict:
    """What became final against the institution while its pledge was public has ended the pledge."""
    shown = public(institution, day)
    since = [day_of(shown.published_at)] if shown else []
    grave = [one for one in standing(institution, day) if is_grave(one)]
    now = [one for one in grave if since and one.final_on >= since[0]]
    open_ones = _standing_still(institution, day, OFFENCES)
    ended = _fallen(institution, day, (Cause.VIOLATION, Cause.COLLUSION))
    return none_in_breach(
        len(ended) + max(len(now), len(open_ones)), open_ones, fix=page(institution),
        nothing=_("近一年没有承诺公开之后生效的诚信计量违法违规。"),
        advice=_("违法违规已经生效，承诺还在公开。请撤销承诺并整改。"),
    )  # fmt: skip


@clause("A-9.3-c")
def falls_with_its_papers(institution: Institution, day: date) -> Verdict:
    """When the licence or the needed qualification ended, or the institution stopped, the pledge was withdrawn the same day."""
    rows, open_ones = _fallen(institution, day, LAPSES), _standing_still(institution, day, LAPSES)
    return none_in_breach(
        len(rows) + len(open_ones), [*open_ones, *_late(institution, rows, 0)], fix=page(institution),
        nothing=_("近一年承诺公开期间没有证照失效或停业。"),
        advice=_("证照失效或停业的当天没有撤销承诺。请及时登记证照和经营状态，平台当天撤销。"),
    )  # fmt: skip


def _renewed_too_early(institution: Institution, row: Commitment, before: Commitment) -> str:
    """Why the pledge should not have followed the withdrawn one when it did, or ""."""
    ended, on = before.withdrawal, day_of(row.published_at)
    remedy = getattr(ended, "remediation", None)
    accepted = remedy is not None and remedy.state == Remediation.State.ACCEPTED
    if ended.cause != Cause.VOLUNTARY and not (accepted and remedy.decided_at <= row.published_at):
        return _("上一份承诺撤销之后，整改没有经主管部门认可就重新公开")
    unmet = [name for name in CLAUSES if standing_of(name, institution, on).state == State.NOT_MET]
    return _("重新公开当天不符合：%(names)s") % {"names": "、".join(unmet)} if unmet else ""


@clause("A-9.3-s2")
def renewed_after_remedy_only(institution: Institution, day: date) -> Verdict:
    """The public pledge that follows a withdrawn one was made after the remediation was accepted, when the conditions were met."""
    before = withdrawn(institution, day)
    if not before:
        return not_applicable(_("没有撤销过承诺。"))
    shown, wrong = public(institution, day), []
    if shown is not None and (text := _renewed_too_early(institution, shown, before[-1])):
        wrong = [evidence(institution, shown, text)]
    return none_in_breach(
        before, wrong, nothing="", fix=page(institution),
        advice=_("整改没有经认可，或条件没有达到，就重新作出了承诺。请撤销承诺，完成整改后再承诺。"),
    )  # fmt: skip
