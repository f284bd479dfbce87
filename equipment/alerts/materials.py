"""Reference materials and reagents that expire, and software that nobody has validated."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.duelists import Watch, due_list, page, says

from ..models import Equipment, ImpactQuestion
from .recipients import KEEPERS, MANAGERS, THRESHOLDS, since_ever

Role, State = Equipment.Role, Equipment.State


@due_list("equipment.expiry", title=gettext_lazy("标准物质和试剂"), thresholds=THRESHOLDS, recipients=KEEPERS)
def expiries() -> Watch:
    """Reference materials and reagents in use, or waiting for it, that expire. Source: B-4.4.2-s5, B-4.4.1-f."""
    return Watch(
        rows=Equipment.objects.filter(
            role__in=(Role.REFERENCE_MATERIAL, Role.CONSUMABLE), state__in=(State.NEW, State.IN_USE)
        ),
        due_on="expires_on",
        subject=says(_("有效期将到：%(name)s %(number)s 批号 %(lot)s"), name="name", number="asset_number", lot="lot"),
        link=page("equipment:detail", "ref"),
    )


@due_list("equipment.software", title=gettext_lazy("软件确认"), thresholds=(0,), recipients=KEEPERS)
def software() -> Watch:
    """Software in use that was never validated. Source: B-4.4.1-b, D-4.4.2.1-s1."""
    return Watch(
        rows=Equipment.objects.filter(role=Role.SOFTWARE, state=State.IN_USE, validated_on=None),
        due_on=since_ever(),
        subject=says(_("软件在用却没有确认：%(name)s %(number)s"), name="name", number="asset_number"),
        link=page("equipment:detail", "ref"),
    )


@due_list("equipment.abolished", title=gettext_lazy("国家明令淘汰的器具"), thresholds=(60, 30, 0), recipients=KEEPERS)
def abolished() -> list[Watch]:
    """Equipment in use that the State abolishes on a day, or has abolished. Source: A-6.2.1.1-s2."""
    rows = Equipment.objects.filter(state=State.IN_USE, obsolete=True)
    return [
        Watch(
            rows=rows.filter(condition),
            due_on=due_on,
            subject=says(_("属于国家明令淘汰的器具，须停用：%(name)s %(number)s"), name="name", number="asset_number"),
            link=page("equipment:detail", "ref"),
        )
        for condition, due_on in ((Q(obsolete_on=None), since_ever()), (Q(obsolete_on__isnull=False), "obsolete_on"))
    ]


@due_list("equipment.impact", title=gettext_lazy("影响追溯"), thresholds=(0,), recipients=MANAGERS)
def questions() -> Watch:
    """Questions that were opened when equipment was stopped and that nobody has answered. Source: D-4.4.3.2-s3."""
    return Watch(
        rows=ImpactQuestion.objects.filter(state=ImpactQuestion.State.OPEN),
        due_on="until",
        target="equipment",
        subject=says(
            _("影响追溯没有结论：%(name)s %(number)s"), name="equipment__name", number="equipment__asset_number"
        ),
        link=page("equipment:detail", "equipment__ref"),
    )
