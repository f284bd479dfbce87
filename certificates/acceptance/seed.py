"""Three laboratories of their own, with everybody's sign-in and objects in every state, marked in every text.

The plans are those of the demonstration. Every text gets the caller's prefix and the laboratory's letter in front, so
that whoever finds "STRANGEA…" on a page of laboratory B has found a leak. A mark of two or three letters is no proof:
codes drawn at random spell it by chance.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stdnum.cn import uscc

from certificates.demo import pledging, registers, stories, world
from certificates.demo.furnishing import furnish
from certificates.demo.laboratory import Laboratory
from certificates.models import Certificate, Procedure, RawRecord
from commitments.models import Commitment, CommitmentWithdrawal, Remediation
from equipment.models import Equipment, MeasurementStandard, Traceability
from institutions import catalogue, second_factor
from institutions.models import (
    Authorisation,
    Customer,
    Employment,
    Institution,
    Membership,
    Qualification,
    ScopeItem,
    Site,
    User,
)
from orders.models import Item
from portal import codes, outbox
from portal.clock import CHINA
from portal.permissions import SECOND_FACTOR_ROLES, Role
from portal.tenancy import scope, tenant

PREFIX = re.compile(r"[A-Za-z0-9]{2,8}")
REGION = "4403"
# Plan keys whose texts a reader sees. Everything else is a figure, a reference to a method, or one of our own words.
MARKED = {
    "name", "name_en", "address", "address_en", "phone", "complaint_phone", "number", "issuer", "asset", "model",
    "serial", "maker", "range", "code", "certificate", "parts", "standard", "quarantine", "out_of_use", "reason",
}  # fmt: skip
# The code of a method is no text of the laboratory; the rest is marked where it is written into columns.
UNTOUCHED = {"methods", "sites", "registers", "authorisations", "readings", "qualifications", "scope", "pledges"}
OBJECTS = (
    Certificate, RawRecord, Procedure, Item, Equipment, MeasurementStandard, Traceability, Qualification, ScopeItem,
    Employment, Authorisation, Site, Customer, Membership, Commitment, CommitmentWithdrawal, Remediation,
)  # fmt: skip


@dataclass(frozen=True)
class SignIn:
    """Who can sign in, and with what."""

    username: str
    password: str
    totp_secret: str
    roles: list[str]
    institution: str


def seed(prefix: str, now: datetime) -> dict[str, Any]:
    """Three laboratories and their regulator are there, with PDFs and public pages. Returns: what the command prints.

    Raises: ValueError for a prefix that is not 2 to 8 letters and digits, or one that has been used before.
    """
    if not PREFIX.fullmatch(prefix):
        raise ValueError("the prefix is 2 to 8 letters and digits")
    if Institution.objects.filter(slug=f"{prefix}a".lower()).exists():
        raise ValueError(f"{prefix} has been seeded before; take another prefix")
    catalogue.load()
    regulator, oversees = _regulator(prefix)
    pledging.lay_down(regulator, now.astimezone(CHINA).date())
    labs, signs = [], []
    for letter, plan_name in zip("abc", world.SLUGS, strict=True):
        lab, people = _laboratory(f"{prefix}{letter.upper()}", plan_name, now, regulator)
        labs.append(lab)
        signs += people
    signs.append(oversees)
    outbox.drain()
    for lab in labs:
        with tenant(lab.institution.pk):
            stories.void_what_must_be(lab)
    outbox.drain()
    return {
        "prefix": prefix,
        "institutions": [_described(lab) for lab in labs],
        "sign_ins": [vars(sign) for sign in signs],
    }


def _laboratory(mark: str, plan_name: str, now: datetime, regulator: User) -> tuple[Laboratory, list[SignIn]]:
    plan = tomllib.loads((world.HERE / f"{plan_name}.toml").read_text(encoding="utf-8"))
    plan["registers"] = registers.rows_of(plan_name)
    short = mark.lower()
    old = plan["short_code"].lower()
    plan = marked(plan, mark)
    plan |= {"slug": short, "short_code": _short_code(mark), "credit_code_without_check_digit": _credit_code(mark)}
    for person in plan["people"]:
        person["login"] = person["login"].replace(f"{old}-", f"{plan['short_code'].lower()}-", 1)
    for story in plan["stories"]:
        for role in ("operator", "signatory"):
            if role in story:
                story[role] = story[role].replace(f"{old}-", f"{plan['short_code'].lower()}-", 1)
    with scope():
        lab = Laboratory(plan, now, _institution(plan), mark=mark)
        with tenant(lab.institution.pk):
            furnish(lab)
            stories.tell(lab)
            pledging.tell(lab, regulator)
            people = [_sign_in(membership.user, membership.roles, short) for membership in _members(lab)]
    return lab, people


def marked(value: Any, mark: str, key: str = "") -> Any:
    """The plan with the mark in front of every text a reader sees; the same text becomes the same everywhere."""
    if isinstance(value, dict):
        return value if key in UNTOUCHED else {name: marked(inner, mark, name) for name, inner in value.items()}
    if isinstance(value, list):
        return value if key in UNTOUCHED else [marked(inner, mark, key) for inner in value]
    return f"{mark}{value}" if key in MARKED and isinstance(value, str) and value else value


def _institution(plan: dict[str, Any]) -> Institution:
    columns = (
        "slug", "name", "name_en", "short_code", "region_code", "address", "address_en", "postcode", "phone",
        "complaint_phone",
    )  # fmt: skip
    code = plan["credit_code_without_check_digit"]
    return Institution.objects.create(
        credit_code=code + uscc.calc_check_digit(code), **{name: plan[name] for name in columns}
    )


def _short_code(mark: str) -> str:
    """Up to eight capitals and digits that no other mark gets: the mark itself, or its end behind a digest."""
    return mark.upper() if len(mark) <= 8 else hashlib.sha256(mark.encode()).hexdigest()[:7].upper() + mark[-1].upper()


def _credit_code(mark: str) -> str:
    figures = int(hashlib.sha256(mark.encode()).hexdigest(), 16) % 10**9
    return f"91440390{figures:09d}"


def _members(lab: Laboratory) -> Any:
    active = Membership.objects.filter(institution=lab.institution, state=Membership.State.ACTIVE)
    return active.select_related("user").order_by("pk")


def _sign_in(user: User, roles: list[str], institution: str) -> SignIn:
    """The user's password and second factor are these, stable for the prefix and known to nobody else."""
    password = f"Aa1-{user.username}-{second_factor.stable_secret(user.username)[:12]}"
    user.set_password(password)
    user.save(update_fields=["password"])
    secret = second_factor.enrol_by_command(user) if SECOND_FACTOR_ROLES.intersection(roles) else ""
    return SignIn(user.username, password, secret, list(roles), institution)


