"""What the page of a measurement standard shows besides its own facts: parts, items, people, file set, changes, history."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Qualification
from portal.actors import actor_of
from portal.models import Document

from .. import due
from ..models import Equipment, MeasurementStandard, StandardChange, StandardEvent, StandardPaper, StandardPart
from ..usability import reasons_of
from . import files
from .facts import ENTITLING, FEWEST_PEOPLE, MUST_BE_FILED
from .people import entitled_people
from .rules import has_social_certificate

Kind = MeasurementStandard.Kind


def parts_of(request: HttpRequest, standard: MeasurementStandard, day: date) -> list[dict[str, Any]]:
    """What belonged to the standard that day, main standards first, each with why it could not be used."""
    rows = StandardPart.objects.visible_to(actor_of(request)).filter(standard=standard)
    rows = rows.select_related("equipment__institution").prefetch_related("equipment__traceabilities__confirmations")
    there = [part for part in rows.order_by("role", "added_on", "pk") if part.there_on(day)]
    there.sort(key=lambda part: part.role != StandardPart.Role.MAIN)
    against = reasons_of([part.equipment for part in there], day)
    return [_part(request, part, against[part.equipment_id], day) for part in there]


def _part(request: HttpRequest, part: StandardPart, against: list[Any], day: date) -> dict[str, Any]:
    """A part with the traceability that covered the day, or the newest one when none did."""
    equipment: Equipment = part.equipment
    shown = equipment.traced_on(day) or equipment.latest_traceability
    return {
        "part": part,
        "equipment": equipment,
        "url": reverse("equipment:detail", args=[request.institution.slug, equipment.ref]),
        "shown": shown,
        "clock": due.clock(shown and shown.calibrated_on, shown and shown.valid_until, day),
        "against": against,
    }


def items_of(request: HttpRequest, standard: MeasurementStandard) -> list[dict[str, Any]]:
    """What it may serve, as its certificate lists it."""
    rows = standard.items.visible_to(actor_of(request)).filter(state="current").select_related("method")
    slug = request.institution.slug
    return [
        {
            "item": item,
            "range": f"({item.range_low.normalize():f}～{item.range_high.normalize():f}) {item.unit}",
            "url": reverse("portal:register_row", args=[slug, "standard-items", item.ref]),
        }
        for item in rows.order_by("instrument", "range_low", "pk")
    ]


def people_of(request: HttpRequest, standard: MeasurementStandard, day: date) -> dict[str, Any]:
    """Who answers for it and who may work with it that day, and whether that is enough."""
    slug = request.institution.slug
    people = entitled_people(standard, day, actor_of(request))

    def url(employment: Any) -> str:
        return reverse("institutions:person", args=[slug, employment.ref])

    return {
        "responsible": {
            "name": standard.responsible.name,
            "url": url(standard.responsible),
            "fit": standard.responsible_there and standard.responsible_qualified,
            "why": _("不在职") if not standard.responsible_there else _("没有工程师职称或注册计量师证书"),
        },
        "people": [{"name": one.employment.name, "roles": one.roles, "url": url(one.employment)} for one in people],
        "enough": len(people) >= FEWEST_PEOPLE,
        "fewest": FEWEST_PEOPLE,
        "staff_url": reverse("institutions:people", args=[slug]),
    }


def papers_of(request: HttpRequest, standard: MeasurementStandard, day: date, *, changed: bool) -> dict[str, Any]:
    """The file set: each kind with its newest document, what is missing with the link that adds it."""
    actor, slug = actor_of(request), request.institution.slug
    rows = StandardPaper.objects.visible_to(actor).filter(standard=standard, state=StandardPaper.State.CURRENT)
    rows = [row for row in rows.filter(dated_on__lte=day).select_related("file").order_by("dated_on", "pk")
            if row.file.state != Document.State.REFUSED]  # fmt: skip
    expected = files.expected(standard, changed=changed)
    last = files.last_review(rows)
    new_url = reverse("portal:register_new", args=[slug, "standard-papers"]) + f"?standard={standard.ref}&kind="
    shown = []
    for one in expected:
        mine = [row for row in rows if row.kind == one.kind]
        newest = mine[-1] if mine else None
        shown.append(
            {
                "title": one.kind.label,
                "required": one.required,
                "there": one.there,
                "count": len(mine),
                "newest": newest,
                "url": reverse("portal:register_row", args=[slug, "standard-papers", newest.ref]) if newest else "",
                "new_url": f"{new_url}{one.kind}",
            }
        )
    return {
        "rows": shown,
        "there": sum(one.there for one in expected),
        "all": len(expected),
        "complete": all(one.there for one in expected if one.required),
        "last_review": last,
        "review_is_due": bool(rows) and files.review_is_due(last, day),
    }


def changes_of(request: HttpRequest, standard: MeasurementStandard) -> list[dict[str, Any]]:
    """Its changes, newest first, and of each whether it must still be filed."""
    rows = StandardChange.objects.visible_to(actor_of(request)).filter(
        standard=standard, state=StandardChange.State.CURRENT
    )
    slug = request.institution.slug
    return [
        {
            "change": row,
            "url": reverse("portal:register_row", args=[slug, "standard-changes", row.ref]),
            "file_url": reverse("portal:register_amend", args=[slug, "standard-changes", row.ref]),
            "must": row.kind in MUST_BE_FILED,
            "open": row.kind in MUST_BE_FILED and row.filed_on is None,
        }
        for row in rows.select_related("file").order_by("-changed_on", "-pk")
    ]


def events_of(request: HttpRequest, standard: MeasurementStandard) -> list[StandardEvent]:
    """履历书: what happened to it, newest first."""
    rows = StandardEvent.objects.visible_to(actor_of(request)).filter(standard=standard)
    return list(rows.select_related("done_by", "file").order_by("-happened_on", "-pk"))


def certificates_of(request: HttpRequest, standard: MeasurementStandard, day: date) -> list[dict[str, Any]]:
    """The papers that its use rests on, with how each stood that day."""
    shown = [
        {
            "title": _("考核证书"),
            "number": standard.assessment_certificate,
            "issuer": standard.assessed_by,
            "start": standard.assessed_on,
            "clock": due.clock(standard.assessed_on, standard.assessed_until, day) if standard.assessed_until else None,
            "ok": standard.assessed_for(day),
            "none": _("没有考核证书"),
        }
    ]
    if standard.kind == Kind.SOCIAL_PUBLIC:
        until = standard.social_until
        shown.append(
            {
                "title": _("社会公用计量标准证书"),
                "number": standard.social_certificate,
                "issuer": "",
                "start": standard.social_from,
                "clock": due.clock(standard.social_from, until, day) if until else None,
                "ok": has_social_certificate(standard, day),
                "none": _("没有，不能对外量传"),
            }
        )
    if standard.kind != Kind.WORKING:
        shown.append(
            {
                "title": _("备案"), "number": standard.filing_number, "issuer": "", "start": standard.filed_on,
                "clock": None, "ok": bool(standard.filing_number and standard.filed_on and standard.filed_on <= day),
                "none": _("没有备案"),
            }
        )  # fmt: skip
    if standard.kind == Kind.HIGHEST:
        approved = standard.approved and standard.approved_on and standard.approved_on <= day
        shown.append(
            {
                "title": _("本单位批准"), "number": _("批准文件") if standard.approval_id else "", "issuer": "",
                "start": standard.approved_on, "clock": None, "ok": bool(approved), "none": _("没有批准"),
                "file": standard.approval,
            }
        )  # fmt: skip
    return [*shown, _entitlement(request, day)]


def _entitlement(request: HttpRequest, day: date) -> dict[str, Any]:
    """The authorisation of the institution, without which it may not verify for others."""
    rows = Qualification.objects.visible_to(actor_of(request)).filter(
        institution=request.institution, kind__in=ENTITLING
    )
    row = rows.valid_on(day).order_by("-valid_from", "-pk").first()
    return {
        "title": _("计量授权"),
        "number": row.number if row else "",
        "issuer": row.issuer if row else "",
        "start": row.valid_from if row else None,
        "clock": due.clock(row.valid_from, row.valid_until, day) if row and row.valid_until else None,
        "ok": row is not None,
        "none": _("没有，不能对外检定"),
    }
