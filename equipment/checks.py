"""Clauses decided by equipment, its traceability, and measurement standards."""

from datetime import date, timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Authorisation, Employment, Institution, Membership
from portal.clauses import WINDOW_DAYS, Evidence, Verdict, clause, none_in_breach
from portal.permissions import ROLE_TITLES, Role

from .models import Equipment, MeasurementStandard, Traceability


def _device(institution: Institution, row: Equipment, text: str = "") -> Evidence:
    return Evidence(str(row), reverse("equipment:detail", args=[institution.slug, row.ref]), text, row.pk)


def _standard(institution: Institution, row: MeasurementStandard, text: str = "") -> Evidence:
    return Evidence(str(row), reverse("equipment:standard", args=[institution.slug, row.ref]), text, row.pk)


def _standards_in_use(institution: Institution) -> list[MeasurementStandard]:
    rows = MeasurementStandard.objects.filter(institution=institution, state=MeasurementStandard.State.IN_USE)
    return list(rows.select_related("responsible").order_by("code"))


@clause("C-7.1.2-s1")
def registers_are_current(institution: Institution, day: date) -> Verdict:
    """Nothing is kept as in use whose traceability or assessment is not valid that day."""
    devices = Equipment.objects.filter(institution=institution, state=Equipment.State.IN_USE)
    devices = list(devices.prefetch_related("traceabilities").order_by("asset_number"))
    standards = _standards_in_use(institution)
    breaches = [_device(institution, row, _("没有有效溯源")) for row in devices if row.traced_on(day) is None]
    breaches += [
        _standard(institution, row, _("考核有效期至 %(day)s") % {"day": row.assessed_until})
        for row in standards
        if not row.assessed_for(day)
    ]
    return none_in_breach(
        len(devices) + len(standards), breaches, nothing=_("没有在用的设备和计量标准。"),
        advice=_("台账状态与有效期不一致。请登记新的溯源或考核，或把它们停用。"),
    )  # fmt: skip


@clause("B-6.1.5.1-e")
def confirmations_are_on_file(institution: Institution, day: date) -> Verdict:
    """Every traceability of the last year was confirmed after the calibration, by somebody employed then."""
    rows = Traceability.objects.filter(
        institution=institution, calibrated_on__gt=day - timedelta(WINDOW_DAYS), calibrated_on__lte=day
    )
    employed = Q(confirmed_by__started_on__lte=F("confirmed_on")) & (
        Q(confirmed_by__ended_on=None) | Q(confirmed_by__ended_on__gte=F("confirmed_on"))
    )
    wrong = rows.filter(Q(confirmed_on__lt=F("calibrated_on")) | ~employed).select_related("equipment").order_by("pk")
    return none_in_breach(
        rows.count(), [_device(institution, row.equipment, row.certificate_number) for row in wrong],
        nothing=_("近 365 天没有溯源记录。"), advice=_("这些溯源没有有效的计量确认。请由在职人员确认后重新登记。"),
    )  # fmt: skip


@clause("C-5.1.2-s2")
def key_people_are_on_post(institution: Institution, day: date) -> Verdict:
    """Signatories, technical and quality managers and those responsible for standards are on post that day."""
    grants = Authorisation.objects.filter(institution=institution, role=Authorisation.Role.SIGNATORY).in_force_on(day)
    held = [(str(grant), grant.employment) for grant in grants.select_related("employment").order_by("pk")]
    held += [(_("%(name)s负责人") % {"name": row.name}, row.responsible) for row in _standards_in_use(institution)]
    managers = {str(Role.TECHNICAL_MANAGER), str(Role.QUALITY_MANAGER)}
    members = Membership.objects.filter(
        institution=institution, state=Membership.State.ACTIVE, roles__overlap=sorted(managers)
    ).select_related("employment", "user")
    url = reverse("institutions:members", args=[institution.slug])
    breaches = []
    for row in members.order_by("pk"):
        titles = "、".join(str(ROLE_TITLES[Role(role)]) for role in row.roles if role in managers)
        if row.employment is None:
            breaches.append(
                Evidence(row.user.name, url, _("%(titles)s，没有关联从业信息") % {"titles": titles}, row.pk)
            )
        else:
            held.append((titles, row.employment))
    for title, person in held:
        if person.kind != Employment.Kind.ON_POST or not person.active_on(day):
            url = reverse("institutions:person", args=[institution.slug, person.ref])
            breaches.append(Evidence(person.name, url, title, person.pk))
    return none_in_breach(
        held, breaches, nothing=_("没有关键岗位人员。"),
        advice=_("关键岗位须由在职在岗人员担任。请更换人员，或更正从业信息。"),
    )  # fmt: skip


@clause("C-5.1.1-s3")
def standards_have_a_responsible_person(institution: Institution, day: date) -> Verdict:
    """Whoever answers for a standard in use works here. Titles and credentials are not recorded yet."""
    standards = _standards_in_use(institution)
    gone = [
        _standard(institution, row, row.responsible.name) for row in standards if not row.responsible.active_on(day)
    ]
    return none_in_breach(
        standards, gone, nothing=_("没有在用的计量标准。"), advice=_("计量标准负责人当天不在职。请指定新的负责人。"),
        rest=_("负责人都在职；职称和注册计量师资格尚未纳入系统，不能判为符合。"),
    )  # fmt: skip
