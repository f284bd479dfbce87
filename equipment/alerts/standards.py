"""Measurement standards: assessment, the social public certificate, the file set, changes that must be filed."""

from datetime import timedelta

from django.db.models import DateField, Exists, ExpressionWrapper, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, named, page, says

from ..models import MeasurementStandard, StandardChange, StandardPaper
from ..standards.facts import MUST_BE_FILED
from .recipients import ASSESSMENT, MANAGERS, since_ever

State = MeasurementStandard.State
# Held standards come back; those suspended or sealed are assessed anew first.
KEPT = (State.IN_USE, State.HELD)
REVIEW_DAYS = 365


@due_list("equipment.assessment", title=gettext_lazy("计量标准考核"), thresholds=ASSESSMENT, recipients=MANAGERS)
def assessments() -> Watch:
    """Measurement standards in use whose assessment certificate ends. Source: A-6.1.1."""
    return Watch(
        rows=MeasurementStandard.objects.filter(state__in=KEPT),
        due_on="assessed_until",
        subject=says(_("计量标准考核到期：%(name)s %(code)s"), name="name", code="code"),
        link=page("equipment:standard", "ref"),
    )


@due_list(
    "equipment.social_certificate",
    title=gettext_lazy("社会公用计量标准证书"),
    thresholds=ASSESSMENT,
    recipients=MANAGERS,
)
def social_certificates() -> Watch:
    """Social public standards in use whose certificate of that ends. Source: C-4.1.2-a."""
    return Watch(
        rows=MeasurementStandard.objects.filter(state__in=KEPT, kind=MeasurementStandard.Kind.SOCIAL_PUBLIC),
        due_on="social_until",
        subject=says(_("社会公用计量标准证书到期：%(name)s %(code)s"), name="name", code="code"),
        link=page("equipment:standard", "ref"),
    )


@due_list("equipment.file_set", title=gettext_lazy("计量标准文件集核对"), thresholds=(30, 7, 0), recipients=MANAGERS)
def file_sets() -> Watch:
    """File sets of standards in use of which no paper was made or looked at for a year. Source: C-7.1.2-s2."""
    papers = StandardPaper.objects.filter(
        institution=OuterRef("institution"), standard=OuterRef("pk"), state=StandardPaper.State.CURRENT
    )
    looked = Coalesce("reviewed_on", "dated_on")
    last = Subquery(papers.order_by(looked.desc()).values(on=looked)[:1], output_field=DateField())
    return Watch(
        rows=MeasurementStandard.objects.filter(state__in=KEPT),
        due_on=ExpressionWrapper(
            Coalesce(Cast(last + timedelta(REVIEW_DAYS), DateField()), since_ever()), output_field=DateField()
        ),
        subject=says(_("计量标准文件集该核对了：%(name)s %(code)s"), name="name", code="code"),
        link=page("equipment:standard", "ref"),
    )


@due_list("equipment.standard_change", title=gettext_lazy("计量标准变更申报"), thresholds=(0,), recipients=MANAGERS)
def changes() -> Watch:
    """Changes that must be filed and have not been. Source: C-7.1.2-s2."""
    gone = MeasurementStandard.objects.filter(pk=OuterRef("standard"), state__in=(State.WITHDRAWN, State.SEALED))
    return Watch(
        rows=StandardChange.objects.filter(
            state=StandardChange.State.CURRENT, kind__in=sorted(MUST_BE_FILED), filed_on=None
        ),
        due_on="changed_on",
        over=Exists(gone),
        subject=says(
            _("计量标准变更还没有申报：%(name)s %(what)s"),
            name="standard__name",
            what=named("kind", StandardChange.Kind),
        ),
        link=page("portal:register_row", Value("standard-changes"), "ref"),
    )
