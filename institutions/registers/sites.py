"""场所: where measurements are made, with the right to use the place."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal

from ..models import Site
from ..scope import gates


def named_once(row: Site, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Lists and spreadsheets know a place by its name."""
    same = Site.objects.filter(institution_id=row.institution_id, name=row.name, state=Site.State.CURRENT)
    if same.exclude(pk=row.pk).exists():
        yield Refusal("data", _("已有场所“%(name)s”。请更正那一条，或换一个分得清的名称。") % {"name": row.name})


register(
    Register(
        name="sites", model=Site, title=gettext_lazy("场所"), group=gettext_lazy("资质与能力"),
        about=gettext_lazy("在哪里检校：地址与资质一致，租用的有租约，有平面图和出入管理"),
        fields=("name", "kind", "address", "tenure", "tenure_proof", "tenure_valid_until", "layout_file",
                "access_controlled", "total_area", "opened_on", "closed_on"),
        columns=("name", "address", "kind", "tenure", "tenure_valid_until"), search=("name", "address"),
        filters=("kind", "tenure"), order=("name", "pk"), keeper=Permission.SCOPE_KEEP, key=("name",),
        gates=(gates.lease_is_proven, gates.site_days_in_order, gates.lines_stay_where_they_are_named, named_once),
        clauses=("B-4.2-s1", "B-4.2-s2", "B-4.2-s3"),
        icon="building",
    )
)  # fmt: skip
