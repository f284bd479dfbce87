"""What of an institution's papers ends soon, and who is told."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.alerts import Due, due_list
from portal.digest import Recipient, recipients_from
from portal.permissions import Role

from .models import Authorisation, Institution, Membership, Qualification, ScopeItem

THRESHOLDS = (60, 30, 7, 0)
# What ended longer ago than this has been dealt with or given up.
FORGOTTEN = timedelta(days=365)


def members(institution_id: int) -> list[Recipient]:
    """Members who can be written to now: active membership, open account. Needs the institution's scope. One query."""
    rows = Membership.objects.filter(
        institution_id=institution_id, state=Membership.State.ACTIVE, user__is_active=True, user__frozen_at=None
    )
    return [
        Recipient(row.user_id, row.user.email, tuple(Role(role) for role in row.roles))
        for row in rows.select_related("user").order_by("user_id")
    ]


recipients_from(members)


@due_list(
    "institutions.qualification",
    title=gettext_lazy("资质有效期"),
    thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.ADMINISTRATOR),
)
def qualifications(institution: Institution, until: date) -> Iterator[Due]:
    """Qualifications that end by the day and that no later one of the same kind and issuer follows. Source: A-4.1.1."""
    link = reverse("institutions:qualifications", args=[institution.slug])
    for row in _ending(Qualification.objects.filter(institution=institution), until, "kind", "issuer"):
        yield Due(row, row.valid_until, _("资质到期：%(name)s") % {"name": row}, link)


@due_list(
    "institutions.authorisation",
    title=gettext_lazy("人员授权"),
    thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def authorisations(institution: Institution, until: date) -> Iterator[Due]:
    """Authorisations of people still employed that end by the day and are not renewed. Source: B-4.5-d."""
    rows = Authorisation.objects.filter(institution=institution, revoked_on=None)
    rows = rows.filter(employment__started_on__lte=until).filter(employment__ended_on=None)
    rows = _ending(rows, until, "employment", "role", "field").select_related("employment")
    for row in rows:
        link = reverse("institutions:person", args=[institution.slug, row.employment.ref])
        name = f"{row.employment.name} {row}"
        yield Due(row, row.valid_until, _("授权到期：%(name)s") % {"name": name}, link)


@due_list(
    "institutions.scope",
    title=gettext_lazy("能力范围"),
    thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def scope_items(institution: Institution, until: date) -> Iterator[Due]:
    """Lines of scope that end by the day and are not renewed. Source: B-4.3-s2."""
    link = reverse("institutions:scope", args=[institution.slug])
    rows = ScopeItem.objects.filter(institution=institution)
    for row in _ending(rows, until, "instrument", "measurand", "method", "site", "range_low", "range_high"):
        yield Due(row, row.valid_until, _("能力范围到期：%(name)s") % {"name": row}, link)


def _ending(rows: QuerySet, until: date, *same: str) -> QuerySet:
    """The rows that end by the day, not too long ago, and that no row with the same facts outlasts."""
    later = rows.model._base_manager.filter(
        Q(valid_until=None) | Q(valid_until__gt=OuterRef("valid_until")),
        institution=OuterRef("institution"), valid_from__gt=OuterRef("valid_from"),
        **{name: OuterRef(name) for name in same},
    )  # fmt: skip
    if rows.model is Authorisation:
        later = later.filter(revoked_on=None)
    ending = rows.filter(valid_until__lte=until, valid_until__gte=until - FORGOTTEN)
    return ending.exclude(Exists(later)).order_by("valid_until", "pk")
