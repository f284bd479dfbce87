"""Builders: each returns saved, valid rows with plain defaults; pass only what the test is about.

Every builder opens the scope of its institution itself, so that a test may call it from anywhere.
"""

import hashlib
import io
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pikepdf
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from certificates import readings as typed
from certificates import workflow
from certificates.models import Certificate, Procedure
from equipment.models import (
    CheckPlan,
    Confirmation,
    EnvironmentReading,
    EnvironmentRequirement,
    Equipment,
    EquipmentClock,
    MeasurementStandard,
    StandardItem,
    StandardPart,
    Traceability,
    TracePoint,
)
from institutions import recovery_codes, second_factor, tokens
from institutions import workflow as accounts
from institutions.models import (
    ApiToken,
    Authorisation,
    Credential,
    Customer,
    Employment,
    Experience,
    Institution,
    Invitation,
    LegalStatus,
    Membership,
    Method,
    MethodAdoption,
    MethodReview,
    OwnMethod,
    Person,
    Qualification,
    Room,
    ScopeItem,
    SecondFactor,
    Site,
    Training,
    TrainingAttendance,
    User,
)
from orders.models import Item
from portal import stepup
from portal.actors import Actor
from portal.models import Absence, Alert, Document, StepUp
from portal.permissions import Role
from portal.registers import REGISTERS, imports
from portal.tenancy import scope, tenant

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
PASSWORD = "correct Horse 7 battery staple"
DEFINITION = json.loads(
    (Path(__file__).parent.parent / "certificates/procedures/pressure_gauge_general.json").read_text()
)

_numbers = itertools.count(1)


def pdf(change=lambda document: None, **options):
    """The bytes of a PDF of one blank page; `change` works on it before it is saved with these options of pikepdf."""
    document, file = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    change(document)
    document.save(file, **{"deterministic_id": "encryption" not in options, **options})
    return file.getvalue()


def institution(slug="alpha", **kwargs):
    """An institution; the one with this slug when it exists."""
    known = Institution.objects.filter(slug=slug).first()
    if known:
        return known
    kwargs.setdefault("name", f"{slug}计量院")
    kwargs.setdefault("name_en", f"{slug.title()} Institute of Metrology")
    kwargs.setdefault("short_code", slug[:8].upper())
    kwargs.setdefault("credit_code", f"9144030{next(_numbers):011d}")
    kwargs.setdefault("region_code", "440300")
    kwargs.setdefault("address", "衡量路 18 号")
    kwargs.setdefault("phone", "0990-5550100")
    kwargs.setdefault("complaint_phone", "0990-5550116")
    return Institution.objects.create(slug=slug, **kwargs)


def _row(table, institution, /, **kwargs):
    with tenant(institution.pk):
        return table.objects.create(institution=institution, **kwargs)


def site(lab, **kwargs):
    return _row(Site, lab, **{"name": "北湾场所", "address": "衡量路 18 号", **kwargs})


def employment(lab, name="沈若川", **kwargs):
    values = {
        "person": kwargs.pop("person", None) or Person.objects.create(),
        "staff_number": f"S{next(_numbers):04d}",
        "birth_date": date(1985, 5, 1),
        "started_on": date(2015, 1, 1),
        **kwargs,
    }
    return _row(Employment, lab, name=name, **values)


def known_person():
    """A person whose ID number is on record somewhere, as far as its digest tells."""
    return Person.objects.create(identity_digest=f"{next(_numbers):064d}")


def authorisation(lab, employment, role, **kwargs):
    values = {"field": "压力", "certificate_number": "授-01", "valid_from": date(2020, 1, 1), **kwargs}
    return _row(Authorisation, lab, employment=employment, role=role, **values)


def credential(lab, employment, kind="registered_metrologist", **kwargs):
    """A certificate of the person; a metrologist's is of the second level, a title senior in metrology."""
    values = {
        "level": {"registered_metrologist": "level_2", "title": "senior"}.get(kind, ""),
        "speciality": "计量测试" if kind == "title" else "",
        "number": f"证-{next(_numbers):05d}", "issuer": "省级市场监管部门（示）", "valid_from": date(2018, 1, 1), **kwargs,
    }  # fmt: skip
    return _row(Credential, lab, employment=employment, kind=kind, **values)


