"""What of the institution file has to be looked at again soon: documents, declarations, public items, legal status."""

from django.db.models import (
    DateField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, Greatest, Least
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import (
    Declaration,
    LegalStatus,
    ManagementDocument,
    Partnership,
    PublicItem,
    PublicItemCheck,
    Qualification,
    ScopeItem,
)
from institutions.models.service import CHECK_EVERY
from portal.duelists import Watch, due_list, named, page, says
from portal.models import RegisterRow
from portal.permissions import Role

from .papers import FORGOTTEN, THRESHOLDS, followed

KEEPERS = (Role.QUALITY_MANAGER, Role.METROLOGY_MANAGER)
CURRENT = RegisterRow.State.CURRENT


@due_list("institutions.document_review", title=gettext_lazy("体系文件评审"), thresholds=(30, 7, 0), recipients=KEEPERS)
def document_reviews() -> Watch:
    """Documents in force that are to be reviewed and that no later version has replaced. Source: A-5.2, B-4.7.2."""
    later = ManagementDocument.objects.filter(
        institution=OuterRef("institution"), number=OuterRef("number"), valid_from__gt=OuterRef("valid_from"),
        state=CURRENT,
    )  # fmt: skip
    return Watch(
        rows=ManagementDocument.objects.filter(
            Q(valid_until=None) | Q(valid_until__gte=F("next_review_on")), state=CURRENT
        ),
        due_on="next_review_on",
        over=Exists(later),
        subject=says(_("体系文件评审：%(title)s %(version)s"), title="title", version="version"),
        link=page("portal:register_row", Value("documents"), "ref"),
    )


@due_list("institutions.declaration", title=gettext_lazy("声明"), thresholds=THRESHOLDS, recipients=KEEPERS)
def declarations() -> Watch:
    """Declarations that run out and that no later one of the same kind and signer follows; of leavers none."""
    mine = Q(employment=OuterRef("employment")) | Q(employment=None, signed_by=OuterRef("signed_by"))
    later = Declaration.objects.filter(
        mine, institution=OuterRef("institution"), kind=OuterRef("kind"), state=CURRENT,
        valid_until__gt=OuterRef("valid_until"),
    )  # fmt: skip
    return Watch(
        rows=Declaration.objects.filter(Q(employment=None) | Q(employment__ended_on=None), state=CURRENT),
        due_on="valid_until",
        over=Exists(later),
        person="employment",
        forgotten=FORGOTTEN,
        subject=says(_("声明到期：%(kind)s %(name)s"), kind=named("kind", Declaration.Kind), name="employment__name"),
        link=page("portal:register_row", Value("declarations"), "ref"),
    )


@due_list("institutions.public_item", title=gettext_lazy("公示内容核对"), thresholds=(30, 7, 0), recipients=KEEPERS)
def public_items() -> Watch:
    """What is shown to the public and is to be compared with what holds; not while it was found right of late.

    Source: C-4.4-s2.
    """
    right = _comparisons().filter(result=PublicItemCheck.Result.RIGHT).values("checked_on")[:1]
    later = ExpressionWrapper(Subquery(right) + CHECK_EVERY, output_field=DateTimeField())
    return Watch(
        rows=PublicItem.objects.filter(state=CURRENT),
        due_on=Greatest("next_review_on", Cast(later, DateField())),
        subject=says(_("公示内容核对：%(title)s"), title="title"),
        link=page("portal:register_row", Value("public-items"), "ref"),
    )


def _comparisons() -> QuerySet:
    """The comparisons of what is shown, the latest first."""
    rows = PublicItemCheck.objects.filter(institution=OuterRef("institution"), item=OuterRef("pk"), state=CURRENT)
    return rows.order_by("-checked_on", "-pk")


@due_list("institutions.public_source", title=gettext_lazy("公示依据变化"), thresholds=(0,), recipients=KEEPERS)
def changed_sources() -> list[Watch]:
    """What is shown of scope and qualifications, when these began or ended since it was last looked at. Source: C-4.4-s2."""
    looked = Greatest("published_on", Subquery(_comparisons().values("checked_on")[:1]))
    sources = {
        PublicItem.Kind.CAPABILITY: ScopeItem.objects.exclude(state=ScopeItem.State.WITHDRAWN),
        PublicItem.Kind.AUTHORISATION: Qualification.objects.filter(state__in=Qualification.COUNTING),
    }
    return [
        Watch(
            rows=PublicItem.objects.filter(state=CURRENT, kind=kind).annotate(looked_on=looked),
            due_on=Least(_first(rows, F("valid_from")), _first(rows, F("valid_until") + 1)),
            subject=says(_("公示内容所依据的有变化，请核对：%(title)s"), title="title"),
            link=page("portal:register_row", Value("public-items"), "ref"),
        )
        for kind, rows in sources.items()
    ]


def _first(rows: QuerySet, day: CombinedExpression | F) -> Subquery:
    """The first such day of the institution's rows after what is shown was last looked at."""
    rows = rows.filter(institution=OuterRef("institution")).annotate(
        on=ExpressionWrapper(day, output_field=DateField())
    )
    return Subquery(rows.filter(on__gt=OuterRef("looked_on")).order_by("on").values("on")[:1])


@due_list(
    "institutions.parent_authorisation", title=gettext_lazy("上级授权"), thresholds=THRESHOLDS,
    recipients=(Role.QUALITY_MANAGER, Role.ADMINISTRATOR),
)  # fmt: skip
def parent_authorisations() -> Watch:
    """The authorisation by the legal person of which the institution is a part ends. Source: C-4.1.1-s3."""
    later = LegalStatus.objects.filter(
        institution=OuterRef("institution"), since__gt=OuterRef("since"), state=CURRENT
    )  # fmt: skip
    return Watch(
        rows=LegalStatus.objects.filter(state=CURRENT, legal_form=LegalStatus.LegalForm.DEFINED_PART),
        due_on="authorised_until",
        over=Exists(later),
        subject=says(_("上级授权到期：%(name)s"), name="parent_entity"),
        link=page("portal:register_row", Value("legal-status"), "ref"),
    )


@due_list("institutions.partnership", title=gettext_lazy("合作协议"), thresholds=(60, 30, 0), recipients=KEEPERS)
def partnerships() -> Watch:
    """Agreements and memberships that end."""
    return Watch(
        rows=Partnership.objects.filter(state=CURRENT),
        due_on="valid_until",
        over=followed(Partnership, "kind", "name", state=CURRENT),
        forgotten=FORGOTTEN,
        subject=says(_("合作协议到期：%(name)s"), name="name"),
        link=page("portal:register_row", Value("partnerships"), "ref"),
    )
