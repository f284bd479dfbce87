"""The search page; the box in the top bar shows its results while somebody types."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import finding
from .actors import actor_of
from .routes import door

ON_THE_PAGE, IN_THE_BOX = 20, 5


@door("GET", limit="search")
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that fits `q` and that this member may open, by kind; `part=1` asks for the results alone."""
    actor, part = actor_of(request), request.GET.get("part") == "1"
    wanted = finding.Wanted.typed(request.GET.get("q", ""), IN_THE_BOX if part else ON_THE_PAGE)
    groups = finding.found(actor, request.institution, wanted)
    context = {
        "wanted": wanted,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "kinds": [str(known.title) for known in finding.finders_of(actor)],
    }
    return render(request, "portal/_found.html" if part else "portal/search.html", context)
