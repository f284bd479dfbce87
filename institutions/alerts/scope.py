"""What of qualifications, sites and scope ends soon."""

from django.db.models import Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import FieldStaffing, Qualification, ScopeItem, Site
from institutions.people.reconsidering import FEWEST_PEOPLE, TWO_PEOPLE
from portal.duelists import Watch, due_list, named, page, says
from portal.permissions import Role

KEEPERS = (Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER)


@due_list(
    "institutions.tenure", title=gettext_lazy("场地使用期"), thresholds=(60, 30, 7, 0),
    recipients=(Role.QUALITY_MANAGER, Role.ADMINISTRATOR),
)  # fmt: skip
def tenures() -> Watch:
    """The right to use a place that is not the institution's own ends. Source: B-4.2-s2."""
    rows = Site.objects.filter(state=Site.State.CURRENT, closed_on=None).exclude(tenure=Site.Tenure.OWN)
    return Watch(
        rows=rows,
        due_on="tenure_valid_until",
        subject=says(_("场地使用期到期：%(name)s（%(tenure)s）"), name="name", tenure=named("tenure", Site.Tenure)),
        link=page("portal:register_row", Value("sites"), "ref"),
    )


@due_list(
    "institutions.scope_stopped", title=gettext_lazy("能力范围停用"), thresholds=(0,), recipients=KEEPERS,
)  # fmt: skip
def stopped_lines() -> Watch:
    """Lines of scope that somebody has suspended, told on the day and weekly until they are lifted.

    Those that lack people are told of once for their field, see `too_few_people`.
    """
    return Watch(
        rows=ScopeItem.objects.filter(state=ScopeItem.State.SUSPENDED).exclude(suspended_clause=TWO_PEOPLE),
        due_on="suspended_on",
        subject=says(
            _("能力范围停用：%(instrument)s %(measurand)s，%(why)s"),
            instrument="instrument", measurand="measurand", why="suspended_because",
        ),
        link=page("portal:register_row", Value("scope"), "ref"),
    )  # fmt: skip


@due_list(
    "institutions.too_few_people", title=gettext_lazy("检校人员不足"), thresholds=(0,), recipients=KEEPERS,
)  # fmt: skip
def too_few_people() -> list[Watch]:
    """A field has just two people left, told once; or fewer, told on the day and weekly until it is cured.

    Source: C-5.1.1-s2.
    """
    fallen, link = FieldStaffing.objects.filter(fell_on__isnull=False), page("institutions:people_matrix")
    return [
        Watch(
            rows=fallen.filter(people=FEWEST_PEOPLE),
            due_on="fell_on",
            forgotten=6,  # it is not told again after a week
            subject=says(_("检校人员：“%(field)s”专业只剩 %(people)s 人，再少一人就要暂停能力范围"), field="field", people="people"),
            link=link,
        ),
        Watch(
            rows=fallen.filter(people__lt=FEWEST_PEOPLE),
            due_on="fell_on",
            subject=says(_("检校人员不足：“%(field)s”专业只有 %(people)s 人，能力范围已暂停"), field="field", people="people"),
            link=link,
        ),
    ]  # fmt: skip


@due_list(
    "institutions.qualification_pending", title=gettext_lazy("资质待确认"), thresholds=(0,), recipients=KEEPERS,
)  # fmt: skip
def unconfirmed() -> Watch:
    """Qualifications on record that nobody has confirmed by the day from which they are to count. Source: B-4.3-s1."""
    return Watch(
        rows=Qualification.objects.filter(state=Qualification.State.PENDING),
        due_on="valid_from",
        forgotten=365,
        subject=says(_("资质待确认：%(kind)s %(number)s"), kind=named("kind", Qualification.Kind), number="number"),
        link=page("portal:register_row", Value("qualifications"), "ref"),
    )
