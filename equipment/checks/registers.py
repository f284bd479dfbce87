"""Clauses decided by what the registers hold: complete, current, and the same as what was declared."""

from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.rows import current, listed, page
from institutions.models import Authorisation, Employment, Institution, Membership, YearFigures
from portal.clauses import Evidence, Verdict, clause, existing, none_in_breach
from portal.permissions import ROLE_TITLES, Role

from ..life import filing
from ..models import Equipment, EquipmentEvent, MandatoryFile, Traceability
from .rows import device, devices, in_use, nothing_in_use, own, register_row, standard, standards_in_use, untraced

STALE = timedelta(days=30)


@clause("C-7.1.2-s1")
def registers_are_current(institution: Institution, day: date) -> Verdict:
    """Nothing is kept as in use whose traceability or assessment is not valid that day."""
    rows, standards = in_use(institution, day), list(standards_in_use(institution, day))
    breaches = devices(institution, untraced(rows, day), _("没有有效溯源"))
    breaches += [
        standard(institution, row, _("考核有效期至 %(day)s") % {"day": row.assessed_until or _("没有登记")})
        for row in standards
        if not row.assessed_for(day)
    ]
    return none_in_breach(
        rows.count() + len(standards), breaches, nothing=_("没有在用的设备和计量标准。"),
        advice=_("台账状态与有效期不一致。请登记新的溯源或考核，或把它们停用。"),
        fix=reverse("equipment:list", args=[institution.slug]),
    )  # fmt: skip


@clause("B-4.4.2-s6")
def files_are_complete(institution: Institution, day: date) -> Verdict:
    """Every piece of equipment in use has all of its file; what it was used for the records themselves say."""
    rows = in_use(institution, day)
    return none_in_breach(
        rows.count(), _incomplete(institution, rows, day), nothing=nothing_in_use(),
        advice=_("这些设备的档案不全。请按设备页的档案清单补齐。"), fix=page(institution, "equipment-papers"),
    )  # fmt: skip


def _incomplete(institution: Institution, rows, day: date) -> list[Evidence]:
    found = filing.incomplete(rows, day)
    return [
        device(
            institution,
            row,
            _("缺%(parts)s") % {"parts": _("、").join(str(part.title) for part in filing.missing(row, day))},
        )
        for row in found
    ]


@clause("B-6.6.1-b")
def lives_are_on_record(institution: Institution, day: date) -> Verdict:
    """Everything in use has its base data and a history of its states; its uses are read off the records."""
    rows = in_use(institution, day)
    begun = EquipmentEvent.objects.filter(equipment=OuterRef("pk"), happened_on__lte=day).exclude(state_after="")
    blank = Q(name="") | Q(model="") | Q(manufacturer="") | Q(range_text="") | Q(accuracy="")
    breaches = devices(institution, rows.filter(blank), _("基本信息不全"))
    breaches += devices(institution, rows.exclude(blank).filter(~Exists(begun)), _("没有状态履历"))
    return none_in_breach(
        rows.count(), breaches, nothing=nothing_in_use(),
        advice=_("请补齐基本信息；没有履历的，登记购置、验收和投用前验证。"),
        fix=reverse("equipment:list", args=[institution.slug]),
    )  # fmt: skip


@clause("D-4.4.3.1")
def everything_has_its_number(institution: Institution, day: date) -> Verdict:
    """Every piece of equipment in use, software too, has a number; that no two have the same the database sees to."""
    rows = in_use(institution, day)
    return none_in_breach(
        rows.count(), devices(institution, rows.filter(asset_number=""), _("没有管理编号")),
        nothing=nothing_in_use(), advice=_("请给这些设备编号，并贴上标识。"),
    )  # fmt: skip


# --- equipment under mandatory verification


def _mandatory(institution: Institution, day: date) -> QuerySet[Equipment]:
    return own(institution, day).filter(mandatory=True)


@clause("A-6.4.2-s1")
def mandatory_files_are_kept(institution: Institution, day: date) -> Verdict:
    """All equipment under mandatory verification has its file: who verifies it, the certificate and its end."""
    rows = _mandatory(institution, day)
    complete = current(MandatoryFile, institution).filter(equipment=OuterRef("pk"), filed_on__lte=day)
    complete = complete.exclude(verifying_body="")
    bare = rows.exclude(Exists(complete.exclude(certificate_number="")))
    return none_in_breach(
        rows.count(), devices(institution, bare, _("没有强检器具档案")), nothing=_("没有强制检定的器具。"),
        advice=_("请在官方系统建档，再登记回执号、检定机构、证书和有效期。"), fix=page(institution, "mandatory-files"),
    )  # fmt: skip


@clause("A-6.4.2-s2")
def mandatory_files_are_kept_up(institution: Institution, day: date) -> Verdict:
    """All such equipment has its file, and none is behind the newest certificate, or past its end, for over 30 days."""
    devices_there = _mandatory(institution, day)
    newest = Traceability.objects.filter(equipment=OuterRef("equipment"), calibrated_on__lt=day - STALE)
    rows = current(MandatoryFile, institution).filter(equipment__in=devices_there.order_by())
    rows = rows.annotate(traced=Subquery(newest.order_by("-calibrated_on").values("calibrated_on")[:1]))
    bare = devices_there.filter(~Exists(current(MandatoryFile, institution).filter(equipment=OuterRef("pk"))))
    stale = devices(institution, bare, _("没有可更新的强检器具档案"))
    for row in rows.select_related("equipment").order_by("due_on", "pk"):
        if row.due_on < day - STALE:
            stale.append(register_row(institution, "mandatory-files", row, _("有效期至 %(day)s") % {"day": row.due_on}))
        elif row.traced and row.traced > row.updated_on:
            text = _("%(day)s 有新的检定，档案没有更新") % {"day": row.traced}
            stale.append(register_row(institution, "mandatory-files", row, text))
    return none_in_breach(
        devices_there.count(), stale, nothing=_("没有强制检定的器具。"),
        advice=_("请在官方系统更新档案，再更正这里的证书、有效期和更新日期。"), fix=listed(institution, "mandatory-files"),
    )  # fmt: skip


# --- people and what was declared


@clause("C-5.1.2-s2")
def key_people_are_on_post(institution: Institution, day: date) -> Verdict:
    """Signatories, technical and quality managers and those responsible for standards are on post that day."""
    grants = Authorisation.objects.filter(institution=institution, role__in=Authorisation.KEY_ROLES).in_force_on(day)
    held = [(str(grant), grant.employment) for grant in grants.select_related("employment").order_by("pk")]
    held += [(_("%(name)s负责人") % {"name": row.name}, row.responsible) for row in standards_in_use(institution, day)]
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


@clause("A-6.4.1")
def people_and_equipment_are_all_here(institution: Institution, day: date) -> Verdict:
    """What the institution declared for the year, people and equipment, is what the portal holds."""
    declared = YearFigures.objects.filter(institution=institution, state=YearFigures.State.CURRENT, year__lte=day.year)
    stated = declared.order_by("-year").first()
    fix = reverse("portal:register_new", args=[institution.slug, "year-figures"]) + f"?year={day.year}"
    if stated is None or stated.year < day.year - 1:
        return existing([], advice=_("没有申报今年或去年的人数和器具数。请登记年度数据。"), fix=fix)
    people = list(Employment.objects.filter(institution=institution).active_on(day).order_by("staff_number", "pk"))
    url = reverse("portal:register_row", args=[institution.slug, "year-figures", stated.ref])
    pairs = (
        (_("从业人数"), stated.headcount, len(people)),
        (_("器具总数"), stated.inventory, own(institution, day).count()),
    )
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
