"""Whether an institution may pledge on a day: the clauses that decide it, line by line, with the rows behind each.

The same checks that decide the clauses on the page of compliance; besides, the public registers have been searched
within the last thirty days. Source: A-4.1.1, A-4.3.1, A-4.3.2, A-4.3.3.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Institution, KeyPerson, RegisterCheck
from portal.clauses import CHECKS, Evidence, State, Verdict, catalogue, together
from portal.registers.verbs import accepted

CLAUSES = ("A-4.1.1", "A-4.3.1-s1", "A-4.3.1-s2", "A-4.3.2", "A-4.3.3")
FRESH = timedelta(days=30)
# In which public registers the institution is searched before a pledge is signed; its key persons once a year.
SEARCHED = (RegisterCheck.Source.DISHONESTY, RegisterCheck.Source.PENALTIES)


@dataclass(frozen=True)
class Line:
    """One condition: its clause, what it asks, and how it stands."""

    clause: str
    title: str
    verdict: Verdict

    @property
    def holds(self) -> bool:
        return self.verdict.state == State.MET


def conditions(institution: Institution, day: date) -> list[Line]:
    """What the standard asks of whoever pledges, as it stands that day. Needs the institution's scope."""
    known = catalogue()
    with together(institution, day):
        return [Line(name, known[name].title, CHECKS[name](institution, day)) for name in CLAUSES]


def lines(institution: Institution, day: date) -> list[Line]:
    """Every condition for pledging that day, the fresh search too. Needs the institution's scope."""
    searched = Line("A-4.3.1-s1", _("签署前 30 天内查过公开名单"), searched_lately(institution, day))
    return [*conditions(institution, day), searched]


def searched_lately(institution: Institution, day: date) -> Verdict:
    """The institution itself was searched in both registers within thirty days, with the result on file."""
    fix = reverse("portal:register", args=[institution.slug, "register-checks"])
    rows = RegisterCheck.objects.filter(
        institution=institution, state=RegisterCheck.State.CURRENT, key_person=None, source__in=SEARCHED,
        checked_on__range=(day - FRESH, day),
    ).select_related("file")  # fmt: skip
    good = [row for row in rows if accepted(row.file)]
    evidence = tuple(
        Evidence(
            str(row), reverse("portal:register_row", args=[institution.slug, "register-checks", row.ref]), row_id=row.pk
        )
        for row in good
    )
    missing = [source.label for source in SEARCHED if source not in {row.source for row in good}]
    if missing:
        advice = _("30 天内没有查过：%(names)s。请查询并上传当天的截图。") % {"names": "、".join(map(str, missing))}
        return Verdict(State.NOT_MET, {}, evidence, advice, fix)
    return Verdict(State.MET, {}, evidence)


def legal_representative(institution: Institution, day: date) -> KeyPerson | None:
    """Who may sign that day: the legal representative, or the person in charge, as registered."""
    rows = KeyPerson.objects.valid_on(day).filter(
        institution=institution, state=KeyPerson.State.CURRENT, role=KeyPerson.Role.LEGAL_REPRESENTATIVE
    )
    return rows.select_related("employment").order_by("-valid_from", "-pk").first()
