"""What search finds of an institution: its people, methods, lines of scope and qualifications."""

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.finding import Hit, Wanted, finder
from portal.picking import pickable

from .models import Employment, Institution, MethodAdoption, Qualification, ScopeItem

pickable(
    Employment, key="staff_number", fields=("name", "staff_number"), letters="name",
    note=lambda row: " · ".join(filter(None, (row.post, _("已离职") if row.ended_on else ""))),
)  # fmt: skip


@finder(
    "people",
    title=gettext_lazy("人员"),
    icon="user",
    order=50,
    more="institutions:people",
    model=Employment._meta.label,
)
def people(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Who works or worked here, by name or staff number; nothing else of a person is looked into."""
    rows = wanted.among(Employment.objects.visible_to(actor), "name", "staff_number", letters="name")
    return [
        Hit(
            row.name, reverse("institutions:person", args=[institution.slug, row.ref]),
            " · ".join(filter(None, [row.staff_number, row.post, _("已离职") if row.ended_on else ""])),
        )
        for row in rows.order_by("staff_number", "pk")[: wanted.most]
    ]  # fmt: skip


@finder(
    "methods", title=gettext_lazy("方法与规程"), icon="book", order=60, more="institutions:methods",
    model=MethodAdoption._meta.label,
)  # fmt: skip
def methods(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Methods taken into use, each once however many sites use it."""
    adopted = MethodAdoption.objects.visible_to(actor)
    rows = wanted.among(adopted, "method__code", "method__title", letters="method__title")
    codes = rows.order_by("method__code").values_list("method__code", "method__title").distinct()
    page = reverse("institutions:methods", args=[institution.slug])
    return [Hit(code, f"{page}?{urlencode({'q': code})}", title) for code, title in codes[: wanted.most]]


@finder(
    "scope", title=gettext_lazy("能力范围"), icon="ruler-measure", order=70, more="institutions:scope",
    model=ScopeItem._meta.label,
)  # fmt: skip
def scope(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """What can be measured: instrument and quantity, each pair once however many ranges it has."""
    lines = ScopeItem.objects.visible_to(actor)
    rows = wanted.among(lines, "instrument", "measurand", letters="instrument")
    pairs = rows.order_by("instrument", "measurand").values_list("instrument", "measurand").distinct()
    page = reverse("institutions:scope", args=[institution.slug])
    return [Hit(name, f"{page}?{urlencode({'q': name})}", measurand) for name, measurand in pairs[: wanted.most]]


@finder(
    "qualifications", title=gettext_lazy("资质"), icon="shield-check", order=80, more="institutions:qualifications",
    model=Qualification._meta.label,
)  # fmt: skip
def qualifications(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Certificates of the institution's own qualifications, by number."""
    rows = wanted.among(Qualification.objects.visible_to(actor), "number").order_by("number", "pk")
    page = reverse("institutions:qualifications", args=[institution.slug])
    return [
        Hit(row.number, f"{page}?{urlencode({'q': row.number})}", row.get_kind_display()) for row in rows[: wanted.most]
    ]
