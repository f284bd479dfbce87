"""What of the pledge is due soon: its confirmation, the answer to a hearing, remediation, searches of the registers."""

from datetime import date, timedelta

from django.db.models import DateField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Greatest, Least, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import RegisterCheck
from portal.clock import CHINA
from portal.duelists import Watch, due_list, named, page, says
from portal.permissions import Role

from .eligibility import FRESH, SEARCHED
from .models import Commitment, CommitmentWithdrawal, Hearing, Remediation

KEEPERS = (Role.QUALITY_MANAGER, Role.METROLOGY_MANAGER)
# Who answers for the pledge is told as well.
SIGNER_TOO = (*KEEPERS, Role.LEGAL_REPRESENTATIVE)
PLEDGE = "commitments:pledge"


@due_list(
    "commitments.confirmation", title=gettext_lazy("承诺年度确认"), thresholds=(60, 30, 7, 0), recipients=SIGNER_TOO
)
def confirmations() -> Watch:
    """The yearly confirmation of a public pledge. Source: A-8.2.2.3."""
    return Watch(
        rows=Commitment.objects.filter(state=Commitment.State.PUBLIC),
        due_on="confirm_by",
        subject=says(_("诚信计量承诺该年度确认了：%(number)s"), number="number"),
        link=page(PLEDGE),
    )


@due_list("commitments.hearing", title=gettext_lazy("拟撤销承诺的陈述"), thresholds=(5, 3, 1, 0), recipients=SIGNER_TOO)
def hearings() -> Watch:
    """A regulator means to withdraw the pledge, and the institution has not answered yet."""
    return Watch(
        rows=Hearing.objects.filter(state=Hearing.State.NOTICED),
        due_on="answer_by",
        subject=says(_("主管部门拟撤销承诺，请在期限内陈述：%(number)s"), number="commitment__number"),
        link=page(PLEDGE),
    )


@due_list("commitments.remediation", title=gettext_lazy("撤诺后的整改"), thresholds=(0,), recipients=SIGNER_TOO)
def remediations() -> Watch:
    """A pledge has fallen, and its remediation has not been handed in, or was returned. Source: A-9.3-s2."""
    handed_in = Remediation.objects.filter(
        withdrawal=OuterRef("pk"), state__in=(Remediation.State.SUBMITTED, Remediation.State.ACCEPTED)
    )
    later = CommitmentWithdrawal.objects.filter(
        institution=OuterRef("institution"), withdrawn_at__gt=OuterRef("withdrawn_at")
    )
    return Watch(
        rows=CommitmentWithdrawal.objects.exclude(cause=CommitmentWithdrawal.Cause.VOLUNTARY),
        due_on=TruncDate("withdrawn_at", tzinfo=CHINA),
        over=Exists(handed_in) | Exists(later),
        subject=says(
            _("承诺已撤销，请整改并提交：%(number)s %(cause)s"),
            number="commitment__number",
            cause=named("cause", CommitmentWithdrawal.Cause),
        ),
        link=page(PLEDGE),
    )


@due_list("commitments.searches", title=gettext_lazy("签署和确认前的名单查询"), thresholds=(7, 0), recipients=KEEPERS)
def searches() -> list[Watch]:
    """Public registers are to be searched again: before a pledge in the making is signed, and before one is confirmed.

    Source: A-4.3.1.
    """
    stale = Least(*(_fresh_until(source) for source in SEARCHED))
    before_confirming = ExpressionWrapper(Cast("confirm_by", DateField()) - FRESH, output_field=DateField())
    said, link = _("签署或确认承诺前要重新查名单：%(sources)s"), page("portal:register", Value("register-checks"))
    sources = Value("、".join(str(source.label) for source in SEARCHED))
    return [
        Watch(
            rows=Commitment.objects.filter(state__in=(Commitment.State.DRAFT, Commitment.State.CHECKED)),
            due_on=stale, subject=says(said, sources=sources), link=link,
        ),
        Watch(
            rows=Commitment.objects.filter(state=Commitment.State.PUBLIC),
            due_on=Greatest(stale, Cast(before_confirming, DateField())), subject=says(said, sources=sources), link=link,
        ),
    ]  # fmt: skip


def _fresh_until(source: str) -> Coalesce:
    """The last day on which the institution's latest search of the register is fresh; since ever when it has none."""
    last = Subquery(_checks(source).values("checked_on")[:1], output_field=DateField())
    until = ExpressionWrapper(last + timedelta(days=FRESH.days), output_field=DateField())
    return Coalesce(Cast(until, DateField()), Value(date.min, output_field=DateField()))


def _checks(source: str) -> QuerySet:
    """The institution's own searches of the register, the latest first."""
    rows = RegisterCheck.objects.filter(
        Q(key_person=None), institution=OuterRef("institution"), source=source, state=RegisterCheck.State.CURRENT
    )
    return rows.order_by("-checked_on")
