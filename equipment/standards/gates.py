"""Conditions before a verb of a measurement standard."""

from collections.abc import Iterator
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Role
from portal.transitions import Refusal

from .. import usability
from ..models import MeasurementStandard
from . import files, rules
from .facts import seen
from .gates_register import is_filed, kind_is_complete

# Who decides that values may not be handed on, or may be again.
DECIDERS = frozenset({Role.QUALITY_MANAGER, Role.TECHNICAL_MANAGER})


def _found(standard: MeasurementStandard, day: date) -> MeasurementStandard:
    """The standard as it is that day; asked for once, though several gates of one attempt need it."""
    kept = standard.__dict__.setdefault("_seen", {})
    if day not in kept:
        kept[day] = seen(standard, day)
    return kept[day]


# --- before it is put in use


def was_assessed(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Its assessment certificate is valid today. Source: A-6.1.1."""
    today = timezone.localdate(at)
    if not standard.assessed_for(today):
        link = reverse("equipment:standard_assess", args=[standard.institution.slug, standard.ref])
        yield Refusal(
            "A-6.1.1", _("没有今天有效的考核证书。请取得证书后登记考核。"), link=link, link_text=_("登记考核")
        )


def people_are_there(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Its field is known, somebody fit answers for it, two people may work with it. Source: C-5.1.1-s2, C-5.1.1-s3."""
    today = timezone.localdate(at)
    if not standard.field:
        link = reverse("portal:register_amend", args=[standard.institution.slug, "measurement-standards", standard.ref])
        yield Refusal(
            "C-5.1.1-s2", _("还没有填写专业领域，查不到有谁能用它。请填写，与人员授权的专业领域一致。"),
            link=link, link_text=_("更正"),
        )  # fmt: skip
    yield from rules.people_against(_found(standard, today), today)


def parts_are_usable(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It has a main standard, and everything it consists of may be used today. Source: C-5.5.4, A-6.2.2."""
    today = timezone.localdate(at)
    parts = standard.parts.select_related("equipment__institution")
    there = [part for part in parts if part.there_on(today)]
    if not _found(standard, today).has_main:
        link = reverse("equipment:standard_parts", args=[standard.institution.slug, standard.ref])
        yield Refusal("A-6.5.1-s3", _("还没有登记计量标准器。请纳入。"), link=link, link_text=_("纳入设备"))
    against = usability.reasons_of([part.equipment for part in there], today)
    for part in there:
        yield from against[part.equipment_id]


def items_are_stated(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What it may serve is stated as on its certificate. Source: C-4.1.2."""
    if not _found(standard, timezone.localdate(at)).served:
        link = reverse("portal:register_new", args=[standard.institution.slug, "standard-items"])
        yield Refusal(
            "C-4.1.2", _("还没有登记开展项目。请照考核证书登记器具、范围和准确度。"),
            link=f"{link}?standard={standard.ref}", link_text=_("登记开展项目"),
        )  # fmt: skip


def file_set_is_complete(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The documents that every standard keeps are there. Source: C-7.1.2-s2."""
    missing = files.missing(_found(standard, timezone.localdate(at)))
    if missing:
        names = _("、").join(str(kind.label) for kind in missing)
        link = reverse("portal:register_new", args=[standard.institution.slug, "standard-papers"])
        yield Refusal(
            "C-7.1.2-s2", _("文件集还缺%(names)s。请逐份上传。") % {"names": names},
            link=f"{link}?standard={standard.ref}&kind={missing[0]}", link_text=_("登记文件"),
        )  # fmt: skip


def changes_are_filed(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever replaced a main standard or a method has filed it. Source: C-4.1.2."""
    for change in _found(standard, timezone.localdate(at)).unfiled:
        yield Refusal(
            "C-4.1.2",
            _("%(day)s 的“%(what)s”还没有申报。请申报后在“变更”里登记申报日期。")
            % {"day": change["day"], "what": rules.StandardChange.Kind(change["kind"]).label},
        )


PUT_IN_USE = (
    was_assessed, kind_is_complete, is_filed, people_are_there, parts_are_usable, items_are_stated, file_set_is_complete,
    changes_are_filed,
)  # fmt: skip


# --- before value transfer is stopped or goes on


def decided_by_a_manager(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The quality or the technical manager decides, or the part of the portal that knows of a bad result. Source: E-8-h."""
    if actor.user_id is not None and not DECIDERS & set(actor.roles):
        yield Refusal("E-8-h", _("暂停和恢复量值传递由质量负责人或技术负责人决定。请告诉他们，由他们办理。"))


TITLES = {
    was_assessed: gettext_lazy("考核证书有效"),
    kind_is_complete: gettext_lazy("种类要求的证书或批准齐全"),
    is_filed: gettext_lazy("已备案"),
    people_are_there: gettext_lazy("负责人合格，至少两人有授权"),
    parts_are_usable: gettext_lazy("标准器和配套设备可用"),
    items_are_stated: gettext_lazy("开展项目已登记"),
    file_set_is_complete: gettext_lazy("文件集齐全"),
    changes_are_filed: gettext_lazy("变更已申报"),
    decided_by_a_manager: gettext_lazy("由质量或技术负责人决定"),
}
