"""The regulator's own pages. What lies inside an institution is read at its own address, and every look is logged."""

from collections import Counter

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from institutions.access import regulator_actor
from institutions.models import Institution
from portal.paging import page_of
from portal.routes import Audience, door
from portal.tenancy import scope


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR, limit="search")
def home(request: HttpRequest) -> HttpResponse:
    """The institutions of the regions this regulator answers for; nobody else knows that the page exists."""
    with scope(user_id=request.user.pk):
        actor = regulator_actor(request.user)
    if actor is None:
        raise Http404
    request.actor = actor
    mine = Q()
    for region in actor.regions:
        mine |= Q(region_code__startswith=region)
    institutions = Institution.objects.filter(mine)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    shown = institutions.filter(Q(name__icontains=text) | Q(credit_code__icontains=text)) if text else institutions
    page = page_of(shown, "region_code", "slug", key="slug", request=request)
    counts = Counter(
        next(region for region in actor.regions if code.startswith(region))
        for code in institutions.values_list("region_code", flat=True)
    )
    context = {
        "regions": [{"code": region, "count": counts[region]} for region in actor.regions],
        "total": sum(counts.values()),
        "table": {
            "caption": _("辖区机构"),
            "filters": [{"kind": "search", "name": "q", "label": _("机构名称、信用代码"), "value": text}],
            "clear_url": request.path if text else "",
            "columns": [
                {"title": _("机构")}, {"title": _("统一社会信用代码")}, {"title": _("行政区划")}, {"title": _("地址")},
                {"title": _("业务电话")},
            ],
            "rows": [
                [
                    {"text": row.name, "url": reverse("institutions:today", args=[row.slug])},
                    row.credit_code,
                    row.region_code,
                    row.address,
                    row.phone,
                ]
                for row in page.rows
            ],
            "count": _("本页 %(count)d 家") % {"count": len(page.rows)},
            **page.links(request),
            "empty": {"title": _("没有机构"), "text": _("辖区内没有符合条件的机构；换一个条件再试。")},
        },
    }  # fmt: skip
    return render(request, "oversight/home.html", context)
