"""A region as its regulator sees it: which institutions lie in it, how each of them stands, the worst first.

Everything here reads in the scope of one region: `with scope(user_id=…, region=…)`. A regulator of several regions looks
at them one after the other, because the database opens one region at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.access import regulator_actor
from institutions.models import Institution, User
from portal import standing
from portal.actors import Actor
from portal.clauses import documents
from portal.models import Evaluation
from portal.permissions import Role
from portal.standing import Fact
from portal.tenancy import scope

from .ending import Ending, ending_soon

NEVER = -1  # stands for the figures of an institution that was never evaluated, which comes last
WORST_FIRST = ("-duties", "-broken", "slug")
WORST_IN_DOCUMENT = ("-broken", "-duties", "slug")
STATES = {
    "duties": gettext_lazy("违反“应、不得”"), "broken": gettext_lazy("有不符合"),
    "clean": gettext_lazy("没有不符合"), "never": gettext_lazy("尚未评定"),
}  # fmt: skip


def regulator(user: User | AnonymousUser) -> Actor:
    """The signed-in person as a regulator at large. Raises: Http404 for everybody else, as for a page that does not exist."""
    with scope(user_id=user.pk):
        actor = regulator_actor(user)
    if actor is None:
        raise Http404
    return actor


def region_of(actor: Actor, wanted: str) -> str:
    """The region to look at: the wanted one when it lies in a region of the actor, else the actor's first."""
    inside = wanted.isascii() and wanted.isdigit() and wanted.startswith(actor.regions)
    return wanted if inside else actor.regions[0]


def institution_of(actor: Actor, slug: str) -> tuple[Institution, str]:
    """The institution and the region through which this regulator answers for it. Raises: Http404 for any other."""
    institution = Institution.objects.filter(slug=slug).first()
    region = next((code for code in actor.regions if institution and institution.region_code.startswith(code)), None)
    if institution is None or region is None:
        raise Http404
    return institution, region


@contextmanager
def inside(request: HttpRequest, slug: str) -> Iterator[tuple[Actor, Institution]]:
    """The signed-in regulator in the institution, in its scope and that of the region, as `request` knows from now on.

    Raises: Http404 for everybody who is not its regulator.
    """
    person = regulator(request.user)
    institution, region = institution_of(person, slug)
    with scope(institution_id=institution.pk, user_id=person.user_id, region=region):
        request.institution = institution
        request.actor = Actor.member(
            name=person.name, user_id=person.user_id, institution_id=institution.pk, roles=[Role.REGULATOR],
            regions=person.regions,
        )  # fmt: skip
        yield request.actor, institution


def parts(actor: Actor) -> dict[str, int]:
    """Region code -> number of institutions: the actor's regions, and the cities and districts in them that have any.

    One query. A code that ends in 00 is its city: it is no district of its own.
    """
    wanted = Q()
    for region in actor.regions:
        wanted |= Q(region_code__startswith=region)
    codes = Counter(Institution.objects.filter(wanted).values_list("region_code", flat=True))
    found: Counter[str] = Counter({region: 0 for region in actor.regions})
    for code, count in codes.items():
        district = code[:6]
        for part in {code[:2], code[:4], code[:4] if district.endswith("00") else district, *actor.regions}:
            if code.startswith(part) and part.startswith(actor.regions):
                found[part] += count
    return dict(sorted(found.items()))


def tabs(actor: Actor, region: str, path: str) -> list[dict[str, Any]]:
    """The regions of a regulator that has several, as tabs of the page at this path; nothing for a single one."""
    if len(actor.regions) == 1:
        return []
    own = max((code for code in actor.regions if region.startswith(code)), key=len)
    return [
        {"title": _("行政区划 %(code)s") % {"code": code}, "url": f"{path}?region={code}", "current": code == own}
        for code in actor.regions
    ]


class _BrokenIn(Func):
    """How many clauses are not met, summed over the chapters of one document of `by_chapter`."""

    template = (
        "(SELECT coalesce(sum((chapter.value->>'not_met')::int), 0)"
        " FROM jsonb_each(%(expressions)s -> '%(letter)s') AS chapter)"
    )
    output_field = IntegerField()


def _or_never(figure: QuerySet) -> Coalesce:
    return Coalesce(Subquery(figure[:1]), NEVER, output_field=IntegerField())


def institutions(region: str, *, text: str = "", letter: str = "", state: str = "") -> QuerySet[Institution]:
    """The institutions of the region with `evaluation` (id of the latest or None), `duties` and `broken` (clauses not met).

    `letter` counts the clauses of one document only in `broken`; `state`: a key of STATES. Sorted by nothing yet.
    """
    latest = Evaluation.objects.filter(institution=OuterRef("pk")).order_by("-day")
    broken = _BrokenIn(F("by_chapter"), letter=letter) if letter in documents() else F("not_met")
    rows = Institution.objects.filter(region_code__startswith=region).annotate(
        evaluation=Subquery(latest.values("pk")[:1]),
        duties=_or_never(latest.values("duties_not_met")),
        broken=_or_never(latest.annotate(wrong=broken).values("wrong")),
    )
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(credit_code__icontains=text))
    if state == "duties":
        rows = rows.filter(duties__gt=0)
    elif state == "broken":
        rows = rows.filter(broken__gt=0)
    elif state == "clean":
        rows = rows.filter(broken=0)
    elif state == "never":
        rows = rows.filter(broken=NEVER)
    return rows


def totals(rows: QuerySet[Institution]) -> dict[str, int]:
    """Of these rows of `institutions`: how many there are, break a duty, were never evaluated. One query."""
    return rows.aggregate(
        total=Count("pk"), broken=Count("pk", filter=Q(duties__gt=0)), never=Count("pk", filter=Q(duties=NEVER))
    )


@dataclass(frozen=True)
class Summary:
    """What a regulator is told of an institution at first sight: its counts, its worst facts, what ends in sixty days."""

    evaluation: Evaluation | None
    facts: list[Fact]
    ending: list[Ending]


def summaries(rows: Collection[Institution] | QuerySet[Institution], day: date) -> dict[int, Summary]:
    """Institution id -> summary, of rows of `institutions`. Three queries, however many rows."""
    ids = [row.pk for row in rows]
    evaluations = Evaluation.objects.in_bulk([row.evaluation for row in rows if row.evaluation])
    facts, ending = standing.worst(ids), ending_soon(ids, day)
    return {row.pk: Summary(evaluations.get(row.evaluation), facts[row.pk], ending[row.pk]) for row in rows}


def by_document(evaluation: Evaluation | None, letter: str) -> dict[str, int]:
    """State -> number of clauses, of one document or of all; empty when nothing was evaluated."""
    if evaluation is None:
        return {}
    return evaluation.by_document.get(letter, {}) if letter else evaluation.by_state
