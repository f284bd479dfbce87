"""A form of the register whose rows say something in a unit."""

from django import forms

from institutions import units
from portal.registers.forms import RowForm


class UnitForm(RowForm):
    """Takes a unit by its printed symbol: °C becomes ℃, and what is not legal is refused with what to use instead."""

    def clean_unit(self) -> str:
        text = self.cleaned_data["unit"]
        if not text or units.is_scale(text):
            return units.normalise(text)
        try:
            return units.symbol(text)
        except units.UnknownUnit as unknown:
            raise forms.ValidationError(str(unknown)) from unknown
