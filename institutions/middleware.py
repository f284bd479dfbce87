"""The door to `/i/<slug>/…`: membership is proven, the database scope is opened, then the view runs inside it."""

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import render

from portal import audit, errors
from portal.actors import PUBLIC
from portal.errors import TYPED_ANEW
from portal.permissions import Role
from portal.routes import Audience
from portal.tenancy import scope

from .access import actor_and_memberships
from .api_door import by_token
from .forms import LoginForm
from .models import Institution
from .owed import debt

TENANT_PREFIX = "/i/"


class TenantMiddleware:
    """Stands last. Calls the view itself, so that an exception in it rolls the transaction back."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.actor = PUBLIC
        request.institution = None
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not request.path_info.startswith(TENANT_PREFIX):
            door = getattr(view, "door", None)
            if door and door.audience is Audience.API:
                return by_token(request, view, args, kwargs)
            if door and door.audience is Audience.REGULATOR and SESSION_KEY in request.session:
                return debt(request, [Role.REGULATOR])
            return None
        if not request.user.is_authenticated:
            return sign_in_first(request)
        institution = Institution.objects.filter(slug=kwargs["slug"]).first()
        if institution is None:
            raise Http404
        try:
            return self.inside(request, institution, view, args, kwargs)
        except PermissionDenied as denied:
            with scope(institution_id=institution.pk, user_id=request.user.pk):
                audit.record(
                    request.actor, "access.denied", institution_id=institution.pk, reason=str(denied), succeeded=False,
                    changes={"address": ["", request.path_info[:200]]},
                )  # fmt: skip
            raise

    def inside(self, request, institution, view, args, kwargs):
        with scope(institution_id=institution.pk, user_id=request.user.pk):
            actor, memberships = actor_and_memberships(request.user, institution)
            if actor is None:
                raise Http404
            owing = debt(request, actor.roles)
            if owing is not None:
                return owing
            request.actor = actor
            request.institution = institution
            request.memberships = memberships
            if Role.REGULATOR in actor.roles:
                if request.method not in ("GET", "HEAD"):
                    return errors.page(
                        request, 405, "405_regulator.html", {"slug": institution.slug}, Allow="GET, HEAD"
                    )
                audit.record(
                    actor, "oversight.look", institution_id=institution.pk,
                    changes={"address": ["", request.path_info[:200]]},
                )  # fmt: skip
            response = view(request, *args, **kwargs)
            if hasattr(response, "render") and callable(response.render):
                response = response.render()
            response["Cache-Control"] = "private, no-store"
            return response


def sign_in_first(request):
    """Asks for a sign-in without losing what was typed: the posted fields travel through the sign-in page."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"message": "登录已过期。请在新窗口登录后回到本页，内容不会丢失。"}, status=401)
    context = {
        "form": LoginForm(),
        "next": request.get_full_path() if request.method in ("GET", "HEAD") else "",
        "resume_url": request.get_full_path() if request.method == "POST" else "",
        "resume_fields": carried_fields(request) if request.method == "POST" else [],
    }
    return render(request, "accounts/login.html", context, status=401)


def carried_fields(request) -> list[tuple[str, str]]:
    """The posted name and value pairs, without the expired form's token and without proofs. Files cannot be carried.

    Nor is a confirmation: whoever signs in may be somebody else, and confirms what he has seen himself.
    """
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name != "confirmed" and not TYPED_ANEW.search(name)
        for value in values
    ]
