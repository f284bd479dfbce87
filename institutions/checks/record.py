"""Clauses decided by what authorities have recorded against the institution and its key persons. Never met because nobody looked."""

import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta

from django.utils.translation import gettext as _

from portal.clauses import WINDOW_DAYS, State, Verdict, all_of, clause, existing, none_in_breach, read_once
from portal.registers.verbs import accepted

from ..models import Institution, KeyPerson, RegisterCheck, Violation
from .rows import current, evidence, page, years_before

Kind, Source, Role = Violation.Kind, RegisterCheck.Source, KeyPerson.Role
# 七类关键人员. Source.
KEY_ROLES = (
    Role.LEGAL_REPRESENTATIVE, Role.CONTROLLING_SHAREHOLDER, Role.ACTUAL_CONTROLLER, Role.DIRECTOR, Role.SUPERVISOR,
    Role.SENIOR_MANAGER, Role.QUALITY_MANAGER,
)  # fmt: skip
NEEDED_ROLES = (Role.LEGAL_REPRESENTATIVE, Role.QUALITY_MANAGER)
# Rows of every day are read at once, since some clauses look at several days.
EVER = date.max
# What stands in each public register, so that a search which found something is answered by a row of such a kind.
LISTED_IN = {Source.DISHONESTY: (Kind.DISHONESTY_LISTING,), Source.PENALTIES: (Kind.PENALTY, Kind.VIOLATION)}


@read_once
def _decisions(institution: Institution, ever: date) -> list[Violation]:
    rows = current(Violation, institution).select_related("key_person__employment")
    return list(rows.order_by("-decided_on", "pk"))


@read_once
def _searches(institution: Institution, ever: date) -> list[RegisterCheck]:
    rows = current(RegisterCheck, institution).select_related("file", "key_person__employment")
    return [row for row in rows.order_by("-checked_on", "-pk") if accepted(row.file)]


@read_once
def _persons(institution: Institution, ever: date) -> list[KeyPerson]:
    rows = current(KeyPerson, institution).filter(role__in=KEY_ROLES).select_related("employment")
    return list(rows.order_by("pk"))


def decisions(institution: Institution) -> list[Violation]:
    """What was ever decided, final or not, whether it still stands or not; the latest first, with the key persons."""
    return _decisions(institution, EVER)


def decided(institution: Institution, day: date) -> list[Violation]:
    """Of it what was decided by the day."""
    return [row for row in decisions(institution) if row.decided_on <= day]


def standing(institution: Institution, day: date) -> list[Violation]:
    """Of it what was final by the day, and not revoked or taken off the list by then."""
    return [
        row for row in decided(institution, day)
        if row.final_on is not None and row.final_on <= day and (row.revoked_on is None or row.revoked_on > day)
    ]  # fmt: skip


def searches(institution: Institution, day: date) -> list[RegisterCheck]:
    """The searches of the year that ends on the day whose result is on file, the latest first."""
    first = day - timedelta(WINDOW_DAYS - 1)
    return [row for row in _searches(institution, EVER) if first <= row.checked_on <= day]


def key_persons(institution: Institution, day: date) -> list[KeyPerson]:
    """Who held one of the offices of key persons on the day."""
    return [
        row for row in _persons(institution, EVER)
        if row.valid_from <= day and (row.valid_until is None or row.valid_until >= day)
    ]  # fmt: skip


def one_person(one: KeyPerson | None, other: KeyPerson | None) -> bool:
    """Whether the two rows mean the same person, or both the institution: one person may hold several offices, one after another."""
    if one is None or other is None:
        return one is other
    if one.employment is not None and other.employment is not None:
        return one.employment.person_id == other.employment.person_id
    return _plain(one.name) == _plain(other.name)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _searched(institution: Institution, day: date, source: str, who: Iterable[KeyPerson | None] = (None,)) -> Verdict:
    """The public register was searched within a year for each of these (None: the institution), and what was found is on record."""
    fix, found, missing, untold = page(institution, "register-checks"), [], [], []
    known = [row for row in searches(institution, day) if row.source == source]
    on_record = decided(institution, day)
    for subject in who:
        rows = [row for row in known if one_person(row.key_person, subject)]
        if not rows:
            missing.append(evidence(institution, "key-persons", subject) if subject else None)
            continue
        found.append(evidence(institution, "register-checks", rows[0], str(rows[0].checked_on)))
        if rows[0].result == RegisterCheck.Result.FOUND and not _is_told(rows[0], on_record):
            untold.append(evidence(institution, "register-checks", rows[0], _("查到的记录没有登记")))
    if missing == [None]:
        advice = _("近 365 天没有查询过“%(source)s”。请查询并登记结果和截图。") % {"source": Source(source).label}
        searched = existing([], advice=advice, fix=fix)
    else:
        searched = none_in_breach(
            len(found) + len(missing), missing, nothing="", fix=fix,
            advice=_("这些关键人员近 365 天没有查询过处罚记录。请逐人查询并登记。"),
        )  # fmt: skip
    told = none_in_breach(
        len(found), untold, nothing="", fix=page(institution, "violations"),
        advice=_("查询有记录，但没有登记是什么决定。请在“违法违规与处罚”逐条登记。"),
    )  # fmt: skip
    return all_of(searched, told)


