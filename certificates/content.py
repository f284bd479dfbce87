"""The content of a certificate: one canonical document that the PDF renders and the hash seals.

`body` is composed from the locked record, frozen and hashed at approval; `issue` is added when the number is given.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta

from equipment.models import Equipment, Traceability
from institutions.models import Institution
from orders.models import Item
from portal.clock import CHINA

from . import certificate_lines, conformity, datasheet
from .canonical import sha256
from .dossier import Dossier
from .models import Certificate

__all__ = ["body", "card", "issued", "kind_for", "last_valid_day", "sha256", "valid_until"]

SCHEMA = "chengliang-certificate/1"
SERIES = {Certificate.Kind.CALIBRATION: "C", Certificate.Kind.VERIFICATION: "V", Certificate.Kind.NOTICE: "N"}


def kind_for(dossier: Dossier) -> str:
    """Which paper the record leads to: a calibration has one, a verification two. Source: C-6.4.1-s1."""
    if dossier.record.item.activity == Item.Activity.CALIBRATION:
        return Certificate.Kind.CALIBRATION
    passed = dossier.sheet.verdict is conformity.Verdict.PASS
    return Certificate.Kind.VERIFICATION if passed else Certificate.Kind.NOTICE


def last_valid_day(performed_on: date, months: int) -> date:
    """有效期至: the period from the day of verification, minus one day; a month too short ends on its last day."""
    years, month = divmod(performed_on.month - 1 + months, 12)
    year, month = performed_on.year + years, month + 1
    length = monthrange(year, month)[1]
    if performed_on.day > length:
        return date(year, month, length)
    return date(year, month, performed_on.day) - timedelta(days=1)


def valid_until(certificate: Certificate) -> date | None:
    """Until when a verification certificate holds; a calibration certificate states no validity. Source: C-6.4.2.5."""
    months = certificate.dossier.definition.get("interval_months")
    if certificate.kind != Certificate.Kind.VERIFICATION or not months:
        return None
    return last_valid_day(certificate.record.performed_on, months)


def body(certificate: Certificate, *, approver: str) -> dict:
    """Everything the certificate says except number, date of issue and time of approval.

    The figures come from the locked record only; nothing in it can be typed. Source: B-5.7-c, A-6.6-s2.
    """
    dossier = certificate.dossier
    record, sheet = dossier.record, dossier.sheet
    item, method = record.item, record.procedure.method
    return {
        "kind": str(certificate.kind),
        "institution": _institution(certificate.institution, dossier),
        "customer": {"name": item.customer.name, "address": item.customer.address},
        "order_number": item.order_number,
        "item": {
            "number": item.number,
            "name": item.name,
            "name_en": item.name_en,
            "model": item.model,
            "serial_number": item.serial_number,
            "manufacturer": item.manufacturer,
            "condition": item.condition,
            **_device_texts(dossier),
        },
        "received_on": item.received_on.isoformat(),
        "performed_on": record.performed_on.isoformat(),
        "place": {"site": record.site.name, "room": record.room, "address": record.site.address},
        "adjustment": {"zh": "未调整", "en": "Not adjusted"},
        "environment": [
            {"name": c.label, "name_en": c.label_en, "value": c.text, "unit": c.unit}
            for c in sheet.conditions
            if c.text
        ],
        "method": {"code": method.code, "title": method.title, "title_en": method.title_en},
        "standards": list(_standards(dossier)),
        "results": certificate_lines.results(dossier.definition, sheet),
        "checks": certificate_lines.check_lines(sheet),
        "uncertainty": _uncertainty(dossier),
        "conformity": _conformity(dossier),
        "conclusion": _conclusion(certificate, dossier),
        "statements": [
            {"zh": "本证书结果仅对所检校的器具有效。", "en": "The results relate only to the item measured."},
            {
                "zh": "所用计量标准的量值溯源至国家计量基准或社会公用计量标准。",
                "en": "The standards used are traceable to national primary standards or public measurement standards.",
            },
            {
                "zh": "未经本机构书面批准，不得部分复制本证书。",
                "en": "This certificate shall not be reproduced except in full without written approval.",
            },
        ],
        "people": {
            "operator": {"name": certificate.operator.name, "at": _instant(record.submitted_at)},
            "checker": {
                "name": certificate.checker.name if certificate.checker else "",
                "at": _instant(certificate.checked_at),
            },
            "approver": {"name": approver, "at": ""},
        },
        "record": {"number": record.number},
    }


def issued(certificate: Certificate, *, address: str) -> dict:
    """The whole content once number, times, token and verification code are given."""
    people = certificate.body["people"]
    approver = {**people["approver"], "at": _instant(certificate.approved_at)}
    return {
        "schema": SCHEMA,
        "body": {**certificate.body, "people": {**people, "approver": approver}},
        "issue": {
            "number": certificate.number,
            "issued_on": certificate.issued_at.astimezone(CHINA).date().isoformat(),
            "issued_at": _instant(certificate.issued_at),
            "token": certificate.token,
            "url": address,
            "verification_code": certificate.verification_code,
            "body_sha256": certificate.body_sha256,
        },
    }


def card(certificate: Certificate) -> dict:
    """What the public may know of the certificate; never the customer, prices or persons. Source: A-6.5.2."""
    said, institution = certificate.body, certificate.institution
    return {
        "kind": "device",
        "state": str(certificate.state),
        "device": {
            **{name: said["item"][name] for name in ("name", "model", "serial_number", "manufacturer", "range")},
        },
        "certificate": {
            "kind": str(certificate.kind),
            "number": certificate.number,
            "conclusion": said["conclusion"]["zh"] if said["conclusion"] else "",
            "performed_on": said["performed_on"],
            "issued_on": certificate.issued_at.astimezone(CHINA).date().isoformat(),
            "valid_until": certificate.valid_until.isoformat() if certificate.valid_until else "",
            "method": said["method"]["code"],
        },
        "institution": {
            "name": institution.name,
            "name_en": institution.name_en,
            "phone": institution.phone,
            "complaint_phone": institution.complaint_phone,
        },
        "reason": certificate.void_reason,
    }


def _instant(at: datetime | None) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds") if at else ""


def _institution(institution: Institution, dossier: Dossier) -> dict:
    qualifications = {item.qualification_id: item.qualification for item in dossier.scope}
    return {
        "name": institution.name,
        "name_en": institution.name_en,
        "address": institution.address,
        "address_en": institution.address_en,
        "postcode": institution.postcode,
        "phone": institution.phone,
        "complaint_phone": institution.complaint_phone,
        "authorisations": [
            {"label": q.get_kind_display(), "label_en": "Authorisation", "number": q.number}
            for _, q in sorted(qualifications.items())
        ],
    }


def _device_texts(dossier: Dossier) -> dict:
    """Range, class and scale interval as printed, from the device's figures on the sheet."""
    device, unit = dossier.record.device, dossier.definition["unit"]
    grade, division = device.get("accuracy_class"), device.get("division")
    return {
        "range": f"({device.get('lower') or '0'}～{device['upper']}) {unit}" if device.get("upper") else "",
        "accuracy_class": f"{grade} 级" if grade else "",
        "scale_interval": f"{division} {unit}" if division else "",
    }


