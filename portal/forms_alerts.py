"""What people type about reminders: until when to wait and why, who shall deal with it, who stands in for whom."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .inbox import latest_day_to_wait
from .models import Alert
from .recipients import Recipient
from .typed import ChoiceField, DayField, TextField


class SnoozeForm(forms.Form):
    until = DayField(label=gettext_lazy("再次提醒的日期"))
    reason = TextField(
        label=gettext_lazy("推迟原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("例如：已送检，预计 12 月 5 日取回"),
    )  # fmt: skip

    def __init__(self, *args: Any, row: Alert, today: date, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="snooze-%s", **kwargs)
        first, last = today + timedelta(1), latest_day_to_wait(row, today)
        self.fields["until"].help_text = _("%(first)s 至 %(last)s") % {"first": first, "last": last}
        self.fields["until"].widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}


class AssignForm(forms.Form):
    person = ChoiceField(label=gettext_lazy("处理人"), required=False)

    def __init__(self, *args: Any, people: Sequence[Recipient], row: Alert, **kwargs: Any) -> None:
        self.people = {person.ref: person for person in people}
        now = next((person.ref for person in people if person.user_id == row.assigned_to_id), "")
        super().__init__(*args, auto_id="assign-%s", initial={"person": now}, **kwargs)
        self.fields["person"].choices = [("", _("不指派")), *_choices(people)]

    @property
    def chosen(self) -> Recipient | None:
        """Who was chosen; None when it shall be nobody's in particular."""
        return self.people.get(self.cleaned_data["person"])


class AbsenceForm(forms.Form):
    absent = ChoiceField(label=gettext_lazy("离岗人"))
    substitute = ChoiceField(
        label=gettext_lazy("代理人"), help_text=gettext_lazy("离岗期间，应提醒离岗人的事项也提醒代理人")
    )
    first_day = DayField(label=gettext_lazy("开始日期"))
    last_day = DayField(label=gettext_lazy("结束日期"))

    def __init__(self, *args: Any, absent: Sequence[Recipient], people: Sequence[Recipient], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="absence-%s", **kwargs)
        self.people = {person.ref: person for person in people}
        self.fields["absent"].choices = _choices(absent)
        self.fields["substitute"].choices = [("", _("请选择")), *_choices(people)]


def _choices(people: Sequence[Recipient]) -> list[tuple[str, str]]:
    return [(person.ref, person.name) for person in people]
