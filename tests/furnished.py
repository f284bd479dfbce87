"""A laboratory about whose equipment every clause is met, as of make.DAY."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from equipment.models import (
    AlternativeTraceability,
    CopyUpdate,
    CorrectionCopy,
    CorrectionSet,
    EnvironmentReading,
    EnvironmentRequirement,
    Equipment,
    EquipmentClock,
    EquipmentEvent,
    EquipmentPaper,
    EquipmentPlan,
    ExternalUse,
    IntermediateCheck,
    Label,
    MandatoryFile,
    MeasurementStandard,
    PlanLine,
    ResourceSlot,
    StandardItem,
    StandardPaper,
    StandardPart,
)
from equipment.models.environment import Element
from institutions.models import Credential, ManagementDocument, Qualification, Room
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
FIRST = date(2025, 9, 6)
LIMITS = {"temperature": ("15", "25", "℃"), "humidity": (None, "85", "%RH")}
Role, State, Event, Clock = Equipment.Role, Equipment.State, EquipmentEvent.Kind, EquipmentClock.Kind
Category = ResourceSlot.Category


def row(w, model, **values):
    with tenant(w.institution.pk):
        return model.objects.create(institution=w.institution, **values)


def laboratory(slug="alpha"):
    """A laboratory in order: everything is filed, traced, confirmed, kept up, labelled, planned, and its room is kept."""
    w = make.laboratory(slug)
    with tenant(w.institution.pk):
        _furnish(w)
    return w


def _furnish(w):
    lab = w.institution
    w.room = row(w, Room, site=w.site, name="3 楼压力室", quality_critical=True)
    w.paper = make.document(lab)
    make.legal_status(lab, is_industry_centre=True)
    if not Credential.objects.filter(employment=w.signatory_employment).exists():
        make.credential(lab, w.signatory_employment)
    w.procedure_document = row(
        w, ManagementDocument, kind="work_instruction", number="QP-18", title="期间核查程序", version="A/0",
        author=w.signatory_employment, approved_by=w.signatory_employment, valid_from=date(2024, 1, 1), file=w.paper,
    )  # fmt: skip
    more = {
        "working": {"role": Role.WORKING, "mandatory": True},
        "borrowed": {"role": Role.SUPPORTING, "control": Equipment.Control.EXTERNAL},
        "material": {"role": Role.REFERENCE_MATERIAL, "certified": True, "lot": "2601", "expires_on": DAY},
        "software": {
            "role": Role.SOFTWARE, "software_version": "2.4.1", "software_sha256": "a" * 64, "validated_on": DAY,
            "protection_mode": Equipment.Protection.LOCKED_FILE,
        },
        "data": {
            "role": Role.SOFTWARE, "software_version": "2023", "software_sha256": "b" * 64, "validated_on": DAY,
            "protection_mode": Equipment.Protection.LOCKED_FILE,
        },
        "reagent": {"role": Role.CONSUMABLE, "lot": "R-1", "expires_on": DAY, "stock": Decimal(1)},
        "consumable": {"role": Role.CONSUMABLE, "lot": "K-1", "expires_on": DAY, "stock": Decimal(1)},
        "stopped": {"role": Role.SUPPORTING, "state": State.QUARANTINED},
        "opened": {"role": Role.SUPPORTING},
        "odd": {"role": Role.WORKING, "state": State.OUT_OF_USE},
    }  # fmt: skip
    for name, values in more.items():
        setattr(w, name, make.equipment(lab, w.site, name=name, **values))
    w.devices = [w.equipment, w.environment, *(getattr(w, name) for name in more)]
    for device in w.devices:
        _kept(w, device)
    event(w, w.stopped, Event.SUSPICIOUS, DAY - timedelta(20), State.QUARANTINED)
    event(w, w.opened, Event.ADJUSTMENT, FIRST - timedelta(10), approved_by=w.signatory_employment)
    w.stop_label = label(w, w.stopped, word=Label.Word.STOPPED, traceability=None, dated_on=None, valid_until=None)
    w.receipt = row(
        w, MandatoryFile, equipment=w.working, receipt="QJ-1", filed_on=FIRST, verifying_body="省级计量院（示）",
        certificate_number="JD-1", due_on=DAY, updated_on=DAY, file=w.paper,
    )  # fmt: skip
    w.loan = row(
        w, ExternalUse, equipment=w.borrowed, owner="兄弟机构", valid_from=FIRST, valid_until=DAY,
        traceability_checked=True, condition_checked=True, approved_by=w.signatory_employment,
    )  # fmt: skip
    w.alternative = row(
        w, AlternativeTraceability, equipment=w.odd, reference="comparison", justification="没有上一级标准",
        approved_by=w.signatory_employment, valid_from=FIRST, valid_until=DAY, file=w.paper,
    )  # fmt: skip
    _standards(w)
    _planned(w)
    _checked(w)
    _corrected(w)
    _roomed(w)


def _kept(w, device):
    lab, used_up = w.institution, device.role == Role.CONSUMABLE
    facts = {"room": w.room, "keeper": w.operator_employment}
    if not device.protection_mode:
        facts["protection_mode"] = Equipment.Protection.SEAL
    Equipment.objects.filter(pk=device.pk).update(**facts)
    device.refresh_from_db()
    event(w, device, Event.PURCHASE, date(2024, 1, 5), State.NEW)
    event(w, device, Event.RETURN_VERIFICATION, FIRST, State.IN_USE, result="passed")
    if device.state == State.OUT_OF_USE:
        event(w, device, Event.STORE, FIRST, State.OUT_OF_USE)
    for seen in (FIRST, DAY - timedelta(1)):
        event(w, device, Event.LABEL_CHECK, seen, result="passed")
    if device.role not in (Role.REFERENCE_MATERIAL, Role.CONSUMABLE):
        row(w, EquipmentPaper, equipment=device, kind="manual", title="说明书", file=w.paper)
    if device.role == Role.SOFTWARE:
        row(w, EquipmentPaper, equipment=device, kind="validation", title="确认记录", file=w.paper)
    for kind in (Clock.MAINTENANCE, Clock.LABEL_CHECK, Clock.PROTECTION_CHECK):
        make.clock(lab, device, kind, due_on=DAY)
    if device.role in Equipment.UNTRACED or used_up:
        return
    if device != w.equipment:
        make.clock(lab, device, Clock.INTERMEDIATE_CHECK, needed=False, interval_months=None, due_on=None)
    known = device.traceabilities.order_by("pk").first()
    trace = traced(w, device, **({"certificate_number": known.certificate_number} if known else {}))
    if device.state != State.QUARANTINED:
        word = {"word": Label.Word.STOPPED} if device.state == State.OUT_OF_USE else {}
        label(w, device, traceability=trace, **word)


def traced(w, device, **kwargs):
    """A certificate on file that names its provider and where it leads, confirmed in time."""
    values = {
        "calibrated_on": date(2025, 9, 1), "confirmed_on": date(2025, 9, 5), "valid_until": date(2026, 8, 31), "file": w.paper,
        "issuer_qualification": "（示）法计 001", "chain": "national", **kwargs,
    }  # fmt: skip
    return make.traceability(w.institution, device, w.operator_employment, **values)


def event(w, device, kind, on, after="", **values):
    return row(
        w, EquipmentEvent, equipment=device, kind=kind, happened_on=on, state_after=after, **{"text": "已做", **values}
    )


def label(w, device, **values):
    values = {
        "word": Label.Word.FIT, "dated_on": date(2025, 9, 1), "valid_until": date(2026, 8, 31),
        "serial": f"BQ-{device.asset_number}-{Label.objects.count()}", "printed_at": make.NOON - timedelta(1), **values,
    }  # fmt: skip
    return row(w, Label, equipment=device, **values)


def _standards(w):
    for device in (w.material, w.borrowed):
        row(w, StandardPart, standard=w.standard, equipment=device, role=StandardPart.Role.SUPPORTING)
    w.highest = row(
        w, MeasurementStandard, kind=MeasurementStandard.Kind.HIGHEST, code="BZ-最高", name="最高压力标准", site=w.site,
        range_text="(0～2.5) MPa", accuracy="0.02 级", assessment_certificate="示量标 9", assessed_on=date(2024, 7, 1),
        assessed_until=date(2028, 6, 30), filing_number="BA-2", filed_on=FIRST, approved_on=FIRST, approval=w.paper,
        responsible=w.signatory_employment,
    )  # fmt: skip
    row(w, StandardPart, standard=w.highest, equipment=w.equipment)
    MeasurementStandard.objects.filter(pk=w.standard.pk).update(
        filing_number="BA-1", filed_on=FIRST, social_certificate="社证 1", social_from=date(2024, 7, 1),
        social_until=date(2028, 6, 30),
    )  # fmt: skip
    w.standard.refresh_from_db()
    for standard in (w.standard, w.highest):
        row(
            w, StandardItem, standard=standard, instrument="弹性元件式一般压力表", measurand="压力", range_low="0",
            range_high="2.5", unit="MPa", accuracy="0.05 级",
        )  # fmt: skip
        for kind in StandardPaper.REQUIRED:
            row(
                w,
                StandardPaper,
                standard=standard,
                kind=kind,
                title=str(kind.label),
                dated_on=DAY - timedelta(365),
                file=w.paper,
            )


def _planned(w):
    for kind in EquipmentPlan.Kind:
        plan = row(w, EquipmentPlan, kind=kind, year=2026, approved_by=w.signatory_employment, approved_on=DAY)
        setattr(w, f"plan_{kind}", plan)
        line = row(w, PlanLine, plan=plan, equipment=w.equipment, clock=Clock.CALIBRATION, what="做", due_on=DAY)
        setattr(w, f"line_{kind}", line)
    fillers = {
        Category.MEASURING_INSTRUMENT: w.working, Category.SOFTWARE: w.software, Category.MEASUREMENT_STANDARD: w.equipment,
        Category.REFERENCE_MATERIAL: w.material, Category.REFERENCE_DATA: w.data, Category.REAGENT: w.reagent,
        Category.CONSUMABLE: w.consumable,
    }  # fmt: skip
    w.slots = {
        category: row(w, ResourceSlot, method=w.method, category=category, requirement="要求", equipment=device)
        for category, device in fillers.items()
    }


def _checked(w):
    make.clock(w.institution, w.equipment, Clock.INTERMEDIATE_CHECK, due_on=DAY)
    w.plan = make.check_plan(w.institution, w.equipment, procedure=w.procedure_document)
    w.check = check(w, DAY - timedelta(60))


def check(w, on, verdict="passed", **values):
    values = {
        "plan": w.plan, "performed_by": w.operator_employment, "readings": ["1"], "mean": "1", "figure": "0",
        "file": w.paper, **values,
    }  # fmt: skip
    return row(w, IntermediateCheck, equipment=w.equipment, performed_on=on, verdict=verdict, **values)


def corrections(w, edition, on):
    trace = w.equipment.traceabilities.order_by("pk").last()
    return row(w, CorrectionSet, equipment=w.equipment, traceability=trace, edition=edition, made_on=on, values=[])


def _corrected(w):
    w.corrections = corrections(w, 1, FIRST)
    w.copy = row(w, CorrectionCopy, equipment=w.equipment, kind="software", place="数据处理表")
    row(w, CopyUpdate, copy=w.copy, edition=w.corrections, updated_on=FIRST, updated_by=w.operator_employment)


def _roomed(w):
    w.asked = {}
    for element in Element.values:
        low, high, unit = LIMITS.get(element, (None, None, ""))
        matters = element in LIMITS
        w.asked[element] = row(
            w, EnvironmentRequirement, room=w.room, since=FIRST, element=element, needed=matters, low=low, high=high, unit=unit,
            reason="" if matters else "方法没有要求", interval_minutes=1440 if matters else None, strict=matters,
            monitor=w.environment if matters else None,
        )  # fmt: skip
        if matters:
            read(w, element, high, DAY)


def read(w, element, value, on, **values):
    values = {"source": "automatic", "unit": LIMITS[element][2], "monitor": w.environment, **values}
    at = datetime(on.year, on.month, on.day, 1, tzinfo=UTC)
    return row(w, EnvironmentReading, room=w.room, element=element, value=value, taken_at=at, **values)


def unauthorised(w):
    """Its lines of scope rest on an accreditation, and no legal authorisation stands."""
    Qualification.objects.update(kind=Qualification.Kind.CNAS)