def trained(lab, employment, *kinds, field="压力", held_on=date(2019, 6, 1), result="passed"):
    """The person has taken part in a training of each kind and passed; without kinds, of all three before operating."""
    found = []
    for kind in kinds or ("law", "technical", "practical"):
        training = _row(
            Training,
            lab,
            title=f"{kind}培训",
            kind=kind,
            field="" if kind == "law" else field,
            held_on=held_on,
            hours=8,
        )
        found.append(_row(TrainingAttendance, lab, training=training, employment=employment, result=result))
    return found


def experience(lab, employment, **kwargs):
    values = {"kind": "metrology", "employer": "北湾计量所", "started_on": date(2015, 1, 1), **kwargs}
    return _row(Experience, lab, employment=employment, **values)


def legal_status(lab, **kwargs):
    values = {"since": date(2015, 1, 1), "legal_form": "legal_person", "business_status": "operating", **kwargs}
    return _row(LegalStatus, lab, **values)


def user(lab, *roles, name=None, employment=None, **kwargs):
    """An account with these roles in the institution; `lab=None` with `region_code` makes a regulator."""
    number = next(_numbers)
    account = User.objects.create_user(f"user{number}", PASSWORD, name=name or f"用户{number}")
    with scope(institution_id=lab.pk if lab else None, user_id=account.pk, appoints=lab is None):
        Membership.objects.create(institution=lab, user=account, roles=list(roles), employment=employment, **kwargs)
    return account


def regulator(region_code="4403"):
    return user(None, Role.REGULATOR, region_code=region_code)


def actor(lab, *roles, employment=None, name=None):
    """An actor as the middleware would make it, without an account page's detour."""
    account = user(lab, *roles, employment=employment, name=name)
    return Actor.member(
        name=account.name, user_id=account.pk, institution_id=lab.pk, roles=roles,
        person_id=employment.person_id if employment else None,
        employment_id=employment.pk if employment else None,
    )  # fmt: skip


def method(code="JJG 52-2013", **kwargs):
    values = {
        "title": "弹性元件式一般压力表、压力真空表和真空表",
        "title_en": "Elastic element pressure gauges",
        "kind": Method.Kind.REGULATION,
        "in_force_from": date(2013, 12, 27),
        **kwargs,
    }
    with scope():  # inside an institution's scope nobody writes the catalogue
        return Method.objects.get_or_create(code=code, owner=None, defaults=values)[0]


def own_method(lab, title="数字压力计校准方法", **kwargs):
    """A non-standard method of the institution, in force; its file and papers are the business of test_methods."""
    values = {
        "code": f"QF-{next(_numbers):02d}-2025", "kind": Method.Kind.NON_STANDARD, "in_force_from": date(2025, 1, 1),
        **kwargs,
    }  # fmt: skip
    with tenant(lab.pk):
        return Method.objects.create(owner=lab, title=title, **values)


def method_papers(w, method, **kwargs):
    """What is on file about a non-standard method in force: validated before its first day, by the signatory."""
    values = {
        "state": OwnMethod.State.CURRENT, "origin": OwnMethod.Origin.IN_HOUSE, "kind": method.kind, "code": method.code,
        "title": method.title, "field": "压力", "intended_use": "没有适用的国家规范", "method": method,
        "developer": w.signatory_employment, "validator": w.signatory_employment, "validated_on": date(2024, 12, 1),
        **kwargs,
    }  # fmt: skip
    for name in ("text", "validation", "evaluation"):
        values.setdefault(name, document(w.institution))
    return _row(OwnMethod, w.institution, **values)


def review(w, **kwargs):
    """A 查新 of the laboratory's method that found nothing new."""
    values = {
        "method": w.method, "reviewed_on": DAY - timedelta(days=30), "reviewer": w.signatory_employment,
        "source": "国家计量技术规范全文公开系统", **kwargs,
    }  # fmt: skip
    values.setdefault("next_review_on", values["reviewed_on"] + timedelta(days=180))
    return _row(MethodReview, w.institution, **values)


