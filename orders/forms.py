"""What the counter types. Forms check how it is written; the gates check whether it may be."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from institutions.models import Customer
from portal.typed import ChoiceField, DayField, TextField
from portal.workdays import working_days_after

from .models import Item
from .workflow import PROMISE_DAYS

# Codes of certificates/conformity.py that a customer may agree to; the regulation of a verification is not agreed.
DECISION_RULES = [
    ("", _("不约定（不作符合性声明）")),
    ("jjf1094", _("JJF 1094-2002：U 不大于 MPEV 的 1/3 时直接比较，否则留待定区")),
    ("simple_acceptance", _("简单接受：不设保护带")),
    ("guard_band_w_U", _("保护带 w = U")),
]
MOST_SUGGESTIONS = 500


class ItemFilter(forms.Form):
    """Which items the list shows."""

    q = TextField(label=_("样品编号、委托单号、器具、出厂编号"), max_length=60, required=False)
    customer = TextField(label=_("客户"), max_length=60, required=False)
    state = ChoiceField(label=_("状态"), choices=[("", ""), *Item.State.choices], required=False)
    promise = ChoiceField(
        label=_("承诺"), choices=[("", ""), ("overdue", _("已逾期")), ("today", _("今天到期"))], required=False
    )
    received_on = DayField(label=_("接收日期"), required=False)


class ItemForm(forms.Form):
    """One item over the counter, with its customer, known or new."""

    customer_name = TextField(
        label=_("客户名称"), max_length=100, help_text=_("从列表里选，或键入新客户的全称"),
        widget=forms.TextInput(attrs={"list": "customers", "autofocus": True, "autocomplete": "off"}),
    )  # fmt: skip
    customer_address = TextField(
        label=_("客户地址"), max_length=200, required=False, help_text=_("新客户填写，印在证书上；老客户不用填")
    )
    contact = TextField(label=_("联系人"), max_length=60, required=False)
    phone = TextField(label=_("联系电话"), max_length=40, required=False)
    order_number = TextField(
        label=_("委托单号"), max_length=30, required=False, help_text=_("同一委托的第二件起填写；留空自动编新号")
    )
    activity = ChoiceField(label=_("服务类别"), choices=Item.Activity.choices, initial=Item.Activity.CALIBRATION)
    name = TextField(
        label=_("器具名称"), max_length=80, widget=forms.TextInput(attrs={"list": "names", "autocomplete": "off"})
    )
    name_en = TextField(label=_("英文名称"), max_length=120, required=False, help_text=_("证书要印英文时填写"))
    model = TextField(label=_("型号规格"), max_length=80)
    serial_number = TextField(label=_("出厂编号"), max_length=60, help_text=_("没有的填“无”"))
    manufacturer = TextField(label=_("制造单位"), max_length=100)
    condition = TextField(label=_("样品状态"), max_length=200, initial=Item._meta.get_field("condition").default)
    received_on = DayField(label=_("接收日期"))
    promised_on = DayField(label=_("承诺完成日期"), help_text=_("默认五个工作日，已除去周末和法定节假日"))
    decision_rule = ChoiceField(
        label=_("判定规则"), choices=DECISION_RULES, required=False,
        help_text=_("客户要作符合性声明时约定；检定不用选"),
    )  # fmt: skip

    def __init__(self, *args, actor, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor = actor

    def suggestions(self) -> dict[str, list[str]]:
        """Names that were used before, for the lists under the fields. Two queries."""
        items = Item.objects.visible_to(self.actor)
        customers = Customer.objects.visible_to(self.actor).order_by("name")
        return {
            "customers": list(customers.values_list("name", flat=True)[:MOST_SUGGESTIONS]),
            "names": list(items.order_by("name").values_list("name", flat=True).distinct()[:MOST_SUGGESTIONS]),
        }

    def facts(self) -> dict[str, Any]:
        """What the verb takes as `values`; a customer nobody has typed before is new and unsaved."""
        values = dict(self.cleaned_data)
        name, address = values.pop("customer_name"), values.pop("customer_address")
        contact, phone = values.pop("contact"), values.pop("phone")
        known = Customer.objects.visible_to(self.actor).filter(name=name).first()
        values["customer"] = known or Customer(
            institution_id=self.actor.institution_id, name=name, address=address, contact=contact, phone=phone
        )
        return values


def first_values(today: date, same: Item | None) -> dict[str, Any]:
    """What an empty form starts with; after another item of the same order, also what they share."""
    values = {"received_on": today, "promised_on": working_days_after(today, PROMISE_DAYS)}
    if same is not None:
        shared = ("order_number", "activity", "name", "name_en", "model", "manufacturer", "decision_rule")
        values |= {name: getattr(same, name) for name in shared}
        values |= {"customer_name": same.customer.name, "promised_on": same.promised_on}
    return values
