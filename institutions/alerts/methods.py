"""Which methods in use end, and which have to be looked up again."""

from django.db.models import DateField, DateTimeField, ExpressionWrapper, F, Min, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce, Least
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import MethodAdoption, MethodReview
from institutions.models.methods import REVIEW_EVERY
from portal.duelists import Watch, due_list, page, says
from portal.permissions import Role

from .papers import FORGOTTEN, THRESHOLDS

# Whoever measures by it is told as well: on the day it ends they must stop. Source: B-6.6.1-e.
USERS = (Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER, Role.OPERATOR)


@due_list("institutions.method_end", title=gettext_lazy("方法失效"), thresholds=THRESHOLDS, recipients=USERS)
def ending_methods() -> Watch:
    """Methods in use that are no longer current from a day on, by the catalogue or by the institution's own review."""
    return Watch(
        rows=MethodAdoption.objects.living(),
        target="method",
        due_on=Least(F("method__in_force_until"), Subquery(_reviews().values("ends_on")[:1])),
        forgotten=FORGOTTEN,
        subject=says(_("方法失效：%(code)s %(title)s"), code="method__code", title="method__title"),
        link=page("institutions:method", "method__ref"),
    )


@due_list(
    "institutions.method_review", title=gettext_lazy("方法查新"), thresholds=(30, 7, 0),
    recipients=(Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER),
)  # fmt: skip
def reviews() -> Watch:
    """Methods in use that must be looked up again; without a review, counted from the first verification. Source: C-5.2.3-s1."""
    adopted = MethodAdoption.objects.living().filter(institution=OuterRef("institution"), method=OuterRef("method"))
    first = adopted.order_by().values("method").annotate(first=Min("verified_on")).values("first")
    unreviewed = Cast(ExpressionWrapper(Subquery(first) + REVIEW_EVERY, output_field=DateTimeField()), DateField())
    next_one = Subquery(_reviews().values("next_review_on")[:1])
    return Watch(
        rows=MethodAdoption.objects.living(),
        target="method",
        due_on=Coalesce(next_one, unreviewed, output_field=DateField()),
        subject=says(_("方法查新到期：%(code)s %(title)s"), code="method__code", title="method__title"),
        link=page("institutions:methods"),
    )


def _reviews():
    """The reviews of an adoption's method, the one that counts first."""
    rows = MethodReview.objects.filter(
        institution=OuterRef("institution"), state=MethodReview.State.CURRENT, method=OuterRef("method")
    )
    return rows.order_by("-reviewed_on", "-pk")
