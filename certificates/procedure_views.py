"""Pages of data sheets: the list, one with its versions, proposing, approving, retiring."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.methods.currency import warning
from portal import history
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from . import presentation, workflow
from .forms import ProcedureForm, ReasonForm
from .models import Procedure


def _rows(request: HttpRequest):
    rows = Procedure.objects.visible_to(actor_of(request))
    return rows.select_related("institution", "method", "proposed_by", "approved_by")


@door("GET")
def procedure_list(request: HttpRequest, slug: str) -> HttpResponse:
    rows = list(_rows(request).order_by("code", "-version"))
    may_propose = actor_of(request).may(Permission.PROCEDURE_MANAGE)
    table = {
        "caption": _("数据表"),
        "columns": [{"title": _("名称")}, {"title": _("版本"), "numeric": True}, {"title": _("方法")},
                    {"title": _("编制人")}, {"title": _("批准人")}, {"title": _("状态")}],
        "rows": [
            [
                {"text": row.title, "url": row.get_absolute_url()},
                row.version,
                row.method.code,
                row.proposed_by.name if row.proposed_by else "",
                row.approved_by.name if row.approved_by else "",
                {"text": row.get_state_display(), "badge": row.state},
            ]
            for row in rows
        ],
        "count": _("共 %(count)d 份") % {"count": len(rows)},
        "empty": {"title": _("还没有数据表"), "text": _("编制一份，请另一位有权的人批准后，就能用来做记录。")},
    }  # fmt: skip
    new_url = reverse("certificates:new_procedure", args=[slug]) if may_propose else ""
    return render(request, "certificates/procedure_list.html", {"table": table, "new_url": new_url})


@door("GET", "POST", right=Permission.PROCEDURE_MANAGE, limit="upload")
def procedure_new(request: HttpRequest, slug: str) -> HttpResponse:
    posted = request.method == "POST"
    files = (request.POST, request.FILES) if posted else ()
    form = ProcedureForm(*files, institution_id=actor_of(request).institution_id, today=timezone.localdate())
    refusals: tuple = ()
    if posted and form.is_valid():
        try:
            procedure = workflow.propose_procedure(form.definition, actor=actor_of(request), at=timezone.now())
        except Refused as refused:
            refusals = refused.refusals
        else:
            messages.success(request, _("%(name)s 已编制，等待另一人批准。") % {"name": procedure})
            return redirect(procedure)
    status = 409 if refusals else 400 if form.errors else 200
    return render(request, "certificates/procedure_new.html", {"form": form, "refusals": refusals}, status=status)


@door("GET", ref="certificates.Procedure.ref")
def procedure_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _page(request, get_object_or_404(_rows(request), ref=ref))


def _page(request: HttpRequest, procedure: Procedure, *, refusals=(), status=200) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "procedure": procedure,
        "limits": presentation.limits_of(procedure),
        "inputs": presentation.inputs_of(procedure),
        "refusals": refusals,
        "method_warning": warning(procedure.institution_id, procedure.method, timezone.localdate()),
        "may_approve": workflow.APPROVE_PROCEDURE.is_open(procedure, actor),
        "may_retire": workflow.RETIRE_PROCEDURE.is_open(procedure, actor),
        "timeline": history.timeline(procedure),
    }
    return render(request, "certificates/procedure.html", context, status=status)


@door("POST", right=Permission.PROCEDURE_APPROVE, ref="certificates.Procedure.ref")
def procedure_approve(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _act_on(request, ref, workflow.approve_procedure, _("已批准，新记录使用这一版本。"))


@door("POST", right=Permission.PROCEDURE_APPROVE, ref="certificates.Procedure.ref")
def procedure_retire(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""

    def retire(procedure, **kwargs):
        return workflow.retire_procedure(procedure, reason=reason, **kwargs)

    return _act_on(request, ref, retire, _("已停用，已有记录不受影响。"))


def _act_on(request: HttpRequest, ref: str, verb, done: str) -> HttpResponse:
    procedure = get_object_or_404(_rows(request), ref=ref)
    try:
        verb(procedure, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _page(request, procedure, refusals=refused.refusals, status=409)
    messages.success(request, done)
    return redirect(procedure)
