"""The door behind a box in which a row is picked: what fits the letters typed so far."""

from django.http import Http404, HttpRequest, JsonResponse

from . import picking
from .actors import actor_of
from .routes import door


@door("GET", limit="search", kind="portal.Picking.kind")
def pick(request: HttpRequest, slug: str, kind: str) -> JsonResponse:
    """Rows of the institution that fit `q`: {"rows": [{"value", "note"}]}, a dozen at most."""
    known = picking.KINDS.get(kind)
    if known is None:
        raise Http404(kind)
    rows = known.model.objects.visible_to(actor_of(request))
    return JsonResponse({"rows": known.suggested(rows, request.GET.get("q", "").replace("\x00", ""))})
