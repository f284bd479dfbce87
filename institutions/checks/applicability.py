"""To whom the documents apply, and the declarations that answer their clauses."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.clauses import WINDOW_DAYS, Declared, Verdict, applies, contradicts, declared, none_in_breach, window
from portal.registers.verbs import accepted

from ..models import Declaration, Institution, KeyPerson, ScopeItem
from .record import standing
from .rows import CURRENT, current, evidence, listed, status

# Which clause a declaration of the institution answers. Those of persons are counted by checks.
ANSWERS = {Declaration.Kind.IMPARTIALITY: "A-6.6-s1"}


@applies("B")
def calibrates_for_others(institution: Institution, day: date) -> str:
    """Document B is for those who calibrate for others: who had a line of scope within the last year does.

    So does who took in calibrations without any: certificates/checks/usage.py.

    Source: the rules of evaluation in docs/architecture.md.
    """
    recent = Q(valid_until=None) | Q(valid_until__gt=day - timedelta(WINDOW_DAYS))
    offered = ScopeItem.objects.filter(recent, institution=institution, valid_from__lte=day)
    offered = offered.exclude(state=ScopeItem.State.WITHDRAWN)
    return "" if offered.exists() else _("近 365 天没有能力范围，没有对外校准。")


@applies("D")
def is_an_industry_centre(institution: Institution, day: date) -> str:
    """Document D is for industry centres, by their own legal status of the day."""
    known = status(institution, day)
    return "" if known and known.is_industry_centre else _("本机构没有登记为产业计量测试中心。")


@declared(*ANSWERS.values())
def declarations(institution: Institution) -> Iterator[Declared]:
    """The declarations that answer a clause by themselves, signed by a legal representative in office. One query."""
    in_office = Q(signed_by__valid_until=None) | Q(signed_by__valid_until__gte=F("valid_from"))
    rows = current(Declaration, institution).filter(
        in_office, kind__in=ANSWERS, signed_by__role=KeyPerson.Role.LEGAL_REPRESENTATIVE, signed_by__state=CURRENT,
        signed_by__valid_from__lte=F("valid_from"),
    )  # fmt: skip
    for row in rows.select_related("signed_by", "employment", "file"):
        url = reverse("portal:register_row", args=[institution.slug, "declarations", row.ref])
        yield Declared(
            ANSWERS[row.kind], row.signer, row.valid_from, row.valid_until, accepted(row.file), str(row), url, row.pk
        )


@contradicts("A-6.6-s1")
def nothing_final_against_it(institution: Institution, day: date) -> Verdict:
    """No final decision of the last year concerns the institution's integrity."""
    first, _last = window(day)
    rows = [row for row in standing(institution, day) if row.integrity_related and row.final_on >= first]
    return none_in_breach(
        1, [evidence(institution, "violations", row, str(row.final_on)) for row in rows], nothing="",
        advice=_("近一年有涉及诚信的生效决定，声明不能算数。"), fix=listed(institution, "violations"),
    )  # fmt: skip