def equipment(lab, site, **kwargs):
    values = {
        "role": Equipment.Role.STANDARD, "asset_number": f"YB-{next(_numbers):04d}", "name": "数字压力计",
        "model": "DPG-25", "serial_number": f"D{next(_numbers):05d}", "manufacturer": "北岸仪表", "unit": "MPa",
        "range_text": "(0～2.5) MPa", "range_low": "0", "range_high": "2.5", "accuracy": "0.05 级", **kwargs,
    }  # fmt: skip
    return _row(Equipment, lab, site=site, **values)


def traceability(lab, equipment, confirmed_by, **kwargs):
    values = {
        "certificate_number": f"SL-{next(_numbers):05d}", "issuer": "省级计量院（示）",
        "calibrated_on": date(2025, 9, 1), "valid_until": date(2026, 8, 31), "expanded_uncertainty": "0.0015",
        "coverage_factor": "2", "uncertainty_unit": "MPa", **({} if "file" in kwargs else {"file": paper(lab)}), **kwargs,
    }  # fmt: skip
    confirmed_on = values.pop("confirmed_on", max(date(2025, 9, 5), values["calibrated_on"]))
    trace = _row(Traceability, lab, equipment=equipment, **values)
    if confirmed_on is not None:
        _row(Confirmation, lab, traceability=trace, confirmed_by=confirmed_by, confirmed_on=confirmed_on)
    return trace


def clock(lab, equipment, kind="intermediate_check", **kwargs):
    """A clock of the equipment that runs out a month after DAY and has an interval of six months."""
    values = {"interval_months": 6, "due_on": date(2026, 4, 10), "basis": "每周使用，历次合格", **kwargs}
    return _row(EquipmentClock, lab, equipment=equipment, kind=kind, **values)


def check_plan(lab, equipment, **kwargs):
    """A plan that checks 1 MPa against a limit of 0.01 MPa."""
    values = {
        "quantity": "压力", "unit": "MPa", "nominal": "1", "rule": CheckPlan.Rule.LIMIT, "reference": "1.0002",
        "limit": "0.01", **kwargs,
    }  # fmt: skip
    plan = _row(CheckPlan, lab, equipment=equipment, **values)
    with tenant(lab.pk):
        plan.refresh_from_db()  # figures as Decimal
    return plan


def trace_point(lab, traceability, **kwargs):
    """A point of a certificate: error 0.0005 MPa at 2.5 MPa, U = 0.0015 MPa with k = 2, permitted 0.00125 MPa."""
    values = {
        "quantity": "压力", "unit": "MPa", "nominal": "2.5", "error": "0.0005", "uncertainty": "0.0015",
        "coverage_factor": "2", "permitted": "0.00125", **kwargs,
    }  # fmt: skip
    return _row(TracePoint, lab, traceability=traceability, **values)


def room(lab, site, name="压力室", **kwargs):
    return _row(Room, lab, site=site, name=name, **kwargs)


def requirement(lab, room, element="temperature", **kwargs):
    """The room keeps 18 to 22 ℃, read every half hour; stated years ago."""
    values = {
        "since": date(2020, 1, 1), "low": "18", "high": "22", "unit": "℃", "interval_minutes": 30,
        "recorded_at": datetime(2020, 1, 1, tzinfo=UTC), **kwargs,
    }  # fmt: skip
    row = _row(EnvironmentRequirement, lab, room=room, element=element, **values)
    with tenant(lab.pk):
        row.refresh_from_db()  # figures as Decimal
    return row


def readings(lab, room, *values, start=NOON, minutes=30, element="temperature", unit="℃", **kwargs):
    """These values read one after another; None is a reading that was not taken."""
    rows = [
        EnvironmentReading(
            institution=lab, room=room, element=element, value=value, unit=unit, source="automatic",
            taken_at=start + timedelta(minutes=minutes * place), **kwargs,
        )
        for place, value in enumerate(values)
        if value is not None
    ]  # fmt: skip
    with tenant(lab.pk):
        return EnvironmentReading.objects.bulk_create(rows)


