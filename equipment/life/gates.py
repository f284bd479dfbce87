"""Conditions before equipment changes its state: is stopped, used again, sent away, scrapped."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal

from ..models import AlternativeTraceability, Equipment, ImpactQuestion, StandardPart, Traceability
from ..traceability.copies import open_copies
from .opened import opened_since

Role = Equipment.Role

# --- before it is used again


def traced_today(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A confirmed traceability certificate covers the day, or an approved alternative does.

    Source: B-4.4.2-s3, D-4.4.3.4, C-5.3.3-s1.
    """
    today = timezone.localdate(at)
    if not equipment.needs_traceability or equipment.traced_on(today) is not None:
        return
    if AlternativeTraceability.in_force(today).filter(equipment=equipment.pk).exists():
        return
    last = equipment.latest_traceability
    link = _to_trace(equipment)
    if last is None:
        yield Refusal("B-4.4.2-s3", _("没有溯源证书，不能投入使用。请先送检，并登记证书和计量确认。"), **link)
    else:
        yield Refusal(
            "B-4.4.2-s3",
            _(
                "最近一份溯源证书 %(number)s 有效期至 %(until)s，今天（%(today)s）不在有效期内，或还没有确认为可用。"
                "请先送检并登记新证书，做完计量确认。"
            )
            % {"number": last.certificate_number, "until": last.valid_until, "today": today},
            **link,
        )


def certificate_is_on_file(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The certificate that covers the day is here: its file was not refused. Source: B-4.4.2-s1."""
    trace = equipment.traced_on(timezone.localdate(at)) if equipment.needs_traceability else None
    if trace is not None and not trace.is_filed:
        yield Refusal(
            "B-4.4.2-s1",
            _("溯源证书 %(number)s 没有附文件，或文件没有收下。请照证书再登记一次并附上文件，再做计量确认。")
            % {"number": trace.certificate_number},
            **_to_trace(equipment),
        )


def traced_since_it_was_opened(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """After a repair, an adjustment or a broken seal it was traced anew. Source: A-6.2.1.2-s2."""
    today = timezone.localdate(at)
    trace = equipment.traced_on(today) if equipment.needs_traceability else None
    if trace is not None and (opened := opened_since(trace, today)):
        yield Refusal(
            "A-6.2.1.2-s2",
            _(
                "%(day)s 做过%(kind)s，最近一份溯源证书 %(number)s（%(traced)s）是在这之前登记的。请重新送检，登记新证书"
                "并做计量确认；证书确实是当天在这之后出的，照证书再登记一次并确认。"
            )
            % {
                "day": opened.happened_on, "kind": opened.get_kind_display(), "number": trace.certificate_number,
                "traced": trace.calibrated_on,
            },
            **_to_trace(equipment),
        )  # fmt: skip


def effects_are_known(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What it may have done to earlier results has been looked into. Source: D-4.4.3.2-s3."""
    open_ones = equipment.impact_questions.filter(state=ImpactQuestion.State.OPEN)
    for question in open_ones.order_by("pk"):
        yield Refusal(
            "D-4.4.3.2-s3",
            _("停用时提出的影响追溯（%(until)s）还没有结论。请先评估它对以往结果的影响。") % {"until": question.until},
            link=reverse("equipment:impact", args=[equipment.institution.slug, question.ref]),
            link_text=_("去评估"),
        )


def not_abolished(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The State has not abolished this kind of equipment yet. Source: A-6.2.1.1-s2."""
    if equipment.obsolete and (equipment.obsolete_on is None or equipment.obsolete_on <= timezone.localdate(at)):
        yield Refusal("A-6.2.1.1-s2", _("属于国家明令淘汰的器具，不得使用。请封存或报废，改用别的设备。"))


def not_expired(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A reference material or a reagent is before its last valid day. Source: B-4.4.2-s5, B-4.4.1-f."""
    today = timezone.localdate(at)
    perishable = equipment.role in (Role.REFERENCE_MATERIAL, Role.CONSUMABLE)
    if perishable and equipment.expires_on is not None and equipment.expires_on < today:
        clause = "B-4.4.2-s5" if equipment.role == Role.REFERENCE_MATERIAL else "B-4.4.1-f"
        yield Refusal(clause, _("%(day)s 已失效，不能再用。请报废，换新的一批。") % {"day": equipment.expires_on})


def material_has_its_certificate(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A certified reference material has its certificate on record. Source: B-4.4.2-s4."""
    if not equipment.certified:
        return
    kinds = {trace.kind for trace in equipment.traceabilities.all()}
    if Traceability.Kind.REFERENCE_MATERIAL not in kinds:
        yield Refusal(
            "B-4.4.2-s4",
            _("有证标准物质还没有登记证书。请按“标准物质证书”登记溯源，填写证书编号。"), **_to_trace(equipment),
        )  # fmt: skip


def software_is_validated(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The version of the software that is used was validated. Source: B-4.4.1-b, D-4.4.2.1-s1."""
    if equipment.role == Role.SOFTWARE and equipment.validated_on is None:
        yield Refusal("B-4.4.1-b", _("软件还没有确认。请登记“软件变更”，填写版本和确认日期。"))


def copies_hold_the_corrections(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Every place that holds a copy of the corrections holds the newest edition. Source: D-4.4.3.6."""
    places = [copy.place for copy in open_copies(timezone.localdate(at)).filter(equipment=equipment.pk)]
    if places:
        yield Refusal(
            "D-4.4.3.6",
            _("这些地方还没有更新到最新一版修正值：%(places)s。请逐处更新并确认，再投入使用。")
            % {"places": _("、").join(places)},
            link=reverse("equipment:corrections", args=[equipment.institution.slug, equipment.ref]),
            link_text=_("去更新"),
        )


def _to_trace(equipment: Equipment) -> dict[str, str]:
    url = reverse("equipment:trace", args=[equipment.institution.slug, equipment.ref])
    return {"link": url, "link_text": _("登记溯源")}


# --- before it is scrapped


def part_of_no_standard(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """No measurement standard that may still be used rests on it. Source: A-6.2.1.1-s1."""
    today = timezone.localdate(at)
    parts = StandardPart.objects.filter(institution_id=equipment.institution_id, equipment=equipment)
    for part in parts.select_related("standard").order_by("pk"):
        if part.there_on(today) and part.standard.state != part.standard.State.WITHDRAWN:
            yield Refusal(
                "A-6.2.1.1-s1",
                _("它还是计量标准“%(name)s”的组成。请先在计量标准里移出或更换。") % {"name": part.standard.name},
                link=reverse("equipment:standard", args=[equipment.institution.slug, part.standard.ref]),
                link_text=_("查看计量标准"),
            )


# In whose name it refuses, too: not before it was confirmed, and not without having been verified.
CLAUSES = {traced_today: ("B-4.4.2-s2", "D-4.4.3.4")}
