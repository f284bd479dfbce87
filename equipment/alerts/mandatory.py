"""The files of equipment under mandatory verification."""

from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says

from ..models import Equipment, MandatoryFile, Traceability
from .recipients import GONE, KEEPERS, THRESHOLDS, gone, since_ever

UPDATE_DAYS = 30
FORGOTTEN = 365


@due_list("equipment.mandatory_file", title=gettext_lazy("强检器具档案"), thresholds=THRESHOLDS, recipients=KEEPERS)
def mandatory_files() -> list[Watch]:
    """Files whose due date comes, that lag behind a newer certificate, and equipment without one. Source: A-6.4.2."""
    files = MandatoryFile.objects.filter(state=MandatoryFile.State.CURRENT)
    due = Watch(
        rows=files,
        due_on="due_on",
        over=gone(),
        subject=says(_("强检到期：%(name)s %(number)s"), name="equipment__name", number="equipment__asset_number"),
        link=page("portal:register_row", Value("mandatory-files"), "ref"),
    )
    behind = files.filter(
        institution=OuterRef("institution"), equipment=OuterRef("equipment"), updated_on__lt=OuterRef("calibrated_on")
    )
    stale = Watch(
        rows=Traceability.objects.filter(kind=Traceability.Kind.VERIFICATION),
        target="equipment",
        due_on=ExpressionWrapper(F("calibrated_on") + UPDATE_DAYS, output_field=DateField()),
        over=~Exists(behind) | gone(),
        forgotten=FORGOTTEN,
        subject=says(
            _("强检器具档案没有随新证书更新：%(name)s %(number)s"), name="equipment__name",
            number="equipment__asset_number",
        ),
        link=page("equipment:detail", "equipment__ref"),
    )  # fmt: skip
    without = Watch(
        rows=Equipment.objects.filter(mandatory=True).exclude(state__in=GONE),
        due_on=since_ever(),
        over=Exists(files.filter(institution=OuterRef("institution"), equipment=OuterRef("pk"))),
        subject=says(_("强检器具没有建档备案：%(name)s %(number)s"), name="name", number="asset_number"),
        link=page("equipment:detail", "ref"),
    )
    return [due, stale, without]
