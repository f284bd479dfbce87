"""Searching the public directory, among the lines of scope of all institutions of a large country, beside one page of them.

Everything is asked as the page asks it, by the portal's own role under row-level security.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import connections
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import timezone

from commitments.directory import finding, terms
from commitments.directory.asked import Search
from commitments.models import DirectoryEntry, DirectoryLine
from institutions.models import Institution

from .laboratory import Bench
from .lists import DEVICES, QUANTITIES
from .measure import Line, in_turn
from .rows import NEW_REF, sorted_in_afterwards

INSTITUTIONS, LINES = 10_000, 1_000_000
ROUNDS = 9
SLUG = "directory-"
BEFORE_THE_END = 30
# As coherent SI is named in the directory, one for each of QUANTITIES.
SCALES = (
    "m-1·kg1·s-2", "K1", "1", "A1", "m2·kg1·s-3·A-1", "m2·kg1·s-3·A-2", "s-1", "m1", "rad", "kg1", "m3·s-1", "r", "HRC",
    "m2·kg1·s-2", "m1·s-2", "dB", "m-2·cd1", "m-1·kg1·s-1", "m-3·kg1", "NTU",
)  # fmt: skip
# What is asked of lines; the names say what makes each of them hard.
ASKED = {
    "word": "what=压力表", "two-letters": "what=压力", "common": "what=表", "words": "what=压力+示值+3", "nothing": "what=钛合金",
    "county": "what=压力表&place=440305", "province": "what=压力&place=44", "name": "what=压力&name=机构77",
    "withdrawn": "what=压力表&pledge=withdrawn", "address": "what=温度&place=大道+9", "field": "what=表&field=领域7",
    "range": "what=压力表&low=0&high=100&unit=Pa", "unit-alone": "low=0&high=100&unit=Pa",
    "needed-u": "what=压力表&low=10&unit=Pa&U=0.5", "rare-u": "what=压力&low=10&unit=Pa&U=0.00002",
    "u-alone": "low=10&unit=Pa&U=0.5", "rare-u-alone": "low=10&unit=Pa&U=0.00002", "no-such-u": "low=10&unit=Pa&U=0.000000001",
    "all-at-once": "what=压力&place=44&pledge=holds&low=10&unit=Pa&U=0.005",
}  # fmt: skip
OF_INSTITUTIONS = {
    "by-place": "place=44",
    "by-name": "name=机构77",
    "by-pledge": "pledge=withdrawn",
    "by-field": "field=领域7",
}
NAMES = ("last-page", *ASKED, *OF_INSTITUTIONS, "names-read")


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Every search beside the first page of all lines, or of all institutions, without any condition."""
    fill(bench.scaled(INSTITUTIONS), bench.scaled(LINES))
    rounds = min(rounds, ROUNDS)
    last = DirectoryLine.objects.order_by(*(f"-{name}" for name in finding.ORDER))[BEFORE_THE_END].pk
    page = partial(_search, finding.lines, "")

    def names() -> None:
        terms.forget()
        terms.known()

    works: dict[str, Callable[[], None]] = {
        "page": page, "last-page": partial(_search, finding.lines, f"after={last}"), "names-read": names,
        "institutions": partial(_search, finding.institutions, ""),
    }  # fmt: skip
    works |= {name: partial(_search, finding.lines, query) for name, query in ASKED.items()}
    works |= {name: partial(_search, finding.institutions, query) for name, query in OF_INSTITUTIONS.items()}
    names()
    spent = in_turn(rounds, **works)
    yield Line("directory/last-page", spent["page"], spent["last-page"], "<=2.00")
    for name in ASKED:
        yield Line(f"directory/{name}", spent["page"], spent[name], "<=10.00")
    for name in OF_INSTITUTIONS:
        yield Line(f"directory/{name}", spent["institutions"], spent[name], "<=10.00")
    yield Line("directory/names-read", spent["page"], spent["names-read"], "")


def _search(find: Callable[..., Any], query: str) -> None:
    """From what was typed to the rows of a page."""
    request = RequestFactory().get("/")
    request.GET = QueryDict(query)
    form = Search(request.GET)
    if not form.is_valid():
        raise RuntimeError(f"the directory did not understand {query}: {form.errors}")
    _shown(find(form.cleaned_data, request, timezone.localdate()))


