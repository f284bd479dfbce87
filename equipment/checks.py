"""Clauses decided by equipment, its traceability, and measurement standards."""

from datetime import date, timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Authorisation, Credential, Employment, Institution, Membership, YearFigures
from portal.clauses import WINDOW_DAYS, Evidence, Verdict, clause, existing, none_in_breach
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
    grants = Authorisation.objects.filter(institution=institution, role__in=Authorisation.KEY_ROLES).in_force_on(day)
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
    """Whoever answers for a standard in use works here, and is an engineer or higher or a registered metrologist."""
    standards = _standards_in_use(institution)
    level, kind = Credential.Level, Credential.Kind
    engineer = Q(kind=kind.TITLE, level__in=(level.PROFESSOR, level.SENIOR, level.MIDDLE))
    papers = Credential.objects.filter(
        engineer | Q(kind=kind.METROLOGIST), institution=institution, state=Credential.State.CURRENT
    ).valid_on(day)
    entitled = set(papers.values_list("employment_id", flat=True))
    wrong = [
        _standard(institution, row, row.responsible.name)
        for row in standards
        if not row.responsible.active_on(day) or row.responsible_id not in entitled
    ]
    return none_in_breach(
        standards, wrong, nothing=_("没有在用的计量标准。"),
        advice=_("计量标准负责人须在职，且有工程师以上职称或注册计量师证书。请登记证书，或指定新的负责人。"),
        fix=reverse("portal:register", args=[institution.slug, "credentials"]),
    )  # fmt: skip


@clause("A-6.4.1")
def people_and_equipment_are_all_here(institution: Institution, day: date) -> Verdict:
    """What the institution declared for the year, people and equipment, is what the portal holds."""
    declared = YearFigures.objects.filter(institution=institution, state=YearFigures.State.CURRENT, year__lte=day.year)
    stated = declared.order_by("-year").first()
    fix = reverse("portal:register_new", args=[institution.slug, "year-figures"]) + f"?year={day.year}"
    if stated is None or stated.year < day.year - 1:
        return existing([], advice=_("没有申报今年或去年的人数和器具数。请登记年度数据。"), fix=fix)
    people = list(Employment.objects.filter(institution=institution).active_on(day).order_by("staff_number", "pk"))
    devices = Equipment.objects.filter(institution=institution).exclude(state=Equipment.State.SCRAPPED).count()
    url = reverse("portal:register_row", args=[institution.slug, "year-figures", stated.ref])
    pairs = ((_("从业人数"), stated.headcount, len(people)), (_("器具总数"), stated.inventory, devices))
    wrong = [
        Evidence(name, url, _("申报 %(said)d，系统里 %(here)d") % {"said": said, "here": here})
        for name, said, here in pairs
        if said != here
    ]
    authorised = Authorisation.objects.filter(institution=institution).in_force_on(day)
    with_role = set(authorised.values_list("employment_id", flat=True))
    wrong += [
        Evidence(row.name, reverse("institutions:person", args=[institution.slug, row.ref]), _("没有岗位"), row.pk)
        for row in people
        if not row.post and row.pk not in with_role
    ]
    return none_in_breach(
        len(pairs) + len(people), wrong, nothing="", fix=fix,
        advice=_("申报数与台账不一致，或有人没有岗位。请补登人员、岗位或器具，或更正申报数。"),
    )  # fmt: skip