def _is_told(search: RegisterCheck, on_record: Iterable[Violation]) -> bool:
    """Whether what the search found is on record."""
    kinds = LISTED_IN[Source(search.source)]
    return any(
        row.kind in kinds and row.decided_on <= search.checked_on and one_person(row.key_person, search.key_person)
        for row in on_record
    )


def _clean(institution: Institution, rows: Iterable[Violation], advice: str) -> Verdict:
    breaches = [evidence(institution, "violations", row, str(row.decided_on)) for row in rows]
    return none_in_breach(1, breaches, nothing="", advice=advice, fix=page(institution, "violations"))


@clause("A-4.3.1-s1")
def no_serious_violation_in_a_year(institution: Institution, day: date) -> Verdict:
    """Nothing serious was decided against the institution within one year, and the register was searched."""
    since = years_before(day, 1)
    rows = [
        row for row in standing(institution, day) if row.serious and not row.key_person_id and row.decided_on > since
    ]
    return all_of(
        _clean(institution, rows, _("一年内有重大违法违规的生效决定，满一年后才能承诺。")),
        _searched(institution, day, Source.PENALTIES),
    )


@clause("A-4.3.1-s2")
def not_on_the_list(institution: Institution, day: date) -> Verdict:
    """The institution stands on no list of grave dishonesty that day, and the list was searched.

    Who is listed is on the list, whether the decision is contested or not.
    """
    rows = [
        row for row in decided(institution, day)
        if row.kind == Kind.DISHONESTY_LISTING and not row.key_person_id
        and (row.revoked_on is None or row.revoked_on > day)
    ]  # fmt: skip
    return all_of(
        _clean(institution, rows, _("机构在严重违法失信名单内。移出名单并登记移出日期后才能承诺。")),
        _searched(institution, day, Source.DISHONESTY),
    )


def _metrology_penalties(institution: Institution, day: date) -> list[Violation]:
    """Penalties over metrology that stand and were decided within three years, of the institution and of persons."""
    since = years_before(day, 3)
    return [
        row for row in standing(institution, day)
        if row.kind == Kind.PENALTY and row.metrology and row.decided_on > since
    ]  # fmt: skip


@clause("A-4.3.2")
def key_persons_are_clean(institution: Institution, day: date) -> Verdict:
    """Who stands for the institution is registered, and none of the key persons was punished over metrology in three years.

    A penalty is the person's, under whichever office it was written down.
    """
    persons = key_persons(institution, day)
    held = {person.role for person in persons}
    missing = [Role(role).label for role in NEEDED_ROLES if role not in held]
    if missing:
        advice = _("没有登记在任的%(roles)s。请登记关键人员。") % {"roles": "、".join(map(str, missing))}
        return Verdict(State.NOT_MET, {}, (), advice, page(institution, "key-persons"))
    rows = [
        row for row in _metrology_penalties(institution, day)
        if row.key_person_id and any(one_person(row.key_person, person) for person in persons)
    ]  # fmt: skip
    return all_of(
        _clean(institution, rows, _("关键人员三年内受过计量行政处罚，不能承诺。")),
        _searched(institution, day, Source.PENALTIES, persons),
    )


@clause("A-4.3.3")
def institution_is_clean(institution: Institution, day: date) -> Verdict:
    """The institution itself was not punished over metrology within three years, and the register was searched."""
    rows = [row for row in _metrology_penalties(institution, day) if not row.key_person_id]
    return all_of(
        _clean(institution, rows, _("机构三年内受过计量行政处罚，满三年后才能承诺。")),
        _searched(institution, day, Source.PENALTIES),
    )
