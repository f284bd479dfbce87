"""Conditions that must hold before a label is printed or voided."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal

from ..models import Equipment, Label


def is_labelled_by_us(label: Label, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A status label is for equipment in the register that is not a customer's. Source: C-5.3.4-s2."""
    told, link = {"name": label.equipment}, {"link": label.equipment.get_absolute_url(), "link_text": _("查看设备")}
    if label.equipment.role == Equipment.Role.CUSTOMER:
        yield Refusal("C-5.3.4-s2", _("%(name)s 是客户的器具，不贴本机构的状态标识。请改印器具码。") % told, **link)
    elif label.equipment.state == Equipment.State.WITHDRAWN:
        yield Refusal("C-5.3.4-s2", _("%(name)s 的登记已作废，没有状态可标。请从选择中去掉它。") % told, **link)


def bears_its_dates(label: Label, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """合格 and 准用 carry the day of calibration and the last day of validity. Source: C-5.3.4-s3."""
    if label.word == Label.Word.STOPPED or label.equipment.role == Equipment.Role.CUSTOMER:
        return
    if label.traceability is None or label.dated_on is None or label.valid_until is None:
        yield Refusal(
            "C-5.3.4-s3",
            _("%(name)s 没有可以印的检定/校准日期和有效期，标识上不能空着。请先登记溯源证书并做计量确认。")
            % {"name": label.equipment},
            link=reverse("equipment:trace", args=[label.equipment.institution.slug, label.equipment.ref]),
            link_text=_("登记溯源"),
        )


def comes_from_its_certificate(label: Label, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the label says is what the certificate of this very equipment that counts today says. Source: A-6.2.3.1-s2."""
    trace = label.traceability
    if label.word == Label.Word.STOPPED or trace is None:
        return
    told = (label.dated_on, label.valid_until) == (trace.calibrated_on, trace.valid_until)
    if not told or trace != label.equipment.traced_on(timezone.localdate(at)):
        yield Refusal(
            "A-6.2.3.1-s2",
            _("%(name)s 的标识与今天有效的溯源证书不一致，不能印。请刷新页面，按最新的状态再印。")
            % {"name": label.equipment},
        )


def names_its_restriction(label: Label, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """准用 says what the use is restricted to. Source: C-5.5.4."""
    if label.word == Label.Word.RESTRICTED and not label.restriction.strip():
        yield Refusal(
            "C-5.5.4",
            _("%(name)s 限制使用，但计量确认里没有写限制在哪里。请补做计量确认，写明限制的范围或功能。")
            % {"name": label.equipment},
            link=label.equipment.get_absolute_url(),
            link_text=_("查看设备"),
        )
