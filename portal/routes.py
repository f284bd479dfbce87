"""Doors: what every view declares about itself, enforced here and listed by `manage.py list_routes`.

A view is decorated once:

    @door("GET", "POST", right=Permission.ITEM_RECEIVE)
    def item_new(request, slug): ...

    @door("GET", ref="equipment.Equipment.ref")
    def equipment_detail(request, slug, ref): ...

    @door("GET", to=Audience.PUBLIC)
    def home(request): ...

    @door("GET", limit="search")
    def item_list(request, slug): ...

A wrong method answers 405, a member without the right 403, a use too many 429 (`limit`: a name in limits.FEATURES).
Strangers never get this far: they are met by the tenant middleware. Every keyword beyond `to`, `right` and `limit` names
the object that feeds the argument of that name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps

from django.core import checks
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from rest_framework.decorators import api_view

from . import errors, limits
from .actors import Actor, actor_of
from .permissions import GRANTS, INSTITUTION_ROLES, ROLE_TITLES, Permission


class Audience(StrEnum):
    """For whom a door is made. Everybody may knock; whom it opens for is decided in one place for each audience."""

    PUBLIC = "public"
    ACCOUNT = "account"
    MEMBER = "member"
    REGULATOR = "regulator"
    OPERATIONS = "operations"
    API = "api"


# Whom a session tells apart.
BY_SESSION = (Audience.ACCOUNT, Audience.MEMBER, Audience.REGULATOR, Audience.OPERATIONS)
Right = Permission | Callable[..., Permission]


@dataclass(frozen=True)
class Door:
    """What a view says of itself. `right` is what a member needs, or a function that tells it from the arguments;
    `feeds` tells which object feeds which argument.

    `limit`: the feature of limits.FEATURES that a request to this door uses, or "".
    """

    methods: tuple[str, ...]
    audience: Audience
    right: Right | None
    feeds: dict[str, str] = field(default_factory=dict)
    limit: str = ""

    def needs(self, **arguments: object) -> Permission | None:
        """The right that a member needs for these arguments of the view."""
        return self.right(**arguments) if callable(self.right) else self.right


@dataclass(frozen=True)
class Route:
    """A door at its address."""

    pattern: str
    name: str
    door: Door | None
    view: Callable[..., HttpResponse]
    arguments: tuple[str, ...]

    @property
    def feeds(self) -> dict[str, str]:
        """Argument -> object that feeds it; empty text where nobody has said."""
        known = {"slug": "institutions.Institution.slug"} | (self.door.feeds if self.door else {})
        return {name: known.get(name, "") for name in self.arguments}


def door(
    *methods: str, to: Audience = Audience.MEMBER, right: Right | None = None, limit: str = "", **feeds: str
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """The view answers these methods only, to this audience, to members holding `right`, as often as `limit` allows.

    A member's door without a right asks for `institution:read`, which every role holds. A program's door takes a token in
    place of the session, so that no other site's page can act through it, always has a limit, and is a view of REST framework
    (see portal/api.py). Raises: KeyError for a limit that is not in limits.FEATURES, when the module is loaded. Source: E2.8, E11.52, E13.59.
    """
    if limit and limit not in limits.FEATURES:
        raise KeyError(limit)
    if to in (Audience.MEMBER, Audience.API):
        right = right or Permission.INSTITUTION_READ
    if to is Audience.API:
        limit = limit or "api"
    allowed = (*methods, "HEAD") if "GET" in methods else methods
    declared = Door(allowed, to, right, feeds, limit)

    def declare(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        if to is Audience.API:
            view = api_view(methods)(view)

        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method not in allowed:
                return errors.page(request, 405, Allow=", ".join(allowed))
            needed = declared.needs(**kwargs)
            if needed is not None:
                actor_of(request).require(needed, actor_of(request).institution_id)
            if limit and limits.is_use(limit, request):
                wait = limits.limit(limit, request, subject=_account(request) if to in BY_SESSION else "")
                if wait:
                    return limits.refused(request, wait)
            # A view that takes whatever is no GET for a POST would act on a HEAD, which carries no token against forgery.
            sent, request.method = request.method, "GET" if request.method == "HEAD" else request.method
            try:
                return view(request, *args, **kwargs)
            finally:
                request.method = sent

        guarded.door = declared
        if to is Audience.API:
            guarded.csrf_exempt = True
        return guarded

    return declare


def _account(request: HttpRequest) -> str:
    """Who is signed in at a door before which no membership is proven. Public pages and programs open no session."""
    return str(getattr(getattr(request, "user", None), "pk", None) or "")


@checks.register
def every_address_has_a_door(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """No address is served that does not say whom it is for. Source: E2.8."""
    return [
        checks.Error(f"{route.pattern} leads to a view without @door.", id="portal.E001")
        for route in routes()
        if route.door is None
    ]


def others_who_open(actor: Actor, url: str) -> str:
    """The roles before whom the address opens, where it stays shut for this member; "" where the member may enter."""
    try:
        found = resolve(url.partition("?")[0].partition("#")[0])
    except Resolver404:
        return ""
    declared = getattr(found.func, "door", None)
    needed = declared.needs(**found.kwargs) if declared else None
    if needed is None or actor.may(needed):
        return ""
    return "、".join(str(ROLE_TITLES[role]) for role in INSTITUTION_ROLES if needed in GRANTS[role])


def routes() -> Iterator[Route]:
    """Every address of the portal in the order of the URL configuration."""
    yield from _walk(get_resolver(), "/", "")


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            name = f"{namespace}{entry.name}" if entry.name else ""
            arguments = tuple(_arguments(pattern))
            yield Route(pattern, name, getattr(entry.callback, "door", None), entry.callback, arguments)
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, pattern, inner)


def _arguments(pattern: str) -> Iterator[str]:
    for piece in pattern.split("<")[1:]:
        yield piece.partition(">")[0].rpartition(":")[2]
