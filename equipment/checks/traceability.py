"""Clauses decided by certificates of one's own equipment, and by what was confirmed of them."""

from datetime import date

from django.db.models import Exists, F, OuterRef, Prefetch, Q, Subquery
from django.utils.translation import gettext as _

from institutions.checks.rows import current, lately, listed
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach
from portal.models import Document

from ..checking import intermediate
from ..models import AlternativeTraceability, Confirmation, Equipment, EquipmentEvent, Traceability
from ..traceability import gaps
from .rows import (
    TRACED,
    Role,
    device,
    devices,
    in_use,
    nothing_in_use,
    own,
    register_row,
    standing,
    untraced,
    unvalidated,
)


@clause("B-6.1.5.1-e")
def confirmations_are_on_file(institution: Institution, day: date) -> Verdict:
    """Every traceability of the last year was confirmed after the calibration, by somebody employed then."""
    rows = lately(standing(Traceability.objects.filter(institution=institution)), "calibrated_on", day)
    employed = Q(confirmed_by__started_on__lte=F("confirmed_on")) & (
        Q(confirmed_by__ended_on=None) | Q(confirmed_by__ended_on__gte=F("confirmed_on"))
    )
    sound = Confirmation.objects.filter(
        employed, traceability=OuterRef("pk"), confirmed_on__gte=OuterRef("calibrated_on"), confirmed_on__lte=day
    )
    wrong = rows.exclude(Exists(sound)).select_related("equipment").order_by("pk")
    return none_in_breach(
        rows.count(), [device(institution, row.equipment, row.certificate_number) for row in wrong],
        nothing=_("近 365 天没有溯源记录。"), advice=_("这些溯源没有有效的计量确认。请由在职人员确认后登记。"),
    )  # fmt: skip


def _unfit(institution: Institution, day: date) -> list[Evidence]:
    """Equipment in use whose last certificate was not confirmed as fit; what never had any, too."""
    deciding = Traceability.objects.deciding_on(day).concluded_by(day).filter(equipment=OuterRef("pk"))
    excuse = current(AlternativeTraceability, institution).valid_on(day).filter(equipment=OuterRef("pk"))
    rows = in_use(institution, day).filter(TRACED).annotate(
        concluded=Subquery(deciding.values("concluded")[:1])
    )  # fmt: skip
    rows = rows.exclude(concluded__in=sorted(Confirmation.USABLE), concluded__isnull=False)
    found = rows.exclude(Exists(excuse), concluded=None)
    told = dict(Confirmation.Conclusion.choices)
    return [
        device(institution, row, _("计量确认结论：%(word)s") % {"word": told.get(row.concluded, _("没有"))})
        for row in found
    ]


@clause("A-6.2.1.2-s1")
def equipment_is_accurate(institution: Institution, day: date) -> Verdict:
    """The newest confirmation of everything in use that is traced says fit, and no check since then has failed."""
    rows = in_use(institution, day).filter(TRACED)
    failed = rows.filter(Exists(intermediate.standing_failures(day).filter(equipment=OuterRef("pk"))))
    breaches = _unfit(institution, day) + devices(institution, failed, _("期间核查不合格，没有处理"))
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("请停用这些设备，重新溯源并做计量确认，合格后再投入使用。"),
    )  # fmt: skip


@clause("D-4.4.2.1-s1")
def equipment_and_software_are_fit(institution: Institution, day: date) -> Verdict:
    """What is in use was confirmed as fit; software was validated by that day."""
    rows = in_use(institution, day)
    return none_in_breach(
        rows.filter(TRACED | Q(role=Role.SOFTWARE)).count(),
        _unfit(institution, day) + devices(institution, unvalidated(rows, day), _("软件没有确认，或变更之后没有重新确认")),
        nothing=nothing_in_use(), advice=_("请补做计量确认或软件确认；不满足要求的先停用。"),
    )  # fmt: skip


@clause("B-4.4.2-s7")
def history_is_whole(institution: Institution, day: date) -> Verdict:
    """Certificates of what is in use have their file and their provider's qualification, and leave no gap in its use."""
    rows = in_use(institution, day).filter(TRACED)
    traces = standing(Traceability.objects.filter(equipment__in=rows.order_by(), calibrated_on__lte=day))
    here = Q(file__state=Document.State.ACCEPTED) | Q(dcc__state=Document.State.ACCEPTED)
    wrong = traces.filter(~here | Q(issuer_qualification="", own_standard=None))
    breaches = []
    for trace in wrong.select_related("equipment", "file", "dcc").order_by("pk"):
        papers = (paper for paper in (trace.file, trace.dcc) if paper is not None)
        filed = any(paper.state == Document.State.ACCEPTED for paper in papers)
        missing = _("没有溯源机构的资质编号") if filed else _("没有证书文件")
        breaches.append(device(institution, trace.equipment, f"{trace.certificate_number} {missing}"))
    changes = EquipmentEvent.objects.exclude(state_after="").filter(happened_on__lte=day)
    known = rows.prefetch_related(
        Prefetch("traceabilities", Traceability.objects.filter(calibrated_on__lte=day).with_confirmations()),
        Prefetch("events", changes),
    )  # fmt: skip
    for row in known:
        for gap in gaps.gaps_in_use(row, list(row.traceabilities.all()), list(row.events.all()), day):
            text = _("%(first)s 至 %(last)s 在用而没有有效溯源") % {"first": gap.first, "last": gap.last}
            breaches.append(device(institution, row, text))
    return none_in_breach(
        len(known), breaches, nothing=nothing_in_use(),
        advice=_("请补登证书文件和溯源机构的资质编号；有空档的，评估期间的结果并登记说明。"),
    )  # fmt: skip


@clause("C-5.3.3-s1")
def alternatives_are_justified(institution: Institution, day: date) -> Verdict:
    """Where something stands in for traceability it is justified, approved by somebody here, on file and in force."""
    rows = current(AlternativeTraceability, institution).filter(valid_from__lte=day)
    rows = rows.filter(equipment__in=own(institution, day).order_by())
    rows = rows.select_related("equipment", "approved_by", "file").order_by("pk")
    ended = set(untraced(in_use(institution, day), day).order_by().values_list("pk", flat=True))
    breaches = []
    for row in rows:
        if not row.justification.strip():
            text = _("没有理由")
        elif not row.approved_by.active_on(row.valid_from):
            text = _("批准人当时不在职")
        elif row.file is None or row.file.state != Document.State.ACCEPTED:
            text = _("没有证明文件")
        elif row.valid_until and row.valid_until < day and row.equipment_id in ended:
            text = _("有效期至 %(day)s") % {"day": row.valid_until}
        else:
            continue
        breaches.append(register_row(institution, "alternative-traceability", row, text))
    return none_in_breach(
        rows, breaches, nothing=_("没有替代溯源的设备。"), advice=_("请补齐理由、批准和证明文件，过期的重新批准。"),
        fix=listed(institution, "alternative-traceability"),
    )  # fmt: skip


@clause("D-4.4.2.2-s3")
def working_instruments_have_certificates(institution: Institution, day: date) -> Verdict:
    """Working instruments, those for performance tests and research among them, have a certificate or report that day."""
    rows = in_use(institution, day).filter(TRACED, role=Equipment.Role.WORKING)
    return none_in_breach(
        rows.count(), devices(institution, untraced(rows, day), _("没有有效的证书或报告")),
        nothing=_("没有在用的工作计量器具。"), advice=_("请送检并登记证书或报告，或停用这些器具。"),
    )  # fmt: skip
