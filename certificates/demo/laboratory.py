"""One institution of the demonstration: who works there, what it may do, what it measures with.

Rows come from verbs where there are verbs: accounts are invited and accepted, traceability is recorded by the one
who keeps the equipment. What has no verb is stored as it stands in the plan.
"""

import json
import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from faker import Faker
from stdnum.cn import uscc

from certificates.models import Procedure
from equipment import workflow as equipment
from equipment.models import Equipment, MeasurementStandard, StandardPart
from institutions import identity, second_factor
from institutions import workflow as accounts
from institutions.access import actor_in
from institutions.models import (
    Authorisation,
    Customer,
    Employment,
    Institution,
    Invitation,
    Method,
    MethodAdoption,
    Person,
    Qualification,
    ScopeItem,
    Site,
    User,
)
from orders import workflow as orders
from portal import stepup
from portal.actors import Actor
from portal.clock import CHINA
from portal.models import StepUp
from portal.permissions import SECOND_FACTOR_ROLES, Permission

PASSWORD = "chengliang-demo"
PROCEDURE = Path(__file__).parent.parent / "procedures" / "pressure_gauge_general.json"

FIRST_DAYS = 1500  # how long ago everybody came and was authorised
YEARS_OF_TRACES = 3
PERIOD = timedelta(days=365)


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


def furnish(lab: Laboratory) -> None:
    """The institution has everything that certificates rest on. Needs the scope of the institution."""
    plan = lab.plan
    lab.sites = [lab.store(Site, **site) for site in plan["sites"]]
    _people(lab)
    _qualifications(lab)
    _equipment(lab)
    definition = json.loads(PROCEDURE.read_text(encoding="utf-8"))
    lab.procedure = lab.store(
        Procedure, state=Procedure.State.APPROVED, code=definition["code"], version=1, title=definition["title"],
        method=Method.objects.get(code=definition["method"]), definition=definition,
        approved_by=lab.employments[f"{lab.prefix}-technical"],
    )  # fmt: skip
    for customer in plan["customers"]:
        blank = Customer(institution=lab.institution, contact=lab.says("设备科"), **customer)
        lab.customers.append(orders.add_customer(blank, actor=lab.actor("reception"), at=lab.now))


def _people(lab: Laboratory) -> None:
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
            staff_number=f"{lab.institution.short_code}{number:03d}",
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


def _qualifications(lab: Laboratory) -> None:
    """What the institution is qualified for, by which methods, and within which limits."""
    plan, methods = lab.plan, {method.code: method for method in Method.objects.all()}
    qualifications = []
    for row in plan["qualifications"]:
        days = {"valid_from": lab.day(row["from"]), "valid_until": lab.day(row.get("until"))}
        named = {name: row[name] for name in ("kind", "number", "issuer")}
        qualifications.append(lab.store(Qualification, **named, **days))
    for row in plan["scope"]:
        qualification = qualifications[row["qualification"]]
        lab.store(
            ScopeItem, qualification=qualification, site=lab.sites[row.get("site", 0)],
            method=methods[row["method"]], instrument=row["instrument"], measurand=row["measurand"],
            field=row["field"], range_low=row["low"], range_high=row["high"], unit=row["unit"],
            cmc_constant=row["a"], cmc_slope=row.get("b", "0"), valid_from=qualification.valid_from,
        )  # fmt: skip
    for row in plan["methods"]:
        lab.store(
            MethodAdoption, method=methods[row["code"]], site=lab.sites[row.get("site", 0)],
            verified_on=lab.day(row["verified"]), verified_by=lab.employments[f"{lab.prefix}-technical"],
        )  # fmt: skip


def _equipment(lab: Laboratory) -> None:
    """Every piece of equipment with its traceability of some years, and the measurement standards made of them."""
    for row in lab.plan["equipment"]:
        values = {
            "role": row["role"], "asset_number": row["asset"], "name": row["name"], "model": row["model"],
            "serial_number": row["serial"], "manufacturer": row["maker"], "site": lab.sites[row.get("site", 0)],
            "range_text": row["range"], "range_low": _figure(row, "low"), "range_high": _figure(row, "high"),
            "unit": row["unit"], "accuracy": row["accuracy"], "obsolete": row.get("obsolete", False),
        }  # fmt: skip
        piece = equipment.register(values, actor=lab.actor("metrology"), at=lab.now)
        at = _trace(lab, piece, row)
        if not piece.obsolete:
            reason = lab.says("溯源证书已计量确认，通电核查正常，投入使用")
            piece = equipment.return_to_use(piece, reason, actor=lab.actor("metrology"), at=at)
        lab.equipment[row["asset"]] = piece
    for row in lab.plan["standards"]:
        standard = lab.store(
            MeasurementStandard, kind=row["kind"], code=row["code"], name=row["name"],
            site=lab.sites[row.get("site", 0)], range_text=row["range"], accuracy=row["accuracy"],
            assessment_certificate=row["certificate"], assessed_by=lab.says("省级市场监管部门（示）"),
            assessed_on=lab.day(row["from"]), assessed_until=lab.day(row["until"]),
            responsible=lab.employments[f"{lab.prefix}-technical"],
        )  # fmt: skip
        for asset in row["parts"]:
            lab.store(StandardPart, standard=standard, equipment=lab.equipment[asset])
        lab.standards[row["code"]] = standard


def _figure(row: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(row[name]) if name in row else None


def _trace(lab: Laboratory, piece: Equipment, row: dict[str, Any]) -> datetime:
    """The piece was sent away once a year, and each certificate was confirmed a few days later.

    Returns: when the newest one was recorded.
    """
    figures = {}
    if "U" in row:
        figures = {"expanded_uncertainty": row["U"], "coverage_factor": "2", "uncertainty_unit": row["unit"]}
    for age in reversed(range(YEARS_OF_TRACES)):
        until = lab.day(row["until"]) - age * PERIOD
        calibrated = until - PERIOD + timedelta(days=1)
        confirmed = min(calibrated + timedelta(days=4), lab.day(0))
        values = {
            "certificate_number": lab.says(f"SL{calibrated:%Y}-{row['asset'].replace('-', '')}"),
            "issuer": lab.says("省级计量科学研究院（示）"),
            "calibrated_on": calibrated,
            "valid_until": until,
            "confirmed_by": lab.employments[f"{lab.prefix}-metrology"],
            "confirmed_on": confirmed,
        }
        at = min(instant(confirmed, 15), lab.now)
        equipment.trace(piece, values | figures, None, actor=lab.actor("metrology"), at=at)
    return at
