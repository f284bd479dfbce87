"""The page of substitutions: who stands in for whom and when."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from . import absence
from .actors import actor_of
from .forms_alerts import AbsenceForm
from .models import Absence
from .permissions import Permission
from .recipients import recipients
from .routes import door
from .transitions import Refused


@door("GET", "POST")
def absences(request: HttpRequest, slug: str) -> HttpResponse:
    """The substitutions that are not over, and a form for one more."""
    form = _form(request)
    if request.method == "GET" or form is None:
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    typed, people = form.cleaned_data, form.people
    try:
        row = absence.announce(
            people[typed["absent"]].user_id, people[typed["substitute"]].user_id, typed["first_day"], typed["last_day"],
            actor=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, form, refusals=refused.refusals, status=409)
    text = _("已登记：%(first)s 至 %(last)s，%(name)s的提醒同时发给%(by)s。")
    names = {"name": people[typed["absent"]].name, "by": people[typed["substitute"]].name}
    messages.success(request, text % {"first": row.first_day, "last": row.last_day, **names})
    return redirect("portal:absences", slug=slug)


@door("POST", ref="portal.Absence.ref")
def absence_withdraw(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor = actor_of(request)
    row = get_object_or_404(Absence.objects.visible_to(actor), ref=ref)
    try:
        absence.withdraw(row, actor=actor, at=timezone.now())
    except Refused as refused:
        messages.error(request, " ".join(refusal.text for refusal in refused.refusals))
    else:
        messages.success(request, _("已撤销代理，代理人不再收到这些提醒。"))
    return redirect("portal:absences", slug=slug)


def _form(request: HttpRequest) -> AbsenceForm | None:
    """A form for whoever is a member: for oneself, and for everybody when the actor may hand out alerts."""
    actor = actor_of(request)
    people = recipients(request.institution.pk)
    may_all = actor.may(Permission.ALERT_ASSIGN, actor.institution_id)
    absent = [person for person in people if may_all or person.user_id == actor.user_id]
    if not any(person.user_id == actor.user_id for person in people):
        return None
    me = next(person.ref for person in people if person.user_id == actor.user_id)
    typed = request.POST if request.method == "POST" else None
    return AbsenceForm(typed, absent=absent, people=people, initial={"absent": me, "first_day": timezone.localdate()})


def _page(request: HttpRequest, form: AbsenceForm | None, *, refusals: Any = (), status: int = 200) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    rows = [
        {
            "ref": row.ref,
            "absent": row.absent.name,
            "substitute": row.substitute.name,
            "first": row.first_day,
            "last": row.last_day,
            "now": row.first_day <= today,
            "may_withdraw": absence.WITHDRAW.is_open(row, actor)
            and (row.absent_id == actor.user_id or actor.may(Permission.ALERT_ASSIGN, row.institution_id)),
        }
        for row in absence.coming(actor, today)
    ]
    return render(request, "portal/absences.html", {"rows": rows, "form": form, "refusals": refusals}, status=status)
