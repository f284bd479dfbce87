"""The pledge on paper for the institution itself: what is signed by hand, what was published, and the poster to put up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import codes, documents
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door

from .models import Commitment
from .paper import contents, tasks


@door("GET", limit="pdf", ref="commitments.Commitment.ref")
def paper(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The published paper; of a pledge in the making the one to be signed and sealed by hand, drawn from what was checked."""
    rows = Commitment.objects.visible_to(actor_of(request)).select_related(
        "institution", "template", "signed_by", "pdf"
    )
    row = get_object_or_404(rows, ref=ref)
    if row.pdf is not None:
        return documents.download(request, row.pdf, actor=actor_of(request))
    if row.token:
        messages.info(request, _("承诺书 PDF 还在生成，请稍等几秒再打开。"))
        return redirect("commitments:pledge", slug)
    from portal.paper import MissingGlyph

    from .paper import drawing  # WeasyPrint is heavy; a page needs it here only

    try:
        response = HttpResponse(drawing.pledge(contents.pledge(row)), content_type="application/pdf")
    except MissingGlyph as missing:
        told = _("“%(letter)s”印不出来，没有生成 PDF。请在机构概况、资质或人员里改成别的写法，再重新起草。")
        messages.error(request, told % {"letter": missing.character})
        return redirect("commitments:pledge", slug)
    response["Content-Disposition"] = f'inline; filename="pledge-{row.ref}.pdf"'
    return response


@door("GET", "POST", limit="pdf")
def poster(request: HttpRequest, slug: str) -> HttpResponse:
    """What to put up where: the poster once it is drawn, or the order for it, and the badge for the website."""
    actor = actor_of(request)
    row = _public(request)
    drawn = tasks.poster_of(row) if row else None
    if request.method == "POST":
        actor.require(Permission.PLEDGE_KEEP, actor.institution_id)
        if row is not None and drawn is None:
            tasks.order_poster(row)
            messages.success(request, _("正在生成海报，大约十秒。稍后再打开本页。"))
        return redirect("commitments:poster", slug)
    badge_url = reverse("commitments:badge", args=[slug])
    context = {
        "row": row, "poster": drawn, "may_order": actor.may(Permission.PLEDGE_KEEP), "badge_url": badge_url,
        "code_url": codes.address(row.token) if row else "",
        "shown": contents.poster(row) if row else None,
    }  # fmt: skip
    return render(request, "commitments/poster.html", context)


@door("GET", limit="pdf")
def poster_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The poster, once it is drawn; until then the page that says so."""
    row = _public(request)
    drawn = tasks.poster_of(row) if row else None
    if drawn is None:
        return redirect("commitments:poster", slug)
    return documents.download(request, drawn, actor=actor_of(request))


def _public(request: HttpRequest) -> Commitment | None:
    rows = Commitment.objects.visible_to(actor_of(request)).select_related("institution", "template")
    return rows.filter(state=Commitment.State.PUBLIC).first()
