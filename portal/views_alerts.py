"""Pages of reminders: the inbox, one reminder with all that was done about it, 已知悉, 推迟, 指派. For developers the mails."""

from datetime import date

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from . import alerts_shown as shown
from . import duelists, inbox, mailbox
from .actors import Actor, actor_of
from .forms_alerts import AssignForm, SnoozeForm
from .models import Alert
from .paging import page_of
from .panels import pulse
from .permissions import Permission, Role
from .recipients import Recipient, duties, recipients
from .routes import Audience, door
from .transitions import Refused
from .views_operations import inside_only

SHOWS = ("open", "mine", "later", "done")


@door("GET")
def inbox_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What somebody is told of, the earliest day first: of each thing only the latest reminder."""
    actor, day = actor_of(request), timezone.localdate()
    mine, people = inbox.latest(inbox.inbox(actor, day)), recipients(request.institution.pk)
    told = duties(actor, day)
    known = {name: str(rule.title) for name, rule in duelists.RULES.items() if name in told}
    rule, person = request.GET.get("rule", ""), request.GET.get("person", "")
    rule = rule if rule in known else ""
    chosen = next((one for one in people if one.ref == person), None)
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "open"
    rows = by_state(mine, show, actor, day)
    rows = rows.filter(rule=rule) if rule else rows
    rows = rows.filter(assigned_to_id=chosen.user_id) if chosen else rows
    page = page_of(rows.select_related("seen_by", "assigned_to"), "due_on", "pk", request=request)
    context = {
        "pulse": pulse(),
        "tabs": [
            {
                "title": title,
                "url": f"{request.path}?show={name}" if name != "open" else request.path,
                "count": by_state(mine, name, actor, day).count() if name != "done" else None,
                "current": name == show,
            }
            for name, title in shown.tabs()
        ],
        "filters": shown.filters(known, rule, people, chosen),
        "show": show if show != "open" else "",
        "clear_url": f"{request.path}?show={show}" if rule or chosen else "",
        "rows": [shown.line(row, day, actor) for row in page.rows],
        "nothing": shown.nothing(show, known),
        **page.links(request),
        "deliveries": shown.deliveries(actor) if actor.may(Permission.AUDIT_READ) else None,
    }
    return render(request, "portal/alerts.html", context)


def by_state(rows: QuerySet[Alert], show: str, actor: Actor, day: date) -> QuerySet[Alert]:
    """The rows that wait, those of them that are the actor's to deal with, those put off, or those that are done."""
    if show == "later":
        return rows.filter(seen_at=None, settled_at=None, snoozed_until__gt=day)
    if show == "done":
        return rows.exclude(seen_at=None, settled_at=None)
    waiting = inbox.waiting(rows, day)
    return waiting.filter(assigned_to_id=actor.user_id) if show == "mine" else waiting


@door("GET", ref="portal.Alert.ref")
def alert_page(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One reminder: what it is about, when it spoke, who was written to how often, and what people decided."""
    return _page(request, _alert(request, ref))


def _alert(request: HttpRequest, ref: str) -> Alert:
    rows = Alert.objects.visible_to(actor_of(request)).select_related("assigned_to", "snoozed_by", "seen_by")
    return get_object_or_404(rows, ref=ref)


def _page(
    request: HttpRequest, row: Alert, *, snooze: SnoozeForm | None = None, assign: AssignForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor, day = actor_of(request), timezone.localdate()
    people: list[Recipient] = recipients(row.institution_id)
    open_row = row.settled_at is None
    acts = open_row and inbox.is_told(actor, row, day) and Role.REGULATOR not in actor.roles
    hands_out = open_row and actor.may(Permission.ALERT_ASSIGN, row.institution_id)
    context = {
        "row": row,
        "rule": shown.title_of(row.rule),
        "standing": shown.standing(row, day),
        "facts": shown.facts(row, day, people),
        "reminders": shown.reminders(row),
        "mails": shown.mails_about(row, {person.user_id: person.name for person in people}),
        "history": shown.history_of(row),
        "pulse": pulse(),
        "may_acknowledge": acts and row.seen_at is None,
        "snooze": (snooze or SnoozeForm(row=row, today=day)) if acts else None,
        "assign": (assign or AssignForm(people=people, row=row)) if hands_out else None,
    }
    return render(request, "portal/alert.html", context, status=status)


@door("POST", ref="portal.Alert.ref")
def acknowledge(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row = _alert(request, ref)
    if inbox.acknowledge(row, actor=actor_of(request), at=timezone.now()):
        messages.success(request, _("已记下您知悉“%(subject)s”。") % {"subject": row.subject})
    else:
        messages.info(request, _("“%(subject)s”已经有人确认过了。") % {"subject": row.subject})
    return redirect("portal:alerts", slug=slug)


@door("POST", ref="portal.Alert.ref")
def snooze(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row = _alert(request, ref)
    form = SnoozeForm(request.POST, row=row, today=timezone.localdate())
    if not form.is_valid():
        return _page(request, row, snooze=form, status=422)
    until, reason = form.cleaned_data["until"], form.cleaned_data["reason"]
    try:
        inbox.snooze(row, until, reason=reason, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        form.add_error("until", [refusal.text for refusal in refused.refusals])
        return _page(request, row, snooze=form, status=409)
    messages.success(
        request, _("“%(subject)s”推迟到 %(day)s 再提醒。") % {"subject": row.subject, "day": until.isoformat()}
    )
    return redirect("portal:alerts", slug=slug)


@door("POST", right=Permission.ALERT_ASSIGN, ref="portal.Alert.ref")
def assign(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    row, people = _alert(request, ref), recipients(request.institution.pk)
    form = AssignForm(request.POST, people=people, row=row)
    if not form.is_valid():
        return _page(request, row, assign=form, status=422)
    person = form.chosen
    try:
        inbox.assign(row, person and person.user_id, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        form.add_error("person", [refusal.text for refusal in refused.refusals])
        return _page(request, row, assign=form, status=409)
    if person:
        text = _("已指派给%(name)s，下一封提醒邮件会告诉%(name)s。") % {"name": person.name}
    else:
        text = _("已取消指派。")
    messages.success(request, text)
    return redirect("portal:alert", slug=slug, ref=ref)


@door("GET", to=Audience.OPERATIONS)
@inside_only
def mails(request: HttpRequest) -> HttpResponse:
    """The last mails of this machine, for developers; not served in production."""
    return render(request, "portal/mails.html", {"mails": mailbox.latest(20), "directory": mailbox.directory()})