def _regulator(prefix: str) -> tuple[User, SignIn]:
    with scope():
        user = User.objects.create_user(f"{prefix}-regulator".lower(), name=f"{prefix}监管人员")
        with scope(user_id=user.pk, appoints=True):
            Membership.objects.create(institution=None, user=user, roles=[Role.REGULATOR], region_code=REGION)
    return user, _sign_in(user, [Role.REGULATOR], REGION)


def _described(lab: Laboratory) -> dict[str, Any]:
    """The laboratory and its objects: for each model the random names by which addresses know them."""
    with tenant(lab.institution.pk):
        certificates = [
            {
                "ref": row.ref, "state": row.state, "kind": row.kind, "number": row.number, "token": row.token,
                "verification_code": row.verification_code, "pdf_sha256": row.pdf_sha256,
                "url": codes.address(row.token) if row.token else "",
            }
            for row in Certificate.objects.filter(institution=lab.institution).order_by("pk")
        ]  # fmt: skip
        objects = {
            model._meta.label: list(
                model.objects.filter(institution=lab.institution).order_by("pk").values_list("ref", flat=True)
            )
            for model in OBJECTS
        }
    return {
        "slug": lab.institution.slug, "name": lab.institution.name, "mark": lab.mark, "objects": objects,
        "certificates": certificates,
    }  # fmt: skip
