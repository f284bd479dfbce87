"""A decision against an institution as its regulator records it, and what becomes of it: appeal, effect, revocation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from commitments.models import Commitment, CommitmentWithdrawal
from institutions import penalties
from institutions.models import Violation
from portal import history
from portal.actors import Actor
from portal.registers.forms import refused_onto
from portal.registers.shown import value_text
from portal.routes import Audience, door
from portal.transitions import Refused

from .. import jurisdiction, looks
from .forms import PENALTY, CourseForm, PenaltyForm, first_penalty
from .shown import penalty_standing

# Act -> what its dialog says: title, what the regulator confirms, and its button's icon.
COURSE = {
    "settle": (gettext_lazy("登记生效"), gettext_lazy("我知道涉及诚信的决定生效后，公开的承诺当即撤销"), "check"),
    "appeal": (
        gettext_lazy("登记复议或诉讼"), gettext_lazy("我知道决定从此不算生效；已经撤销的承诺不会自动恢复"), "scale",
    ),
    "revoke": (
        gettext_lazy("登记撤销或移出"), gettext_lazy("我知道这条决定从那一天起不再计算；已经撤销的承诺经整改后重新作出"),
        "arrow-back-up",
    ),
    "withdraw": (gettext_lazy("作废这条登记"), gettext_lazy("只用于登记错了；记录和经过仍然保留"), "x"),
}  # fmt: skip


@never_cache
@login_required
@door("GET", "POST", to=Audience.REGULATOR, limit="upload")
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A decision is recorded in the institution; what it does to the public pledge is told at once."""
    with jurisdiction.inside(request, slug) as (actor, _institution):
        if request.method == "GET":
            return _form_page(request, actor, PenaltyForm(actor=actor, initial=first_penalty()))
        form = PenaltyForm(request.POST, request.FILES, actor=actor)
        if not form.is_valid():
            return _form_page(request, actor, form, status=422)
        public = _public(actor)
        try:
            row = penalties.record(form.facts(), actor=actor, at=timezone.now())
        except Refused as refused:
            return _form_page(request, actor, form, status=409, refusals=refused.refusals)
        _tell(request, public, _("已登记：%(row)s。") % {"row": row})
        return redirect("oversight:penalty", slug, row.ref)


@never_cache
@login_required
@door("GET", "POST", to=Audience.REGULATOR, ref="institutions.Violation.ref")
def penalty(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What the authority decided, and its course; a POST adds to the course of what the regulator recorded."""
    with jurisdiction.inside(request, slug) as (actor, _institution):
        row = get_object_or_404(Violation.objects.visible_to(actor).select_related("key_person", "file"), ref=ref)
        if request.method == "GET":
            return _page(request, actor, row)
        act = request.POST.get("act", "")
        if act not in COURSE:
            raise Http404
        form = CourseForm(request.POST, act=act)
        if not form.is_valid():
            return _page(request, actor, row, forms={act: form}, status=422)
        if request.POST.get("confirmed") != "yes":
            form.add_error(None, _("请先勾选确认，再提交。"))
            return _page(request, actor, row, forms={act: form}, status=422)
        public = _public(actor)
        try:
            row = _took(row, act, form.cleaned_data, actor)
        except Refused as refused:
            refused_onto(form, refused.refusals)
            row.refresh_from_db()
            return _page(request, actor, row, forms={act: form}, status=409)
        _tell(request, public, _("%(act)s：已记录。") % {"act": COURSE[act][0]})
        return redirect("oversight:penalty", slug, ref)


def _took(row: Violation, act: str, said: dict[str, Any], actor: Actor) -> Violation:
    at, reason = timezone.now(), said["reason"]
    if act == "settle":
        return penalties.settle(row, said["day"], reason, actor=actor, at=at)
    if act == "revoke":
        return penalties.revoke(row, said["day"], reason, actor=actor, at=at)
    return (penalties.appeal if act == "appeal" else penalties.withdraw)(row, reason, actor=actor, at=at)


def _public(actor: Actor) -> Commitment | None:
    return Commitment.objects.visible_to(actor).filter(state=Commitment.State.PUBLIC).first()


def _tell(request: HttpRequest, public: Commitment | None, done: str) -> None:
    """What was done, and whether the pledge that was public before it has fallen."""
    messages.success(request, done)
    if public is not None and CommitmentWithdrawal.objects.filter(commitment=public).exists():
        messages.warning(request, _("承诺书 %(number)s 当即撤销。") % {"number": public.number})


def _ended_by(actor: Actor, row: Violation) -> CommitmentWithdrawal | None:
    """The withdrawal of which this decision is the cause."""
    rows = CommitmentWithdrawal.objects.visible_to(actor).filter(subject=row._meta.label, subject_id=row.pk)
    return rows.select_related("commitment").order_by("-pk").first()


def _page(
    request: HttpRequest, actor: Actor, row: Violation, *,
    forms: dict[str, Form] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    day = timezone.localdate()
    dialogs = _dialogs(actor, row, forms or {}, request.path)
    facts = [{"label": row._meta.get_field(name).verbose_name, "value": value_text(row, name)} for name in PENALTY[:-1]]
    context = {
        "row": row,
        "standing": penalty_standing(row, day),
        "facts": [fact for fact in facts if fact["value"]],
        "ended": _ended_by(actor, row),
        "public": _public(actor),
        "dialogs": dialogs,
        "problems": [
            text for act, form in (forms or {}).items() for text in form.non_field_errors()
            if act not in {one["id"] for one in dialogs}
        ],
        "history": history.timeline(row),
    }  # fmt: skip
    looks.looked(request, actor, looks.PLEDGE, [actor.institution_id])
    return render(request, "oversight/pledges/penalty.html", context, status=status)


def _dialogs(actor: Actor, row: Violation, forms: dict[str, Form], url: str) -> list[dict[str, Any]]:
    """The acts that are open for this decision now."""
    found = []
    for act, (title, statement, icon) in COURSE.items():
        verb = penalties.ACTS[act]
        if not verb.is_open(row, actor) or verb.refusals(row, actor=actor, at=timezone.now()):
            continue
        form = forms.get(act) or CourseForm(act=act)
        found.append(
            {
                "id": act, "title": title, "url": url, "statement": statement, "submit": title, "icon": icon,
                "facts": [{"label": _("文书"), "value": str(row)}], "fields": form, "hidden": {"act": act},
                "problems": form.non_field_errors(), "opener": f"{title}…", "plain": act != "settle",
                "danger": act == "withdraw",
            }
        )  # fmt: skip
    return found


def _form_page(
    request: HttpRequest, actor: Actor, form: PenaltyForm, *, status: int = 200,
    refusals: Any = (),
) -> HttpResponse:  # fmt: skip
    if status != 200:
        form.ask_for_files_again()
    context = {"form": form, "refusals": refusals, "public": _public(actor)}
    looks.looked(request, actor, looks.PLEDGE, [actor.institution_id])
    return render(request, "oversight/pledges/penalty_form.html", context, status=status)
