"""查新: which methods are in use, when each was last looked up, when it is due again, and which have ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import DateField, DateTimeField, Exists, ExpressionWrapper, F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, Least
from django.utils.translation import gettext as _

from ..models import Method, MethodAdoption, MethodReview
from ..models.methods import REVIEW_EVERY

# Whoever looks less often than that does not do it regularly.
REVIEW_AT_LEAST_EVERY = timedelta(days=366)
WARNED_AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Ending:
    """The first day on which a method is no longer current, what follows it, and whether the laboratory found out itself."""

    on: date
    successor: str
    by_review: bool


def ending_of(method: Method, review: MethodReview | None) -> Ending | None:
    """When the method ends: by the catalogue or by the institution's latest review of it, whichever is first."""
    known = []
    if method.in_force_until is not None:
        known.append(Ending(method.in_force_until, method.replaced_by, False))
    if review is not None and review.ends_on is not None:
        known.append(Ending(review.ends_on, review.successor, True))
    return min(known, key=lambda one: one.on, default=None)


def latest_reviews(institution_id: int, methods: Iterable[int]) -> dict[int, MethodReview]:
    """The review that counts of each of these methods, by the method's number. One query."""
    rows = MethodReview.objects.filter(institution_id=institution_id, method__in=list(methods)).latest()
    return {row.method_id: row for row in rows.select_related("reviewer")}


def ending(institution_id: int, method: Method) -> Ending | None:
    """When the method ends for this institution. One query."""
    return ending_of(method, latest_reviews(institution_id, [method.pk]).get(method.pk))


def in_use(institution_id: int, day: date | None = None) -> QuerySet[Method]:
    """The methods adopted at a site of the institution, now or as of a day, each with `due_on` and `ended_on`.

    `due_on`: the day by which it must be looked up again; without a review, counted from its first verification, which
    began with the current edition. `ended_on`: the day from which it is no longer current, or None.
    """
    adopted, reviews = MethodAdoption.objects.living(), MethodReview.objects.filter(state=MethodReview.State.CURRENT)
    if day is not None:
        adopted, reviews = MethodAdoption.objects.in_force_on(day), reviews.filter(reviewed_on__lte=day)
    adopted = adopted.filter(institution_id=institution_id, method=OuterRef("pk"))
    reviews = reviews.filter(institution_id=institution_id, method=OuterRef("pk")).order_by("-reviewed_on", "-pk")
    first = adopted.order_by().values("method").annotate(first=Min("verified_on")).values("first")
    unreviewed = Cast(ExpressionWrapper(Subquery(first) + REVIEW_EVERY, output_field=DateTimeField()), DateField())
    return (
        Method.objects.available_to(institution_id)
        .filter(Exists(adopted))
        .annotate(
            due_on=Coalesce(Subquery(reviews.values("next_review_on")[:1]), unreviewed, output_field=DateField()),
            ended_on=Least(F("in_force_until"), Subquery(reviews.values("ends_on")[:1])),
        )
    )


def warning(institution_id: int, method: Method, day: date) -> str:
    """What whoever is about to choose the method must know: that it has ended, ends soon or is not in force yet; or "".

    Source: B-6.6.1-e. One query.
    """
    if day < method.in_force_from:
        return _("%(code)s 自 %(day)s 实施，在此之前不能用来出数据。") % {
            "code": method.code,
            "day": method.in_force_from,
        }
    end = ending(institution_id, method)
    if end is None or end.on > day + WARNED_AHEAD:
        return ""
    instead = _("请改用 %(code)s。") % {"code": end.successor} if end.successor else _("请查明现行的方法。")
    if end.on <= day:
        return _("%(code)s 自 %(day)s 失效，不能再用来出数据。") % {"code": method.code, "day": end.on} + instead
    return _("%(code)s 到 %(day)s 失效。") % {"code": method.code, "day": end.on} + instead


def ended_codes(institution_id: int, codes: Iterable[str], day: date) -> set[str]:
    """Which of these codes name a method that is no longer current on the day. Two queries."""
    methods = list(Method.objects.available_to(institution_id).filter(code__in=list(codes)))
    reviews = latest_reviews(institution_id, [method.pk for method in methods])
    ends = {method.code: ending_of(method, reviews.get(method.pk)) for method in methods}
    return {code for code, end in ends.items() if end is not None and end.on <= day}
