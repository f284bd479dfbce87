"""Forms that several apps show."""

from django import forms
from django.utils.translation import gettext_lazy as _

from . import windows
from .typed import ChoiceField, DayField, TextField


class ReasonForm(forms.Form):
    """Why an act is done, in the words of whoever does it."""

    reason = TextField(label=_("原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class DueFilter(forms.Form):
    """Which due dates a list or the calendar shows."""

    rule = ChoiceField(label=_("类别"), required=False)
    window = ChoiceField(label=_("期限"), choices=[("", ""), *windows.TITLES.items()], required=False)
    first = DayField(label=_("到期不早于"), required=False)
    last = DayField(label=_("到期不晚于"), required=False)

    def __init__(self, *args, rules=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rule"].choices = [("", ""), *rules]

    def clean(self):
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", _("“到期不晚于”早于“到期不早于”。请对调两个日期。"))
        return self.cleaned_data
