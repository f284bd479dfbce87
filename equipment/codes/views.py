"""Pages of device codes: all of them, printing, claiming a blank one by scanning it, one code with where it has been."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.access import memberships_of
from portal import audit, codes, history
from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.paging import SIZE, page_of
from portal.permissions import Permission
from portal.routes import Audience, door
from portal.tenancy import scope
from portal.transitions import Refusal, Refused

from ..labels import drawing
from ..labels.forms import BlankForm, ClaimForm, SheetForm
from ..labels.shown import code_columns, code_row, tabs
from ..labels.views import sheet_answer
from ..listing import SEARCHED, narrowed
from ..models import CodeLink, DeviceCode, Equipment
from . import verbs
from .reading import owner_of, read_token

State = DeviceCode.State
MOST_FOUND = 20


def _codes(request: HttpRequest) -> QuerySet[DeviceCode]:
    return DeviceCode.objects.visible_to(actor_of(request)).select_related("equipment__institution", "institution")


def _may(request: HttpRequest) -> bool:
    return actor_of(request).may(Permission.EQUIPMENT_MANAGE)


@door("GET")
def code_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All codes of the institution, the newest first."""
    rows, known = _codes(request), dict(State.choices)
    if (state := request.GET.get("state", "")) in known:
        rows = rows.filter(state=state)
    page = page_of(rows, "-pk", request=request)
    table = {
        "caption": _("器具码"),
        "dense": True,
        "filters": [
            {"kind": "select", "name": "state", "label": _("状态"), "choices": list(known.items()), "value": state}
        ],
        "clear_url": request.path if state in known else "",
        "columns": code_columns(),
        "rows": [code_row(slug, code) for code in page.rows],
        "count": _("共 %(count)d 枚，新的在前") % {"count": rows.count()},
        "empty": {
            "title": _("还没有器具码"),
            "text": _("给台账里的设备直接印码，或先印空白码贴上去，再扫码关联设备。"),
            "url": reverse("equipment:code_blank", args=[slug]) if _may(request) else "",
            "label": _("印空白码"),
        },
        **page.links(request),
    }
    context = {"table": table, "tabs": tabs(slug, "codes"), "may_print": _may(request), "codes": True}
    return render(request, "equipment/labels.html", context)


# --- printing


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="pdf")
def code_blank(request: HttpRequest, slug: str) -> HttpResponse:
    """Blank codes for a sheet; each belongs to nothing until it is claimed."""
    form = BlankForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "equipment/code_blank.html", {"form": form}, status=422 if request.POST else 200)
    made = verbs.make_blank(form.cleaned_data["count"], actor=actor_of(request), at=timezone.now())
    query = QueryDict(mutable=True)
    query.update({"sheet": form.cleaned_data["sheet"], "start": 1, "first": made[0].ref, "last": made[-1].ref})
    messages.success(request, _("已生成 %(count)d 枚空白码。") % {"count": len(made)})
    return redirect(f"{reverse('equipment:code_sheet', args=[slug])}?{query.urlencode()}")