def monitor(lab, site, confirmed_by, **kwargs):
    """A thermohygrometer in use that is traced for years."""
    values = {
        "role": Equipment.Role.ENVIRONMENT, "name": "温湿度计", "unit": "℃", "range_text": "(0～50) ℃", "range_low": "0",
        "range_high": "50", "accuracy": "U = 0.3 ℃, k = 2", **kwargs,
    }  # fmt: skip
    found = equipment(lab, site, **values)
    days = {"calibrated_on": date(2020, 1, 1), "confirmed_on": date(2020, 1, 5), "valid_until": date(2099, 12, 31)}
    traceability(lab, found, confirmed_by, **days)
    return found


def api_token(lab, *permissions, expires_on=date(2099, 12, 31), **kwargs):
    """A token with these rights. Returns: the key."""
    key = f"clt_{next(_numbers):043d}"
    maker = user(lab, Role.ADMINISTRATOR)
    values = {
        "name": f"采集器 {key[-4:]}",
        "hint": key[:8],
        "digest": tokens.digest_of(key),
        "made_by": maker,
        **kwargs,
    }
    _row(ApiToken, lab, permissions=[str(one) for one in permissions], expires_on=expires_on, **values)
    return key


def document(lab, name="证书.pdf", **kwargs):
    """An uploaded file that was taken in; its bytes are nowhere."""
    values = {
        "state": Document.State.ACCEPTED,
        "content_type": "application/pdf",
        "size": 9,
        "sha256": "0" * 64,
        **kwargs,
    }
    return _row(Document, lab, name=name, **{"stored_as": f"documents/{next(_numbers)}", **values})


def paper(lab):
    """A scan that stands for every certificate of the laboratory: one row, however often it is asked for."""
    with tenant(lab.pk):
        known = Document.objects.filter(institution=lab, name="溯源证书.pdf", state=Document.State.ACCEPTED).first()
    if known:
        return known
    content = b"%PDF-1.7"
    kept = default_storage.save(f"documents/{next(_numbers)}.pdf", ContentFile(content))
    return document(
        lab, "溯源证书.pdf", stored_as=kept, size=len(content), sha256=hashlib.sha256(content).hexdigest()
    )  # fmt: skip


def qualification(lab, **kwargs):
    values = {
        "kind": Qualification.Kind.BUSINESS_LICENCE, "number": f"执照-{next(_numbers):04d}", "issuer": "市级监管部门（示）",
        "valid_from": date(2015, 1, 1), **kwargs,
    }  # fmt: skip
    return _row(Qualification, lab, **values)


def register_import(lab, name="力学室"):
    """An import into the register of departments with a good and a bad line, read and waiting for a decision."""
    lines = f"部门\t负责人\n{name}\t\n{name}二\t无此人"
    keeper = actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        return imports.start_with_text(REGISTERS["departments"], lines, actor=keeper, at=NOON)


def alert(lab, target, **kwargs):
    values = {
        "rule": "equipment.traceability", "threshold": 30, "due_on": DAY + timedelta(30), "subject": str(target),
        "target": target._meta.label, "target_id": target.pk, **kwargs,
    }  # fmt: skip
    return _row(Alert, lab, **values)


def absence(lab, absent, substitute, **kwargs):
    values = {"first_day": DAY, "last_day": DAY + timedelta(14), **kwargs}
    return _row(Absence, lab, absent_id=absent.pk, substitute_id=substitute.pk, **values)


def customer(lab, name="海曙热力有限公司"):
    with tenant(lab.pk):
        return Customer.objects.get_or_create(institution=lab, name=name, defaults={"address": "锅炉街 9 号"})[0]


def item(lab, **kwargs):
    values = {
        "number": f"SP26-{next(_numbers):05d}", "order_number": "WT26-0482", "name": "一般压力表",
        "name_en": "Pressure gauge", "model": "Y-100", "serial_number": "21087743", "manufacturer": "西塬仪表厂",
        "activity": Item.Activity.CALIBRATION, "received_on": DAY, "promised_on": DAY + timedelta(days=5), **kwargs,
    }  # fmt: skip
    values.setdefault("customer", None)
    values["customer"] = values["customer"] or customer(lab)
    return _row(Item, lab, **values)


