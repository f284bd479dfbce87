"""The left navigation. Apps register their items in `ready()`; only pages that work have one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise

from .actors import Actor
from .permissions import Permission, Role
from .routes import Audience

# Groups in the order of the day's work. Regulators have one of their own, on top.
GROUPS = ("监管", "今日", "业务", "证书", "资源", "诚信", "改进", "设置")


@dataclass(frozen=True)
class Item:
    """One line of the navigation.

    `group` is one of GROUPS, `icon` a name of the sprite. Members' pages are reversed with the institution's slug.
    `count` is what waits behind the item, or None for no figure; it runs on every page, so it is one short query.
    """

    group: str
    title: str | Promise
    url_name: str
    icon: str
    order: int
    permission: Permission | None = None
    count: Callable[[Actor], int | None] | None = None
    audience: Audience = Audience.MEMBER


ITEMS: dict[str, Item] = {}
# What a member's address begins with after the slug -> the item under which it is found, though its address is another.
HOMES: dict[str, str] = {}


def register(item: Item) -> None:
    """The item is in the navigation of everybody it is for. Raises: ValueError for an unknown group."""
    if item.group not in GROUPS:
        raise ValueError(f"{item.group} is no group of the navigation")
    ITEMS[item.url_name] = item


def navigation(actor: Actor, slug: str, path: str) -> list[dict[str, Any]]:
    """Groups with their items as templates/base.html shows them; the item of the open page is marked `current`.

    `slug` is empty outside an institution. The deepest item whose address begins the path counts as open.
    """
    items = shown(actor, slug)
    homes = {f"/i/{slug}/", "/o/"}
    current = _home_of(slug, path) or max(
        (url for _, url in items if path == url or url not in homes and path.startswith(url)), key=len, default=""
    )
    groups: dict[str, list[dict[str, Any]]] = {}
    for item, url in items:
        groups.setdefault(item.group, []).append(
            {
                "title": item.title,
                "url": url,
                "icon": item.icon,
                "count": item.count(actor) if item.count else None,
                "current": url == current,
            }
        )
    return [{"title": title, "items": listed} for title, listed in groups.items()]


def _home_of(slug: str, path: str) -> str:
    """The address of the item under which the path is found, or ""."""
    known = (name for part, name in HOMES.items() if path.startswith(f"/i/{slug}/{part}"))
    return next((reverse(name, args=[slug]) for name in known), "")


def shown(actor: Actor, slug: str) -> list[tuple[Item, str]]:
    """The items this actor has, in their order, each with its address. No query."""
    return [
        (item, reverse(item.url_name, args=[slug] if item.audience is Audience.MEMBER else []))
        for item in sorted(ITEMS.values(), key=lambda item: (GROUPS.index(item.group), item.order))
        if _is_for(item, actor, slug)
    ]


def _is_for(item: Item, actor: Actor, slug: str) -> bool:
    if item.audience is Audience.REGULATOR:
        return Role.REGULATOR in actor.roles
    return bool(slug) and (item.permission is None or actor.may(item.permission))
