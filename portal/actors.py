"""Who acts, for which institution, with which rights."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied

from .permissions import ROLE_TITLES, Permission, Role, granted


@dataclass(frozen=True)
class Actor:
    """Who acts. Never None: a task is an actor, and so is the public.

    `person_id` is the portal-wide identity behind the account: a person with two accounts is one person.
    `token_id`: the key by which a program acts for an institution, without a user.
    `regions` are the region codes a regulator answers for; `sees_all` belongs to system actors only. `found_out` keeps,
    for as long as this actor lives, one request or one task, what several parts of a page would each ask the database.
    """

    name: str
    user_id: int | None = None
    person_id: int | None = None
    employment_id: int | None = None
    token_id: int | None = None
    institution_id: int | None = None
    roles: tuple[Role, ...] = ()
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    regions: tuple[str, ...] = ()
    sees_all: bool = False
    found_out: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def member(cls, *, roles, **kwargs) -> "Actor":
        """An actor with exactly the rights its roles grant."""
        roles = tuple(Role(role) for role in roles)
        return cls(roles=roles, permissions=granted(roles), **kwargs)

    @classmethod
    def system(cls, name: str, *permissions: Permission) -> "Actor":
        """A named part of the portal with just the rights it needs, in every institution."""
        return cls(name=f"system:{name}", permissions=frozenset(permissions), sees_all=True)

    def may(self, permission: Permission, institution_id: int | None = None) -> bool:
        """Whether this actor holds the right, in this institution when one is named."""
        here = institution_id is None or self.sees_all or self.institution_id == institution_id
        return permission in self.permissions and here

    def require(self, permission: Permission, institution_id: int | None) -> None:
        """Passes when the actor holds the right there. Raises: PermissionDenied."""
        if not self.may(permission, institution_id):
            raise PermissionDenied(f"{self.name} lacks {permission}")

    @property
    def role_titles(self) -> str:
        return "、".join(str(ROLE_TITLES[role]) for role in self.roles)


PUBLIC = Actor(name="public")


def actor_of(request) -> Actor:
    """The actor the middleware proved for this request; the public when it proved none."""
    return getattr(request, "actor", PUBLIC)
