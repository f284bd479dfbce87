"""Forms about a person: begin, correct, identify, leave, withdraw. Each one verb, then back to the person's page."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from . import identity
from .forms_people import AmendPersonForm, IdentityForm, LeaveForm, NewPersonForm
from .models import Employment
from .people import staff
from .views_person import employment_of, typed


@sensitive_post_parameters("id_number", "phone")
@door("GET", "POST", right=Permission.PEOPLE_KEEP)
def person_new(request: HttpRequest, slug: str) -> HttpResponse:
    """One more colleague; who has the ID number anywhere in the portal is the same person."""
    actor = actor_of(request)
    form = NewPersonForm(typed(request), actor=actor, initial={"started_on": timezone.localdate()})
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            sealed = {name: form.cleaned_data.get(name, "") for name in ("id_number", "phone")}
            try:
                row = staff.employ(form.facts(), **sealed, actor=actor, at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                messages.success(request, _("已登记 %(name)s。接下来登记证书和培训，再提出授权。") % {"name": row})
                return redirect("institutions:person", slug, row.ref)
        else:
            status = 422
    return _page(
        request, _("登记人员"), form, submit=_("登记"), refusals=refusals, status=status,
        about=_("一人一条，从入职那天起。身份证号用来核对同一个人是否同时在另一家机构任职；别的机构看不到号码，也不会被告知。"),
        clauses=("C-5.1.2-s2", "C-5.1.2-s3", "C-5.1.5", "C-7.1.3"),
    )  # fmt: skip


@door("GET", "POST", right=Permission.PEOPLE_KEEP, ref="institutions.Employment.ref")
def person_amend(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What was wrong about an employment is put right, unless somebody else has changed it since."""
    row, actor = employment_of(request, ref), actor_of(request)
    if row.state != Employment.State.CURRENT:
        messages.error(request, _("“%(name)s”这条已作废，不能再更正。") % {"name": row})
        return redirect("institutions:person", slug, ref)
    known = {name: getattr(row, name) for name in (*_AMENDED, "revision")}
    known["department"] = row.department.ref if row.department else ""
    form = AmendPersonForm(typed(request), actor=actor, initial=known)
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            try:
                staff.amend(row, form.facts(), form.cleaned_data["revision"] or 0, actor=actor, at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
                if any(one.clause == "revision" for one in refusals):  # the next attempt knows what it overwrites
                    form.data = form.data.copy()
                    form.data["revision"] = employment_of(request, ref).revision
            else:
                messages.success(request, _("已更正 %(name)s 的登记。") % {"name": row})
                return redirect("institutions:person", slug, ref)
        else:
            status = 422
    return _page(
        request, _("更正人员登记"), form, row=row, submit=_("保存更正"), refusals=refusals, status=status,
        about=_("更正后，授权的条件会重新核对；不再满足的自动暂停，并写明原因。原来的内容留在审计记录里。"),
    )  # fmt: skip


_AMENDED = (
    "name", "staff_number", "kind", "post", "started_on", "ended_on", "full_time", "is_technical",
)  # fmt: skip


@sensitive_post_parameters("id_number", "phone")
@door("GET", "POST", right=Permission.PERSON_IDENTIFY, ref="institutions.Employment.ref")
def person_identify(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """ID number and phone of somebody who is on record already."""
    row, form = employment_of(request, ref), IdentityForm(typed(request))
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            try:
                sealed = form.cleaned_data["id_number"], form.cleaned_data["phone"]
                identity.set_identity(row, *sealed, actor=actor_of(request), at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                messages.success(request, _("已登记 %(name)s 的身份信息，加密保存。") % {"name": row})
                return redirect("institutions:person", slug, ref)
        else:
            status = 422
    return _page(
        request, _("登记身份证号和手机号"), form, row=row, submit=_("加密保存"), refusals=refusals, status=status,
        about=_("号码加密保存，页面只显示首尾几位；查看原文要说明理由并本人确认。留空的一项保持不变。"), clauses=("C-5.1.5",),
    )  # fmt: skip


@door("GET", "POST", right=Permission.PEOPLE_KEEP, ref="institutions.Employment.ref")
def person_leave(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The last day of somebody who leaves; what ends with it is said afterwards."""
    row, actor = employment_of(request, ref), actor_of(request)
    form = LeaveForm(typed(request), initial={"on": timezone.localdate()})
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            on, reason = form.cleaned_data["on"], form.cleaned_data["reason"]
            try:
                left = staff.leave(row, on, reason, actor=actor, at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                _tell(request, left)
                return redirect("institutions:person", slug, ref)
        else:
            status = 422
    return _page(
        request, _("登记离职"), form, row=row, submit=_("登记离职"), refusals=refusals, status=status,
        about=_("授权到最后在职日为止；少于两名检定、校准人员的能力范围随即暂停。已签发的证书不受影响。登录账号要由机构管理员停用。"),
        clauses=("C-7.1.3", "C-5.1.1-s2"),
    )  # fmt: skip


def _tell(request: HttpRequest, left: staff.Left) -> None:
    """What ended, what is suspended, and whose account is still open."""
    facts = {"name": left.employment.name, "day": left.employment.ended_on}
    gone = left.employment.ended_on < timezone.localdate()
    messages.success(request, _("已登记 %(name)s 离职，最后在职日 %(day)s。授权到这一天为止。") % facts)
    if left.lines_short:
        lines = "；".join(str(line) for line in left.lines_short[:5])
        shown = {"count": len(left.lines_short), "lines": lines, "day": left.employment.ended_on}
        told = (
            _("%(count)d 条能力范围少于两人，已自动暂停：%(lines)s。请补充授权。")
            if gone
            else _("%(day)s 以后，%(count)d 条能力范围少于两人，届时自动暂停：%(lines)s。请补充授权。")
        )
        messages.warning(request, told % shown)
    for account in left.accounts:
        shown = {"login": account.user.username, "day": left.employment.ended_on}
        told = (
            _("登录账号 %(login)s 还能使用。请机构管理员现在到“成员与邀请”里停用。")
            if gone
            else _("登录账号 %(login)s 还能使用。请机构管理员于 %(day)s 之后在“成员与邀请”里停用。")
        )
        messages.warning(request, told % shown)


@door("GET", "POST", right=Permission.PEOPLE_KEEP, ref="institutions.Employment.ref")
def person_withdraw(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """A row that was recorded in error counts for nothing any more."""
    row, form = employment_of(request, ref), ReasonForm(typed(request))
    status, refusals = 200, ()
    if request.method == "POST":
        if form.is_valid():
            try:
                staff.withdraw(row, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
            except Refused as refused:
                status, refusals = 409, refused.refusals
            else:
                messages.success(request, _("已作废 %(name)s 这一条。") % {"name": row})
                return redirect("institutions:person", slug, ref)
        else:
            status = 422
    return _page(
        request, _("作废人员登记"), form, row=row, submit=_("作废"), refusals=refusals, status=status,
        about=_("只用于登记错了的，例如同一个人登记了两次。人走了请登记离职。作废的记录仍可查看。"),
    )  # fmt: skip


def _page(
    request: HttpRequest, title: str, form: Form, *, submit: str, about: str, refusals: tuple[Refusal, ...], status: int,
    row: Employment | None = None, clauses: tuple[str, ...] = (),
) -> HttpResponse:  # fmt: skip
    slug = request.institution.slug
    context: dict[str, Any] = {
        "title": title, "form": form, "submit": submit, "about": about, "row": row, "refusals": refusals,
        "clauses": clauses,
        "back": reverse("institutions:person", args=[slug, row.ref]) if row else reverse("institutions:people", args=[slug]),
    }  # fmt: skip
    return render(request, "institutions/person_form.html", context, status=status)
