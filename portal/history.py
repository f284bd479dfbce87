"""What happened to a row, told from the audit trail in the words of its app."""

from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import AuditEntry

MOST = 50

# "equipment.quarantine" -> what a person calls it. Apps add theirs when they start.
TITLES: dict[str, str] = {}


def register(titles: dict[str, str]) -> None:
    """The verbs of an app have names from now on."""
    TITLES.update(titles)


def title_of(verb: str) -> str:
    """What a person calls the verb; the verb itself when no app named it."""
    return str(TITLES.get(verb, verb))


def timeline(*rows: Model) -> list[dict[str, str]]:
    """The latest acts on these rows, newest first, as the timeline shows them: also the refused ones. One query."""
    targets = Q()
    for row in rows:
        targets |= Q(target=row._meta.label, target_id=row.pk)
    entries = AuditEntry.objects.filter(targets, institution_id=rows[0].institution_id).order_by("-pk")[:MOST]
    return [_told(entry) for entry in entries]


def _told(entry: AuditEntry) -> dict[str, str]:
    title = title_of(entry.verb)
    told = {
        "at": f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M}",
        "title": title,
        "who": _who(entry),
        "text": entry.reason,
        "kind": "done",
    }
    if not entry.succeeded:
        sentences = [
            f"{sentence}（{printed_clause(clause)}）" if printed_clause(clause) else sentence
            for clause, sentence in entry.changes.get("refused", [])
        ]
        told |= {
            "title": _("%(act)s：被拒绝") % {"act": title},
            "text": " ".join(filter(None, [*sentences, entry.reason])),
            "kind": "void",
        }
    return told


def printed_clause(clause: str) -> str:
    """The clause as a reader sees it; nothing for the portal's own names such as "state" and "approved_by"."""
    return clause if clause[:1].isupper() else ""


def actor_of(entry: AuditEntry) -> str:
    """Who did it, for a reader: the portal's own hands are "the system"."""
    return _("系统") if entry.actor_name.startswith("system:") else entry.actor_name


def _who(entry: AuditEntry) -> str:
    return f"{actor_of(entry)}（{entry.acting_as}）" if entry.acting_as else actor_of(entry)
