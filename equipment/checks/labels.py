"""Clauses decided by what is stuck on equipment."""

from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.rows import current
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach, not_applicable, window
from portal.models import Document

from ..models import AlternativeTraceability, DeviceCode, EquipmentEvent, EquipmentPaper, Label
from ..usability import reasons_of
from .rows import TRACED, State, device, devices, in_use, moments, nothing_in_use, own

Word = Label.Word
LABELLED = (State.IN_USE, State.OUT_OF_USE, State.QUARANTINED, State.REPAIR)


def _printed(institution: Institution, day: date) -> QuerySet[Label]:
    """The labels printed within the year that ends on the day."""
    first, last = moments(*window(day))
    rows = Label.objects.filter(institution=institution, printed_at__gte=first, printed_at__lt=last)
    return rows.select_related("equipment").order_by("pk")


def _stuck_on(day: date) -> QuerySet[Label]:
    """The labels of a piece of equipment that were printed by that day and not voided."""
    _first, end = moments(day, day)
    return Label.objects.filter(equipment=OuterRef("pk"), state=Label.State.PRINTED, printed_at__lt=end)


def _shown(institution: Institution, rows: QuerySet[Label], text: str) -> list[Evidence]:
    return [device(institution, row.equipment, f"{row.serial} {text}") for row in rows]


def _none_printed() -> str:
    return _("近 365 天没有打印标识。")


@clause("A-6.2.3.1-s2")
def labels_have_a_source(institution: Institution, day: date) -> Verdict:
    """Every label of the last year comes from a certificate of its equipment; what was voided says why.

    Whether one was forged or destroyed only inspections tell, and they are not in the portal yet.
    """
    rows = _printed(institution, day)
    loose = rows.exclude(word=Word.STOPPED).exclude(traceability__equipment=F("equipment"))
    unsaid = rows.filter(state=Label.State.VOID, void_because="")
    return none_in_breach(
        rows.count(), _shown(institution, loose, _("没有来源证书")) + _shown(institution, unsaid, _("作废没有写原因")),
        nothing=_none_printed(), advice=_("请作废没有来源的标识，写明原因，再按有效证书重新打印。"),
        rest=_("标识都来自证书；日常检查尚未纳入系统，有没有伪造、损毁不能判定。"),
    )  # fmt: skip


@clause("C-5.3.4-s3")
def labels_bear_their_dates(institution: Institution, day: date) -> Verdict:
    """Every label of the last year that lets equipment be used bears the day of calibration and the last valid day."""
    rows = _printed(institution, day)
    told = Q(dated_on=F("traceability__calibrated_on"), valid_until=F("traceability__valid_until"))
    wrong = rows.exclude(word=Word.STOPPED).exclude(told, dated_on__isnull=False, valid_until__isnull=False)
    return none_in_breach(
        rows.count(), _shown(institution, wrong, _("没有证书上的检校日期或有效期")), nothing=_none_printed(),
        advice=_("请作废这些标识，登记溯源后重新打印。"),
    )  # fmt: skip


@clause("C-5.3.4-s4")
def labels_may_say_more(institution: Institution, day: date) -> Verdict:
    """Provider and signature may stand on a label; the document leaves it to the institution."""
    return not_applicable(_("检校机构和签名可加可不加，打印时选择。"))


@clause("C-5.3.4-s2")
def equipment_bears_its_state(institution: Institution, day: date) -> Verdict:
    """Everything in use or stopped bears a label of its state, and somebody has seen it there since it was printed."""
    # What something stands in for its traceability has no certificate from which a label could be made.
    excused = current(AlternativeTraceability, institution).valid_on(day).filter(equipment=OuterRef("pk"))
    rows = own(institution, day).filter(TRACED, state_that_day__in=LABELLED).exclude(Exists(excused), due_on=date.min)
    changes = EquipmentEvent.objects.filter(equipment=OuterRef("pk"), happened_on__lte=day).exclude(state_after="")
    printed = _stuck_on(day).order_by("-pk")
    seen = EquipmentEvent.objects.filter(
        equipment=OuterRef("pk"),
        kind=EquipmentEvent.Kind.LABEL_CHECK,
        happened_on__lte=day,
        happened_on__gte=OuterRef("printed_on"),
    ).exclude(result=EquipmentEvent.Result.FAILED)
    photo = EquipmentPaper.objects.filter(
        equipment=OuterRef("pk"), kind=EquipmentPaper.Kind.PHOTO, state=EquipmentPaper.State.CURRENT,
        file__state=Document.State.ACCEPTED,
    )  # fmt: skip
    rows = rows.annotate(
        changed_on=Subquery(changes.order_by("-happened_on", "-pk").values("happened_on")[:1]),
        word=Subquery(printed.values("word")[:1]),
        until=Subquery(printed.values("valid_until")[:1]),
        printed_on=Subquery(printed.values("printed_at__date")[:1]),
    ).annotate(seen=Exists(seen) | Exists(photo))  # fmt: skip
    told_to_stop = [row for row in rows if row.state_that_day == State.IN_USE and row.word == Word.STOPPED]
    stopped = {key for key, reasons in reasons_of(told_to_stop, day).items() if reasons}
    breaches = [device(institution, row, text) for row in rows if (text := _outdated(row, day, row.pk in stopped))]
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("请打印现行的状态标识，贴好后登记标识检查，或上传照片。"),
        fix=reverse("equipment:list", args=[institution.slug]),
    )  # fmt: skip


def _outdated(row, day: date, stopped: bool) -> str:
    """What is wrong with the label on a row that `equipment_bears_its_state` has asked about; "" when nothing is.

    `stopped`: it is in use and bears 停用, and rightly: something is against its use that day.
    """
    if row.word is None:
        return _("没有状态标识")
    if row.changed_on and row.printed_on < row.changed_on:
        return _("状态在 %(day)s 变更，标识没有重印") % {"day": row.changed_on}
    if not stopped and (row.state_that_day == State.IN_USE) != (row.word != Word.STOPPED):
        return _("标识是“%(word)s”，与状态不符") % {"word": Word(row.word).label}
    if row.until and row.until < day:
        return _("标识的有效期至 %(day)s") % {"day": row.until}
    return "" if row.seen else _("贴标识没有照片，也没有检查记录")


@clause("D-4.4.3.3")
def state_can_be_read_off(institution: Institution, day: date) -> Verdict:
    """Everything in use with a last valid day bears a label that has not run out, or a code."""
    rows = in_use(institution, day).filter(TRACED, due_on__gt=date.min)
    valid = _stuck_on(day).filter(valid_until__gte=day).exclude(word=Word.STOPPED)
    coded = DeviceCode.objects.filter(equipment=OuterRef("pk"), state=DeviceCode.State.LINKED)
    bare = rows.exclude(Exists(valid)).exclude(Exists(coded))
    return none_in_breach(
        rows.count(), devices(institution, bare, _("没有现行标识，也没有器具码")), nothing=nothing_in_use(),
        advice=_("请打印状态标识或器具码，贴到设备上。"), fix=reverse("equipment:list", args=[institution.slug]),
    )  # fmt: skip
