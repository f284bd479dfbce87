"""Where two lines of scope with different CMC cover a point: which one counts is asked once and then kept."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import ScopeChoice, ScopeItem
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

CHOOSE = Transition("choose", frozenset({""}), ScopeChoice.State.CURRENT, Permission.SCOPE_KEEP)
UNCHOOSE = Transition(
    "unchoose", frozenset({ScopeChoice.State.CURRENT}), ScopeChoice.State.WITHDRAWN, Permission.SCOPE_KEEP
)


def address(slug: str, lines: Iterable[ScopeItem]) -> str:
    """Where somebody chooses between these lines."""
    query = urlencode({"lines": ",".join(line.ref for line in lines)})
    return f"{reverse('institutions:scope_choose', args=[slug])}?{query}"


def choose(
    line: ScopeItem, others: Iterable[ScopeItem], reason: str, *, actor: Actor, at: datetime
) -> list[ScopeChoice]:
    """The line counts wherever one of the others covers the same point; an earlier choice the other way is withdrawn.

    Raises: Refused without a reason, without another line, or for lines of different instruments.
    """
    rivals = [other for other in others if other.pk != line.pk]
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明采用这一条的理由，例如所用标准器和资质。")))
    if not rivals or any((other.instrument, other.measurand) != (line.instrument, line.measurand) for other in rivals):
        raise Refused(
            Refusal("scope", _("只能在同一仪器、同一被测量的几条能力范围之间选定。请回到能力范围页重新选择。"))
        )
    chosen = []
    for other in rivals:
        current = ScopeChoice.objects.filter(institution_id=line.institution_id, state=ScopeChoice.State.CURRENT)
        for opposite in current.filter(line=other, instead_of=line):
            with UNCHOOSE.applied_to(opposite, actor=actor, at=at, reason=reason):
                pass
        known = current.filter(line=line, instead_of=other).first()
        if known is not None:
            chosen.append(known)
            continue
        blank = ScopeChoice(
            institution_id=line.institution_id, line=line, instead_of=other, reason=reason.strip()[:200], state=""
        )
        with CHOOSE.applied_to(blank, actor=actor, at=at, reason=reason) as made:
            pass
        chosen.append(made)
    return chosen
