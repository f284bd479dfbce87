"""A million dates watched: the night's scan beside the least that reading those dates could cost, and beside a loop."""

import resource
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from django.db import connections

from institutions.models import Institution, Method, Qualification, ScopeItem, Site
from portal import digest, due_functions
from portal.duelists import RULES
from portal.models import Alert
from portal.tenancy import tenant

from . import rows
from .laboratory import Bench
from .measure import Line, Spent, in_turn

DATES, EACH, DAYS = 1_000_000, 2_000, 730  # dates in all, of one laboratory, and over how many days they lie
SAMPLED = 10  # laboratories whose rows the loop goes through
ROUNDS = 7
RULE = "institutions.scope"
FIRST_DAY = date(2026, 9, 1)
GROWTH_KIB = 32 * 1024

# What reading the days costs, from the index alone: how many end when, for each institution.
AGGREGATE = (
    "SELECT institution_id, count(*), count(*) FILTER (WHERE valid_until BETWEEN %(first)s AND %(last)s) "
    "FROM institutions_scopeitem WHERE state <> 'withdrawn' AND valid_until {} GROUP BY institution_id"
)
ALL_DAYS = AGGREGATE.format("IS NOT NULL")
IN_SIGHT = AGGREGATE.format("BETWEEN %(first)s AND %(last)s")


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """The first night writes what has come near in two months; then night after night, each one day later."""
    labs, rule, nights = _fill(bench.scaled(DATES) // EACH), RULES[RULE], [0]
    dates = len(labs) * EACH
    before = _peak_kib()
    first = in_turn(1, find=lambda: _must(_find(0) > dates // DAYS * 50))["find"]
    grown = max(_peak_kib() - before, 1)
    _tidy()

    def night() -> None:
        nights[0] += 1
        _must(_find(nights[0]) > dates // DAYS)

    def again() -> None:
        _must(_find(nights[0]) == 0)

    def aggregate(query: str) -> None:
        today = FIRST_DAY + timedelta(nights[0])
        days = {"first": today - timedelta(365), "last": today + timedelta(max(rule.thresholds))}
        with connections["owner"].cursor() as cursor:
            cursor.execute(query, days)
            _must(len(cursor.fetchall()) == len(labs))

    def loop() -> None:
        for institution in labs[:SAMPLED]:
            _look_at_every_row(institution, FIRST_DAY + timedelta(nights[0]))

    spent = in_turn(
        min(rounds, ROUNDS), all_days=partial(aggregate, ALL_DAYS), in_sight=partial(aggregate, IN_SIGHT),
        night=night, again=again, settle=lambda: _settle(nights[0]), loop=loop,
    )  # fmt: skip
    whole_loop = Spent(
        *(figure * len(labs) / len(labs[:SAMPLED]) for figure in (spent["loop"].wall, spent["loop"].cpu))
    )
    yield Line("due/night-to-aggregate", spent["all_days"], spent["night"], "<=5.00")
    yield Line("due/loop-to-night", whole_loop, spent["night"], ">=50.00")
    yield Line("due/growth-kib", Spent(GROWTH_KIB), Spent(grown), "<=1.00")
    yield Line("due/again-to-in-sight", spent["in_sight"], spent["again"], "")
    yield Line("due/night-to-in-sight", spent["in_sight"], spent["night"], "")
    yield Line("due/settle-to-aggregate", spent["all_days"], spent["settle"], "")
    yield Line("due/first-night", spent["all_days"], first, "")
    yield _telling(labs[:SAMPLED], FIRST_DAY + timedelta(nights[0]))


def _find(nights: int) -> int:
    """What the scan of that night finds new. Raises: RuntimeError without the owner's function."""
    found = due_functions.call(RULES[RULE], "find", FIRST_DAY + timedelta(nights))
    _must(found is not None)
    return found


def _settle(nights: int) -> None:
    _must(due_functions.call(RULES[RULE], "settle", FIRST_DAY + timedelta(nights)) == 0)


def _look_at_every_row(institution: Institution, today: date) -> None:
    """What the scan replaces: each row read, its days counted, its alert looked for; nothing is written."""
    edges = RULES[RULE].edges
    with tenant(institution.pk):
        alerts = Alert.objects.filter(institution=institution, rule=RULE)
        known = set(alerts.values_list("target_id", "due_on", "threshold"))
        for row in ScopeItem.objects.filter(institution=institution).iterator():
            left = (row.valid_until - today).days
            passed = next((edge for edge in edges if left <= edge), None)
            if passed is not None:
                known.add((row.pk, row.valid_until, passed))


def _telling(labs: list[Institution], day: date) -> Line:
    """What looking for news costs for one laboratory, beside one query."""

    def ask() -> None:
        for institution in labs:
            with tenant(institution.pk):
                Alert.objects.filter(institution=institution, settled_at=None).count()

    def tell() -> None:
        for institution in labs:
            with tenant(institution.pk):
                digest.tell(institution, day)

    spent = in_turn(1, each=len(labs), ask=ask, tell=tell)
    return Line("due/telling-a-laboratory", spent["ask"], spent["tell"], "")


def _fill(count: int) -> list[Institution]:
    """Laboratories with a site, a qualification and lines of scope whose days are spread over two years."""
    known = Institution.objects.filter(slug__startswith="due-").order_by("pk")
    if known:
        return list(known)
    labs = Institution.objects.bulk_create(
        Institution(
            slug=f"due-{n}", name=f"第{n}计量所", short_code=f"D{n}", credit_code=f"DUE{n:015d}", region_code="440300",
            address="x", phone="x", complaint_phone="x",
        )
        for n in range(count)
    )  # fmt: skip
    method = Method.objects.filter(owner=None).first()
    with rows.sorted_in_afterwards(ScopeItem):
        _lines_of(labs, method)
    _tidy()
    return labs


def _lines_of(labs: list[Institution], method: Method) -> None:
    """Of each so many lines, five to an instrument, each with another day."""
    for institution in labs:
        with tenant(institution.pk):
            site = Site.objects.create(institution=institution, name="实验室", address="x")
            paper = Qualification.objects.create(
                institution=institution, kind=Qualification.Kind.CNAS, number="L1", issuer="CNAS", valid_from=FIRST_DAY
            )
            line = ScopeItem(
                institution=institution, qualification=paper, site=site, method=method, measurand="压力", field="压力",
                range_low=0, range_high=1, unit="MPa", cmc_constant=1, valid_from=FIRST_DAY - timedelta(1000),
            )  # fmt: skip
            rows.copied(
                line, EACH, instrument="'压力表 ' || n / 5", limits="n::text",
                valid_until=f"DATE '{FIRST_DAY}' + ((n::bigint * 7919 + {line.institution_id}) %% {DAYS})::int",
            )  # fmt: skip


def _tidy() -> None:
    """As autovacuum leaves the tables: counted, and known to be visible to all."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) institutions_scopeitem, portal_alert, institutions_institution")


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _must(holds: bool) -> None:
    if not holds:
        raise RuntimeError("the bench did not do what it measures")
