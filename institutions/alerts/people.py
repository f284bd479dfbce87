"""What of the people ends soon: credentials, the age of operators, protective equipment, the year's integrity training."""

from django.db.models import DateField, Exists, F, Func, OuterRef, Value
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import (
    Authorisation,
    Credential,
    Employment,
    LegalStatus,
    ProtectiveIssue,
    Training,
)
from institutions.models.people import OLDEST_OPERATOR
from portal.duelists import Watch, due_list, named, page, says
from portal.permissions import Role

from .papers import FORGOTTEN, THRESHOLDS, followed

KEEPERS = (Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER)
AT_WORK = {"employment__ended_on": None, "employment__state": Employment.State.CURRENT}
FROM_OCTOBER = 91  # days before 31 December


class YearsLater(Func):
    """The day so many years after a day; of 29 February the 28th where there is none."""

    template, output_field = "(%(expressions)s + INTERVAL '%(years)s years')::date", DateField()


class LastDayOfYear(Func):
    """31 December of a year, given as a number."""

    template, output_field = "make_date((%(expressions)s)::int, 12, 31)", DateField()


@due_list("institutions.credential", title=gettext_lazy("资格证书"), thresholds=(90, *THRESHOLDS), recipients=KEEPERS)
def credentials() -> Watch:
    """Credentials of people at work that end and that no later one of the same kind follows. Source: B-4.5-d."""
    return Watch(
        rows=Credential.objects.filter(state=Credential.State.CURRENT, **AT_WORK),
        person="employment",
        due_on="valid_until",
        over=followed(Credential, "employment", "kind", state=Credential.State.CURRENT),
        forgotten=FORGOTTEN,
        subject=says(
            _("资格证书到期：%(name)s %(kind)s"), name="employment__name", kind=named("kind", Credential.Kind)
        ),
        link=page("institutions:person", "employment__ref"),
    )


@due_list("institutions.age", title=gettext_lazy("检校人员年龄"), thresholds=(180, *THRESHOLDS), recipients=KEEPERS)
def last_day_of_operators() -> Watch:
    """Who verifies or calibrates comes to the last day on which that is allowed. Source: C-5.1.2-s4."""
    operating = Authorisation.objects.filter(
        institution=OuterRef("institution"), employment=OuterRef("pk"), role__in=Authorisation.OPERATORS,
        state=Authorisation.State.GRANTED, revoked_on=None,
    )  # fmt: skip
    return Watch(
        rows=Employment.objects.filter(Exists(operating), state=Employment.State.CURRENT, ended_on=None),
        due_on=YearsLater("birth_date", years=OLDEST_OPERATOR),
        forgotten=FORGOTTEN,
        subject=says(_("年龄上限：%(name)s 此后不得检定、校准"), name="name"),
        link=page("institutions:person", "ref"),
    )


@due_list("institutions.authorisation_stopped", title=gettext_lazy("授权暂停"), thresholds=(0,), recipients=KEEPERS)
def stopped_authorisations() -> Watch:
    """Authorisations that the portal has suspended, told on the day and weekly until they are lifted. Source: C-5.1.2."""
    return Watch(
        rows=Authorisation.objects.filter(state=Authorisation.State.SUSPENDED, revoked_on=None, **AT_WORK),
        person="employment",
        due_on="suspended_on",
        subject=says(
            _("授权暂停：%(name)s %(role)s，%(why)s"),
            name="employment__name", role=named("role", Authorisation.Role), why="suspended_because",
        ),
        link=page("institutions:authorisation", "ref"),
    )  # fmt: skip


@due_list(
    "institutions.authorisation_proposed", title=gettext_lazy("授权待批准"), thresholds=(7, 0),
    recipients=(Role.TECHNICAL_MANAGER,),
)  # fmt: skip
def proposed_authorisations() -> Watch:
    """Authorisations that wait for the technical manager and are to begin. Source: C-5.1.4."""
    return Watch(
        rows=Authorisation.objects.filter(state=Authorisation.State.PROPOSED),
        person="employment",
        due_on="valid_from",
        forgotten=FORGOTTEN,
        subject=says(
            _("授权待批准：%(name)s %(role)s"), name="employment__name", role=named("role", Authorisation.Role)
        ),
        link=page("institutions:authorisation", "ref"),
    )


@due_list(
    "institutions.integrity_training", title=gettext_lazy("年度诚信培训"), thresholds=(FROM_OCTOBER, 30, 7, 0),
    recipients=(Role.QUALITY_MANAGER, Role.ADMINISTRATOR),
)  # fmt: skip
def integrity_trainings() -> list[Watch]:
    """From 1 October on, that the year has had no integrity training; where there never was one, in the first year.

    Source: A-5.4.2.
    """
    held = Training.objects.filter(
        institution=OuterRef("institution"), kind=Training.Kind.INTEGRITY, state=Training.State.CURRENT
    )
    link = page("portal:register", Value("trainings"))
    return [
        Watch(
            rows=Training.objects.filter(kind=Training.Kind.INTEGRITY, state=Training.State.CURRENT),
            due_on=LastDayOfYear(ExtractYear("held_on") + 1),
            over=Exists(held.filter(held_on__year__gt=ExtractYear(OuterRef("held_on")))),
            forgotten=FORGOTTEN,
            subject=says(_("今年还没有诚信计量培训，每年不少于一场")),
            link=link,
        ),
        Watch(
            rows=LegalStatus.objects.filter(~Exists(held), state=LegalStatus.State.CURRENT),
            due_on=LastDayOfYear(ExtractYear("recorded_at")),
            forgotten=FORGOTTEN,
            subject=says(_("还没有诚信计量培训，每年不少于一场")),
            link=link,
        ),
    ]


@due_list(
    "institutions.protection", title=gettext_lazy("防护用品"), thresholds=(30, 7, 0), recipients=(Role.QUALITY_MANAGER,)
)
def protection() -> Watch:
    """Protective equipment that is to be replaced. Source: B-6.1.3-s1."""
    later = ProtectiveIssue.objects.filter(
        institution=OuterRef("institution"), employment=OuterRef("employment"), item=OuterRef("item"),
        issued_on__gt=OuterRef("issued_on"), state=ProtectiveIssue.State.CURRENT,
    )  # fmt: skip
    return Watch(
        rows=ProtectiveIssue.objects.filter(state=ProtectiveIssue.State.CURRENT, **AT_WORK),
        person="employment",
        due_on=F("replace_by"),
        over=Exists(later),
        forgotten=FORGOTTEN,
        subject=says(_("防护用品更换：%(name)s %(item)s"), name="employment__name", item="item"),
        link=page("portal:register_row", Value("protective-issues"), "ref"),
    )
