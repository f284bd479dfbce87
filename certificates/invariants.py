"""What must hold for records and certificates, whatever was killed. Source: the invariants of docs/architecture.md."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator

from django.core.files.storage import default_storage

from institutions.models import Institution
from portal.invariants import invariant, selected
from portal.models import OutboxEntry

from . import tasks
from .models import Certificate


@invariant("a series of numbers has no gap and no number twice")
def series_are_whole(institution: Institution) -> Iterator[str]:
    """The highest number of a series and year is how many there are, and what the counter says. Source: E5.28."""
    counted = defaultdict(list)
    for (number,) in selected(
        "SELECT number FROM certificates_certificate WHERE institution_id = %s AND number <> ''", institution.pk
    ):
        series, _dash, count = number.rpartition("-")
        counted[series].append(int(count))
    last = {
        f"{institution.short_code}-{series}-{year}": last
        for series, year, last in selected(
            "SELECT series, year, last FROM portal_counter WHERE institution_id = %s AND length(series) = 1",
            institution.pk,
        )
    }
    for series in counted.keys() | last.keys():
        numbers = sorted(counted.get(series, []))
        if numbers != list(range(1, last.get(series, 0) + 1)):
            yield f"{series}: the counter stands at {last.get(series, 0)}, {len(numbers)} numbers are used"


@invariant("an issued certificate was signed by three people and confirmed by its signatory")
def three_people_signed(institution: Institution) -> Iterator[str]:
    """Operator, checker and approver differ; the approver's step-up for exactly this content was used. Source: E3.18."""
    people: dict[int, set[int]] = defaultdict(set)
    for user, employment in selected(
        "SELECT user_id, employment_id FROM institutions_membership WHERE institution_id = %s "
        "AND employment_id IS NOT NULL",
        institution.pk,
    ):
        people[employment].add(user)
    confirmed = defaultdict(set)
    for user, target, sha256 in selected(
        "SELECT user_id, target_id, sha256 FROM portal_stepup WHERE act = 'certificate.approve' AND used_at IS NOT NULL"
    ):
        confirmed[target, sha256].add(user)
    for pk, number, body, *three in selected(
        "SELECT id, number, body_sha256, operator_id, checker_id, approver_id FROM certificates_certificate "
        "WHERE institution_id = %s AND number <> ''",
        institution.pk,
    ):
        if None in three or len(set(three)) != 3:
            yield f"{number} was not signed by three different people"
        elif not confirmed[pk, body] & people[three[2]]:
            yield f"{number} has no used confirmation of its signatory for this content"


@invariant("an issued certificate has its leaves and exactly one rendering")
def issued_is_witnessed(institution: Institution) -> Iterator[str]:
    """One leaf of issue; with a PDF one of the PDF; void, one of that; one piece of rendering work. Source: E5.29."""
    leaves = defaultdict(list)
    for target, kind in selected(
        "SELECT target_id, kind FROM portal_ledgerleaf WHERE institution_id = %s AND target = 'certificates.Certificate'",
        institution.pk,
    ):
        leaves[target].append(kind)
    work = defaultdict(list)
    for target, state in selected(
        "SELECT target_id, state FROM portal_outboxentry WHERE institution_id = %s AND task = %s",
        institution.pk,
        tasks.render_pdf.work.name,
    ):
        work[target].append(state)
    for pk, number, state, pdf in selected(
        "SELECT id, number, state, pdf_sha256 <> '' FROM certificates_certificate WHERE institution_id = %s "
        "AND number <> ''",
        institution.pk,
    ):
        expected = ["certificate.issued"]
        expected += ["certificate.pdf"] if pdf else []
        expected += ["certificate.voided"] if state == Certificate.State.VOID else []
        if sorted(leaves[pk]) != sorted(expected):
            yield f"{number} has the leaves {sorted(leaves[pk])}, not {sorted(expected)}"
        if len(work[pk]) != 1:
            yield f"{number} has {len(work[pk])} pieces of rendering work"
        elif (work[pk] == [OutboxEntry.State.DONE]) != pdf:
            yield f"{number}: its rendering is {work[pk][0]} and its PDF is {'there' if pdf else 'not there'}"


@invariant("a stored PDF has the bytes it was stored with")
def files_are_whole(institution: Institution) -> Iterator[str]:
    """Every named file exists and has the stored hash. Source: E6.35."""
    for number, sha256, stored_as in selected(
        "SELECT number, pdf_sha256, pdf_stored_as FROM certificates_certificate WHERE institution_id = %s "
        "AND pdf_sha256 <> ''",
        institution.pk,
    ):
        try:
            with default_storage.open(stored_as) as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            yield f"{number}: {stored_as} is missing"
            continue
        if found != sha256:
            yield f"{number}: {stored_as} has other bytes"


@invariant("the public page says of a certificate what it is")
def cards_agree(institution: Institution) -> Iterator[str]:
    """Void reads void, and a certificate without PDF has no page."""
    for number, state, pdf, shown in selected(
        "SELECT c.number, c.state, c.pdf_sha256, s.card->>'state' FROM certificates_certificate c "
        "LEFT JOIN portal_smartcode s ON s.institution_id = c.institution_id "
        "AND s.token_digest = encode(sha256(convert_to(c.token, 'UTF8')), 'hex') "
        "WHERE c.institution_id = %s AND c.number <> ''",
        institution.pk,
    ):
        if bool(pdf) != (shown is not None):
            yield f"{number}: PDF {'stored' if pdf else 'missing'}, page {shown or 'missing'}"
        elif state == Certificate.State.VOID and shown != "void":
            yield f"{number} is void and its page says {shown}"


@invariant("the first value of a cell stays readable, and a correction says why")
def corrections_are_chains(institution: Institution) -> Iterator[str]:
    """Every correction leads back to a first value of the same cell; times grow with row numbers. Source: E4.19–21."""
    for pk, cell in selected(
        "SELECT r.id, r.cell FROM certificates_reading r LEFT JOIN certificates_reading o ON o.id = r.replaces_id "
        "WHERE r.institution_id = %s AND r.replaces_id IS NOT NULL "
        "AND (o.id IS NULL OR o.cell <> r.cell OR o.record_id <> r.record_id OR r.reason = '' OR o.id >= r.id "
        "OR o.recorded_at > r.recorded_at)",
        institution.pk,
    ):
        yield f"reading {pk} ({cell}) does not lead back to an earlier value of its cell"


@invariant("an issued certificate has one successful entry of its issue in the audit trail")
def issues_are_in_the_trail(institution: Institution) -> Iterator[str]:
    """One act, one entry. Source: E4.23."""
    for number, count in selected(
        "SELECT c.number, count(a.id) FROM certificates_certificate c LEFT JOIN portal_auditentry a "
        "ON a.institution_id = c.institution_id AND a.target = 'certificates.Certificate' AND a.target_id = c.id "
        "AND a.verb = 'certificate.issue' AND a.succeeded WHERE c.institution_id = %s AND c.number <> '' "
        "GROUP BY c.id, c.number HAVING count(a.id) <> 1",
        institution.pk,
    ):
        yield f"{number} has {count} entries of its issue"