def laboratory(slug="alpha"):
    """A laboratory that can issue: site, scope, method, three authorised people, standard, procedure.

    Returns: a namespace with the rows, and `operator`, `checker`, `signatory` as actors.
    """
    lab = institution(slug)
    w = SimpleNamespace(institution=lab, site=site(lab), method=method())
    A = Authorisation.Role
    people = (
        ("operator", "沈若川", Role.OPERATOR, (A.CALIBRATOR, A.VERIFIER)),
        ("checker", "许知远", Role.CHECKER, (A.CHECKER,)),
        ("signatory", "陈慕白", Role.SIGNATORY, (A.SIGNATORY,)),
    )
    for key, name, role, grants in people:
        who = employment(lab, name)
        for grant in grants:
            authorisation(lab, who, grant)
        setattr(w, f"{key}_employment", who)
        setattr(w, key, actor(lab, role, employment=who, name=name))
    w.qualification = _row(
        Qualification, lab, kind=Qualification.Kind.AUTHORISATION, number="（示）法计〔2024〕00017 号",
        issuer="市级监管部门（示）", valid_from=date(2024, 1, 1), valid_until=date(2028, 12, 31),
    )  # fmt: skip
    w.scope = _row(
        ScopeItem, lab, qualification=w.qualification, site=w.site, method=w.method,
        instrument=DEFINITION["instrument"], measurand=DEFINITION["measurand"], field=DEFINITION["field"],
        range_low="0", range_high="2.5", unit="MPa", cmc_constant="0.002", valid_from=date(2024, 1, 1),
    )  # fmt: skip
    w.adoption = _row(
        MethodAdoption, lab, method=w.method, site=w.site, verified_on=date(2024, 2, 1),
        verified_by=w.signatory_employment, report_number="YZ-2024-01",
    )  # fmt: skip
    w.equipment = equipment(lab, w.site)
    w.traceability = traceability(lab, w.equipment, w.operator_employment)
    w.environment = equipment(
        lab, w.site, role=Equipment.Role.ENVIRONMENT, name="温湿度计", range_text="(0～50) ℃", unit="℃",
        range_low="0", range_high="50", accuracy="U = 0.3 ℃, k = 2",
    )  # fmt: skip
    traceability(lab, w.environment, w.operator_employment, expanded_uncertainty="0.3", uncertainty_unit="℃")
    w.standard = _row(
        MeasurementStandard, lab, kind=MeasurementStandard.Kind.SOCIAL_PUBLIC, code=f"BZ-{next(_numbers):03d}",
        name="一般压力表检定装置", site=w.site, range_text="(0～2.5) MPa", accuracy="U = 0.0015 MPa, k = 2",
        assessment_certificate="〔2024〕示量标 0388", assessed_by="市级监管部门（示）", assessed_on=date(2024, 7, 1),
        assessed_until=date(2028, 6, 30), responsible=w.signatory_employment, filing_number="备-0388",
        filed_on=date(2024, 7, 15), social_certificate="〔2024〕示社 0112", social_from=date(2024, 7, 10),
        social_until=date(2028, 6, 30),
    )  # fmt: skip
    credential(lab, w.signatory_employment, "title", level="middle")
    _row(
        StandardItem, lab, standard=w.standard, instrument=DEFINITION["instrument"], measurand=DEFINITION["measurand"],
        method=w.method, range_low="0", range_high="2.5", unit="MPa", accuracy="1.6 级及以下",
    )  # fmt: skip
    _row(StandardPart, lab, standard=w.standard, equipment=w.equipment)
    w.procedure = _row(
        Procedure, lab, state=Procedure.State.APPROVED, code=DEFINITION["code"], version=1,
        title=DEFINITION["title"], method=w.method, definition=DEFINITION, approved_by=w.signatory_employment,
    )  # fmt: skip
    return w


DEVICE = {"lower": "0", "upper": "1.6", "division": "0.05", "accuracy_class": "1.6"}
POINTS = ["0", "0.4", "0.8", "1.2", "1.6"]
READINGS = [
    ("0.00", "0.00", "0.00", "0.00"),
    ("0.40", "0.41", "0.41", "0.41"),
    ("0.79", "0.80", "0.81", "0.81"),
    ("1.20", "1.21", "1.22", "1.22"),
    ("1.60", "1.61", "1.61", "1.61"),
]
COLUMNS = ("up_before", "up_after", "down_before", "down_after")


