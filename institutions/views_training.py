"""The list of who took part in a training, filled in at once."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.registers import REGISTERS, verbs
from portal.routes import door
from portal.transitions import Refused
from portal.typed import ChoiceField, DecimalTextField

from .models import Employment, Training, TrainingAttendance
from .views_person import typed

ABSENT = ("", gettext_lazy("未参加"))


class AttendanceForm(forms.Form):
    """A result and a score for each person at work on the day of the training who is not in its list yet."""

    def __init__(self, *args, training: Training, actor: Actor, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        listed = TrainingAttendance.objects.visible_to(actor).filter(
            training=training, state=TrainingAttendance.State.CURRENT
        )
        rows = Employment.objects.visible_to(actor).active_on(training.held_on)
        rows = rows.exclude(pk__in=listed.values("employment_id")).order_by("staff_number", "pk")
        self.people = list(rows)
        choices = [ABSENT, *TrainingAttendance.Result.choices]
        for row in self.people:
            self.fields[f"result-{row.ref}"] = ChoiceField(label=_("考核结果"), choices=choices, required=False)
            self.fields[f"score-{row.ref}"] = DecimalTextField(
                label=_("成绩"), required=False, max_digits=5, decimal_places=1, min_value=0
            )

    def lines(self) -> list[dict[str, object]]:
        """The people with their two fields, for the page."""
        return [
            {"person": row, "result": self[f"result-{row.ref}"], "score": self[f"score-{row.ref}"]}
            for row in self.people
        ]

    def clean(self) -> dict[str, object]:
        values = super().clean()
        for row in self.people:
            if values.get(f"score-{row.ref}") is not None and not values.get(f"result-{row.ref}"):
                self.add_error(f"result-{row.ref}", _("%(name)s 填了成绩，请选考核结果。") % {"name": row.name})
        if not self.errors and not any(values.get(f"result-{row.ref}") for row in self.people):
            raise forms.ValidationError(_("还没有选任何人。请给参加的人选考核结果。"))
        return values


@door("GET", "POST", right=Permission.PEOPLE_KEEP, ref="institutions.Training.ref")
def training_list(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Everybody who took part is on record, each with the result of the assessment."""
    actor = actor_of(request)
    training = get_object_or_404(Training.objects.visible_to(actor).select_related("institution"), ref=ref)
    if training.state != Training.State.CURRENT:
        messages.error(request, _("这次培训已作废，不能再登记名单。"))
        return redirect("portal:register_row", slug, "trainings", ref)
    form = AttendanceForm(typed(request), training=training, actor=actor)
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            try:
                count = _record(form, training, actor)
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                messages.success(request, _("已登记 %(count)d 人的参训记录。") % {"count": count})
                return redirect("portal:register_row", slug, "trainings", ref)
        else:
            status = 422
    context = {"training": training, "form": form, "refusals": refusals}
    return render(request, "institutions/training_list.html", context, status=status)


def _record(form: AttendanceForm, training: Training, actor: Actor) -> int:
    """All of the list or, with the first refusal, nothing of it. Returns: how many."""
    typed_in = form.cleaned_data
    lines = [
        {
            "training": training, "employment": row, "result": typed_in[f"result-{row.ref}"],
            "score": typed_in[f"score-{row.ref}"],
        }
        for row in form.people
        if typed_in[f"result-{row.ref}"]
    ]  # fmt: skip
    with transaction.atomic():
        return len(verbs.record_all(REGISTERS["attendances"], lines, actor=actor, at=timezone.now()))
