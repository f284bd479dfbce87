"""What everybody may take along of a pledge: its paper, and the badge that a website shows. No script, no sign-in, no cookie."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Institution
from institutions.views_capability import institution_at
from portal import codes, documents, errors, limits, scan_units
from portal.actors import PUBLIC
from portal.routes import Audience, door
from portal.tenancy import tenant

from .models import Commitment, DirectoryEntry

NONE = ("off", gettext_lazy("尚未承诺"))
# A website of somebody else may show the badge, and shows it as it is when its page is read.
BADGE_HEADERS = {"Cache-Control": "public, no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}


@door("GET", to=Audience.PUBLIC, limit="pdf", token="portal.SmartCode.token")
def code_paper(request: HttpRequest, token: str) -> HttpResponse:
    """The pledge behind a 单位码 as it was published; that of a withdrawn one stays readable. Source: A-8.2.2.2."""
    card = codes.find(token)
    if card is None or card.get("kind") != codes.UNIT:
        wait = limits.limit("code_miss", request)
        if wait:
            return limits.refused(request, wait)
        raise Http404(_("没有这个单位码。"))
    institution = institution_at(card["unit"]["slug"])
    with tenant(institution.pk):
        rows = Commitment.objects.visible_to(replace(PUBLIC, institution_id=institution.pk)).select_related("pdf")
        row = rows.filter(token=token.strip().upper()).first()
    if row is None or row.pdf is None:
        raise Http404(_("承诺书还在生成，请稍后再打开。"))
    try:
        return documents.attachment(
            row.pdf.stored_as,
            sha256=row.pdf.sha256,
            name=f"{row.number}.pdf",
            content_type="application/pdf",
            inline=True,
        )
    except documents.Altered:
        return errors.page(request, 409, "409_altered.html")


@door("GET", to=Audience.PUBLIC)
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    """A picture of a few hundred bytes with the same word as the page behind the 单位码, worked out when it is asked for."""
    drawn = render_to_string("public/badge.svg", _shown(institution_at(slug)))
    return HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8", headers=BADGE_HEADERS)


@door("GET", to=Audience.PUBLIC)
def badge_page(request: HttpRequest, slug: str) -> HttpResponse:
    """How a website shows the badge: two lines of HTML to copy, with what they show today."""
    institution = institution_at(slug)
    shown, badge_url = _shown(institution), reverse("commitments:badge", args=[slug])
    token = shown["token"]
    context = {
        **shown, "badge_url": badge_url,
        "target_url": reverse("portal:code" if token else "commitments:directory_one", args=[token or slug]),
        "site": request.build_absolute_uri("/")[:-1],
    }  # fmt: skip
    return render(request, "public/badge.html", context)


def _shown(institution: Institution) -> dict[str, Any]:
    """The newest pledge of the institution as its page shows it now."""
    now = timezone.now()
    with tenant(institution.pk):
        entries = DirectoryEntry.objects.visible_to(replace(PUBLIC, institution_id=institution.pk))
        token = entries.values_list("token", flat=True).first() or ""
    card = codes.find(token) if token else None
    face = scan_units.face(card, now) if card else None
    tone, word = (face["tone"], face["state_word"]) if face else NONE
    return {
        "institution": institution, "token": token, "tone": tone, "word": word,
        "day": timezone.localdate(now).isoformat(),
    }  # fmt: skip
