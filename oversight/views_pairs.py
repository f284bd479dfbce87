"""Persons whom two institutions of a region employ at once."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from portal.paging import page_of
from portal.routes import Audience, door
from portal.tenancy import scope

from . import jurisdiction, looks, pairs
from .words import pair_row


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR, limit="search")
def two_employers(request: HttpRequest) -> HttpResponse:
    """Each person with the institution that wanted to employ it and the one that does; both read that it was looked up."""
    request.actor = actor = jurisdiction.regulator(request.user)
    region, day = jurisdiction.region_of(actor, request.GET.get("region", "")), timezone.localdate()
    with scope(user_id=actor.user_id, region=region):
        page = page_of(pairs.conflicts(), *pairs.NEWEST_FIRST, request=request)
        shown = pairs.pairs_of(page.rows)
        context = {
            "region": region,
            "regions": jurisdiction.tabs(actor, region, request.path),
            "rows": [pair_row(pair, day) for pair in shown],
            "paging": {"caption": "", "columns": [], "rows": [], "count": _("本页 %(count)d 对") % {"count": len(shown)},
                       **page.links(request)},
        }  # fmt: skip
        looks.looked(request, actor, looks.PAIRS, {side for pair in shown for side in (pair.trying.pk, pair.other.pk)})
        return render(request, "oversight/pairs.html", context)
