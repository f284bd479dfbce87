"""What a person types about an intermediate check."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment
from portal.typed import DayField, RowField, TextField

from ..models import CheckPlan, Equipment
from .readings import ReadingsField


class PlanField(RowField):
    """One of the plans, called by its point: the equipment is known."""

    def label_from_instance(self, plan: CheckPlan) -> str:
        return f"{plan.quantity} {plan.nominal.normalize():f} {plan.unit}（{plan.get_rule_display()}）"


class CheckForm(forms.Form):
    """Readings of one check, by whom and when. What it means is worked out by the plan's rule."""

    plan = PlanField(label=_("核查方案"), queryset=CheckPlan.objects.none())
    performed_on = DayField(label=_("核查日期"))
    performed_by = RowField(label=_("核查人"), queryset=Employment.objects.none())
    readings = ReadingsField(label=_("读数"))
    conditions = TextField(
        label=_("环境与说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("温度、湿度、恒温时间等会影响结果的条件"),
    )  # fmt: skip
    file = forms.FileField(label=_("核查记录"), required=False)

    def __init__(self, *args, equipment: Equipment, actor, at, **kwargs):
        super().__init__(*args, **kwargs)
        current = CheckPlan.objects.visible_to(actor).filter(equipment=equipment, state=CheckPlan.State.CURRENT)
        current = current.select_related("equipment", "check_standard", "procedure", "institution")
        self.fields["plan"].queryset = current.order_by("quantity", "nominal", "pk")
        self.fields["performed_by"].queryset = (
            Employment.objects.visible_to(actor).active_on(timezone.localdate(at)).order_by("name", "pk")
        )

    def facts(self) -> dict:
        """What the verb takes as `values`."""
        return {name: self.cleaned_data[name] for name in ("performed_on", "performed_by", "conditions")}


def first_values(plan: CheckPlan | None, actor, at) -> dict:
    """What the form starts with: today, whoever fills it in, and the plan that was asked for or is the only one."""
    me = Employment.objects.visible_to(actor).filter(pk=actor.employment_id).first()
    return {
        "plan": plan and plan.ref,
        "performed_on": timezone.localdate(at),
        "performed_by": me and me.ref,
    }
