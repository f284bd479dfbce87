"""An institution's own pages: today, what it is and may do, its people, its members, its audit trail."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal import history
from portal.actors import actor_of
from portal.models import AuditEntry
from portal.paging import page_of
from portal.permissions import ROLE_TITLES, Permission, Role
from portal.personal import masked_email
from portal.routes import door
from portal.today import panels_for
from portal.transitions import Refused

from . import exporting, second_factor, workflow
from .forms import InviteForm
from .models import (
    Invitation,
    Membership,
    Qualification,
    Site,
)
from .words import (
    changes_text,
    day_text,
    factor_state,
    invitation_state,
    membership_state,
    validity,
)

# What a person without anything to do today reads: what will appear here, and what to do meanwhile.
QUIET = {
    Role.ADMINISTRATOR: gettext_lazy("成员、邀请和机构设置由您管理。"),
    Role.QUALITY_MANAGER: gettext_lazy("到期的标准器、资质和待处理的事项会列在这里。"),
    Role.TECHNICAL_MANAGER: gettext_lazy("待批准的数据表和到期的标准器会列在这里。"),
    Role.METROLOGY_MANAGER: gettext_lazy("到期的设备和待确认的溯源会列在这里。"),
    Role.OPERATOR: gettext_lazy("分给您的样品和未完成的原始记录会列在这里。"),
    Role.CHECKER: gettext_lazy("等您核验的证书会列在这里。"),
    Role.SIGNATORY: gettext_lazy("等您批准和签发的证书会列在这里。"),
    Role.RECEPTIONIST: gettext_lazy("今天接收的和还没有开始的样品会列在这里。"),
    Role.SUPERVISOR: gettext_lazy("审计记录随时可以查看。"),
    Role.LEGAL_REPRESENTATIVE: gettext_lazy("需要您签署的事项会列在这里。"),
    Role.REGULATOR: gettext_lazy("您以监管身份查看，只读；每次查看都会记录并对机构可见。"),
}


@door("GET")
def today(request: HttpRequest, slug: str) -> HttpResponse:
    """The first page: the panels of this person's roles."""
    actor, day = actor_of(request), timezone.localdate()
    panels = [
        {"html": render_to_string(panel.template, panel.context, request), "side": panel.side}
        for panel in panels_for(actor, request.institution, day)
    ]
    side = [panel["html"] for panel in panels if panel["side"]]
    main = [panel["html"] for panel in panels if not panel["side"]]
    context = {
        "day": day,
        # A narrow column needs a wide one beside it.
        "main": main or side,
        "side": side if main else [],
        "quiet": [{"role": ROLE_TITLES[role], "text": QUIET[role]} for role in actor.roles if role in QUIET],
    }
    return render(request, "institutions/today.html", context)


@door("GET")
def profile(request: HttpRequest, slug: str) -> HttpResponse:
    """What the institution is: public facts, sites, and its qualifications in force."""
    actor, day, institution = actor_of(request), timezone.localdate(), request.institution
    sites = Site.objects.visible_to(actor).filter(state=Site.State.CURRENT).order_by("name", "pk")
    in_force = Qualification.objects.visible_to(actor).valid_on(day).order_by("kind", "number")
    facts = [
        (_("机构名称"), institution.name),
        (_("英文名称"), institution.name_en),
        (_("统一社会信用代码"), institution.credit_code),
        (_("证书编号代码"), institution.short_code),
        (_("行政区划代码"), institution.region_code),
        (_("地址"), " ".join(filter(None, [institution.address, institution.postcode]))),
        (_("英文地址"), institution.address_en),
        (_("业务电话"), institution.phone),
        (_("投诉电话"), institution.complaint_phone),
    ]
    context = {
        "facts": [{"label": label, "value": value} for label, value in facts],
        "may_amend": actor.may(Permission.FILE_KEEP),
        "sites": {
            "caption": _("场所"),
            "columns": _columns(_("场所"), _("地址")),
            "rows": [
                [
                    {"text": site.name, "url": reverse("portal:register_row", args=[slug, "sites", site.ref])},
                    site.address,
                ]
                for site in sites
            ],
            "empty": {
                "title": _("还没有登记场所"),
                "text": _("登记场所以后，才能登记能力范围。"),
                "url": reverse("portal:register_new", args=[slug, "sites"]),
                "label": _("登记场所"),
            },
        },
        "qualifications": {
            "caption": _("有效资质"),
            "columns": _columns(_("种类"), _("证书编号"), _("有效期至"), _("状态")),
            "rows": [
                [
                    {
                        "text": row.get_kind_display(),
                        "url": reverse("portal:register_row", args=[slug, "qualifications", row.ref]),
                    },
                    row.number,
                    day_text(row.valid_until),
                    validity(row, day),
                ]
                for row in in_force
            ],
            "empty": {"title": _("今天没有有效的资质"), "text": _("没有有效资质，就不能签发证书。")},
        },
    }
    return render(request, "institutions/profile.html", context)