@door("GET")
def code_sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """The codes that the address names, and their PDF."""
    form, found = _sheet(request)
    if not found:
        return _nothing_named(request)
    context = {
        "title": _("器具码"),
        "count": len(found),
        "ordered": len(found) > drawing.AT_ONCE,
        "paper": form.paper,
        "pdf_url": f"{reverse('equipment:code_pdf', args=[slug])}?{request.GET.urlencode()}",
        "back_url": reverse("equipment:codes", args=[slug]),
        "blank": any(code.state == State.BLANK for code in found),
        "table": {
            "caption": _("这次打印的器具码"),
            "dense": True,
            "columns": code_columns(),
            "rows": [code_row(slug, code) for code in found[:50]],
            "count": _("共 %(count)d 枚") % {"count": len(found)} + (_("，列出前 50 枚") if len(found) > 50 else ""),
        },
    }
    return render(request, "equipment/label_sheet.html", context)


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="pdf")
def code_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The sheet as a PDF, of many codes the order for it; who took it is in the audit trail."""
    form, found = _sheet(request)
    if not found:
        return _nothing_named(request)
    audit.record(
        actor_of(request), "devicecode.download", found[0],
        changes={"codes": ["", _("%(count)d 枚") % {"count": len(found)}]},
    )  # fmt: skip
    faces = [_face(code) for code in found]
    return sheet_answer(faces, form, "codes.pdf", reverse("equipment:codes", args=[request.institution.slug]), request)


def _face(code: DeviceCode) -> dict[str, Any]:
    on = code.equipment
    return {
        "url": codes.printed_address(code.token),
        "token": code.printed,
        "name": on.name if on else "",
        "asset_number": on.asset_number if on else "",
        "serial_number": on.serial_number if on else "",
        "institution": code.institution.name,
    }


def _sheet(request: HttpRequest) -> tuple[SheetForm, list[DeviceCode]]:
    """The paper and the codes that the address names: a run of blank ones, or those of equipment; none when it names none."""
    form, rows = SheetForm(request.GET), _codes(request).exclude(state=State.RETIRED)
    if not form.is_valid():
        return form, []
    if request.GET.get("first"):
        refs = [request.GET.get(name, "").replace("\x00", "")[:12] for name in ("first", "last")]
        keys = sorted(_codes(request).filter(ref__in=refs).values_list("pk", flat=True))
        rows = rows.filter(pk__gte=keys[0], pk__lte=keys[-1]).order_by("pk") if keys else rows.none()
    else:
        rows = rows.filter(equipment__in=_named(request)).order_by("equipment__asset_number", "pk")
    return form, list(rows[: verbs.MOST])


def _nothing_named(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("地址里没有要打印的器具码。请从下面的列表或设备台账选择，再打印。"))
    return redirect("equipment:codes", request.institution.slug)


def _named(request: HttpRequest) -> QuerySet[Equipment]:
    """The equipment of which the address gives the refs, else what its filters leave."""
    rows = Equipment.objects.visible_to(actor_of(request))
    if refs := request.GET.getlist("ref")[:SIZE]:
        return rows.filter(ref__in=[ref.replace("\x00", "") for ref in refs])
    return narrowed(request, rows, timezone.localdate())[0].values("pk")


# --- claiming


@login_required
@door("GET", to=Audience.ACCOUNT, token="portal.SmartCode.token")
def claim_door(request: HttpRequest, token: str) -> HttpResponse:
    """From the public page of an unknown code to the claim page of the institution whose blank code it is."""
    token = read_token(token)
    with scope(user_id=request.user.pk):
        institutions = [membership.institution for membership in memberships_of(request.user)]
    if owner := owner_of(token, institutions, request.user.pk):
        return redirect(f"{reverse('equipment:code_claim', args=[owner.slug])}?code={token}")
    messages.error(request, _("您所在的机构没有印过这枚码。请核对标签，或换一枚本机构的空白码。"))
    return redirect("accounts:switch")


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="search")
def code_claim(request: HttpRequest, slug: str) -> HttpResponse:
    """A blank code, scanned or typed, is put on a piece of equipment that is searched for and chosen."""
    given = request.POST if request.method == "POST" else request.GET
    form = ClaimForm(given if "code" in given else None)
    if not form.is_bound:
        return _claim_page(request, form)
    if not form.is_valid():
        return _claim_page(request, form, status=422)
    code = _codes(request).filter(token=read_token(form.cleaned_data["code"])).first()
    if code is None:
        form.add_error("code", _("本机构没有印过这枚码。请照标签再键入一次，或换一枚。"))
        return _claim_page(request, form, status=422)
    if code.state != State.BLANK:
        return redirect("equipment:code", slug, code.ref)
    if request.method == "GET":
        return _claim_page(request, form, code=code)
    chosen = Equipment.objects.visible_to(actor_of(request)).select_related("institution")
    chosen = chosen.filter(ref=request.POST.get("equipment", "").replace("\x00", "")[:12]).first()
    if chosen is None:
        form.add_error("q", _("请先查找设备，再从结果里选一台。"))
        return _claim_page(request, form, code=code, status=422)
    try:
        verbs.link(code, chosen, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _claim_page(request, form, code=code, refusals=refused.refusals, status=409)
    messages.success(request, _("器具码已关联 %(name)s，公开页面已经可以扫。") % {"name": chosen})
    return redirect("equipment:code", slug, code.ref)


def _claim_page(
    request: HttpRequest, form: ClaimForm, *, code: DeviceCode | None = None, refusals: tuple[Refusal, ...] = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    text = form.cleaned_data.get("q", "") if form.is_bound else ""
    context = {
        "form": form, "code": code, "text": text, "refusals": refusals, "found": _found(request, text),
        "chosen": request.POST.get("equipment", ""),
    }  # fmt: skip
    return render(request, "equipment/code_claim.html", context, status=status)


def _found(request: HttpRequest, text: str) -> list[Equipment]:
    """Equipment that the text names: by its own number first."""
    if not text:
        return []
    rows = Equipment.objects.visible_to(actor_of(request)).exclude(
        state__in=(Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
    )
    exact = list(rows.filter(asset_number=text)[:1])
    fits = Q()
    for name in SEARCHED:
        fits |= Q(**{f"{name}__icontains": text})
    near = rows.filter(fits).exclude(pk__in=[row.pk for row in exact]).order_by("asset_number", "pk")
    return exact + list(near[: MOST_FOUND - len(exact)])


# --- one code


@door("GET", ref="equipment.DeviceCode.ref")
def code_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _code_page(request, get_object_or_404(_codes(request), ref=ref))


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.DeviceCode.ref")
def code_relink(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The code goes to the equipment whose own number was typed."""
    code, form = get_object_or_404(_codes(request), ref=ref), ReasonForm(request.POST, auto_id="relink-%s")
    number = request.POST.get("asset_number", "").replace("\x00", "").strip()[:30]
    target = Equipment.objects.visible_to(actor_of(request)).select_related("institution")
    target = target.filter(asset_number=number).first()
    if target is None:
        missing = Refusal("code", _("没有管理编号是“%(number)s”的设备。请照设备上的编号键入。") % {"number": number})
        return _code_page(request, code, refusals=(missing,), relinking=form, number=number, status=422)
    if not form.is_valid():
        return _code_page(request, code, relinking=form, number=number, status=422)
    try:
        verbs.relink(code, target, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _code_page(request, code, refusals=refused.refusals, relinking=form, number=number, status=409)
    messages.success(request, _("器具码已改为关联 %(name)s。") % {"name": target})
    return redirect("equipment:code", slug, ref)


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.DeviceCode.ref")
def code_retire(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    code, form = get_object_or_404(_codes(request), ref=ref), ReasonForm(request.POST, auto_id="retire-%s")
    if not form.is_valid():
        return _code_page(request, code, retiring=form, status=422)
    try:
        verbs.retire(code, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _code_page(request, code, refusals=refused.refusals, retiring=form, status=409)
    messages.success(request, _("器具码已停用，再扫它会显示“查无此码”。"))
    return redirect("equipment:code", slug, ref)


def _code_page(
    request: HttpRequest, code: DeviceCode, *, refusals: tuple[Refusal, ...] = (), relinking: ReasonForm | None = None,
    retiring: ReasonForm | None = None, number: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor, slug = actor_of(request), request.institution.slug
    links = CodeLink.objects.visible_to(actor).filter(code=code).select_related("equipment__institution", "made_by")
    sheet = QueryDict(mutable=True)
    sheet.update({"sheet": "roll-40x30", "start": 1, "first": code.ref, "last": code.ref})
    pdf_url = f"{reverse('equipment:code_pdf', args=[slug])}?{sheet.urlencode()}"
    context = {
        "code": code,
        "refusals": refusals,
        "number": number,
        "relinking": relinking or ReasonForm(auto_id="relink-%s"),
        "may_relink": verbs.RELINK.is_open(code, actor),
        "claim_url": f"{reverse('equipment:code_claim', args=[slug])}?code={code.token}"
        if verbs.LINK.is_open(code, actor)
        else "",
        "pdf_url": pdf_url if _may(request) and code.state != State.RETIRED else "",
        "public_url": reverse("portal:code", args=[code.token]) if code.state == State.LINKED else "",
        "links": list(links.order_by("-pk")[:50]),
        "history": history.timeline(code),
    }
    if verbs.RETIRE.is_open(code, actor):
        context["retire"] = {
            "id": "retire",
            "title": _("停用器具码"),
            "url": reverse("equipment:code_retire", args=[slug, code.ref]),
            "facts": [{"label": _("器具码"), "value": code.printed}],
            "fields": retiring or ReasonForm(auto_id="retire-%s"),
            "statement": _("我确认停用这枚码：不能恢复，再扫它会显示“查无此码”"),
            "submit": _("停用"),
            "opener": _("停用这枚码…"),
            "icon": "ban",
            "danger": True,
        }
    return render(request, "equipment/code.html", context, status=status)
