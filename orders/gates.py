"""Conditions that must hold before a verb of this app."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import ScopeItem
from portal.transitions import Refusal

from .models import Item


def received_and_promised_in_order(item, actor, at) -> Iterator[Refusal]:
    """It came in at the latest today, and its promise is not older than it. Source: C-6.1.1."""
    today = timezone.localdate(at)
    if item.received_on > today:
        yield Refusal(
            "C-6.1.1", _("接收日期 %(day)s 在今天（%(today)s）之后。请改成实际收到的日期。")
            % {"day": item.received_on, "today": today}
        )  # fmt: skip
    if item.promised_on < item.received_on:
        yield Refusal(
            "C-6.1.1", _("承诺完成日期 %(promised)s 早于接收日期 %(day)s。请与客户重新约定日期。")
            % {"promised": item.promised_on, "day": item.received_on}
        )  # fmt: skip


def calibration_is_offered(item, actor, at) -> Iterator[Refusal]:
    """A calibration is taken in on a day on which some line of scope counts, on a valid qualification. Source: B-4.3-s1."""
    if item.activity != Item.Activity.CALIBRATION:
        return
    if not ScopeItem.objects.filter(institution_id=item.institution_id).valid_on(item.received_on).exists():
        yield Refusal(
            "B-4.3-s1", _("%(day)s 没有有效的资质和能力范围，不能受理校准。请先确认资质、登记能力范围；属于检定的，请改服务类别。")
            % {"day": item.received_on},
            link=reverse("institutions:scope", args=[item.institution.slug]), link_text=_("查看能力范围"),
        )  # fmt: skip


def verification_follows_its_regulation(item, actor, at) -> Iterator[Refusal]:
    """For a verification the regulation itself decides; nothing else is agreed. Source: C-6.4.2.3-s3."""
    if item.activity == Item.Activity.VERIFICATION and item.decision_rule:
        yield Refusal(
            "C-6.4.2.3-s3",
            _("检定的合格与否由检定规程决定，不另约定判定规则。请把判定规则改为“不约定”，或把服务类别改为校准。"),
        )


def not_registered_twice(item, actor, at) -> Iterator[Refusal]:
    """The same instrument is not registered a second time on a day: a form sent twice makes one item."""
    same = Item.objects.filter(
        institution_id=item.institution_id, customer_id=item.customer_id, name=item.name, model=item.model,
        serial_number=item.serial_number, received_on=item.received_on, state=Item.State.RECEIVED,
    ).first()  # fmt: skip
    if same is not None and item.customer_id is not None:
        yield Refusal(
            "D-4.4.3.1",
            _("这件器具今天已登记为 %(number)s。确实是另一件时，请填写能区分它们的出厂编号。") % {"number": same.number},
            link=same.get_absolute_url(), link_text=_("查看样品"),
        )  # fmt: skip


def order_has_one_customer(item, actor, at) -> Iterator[Refusal]:
    """All items of an order belong to the same customer. Source: C-6.1.1."""
    if not item.order_number:
        return
    names = Item.objects.filter(institution_id=item.institution_id, order_number=item.order_number)
    other = names.exclude(customer__name=item.customer.name).select_related("customer").first()
    if other is not None:
        yield Refusal(
            "C-6.1.1", _("委托单 %(order)s 是“%(customer)s”的。请改正委托单号；留空则自动编一个新号。")
            % {"order": item.order_number, "customer": other.customer.name}
        )  # fmt: skip