@door("GET", right=Permission.AUDIT_READ, limit="search")
def audit_trail(request: HttpRequest, slug: str) -> HttpResponse:
    """Every act in this institution, newest first; nothing in it can be changed or removed."""
    rows, filters = audit_rows(request)
    page = page_of(rows, "-pk", request=request)
    table = {
        "caption": _("审计记录"),
        "filters": filters,
        "dense": True,
        "columns": _columns(_("时间"), _("人员"), _("动作"), _("对象"), _("变更"), _("理由"), _("结果")),
        "rows": [
            [
                {"text": f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M:%S}", "day": True},
                {"text": history.actor_of(entry), "note": entry.acting_as},
                history.title_of(entry.verb),
                entry.target_name,
                changes_text(entry),
                entry.reason,
                {"badge": "ok", "text": _("成功")} if entry.succeeded else {"badge": "refused", "text": _("被拒绝")},
            ]
            for entry in page.rows
        ],
        "empty": {"title": _("没有记录"), "text": _("没有符合条件的记录；换一个条件再试。")},
    }
    return _list(
        request, _("审计记录"), table, page, _("谁、以什么身份、在什么时候、做了什么、为什么；只能追加，不能改"),
        export=exporting.offer(request, reverse("institutions:audit_export", args=[slug])),
    )  # fmt: skip


def audit_rows(request: HttpRequest) -> tuple[QuerySet, list[dict[str, Any]]]:
    """The entries that the address asks for, and the filters by which it does."""
    filters = [
        _search(request, _("对象名称或编号")),
        _search(request, _("人员"), "person"),
        _choice(request, "result", _("结果"), [("done", _("成功")), ("refused", _("被拒绝"))]),
        _choice(request, "act", _("动作"), [("oversight.look", _("监管查看"))]),
    ]
    rows = AuditEntry.objects.visible_to(actor_of(request))
    rows = _searched(rows, filters[0]["value"], ["target_name", "target_ref"])
    rows = _searched(rows, filters[1]["value"], ["actor_name"])
    if filters[2]["value"]:
        rows = rows.filter(succeeded=filters[2]["value"] == "done")
    if filters[3]["value"]:
        rows = rows.filter(verb=filters[3]["value"])
    return rows, filters


