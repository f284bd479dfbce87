"""The night of the pledges: one statement over the directory beside a look at every institution of a large country."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.db import connections

from commitments import ending, night
from commitments.models import Commitment, CommitmentTemplate, DirectoryEntry
from institutions.models import Institution, KeyPerson, LegalStatus, Qualification
from portal import codes
from portal.tenancy import scope, tenant

from .laboratory import Bench
from .measure import Line, Spent, in_turn
from .rows import NEW_REF

INSTITUTIONS, FALLEN = 10_000, 100  # of so many one has lost a condition
SAMPLED = 50  # institutions that the loop goes through
ROUNDS = 7
SLUG = "pledge-"
PUBLISHED, LAST = date(2026, 3, 1), date(2026, 8, 31)
TODAY = LAST + timedelta(1)
AT = datetime.combine(TODAY, time(1), UTC)


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Who has lost a condition with the day: asked of everybody at once, and of one after the other."""
    labs = _fill(bench.scaled(INSTITUTIONS))
    sample = [lab for place, lab in enumerate(labs) if place % FALLEN][:SAMPLED]

    def at_once() -> None:
        with scope():
            found = night.fallen(TODAY).filter(slug__startswith=SLUG)
            _must(len(found.values_list("institution_id", flat=True)) == len(labs) // FALLEN)

    def calendar() -> None:
        with scope():
            len(night.outdated(TODAY).values_list("institution_id", flat=True))

    def one_by_one() -> None:
        for lab in sample:
            with tenant(lab.pk):
                _must(ending.reconsider(lab, at=AT) is None)

    spent = in_turn(min(rounds, ROUNDS), at_once=at_once, calendar=calendar, one_by_one=one_by_one)
    share = len(labs) / len(sample)
    loop = Spent(spent["one_by_one"].wall * share, spent["one_by_one"].cpu * share)
    yield Line("pledges/loop-to-night", loop, spent["at_once"], ">=50.00")
    yield Line("pledges/loop-to-calendar", loop, spent["calendar"], "")


def _fill(count: int) -> list[Institution]:
    """So many institutions in the directory with a public pledge; those of the loop have it with everything it rests on."""
    known = Institution.objects.filter(slug__startswith=SLUG).order_by("pk")
    if known:
        return list(known)
    labs = Institution.objects.bulk_create(
        (
            Institution(
                slug=f"{SLUG}{n}", name=f"承诺{n}计量所", short_code=f"P{n}", credit_code=f"PLE{n:015d}", region_code="440300",
                address="x", phone="x", complaint_phone="x",
            )
            for n in range(count)
        ),
        batch_size=1000,
    )  # fmt: skip
    table = DirectoryEntry._meta.db_table
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")  # so that one statement writes them all
        cursor.execute(ENTRIES, {"published": PUBLISHED, "last": LAST, "each": FALLEN, "slug": f"{SLUG}%", "at": AT})
        cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        cursor.execute(f"VACUUM (ANALYZE) {table}")
    template = CommitmentTemplate.objects.filter(region_code="").earliest("pk")
    for lab in labs[: SAMPLED * 2]:
        with tenant(lab.pk):
            _pledge(lab, template)
    return labs


ENTRIES = f"""
INSERT INTO commitments_directoryentry (institution_id, ref, name, name_en, slug, region_code, address, fields, lines, token,
    pledge, published_on, confirm_by, holds_until, updated_at)
SELECT id, {NEW_REF}, name, '', slug, region_code, address, '{{}}', 0, '', 'public', %(published)s, %(last)s,
    %(last)s + CASE WHEN (row_number() OVER (ORDER BY id) - 1) %% %(each)s = 0 THEN 0 ELSE 400 END, %(at)s
FROM institutions_institution WHERE slug LIKE %(slug)s
"""


def _pledge(lab: Institution, template: CommitmentTemplate) -> None:
    """The rows as the verbs leave them, past the verbs."""
    begins, Kind = date(2020, 1, 1), Qualification.Kind
    paper = partial(Qualification, institution=lab, number="1", issuer="x", valid_from=begins)
    Qualification.objects.bulk_create([paper(kind=Kind.BUSINESS_LICENCE), paper(kind=Kind.CNAS)])
    LegalStatus.objects.bulk_create(
        [LegalStatus(institution=lab, since=begins, legal_form="legal_person", business_status="operating")]
    )
    signer = KeyPerson(institution=lab, role=KeyPerson.Role.LEGAL_REPRESENTATIVE, name="周立言", valid_from=begins)
    KeyPerson.objects.bulk_create([signer])
    Commitment.objects.bulk_create(
        [
            Commitment(
                institution=lab, state=Commitment.State.PUBLIC, template=template, number="1", token=codes.new_token(),
                signed_by=signer, signed_on=PUBLISHED, published_at=AT - timedelta(180), confirm_by=LAST,
            )
        ]
    )  # fmt: skip


def _must(holds: bool) -> None:
    if not holds:
        raise RuntimeError("the bench did not do what it measures")
