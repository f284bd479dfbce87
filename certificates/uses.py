"""What was measured with a standard or a piece of equipment: the records of its standards, and those it watched over."""

from datetime import date

from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, When
from django.utils.translation import gettext as _

from equipment.models import Equipment, MeasurementStandard, StandardPart
from equipment.tracing.uses import Tool, Use, answers

from .models import Certificate, RawRecord

State = Certificate.State


@answers
def of_records(tool: Tool, first: date | None, last: date) -> list[Use]:
    """Records with that standard, or of days on which the equipment was a part of theirs or measured their environment.

    Two queries.
    """
    with_it = Q(standard=tool) if isinstance(tool, MeasurementStandard) else _with_equipment(tool)
    rows = RawRecord.objects.filter(with_it, institution=tool.institution_id, performed_on__lte=last)
    rows = rows.exclude(state=RawRecord.State.ABANDONED)
    if first is not None:
        rows = rows.filter(performed_on__gte=first)
    # What was issued and made void lies at the customer's all the same; what took its place comes first.
    papers = Certificate.objects.filter(institution=tool.institution_id).exclude(state=State.ABANDONED)
    papers = papers.order_by(Case(When(state=State.VOID, then=1), default=0), "-pk")
    certificates = Prefetch(
        "certificates", papers.only("ref", "number", "kind", "state", "record_id", "institution_id"), to_attr="papers"
    )
    rows = rows.annotate(item_name=F("item__name"), customer_name=F("item__customer__name"))
    rows = rows.defer("device", "points").prefetch_related(certificates)
    return [_told(row, tool) for row in rows.order_by("performed_on", "pk")]


def _with_equipment(equipment: Equipment) -> Q:
    there = StandardPart.objects.filter(
        Q(added_on=None) | Q(added_on__lte=OuterRef("performed_on")),
        Q(removed_on=None) | Q(removed_on__gte=OuterRef("performed_on")),  # it may have left in the evening
        institution=equipment.institution_id, equipment=equipment, standard=OuterRef("standard"),
    )  # fmt: skip
    return Q(environment_equipment=equipment) | Q(Exists(there))


def _told(row: RawRecord, tool: Tool) -> Use:
    row.institution = tool.institution
    use = {"day": row.performed_on, "record": f"{row.number} {row.item_name}", "record_url": row.get_absolute_url()}
    use["customer"] = row.customer_name
    if not row.papers:
        return Use(**use)
    certificate = row.papers[0]
    certificate.record, certificate.institution = row, tool.institution
    void = certificate.state == State.VOID
    name = _("%(number)s（已作废）") % {"number": certificate} if void else str(certificate)
    touched = any(paper.state in (State.ISSUED, State.VOID) for paper in row.papers)
    return Use(**use, certificate=name, certificate_url=certificate.get_absolute_url(), touched=touched)