@door("GET", limit="search")
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has access, with which roles, and the invitations not yet accepted."""
    actor = actor_of(request)
    rows = Membership.objects.visible_to(actor).select_related("user__second_factor", "employment")
    filters = [
        _search(request, _("姓名、登录名")),
        _choice(request, "role", _("角色"), [(role.value, title) for role, title in ROLE_TITLES.items()]),
        _choice(request, "state", _("状态"), Membership.State.choices),
    ]
    rows = _searched(rows, filters[0]["value"], ["user__name", "user__username"])
    if filters[1]["value"]:
        rows = rows.filter(roles__contains=[filters[1]["value"]])
    if filters[2]["value"]:
        rows = rows.filter(state=filters[2]["value"])
    page = page_of(rows, "user__name", "pk", request=request)
    may_invite = actor.may(Permission.MEMBER_INVITE)
    context = {
        "table": _paged(
            request,
            {
                "caption": _("成员"),
                "filters": filters,
                "columns": _columns(_("姓名"), _("登录名"), _("角色"), _("从业人员"), _("第二因素"), _("状态")),
                "rows": [
                    [
                        {"text": row.user.name, "url": reverse("institutions:member", args=[slug, row.ref])},
                        row.user.username,
                        row.role_titles,
                        f"{row.employment.name}（{row.employment.staff_number}）" if row.employment else "",
                        factor_state(row),
                        membership_state(row),
                    ]
                    for row in page.rows
                ],
                "empty": {"title": _("没有成员"), "text": _("没有符合条件的成员；换一个条件再试。")},
            },
            page,
        ),
        "may_invite": may_invite,
        "invitations": _open_invitations(request) if may_invite else {"rows": []},
    }
    return render(request, "institutions/members.html", context)


def _open_invitations(request: HttpRequest) -> dict[str, Any]:
    slug, now = request.institution.slug, timezone.now()
    waiting = Invitation.objects.visible_to(actor_of(request)).filter(state=Invitation.State.SENT).order_by("-pk")[:100]
    return {
        "caption": _("未接受的邀请"),
        "columns": _columns(_("姓名"), _("电子邮箱"), _("角色"), _("有效至"), _("状态")),
        "rows": [
            [
                {"text": row.name, "url": reverse("institutions:invitation", args=[slug, row.ref])},
                masked_email(row.email),
                row.role_titles,
                f"{timezone.localtime(row.expires_at):%Y-%m-%d %H:%M}",
                invitation_state(row, now),
            ]
            for row in waiting
        ],
    }


@sensitive_post_parameters()
@door("GET", "POST", right=Permission.MEMBER_INVITE, limit="step_up")
def member_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """A new invitation is open and its mail on the way, once the administrator has proven who it is."""
    actor, unproven = actor_of(request), ""
    form, status = InviteForm(request.POST or None, actor=actor), 200 if request.method == "GET" else 400
    if request.method == "POST" and form.is_valid():
        offered = form.cleaned_data
        employment = offered["employment"]
        digest = workflow.offer_digest(offered["email"], offered["roles"], employment.pk if employment else None)
        act = workflow.INVITE.name_for(Invitation())
        try:
            second_factor.prove(request, act, Invitation(institution_id=actor.institution_id), digest)
        except Refused as refused:
            unproven, status = refused.refusals[0].text, 401
        else:
            try:
                invitation = workflow.invite(**offered, actor=actor, at=timezone.now())
            except Refused as refused:
                _onto(form, refused)
            else:
                messages.success(request, _("已邀请 %(name)s，邮件正在发出。") % {"name": invitation.name})
                return redirect("institutions:invitation", slug, invitation.ref)
    proof = second_factor.proof_form(request, name="invite", error=unproven)
    return render(request, "institutions/invite.html", {"form": form, "proof": proof}, status=status)


@door("GET", right=Permission.MEMBER_INVITE, ref="institutions.Invitation.ref")
def invitation(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One invitation. Its link goes to the invited person by mail and to nobody else."""
    found = get_object_or_404(Invitation.objects.visible_to(actor_of(request)).select_related("employment"), ref=ref)
    state = invitation_state(found, timezone.now())
    context = {
        "invitation": found,
        "state": state,
        "may_withdraw": found.state == Invitation.State.SENT,
        "facts": [
            {"label": _("电子邮箱"), "value": masked_email(found.email)},
            {"label": _("角色"), "value": found.role_titles},
            {"label": _("从业人员"), "value": found.employment.name if found.employment else ""},
            {"label": _("有效至"), "value": f"{timezone.localtime(found.expires_at):%Y-%m-%d %H:%M}"},
        ],
        "history": history.timeline(found),
    }
    return render(request, "institutions/invitation.html", context)


@door("POST", right=Permission.MEMBER_INVITE, ref="institutions.Invitation.ref")
def invitation_withdraw(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The link of the invitation opens nothing any more."""
    actor = actor_of(request)
    found = get_object_or_404(Invitation.objects.visible_to(actor), ref=ref)
    try:
        workflow.withdraw_invitation(found, actor=actor, at=timezone.now())
    except Refused as refused:
        _say(request, refused)
    else:
        messages.success(request, _("邀请已撤回，链接不能再用。"))
    return redirect("institutions:invitation", slug, ref)


# ---- the parts every list has ----------------------------------------------------------------------------------------


def _list(
    request: HttpRequest,
    title: str,
    table: dict[str, Any],
    page: Any,
    hint: str,
    *,
    export: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {"title": title, "hint": hint, "table": _paged(request, table, page), "export": export}
    return render(request, "institutions/list.html", context)


def _paged(request: HttpRequest, table: dict[str, Any], page: Any) -> dict[str, Any]:
    narrowed = any(row["value"] for row in table["filters"])
    shown = _("本页 %(count)d 行") % {"count": len(page.rows)} if page.rows else ""
    return table | {
        "count": shown,
        **page.links(request),
        "clear_url": request.path if narrowed else "",
    }


def _columns(*titles: str) -> list[dict[str, str]]:
    return [{"title": title} for title in titles]


def _search(request: HttpRequest, label: str, name: str = "q") -> dict[str, Any]:
    text = request.GET.get(name, "").replace("\x00", "").strip()[:80]
    return {"kind": "search", "name": name, "label": label, "value": text}


def _choice(request: HttpRequest, name: str, label: str, choices: Any) -> dict[str, Any]:
    value = request.GET.get(name, "")
    known = {key for key, _title in choices}
    return {
        "kind": "select",
        "name": name,
        "label": label,
        "choices": choices,
        "value": value if value in known else "",
    }


def _searched(rows: QuerySet, text: str, fields: list[str]) -> QuerySet:
    if not text:
        return rows
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": text})
    return rows.filter(found)


def _onto(form: Form, refused: Refused) -> None:
    for refusal in refused.refusals:
        form.add_error(None, refusal.text)


def _say(request: HttpRequest, refused: Refused) -> None:
    for refusal in refused.refusals:
        messages.error(request, refusal.text)
