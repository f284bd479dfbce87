"""What of an institution's papers ends soon, and who is told."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Authorisation, Employment, Qualification, ScopeItem
from portal.duelists import Watch, due_list, named, page, says
from portal.permissions import Role
from portal.tenancy import TenantModel

THRESHOLDS = (60, 30, 7, 0)
# What ended longer ago than this has been dealt with or given up.
FORGOTTEN = 365


@due_list(
    "institutions.qualification",
    title=gettext_lazy("资质有效期"),
    thresholds=(180, *THRESHOLDS),  # a renewal by the accreditor takes half a year
    recipients=(Role.QUALITY_MANAGER, Role.ADMINISTRATOR),
)
def qualifications() -> Watch:
    """Qualifications that end and that no later confirmed one of the same kind and issuer follows.

    Source: A-4.1.1, B-4.3-s2.
    """
    return Watch(
        rows=Qualification.objects.filter(state__in=(Qualification.State.VALID, Qualification.State.SUSPENDED)),
        due_on="valid_until",
        over=followed(Qualification, "kind", "issuer", state=Qualification.State.VALID),
        forgotten=FORGOTTEN,
        subject=says(_("资质到期：%(kind)s %(number)s"), kind=named("kind", Qualification.Kind), number="number"),
        link=page("institutions:qualifications"),
    )


@due_list(
    "institutions.authorisation",
    title=gettext_lazy("人员授权"),
    thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def authorisations() -> Watch:
    """Authorisations of people still employed that end and are not renewed. Source: B-4.5-d."""
    return Watch(
        rows=Authorisation.objects.standing().filter(revoked_on=None),
        person="employment",
        due_on="valid_until",
        over=followed(
            Authorisation, "employment", "role", "field", revoked_on=None, state=Authorisation.State.GRANTED
        )
        | Exists(Employment.objects.filter(pk=OuterRef("employment"), ended_on__isnull=False)),
        forgotten=FORGOTTEN,
        subject=says(
            _("授权到期：%(name)s %(role)s（%(field)s）"),
            name="employment__name", role=named("role", Authorisation.Role), field="field",
        ),
        link=page("institutions:person", "employment__ref"),
    )  # fmt: skip


@due_list(
    "institutions.scope",
    title=gettext_lazy("能力范围"),
    thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER),
)
def scope_items() -> Watch:
    """Lines of scope that end and are not renewed. Source: B-4.3-s2."""
    return Watch(
        rows=ScopeItem.objects.exclude(state=ScopeItem.State.WITHDRAWN),
        due_on="valid_until",
        over=followed(
            ScopeItem,
            "instrument",
            "measurand",
            "method",
            "site",
            "range_low",
            "range_high",
            state=ScopeItem.State.ACTIVE,
        ),
        forgotten=FORGOTTEN,
        subject=says(_("能力范围到期：%(instrument)s %(measurand)s"), instrument="instrument", measurand="measurand"),
        link=page("institutions:scope"),
    )


def followed(model: type[TenantModel], *same: str, **only: object) -> Exists:
    """True of a row that a later one with the same facts outlasts. `only`: what else the later row must be."""
    later = model._base_manager.filter(
        Q(valid_until=None) | Q(valid_until__gt=OuterRef("valid_until")),
        institution=OuterRef("institution"), valid_from__gt=OuterRef("valid_from"),
        **{name: OuterRef(name) for name in same}, **only,
    )  # fmt: skip
    return Exists(later)
