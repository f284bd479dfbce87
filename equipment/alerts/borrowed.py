"""Borrowed equipment whose time ends."""

from django.db.models import Exists, OuterRef, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says

from ..models import ExternalUse
from .recipients import KEEPERS, unused

FORGOTTEN = 30


@due_list("equipment.external_use", title=gettext_lazy("借用的设备"), thresholds=(30, 7, 0), recipients=KEEPERS)
def external_uses() -> Watch:
    """Checks of borrowed equipment in use that end and that no later one follows. Source: D-4.4.1.2."""
    rows = ExternalUse.objects.filter(state=ExternalUse.State.CURRENT)
    later = rows.filter(
        institution=OuterRef("institution"), equipment=OuterRef("equipment"), valid_until__gt=OuterRef("valid_until")
    )
    return Watch(
        rows=rows,
        due_on="valid_until",
        over=Exists(later) | unused(),
        forgotten=FORGOTTEN,
        subject=says(_("借用到期：%(name)s %(number)s"), name="equipment__name", number="equipment__asset_number"),
        link=page("portal:register_row", Value("external-uses"), "ref"),
    )
