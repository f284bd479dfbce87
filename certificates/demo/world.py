"""All laboratories of the demonstration, its regulators, and what to tell somebody who wants to look around."""

import tomllib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from certificates.models import Certificate
from commitments.models import DirectoryEntry
from institutions import catalogue, second_factor
from institutions.access import actor_in
from institutions.models import Institution, Membership, User
from portal import codes, outbox, scan_units, standing
from portal.clock import CHINA
from portal.permissions import ROLE_TITLES, Role
from portal.scan import WORDS
from portal.tenancy import scope, tenant

from . import developments, keeping, pledging, registers, stories
from .furnishing import furnish
from .laboratory import PASSWORD, Laboratory, hashed_password, institution, second_membership

HERE = Path(__file__).parent
SLUGS = ("yunting", "qiheng", "mingche")
REGULATORS = (
    # login, name, region: the first digits of the region codes it answers for
    ("city", "市级监管人员（示）", "4403"),
    ("province", "省级监管人员（示）", "44"),
)
# One account in two institutions, to switch between.
IN_TWO = ("qh-admin", "mingche", [Role.ADMINISTRATOR])
# Who works here, and which laboratory has tried to employ them as well.
TWO_EMPLOYERS = ("yunting", "operator5", "mingche")
EVALUATED_DAYS_AGO = (30,)
SHOWN = ("valid", "due", "void")


@dataclass(frozen=True)
class Login:
    """Somebody who can sign in."""

    login: str
    password: str
    name: str
    role: str
    institution: str
    second_factor: bool


@dataclass(frozen=True)
class Link:
    """A certificate to scan: its state today, the address in its QR code, what is printed beside it."""

    state: str
    word: str
    url: str
    number: str
    verification_code: str


@dataclass(frozen=True)
class Pledge:
    """The 单位码 of an institution to scan: what its pledge is worth today, and the address in the code."""

    state: str
    word: str
    url: str
    institution: str


@dataclass(frozen=True)
class Report:
    """What the command prints."""

    logins: list[Login]
    links: list[Link]
    pledges: list[Pledge]

    def as_json(self) -> dict[str, Any]:
        """The report as plain data, with the certificate to try by number and code."""
        verify = self.links[0] if self.links else None
        return {
            "site_url": settings.SITE_URL,
            "password": PASSWORD,
            "logins": [asdict(login) for login in self.logins],
            "links": [asdict(link) for link in self.links],
            "pledges": [asdict(pledge) for pledge in self.pledges],
            "directory": settings.SITE_URL + reverse("commitments:directory"),
            "verify": verify and {
                "url": settings.SITE_URL + reverse("portal:verify"),
                "number": verify.number,
                "verification_code": verify.verification_code,
            },
        }  # fmt: skip


def build(now: datetime) -> Report:
    """The demonstration is there, its PDFs rendered and its codes published; what was there already stays untouched.

    Each laboratory is made in one transaction: whole or not at all.
    """
    catalogue.load()
    city = _regulators()
    pledging.lay_down(city, now.astimezone(CHINA).date())
    labs = [_laboratory(slug, now, city) for slug in SLUGS]
    employer, who, tempted = TWO_EMPLOYERS
    if labs[SLUGS.index(tempted)].actors:  # made in this run; an older demonstration may not know the person
        two_employers(labs[SLUGS.index(employer)], who, labs[SLUGS.index(tempted)])
    outbox.drain()
    for lab in labs:
        with tenant(lab.institution.pk):
            if not lab.actors:
                lab.actors[f"{lab.prefix}-quality"] = _actor(lab, "quality")
            stories.void_what_must_be(lab)
    return Report(list(_logins(labs)), list(_links(labs[0].institution, now)), list(_pledges(now)))


