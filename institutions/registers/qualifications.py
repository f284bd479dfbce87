"""资质: licences, accreditations, authorisations; recorded first, confirmed when their papers are there."""

from django import forms
from django.utils.translation import gettext_lazy

from portal import history
from portal.permissions import Permission
from portal.registers import Register, register
from portal.registers.forms import RowForm

from ..models import Qualification
from ..scope import gates, panels
from ..words import qualification_state

State = Qualification.State


class QualificationForm(RowForm):
    """A qualification as it stands on its certificate; one address to a line."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["addresses"].widget = forms.Textarea(attrs={"rows": 3})
        older = self.fields["replaces"].queryset
        self.fields["replaces"].queryset = older.exclude(pk=self.row.pk) if self.row else older


register(
    Register(
        name="qualifications", model=Qualification, title=gettext_lazy("资质证书"), group=gettext_lazy("资质与能力"),
        about=gettext_lazy("执照、认可、授权、考核证书；传上证书和附表后确认有效"),
        fields=("kind", "number", "issuer", "valid_from", "valid_until", "file", "annex", "addresses", "replaces"),
        columns=("number", "kind", "issuer", "valid_from", "valid_until"), search=("number", "issuer"),
        filters=("kind",), order=("kind", "number", "pk"), keeper=Permission.SCOPE_KEEP, key=("number",),
        gates=(gates.renewal_follows,), clauses=("A-4.1.1", "B-4.3-s1", "B-4.3-s2", "D-3.3"), form=QualificationForm,
        panels=(panels.qualification_steps, panels.lines_of_qualification), born=State.PENDING,
        live=frozenset({State.PENDING, State.VALID, State.SUSPENDED}), standing=qualification_state, icon="shield-check",
    )
)  # fmt: skip
history.register(
    {
        "qualification.confirm": gettext_lazy("确认有效"),
        "qualification.suspend": gettext_lazy("暂停"),
        "qualification.resume": gettext_lazy("恢复"),
        "qualification.revoke": gettext_lazy("撤销"),
    }
)