def _shown(page: Any) -> None:
    if len(page.rows) > finding.SIZE:
        raise RuntimeError("the bench did not do what it measures")


def fill(institutions: int, lines: int) -> None:
    """So many institutions are in the directory, with so many lines of scope in turn."""
    if DirectoryEntry.objects.filter(slug=f"{SLUG}1").exists():
        return
    Institution.objects.bulk_create(
        (
            Institution(
                slug=f"{SLUG}{n}", name=f"机构{n}计量所", short_code=f"M{n}", credit_code=f"DIR{n:015d}",
                region_code=_region(n), address=f"大道 {n} 号", phone="x", complaint_phone="x",
            )
            for n in range(1, institutions + 1)
        ),
        batch_size=1000,
    )  # fmt: skip
    with sorted_in_afterwards(DirectoryEntry, DirectoryLine), connections["owner"].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        tables = (DirectoryEntry._meta.db_table, DirectoryLine._meta.db_table)
        for table in tables:  # so that one statement writes the rows of all institutions
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        cursor.execute(ENTRIES, [f"{SLUG}%"])
        cursor.execute(
            TOLD,
            {
                "instruments": list(QUANTITIES),
                "devices": list(DEVICES),
                "scales": list(SCALES),
                "lines": lines,
                "entries": institutions,
            },
        )
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _region(n: int) -> str:
    """A county in one of twenty provinces, in turn."""
    provinces = (11, 13, 21, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 50, 51, 52, 53, 61)
    return f"{provinces[n % len(provinces)]}{n % 9 + 1:02d}{n % 17 + 1:02d}"


ENTRIES = f"""
INSERT INTO commitments_directoryentry (institution_id, ref, name, name_en, slug, region_code, address, fields, lines, token,
    pledge, published_on, confirm_by, withdrawn_on, updated_at)
SELECT id, {NEW_REF}, name, '', slug, region_code, address, ARRAY['领域' || id %% 20, '领域' || id %% 7], 100, '',
    CASE WHEN id %% 100 = 0 THEN 'withdrawn' WHEN id %% 3 = 0 THEN '' ELSE 'public' END,
    CASE WHEN id %% 3 > 0 THEN DATE '2026-01-01' END, CASE WHEN id %% 3 > 0 THEN DATE '2099-01-01' END,
    CASE WHEN id %% 100 = 0 THEN DATE '2026-02-01' END, now()
FROM institutions_institution WHERE slug LIKE %s
"""
# Of a line of 0 to h: h from 1 to 10 000, and a U from one part in fifty to one in fifty million of it.
TOLD = f"""
INSERT INTO commitments_directoryline (institution_id, ref, entry_id, line, region_code, field, instrument, measurand, si_unit,
    low, high, best, valid_from, shown, cmc)
SELECT institution_id, {NEW_REF}, id, -n, region_code, '领域' || quantity, (%(instruments)s)[quantity + 1] ||
    (%(devices)s)[n / 20 %% 20 + 1], '示值 ' || n %% 7, (%(scales)s)[quantity + 1], 0, high, U, DATE '2020-01-01',
    jsonb_build_object('range', '(0～' || high || ')', 'cmc', U, 'method', 'JJG 52-2013', 'site', '本部', 'limits', '',
        'stated', '[]'::jsonb, 'address', address, 'paper', 'L1', 'instrument_en', '', 'measurand_en', ''),
    jsonb_build_object('form', 'linear', 'constant', U::text, 'slope', '0.00001', 'unit', 'Pa', 'relative', false, 'points', '',
        'range_unit', 'Pa', 'parameter', '', 'parameter_unit', '')
FROM (SELECT n, n %% 20 AS quantity, power(10, n / 400 %% 5)::numeric AS high,
        (power(10, n / 400 %% 5) / 50 / power(10, n / 11 %% 7))::numeric AS U
    FROM generate_series(1, %(lines)s) AS n) AS made
JOIN (SELECT entry.*, row_number() OVER (ORDER BY id) - 1 AS turn FROM commitments_directoryentry AS entry) AS owner
    ON turn = (n::bigint * 7919 + n / 20) %% %(entries)s
"""