def _plan(slug: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{slug}.toml").read_text(encoding="utf-8"))


def _laboratory(slug: str, now: datetime, city: User) -> Laboratory:
    plan = _plan(slug)
    if known := Institution.objects.filter(slug=slug).first():
        return Laboratory(plan, now, known)
    plan["registers"] = registers.rows_of(slug)
    with scope():
        made = institution(plan)
        lab = Laboratory(plan, now, made)
        with tenant(made.pk):
            furnish(lab)
            stories.tell(lab)
            pledging.tell(lab, city)
            if slug == SLUGS[0]:
                keeping.keep(lab)
            login, where, roles = IN_TWO
            if where == slug:
                second_membership(lab, login, roles)
    return lab


def look_back(today: date) -> None:
    """How the institutions stood against every clause on some earlier days is on record, so that there is a history.

    Who has been evaluated before keeps the history there is.
    """
    for evaluated in Institution.objects.filter(slug__in=SLUGS).order_by("pk"):
        with tenant(evaluated.pk):
            known = standing.latest(evaluated)
        for days in () if known else EVALUATED_DAYS_AGO:
            standing.store(evaluated, today - timedelta(days))


def care_for_alerts(now: datetime) -> None:
    """In the first laboratory people have done something about their reminders; a second time changes nothing."""
    lab = Laboratory(_plan(SLUGS[0]), now, Institution.objects.get(slug=SLUGS[0]))
    with tenant(lab.institution.pk):
        for role in ("quality", "technical", "checker"):
            lab.actors[f"{lab.prefix}-{role}"] = _actor(lab, role)
        developments.care_for_alerts(lab)


def two_employers(employer: Laboratory, who: str, tempted: Laboratory) -> None:
    """The second laboratory has tried to employ somebody of the first; both regulators can see the pair."""
    login = f"{employer.prefix}-{who}"
    with tenant(employer.institution.pk):
        membership = Membership.objects.select_related("employment").get(
            institution=employer.institution, user__username=login
        )
    with tenant(tempted.institution.pk):
        developments.try_to_employ(tempted, membership.employment)


def _actor(lab: Laboratory, role: str):
    return actor_in(User.objects.get(username=f"{lab.prefix}-{role}"), lab.institution)


def _regulators() -> User:
    """The regulators have their accounts; a regulator belongs to a region, not to an institution. Returns: that of the city."""
    for login, name, region in REGULATORS:
        if User.objects.filter(username=login).exists():
            continue
        with scope():
            user = User.objects.create_user(login, name=name)
            user.password = hashed_password()
            user.save(update_fields=["password"])
            second_factor.enrol_by_command(user)
            with scope(user_id=user.pk, appoints=True):
                Membership.objects.create(institution=None, user=user, roles=[Role.REGULATOR], region_code=region)
    return User.objects.get(username=REGULATORS[0][0])


def _logins(labs: list[Laboratory]):
    for lab in labs:
        with tenant(lab.institution.pk):
            members = Membership.objects.filter(institution=lab.institution, state=Membership.State.ACTIVE)
            for member in members.select_related("user").order_by("pk"):
                yield Login(
                    member.user.username, PASSWORD, member.user.name, member.role_titles, lab.institution.name,
                    second_factor.has_factor(member.user_id),
                )  # fmt: skip
    for login, name, region in REGULATORS:
        yield Login(login, PASSWORD, name, str(ROLE_TITLES[Role.REGULATOR]), f"{region}…", True)


def _links(shown: Institution, now: datetime):
    """The newest certificate of each state worth a look, as its card says today."""
    today, found = now.astimezone(CHINA).date(), {}
    with tenant(shown.pk):
        for certificate in Certificate.objects.filter(institution=shown).exclude(pdf_sha256="").order_by("pk"):
            card = codes.find(certificate.token)
            found[codes.state_on(card, today)] = certificate
    for state in SHOWN:
        if certificate := found.get(state):
            yield Link(
                state, WORDS[state][0], codes.address(certificate.token), certificate.number,
                certificate.verification_code,
            )  # fmt: skip


def _pledges(now: datetime):
    """The newest pledge of each institution, as its code says today."""
    today = now.astimezone(CHINA).date()
    entries = {row.slug: row for row in DirectoryEntry.objects.filter(slug__in=SLUGS).exclude(token="")}
    for slug in SLUGS:
        if entry := entries.get(slug):
            state = codes.state_on(codes.find(entry.token), today)
            yield Pledge(state, scan_units.WORDS[state][0], codes.address(entry.token), entry.name)
