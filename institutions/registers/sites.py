"""场所: where measurements are made, with the right to use the place."""

from django.utils.translation import gettext_lazy

from portal.permissions import Permission
from portal.registers import Register, register

from ..models import Site
from ..scope import gates

register(
    Register(
        name="sites", model=Site, title=gettext_lazy("场所"), group=gettext_lazy("资质与能力"),
        about=gettext_lazy("在哪里检校：地址与资质一致，租用的有租约，有平面图和出入管理"),
        fields=("name", "kind", "address", "tenure", "tenure_proof", "tenure_valid_until", "layout_file",
                "access_controlled", "total_area", "opened_on", "closed_on"),
        columns=("name", "address", "kind", "tenure", "tenure_valid_until"), search=("name", "address"),
        filters=("kind", "tenure"), order=("name", "pk"), keeper=Permission.SCOPE_KEEP, key=("name",),
        gates=(gates.lease_is_proven, gates.site_days_in_order), clauses=("B-4.2-s1", "B-4.2-s2", "B-4.2-s3"),
        icon="building",
    )
)  # fmt: skip
