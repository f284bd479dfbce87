"""What must hold for pledges, whatever was killed. Source: A-8.2, A-9.3."""

from collections.abc import Iterator

from institutions.models import Institution
from portal.invariants import invariant, selected

from . import verifying


@invariant("a pledge that was public was drawn up and checked by two people and signed by its legal representative")
def signed_as_asked(institution: Institution) -> Iterator[str]:
    """Source: A-8.2.2.1-s2, A-8.2.2.1-s3."""
    for number, made, checked, role, begins, ends, signed in selected(
        "SELECT c.number, c.made_by_id, c.checked_by_id, k.role, k.valid_from, k.valid_until, c.signed_on "
        "FROM commitments_commitment c JOIN institutions_keyperson k ON k.id = c.signed_by_id "
        "WHERE c.institution_id = %s AND c.state IN ('public', 'withdrawn')",
        institution.pk,
    ):
        if checked is None or made == checked:
            yield f"{number} was not checked by somebody else than who drew it up"
        if role != "legal_representative" or signed < begins or (ends is not None and signed > ends):
            yield f"{number} was not signed by who stood for the institution on {signed}"


@invariant("a withdrawn pledge says once why, and no other does")
def withdrawn_once(institution: Institution) -> Iterator[str]:
    """Source: A-9.3-s1."""
    for number, state, withdrawals in selected(
        "SELECT c.number, c.state, count(w.id) FROM commitments_commitment c "
        "LEFT JOIN commitments_commitmentwithdrawal w ON w.commitment_id = c.id "
        "WHERE c.institution_id = %s GROUP BY c.id",
        institution.pk,
    ):
        if withdrawals != (1 if state == "withdrawn" else 0):
            yield f"{number or 'a pledge'} is {state} with {withdrawals} withdrawals"


@invariant("after a fall only an accepted remediation leads to a new pledge")
def remedied_first(institution: Institution) -> Iterator[str]:
    """Who took its pledge back by itself is free to make another. Source: A-9.3-s2."""
    for number, later in selected(
        "SELECT c.number, n.number FROM commitments_commitmentwithdrawal w JOIN commitments_commitment c ON c.id = w.commitment_id "
        "LEFT JOIN commitments_remediation r ON r.withdrawal_id = w.id AND r.state = 'accepted' "
        "JOIN commitments_commitment n ON n.institution_id = w.institution_id AND n.published_at > c.published_at "
        "WHERE w.institution_id = %s AND w.cause <> 'voluntary' AND (r.id IS NULL OR r.decided_at > n.published_at)",
        institution.pk,
    ):
        yield f"{later} became public though nothing was accepted about the fall of {number}"


@invariant("ledger and public page say of a pledge what is on record")
def witnessed_and_shown(institution: Institution) -> Iterator[str]:
    """As the verification of the ledger asks. Source: E4.26."""
    yield from map(str, verifying.pledges_are_as_made(institution.pk))
    yield from map(str, verifying.pages_say_what_is_on_record(institution.pk))


@invariant("the directory says of an institution what its newest pledge says")
def directory_agrees(institution: Institution) -> Iterator[str]:
    """State, code and dates; an institution without a pledge shows none. Source: A-8.2.2.2."""
    for shown, state, *facts in selected(
        "SELECT e.pledge, coalesce(c.state, ''), e.token, coalesce(c.token, ''), e.confirm_by, c.confirm_by, e.name, i.name "
        "FROM institutions_institution i LEFT JOIN commitments_directoryentry e ON e.institution_id = i.id "
        "LEFT JOIN LATERAL (SELECT * FROM commitments_commitment c WHERE c.institution_id = i.id "
        "AND c.state IN ('public', 'withdrawn') ORDER BY c.published_at DESC, c.id DESC LIMIT 1) c ON true WHERE i.id = %s",
        institution.pk,
    ):
        pairs = [(shown, state), *zip(facts[::2], facts[1::2], strict=True)]
        yield from (f"the directory says {said}, the records {known}" for said, known in pairs if said != known)
