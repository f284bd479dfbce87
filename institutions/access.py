"""Who a signed-in user is inside an institution: proven from memberships, never from anything a request says."""

from django.db import connection

from portal.actors import Actor
from portal.permissions import REGULATORS_RIGHTS, Permission, Role, granted

from .models import Institution, Membership, User


def actor_in(user: User, institution: Institution) -> Actor | None:
    """The user as a member of the institution, as a regulator of its region, or None.

    Needs a database scope with this institution and this user.
    """
    return actor_and_memberships(user, institution)[0]


def actor_and_memberships(user: User, institution: Institution) -> tuple[Actor | None, list[Membership]]:
    """`actor_in` and `memberships_of` by one query. Needs a database scope with this institution and this user."""
    known = Membership.objects.filter(user=user, state=Membership.State.ACTIVE)
    memberships = list(known.select_related("employment", "institution").order_by("institution__name"))
    return _acting(user, institution, memberships), [one for one in memberships if one.institution_id is not None]


def _acting(user: User, institution: Institution, memberships: list[Membership]) -> Actor | None:
    for membership in memberships:
        if membership.institution_id == institution.pk:
            employment = membership.employment
            return Actor.member(
                # The institution answers for the names on its papers; what another one called the account does not count.
                name=employment.name if employment else user.name,
                user_id=user.pk,
                person_id=employment.person_id if employment else None,
                employment_id=membership.employment_id,
                institution_id=institution.pk,
                roles=membership.roles,
            )
    regions = tuple(m.region_code for m in memberships if m.institution_id is None)
    if any(institution.region_code.startswith(region) for region in regions):
        return Actor.member(
            name=user.name, user_id=user.pk, institution_id=institution.pk, roles=[Role.REGULATOR], regions=regions
        )
    return None


def regulator_actor(user: User) -> Actor | None:
    """The user as a regulator at large, for pages across institutions. Needs a scope with this user."""
    regions = tuple(
        Membership.objects.filter(user=user, institution=None, state=Membership.State.ACTIVE)
        .order_by("region_code")
        .values_list("region_code", flat=True)
    )
    if not regions:
        return None
    return Actor.member(name=user.name, user_id=user.pk, roles=[Role.REGULATOR], regions=regions)


def memberships_of(user: User) -> list[Membership]:
    """The institutions this user can switch between. Needs a scope with this user."""
    return list(
        Membership.objects.filter(user=user, state=Membership.State.ACTIVE)
        .exclude(institution=None)
        .select_related("institution")
        .order_by("institution__name")
    )


def still_holds(user_id: int, institution_id: int | None, permission: Permission) -> bool:
    """Whether the account is open and a membership grants the right; both stay as they are until the commit.

    A regulator of the institution's region holds a regulator's rights in it. Needs a scope with this institution, or
    with this user for rights beyond institutions. Source: E2.10.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.roles FROM institutions_membership m JOIN institutions_user u ON u.id = m.user_id "
            "WHERE m.user_id = %s AND m.institution_id IS NOT DISTINCT FROM %s AND m.state = 'active' "
            "AND u.is_active AND u.frozen_at IS NULL FOR SHARE OF m, u",
            [user_id, institution_id],
        )
        if any(permission in granted(roles) for (roles,) in cursor.fetchall()):
            return True
        if institution_id is None or permission not in REGULATORS_RIGHTS:
            return False
        cursor.execute("SELECT regulator_of(%s, %s)", [user_id, institution_id])
        return cursor.fetchone()[0]
