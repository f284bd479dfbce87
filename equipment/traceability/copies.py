"""Where corrections are held, and which of these places lag behind. Source: D-4.4.3.6."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ..models import Confirmation, CopyUpdate, CorrectionCopy, CorrectionSet, Traceability


def open_copies(day: date) -> QuerySet[CorrectionCopy]:
    """Places that did not hold the newest edition of the corrections of that day, by their names; with its `newest`.

    Nor does any place hold what counts while the certificate of that day is used with corrections and the newest edition
    comes from an earlier one, or there is none.
    """
    editions = CorrectionSet.objects.filter(equipment=OuterRef("equipment"), made_on__lte=day).order_by("-edition")
    newest = Subquery(editions.values("pk")[:1])
    made_from = Coalesce(Subquery(editions.values("traceability__calibrated_on")[:1]), date.min)
    corrected = Traceability.objects.deciding_on(day).concluded_by(day).filter(
        concluded=Confirmation.Conclusion.CORRECTED, equipment=OuterRef("equipment"), valid_until__gte=day,
        calibrated_on__gt=OuterRef("made_from"),
    )  # fmt: skip
    updated = CopyUpdate.objects.filter(copy=OuterRef("pk"), edition=OuterRef("newest"), updated_on__lte=day)
    rows = CorrectionCopy.objects.filter(state=CorrectionCopy.State.CURRENT)
    rows = rows.annotate(newest=newest).alias(made_from=made_from)
    behind = Q(~Exists(updated), newest__isnull=False) | Exists(corrected)
    return rows.filter(behind).order_by("place", "pk")