def _standards(dossier: Dossier):
    standard = dossier.standard
    yield {
        "role": "measurement_standard",
        "name": standard.name,
        "model": "",
        "serial_number": "",
        "range": standard.range_text,
        "uncertainty": standard.accuracy,
        "certificate_number": standard.assessment_certificate,
        "issuer": standard.assessed_by,
        "valid_until": standard.assessed_until.isoformat() if standard.assessed_until else "",
    }
    roles = {Equipment.Role.STANDARD: "main", Equipment.Role.SUPPORTING: "supporting"}
    for equipment, trace in dossier.used:
        yield {
            "role": roles.get(equipment.role, "environment"),
            "name": equipment.name,
            "model": equipment.model,
            "serial_number": equipment.serial_number,
            "range": equipment.range_text,
            "uncertainty": _uncertainty_of(equipment, trace),
            "certificate_number": trace.certificate_number if trace else "",
            "issuer": trace.issuer if trace else "",
            "valid_until": trace.valid_until.isoformat() if trace else "",
        }


def _uncertainty_of(equipment: Equipment, trace: Traceability | None) -> str:
    if trace and trace.expanded_uncertainty:
        return f"U = {trace.expanded_uncertainty} {trace.uncertainty_unit}, k = {trace.coverage_factor}"
    return equipment.accuracy


def _uncertainty(dossier: Dossier) -> dict:
    """How U is to be read. A calibration prints it on every line; a verification states its span over the points."""
    sheet = dossier.sheet
    k = sheet.k_text
    if sheet.activity == datasheet.CALIBRATION:
        zh = f"扩展不确定度 U 由合成标准不确定度乘以包含因子 k = {k} 得到，包含概率约为 95 %。"
        en = (
            f"The expanded uncertainty U is the combined standard uncertainty multiplied by k = {k}, "
            "for a coverage probability of approximately 95 %."
        )
    else:
        stated = sorted((point.U, point.U_text) for point in sheet.points if point.U is not None)
        span = "～".join(dict.fromkeys(text for _, text in (stated[:1] + stated[-1:])))
        zh = f"各检定点示值误差的扩展不确定度 U = {span} {sheet.unit}（k = {k}），不大于最大允许误差绝对值的 1/3。"
        en = (
            f"Expanded uncertainty of the errors of indication: U = {span} {sheet.unit} (k = {k}), "
            "not above one third of the maximum permissible error."
        )
    return {"k": k, "p": "95 %", "zh": zh, "en": en}


def _conformity(dossier: Dossier) -> dict:
    sheet, record = dossier.sheet, dossier.record
    if not sheet.rule:
        return {
            "stated": False, "specification": "", "rule": "", "rule_text_zh": "", "rule_text_en": "", "clauses": "",
            "verdict": str(conformity.Verdict.NOT_STATED), "text_zh": "", "text_en": "",
        }  # fmt: skip
    rule = conformity.rule(sheet.rule)
    return {
        "stated": True,
        "specification": record.procedure.method.code,
        "rule": rule.code,
        "rule_text_zh": rule.text_zh,
        "rule_text_en": rule.text_en,
        "clauses": "、".join(check.title for check in sheet.checks),
        "verdict": str(sheet.verdict),
        "text_zh": sheet.conclusion_zh,
        "text_en": sheet.conclusion_en,
    }


def _conclusion(certificate: Certificate, dossier: Dossier) -> dict | None:
    if certificate.kind == Certificate.Kind.CALIBRATION:
        return None
    until = valid_until(certificate)
    return {
        "zh": dossier.sheet.conclusion_zh,
        "en": dossier.sheet.conclusion_en,
        "valid_until": until.isoformat() if until else None,
        "failing_items": list(dossier.sheet.failing_items),
    }
