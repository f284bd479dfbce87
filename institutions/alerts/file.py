"""What of the institution file has to be looked at again soon: documents, declarations, public items, legal status."""

from django.db.models import Exists, F, OuterRef, Q, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Declaration, LegalStatus, ManagementDocument, Partnership, PublicItem
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
    """What is shown to the public and is to be compared with what holds. Source: C-4.4-s2."""
    return Watch(
        rows=PublicItem.objects.filter(state=CURRENT),
        due_on="next_review_on",
        subject=says(_("公示内容核对：%(title)s"), title="title"),
        link=page("portal:register_row", Value("public-items"), "ref"),
    )


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
