"""One institution of the demonstration: who works there, what it may do, what it measures with.

Rows come from verbs where there are verbs: accounts are invited and accepted, traceability is recorded by the one
who keeps the equipment. What has no verb is stored as it stands in the plan.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from faker import Faker
from stdnum.cn import uscc

from certificates.models import Procedure
from equipment.models import Equipment, MeasurementStandard
from institutions import identity, second_factor
from institutions import workflow as accounts
from institutions.access import actor_in
from institutions.models import (
    Authorisation,
    Customer,
    Employment,
    Institution,
    Invitation,
    Person,
    Site,
    User,
)
from portal import stepup
from portal.actors import Actor
from portal.clock import CHINA
from portal.models import StepUp
from portal.permissions import ROLE_TITLES, SECOND_FACTOR_ROLES, Permission

PASSWORD = "chengliang-demo"

FIRST_DAYS = 1500  # how long ago everybody came and was authorised


@dataclass
class Laboratory:
    """An institution while it is being made; `now` is the instant its days are counted from."""

    plan: dict[str, Any]
    now: datetime
    institution: Institution
    sites: list[Site] = field(default_factory=list)
    employments: dict[str, Employment] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    equipment: dict[str, Equipment] = field(default_factory=dict)
    standards: dict[str, MeasurementStandard] = field(default_factory=dict)
    customers: list[Customer] = field(default_factory=list)
    procedure: Procedure | None = None
    # Rows of registers by the names that the plan gives them.
    named: dict[str, Any] = field(default_factory=dict)
    # Stands in front of every text that is written here and not in the plan.
    mark: str = ""

    def says(self, text: str) -> str:
        """The text under this laboratory's mark."""
        return f"{self.mark}{text}" if text else text

    def day(self, offset: int | None) -> date | None:
        """The day so many days from now; None stays None."""
        return None if offset is None else self.now.astimezone(CHINA).date() + timedelta(days=offset)

    def actor(self, role: str) -> Actor:
        """The institution's first person in this role: "yt-operator" for "operator"."""
        return self.actors[f"{self.prefix}-{role}"]

    @property
    def prefix(self) -> str:
        """How the institution's login names begin."""
        return self.institution.short_code.lower()

    def store(self, table: type, **values: Any) -> Any:
        """A new row of the institution. Returns: the row."""
        return table.objects.create(institution=self.institution, **values)

    def environment(self, site: Site) -> Equipment:
        """The first thermo-hygrometer of the site."""
        pieces = (e for e in self.equipment.values() if e.role == Equipment.Role.ENVIRONMENT and e.site_id == site.pk)
        return next(pieces)


def instant(day: date, hour: int, minute: int = 0) -> datetime:
    """The instant at this time of the day in China."""
    return datetime.combine(day, time(hour, minute), CHINA)


def institution(plan: dict[str, Any]) -> Institution:
    """The institution exists, with a credit code whose check digit is right. Source: GB 32100-2015."""
    columns = (
        "slug", "name", "name_en", "short_code", "region_code", "address", "address_en", "postcode", "phone",
        "complaint_phone",
    )  # fmt: skip
    code = plan["credit_code_without_check_digit"]
    return Institution.objects.create(
        credit_code=code + uscc.calc_check_digit(code), **{name: plan[name] for name in columns}
    )


def employ(lab: Laboratory) -> None:
    """Everybody of the plan is employed, authorised, and has an account."""
    names, chance = Faker("zh_CN"), random.Random(lab.institution.slug)
    names.seed_instance(lab.institution.slug)
    opener = Actor(
        name="system:demo", institution_id=lab.institution.pk, permissions=frozenset({Permission.MEMBER_INVITE})
    )
    house = sum(lab.institution.slug.encode()) % 20 * 50  # nobody has the number of somebody of another laboratory
    keeper = Actor(
        name="system:demo", institution_id=lab.institution.pk, permissions=frozenset({Permission.PERSON_IDENTIFY})
    )
    for number, person in enumerate(lab.plan["people"], start=1):
        birth = lab.day(-365 * person.get("age", 37) - chance.randrange(30, 300))
        employment = lab.store(
            Employment, person=Person.objects.create(), name=lab.says(_new_name(names, chance, lab)), birth_date=birth,
            staff_number=f"{lab.institution.short_code}{number:03d}", is_technical=bool(person.get("grants")),
            post=lab.says(str(ROLE_TITLES[person["roles"][0]])),
            started_on=lab.day(-FIRST_DAYS - chance.randrange(900)),
        )  # fmt: skip
        employment = identity.set_identity(
            employment, identity.fictional_id_number(birth, house + number), "", actor=keeper, at=lab.now
        )
        lab.employments[person["login"]] = employment
        for field_ in person.get("fields", ()):
            for grant in person["grants"]:
                lab.store(
                    Authorisation, employment=employment, role=grant, field=field_,
                    certificate_number=lab.says(f"授〔2023〕{number:02d}"), valid_from=lab.day(-FIRST_DAYS),
                    valid_until=lab.day(person.get("until", 540 + 10 * number)),
                )  # fmt: skip
        for post in person.get("posts", ()):
            lab.store(
                Authorisation, employment=employment, role=post, basis=lab.says("任命文件；从事本专业十年以上"),
                certificate_number=lab.says(f"任〔2023〕{number:02d}"), valid_from=lab.day(-FIRST_DAYS),
            )  # fmt: skip
        lab.actors[person["login"]] = account(
            lab.institution, person["login"], person["roles"], employment=employment, opener=opener, at=lab.now
        )


def _new_name(names: Faker, chance: random.Random, lab: Laboratory) -> str:
    """A name that nobody in the institution has yet."""
    taken = {employment.name for employment in lab.employments.values()}
    while lab.says(name := chance.choice((names.name_female, names.name_male))()) in taken:
        pass
    return name


def account(
    lab: Institution, login: str, roles: list[str], *, employment: Employment, opener: Actor, at: datetime
) -> Actor:
    """The person was invited, has accepted, and can sign in. Returns: the person as the portal's pages know it."""
    invitation = accounts.invite(
        email=f"{login}@{lab.slug}.example", name=employment.name, roles=roles, employment=employment,
        actor=opener, at=at,
    )  # fmt: skip
    user = accounts.accept(invitation, username=login, password=None, at=at)
    user.password = hashed_password()
    user.save(update_fields=["password"])
    if SECOND_FACTOR_ROLES.intersection(roles):
        second_factor.enrol_by_command(user)
    return actor_in(user, lab)


@cache
def hashed_password() -> str:
    """The hash of the one password of the demonstration. Made once: for every account it would take longest of all."""
    return make_password(PASSWORD)


def second_membership(lab: Laboratory, login: str, roles: list[str]) -> None:
    """The account, made elsewhere, also belongs to this institution, without an employment in it."""
    user, administrator = User.objects.get(username=login), lab.actor("admin")
    stepup.grant(
        administrator.user_id, "invitation.invite", Invitation(institution=lab.institution),
        sha256=accounts.offer_digest(user.email, roles, None), method=StepUp.Method.COMMAND,
    )  # fmt: skip
    invitation = accounts.invite(
        email=user.email, name=user.name, roles=roles, employment=None, actor=administrator, at=lab.now
    )
    with accounts.ACCEPT.applied_to(invitation, actor=accounts.DOORKEEPER, at=lab.now) as invitation:
        invitation.user = user
    accounts.join(user, invitation, at=lab.now)
