"""One field of many rows at once: the ticked rows of a list, or all that its filters leave, get the same value."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from ..actors import actor_of
from ..models import RegisterRow
from ..routes import door
from ..transitions import Refusal, Refused
from . import Register, verbs
from .forms import field_for
from .shown import value_text
from .views import amendable, keeper_of, narrowed, register_named

MOST = 500
SHOWN = 20


class ValueForm(forms.Form):
    """The new value of one field."""

    def __init__(self, *args: Any, register: Register, name: str, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = field_for(register.model._meta.get_field(name), actor=actor)


@door("GET", "POST", right=keeper_of, name="portal.Register.name")
def amend_many(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The chosen field of the rows that the address names has the typed value, in all of them or in none."""
    register, actor = register_named(name), actor_of(request)
    found, _filters = narrowed(request, register, timezone.localdate())
    rows = list(found.filter(state__in=register.live).select_related("institution", *register.relations)
                .order_by(*register.order)[: MOST + 1])  # fmt: skip
    columns = {one: register.model._meta.get_field(one) for one in amendable(register)}
    field = request.GET.get("field", "")
    context = {
        "register": register, "list_url": register.list_url(slug), "count": len(rows), "most": MOST, "field": field,
        "too_many": len(rows) > MOST, "choices": [(one, column.verbose_name) for one, column in columns.items()],
        "kept": [(one, value) for one, values in request.GET.lists() if one != "field" for value in values],
        "seen": _seen(rows), "left": max(0, len(rows) - SHOWN),
    }  # fmt: skip
    if field not in columns or not rows or len(rows) > MOST:
        return render(request, "portal/register_amend_many.html", context | {"field": ""}, status=200)
    form = ValueForm(request.POST if request.method == "POST" else None, register=register, name=field, actor=actor)
    context |= {
        "form": form, "label": columns[field].verbose_name,
        "rows": [{"name": str(row), "url": register.row_url(slug, row), "now": value_text(row, field)} for row in rows[:SHOWN]],
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "portal/register_amend_many.html", context)
    if not form.is_valid():
        return render(request, "portal/register_amend_many.html", context, status=422)
    try:
        if request.POST.get("seen") != context["seen"]:
            raise Refused(Refusal("revision", _("这些行在您打开以后变过，没有更正。请核对下面的名单，再提交一次。")))
        changed = _amend(register, rows, field, form.cleaned_data["value"], actor)
    except Refused as refused:
        context["refusals"] = refused.refusals
        return render(request, "portal/register_amend_many.html", context, status=409)
    told = _("已把 %(count)d 行的“%(field)s”更正，%(same)d 行本来就是这样。")
    messages.success(
        request, told % {"count": changed, "field": columns[field].verbose_name, "same": len(rows) - changed}
    )
    return redirect(register.list_url(slug))


def _seen(rows: Sequence[RegisterRow]) -> str:
    """What tells whether a list of rows is still the one that was looked at."""
    return hashlib.sha256(",".join(f"{row.ref}:{row.revision}" for row in rows).encode()).hexdigest()


def _amend(register: Register, rows: Sequence[RegisterRow], field: str, value: Any, actor: Any) -> int:
    """All rows have the value, each with its entry in the trail. Raises: Refused with every reason; then none has it."""
    at, against, changed = timezone.now(), [], 0
    with transaction.atomic():
        for row in rows:
            if getattr(row, field) == value:
                continue
            name = str(row)
            try:
                verbs.amend(register, row, {field: value}, row.revision, actor=actor, at=at)
                changed += 1
            except Refused as refused:
                against += [
                    Refusal(one.clause, f"{name}：{one.text}", one.link, one.link_text) for one in refused.refusals
                ]
        if against:
            raise Refused(*against[:SHOWN])
    return changed
