"""One institution as its regulator sees it on a single page; from there to the institution's own pages."""

from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from institutions.models import Institution, LegalStatus, Qualification
from institutions.words import day_text, validity
from portal import compliance, standing
from portal.actors import Actor
from portal.clauses import State, catalogue
from portal.digest import left_words
from portal.routes import Audience, door
from portal.standing import fact_of, gravity

from . import jurisdiction, looks, pairs
from .ending import ending_soon
from .refused import DAYS, refused_lately
from .words import evidence_text, pair_row, since_text

MOST_CLAUSES = 12


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR)
def institution(request: HttpRequest, slug: str) -> HttpResponse:
    """What the institution is, how it stands, what ends soon, what was refused there, whom it shares with others."""
    now, day, url = timezone.now(), timezone.localdate(), reverse("portal:compliance", args=[slug])
    with jurisdiction.inside(request, slug) as (actor, institution):
        evaluation = standing.latest(institution)
        shared = pairs.pairs_of(pairs.conflicts(institution).order_by(*pairs.NEWEST_FIRST))
        not_met = _not_met(institution, day)
        context = {
            "facts": _facts(institution, LegalStatus.objects.visible_to(actor).on(day).first()),
            "evaluation": evaluation,
            "papers": compliance.matrix(evaluation, f"{url}?") if evaluation else [],
            "heads": list(compliance.TITLES.values()),
            "not_met": not_met[:MOST_CLAUSES],
            "not_met_count": len(not_met),
            "qualifications": _qualifications(actor, day),
            "ending": [
                {"row": row, "left": left_words(row.due_on.year, (row.due_on - day).days)}
                for row in ending_soon([institution.pk], day)[institution.pk]
            ],
            "refused": refused_lately(institution, now),
            "refused_days": DAYS,
            "refused_url": reverse("institutions:audit", args=[slug]) + "?result=refused",
            "pairs": [pair_row(pair, day) for pair in shared],
            "compliance_url": url,
            "pledge_url": reverse("oversight:pledge", args=[slug]),
        }
        looks.looked(request, actor, looks.SHEET, [institution.pk])
        others = {side for pair in shared for side in (pair.trying.pk, pair.other.pk)} - {institution.pk}
        looks.looked(request, actor, looks.PAIRS, others, address=reverse("oversight:pairs"))
        return render(request, "oversight/institution.html", context)


def _facts(institution: Institution, status: LegalStatus | None) -> list[dict[str, str]]:
    """Public facts first, then the legal status as the institution keeps it."""
    rows = [
        (_("统一社会信用代码"), institution.credit_code),
        (_("行政区划代码"), institution.region_code),
        (_("法律形式"), status.get_legal_form_display() if status else ""),
        (_("经营状态"), status.get_business_status_display() if status else ""),
        (_("地址"), institution.address),
        (_("业务电话"), institution.phone),
        (_("投诉电话"), institution.complaint_phone),
        (_("证书编号代码"), institution.short_code),
    ]
    return [{"label": label, "value": value or _("未登记")} for label, value in rows]


def _not_met(institution: Institution, day: date) -> list[dict[str, Any]]:
    """The clauses not met: the gravest first, of these the longest standing."""
    rows = [row for row in standing.current(institution).filter(state=State.NOT_MET) if row.clause in catalogue()]
    rows.sort(key=lambda row: (gravity(catalogue()[row.clause]), row.since))
    return [
        {
            "id": row.clause,
            "url": compliance.clause_url(institution, row.clause),
            "title": catalogue()[row.clause].title,
            "level": compliance.LEVELS[catalogue()[row.clause].level],
            "fact": "" if (fact := fact_of(row)).is_only_the_clause else fact.text,
            "since": since_text(row.since, day),
            "rows": evidence_text(len(row.evidence)),
        }
        for row in rows
    ]


def _qualifications(actor: Actor, day: date) -> dict[str, Any]:
    """Every qualification with its validity; what ran out or was stopped stays in sight."""
    rows = Qualification.objects.visible_to(actor).exclude(state=Qualification.State.WITHDRAWN)
    return {
        "caption": _("资质与有效期"),
        "columns": [{"title": title} for title in (_("种类"), _("证书编号"), _("发证机关"), _("有效期至"), _("状态"))],
        "rows": [
            [
                row.get_kind_display(),
                row.number,
                row.issuer,
                {"text": day_text(row.valid_until), "day": True},
                validity(row, day)
                if row.state == Qualification.State.VALID
                else {"badge": row.state, "text": row.get_state_display()},
            ]
            for row in rows.order_by("kind", "-valid_from", "pk")
        ],
        "empty": {"title": _("没有登记资质"), "text": _("机构还没有登记任何资质。")},
    }
