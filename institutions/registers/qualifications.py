"""资质: licences, accreditations, authorisations; recorded first, confirmed when their papers are there."""

from collections.abc import Iterator
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history
from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.registers.forms import RowForm
from portal.transitions import Refusal

from ..models import Qualification
from ..scope import gates, panels
from ..words import qualification_state

State = Qualification.State


def qualification_is_new(row: Qualification, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The same certificate of the same day is not on record already."""
    same = Qualification.objects.filter(
        institution_id=row.institution_id, kind=row.kind, number=row.number, valid_from=row.valid_from
    )
    if same.exclude(pk=row.pk).exclude(state=State.WITHDRAWN).exists():
        yield Refusal("data", _("%(paper)s 已经登记过。续期请填新的有效期；登记错了请先作废那一条。") % {"paper": row})


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
        home="institutions:qualifications",
        about=gettext_lazy("执照、认可、授权、考核证书；传上证书和附表后确认有效"),
        fields=("kind", "number", "issuer", "valid_from", "valid_until", "file", "annex", "addresses", "replaces"),
        columns=("number", "kind", "issuer", "valid_from", "valid_until"), search=("number", "issuer"),
        filters=("kind",), order=("kind", "number", "pk"), keeper=Permission.SCOPE_KEEP, key=("number",),
        gates=(gates.renewal_follows, gates.stays_what_was_confirmed, gates.lines_stay_where_they_are_named, qualification_is_new),
        clauses=("A-4.1.1", "B-4.3-s1", "B-4.3-s2", "D-3.3"), form=QualificationForm,
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
