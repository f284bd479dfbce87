"""What the ground floor finds: its pages, the rows of all registers, the clauses of the catalogue."""

from collections.abc import Iterator
from typing import Any

from django.db.models import IntegerField, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from . import menu
from .actors import Actor
from .clauses import catalogue
from .finding import FINDERS, Hit, Wanted, finder
from .registers import REGISTERS, WITHDRAWN, Register


@finder("pages", title=_("页面"), icon="table", order=5)
def pages(actor: Actor, institution: Any, wanted: Wanted) -> list[Hit]:
    """Pages of the actor's own navigation. No query."""
    hits = [
        Hit(str(item.title), url, str(item.group))
        for item, url in menu.shown(actor, institution.slug)
        if wanted.fits(str(item.title))
    ]
    return hits[: wanted.most]


@finder("clauses", title=_("条款"), icon="list-check", order=95)
def clauses(actor: Actor, institution: Any, wanted: Wanted) -> list[Hit]:
    """Clauses by their number or their words. No query."""
    fitting = [clause for clause in catalogue().values() if wanted.fits(clause.id, clause.title, letters=False)]
    return [
        Hit(f"{clause.id} {clause.title}", reverse("portal:compliance_clause", args=[institution.slug, clause.id]))
        for clause in fitting[: wanted.most]
    ]


@finder("registers", title=_("台账记录"), icon="archive", order=90)
def register_rows(actor: Actor, institution: Any, wanted: Wanted) -> Iterator[Hit]:
    """Rows of the registers that no finder of their own finds. One query for all, and one for each register with a hit."""
    elsewhere = {known.model for known in FINDERS.values()}
    searched = [
        register for register in REGISTERS.values() if register.search and register.model._meta.label not in elsewhere
    ]
    if not searched:
        return
    parts = [_keys(actor, place, register, wanted) for place, register in enumerate(searched)]
    keys = list(parts[0].union(*parts[1:], all=True)[: wanted.most])
    for place in dict.fromkeys(place for place, _pk in keys):
        register = searched[place]
        rows = register.model.objects.visible_to(actor).select_related(*register.relations)
        for row in rows.filter(pk__in=[pk for one, pk in keys if one == place]).order_by("pk"):
            url = reverse("portal:register_row", args=[institution.slug, register.name, row.ref])
            yield Hit(str(row), url, str(register.title))


def _keys(actor: Actor, place: int, register: Register, wanted: Wanted) -> QuerySet:
    """Register and id of the rows in which each word stands."""
    rows = register.model.objects.visible_to(actor).exclude(state=WITHDRAWN)
    rows = rows.filter(wanted.in_one_of(*register.search))
    return (
        rows.annotate(of_register=Value(place, output_field=IntegerField())).order_by().values_list("of_register", "pk")
    )
