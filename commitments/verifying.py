"""What verification asks of pledges beyond their leaves: that no leaf is missing, and that public pages say what is on record."""

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext as _

from institutions.models import Institution
from portal.ledger import leaves
from portal.ledger.verify import Problem, check
from portal.models import LedgerLeaf, SmartCode

from . import publishing
from .models import Commitment, CommitmentConfirmation, CommitmentWithdrawal, Remediation


@check("pledges")
def pledges_are_as_made(institution_id: int) -> Iterator[Problem]:
    """Every pledge that is or was public has the leaves of what happened to it, and no others. Source: E4.26."""
    witnessed, due = _witnessed(institution_id), _due(institution_id)
    for row in Commitment.objects.filter(institution_id=institution_id).exclude(token=None).order_by("pk"):
        if row.state not in publishing.SHOWN:
            yield _about(row, _("有单位码，状态却不是已公开或已撤销：状态被改动过。"))
        if (row.state == Commitment.State.WITHDRAWN) != bool(due[row.token].count("pledge.withdrawn")):
            yield _about(row, _("状态与撤销记录不符，被改动过。"))
        if sorted(witnessed[leaves.subject(row.token)]) != sorted(due[row.token]):
            yield _about(row, _("账本里的叶与公开、确认、撤销、整改的记录不符，其中有一条是删去或添进来的。"))


@check("unit codes")
def pages_say_what_is_on_record(institution_id: int) -> Iterator[Problem]:
    """Behind every public page of an institution stands a pledge, and the page says of it what the records say."""
    institution = Institution.objects.get(pk=institution_id)
    pages = SmartCode.objects.filter(institution_id=institution_id, kind=SmartCode.Kind.UNIT)
    for pk, digest, card, updated_at in pages.order_by("pk").values_list("pk", "token_digest", "card", "updated_at"):
        cards = {leaves.subject(token): said for token, said in publishing.expected(institution, updated_at).items()}
        name = _("公开页面 %(id)d") % {"id": pk}
        if digest not in cards:
            yield Problem(name, _("没有承诺书，是添进来的。"), anomaly_digest=digest)
        elif card != cards[digest]:
            yield Problem(name, _("说的与承诺书的记录不同，被改动过。"), anomaly_digest=digest)
    known = set(pages.values_list("token_digest", flat=True))
    for row in Commitment.objects.filter(institution_id=institution_id, state__in=publishing.SHOWN).order_by("pk"):
        if leaves.subject(row.token) not in known:
            yield _about(row, _("没有公开页面，被删去了。"))


def _about(row: Commitment, sentence: str) -> Problem:
    return Problem(_("承诺书 %(number)s") % {"number": row.number}, sentence, row.token)


def _witnessed(institution_id: int) -> dict[str, list[str]]:
    """The kinds of leaves about each smart code, by the digest of its token as the leaf names it."""
    found = defaultdict(list)
    rows = LedgerLeaf.objects.filter(institution_id=institution_id, kind__startswith="pledge.")
    tokens = _tokens(institution_id)
    for kind, target, target_id in rows.values_list("kind", "target", "target_id"):
        found[leaves.subject(tokens[target].get(target_id) or "")].append(kind)
    return found


def _tokens(institution_id: int) -> dict[str, dict[int, str]]:
    """The token of the pledge that each row is about, by label of the model and key."""
    paths = {
        Commitment: "token", CommitmentConfirmation: "commitment__token", CommitmentWithdrawal: "commitment__token",
        Remediation: "withdrawal__commitment__token",
    }  # fmt: skip
    return {
        model._meta.label: dict(model.objects.filter(institution_id=institution_id).values_list("pk", path))
        for model, path in paths.items()
    }


def _due(institution_id: int) -> dict[str, list[str]]:
    """The kinds of leaves that what is on record should have left, by token."""
    found: dict[str, list[str]] = defaultdict(list)
    tokens = _tokens(institution_id)
    accepted = Remediation.objects.filter(institution_id=institution_id, state=Remediation.State.ACCEPTED)
    remedied = set(accepted.values_list("pk", flat=True))
    for label, kind in (
        (Commitment._meta.label, "pledge.published"), (CommitmentConfirmation._meta.label, "pledge.confirmed"),
        (CommitmentWithdrawal._meta.label, "pledge.withdrawn"), (Remediation._meta.label, "pledge.remedied"),
    ):  # fmt: skip
        for pk, token in tokens[label].items():
            if token and (kind != "pledge.remedied" or pk in remedied):
                found[token].append(kind)
    return found
