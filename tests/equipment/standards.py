"""Measurement standards as the tests of their life need them: a laboratory to keep them, and every step up to use."""

from contextlib import contextmanager
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from equipment.models import MeasurementStandard, StandardEvent, StandardItem, StandardPaper, StandardPart
from equipment.standards import parts, workflow
from institutions.models import Authorisation, Qualification
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

S, K, E = MeasurementStandard.State, MeasurementStandard.Kind, StandardEvent.Kind
REGISTER = REGISTERS["measurement-standards"]
NOW = timezone.now()
TODAY = timezone.localdate(NOW)
SOON, AGO = TODAY + timedelta(900), TODAY - timedelta(400)


def upload(name="证明.pdf"):
    return SimpleUploadedFile(name, make.pdf())


def world(lab):
    """The laboratory with two people entitled in 压力, one of them an engineer, and usable equipment."""
    other = make.employment(lab.institution, "许知远")
    for person in (lab.keeper, other):
        make.authorisation(lab.institution, person, Authorisation.Role.VERIFIER)
    make.credential(lab.institution, lab.keeper)
    make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=AGO, valid_until=SOON, confirmed_on=AGO)
    return SimpleNamespace(
        **vars(lab), other=other, manager=make.actor(lab.institution, Role.QUALITY_MANAGER, employment=lab.keeper)
    )


def said(w, **changes):
    return {
        "code": "BZ-07", "kind": K.SOCIAL_PUBLIC, "name": "压力表检定装置", "field": "压力", "site": w.site,
        "responsible": w.keeper, "range_text": "(0～6) MPa", "accuracy": "0.05 级", "assessment_certificate": "",
        "assessed_by": "", "assessed_on": None, "assessed_until": None, "filing_number": "备-7", "filed_on": AGO,
        "social_certificate": "示社 7", "social_from": AGO, "social_until": SOON, "approved_on": None, "approval": None,
        **changes,
    }  # fmt: skip


CERTIFICATE = {
    "assessment_certificate": "〔2025〕示量标 7", "assessed_by": "市级监管部门（示）", "assessed_on": AGO, "assessed_until": SOON,
}  # fmt: skip


def registered(w, **changes):
    return verbs.record(REGISTER, said(w, **changes), actor=w.metrologist, at=NOW)


def complete(w, **changes):
    """A standard that was assessed and lacks nothing to be put in use."""
    row = registered(w, **changes)
    parts.change_parts(row, added=w.equipment, on=AGO, reason="建标", actor=w.metrologist, at=NOW)
    row = workflow.assess(row, dict(CERTIFICATE), upload(), actor=w.metrologist, at=NOW)
    StandardItem.objects.create(
        institution=w.institution, standard=row, instrument="压力表", measurand="压力", range_low=0, range_high=6,
        unit="MPa", accuracy="1.6 级",
    )  # fmt: skip
    for kind in StandardPaper.REQUIRED:
        if kind != StandardPaper.Kind.CERTIFICATE:
            StandardPaper.objects.create(
                institution=w.institution, standard=row, kind=kind, title="文件", dated_on=AGO,
                file=make.document(w.institution),
            )  # fmt: skip
    return row


def in_use(w, **changes):
    return workflow.put_in_use(complete(w, **changes), "", actor=w.metrologist, at=NOW)


def refused(act, *args, **kwargs):
    """The clauses in whose name the act is refused."""
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return {refusal.clause for refusal in caught.value.refusals}


def events(row):
    return [(event.kind, event.state_after) for event in row.events.order_by("pk")]


@contextmanager
def allowed():
    """A laboratory with a social public standard whose own rules allow everything on `DAY`; the test runs inside its scope."""
    lab = make.institution()
    people = [make.employment(lab, name) for name in ("沈若川", "许知远")]
    for person in people:
        make.authorisation(lab, person, Authorisation.Role.CALIBRATOR)
    make.credential(lab, people[0], "title", level="middle")
    world = SimpleNamespace(institution=lab, site=make.site(lab), people=people)
    world.equipment = make.equipment(lab, world.site)
    with tenant(lab.pk):
        world.paper = make.document(lab)
        world.licence = Qualification.objects.create(
            institution=lab, kind=Qualification.Kind.AUTHORISATION, number="法计 17", issuer="市级监管部门（示）",
            valid_from=date(2024, 1, 1), valid_until=date(2028, 12, 31),
        )  # fmt: skip
        world.standard = MeasurementStandard.objects.create(
            institution=lab, kind=K.SOCIAL_PUBLIC, code="BZ-1", name="压力表检定装置", field="压力", site=world.site,
            range_text="(0～6) MPa", accuracy="0.05 级", responsible=people[0], state=S.IN_USE,
            assessment_certificate="〔2024〕示量标 1", assessed_by="市级监管部门（示）", assessed_on=date(2024, 7, 1),
            assessed_until=date(2028, 6, 30), social_certificate="示社 1", social_from=date(2024, 7, 10),
            social_until=date(2028, 6, 30), approved_on=date(2024, 7, 5), approval=world.paper,
        )  # fmt: skip
        StandardPart.objects.create(institution=lab, standard=world.standard, equipment=world.equipment)
        yield world