def cells():
    """The entries of a complete, conforming data sheet."""
    for point, row in enumerate(READINGS):
        for key, text in zip(COLUMNS, row, strict=True):
            yield typed.Entry(f"reading:{point}:{key}", text)
    yield typed.Entry("condition:temperature", "20.8")
    yield typed.Entry("condition:humidity", "56")
    for observation in DEFINITION["observations"]:
        yield typed.Entry(f"observation:{observation['key']}", observation["pass"])


def record(w, *, filled=False, activity=Item.Activity.CALIBRATION, decision_rule="", at=NOON, **kwargs):
    """An open data sheet of the laboratory's operator, empty or filled."""
    with tenant(w.institution.pk):
        sample = kwargs.pop("item", None) or item(w.institution, activity=activity, decision_rule=decision_rule)
        values = {
            "procedure": w.procedure, "standard": w.standard, "environment_equipment": w.environment, "site": w.site,
            "room": "3 楼压力室", "performed_on": DAY, "device": DEVICE, "points": POINTS,
            "late_reason": "测试数据", **kwargs,
        }  # fmt: skip
        row = workflow.start(sample, actor=w.operator, at=at, **values)
        if filled:
            outcomes = typed.enter(row, cells(), actor=w.operator, at=at)
            assert {outcome.state for outcome in outcomes} == {"saved"}, outcomes
    return row


STEPS = ["draft", "checked", "approved", "issued"]


def certificate(w, state="draft", **kwargs):
    """A certificate in this state, brought there by the verbs and the three people of the laboratory."""
    row = record(w, filled=True, **kwargs)
    with tenant(w.institution.pk):
        row = workflow.submit(row, actor=w.operator, at=NOON)
        wanted = "issued" if state in ("released", "void") else state
        for step in STEPS[1 : STEPS.index(wanted) + 1]:
            row = _advance(w, row, step)
        if state in ("released", "void"):
            row = workflow.attach_pdf(row, f"%PDF-1.7 {row.number}".encode(), at=NOON)
        if state == "void":
            prove(w.signatory, "certificate.void", row, row.content_sha256)
            row = workflow.void(row, reason="客户名称有误", actor=w.signatory, at=NOON)
    return fresh(row)


def _advance(w, row, step):
    from certificates import content

    row = fresh(row)
    if step == "checked":
        return workflow.check(row, actor=w.checker, at=NOON + timedelta(minutes=10))
    if step == "approved":
        seen = content.sha256(content.body(row, approver=w.signatory.name))
        prove(w.signatory, "certificate.approve", row, seen)
        return workflow.approve(row, confirmed_sha256=seen, actor=w.signatory, at=NOON + timedelta(minutes=20))
    prove(w.signatory, "certificate.issue", row, row.body_sha256)
    return workflow.issue(row, actor=w.signatory, at=NOON + timedelta(minutes=30))


def prove(actor, act, row, sha256=""):
    """The actor has a fresh proof for this act on this row, as after typing the code."""
    return stepup.grant(actor.user_id, act, row, sha256=sha256, method=StepUp.Method.COMMAND)


def prove_invitation(actor, email, roles, employment=None):
    """The actor has a fresh proof for inviting this address with these roles."""
    bound = accounts.offer_digest(email, roles, employment.pk if employment else None)
    return prove(actor, "invitation.invite", Invitation(institution_id=actor.institution_id), bound)


def second_factor_of(account):
    """The account has a second factor and ten recovery codes. Returns: the codes."""
    second_factor.enrol_by_command(account)
    return recovery_codes.renew(account)


def code(account):
    """What the account's phone shows now, or shows next when that was used."""
    return second_factor.current_code(account.pk, at=timezone.now())


def forget_used_codes(actor):
    """Codes that were used count as new: a test does not wait for the phone's next ones."""
    SecondFactor.objects.filter(user_id=actor.user_id).update(last_step=0)


def fresh(row):
    """The row as the database has it now, with nothing remembered but the rows it belongs to."""
    parents = ("institution", "record__item__customer") if isinstance(row, Certificate) else ("institution",)
    with tenant(row.institution_id):
        return type(row).objects.select_related(*parents).get(pk=row.pk)
